/* jpeg_sink.h - entropy-coded data being written: blocks coded anew, and runs
 * of bits of another file as they are (ITU-T T.81 F.1.2). */
#ifndef IMP_IMAGE_JPEG_SINK_H
#define IMP_IMAGE_JPEG_SINK_H

#include "image/jpeg_huff.h"

#include <stdbool.h>
#include <stdint.h>

/* Codes by symbol, as an encoder needs them. */
struct imp_jpeg_codes {
    uint16_t code[256];
    uint8_t len[256]; /* 0: the table has none for that symbol */
};

/* Of a table that has been derived. */
void imp_jpeg_codes_of(const struct imp_huff *t, struct imp_jpeg_codes *codes);

/* Entropy-coded bytes being written; stuffing is added (T.81 B.1.1.5). Memory
 * that is missing is told at the end. */
struct imp_jpeg_sink {
    struct imp_buf *out; /* appended to; borrowed */
    uint64_t acc;        /* bits that do not fill a byte yet, right-aligned */
    int n;               /* how many */
    bool failed;
};

/* Begin behind the bits of `place`'s byte that stand before it: they come
 * first. `from` is where that byte is in `in`, and so where the new bytes go;
 * `start` is where the coded data begins. */
void imp_jpeg_sink_start(struct imp_jpeg_sink *s, struct imp_buf *out,
                         struct imp_span in, struct imp_jpeg_place place,
                         size_t start, size_t *from);

/* A difference of DC, or a block: coefficients in zigzag order, that difference
 * first. False if a code is missing. */
bool imp_jpeg_put_dc(struct imp_jpeg_sink *s, const struct imp_jpeg_codes *dc,
                     int difference);
bool imp_jpeg_put_block(struct imp_jpeg_sink *s,
                        const struct imp_jpeg_codes *dc,
                        const struct imp_jpeg_codes *ac,
                        const int16_t block[64]);

/* The bits of `in` between two places of the same interval. */
void imp_jpeg_copy_bits(struct imp_jpeg_sink *s, struct imp_span in,
                        struct imp_jpeg_place from, struct imp_jpeg_place to);

/* Do bits from `place` on come to lie in their bytes as they do in the input?
 * Then what follows can stay there, once the byte of `place` is copied. */
bool imp_jpeg_sink_aligned(const struct imp_jpeg_sink *s,
                           struct imp_jpeg_place place);

/* Fill the last byte with ones (F.1.2.3). False, with `err`, without memory. */
bool imp_jpeg_sink_end(struct imp_jpeg_sink *s, struct imp_err *err);

#endif
