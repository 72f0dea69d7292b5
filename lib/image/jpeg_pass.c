// The hot loop of all that follows coded data.
#include "image/jpeg_pass.h"

void imp_jpeg_mcu_add(struct imp_jpeg_mcu *mcu,
                      const struct imp_jpeg_scan *scan, unsigned i,
                      const struct imp_huff *dc, const struct imp_huff *ac)
{
    const struct imp_jpeg_comp *c = scan->in[i].comp;
    unsigned blocks = scan->n_comp == 1 ? 1u : (unsigned)c->h * c->v;
    for (unsigned k = 0; k < blocks; k++, mcu->n++) {
        mcu->block[mcu->n].dc = dc;
        mcu->block[mcu->n].ac = ac;
        mcu->block[mcu->n].comp = i;
    }
}

// Not the exported one: a call for each block costs a seventh of the walk.
static inline bool pass_dc(struct imp_bits *b, const struct imp_huff *t)
{
    imp_bits_refill(b);
    const struct imp_huff_step *s = &t->step[imp_bits_peek(b, IMP_HUFF_BITS)];
    if (s->len1) {
        imp_bits_take(b, s->len1);
        return true;
    }
    int category = imp_huff_symbol(b, t);
    if (category > 0 && category < 16)
        imp_bits_get(b, category);
    return category >= 0;
}

bool imp_jpeg_pass_dc(struct imp_bits *b, const struct imp_huff *t)
{
    return pass_dc(b, t);
}

// A code longer than the look-up; returns how far it advances, 0 if invalid.
static unsigned pass_long_ac(struct imp_bits *b, const struct imp_huff *t)
{
    int symbol = imp_huff_symbol(b, t);
    if (symbol < 0)
        return 0;
    if (symbol & 15)
        imp_bits_get(b, symbol & 15);
    else
        return symbol == 0xF0 ? 16 : IMP_HUFF_EOB;
    return (unsigned)(symbol >> 4) + 1;
}

static inline bool pass_ac(struct imp_bits *b, const struct imp_huff *t)
{
    unsigned k = 1;
    while (k < 64) {
        imp_bits_refill(b);
        const struct imp_huff_step *s =
            &t->step[imp_bits_peek(b, IMP_HUFF_BITS)];
        if (!s->len1) {
            unsigned adv = pass_long_ac(b, t);
            if (!adv)
                return false;
            k += adv;
        } else if (k < 48) { // the first of two cannot end the block
            imp_bits_take(b, s->len2);
            k += s->adv2;
        } else {
            imp_bits_take(b, s->len1);
            k += s->adv1;
        }
    }
    return k == 64 || k >= IMP_HUFF_EOB;
}

bool imp_jpeg_pass_mcu(struct imp_bits *bits, const struct imp_jpeg_mcu *mcu)
{
    // A copy of the reader stays in registers through the MCU.
    struct imp_bits b = *bits;
    bool ok = true;
    for (unsigned i = 0; ok && i < mcu->n; i++)
        ok = pass_dc(&b, mcu->block[i].dc) && pass_ac(&b, mcu->block[i].ac);
    *bits = b;
    return ok;
}

bool imp_jpeg_pass_mcu_mapped(struct imp_bits *bits,
                              const struct imp_jpeg_mcu *mcu, uint32_t *dc)
{
    struct imp_bits b = *bits;
    bool ok = true;
    for (unsigned i = 0; ok && i < mcu->n; i++) {
        int difference = 0;
        ok = imp_huff_difference(&b, mcu->block[i].dc, &difference) &&
             pass_ac(&b, mcu->block[i].ac);
        dc[mcu->block[i].comp] += (uint32_t)difference;
    }
    *bits = b;
    return ok;
}
