#include "image/jpeg_cursor.h"

#include <string.h>

static void go_to(struct imp_jpeg_cursor *c, const struct imp_jpeg_waypoint *w,
                  uint64_t mcu)
{
    c->bits = imp_bits_at(w->place, c->in);
    c->mcu = mcu;
    c->interval_end = mcu + w->before + w->in_interval;
    for (unsigned i = 0; i < IMP_JPEG_COMPS; i++)
        c->dc[i] = (uint32_t)w->dc[i];
}

void imp_jpeg_cursor_start(struct imp_jpeg_cursor *c, struct imp_span in,
                           const struct imp_jpeg_scan_map *m)
{
    *c = (struct imp_jpeg_cursor){.in = in, .m = m};
    for (unsigned i = 0; i < m->scan.n_comp; i++)
        imp_jpeg_mcu_add(&c->shape, &m->scan, i, m->dc[i], m->ac[i]);
    go_to(c, &m->row[0], 0);
}

void imp_jpeg_cursor_towards(struct imp_jpeg_cursor *c, uint32_t row)
{
    const struct imp_jpeg_waypoint *w = &c->m->row[row];
    uint64_t mcu = (uint64_t)row * c->m->mcus_x - w->before;
    if (mcu > c->mcu)
        go_to(c, w, mcu);
}

void imp_jpeg_cursor_next_interval(struct imp_jpeg_cursor *c)
{
    uint64_t n = c->m->restart_interval, left = c->m->scan.n_mcu - c->mcu;
    size_t at = (size_t)(imp_bits_end(&c->bits) - c->in.p);
    at = imp_jpeg_next_marker(c->in, at) + 2;
    c->bits = imp_bits_at((struct imp_jpeg_place){.next = at}, c->in);
    c->interval_end = c->mcu + (n < left ? n : left);
    memset(c->dc, 0, sizeof c->dc);
}

bool imp_jpeg_cursor_pass(struct imp_jpeg_cursor *c, uint64_t n)
{
    for (; n > 0; n--, c->mcu++)
        if (!imp_jpeg_pass_mcu_mapped(&c->bits, &c->shape, c->dc))
            return false;
    return !imp_bits_overrun(&c->bits);
}

static bool read_ac(struct imp_bits *b, const struct imp_huff *t,
                    int16_t block[64])
{
    for (unsigned k = 1; k < 64; k++) {
        int symbol = imp_huff_symbol(b, t);
        if (symbol < 0)
            return false;
        unsigned run = (unsigned)symbol >> 4;
        int category = symbol & 15;
        k += run;
        if (category) {
            if (k > 63)
                return false;
            uint32_t bits = imp_bits_get(b, category);
            block[k] = (int16_t)imp_huff_extend(bits, category);
        } else if (run != 15) {
            return true; // EOB
        }
    }
    return true;
}

bool imp_jpeg_cursor_read(struct imp_jpeg_cursor *c, unsigned i,
                          int16_t block[64], struct imp_jpeg_place *after_dc)
{
    int difference = 0;
    memset(block, 0, 64 * sizeof *block);
    if (!imp_huff_difference(&c->bits, c->m->dc[i], &difference))
        return false;
    *after_dc = imp_bits_place(&c->bits, c->in);
    c->dc[i] += (uint32_t)difference;
    int32_t dc = (int32_t)c->dc[i];
    if (dc < INT16_MIN || dc > INT16_MAX)
        return false;
    block[0] = (int16_t)dc;
    return read_ac(&c->bits, c->m->ac[i], block) && !imp_bits_overrun(&c->bits);
}

bool imp_jpeg_cursor_find_end(const struct imp_jpeg_cursor *c,
                              struct imp_jpeg_place *end)
{
    const struct imp_jpeg_scan_map *m = c->m;
    if (c->interval_end == m->scan.n_mcu && m->end.next) {
        *end = m->end;
        return true;
    }
    struct imp_jpeg_cursor ahead = *c;
    imp_jpeg_cursor_towards(&ahead,
                            (uint32_t)((c->interval_end - 1) / m->mcus_x));
    if (!imp_jpeg_cursor_pass(&ahead, c->interval_end - ahead.mcu))
        return false;
    *end = imp_bits_place(&ahead.bits, c->in);
    return true;
}
