// JPEG (ITU-T T.81): the application segments stay as they are, the tables,
// the frame and the scans are new.
#include "image/jpeg.h"
#include "mark/carrier.h"
#include "mark/orient.h"
#include "mark/recode.h"

#include <string.h>

#define APP1 (IMP_JPEG_APP0 + 1)
#define APP14 (IMP_JPEG_APP0 + 14)

// What stands before the first scan.
struct head {
    struct imp_jpeg frame;
    unsigned orientation; // 0: not stated
};

static bool starts_well(struct imp_span file, struct imp_err *err)
{
    if (imp_span_starts(file, "\xFF\xD8", 2))
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no SOI marker");
}

static bool take_segment(struct head *h, const struct imp_jpeg_segment *s,
                         struct imp_err *err)
{
    static const char exif[6] = "Exif\0";
    if (imp_jpeg_is_frame(s->marker))
        return imp_jpeg_parse_sof(&h->frame, s->marker, s->body, s->at, err);
    if (s->marker == APP1 && h->orientation == 0 &&
        imp_span_starts(s->body, exif, sizeof exif))
        h->orientation = imp_orientation_read((struct imp_span){
            s->body.p + sizeof exif, s->body.n - sizeof exif});
    return true;
}

static bool read_head(struct imp_span file, struct head *h, struct imp_err *err)
{
    struct imp_jpeg_segment s = {0};
    if (!starts_well(file, err))
        return false;
    for (size_t at = 2; s.marker != IMP_JPEG_SOS; at = s.at + s.len)
        if (!imp_jpeg_next_segment(file, at, &s, err) ||
            !take_segment(h, &s, err))
            return false;
    if (!h->frame.sof)
        return imp_fail_at(err, IMP_ERR_DAMAGED, s.at, "a scan before SOF");
    return h->frame.height ||
           imp_jpeg_find_height(&h->frame, file, s.at + s.len, err);
}

static bool look(struct imp_span file, struct imp_look *out,
                 struct imp_err *err)
{
    struct head h = {0};
    if (!read_head(file, &h, err))
        return false;
    const struct imp_jpeg *f = &h.frame;
    if (imp_jpeg_is_lossless(f) || f->precision != 8)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "JPEG of %u bits%s cannot be marked: want 8 bits, "
                        "coded with the DCT",
                        f->precision,
                        imp_jpeg_is_lossless(f) ? ", lossless," : "");
    *out = (struct imp_look){
        .width = f->width,
        .height = f->height,
        .pages = 1,
        .orientation = h.orientation ? h.orientation : 1,
    };
    return true;
}

// Copy the segments before the first scan that are application segments or
// comments, but for Adobe's: it tells how the coding is to be read.
static bool add_described(struct imp_buf *out, struct imp_span file,
                          struct imp_err *err)
{
    struct imp_jpeg_segment s = {0};
    for (size_t at = 2; s.marker != IMP_JPEG_SOS; at = s.at + s.len) {
        if (!imp_jpeg_next_segment(file, at, &s, err))
            return false;
        bool app = s.marker >= IMP_JPEG_APP0 && s.marker <= IMP_JPEG_APP15 &&
                   s.marker != APP14;
        if ((app || s.marker == IMP_JPEG_COM) &&
            !imp_buf_add(out, file.p + s.at, s.len, err))
            return false;
    }
    return true;
}

// Copy the rest: Adobe's segment, tables, frame, and all from the first scan.
static bool add_coding(struct imp_buf *out, struct imp_span coded,
                       struct imp_err *err)
{
    struct imp_jpeg_segment s = {0};
    for (size_t at = 2; s.marker != IMP_JPEG_SOS; at = s.at + s.len) {
        if (!imp_jpeg_next_segment(coded, at, &s, err))
            return false;
        bool app = s.marker >= IMP_JPEG_APP0 && s.marker <= IMP_JPEG_APP15;
        if ((app && s.marker != APP14) || s.marker == IMP_JPEG_COM)
            continue;
        size_t n = s.marker == IMP_JPEG_SOS ? coded.n - s.at : s.len;
        if (!imp_buf_add(out, coded.p + s.at, n, err))
            return false;
    }
    return true;
}

// `file` with the coded picture of `coded` instead of its own.
static bool rewrap(struct imp_span file, struct imp_span coded,
                   struct imp_buf *out, struct imp_err *err)
{
    out->n = 0;
    return starts_well(file, err) && starts_well(coded, err) &&
           imp_buf_add(out, file.p, 2, err) && add_described(out, file, err) &&
           add_coding(out, coded, err);
}

static bool draw(const struct imp_drawing *d, struct imp_span file,
                 const struct imp_look *look, struct imp_buf *out,
                 struct imp_err *err)
{
    (void)look;
    struct imp_buf coded = {0};
    bool ok = imp_recode(file, d->where, &d->paint, false, &coded, err) &&
              rewrap(file, imp_buf_span(&coded), out, err);
    imp_buf_clear(&coded);
    return ok;
}

const struct imp_carrier imp_carrier_jpeg = {
    .format = "jpeg",
    .route = "coefficients",
    .look = look,
    .draw = draw,
};
