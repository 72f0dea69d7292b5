#include "image/jpeg_tables.h"

#include "image/jpeg.h"

#include <string.h>

#define SLOTS 4

// The definition that stands in each slot at this point of the file, as an
// index from 1; 0: none yet.
struct current {
    size_t dqt[SLOTS], dht[2][SLOTS], dac[2 * SLOTS], dri;
};

struct look {
    struct imp_jpeg_uses *uses;
    struct current now;
    uint8_t sof;
    unsigned n_comp;
    struct {
        uint8_t id, tq;
        bool seen; // a scan had it: its quantisation table is fixed
    } comp[IMP_JPEG_COMPS];
};

bool imp_jpeg_is_table(uint8_t marker)
{
    return marker == IMP_JPEG_DQT || marker == IMP_JPEG_DHT ||
           marker == IMP_JPEG_DAC || marker == IMP_JPEG_DRI;
}

// The length of the definition at the head of `rest` (T.81 B.2.4); all of it if
// it is not whole, for the handler to refuse.
static size_t definition_length(uint8_t marker, struct imp_span rest)
{
    size_t n = rest.n;
    if (marker == IMP_JPEG_DQT) {
        n = 1 + 64 * ((size_t)(rest.p[0] >> 4) + 1);
    } else if (marker == IMP_JPEG_DHT && rest.n >= 17) {
        n = 17;
        for (size_t len = 1; len <= 16; len++)
            n += rest.p[len];
    } else if (marker == IMP_JPEG_DAC) {
        n = 2;
    }
    return n < rest.n ? n : rest.n;
}

static void define(struct look *l, uint8_t marker, uint8_t id)
{
    size_t index = ++l->uses->n;
    unsigned slot = id & 15, class = id >> 4;
    if (marker == IMP_JPEG_DRI)
        l->now.dri = index;
    if (slot >= SLOTS)
        return;
    if (marker == IMP_JPEG_DQT)
        l->now.dqt[slot] = index;
    else if (marker == IMP_JPEG_DHT && class < 2)
        l->now.dht[class][slot] = index;
    else if (marker == IMP_JPEG_DAC && class < 2)
        l->now.dac[class * SLOTS + slot] = index;
}

static bool note_tables(struct look *l, uint8_t marker, struct imp_span body,
                        struct imp_err *err)
{
    while (body.n) {
        if (l->uses->n == IMP_JPEG_TABLES)
            return imp_fail(err, IMP_ERR_LIMIT,
                            "more than %d table definitions", IMP_JPEG_TABLES);
        size_t n = definition_length(marker, body);
        define(l, marker, body.p[0]);
        body.p += n;
        body.n -= n;
    }
    return true;
}

static void note_frame(struct look *l, uint8_t marker, struct imp_span body)
{
    if (l->sof || body.n < 6)
        return;
    l->sof = marker;
    for (size_t at = 6; at + 3 <= body.n && l->n_comp < IMP_JPEG_COMPS;
         at += 3) {
        l->comp[l->n_comp].id = body.p[at];
        l->comp[l->n_comp++].tq = body.p[at + 2] & (SLOTS - 1);
    }
}

static void use(struct look *l, size_t index)
{
    if (index)
        l->uses->used[index - 1] = 1;
}

static void note_scan(struct look *l, struct imp_span body)
{
    bool progressive = l->sof == IMP_JPEG_SOF2 || l->sof == IMP_JPEG_SOF10;
    bool arithmetic = l->sof == IMP_JPEG_SOF9 || l->sof == IMP_JPEG_SOF10;
    if (body.n < 6)
        return;
    const uint8_t *tail = body.p + body.n - 3; // Ss, Se, Ah and Al
    bool dc = !progressive || (tail[0] == 0 && tail[2] >> 4 == 0);
    bool lossless = l->sof == IMP_JPEG_SOF3;
    bool ac = progressive ? tail[1] > 0 : !lossless;
    use(l, l->now.dri);
    for (unsigned i = 0; arithmetic && i < 2 * SLOTS; i++)
        use(l, l->now.dac[i]);
    for (size_t at = 1; at + 5 <= body.n; at += 2) {
        unsigned td = body.p[at + 1] >> 4, ta = body.p[at + 1] & 15;
        if (dc && !arithmetic && td < SLOTS)
            use(l, l->now.dht[0][td]);
        if (ac && !arithmetic && ta < SLOTS)
            use(l, l->now.dht[1][ta]);
        for (unsigned c = 0; c < l->n_comp; c++)
            if (l->comp[c].id == body.p[at] && !l->comp[c].seen && !lossless) {
                l->comp[c].seen = true;
                use(l, l->now.dqt[l->comp[c].tq]);
            }
    }
}

static bool note_segment(struct look *l, uint8_t marker, struct imp_span body,
                         struct imp_err *err)
{
    if (imp_jpeg_is_table(marker))
        return note_tables(l, marker, body, err);
    if (imp_jpeg_is_frame(marker))
        note_frame(l, marker, body);
    else if (marker == IMP_JPEG_SOS)
        note_scan(l, body);
    return true;
}

static bool look_over(struct look *l, struct imp_span in, struct imp_err *err)
{
    struct imp_jpeg_segment s;
    size_t at = 2;
    while (imp_jpeg_next_segment(in, at, &s, NULL) &&
           s.marker != IMP_JPEG_EOI) {
        at = s.at + s.len;
        if (!note_segment(l, s.marker, s.body, err))
            return false;
        if (s.marker == IMP_JPEG_SOS)
            at = imp_jpeg_skip_scan(in, at);
    }
    return true;
}

bool imp_jpeg_look_ahead(struct imp_span in, struct imp_jpeg_spec *spec,
                         struct imp_jpeg_uses *uses, struct imp_cutlist *cl,
                         struct imp_err *err)
{
    struct look l = {.uses = uses};
    *uses = (struct imp_jpeg_uses){0};
    uses->used = imp_cutlist_alloc(cl, IMP_JPEG_TABLES);
    if (!uses->used)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for tables");
    if (spec && !look_over(&l, spec->bytes, err))
        return false;
    uses->next = uses->n; // the handler goes over those of `in`
    if (!look_over(&l, in, err))
        return false;
    for (size_t i = 0; i < uses->next; i++)
        spec->used[i] |= uses->used[i];
    return true;
}

size_t imp_jpeg_used_tables(struct imp_jpeg_uses *uses, uint8_t marker,
                            struct imp_span body, uint8_t *out)
{
    size_t kept = 0;
    while (body.n) {
        size_t n = definition_length(marker, body);
        if (uses->next < uses->n && uses->used[uses->next++]) {
            memcpy(out + kept, body.p, n);
            kept += n;
        }
        body.p += n;
        body.n -= n;
    }
    return kept;
}
