/* tiff_fax.h - CCITT coded rows (ITU-T T.4 and T.6, TIFF 6.0 sections 10 and
 * 11), followed to their last bit without making pixels.
 *
 * Stricter than most readers: what they skip to find the next row again is a
 * hiding place. Memory: the code tables, and for two rows where they change
 * colour. One stream at a time, one thread. */
#ifndef IMP_IMAGE_TIFF_FAX_H
#define IMP_IMAGE_TIFF_FAX_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum imp_fax_kind {
    IMP_FAX_RLE,   /* T.4 rows without end-of-line, on byte boundaries */
    IMP_FAX_RLEW,  /* the same, on 16 bit boundaries */
    IMP_FAX_T4,    /* T.4, one-dimensional */
    IMP_FAX_T4_2D, /* T.4, each row tells whether it is two-dimensional */
    IMP_FAX_T6,
};

struct imp_fax; /* opaque */

/* NULL, with `err`, without memory. */
struct imp_fax *imp_fax_new(struct imp_err *err);
void imp_fax_free(struct imp_fax *f);

/* Follow `rows` rows of `width` pixels in `coded`, most significant bit first.
 * `*used`: the bytes up to their last bit, or up to the end code that follows
 * them at once. IMP_ERR_DAMAGED, _UNSUPPORTED (uncompressed mode), _LIMIT (rows
 * too wide); `err`'s offset counts from the start of `coded`. */
bool imp_fax_follow(struct imp_fax *f, enum imp_fax_kind kind, uint32_t width,
                    uint32_t rows, struct imp_span coded, uint64_t *used,
                    struct imp_err *err);

#endif
