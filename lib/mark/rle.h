/* rle.h - frames of RLE Lossless (PS3.5 annex G), read. Any thread. */
#ifndef IMP_MARK_RLE_H
#define IMP_MARK_RLE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMP_RLE_HEADER = 64, IMP_RLE_SEGMENTS = 15 };

/* The place of segment `i` of `n` in `frame`, whose header says that it has so
 * many: up to the next one, or the end. IMP_ERR_DAMAGED if the header does not,
 * or the place is not in the frame behind it. */
bool imp_rle_segment(struct imp_span frame, unsigned i, unsigned n,
                     struct imp_span *out, struct imp_err *err);

/* How many bytes of `coded` it takes to fill `plane`; 0 if it does not. */
size_t imp_rle_decode(struct imp_span coded, uint8_t *plane, size_t size);

#endif
