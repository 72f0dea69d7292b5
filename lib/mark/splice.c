#include "mark/splice.h"

#include "image/jpeg_cursor.h"
#include "image/jpeg_sink.h"

#include <stdlib.h>
#include <string.h>

// A scan being spliced. Its MCUs are read in runs that have ink; each restart
// interval that has some becomes one patch.
struct scan {
    struct imp_splicer *splicer;
    const struct imp_jpeg_scan_map *m;
    struct imp_jpeg_ink *ink;
    struct imp_err *err;
    struct imp_jpeg_cursor at;
    unsigned comp[IMP_JPEG_COMPS]; // of the frame, by component of the scan
    struct imp_jpeg_codes dc[IMP_JPEG_COMPS], ac[IMP_JPEG_COMPS];
    bool no_code;

    // The patch of the present interval.
    bool open;
    struct imp_jpeg_sink sink;
    size_t from;                  // where it goes in
    struct imp_jpeg_place copied; // all of the input before it is written
    uint32_t dc_written[IMP_JPEG_COMPS]; // predictors of what is written
};

void imp_splicer_clear(struct imp_splicer *s)
{
    imp_buf_clear(&s->coded);
    free(s->patch);
    *s = (struct imp_splicer){0};
}

// The walk has found it valid, but for values that no encoder of 8 bits makes,
// if there was one.
static bool invalid(struct scan *s)
{
    size_t at = (size_t)(s->at.bits.p - s->at.in.p);
    return imp_fail_at(s->err, IMP_ERR_DAMAGED, at,
                       "coded data at offset %zu is not valid, or a value is "
                       "out of range",
                       at);
}

static struct imp_jpeg_place place(const struct scan *s)
{
    return imp_bits_place(&s->at.bits, s->at.in);
}

static void copy_up_to(struct scan *s, struct imp_jpeg_place to)
{
    imp_jpeg_copy_bits(&s->sink, s->at.in, s->copied, to);
    s->copied = to;
}

// --- The patch of an interval ---

static bool open_patch(struct scan *s)
{
    struct imp_splicer *sp = s->splicer;
    if (sp->n == sp->cap) {
        size_t cap = sp->cap ? sp->cap * 2 : 64;
        struct imp_patch *grown = realloc(sp->patch, cap * sizeof *grown);
        if (!grown)
            return imp_fail(s->err, IMP_ERR_MEMORY, "no memory for %zu patches",
                            cap);
        sp->patch = grown;
        sp->cap = cap;
    }
    sp->patch[sp->n].n = sp->coded.n; // until it is closed: where it begins
    s->copied = place(s);
    imp_jpeg_sink_start(&s->sink, &sp->coded, s->at.in, s->copied,
                        s->m->row[0].place.next, &s->from);
    memcpy(s->dc_written, s->at.dc, sizeof s->dc_written);
    s->open = true;
    return true;
}

// The rest of the interval follows, unless it can stay where it is. What stands
// behind its last block goes, if the walk has not seen to that.
static bool close_patch(struct scan *s)
{
    struct imp_patch *p = &s->splicer->patch[s->splicer->n];
    struct imp_jpeg_place end = {.next = s->copied.next};
    bool walked = s->m->end.next > 0;
    bool stays = walked && imp_jpeg_sink_aligned(&s->sink, s->copied);
    if (!stays && !imp_jpeg_cursor_find_end(&s->at, &end))
        return invalid(s);
    copy_up_to(s, end);
    if (!imp_jpeg_sink_end(&s->sink, s->err))
        return false;
    size_t behind =
        walked ? end.next : imp_jpeg_next_marker(s->at.in, end.next);
    *p = (struct imp_patch){.at = s->from,
                            .length = behind - s->from,
                            .n = s->splicer->coded.n - p->n};
    s->splicer->n++;
    s->open = false;
    return true;
}

// --- Blocks and MCUs ---

static bool put_inked(struct scan *s, unsigned i, int16_t block[64],
                      struct imp_jpeg_place begin)
{
    int32_t dc = block[0], difference = dc - (int32_t)s->dc_written[i];
    if (difference < INT16_MIN || difference > INT16_MAX)
        return false;
    copy_up_to(s, begin);
    s->copied = place(s);
    s->dc_written[i] = (uint32_t)dc;
    block[0] = (int16_t)difference;
    return imp_jpeg_put_block(&s->sink, &s->dc[i], &s->ac[i], block);
}

// DC is coded anew if what it is predicted from has changed.
static bool put_untouched(struct scan *s, unsigned i, uint32_t predicted,
                          struct imp_jpeg_place begin,
                          struct imp_jpeg_place after_dc)
{
    uint32_t written = s->dc_written[i];
    s->dc_written[i] = s->at.dc[i];
    if (written == predicted)
        return true;
    copy_up_to(s, begin);
    s->copied = after_dc;
    return imp_jpeg_put_dc(&s->sink, &s->dc[i], (int)(s->at.dc[i] - written));
}

static bool take_block(struct scan *s, unsigned i, uint32_t bx, uint32_t by)
{
    int16_t block[64];
    struct imp_jpeg_place begin = place(s), after_dc;
    uint32_t predicted = s->at.dc[i];
    if (!imp_jpeg_cursor_read(&s->at, i, block, &after_dc))
        return invalid(s);
    bool inked =
        imp_jpeg_ink_draw(s->ink, s->comp[i], bx, by, s->m->quant[i], block);
    s->no_code = inked ? !put_inked(s, i, block, begin)
                       : !put_untouched(s, i, predicted, begin, after_dc);
    return !s->no_code;
}

