/* dicom_meta.h - the head of a DICOM file: preamble and meta group, PS3.10 7.1,
 * written anew, as the old one tells who sent the file through which machines.
 */
#ifndef IMP_IMAGE_DICOM_META_H
#define IMP_IMAGE_DICOM_META_H

#include "base/bytes.h"

#include <stdbool.h>

/* What an object says of itself in its meta group; no UID has padding. */
struct imp_dicom_meta {
    const char *sop_class, *sop_instance, *syntax;
};

/* Append 128 zeros, "DICM" and a meta group to `out`: the same bytes for the
 * same object. */
bool imp_dicom_meta_put(struct imp_buf *out, const struct imp_dicom_meta *meta,
                        struct imp_err *err);

#endif
