// JPEG (ITU-T T.81, JFIF, CIPA DC-008): the segments that the picture needs are
// kept, the rest is named and offered to the editor, which mostly lets it go.
#include "image/format.h"
#include "image/jpeg_cut.h"
#include "image/jpeg_map.h"

#include <string.h>

void imp_jpeg_keep(struct imp_jpeg_reader *r, const struct imp_jpeg_segment *s,
                   const char *what)
{
    imp_cut_keep(r->cl, s->at, s->len, IMP_PART_STRUCTURE, what);
}

void imp_jpeg_drop(struct imp_jpeg_reader *r, const struct imp_jpeg_segment *s,
                   enum imp_part_kind kind, const char *what)
{
    imp_cut_drop(r->cl, s->at, s->len, kind, what);
}

void imp_jpeg_insert(struct imp_jpeg_reader *r, uint8_t marker,
                     const void *head, size_t head_len, struct imp_span body,
                     enum imp_part_kind kind, const char *what)
{
    size_t n = 4 + head_len + body.n;
    uint8_t *seg = imp_cutlist_alloc(r->cl, n);
    if (!seg)
        return;
    seg[0] = 0xFF;
    seg[1] = marker;
    imp_put_be16(seg + 2, (uint16_t)(n - 2));
    memcpy(seg + 4, head, head_len);
    if (body.n)
        memcpy(seg + 4 + head_len, body.p, body.n);
    imp_cut_insert(r->cl, seg, n, kind, what);
}

// Replace a segment by the form that has nothing but what is needed in it,
// unless it has that form already.
void imp_jpeg_canonical(struct imp_jpeg_reader *r,
                        const struct imp_jpeg_segment *s, const uint8_t *body,
                        size_t n, const char *what, enum imp_part_kind extra,
                        const char *with_extra)
{
    if (s->body.n == n && memcmp(s->body.p, body, n) == 0) {
        imp_jpeg_keep(r, s, what);
        return;
    }
    imp_jpeg_drop(r, s, extra, with_extra);
    imp_jpeg_insert(r, s->marker, body, n, (struct imp_span){0},
                    IMP_PART_STRUCTURE, what);
}

// --- Frame and scans ---

static bool within_limits(struct imp_jpeg_reader *r, size_t at,
                          struct imp_err *err)
{
    uint64_t pixels = (uint64_t)r->j->width * r->j->height;
    if (pixels > r->img->limits.max_pixels)
        return imp_fail_at(err, IMP_ERR_LIMIT, at,
                           "%u x %u pixels, want at most %ju", r->j->width,
                           r->j->height, (uintmax_t)r->img->limits.max_pixels);
    r->img->width = r->j->width;
    r->img->height = r->j->height;
    return true;
}

// Ss, Se, Ah and Al say something in progressive frames only, and in lossless
// ones Ss and Al; these have no AC tables (T.81 B.2.3).
static void keep_scan_header(struct imp_jpeg_reader *r,
                             const struct imp_jpeg_segment *s)
{
    uint8_t body[4 + 2 * IMP_JPEG_COMPS];
    memcpy(body, s->body.p, s->body.n);
    if (imp_jpeg_is_lossless(r->j)) {
        for (size_t i = 2; i < s->body.n - 3; i += 2)
            body[i] &= 0xF0;
    } else if (!imp_jpeg_is_progressive(r->j)) {
        body[s->body.n - 3] = 0;
        body[s->body.n - 2] = 63;
        body[s->body.n - 1] = 0;
    }
    imp_jpeg_canonical(r, s, body, s->body.n, "SOS", IMP_PART_UNKNOWN,
                       "SOS with values that mean nothing");
}

// The map that is asked for, if the frame is of a kind that has one.
static struct imp_jpeg_map *map_of(struct imp_jpeg_reader *r)
{
    struct imp_jpeg_map *map = r->img->map;
    if (!map || r->j->precision != 8 ||
        (r->j->sof != IMP_JPEG_SOF0 && r->j->sof != IMP_JPEG_SOF1))
        return NULL;
    if (!map->frame)
        imp_jpeg_map_frame(map, r->j, r->jfif, r->adobe);
    return map;
}

static bool cut_scan(struct imp_jpeg_reader *r,
                     const struct imp_jpeg_segment *s, struct imp_err *err)
{
    struct imp_jpeg_scan scan;
    size_t data = s->at + s->len, end;
    if (r->j->sof && r->j->height == 0 &&
        !imp_jpeg_find_height(r->j, r->in, data, err))
        return false;
    if (!within_limits(r, s->at, err))
        return false;
    if (!imp_jpeg_parse_sos(r->j, s->body, s->at, &scan, err))
        return false;
    if (!imp_jpeg_is_progressive(r->j))
        imp_jpeg_default_tables(r->j);
    keep_scan_header(r, s);
    struct imp_jpeg_map *map = map_of(r);
    if ((r->img->check != IMP_CHECK_CODED && !map) ||
        imp_jpeg_is_arithmetic(r->j)) {
        end = imp_jpeg_skip_scan(r->in, data);
        imp_cut_keep(r->cl, data, end - data, IMP_PART_CODED, "scan");
    } else {
        bool skip = r->img->check != IMP_CHECK_CODED && r->j->restart_interval;
        bool ok = skip ? imp_jpeg_skip_mapped(r->j, &scan, r->in, data, map,
                                              r->cl, &end, err)
                       : imp_jpeg_walk(r->j, &scan, r->in, data, map, r->cl,
                                       &end, err);
        if (!ok)
            return false;
    }
    r->at = end;
    return true;
}

