#include "image/jpeg_stream.h"

#include "image/jpeg_cut.h"

#include <string.h>

static const char name[] = "JPEG tables"; // for the cut list and errors

// Each stream goes over the specification; four tables of each kind have 2.7
// KB.
#define SPEC_MAX 8192

// --- Table specifications ---

// The next segment from `at` on; what it defines goes into `j`.
static bool next_table(struct imp_span in, size_t at, struct imp_jpeg *j,
                       struct imp_jpeg_segment *s, struct imp_err *err)
{
    if (!imp_jpeg_next_segment(in, at, s, err))
        return false;
    if (s->marker == IMP_JPEG_DQT)
        return imp_jpeg_parse_dqt(j, s->body, s->at, err);
    if (s->marker == IMP_JPEG_DHT)
        return imp_jpeg_parse_dht(j, s->body, s->at, err);
    if (imp_jpeg_is_frame(s->marker) || s->marker == IMP_JPEG_SOS)
        return imp_fail_at(err, IMP_ERR_DAMAGED, s->at,
                           "marker 0x%02X at offset %zu, want tables only",
                           s->marker, s->at);
    return true;
}

static bool starts_with_soi(struct imp_span in, struct imp_err *err)
{
    return imp_span_starts(in, "\xFF\xD8", 2) ||
           imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no SOI");
}

static bool read_tables(struct imp_span in, struct imp_jpeg *j,
                        struct imp_err *err)
{
    struct imp_jpeg_segment s = {.at = 0, .len = 2};
    if (!starts_with_soi(in, err))
        return false;
    do {
        if (!next_table(in, s.at + s.len, j, &s, err))
            return false;
    } while (s.marker != IMP_JPEG_EOI);
    return true;
}

// One of its segments. DRI and DAC are no part of it as TIFF has it.
static bool cut_segment(struct imp_jpeg_uses *uses, struct imp_cutlist *cl,
                        const struct imp_jpeg_segment *s, bool *any,
                        struct imp_err *err)
{
    size_t kept = 0;
    uint8_t *used = imp_cutlist_alloc(cl, s->len);
    if (!used)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for tables");
    if (imp_jpeg_is_table(s->marker))
        kept = imp_jpeg_used_tables(uses, s->marker, s->body, used + 4);
    if (kept == 0 || (s->marker != IMP_JPEG_DQT && s->marker != IMP_JPEG_DHT)) {
        imp_cut_drop(cl, s->at, s->len, IMP_PART_UNKNOWN, name);
        return true;
    }
    *any = true;
    if (kept == s->body.n) {
        imp_cut_keep(cl, s->at, s->len, IMP_PART_STRUCTURE, name);
        return true;
    }
    used[0] = 0xFF;
    used[1] = s->marker;
    imp_put_be16(used + 2, (uint16_t)(kept + 2));
    imp_cut_drop(cl, s->at, s->len, IMP_PART_UNKNOWN, name);
    imp_cut_insert(cl, used, kept + 4, IMP_PART_STRUCTURE, name);
    return true;
}

static bool cut_tables(struct imp_span in, struct imp_jpeg_uses *uses,
                       struct imp_jpeg *j, struct imp_cutlist *cl, bool *any,
                       struct imp_err *err)
{
    struct imp_jpeg_segment s = {.at = 0, .len = 2};
    *any = false;
    if (!starts_with_soi(in, err))
        return false;
    imp_cut_keep(cl, 0, 2, IMP_PART_STRUCTURE, name);
    do {
        size_t at = s.at + s.len;
        if (!next_table(in, at, j, &s, err))
            return false;
        imp_cut_drop(cl, at, s.at - at, IMP_PART_UNKNOWN, name);
        if (s.marker == IMP_JPEG_EOI)
            imp_cut_keep(cl, s.at, s.len, IMP_PART_STRUCTURE, name);
        else if (!cut_segment(uses, cl, &s, any, err))
            return false;
    } while (s.marker != IMP_JPEG_EOI);
    imp_cut_drop(cl, s.at + 2, in.n - s.at - 2, IMP_PART_TRAILER,
                 "bytes after EOI");
    return imp_cutlist_finish(cl, err);
}

bool imp_jpeg_cut_spec(const struct imp_jpeg_spec *spec, struct imp_cutlist *cl,
                       bool *any, struct imp_err *err)
{
    imp_cutlist_start(cl, spec->bytes.n);
    struct imp_jpeg *j = imp_cutlist_alloc(cl, sizeof *j);
    uint8_t *used = imp_cutlist_alloc(cl, sizeof spec->used);
    if (!j || !used)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for tables");
    memcpy(used, spec->used, sizeof spec->used);
    struct imp_jpeg_uses uses = {.used = used, .n = IMP_JPEG_TABLES};
    return cut_tables(spec->bytes, &uses, j, cl, any, err) ||
           imp_wrap(err, "%s", name);
}

// --- Streams ---

bool imp_jpeg_cut_stream(struct imp_span in, struct imp_jpeg_spec *spec,
                         struct imp_jpeg *j, enum imp_check check,
                         uint64_t max_pixels, struct imp_cutlist *cl,
                         struct imp_jpeg_frame *frame, struct imp_err *err)
{
    struct imp_editor editor = {.decide = imp_drop_it};
    struct imp_job_image img = {.editor = &editor,
                                .limits.max_bytes = in.n,
                                .limits.max_pixels = max_pixels,
                                .check = check};
    imp_cutlist_start(cl, in.n);
    imp_jpeg_start(j);
    if (spec->bytes.n > SPEC_MAX)
        return imp_fail(err, IMP_ERR_LIMIT, "%s of %zu bytes, want at most %d",
                        name, spec->bytes.n, SPEC_MAX);
    if (spec->bytes.n && !read_tables(spec->bytes, j, err))
        return imp_wrap(err, "%s", name);
    if (!starts_with_soi(in, err) ||
        !imp_jpeg_cut_image(in, spec, j, &img, cl, err) ||
        !imp_cutlist_finish(cl, err))
        return imp_wrap(err, "JPEG");
    *frame = (struct imp_jpeg_frame){.width = j->width,
                                     .height = j->height,
                                     .components = j->n_comp,
                                     .precision = j->precision};
    return true;
}
