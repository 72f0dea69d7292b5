// The moov box, made anew in one form. What says when and with what a sequence
// was made is not in it; sections are those of ISO/IEC 14496-12.
#include "image/heif_track.h"
#include "image/heif_writer.h"

#include <string.h>

static void put_matrix(struct imp_heif_writer *w, const uint32_t m[9])
{
    for (size_t i = 0; i < 9; i++)
        w_put(w, 4, m[i]);
}

static void put_zeros(struct imp_heif_writer *w, size_t n)
{
    for (; n; n--)
        w_put(w, 1, 0);
}

// 8.2.2
static void put_mvhd(struct imp_heif_writer *w)
{
    static const uint32_t upright[9] = {0x10000, 0, 0, 0,         0x10000,
                                        0,       0, 0, 0x40000000};
    const struct imp_heif *h = w->h;
    uint32_t next = 1;
    for (size_t i = 0; i < h->n_tracks; i++)
        if (h->track[i].keep && h->track[i].id >= next)
            next = h->track[i].id + 1;
    size_t at = w_begin_full(w, "mvhd", 1, 0);
    put_zeros(w, 16);
    w_put(w, 4, h->timescale);
    w_put(w, 8, h->duration);
    w_put(w, 4, 0x10000); // rate
    w_put(w, 2, 0x100);   // volume
    put_zeros(w, 10);
    put_matrix(w, upright);
    put_zeros(w, 24);
    w_put(w, 4, next);
    w_end(w, at);
}

// 8.3.2
static void put_tkhd(struct imp_heif_writer *w, const struct imp_heif_track *t)
{
    size_t at = w_begin_full(w, "tkhd", 1, t->flags);
    put_zeros(w, 16);
    w_put(w, 4, t->id);
    put_zeros(w, 4);
    w_put(w, 8, t->duration);
    put_zeros(w, 16);
    put_matrix(w, t->matrix);
    w_put(w, 4, t->width << 16);
    w_put(w, 4, t->height << 16);
    w_end(w, at);
}

// 8.3.3
static void put_tref(struct imp_heif_writer *w, const struct imp_heif_track *t)
{
    if (!t->alpha_of)
        return;
    size_t tref = w_begin(w, "tref"), at = w_begin(w, "auxl");
    w_put(w, 4, t->alpha_of);
    w_end(w, at);
    w_end(w, tref);
}

// 8.6.6
static void put_edts(struct imp_heif_writer *w, const struct imp_heif_track *t)
{
    if (!t->has_edit)
        return;
    size_t edts = w_begin(w, "edts");
    size_t at = w_begin_full(w, "elst", 1, t->repeats);
    w_put(w, 4, 1);
    w_put(w, 8, t->edit_duration);
    w_put(w, 8, 0);
    w_put(w, 4, 0x10000);
    w_end(w, at);
    w_end(w, edts);
}

static void put_mdhd(struct imp_heif_writer *w, const struct imp_heif_track *t)
{
    uint64_t duration = 0;
    for (size_t i = 0; i < t->n_times; i++)
        duration += (uint64_t)t->time[i].count * (uint32_t)t->time[i].value;
    size_t at = w_begin_full(w, "mdhd", 1, 0);
    put_zeros(w, 16);
    w_put(w, 4, t->timescale);
    w_put(w, 8, duration);
    w_put(w, 2, 0x55c4); // "und": no language
    w_put(w, 2, 0);
    w_end(w, at);
}

static void put_hdlr(struct imp_heif_writer *w, const struct imp_heif_track *t)
{
    size_t at = w_begin_full(w, "hdlr", 0, 0);
    w_put(w, 4, 0);
    w_add(w, t->handler, 4);
    put_zeros(w, 13); // no name
    w_end(w, at);
}

// 12.1.3
static void put_stsd(struct imp_heif_writer *w, const struct imp_heif_track *t)
{
    size_t stsd = w_begin_full(w, "stsd", 0, 0);
    w_put(w, 4, 1);
    size_t at = w_begin(w, t->codec);
    put_zeros(w, 6);
    w_put(w, 2, 1); // data reference
    put_zeros(w, 16);
    w_put(w, 2, t->coded_width);
    w_put(w, 2, t->coded_height);
    w_put(w, 4, 72 << 16);
    w_put(w, 4, 72 << 16);
    w_put(w, 4, 0);
    w_put(w, 2, 1);
    put_zeros(w, 32); // no compressor's name
    w_put(w, 2, 24);
    w_put(w, 2, 0xffff);
    for (size_t i = 0; i < t->n_props; i++) {
        const struct imp_heif_prop *p = &t->prop[i];
        size_t box = w_begin(w, p->box.type);
        if (imp_heif_is_config(&p->box))
            w_add_coded(w, p->bytes);
        else
            w_add(w, p->bytes.p, p->bytes.n);
        w_end(w, box);
    }
    w_end(w, at);
    w_end(w, stsd);
}