// Only the tables that a scan uses: see jpeg_tables.h.
static void keep_used(struct imp_jpeg_reader *r,
                      const struct imp_jpeg_segment *s, const char *what,
                      const char *with_others)
{
    uint8_t *used = imp_cutlist_alloc(r->cl, s->body.n);
    if (!used)
        return;
    size_t n = imp_jpeg_used_tables(&r->uses, s->marker, s->body, used);
    if (n == s->body.n && n) {
        imp_jpeg_keep(r, s, what);
        return;
    }
    imp_jpeg_drop(r, s, IMP_PART_UNKNOWN, with_others);
    if (n)
        imp_jpeg_insert(r, s->marker, used, n, (struct imp_span){0},
                        IMP_PART_STRUCTURE, what);
}

static bool cut_table(struct imp_jpeg_reader *r,
                      const struct imp_jpeg_segment *s, struct imp_err *err)
{
    switch (s->marker) {
    case IMP_JPEG_DQT:
        keep_used(r, s, "DQT", "DQT with tables that no scan uses");
        return imp_jpeg_parse_dqt(r->j, s->body, s->at, err);
    case IMP_JPEG_DHT:
        keep_used(r, s, "DHT", "DHT with tables that no scan uses");
        return imp_jpeg_parse_dht(r->j, s->body, s->at, err);
    case IMP_JPEG_DRI:
        keep_used(r, s, "DRI", "DRI that no scan uses");
        return imp_jpeg_parse_dri(r->j, s->body, s->at, err);
    case IMP_JPEG_DAC:
        keep_used(r, s, "DAC", "DAC with values that no scan uses");
        return imp_jpeg_parse_dac(s->body, s->at, err);
    case IMP_JPEG_DNL:
        imp_jpeg_keep(r, s, "DNL");
        return imp_jpeg_take_dnl(r->j, s, err);
    default:
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, s->at,
                           "marker 0x%02X at offset %zu: hierarchical coding",
                           s->marker, s->at);
    }
}

static bool cut_segment(struct imp_jpeg_reader *r,
                        const struct imp_jpeg_segment *s, struct imp_err *err)
{
    r->at = s->at + s->len;
    uint8_t m = s->marker;
    if (m == IMP_JPEG_SOS)
        return cut_scan(r, s, err);
    if (m == IMP_JPEG_SOI)
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->at,
                           "second SOI at offset %zu", s->at);
    if (imp_jpeg_is_standalone(
            m)) { // RSTn or TEM where none belongs: decoders pass it
        imp_jpeg_drop(r, s, IMP_PART_UNKNOWN, "stray marker");
        return true;
    }
    if (imp_jpeg_is_frame(m)) {
        imp_jpeg_keep(r, s, "SOF");
        return imp_jpeg_parse_sof(r->j, m, s->body, s->at, err);
    }
    if (imp_jpeg_is_table(m) || (m >= IMP_JPEG_DNL && m <= IMP_JPEG_EXP))
        return cut_table(r, s, err);
    return imp_jpeg_cut_app(r, s, err);
}

// What a decoder would have to make up is not a picture to pass on.
static bool is_whole(struct imp_jpeg_reader *r, size_t at, struct imp_err *err)
{
    const struct imp_jpeg *j = r->j;
    if (!j->sof)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "EOI at offset %zu before any picture", at);
    for (unsigned i = 0; i < j->n_comp; i++)
        if (!j->comp[i].coded)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               "EOI at offset %zu, component %u has no scan",
                               at, j->comp[i].id);
    if (imp_jpeg_is_arithmetic(j) && r->img->check == IMP_CHECK_CODED)
        return imp_jpeg_check_arithmetic((struct imp_span){r->in.p, at + 2},
                                         err);
    return true;
}

bool imp_jpeg_cut_image(struct imp_span in, struct imp_jpeg_spec *spec,
                        struct imp_jpeg *j, struct imp_job_image *img,
                        struct imp_cutlist *cl, struct imp_err *err)
{
    struct imp_jpeg_reader r = {
        .in = in, .img = img, .cl = cl, .j = j, .at = 2, .adobe = -1};
    if (!imp_jpeg_look_ahead(in, spec, &r.uses, cl, err))
        return false;
    struct imp_jpeg_segment s;
    imp_cut_keep(cl, 0, 2, IMP_PART_STRUCTURE, "SOI");
    while (imp_jpeg_next_segment(in, r.at, &s, err)) {
        imp_cut_drop(cl, r.at, s.at - r.at, IMP_PART_UNKNOWN,
                     "bytes between segments");
        if (s.marker == IMP_JPEG_EOI) {
            imp_jpeg_keep(&r, &s, "EOI");
            imp_cut_drop(cl, s.at + 2, in.n - s.at - 2, IMP_PART_TRAILER,
                         "bytes after EOI");
            return is_whole(&r, s.at, err);
        }
        if (!cut_segment(&r, &s, err))
            return false;
    }
    return false;
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct imp_jpeg *j = imp_cutlist_alloc(cl, sizeof *j);
    return j ? imp_jpeg_cut_image(in, NULL, j, img, cl, err)
             : imp_fail(err, IMP_ERR_MEMORY, "no memory for tables");
}

static bool sniff(struct imp_span in)
{
    return imp_span_starts(in, "\xFF\xD8\xFF", 3);
}

const struct imp_format imp_format_jpeg = {
    .name = "jpeg", .ext = "jpg", .sniff = sniff, .cut = cut};
