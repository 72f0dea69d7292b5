// Sample tables (ISO/IEC 14496-12 8.6 and 8.7): where the samples of a track
// lie and when they are shown.
#include "image/heif_track.h"

#include <string.h>

#define MAX_STEP 0xffffff // of time between samples: no room for letters

struct tables {
    struct imp_heif *h;
    struct imp_heif_track *t;
    const struct imp_heif_box *stbl;
    struct imp_err *err;
};

static bool damaged(const struct tables *b, const char *type)
{
    return imp_fail_at(b->err, IMP_ERR_DAMAGED, b->stbl->at,
                       "%s box: missing, or it does not fit the samples", type);
}

// A reader at the entries of a table, and how many it says there are.
static bool open_table(const struct tables *b, const char *type,
                       struct imp_heif_reader *r, uint64_t *entries,
                       uint8_t *version)
{
    struct imp_heif_box box;
    uint32_t flags;
    *r = (struct imp_heif_reader){.ok = true};
    if (!imp_heif_find(b->stbl->body, 0, type, &box) ||
        !imp_heif_full(&box, version, &flags, &r->in, NULL))
        return false;
    *entries = imp_heif_get(r, 4);
    return r->ok;
}

static void *room(const struct tables *b, size_t n, size_t size)
{
    void *p = imp_cutlist_alloc(b->h->cl, (n + 1) * size);
    if (!p)
        imp_fail(b->err, IMP_ERR_MEMORY, "no memory for %zu samples", n);
    return p;
}

// 8.7.3.2
static bool read_sizes(const struct tables *b)
{
    struct imp_heif_reader r;
    uint64_t same, n;
    uint8_t version;
    if (!open_table(b, "stsz", &r, &same, &version))
        return damaged(b, "stsz");
    n = imp_heif_get(&r, 4);
    if (!r.ok || n == 0 || n > IMP_HEIF_SAMPLES)
        return imp_fail_at(b->err, IMP_ERR_LIMIT, b->stbl->at,
                           "%ju samples, want 1 to %d", (uintmax_t)n,
                           IMP_HEIF_SAMPLES);
    b->t->n = (size_t)n;
    b->t->length = room(b, b->t->n, sizeof *b->t->length);
    b->t->offset = room(b, b->t->n, sizeof *b->t->offset);
    if (!b->t->length || !b->t->offset)
        return false;
    for (size_t i = 0; i < b->t->n; i++)
        b->t->length[i] = same ? same : imp_heif_get(&r, 4);
    return r.ok || damaged(b, "stsz");
}

// Samples of one chunk lie one behind the other (8.7.4, 8.7.5).
static bool read_chunks(const struct tables *b)
{
    struct imp_heif_reader runs, places;
    uint64_t n_runs, n_chunks, first, each = 0, next_first = 1;
    uint8_t version;
    unsigned width = 4;
    if (!open_table(b, "stsc", &runs, &n_runs, &version) || n_runs == 0)
        return damaged(b, "stsc");
    if (!open_table(b, "stco", &places, &n_chunks, &version)) {
        width = 8;
        if (!open_table(b, "co64", &places, &n_chunks, &version))
            return damaged(b, "stco");
    }
    size_t sample = 0;
    first = imp_heif_get(&runs, 4);
    if (first != 1)
        return damaged(b, "stsc");
    for (uint64_t chunk = 1; chunk <= n_chunks && sample < b->t->n; chunk++) {
        if (chunk == next_first) {
            each = imp_heif_get(&runs, 4);
            imp_heif_get(&runs, 4); // the only sample entry
            next_first =
                --n_runs ? imp_heif_get(&runs, 4) : (uint64_t)UINT32_MAX + 1;
            if (each == 0 || next_first <= chunk)
                return damaged(b, "stsc");
        }
        uint64_t at = imp_heif_get(&places, width);
        if (!runs.ok || !places.ok)
            return damaged(b, "stco");
        for (uint64_t i = 0; i < each && sample < b->t->n; i++) {
            b->t->offset[sample] = at;
            if (!imp_add_u64(at, b->t->length[sample++], &at))
                return damaged(b, "stco");
        }
    }
    return sample == b->t->n || damaged(b, "stco");
}

