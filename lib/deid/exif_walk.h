/* exif_walk.h - all fields of an EXIF block, however hostile it is.
 *
 * libexif cannot be shown such a block whole: directories that point at each
 * other cost it seconds (see exif.c). This walk looks at each of the five
 * directories once and at a bounded number of entries. Private to deid/. */
#ifndef IMP_DEID_EXIF_WALK_H
#define IMP_DEID_EXIF_WALK_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_exif_field {
    int ifd; /* ExifIfd */
    unsigned tag, type;
    uint32_t count;
    struct imp_span value; /* within the block */
    bool big;              /* byte order */
};

/* Call `fn` for each field, but for pointers to directories, of `tiff` (a TIFF
 * block; a whole TIFF file is one) whose value lies within it; its false ends
 * the walk. */
void imp_exif_walk(struct imp_span tiff,
                   bool (*fn)(void *self, const struct imp_exif_field *f),
                   void *self);

/* The i-th number of a field of a numeric type: its value, or numerator, and
 * what it is divided by (1 for an integer). `i` < count. */
int64_t imp_exif_number(const struct imp_exif_field *f, uint32_t i);
int64_t imp_exif_below(const struct imp_exif_field *f, uint32_t i);

#endif
