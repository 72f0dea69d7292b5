/* dicom_compare_internal.h - what dicom_compare.c shares with coded pixel data.
 * Not for other modules. */
#ifndef IMP_MARK_DICOM_COMPARE_INTERNAL_H
#define IMP_MARK_DICOM_COMPARE_INTERNAL_H

#include "dicom/image.h"
#include "mark/compare.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_dicom_side {
    struct imp_span in;
    uint64_t data_at;
    struct imp_dcm_image image;
};

struct imp_dicom_pair {
    struct imp_dicom_side source, made;
    const struct imp_meant *meant;
    struct imp_difference *out;
    struct imp_err *err;
};

/* Both have encapsulated pixel data of one kind. */
bool imp_dicom_compare_coded(const struct imp_dicom_pair *p);

#endif
