// JPEG (ITU-T T.81): the application segments stay as they are, the tables,
// the frame and the scans are new.
#include "image/jpeg.h"
#include "mark/carrier.h"
#include "mark/orient.h"

#include <string.h>

#define APP1 (IMP_JPEG_APP0 + 1)
#define APP14 (IMP_JPEG_APP0 + 14)
#define COEFFICIENTS 64

struct segment {
    uint8_t marker;
    size_t at, size;      // marker and length included
    struct imp_span body; // behind the length
};

// What stands before the first scan.
struct head {
    struct imp_jpeg frame;
    uint16_t quant[4][COEFFICIENTS]; // in zigzag order
    bool has_quant[4];
    unsigned orientation; // 0: not stated
};

static bool segment_at(struct imp_span file, size_t at, struct segment *s,
                       struct imp_err *err)
{
    struct imp_span in;
    // Any number of fill bytes may precede a marker (B.1.1.2).
    while (imp_span_sub(file, at, 2, &in) && in.p[0] == 0xFF && in.p[1] == 0xFF)
        at++;
    if (!imp_span_sub(file, at, 4, &in) || in.p[0] != 0xFF)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "no marker segment at offset %zu", at);
    size_t length = imp_be16(in.p + 2);
    if (length < 2 || !imp_span_sub(file, at + 4, length - 2, &s->body))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "segment 0x%02X at offset %zu: %zu bytes run past "
                           "the end",
                           in.p[1], at, length);
    s->marker = in.p[1];
    s->at = at;
    s->size = length + 2;
    return true;
}

static bool starts_well(struct imp_span file, struct imp_err *err)
{
    if (imp_span_starts(file, "\xFF\xD8", 2))
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no SOI marker");
}

// T.81 B.2.4.1.
static bool read_quant(struct head *h, const struct segment *s,
                       struct imp_err *err)
{
    struct imp_span t;
    size_t at = 0;
    while (at < s->body.n) {
        unsigned wide = s->body.p[at] >> 4, slot = s->body.p[at] & 15;
        size_t bytes = COEFFICIENTS * (wide ? 2 : 1);
        if (wide > 1 || slot > 3 || !imp_span_sub(s->body, at + 1, bytes, &t))
            return imp_fail_at(err, IMP_ERR_DAMAGED, s->at,
                               "DQT: table %u of precision %u is not whole",
                               slot, wide);
        for (size_t i = 0; i < COEFFICIENTS; i++)
            h->quant[slot][i] = wide ? imp_be16(t.p + 2 * i) : t.p[i];
        h->has_quant[slot] = true;
        at += 1 + bytes;
    }
    return true;
}

static bool is_frame(uint8_t marker)
{
    return marker >= IMP_JPEG_SOF0 && marker <= IMP_JPEG_SOF15 &&
           marker != IMP_JPEG_DHT && marker != IMP_JPEG_JPG &&
           marker != IMP_JPEG_DAC;
}

static bool take_segment(struct head *h, const struct segment *s,
                         struct imp_err *err)
{
    static const char exif[6] = "Exif\0";
    if (is_frame(s->marker))
        return imp_jpeg_parse_sof(&h->frame, s->marker, s->body, s->at, err);
    if (s->marker == IMP_JPEG_DQT)
        return read_quant(h, s, err);
    if (s->marker == APP1 && h->orientation == 0 &&
        imp_span_starts(s->body, exif, sizeof exif))
        h->orientation = imp_orientation_read((struct imp_span){
            s->body.p + sizeof exif, s->body.n - sizeof exif});
    return true;
}

static bool read_head(struct imp_span file, struct head *h, struct imp_err *err)
{
    struct segment s = {0};
    if (!starts_well(file, err))
        return false;
    for (size_t at = 2; s.marker != IMP_JPEG_SOS; at = s.at + s.size)
        if (!segment_at(file, at, &s, err) || !take_segment(h, &s, err))
            return false;
    if (!h->frame.sof)
        return imp_fail_at(err, IMP_ERR_DAMAGED, s.at, "a scan before SOF");
    return true;
}

// T.81 Annex K.1, in zigzag order: what libjpeg scales by its quality.
static const uint8_t LUMA[COEFFICIENTS] = {
    16, 11, 12,  14,  12,  10, 16, 14,  13,  14,  18,  17,  16, 19,  24,  40,
    26, 24, 22,  22,  24,  49, 35, 37,  29,  40,  58,  51,  61, 60,  57,  51,
    56, 55, 64,  72,  92,  78, 64, 68,  87,  69,  55,  56,  80, 109, 81,  87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99};