static void put_runs(struct imp_heif_writer *w, const char *type,
                     uint8_t version, const struct imp_heif_run *run, size_t n)
{
    size_t at = w_begin_full(w, type, version, 0);
    w_put(w, 4, n);
    for (size_t i = 0; i < n; i++) {
        w_put(w, 4, run[i].count);
        w_put(w, 4, (uint32_t)run[i].value);
    }
    w_end(w, at);
}

static void put_sync(struct imp_heif_writer *w, const struct imp_heif_track *t)
{
    if (!t->has_sync)
        return;
    size_t at = w_begin_full(w, "stss", 0, 0);
    w_put(w, 4, t->n_sync);
    for (size_t i = 0; i < t->n_sync; i++)
        w_put(w, 4, t->sync[i]);
    w_end(w, at);
}

// One sample to a chunk: 8.7.3 to 8.7.5.
static void put_places(struct imp_heif_writer *w,
                       const struct imp_heif_track *t)
{
    const struct imp_regions *r = &w->h->regions;
    size_t at = w_begin_full(w, "stsc", 0, 0);
    w_put(w, 4, 1);
    for (size_t i = 0; i < 3; i++)
        w_put(w, 4, 1);
    w_end(w, at);
    size_t sizes = w_begin_full(w, "stsz", 0, 0);
    w_put(w, 4, 0);
    w_put(w, 4, t->n);
    for (size_t i = 0; i < t->n && w->ok; i++) {
        uint64_t length = t->length[i], place;
        w->ok = imp_regions_translate(r, t->offset[i], &length, &place, w->err);
        w_put(w, 4, length);
    }
    w_end(w, sizes);
    at = w_begin_full(w, w->offset_width == 8 ? "co64" : "stco", 0, 0);
    w_put(w, 4, t->n);
    for (size_t i = 0; i < t->n && w->ok; i++) {
        uint64_t length = t->length[i], place;
        w->ok = imp_regions_translate(r, t->offset[i], &length, &place, w->err);
        w_put(w, w->offset_width, w->claims + place);
    }
    w_end(w, at);
}

static void put_minf(struct imp_heif_writer *w, const struct imp_heif_track *t)
{
    size_t minf = w_begin(w, "minf");
    size_t at = w_begin_full(w, "vmhd", 0, 1);
    put_zeros(w, 8);
    w_end(w, at);
    size_t dinf = w_begin(w, "dinf"), dref = w_begin_full(w, "dref", 0, 0);
    w_put(w, 4, 1);
    at = w_begin_full(w, "url ", 0, 1); // this file
    w_end(w, at);
    w_end(w, dref);
    w_end(w, dinf);
    size_t stbl = w_begin(w, "stbl");
    put_stsd(w, t);
    put_runs(w, "stts", 0, t->time, t->n_times);
    if (t->n_shifts)
        put_runs(w, "ctts", t->shift_version, t->shift, t->n_shifts);
    put_sync(w, t);
    put_places(w, t);
    w_end(w, stbl);
    w_end(w, minf);
}

bool imp_heif_write_moov(struct imp_heif *h, uint64_t claims,
                         struct imp_buf *out, struct imp_err *err)
{
    struct imp_heif_writer w = {.h = h,
                                .out = out,
                                .coded = &h->moov_coded,
                                .claims = claims,
                                .offset_width = h->in.n < 0x7fffffff ? 4 : 8,
                                .err = err,
                                .ok = true};
    if (!h->moov_coded.at)
        h->moov_coded.at = imp_cutlist_alloc(
            h->cl, 2 * IMP_HEIF_TRACKS * IMP_HEIF_TRACK_PROPS *
                       sizeof *h->moov_coded.at);
    if (!h->moov_coded.at)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a moov box");
    out->n = 0;
    h->moov_coded.n = 0;
    size_t moov = w_begin(&w, "moov");
    put_mvhd(&w);
    for (size_t i = 0; i < h->n_tracks; i++) {
        const struct imp_heif_track *t = &h->track[i];
        if (!t->keep)
            continue;
        size_t trak = w_begin(&w, "trak");
        put_tkhd(&w, t);
        put_tref(&w, t);
        put_edts(&w, t);
        size_t mdia = w_begin(&w, "mdia");
        put_mdhd(&w, t);
        put_hdlr(&w, t);
        put_minf(&w, t);
        w_end(&w, mdia);
        w_end(&w, trak);
    }
    w_end(&w, moov);
    return w.ok;
}
