// The walk through entropy-coded data: every code is resolved, so that a
// damaged or truncated scan is noticed and its true end is known; no
// coefficient is stored.
#include "image/jpeg.h"
#include "image/jpeg_huff.h"
#include "image/jpeg_map.h"
#include "image/jpeg_pass.h"

struct walk {
    struct imp_bits bits;
    const struct imp_jpeg_scan *scan;
    struct imp_jpeg_mcu mcu;
    uint64_t *nonzero;   // progressive AC: of the scan's component
    uint64_t next_block; // progressive AC: index into it
    uint32_t eob_run;    // progressive AC: blocks that end at once

    struct imp_jpeg_scan_map *map; // NULL: nobody wants to know
    uint32_t next_row, to_row;     // its next waypoint, MCUs until there
    uint32_t dc[IMP_JPEG_COMPS];   // predictors, which may wrap around
};

// --- Progressive blocks, T.81 G.1.2; samples of lossless frames, H.2 ---

static bool pass_differences(struct walk *w)
{
    for (unsigned i = 0; i < w->mcu.n; i++)
        if (!imp_jpeg_pass_dc(&w->bits, w->mcu.block[i].dc))
            return false;
    return true;
}

static bool pass_dc_more(struct walk *w)
{
    for (unsigned i = 0; i < w->mcu.n; i++)
        imp_bits_get(&w->bits, 1);
    return true;
}

// EOBn: a run of 2^n blocks and more that end here (T.81 G.1.2.2).
static void start_eob_run(struct walk *w, int n)
{
    w->eob_run = 1u << n;
    if (n)
        w->eob_run += imp_bits_get(&w->bits, n);
}

static bool pass_ac_first(struct walk *w)
{
    uint64_t *nonzero = &w->nonzero[w->next_block++];
    if (w->eob_run) {
        w->eob_run--;
        return true;
    }
    for (unsigned k = w->scan->ss; k <= w->scan->se;) {
        int symbol = imp_huff_symbol(&w->bits, w->mcu.block[0].ac);
        if (symbol < 0)
            return false;
        int run = symbol >> 4, size = symbol & 15;
        if (size) {
            k += (unsigned)run;
            if (k > w->scan->se)
                return false;
            imp_bits_get(&w->bits, size);
            *nonzero |= UINT64_C(1) << k;
            k++;
        } else if (run == 15) {
            k += 16;
        } else {
            start_eob_run(w, run);
            w->eob_run--;
            break;
        }
    }
    return true;
}

// A correction bit for each coefficient already known, from k to Se.
static void correct_rest(struct walk *w, uint64_t nonzero, unsigned k)
{
    uint64_t band = ~UINT64_C(0) << k & ~UINT64_C(0) >> (63 - w->scan->se);
    for (int n = __builtin_popcountll(nonzero & band); n > 0; n -= 16)
        imp_bits_get(&w->bits, n < 16 ? n : 16);
}

// Pass `run` zero coefficients, and correct those known on the way (T.81
// figure G.7); returns where the next new one goes, Se + 1 if there is none.
static unsigned pass_run(struct walk *w, uint64_t nonzero, unsigned k, int run)
{
    for (; k <= w->scan->se; k++) {
        if (nonzero >> k & 1)
            imp_bits_get(&w->bits, 1);
        else if (run-- == 0)
            break;
    }
    return k;
}

static bool pass_ac_more(struct walk *w)
{
    uint64_t *nonzero = &w->nonzero[w->next_block++];
    unsigned k = w->scan->ss;
    while (!w->eob_run && k <= w->scan->se) {
        int symbol = imp_huff_symbol(&w->bits, w->mcu.block[0].ac);
        if (symbol < 0)
            return false;
        int run = symbol >> 4, size = symbol & 15;
        if (size > 1)
            return false;
        if (!size && run < 15) {
            start_eob_run(w, run);
            break;
        }
        if (size)
            imp_bits_get(&w->bits, 1);
        k = pass_run(w, *nonzero, k, run);
        if (size && k > w->scan->se)
            return false;
        if (size)
            *nonzero |= UINT64_C(1) << k;
        k++;
    }
    if (w->eob_run) {
        if (k <= w->scan->se)
            correct_rest(w, *nonzero, k);
        w->eob_run--;
    }
    return true;
}

// --- Intervals and scans ---

static bool pass_sequential(struct walk *w)
{
    return imp_jpeg_pass_mcu(&w->bits, &w->mcu);
}

static bool pass_mapped(struct walk *w)
{
    return imp_jpeg_pass_mcu_mapped(&w->bits, &w->mcu, w->dc);
}

typedef bool (*pass_mcu)(struct walk *w);

static pass_mcu choose(const struct imp_jpeg *j,
                       const struct imp_jpeg_scan *scan, bool mapped)
{
    if (mapped)
        return pass_mapped;
    if (imp_jpeg_is_lossless(j))
        return pass_differences;
    if (j->sof != IMP_JPEG_SOF2)
        return pass_sequential;
    if (scan->ss == 0)
        return scan->ah ? pass_dc_more : pass_differences;
    return scan->ah ? pass_ac_more : pass_ac_first;
}

static bool table_ready(struct imp_huff *t, enum imp_huff_use use,
                        unsigned slot, size_t at, struct imp_err *err)
{
    if (t->defined && imp_huff_derive(t, use))
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                       "scan at offset %zu: %s Huffman table %u is %s", at,
                       use == IMP_HUFF_AC ? "AC" : "DC", slot,
                       t->defined ? "not valid" : "not defined");
}