static const uint8_t CHROMA[COEFFICIENTS] = {
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

// Is libjpeg's table for `quality` nowhere coarser than this one?
static bool no_coarser(const uint8_t base[COEFFICIENTS], int quality,
                       const uint16_t table[COEFFICIENTS])
{
    int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (size_t i = 0; i < COEFFICIENTS; i++) {
        int step = (base[i] * percent + 50) / 100;
        step = step < 1 ? 1 : step > 255 ? 255 : step;
        if (step > table[i])
            return false;
    }
    return true;
}

// Will the encoder's tables do for every component? Its second table is for
// the two chroma components of YCbCr; CMYK has the first throughout.
static bool quality_suffices(const struct head *h, int quality)
{
    for (unsigned i = 0; i < h->frame.n_comp; i++) {
        const uint16_t *table = h->quant[h->frame.comp[i].tq];
        bool chroma = h->frame.n_comp == 3 && i > 0;
        if (!h->has_quant[h->frame.comp[i].tq] ||
            !no_coarser(chroma ? CHROMA : LUMA, quality, table))
            return false;
    }
    return true;
}

// The lowest quality at which no coefficient is quantised more coarsely than
// in the original; 100 has steps of 1.
static int quality_of(const struct head *h)
{
    int quality = 1;
    while (quality < 100 && !quality_suffices(h, quality))
        quality++;
    return quality;
}

// The encoder can halve chroma both ways or not at all.
static bool has_half_chroma(const struct imp_jpeg *f)
{
    if (f->n_comp != 3)
        return false;
    const struct imp_jpeg_comp *y = &f->comp[0];
    for (unsigned i = 1; i < 3; i++)
        if (y->h < 2 * f->comp[i].h || y->v < 2 * f->comp[i].v)
            return false;
    return true;
}

static bool look(struct imp_span file, struct imp_look *out,
                 struct imp_err *err)
{
    struct head h = {0};
    if (!read_head(file, &h, err))
        return false;
    const struct imp_jpeg *f = &h.frame;
    // An encoder that knows Huffman codes alone would change the kind of file.
    if (f->sof > IMP_JPEG_SOF2)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "JPEG with SOF%d (arithmetic or lossless) cannot be "
                        "marked: want SOF0 to SOF2",
                        f->sof - IMP_JPEG_SOF0);
    if (f->precision != 8)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "JPEG of %u bits cannot be marked: want 8",
                        f->precision);
    if (f->n_comp == 2)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "JPEG of 2 components cannot be marked: want 1, 3 or "
                        "4");
    if (f->height == 0)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "JPEG that tells its height behind the first scan "
                        "(DNL) cannot be marked");
    *out = (struct imp_look){
        .width = f->width,
        .height = f->height,
        .orientation = h.orientation ? h.orientation : 1,
        .coding = {.quality = quality_of(&h),
                   .halve_chroma = has_half_chroma(f),
                   .interlace = f->sof == IMP_JPEG_SOF2},
    };
    return true;
}

// Copy the segments before the first scan that are application segments or
// comments, but for Adobe's: it tells how the coding is to be read.
static bool add_described(struct imp_buf *out, struct imp_span file,
                          struct imp_err *err)
{
    struct segment s = {0};
    for (size_t at = 2; s.marker != IMP_JPEG_SOS; at = s.at + s.size) {
        if (!segment_at(file, at, &s, err))
            return false;
        bool app = s.marker >= IMP_JPEG_APP0 && s.marker <= IMP_JPEG_APP15 &&
                   s.marker != APP14;
        if ((app || s.marker == IMP_JPEG_COM) &&
            !imp_buf_add(out, file.p + s.at, s.size, err))
            return false;
    }
    return true;
}

// Copy the rest: Adobe's segment, tables, frame, and all from the first scan.
static bool add_coding(struct imp_buf *out, struct imp_span coded,
                       struct imp_err *err)
{
    struct segment s = {0};
    for (size_t at = 2; s.marker != IMP_JPEG_SOS; at = s.at + s.size) {
        if (!segment_at(coded, at, &s, err))
            return false;
        bool app = s.marker >= IMP_JPEG_APP0 && s.marker <= IMP_JPEG_APP15;
        if ((app && s.marker != APP14) || s.marker == IMP_JPEG_COM)
            continue;
        size_t n = s.marker == IMP_JPEG_SOS ? coded.n - s.at : s.size;
        if (!imp_buf_add(out, coded.p + s.at, n, err))
            return false;
    }
    return true;
}

static bool rewrap(struct imp_span file, struct imp_span coded,
                   struct imp_buf *out, struct imp_err *err)
{
    out->n = 0;
    return starts_well(file, err) && starts_well(coded, err) &&
           imp_buf_add(out, file.p, 2, err) && add_described(out, file, err) &&
           add_coding(out, coded, err);
}

const struct imp_carrier imp_carrier_jpeg = {
    .format = "jpeg",
    .look = look,
    .rewrap = rewrap,
};
