/* png_rows.h - inflates the zlib stream of one PNG image or frame to nowhere
 * and checks that it holds exactly the rows that the header promised.
 *
 * Only inflating tells where a stream ends, and what follows its end is a
 * hiding place: so this is done for every PNG, however little is to be
 * checked. Memory: 64 KiB of scratch and zlib's window, whatever the image. */
#ifndef IMP_IMAGE_PNG_ROWS_H
#define IMP_IMAGE_PNG_ROWS_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_png_rows; /* opaque: one thread; one stream after the other */

struct imp_png_shape {
    uint32_t width, height; /* at least 1 */
    unsigned bits;          /* of a pixel: 1 to 64 */
    bool interlaced;        /* Adam7 */
};

/* NULL, with `err`, without memory. */
struct imp_png_rows *imp_png_rows_new(struct imp_err *err);
void imp_png_rows_free(struct imp_png_rows *r);

/* Forget the last stream; expect one of this shape. */
void imp_png_rows_start(struct imp_png_rows *r, struct imp_png_shape shape);

/* The next bytes of the stream, found at offset `at` of the input. `*used`
 * tells how many belong to it: all, unless it ended. IMP_ERR_DAMAGED, with the
 * offset, if zlib refuses them, a row's filter is unknown, or the stream ends
 * with too few rows or goes on after the last. */
bool imp_png_rows_feed(struct imp_png_rows *r, struct imp_span coded,
                       uint64_t at, size_t *used, struct imp_err *err);

/* Has the stream come to its end, checksum included? */
bool imp_png_rows_ended(const struct imp_png_rows *r);

#endif
