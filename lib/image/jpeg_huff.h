/* jpeg_huff.h - reading Huffman codes from entropy-coded segments.
 *
 * Inline, because the walk spends all its time here. */
#ifndef IMP_IMAGE_JPEG_HUFF_H
#define IMP_IMAGE_JPEG_HUFF_H

#include "image/jpeg.h"

#include <string.h>

/* Work out the look-up of `t`. False if the lengths overflow the code space or
 * a symbol has no meaning in that use. */
bool imp_huff_derive(struct imp_huff *t, enum imp_huff_use use);

/* The bits of one restart interval: bytes without the zero that follows 0xFF
 * (T.81 B.1.1.5). At a marker the bits go on as zeros, which are counted, so
 * that reading past the end is noticed rather than prevented. */
struct imp_bits {
    const uint8_t *p, *end; /* next byte to take, end of the file */
    uint64_t acc;           /* the next bits, left-aligned */
    int n;                  /* how many of them there are */
    int padding;            /* of these, how many are made up */
};

static inline bool imp_has_ff(uint64_t v)
{
    uint64_t inv = ~v;
    return (inv - 0x0101010101010101u) & ~inv & 0x8080808080808080u;
}

/* One byte at a time, around stuffing and markers. */
static inline void imp_bits_refill_slow(struct imp_bits *b)
{
    while (b->n <= 56) {
        uint64_t byte = 0;
        if (b->p < b->end && *b->p != 0xFF) {
            byte = *b->p++;
        } else if (b->end - b->p >= 2 && b->p[1] == 0) {
            byte = 0xFF;
            b->p += 2;
        } else {
            b->padding += 8;
        }
        b->acc |= byte << (56 - b->n);
        b->n += 8;
    }
}

/* Make at least 32 bits available. */
static inline void imp_bits_refill(struct imp_bits *b)
{
    if (b->n >= 32)
        return;
    if (b->end - b->p >= 8) {
        uint64_t v;
        memcpy(&v, b->p, sizeof v);
        v = __builtin_bswap64(v);
        if (!imp_has_ff(v)) {
            // Bits that do not fit whole are or-ed in again next time.
            int take = (64 - b->n) / 8;
            b->acc |= v >> b->n;
            b->p += take;
            b->n += 8 * take;
            return;
        }
        // Drop what the line above left behind the last whole byte.
    }
    b->acc &= b->n ? ~UINT64_C(0) << (64 - b->n) : 0;
    imp_bits_refill_slow(b);
}

static inline uint32_t imp_bits_peek(const struct imp_bits *b, int n)
{
    return (uint32_t)(b->acc >> (64 - n));
}

static inline void imp_bits_take(struct imp_bits *b, int n)
{
    b->acc <<= n;
    b->n -= n;
}

/* `n` bits, 1..16, as a number. */
static inline uint32_t imp_bits_get(struct imp_bits *b, int n)
{
    imp_bits_refill(b);
    uint32_t v = imp_bits_peek(b, n);
    imp_bits_take(b, n);
    return v;
}

/* The value of which the last `category` (0..15) bits of `bits` are the code
 * (T.81 F.2.2.1, EXTEND). */
static inline int imp_huff_extend(uint32_t bits, int category)
{
    int full = 1 << category, v = (int)(bits & (uint32_t)(full - 1));
    return v < full >> 1 ? v - full + 1 : v;
}

/* Has a bit been taken that was not there? */
static inline bool imp_bits_overrun(const struct imp_bits *b)
{
    return b->padding > b->n;
}

/* A symbol, 0..255, by the canonical code (T.81 F.2.2.3), or -1. */
static inline int imp_huff_symbol(struct imp_bits *b, const struct imp_huff *t)
{
    imp_bits_refill(b);
    uint32_t next = imp_bits_peek(b, 16);
    for (int len = 1; len <= 16; len++) {
        int32_t code = (int32_t)(next >> (16 - len));
        if (code <= t->max_code[len]) {
            imp_bits_take(b, len);
            return t->symbol[code + t->delta[len]];
        }
    }
    return -1;
}

/* A DC difference (T.81 F.2.2.1); false if its code is not valid. */
static inline bool imp_huff_difference(struct imp_bits *b,
                                       const struct imp_huff *t, int *value)
{
    imp_bits_refill(b);
    const struct imp_huff_step *s = &t->step[imp_bits_peek(b, IMP_HUFF_BITS)];
    int category;
    uint32_t bits;
    if (s->len1) {
        category = s->adv1;
        bits = imp_bits_peek(b, s->len1);
        imp_bits_take(b, s->len1);
    } else {
        category = imp_huff_symbol(b, t);
        if (category < 0)
            return false;
        bits = category ? imp_bits_get(b, category) : 0;
    }
    *value = imp_huff_extend(bits, category);
    return true;
}

/* The byte behind the last one that a bit was taken from. */
const uint8_t *imp_bits_end(const struct imp_bits *b);

/* Where the next bit stands in `in`, and a reader that goes on from there. */
struct imp_jpeg_place imp_bits_place(const struct imp_bits *b,
                                     struct imp_span in);
struct imp_bits imp_bits_at(struct imp_jpeg_place place, struct imp_span in);

#endif
