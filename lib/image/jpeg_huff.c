#include "image/jpeg_huff.h"

// Canonical codes, T.81 Annex C: consecutive numbers within a length.
static bool number_codes(struct imp_huff *t)
{
    int32_t code = 0, index = 0;
    for (int len = 1; len <= 16; len++) {
        t->delta[len] = index - code;
        code += t->count[len];
        index += t->count[len];
        t->max_code[len] = t->count[len] ? code - 1 : -1;
        if (code >= 1 << len) // a code of ones alone is not allowed either
            return false;
        code <<= 1;
    }
    t->max_code[17] = INT32_MAX;
    return true;
}

// Coefficients that an AC symbol passes, T.81 F.1.2.2: a run and the value
// behind it, 16 zeros (ZRL), or all the rest of the block (EOB). Of a DC symbol
// its category.
static uint8_t advance(const struct imp_huff *t, uint8_t symbol)
{
    if (t->use != IMP_HUFF_AC)
        return symbol;
    if (symbol == 0xF0)
        return 16;
    if ((symbol & 15) == 0)
        return IMP_HUFF_EOB;
    return (uint8_t)((symbol >> 4) + 1);
}

static void fill_first(struct imp_huff *t)
{
    const size_t size = (size_t)1 << IMP_HUFF_BITS;
    size_t at = 0, index = 0;
    memset(t->step, 0, sizeof t->step);
    for (unsigned len = 1; len <= IMP_HUFF_BITS; len++) {
        for (unsigned i = 0; i < t->count[len]; i++) {
            uint8_t symbol = t->symbol[index++];
            struct imp_huff_step step = {
                .len1 = (uint8_t)(len + (symbol & 15)),
                .adv1 = advance(t, symbol),
            };
            step.len2 = step.len1;
            step.adv2 = step.adv1;
            size_t span = size >> len;
            for (size_t k = 0; k < span; k++)
                t->step[at + k] = step;
            at += span;
        }
    }
}

// Where the first symbol ends inside the look-up, and a whole second code
// follows it there, one look-up resolves both. What the second does is found in
// the same table, shifted.
static void fill_second(struct imp_huff *t)
{
    const unsigned size = 1u << IMP_HUFF_BITS;
    for (unsigned v = 0; v < size; v++) {
        struct imp_huff_step *s = &t->step[v];
        if (!s->len1 || s->len1 >= IMP_HUFF_BITS || s->adv1 >= IMP_HUFF_EOB)
            continue;
        unsigned known = IMP_HUFF_BITS - s->len1;
        const struct imp_huff_step *next =
            &t->step[(v << s->len1) & (size - 1)];
        // The bits below `known` are made up: the code must not reach them.
        struct imp_bits b = {.acc = (uint64_t)(v << s->len1 & (size - 1))
                                    << (64 - IMP_HUFF_BITS),
                             .n = 64};
        if (!next->len1 || imp_huff_symbol(&b, t) < 0 ||
            (unsigned)(64 - b.n) > known)
            continue;
        s->len2 = (uint8_t)(s->len1 + next->len1);
        s->adv2 = (uint8_t)(s->adv1 + next->adv1);
    }
}

bool imp_huff_derive(struct imp_huff *t, enum imp_huff_use use)
{
    static const uint8_t most[] = {
        [IMP_HUFF_AC] = 255, [IMP_HUFF_DC] = 15, [IMP_HUFF_LOSSLESS] = 16};
    if (t->derived && t->use == use)
        return true;
    t->derived = false;
    t->use = use;
    if (!number_codes(t))
        return false;
    size_t n = 0;
    for (int len = 1; len <= 16; len++)
        n += t->count[len];
    for (size_t i = 0; i < n; i++)
        if (t->symbol[i] > most[use])
            return false;
    fill_first(t);
    if (use == IMP_HUFF_AC)
        fill_second(t);
    t->derived = true;
    return true;
}

const uint8_t *imp_bits_end(const struct imp_bits *b)
{
    const uint8_t *p = b->p;
    // A zero behind 0xFF is stuffing; nothing else in a segment looks so.
    for (int whole = (b->n - b->padding) / 8; whole > 0; whole--)
        p -= p[-1] == 0 && p[-2] == 0xFF ? 2 : 1;
    return p;
}

struct imp_jpeg_place imp_bits_place(const struct imp_bits *b,
                                     struct imp_span in)
{
    unsigned rest = (unsigned)(b->n - b->padding) % 8;
    return (struct imp_jpeg_place){
        .next = (size_t)(imp_bits_end(b) - in.p),
        .rest = (uint8_t)rest,
        .ahead = (uint8_t)(b->acc >> 56 & ~0xFFu >> rest),
    };
}

struct imp_bits imp_bits_at(struct imp_jpeg_place place, struct imp_span in)
{
    return (struct imp_bits){
        .p = in.p + place.next,
        .end = in.p + in.n,
        .acc = (uint64_t)place.ahead << 56,
        .n = place.rest,
    };
}