bool imp_jpeg_ready_tables(struct imp_jpeg *j, const struct imp_jpeg_scan *scan,
                           size_t at, struct imp_err *err)
{
    bool dc = scan->ss == 0 && scan->ah == 0;
    bool ac = scan->se > 0;
    enum imp_huff_use use =
        imp_jpeg_is_lossless(j) ? IMP_HUFF_LOSSLESS : IMP_HUFF_DC;
    if (j->sof != IMP_JPEG_SOF2) {
        dc = true;
        ac = use == IMP_HUFF_DC;
    }
    for (unsigned i = 0; i < scan->n_comp; i++) {
        unsigned dc_slot = scan->in[i].dc, ac_slot = scan->in[i].ac;
        if (dc && !table_ready(&j->dc[dc_slot], use, dc_slot, at, err))
            return false;
        if (ac && !table_ready(&j->ac[ac_slot], IMP_HUFF_AC, ac_slot, at, err))
            return false;
    }
    return true;
}

static void set_up_mcu(const struct imp_jpeg *j,
                       const struct imp_jpeg_scan *scan,
                       struct imp_jpeg_mcu *mcu)
{
    for (unsigned i = 0; i < scan->n_comp; i++)
        imp_jpeg_mcu_add(mcu, scan, i, &j->dc[scan->in[i].dc],
                         &j->ac[scan->in[i].ac]);
}

// History for a progressive AC scan: made with a component's first one.
static bool set_up_history(struct walk *w, struct imp_cutlist *cl,
                           struct imp_err *err)
{
    struct imp_jpeg_comp *c = w->scan->in[0].comp;
    if (!c->nonzero) {
        size_t blocks = (size_t)c->blocks_x * c->blocks_y;
        c->nonzero = imp_cutlist_alloc(cl, blocks * sizeof *c->nonzero);
        if (!c->nonzero)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu blocks",
                            blocks);
    }
    w->nonzero = c->nonzero;
    return true;
}

static void note_row(struct walk *w, uint64_t in_interval, struct imp_span in)
{
    struct imp_jpeg_waypoint *row = &w->map->row[w->next_row++];
    *row = (struct imp_jpeg_waypoint){.place = imp_bits_place(&w->bits, in),
                                      .in_interval = in_interval};
    for (unsigned i = 0; i < w->scan->n_comp; i++)
        row->dc[i] = (int32_t)w->dc[i];
    w->to_row = w->map->mcus_x;
}

static bool walk_interval(struct walk *w, pass_mcu pass, uint64_t n_mcu,
                          struct imp_span in, struct imp_err *err)
{
    w->eob_run = 0;
    memset(w->dc, 0, sizeof w->dc);
    for (uint64_t i = 0; i < n_mcu; i++) {
        if (w->map && w->to_row-- == 0) {
            note_row(w, n_mcu - i, in);
            w->to_row--;
        }
        bool valid = pass(w);
        if (valid && !imp_bits_overrun(&w->bits))
            continue;
        size_t at = (size_t)(w->bits.p - in.p);
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "coded data %s at offset %zu: MCU %ju of %ju in "
                           "its interval",
                           imp_bits_overrun(&w->bits) ? "ends" : "is not valid",
                           at, (uintmax_t)i + 1, (uintmax_t)n_mcu);
    }
    return true;
}

bool imp_jpeg_walk(struct imp_jpeg *j, const struct imp_jpeg_scan *scan,
                   struct imp_span in, size_t at, struct imp_jpeg_map *map,
                   struct imp_cutlist *cl, size_t *end, struct imp_err *err)
{
    struct walk w = {.scan = scan};
    pass_mcu pass = choose(j, scan, map != NULL);
    if (!imp_jpeg_ready_tables(j, scan, at, err))
        return false;
    set_up_mcu(j, scan, &w.mcu);
    if (map && !(w.map = imp_jpeg_map_scan(map, scan, cl, err)))
        return false;
    if ((pass == pass_ac_first || pass == pass_ac_more) &&
        !set_up_history(&w, cl, err))
        return false;

    uint64_t left = scan->n_mcu;
    for (unsigned interval = 0;; interval++) {
        uint64_t n = left;
        if (j->restart_interval && n > j->restart_interval)
            n = j->restart_interval;
        w.bits = (struct imp_bits){.p = in.p + at, .end = in.p + in.n};
        if (!walk_interval(&w, pass, n, in, err))
            return false;
        left -= n;
        size_t stop = (size_t)(imp_bits_end(&w.bits) - in.p);
        size_t marker = imp_jpeg_next_marker(in, stop);
        imp_cut_keep(cl, at, stop - at, IMP_PART_CODED, "scan");
        imp_cut_drop(cl, stop, marker - stop, IMP_PART_TRAILER,
                     "bytes after the last coded block");
        *end = marker;
        if (left == 0 && w.map)
            w.map->end = imp_bits_place(&w.bits, in);
        if (left == 0)
            return true;
        unsigned want = IMP_JPEG_RST0 + interval % 8;
        if (marker == in.n || in.p[marker + 1] != want)
            return imp_fail_at(err, IMP_ERR_DAMAGED, marker,
                               "no RST%u at offset %zu, %ju MCUs before the "
                               "end of the scan",
                               want - IMP_JPEG_RST0, marker, (uintmax_t)left);
        imp_cut_keep(cl, marker, 2, IMP_PART_CODED, "scan");
        at = marker + 2;
    }
}