// T.81 A.2: a scan of one component has a block an MCU, else it has as many as
// the sampling factors say, row by row.
static bool take_mcu(struct scan *s)
{
    uint32_t mx = (uint32_t)(s->at.mcu % s->m->mcus_x);
    uint32_t my = (uint32_t)(s->at.mcu / s->m->mcus_x);
    unsigned n = s->m->scan.n_comp;
    for (unsigned i = 0; i < n; i++) {
        const struct imp_jpeg_comp *c = s->m->scan.in[i].comp;
        uint32_t h = n == 1 ? 1 : c->h, v = n == 1 ? 1 : c->v;
        for (uint32_t y = 0; y < v; y++)
            for (uint32_t x = 0; x < h; x++)
                if (!take_block(s, i, mx * h + x, my * v + y))
                    return false;
    }
    s->at.mcu++;
    return true;
}

// To an MCU ahead. What lies between is not touched, so that its predictors are
// the same in what is written.
static bool go_to(struct scan *s, uint64_t mcu)
{
    uint32_t row = (uint32_t)(mcu / s->m->mcus_x);
    uint64_t begin = (uint64_t)row * s->m->mcus_x;
    if (s->at.mcu == mcu && mcu < s->at.interval_end)
        return true;
    if (s->at.mcu < begin) {
        if (s->open && s->at.interval_end <= begin && !close_patch(s))
            return false;
        imp_jpeg_cursor_towards(&s->at, row);
    }
    for (;;) {
        uint64_t end = s->at.interval_end;
        if (!imp_jpeg_cursor_pass(&s->at, (mcu < end ? mcu : end) - s->at.mcu))
            return invalid(s);
        if (mcu < end)
            break;
        if (s->open && !close_patch(s))
            return false;
        imp_jpeg_cursor_next_interval(&s->at);
    }
    memcpy(s->dc_written, s->at.dc, sizeof s->dc_written);
    return true;
}

// All MCUs of a row from `first` to `last`, and then as many as still have to
// be coded anew: one, which takes up all predictors, if it is of the same
// interval.
static bool take_run(struct scan *s, uint64_t first, uint64_t last)
{
    uint64_t behind = last + 2 < s->m->scan.n_mcu ? last + 2 : s->m->scan.n_mcu;
    while (first < behind) {
        if (!go_to(s, first))
            return false;
        if (first > last && !s->open)
            return true;
        if (!s->open && !open_patch(s))
            return false;
        if (!take_mcu(s))
            return false;
        first = s->at.mcu;
    }
    return true;
}

// The columns of MCUs that may have ink in a row of them.
static bool find_run(const struct scan *s, uint32_t row, uint32_t *first,
                     uint32_t *last)
{
    unsigned n = s->m->scan.n_comp;
    bool any = false;
    for (unsigned i = 0; i < n; i++) {
        const struct imp_jpeg_comp *c = s->m->scan.in[i].comp;
        uint32_t h = n == 1 ? 1 : c->h, v = n == 1 ? 1 : c->v, from, to;
        for (uint32_t y = 0; y < v; y++) {
            if (!imp_jpeg_ink_span(s->ink, s->comp[i], row * v + y, &from, &to))
                continue;
            *first = any && *first < from / h ? *first : from / h;
            *last = any && *last > to / h ? *last : to / h;
            any = true;
        }
    }
    return any;
}

static bool splice_rows(struct scan *s)
{
    for (uint32_t row = 0; row < s->m->mcus_y; row++) {
        uint64_t begin = (uint64_t)row * s->m->mcus_x;
        uint32_t first, last;
        if (!find_run(s, row, &first, &last))
            continue;
        uint64_t from = begin + first;
        if (from < s->at.mcu) // the run before reached into it
            from = s->at.mcu;
        if (!take_run(s, from, begin + last))
            return false;
    }
    return !s->open || close_patch(s);
}

static bool splice_scan(struct scan *s, const struct imp_jpeg_map *map,
                        struct imp_span in)
{
    imp_jpeg_cursor_start(&s->at, in, s->m);
    for (unsigned i = 0; i < s->m->scan.n_comp; i++) {
        s->comp[i] = (unsigned)(s->m->scan.in[i].comp - map->frame->comp);
        imp_jpeg_codes_of(s->m->dc[i], &s->dc[i]);
        imp_jpeg_codes_of(s->m->ac[i], &s->ac[i]);
    }
    return splice_rows(s);
}

enum imp_spliced imp_splice(struct imp_splicer *s, struct imp_span in,
                            const struct imp_cutlist *cuts,
                            const struct imp_jpeg_map *map,
                            struct imp_jpeg_ink *ink, struct imp_cutlist *out,
                            struct imp_err *err)
{
    s->coded.n = s->n = 0;
    for (unsigned i = 0; i < map->n_scans; i++) {
        struct scan scan = {
            .splicer = s, .m = &map->scan[i], .ink = ink, .err = err};
        if (!splice_scan(&scan, map, in))
            return scan.no_code ? IMP_SPLICE_NO_CODE : IMP_SPLICE_FAILED;
    }
    size_t at = 0;
    for (size_t i = 0; i < s->n; at += s->patch[i++].n)
        s->patch[i].bytes = s->coded.p + at;
    return imp_cutlist_patch(out, cuts, s->patch, s->n, "mark", err)
               ? IMP_SPLICED
               : IMP_SPLICE_FAILED;
}
