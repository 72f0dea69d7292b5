/* jpeg_lib.h - libjpeg with its errors as ours: for what we do not decode
 * ourselves. Any thread. */
#ifndef IMP_IMAGE_JPEG_LIB_H
#define IMP_IMAGE_JPEG_LIB_H

#include "base/bytes.h"

#include <stdbool.h>

struct jpeg_decompress_struct; /* of jpeglib.h */

/* What to do with a file whose header has been read. Errors leave it by a jump,
 * so that what it takes hold of must be kept in `self` and let go by the
 * caller. */
typedef void imp_jpeg_lib_use(struct jpeg_decompress_struct *d, void *self);

/* Read the header of `in`, a height that a DNL segment tells included, and call
 * `use`; `d->err` may serve a compressor of
 * `use` as well. Any error of libjpeg is IMP_ERR_DAMAGED, as is any warning if
 * it is not `lenient`. */
bool imp_jpeg_lib_read(struct imp_span in, bool lenient, imp_jpeg_lib_use *use,
                       void *self, struct imp_err *err);

#endif
