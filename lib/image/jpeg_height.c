// A frame of 0 lines gets its height from a DNL segment behind the first scan
// (T.81 B.2.5).
#include "image/jpeg.h"

bool imp_jpeg_take_dnl(struct imp_jpeg *j, const struct imp_jpeg_segment *dnl,
                       struct imp_err *err)
{
    if (dnl->body.n != 2 || !j->sof)
        return imp_fail_at(err, IMP_ERR_DAMAGED, dnl->at,
                           "DNL at offset %zu: %zu bytes, want 2, behind a "
                           "frame",
                           dnl->at, dnl->body.n);
    return imp_jpeg_set_height(j, imp_be16(dnl->body.p), dnl->at, err);
}

bool imp_jpeg_find_height(struct imp_jpeg *j, struct imp_span in, size_t data,
                          struct imp_err *err)
{
    struct imp_jpeg_segment s;
    size_t at = imp_jpeg_skip_scan(in, data);
    if (at == in.n || in.p[at + 1] != IMP_JPEG_DNL)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "frame of 0 lines and no DNL at offset %zu", at);
    return imp_jpeg_read_segment(in, at, &s, err) &&
           imp_jpeg_take_dnl(j, &s, err);
}

// The frame's segment and where the data of the first scan begins.
static bool read_head(struct imp_span file, struct imp_jpeg *j,
                      struct imp_jpeg_segment *sof, size_t *data)
{
    struct imp_jpeg_segment s = {0};
    for (size_t at = 2; s.marker != IMP_JPEG_SOS; at = s.at + s.len) {
        if (!imp_jpeg_next_segment(file, at, &s, NULL))
            return false;
        if (!imp_jpeg_is_frame(s.marker))
            continue;
        *sof = s;
        if (!imp_jpeg_parse_sof(j, s.marker, s.body, s.at, NULL))
            return false;
    }
    *data = s.at + s.len;
    return j->sof;
}

bool imp_jpeg_tell_height(struct imp_span file, struct imp_buf *copy,
                          struct imp_span *out, struct imp_err *err)
{
    struct imp_jpeg j = {0};
    struct imp_jpeg_segment sof = {0};
    size_t data;
    *out = file;
    if (file.n < 2 || !read_head(file, &j, &sof, &data) || j.height ||
        !imp_jpeg_find_height(&j, file, data, NULL))
        return true;
    copy->n = 0;
    if (!imp_buf_add(copy, file.p, file.n, err))
        return false;
    size_t lines = (size_t)(sof.body.p - file.p) + 1; // B.2.2: behind P
    imp_put_be16(copy->p + lines, (uint16_t)j.height);
    *out = imp_buf_span(copy);
    return true;
}
