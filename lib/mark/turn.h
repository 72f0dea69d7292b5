/* turn.h - is an image seen the same way up as its source? Viewers turn a
 * picture by its orientation, which no comparison of pixels looks at. */
#ifndef IMP_MARK_TURN_H
#define IMP_MARK_TURN_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_turn {
    bool turned;           /* two orientations differ: the rest is set */
    uint64_t page;         /* the first of which they do, from 0 */
    unsigned source, made; /* 1..8 */
};

/* Compare the orientations of two whole files of the format ("jpeg", ...): that
 * of EXIF, of each page in TIFF. Not stated, or making no sense, it is 1, which
 * is how viewers have it. In HEIF and AVIF what turns a picture is a property
 * of the image itself, which decoders obey: the pixels tell. DICOM turns none.
 * False with `err` if one of them is not read: IMP_ERR_DAMAGED, _LIMIT,
 * _UNSUPPORTED, _MEMORY. Any thread. */
bool imp_turn_of(const char *format, struct imp_span source,
                 struct imp_span made, struct imp_turn *out,
                 struct imp_err *err);

#endif
