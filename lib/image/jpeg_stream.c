#include "image/jpeg_stream.h"

#include "image/jpeg_cut.h"

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

static bool cut_tables(struct imp_span in, struct imp_jpeg *j,
                       struct imp_cutlist *cl, struct imp_err *err)
{
    static const char name[] = "JPEG tables";
    struct imp_jpeg_segment s = {.at = 0, .len = 2};
    if (!starts_with_soi(in, err))
        return false;
    imp_cut_keep(cl, 0, 2, IMP_PART_STRUCTURE, name);
    do {
        size_t at = s.at + s.len;
        if (!next_table(in, at, j, &s, err))
            return false;
        bool stays = s.marker == IMP_JPEG_DQT || s.marker == IMP_JPEG_DHT ||
                     s.marker == IMP_JPEG_EOI;
        imp_cut_drop(cl, at, s.at - at, IMP_PART_UNKNOWN, name);
        if (stays)
            imp_cut_keep(cl, s.at, s.len, IMP_PART_STRUCTURE, name);
        else
            imp_cut_drop(cl, s.at, s.len, IMP_PART_UNKNOWN, name);
    } while (s.marker != IMP_JPEG_EOI);
    imp_cut_drop(cl, s.at + 2, in.n - s.at - 2, IMP_PART_TRAILER,
                 "bytes after EOI");
    return imp_cutlist_finish(cl, err);
}

bool imp_jpeg_cut_tables(struct imp_span tables, struct imp_cutlist *cl,
                         struct imp_err *err)
{
    imp_cutlist_start(cl, tables.n);
    struct imp_jpeg *j = imp_cutlist_alloc(cl, sizeof *j);
    if (!j)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for tables");
    return cut_tables(tables, j, cl, err) || imp_wrap(err, "JPEG tables");
}

// --- Streams ---

static bool drop_it(struct imp_editor *self, const struct imp_part *part,
                    struct imp_verdict *out, struct imp_err *err)
{
    (void)self, (void)part, (void)err;
    *out = (struct imp_verdict){.fate = IMP_FATE_DROP};
    return true;
}

bool imp_jpeg_cut_stream(struct imp_span in, struct imp_span tables,
                         enum imp_check check, uint64_t max_pixels,
                         struct imp_cutlist *cl, struct imp_jpeg_frame *frame,
                         struct imp_err *err)
{
    struct imp_editor editor = {.decide = drop_it};
    struct imp_job_image img = {.editor = &editor,
                                .limits.max_bytes = in.n,
                                .limits.max_pixels = max_pixels,
                                .check = check};
    imp_cutlist_start(cl, in.n);
    struct imp_jpeg *j = imp_cutlist_alloc(cl, sizeof *j);
    if (!j)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for tables");
    if (tables.n && !read_tables(tables, j, err))
        return imp_wrap(err, "JPEG tables");
    if (!starts_with_soi(in, err) ||
        !imp_jpeg_cut_image(in, j, &img, cl, err) ||
        !imp_cutlist_finish(cl, err))
        return imp_wrap(err, "JPEG");
    *frame = (struct imp_jpeg_frame){.width = j->width,
                                     .height = j->height,
                                     .components = j->n_comp,
                                     .precision = j->precision};
    return true;
}