// Counts of samples and a value for each: 8.6.1.2, 8.6.1.3. Neighbours that are
// alike are one, so that the table has one form.
static bool read_runs(const struct tables *b, const char *type,
                      struct imp_heif_reader *r, uint64_t entries,
                      struct imp_heif_run **runs, size_t *n_runs)
{
    uint64_t n = 0;
    struct imp_heif_run *run = *runs = room(b, b->t->n, sizeof *run);
    if (!run)
        return false;
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t count = imp_heif_get(r, 4);
        int32_t value = (int32_t)(uint32_t)imp_heif_get(r, 4);
        if (!r->ok || count > b->t->n - n || value > MAX_STEP ||
            value < -MAX_STEP)
            return damaged(b, type);
        n += count;
        if (count && *n_runs && run[*n_runs - 1].value == value)
            run[*n_runs - 1].count += (uint32_t)count;
        else if (count)
            run[(*n_runs)++] = (struct imp_heif_run){(uint32_t)count, value};
    }
    return n == b->t->n || damaged(b, type);
}

static bool read_times(const struct tables *b)
{
    struct imp_heif_reader r;
    uint64_t entries;
    uint8_t version;
    if (!open_table(b, "stts", &r, &entries, &version) ||
        !read_runs(b, "stts", &r, entries, &b->t->time, &b->t->n_times))
        return damaged(b, "stts");
    for (size_t i = 0; i < b->t->n_times; i++)
        if (b->t->time[i].value < 0)
            return damaged(b, "stts");
    if (!open_table(b, "ctts", &r, &entries, &b->t->shift_version))
        return true;
    return (b->t->shift_version <= 1 &&
            read_runs(b, "ctts", &r, entries, &b->t->shift, &b->t->n_shifts)) ||
           damaged(b, "ctts");
}

// 8.6.2: numbers of samples, rising.
static bool read_sync(const struct tables *b)
{
    struct imp_heif_reader r;
    uint64_t entries, last = 0;
    uint8_t version;
    if (!open_table(b, "stss", &r, &entries, &version))
        return true;
    if (entries > b->t->n)
        return damaged(b, "stss");
    b->t->has_sync = true;
    b->t->sync = room(b, (size_t)entries, sizeof *b->t->sync);
    if (!b->t->sync)
        return false;
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t sample = imp_heif_get(&r, 4);
        if (!r.ok || sample <= last || sample > b->t->n)
            return damaged(b, "stss");
        b->t->sync[b->t->n_sync++] = (uint32_t)sample;
        last = sample;
    }
    return true;
}

static bool claim_samples(const struct tables *b)
{
    struct imp_heif *h = b->h;
    const struct imp_heif_prop *config = imp_heif_track_prop(b->t, "hvcC");
    for (size_t i = 0; i < b->t->n; i++) {
        struct imp_span data;
        uint64_t at = b->t->offset[i], n = b->t->length[i];
        if (at > h->in.n || n == 0 || n > h->in.n - at)
            return imp_fail_at(b->err, IMP_ERR_DAMAGED, at,
                               "sample %zu: %ju bytes at %ju, have %zu in all",
                               i + 1, (uintmax_t)n, (uintmax_t)at, h->in.n);
        if (n > h->samples_left)
            return imp_fail_at(b->err, IMP_ERR_LIMIT, at,
                               "sample %zu: samples share too much data",
                               i + 1);
        h->samples_left -= n;
        data = (struct imp_span){h->in.p + at, (size_t)n};
        if (!imp_heif_cut_coded(h, b->t->codec, config, (uint32_t)i + 1, data,
                                b->err))
            return false;
        if (h->part.output_len == 0)
            return imp_fail_at(b->err, IMP_ERR_DAMAGED, at,
                               "sample %zu has no picture", i + 1);
        if (!imp_regions_claim_cuts(&h->regions, at, &h->part, b->err))
            return false;
    }
    return true;
}

bool imp_heif_take_samples(struct imp_heif *h, struct imp_heif_track *t,
                           const struct imp_heif_box *stbl, struct imp_err *err)
{
    const struct tables b = {h, t, stbl, err};
    return read_sizes(&b) && read_chunks(&b) && read_times(&b) &&
           read_sync(&b) && claim_samples(&b);
}
