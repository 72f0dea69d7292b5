#include "mark/tiff_kind.h"

#define MAX_TILE 4096 // each way: a tile is in memory as a whole

static bool refuse(const struct imp_tiff_kind *p, const char *what,
                   struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_UNSUPPORTED, p->ifd.at,
                       "TIFF with %s cannot be marked", what);
}

static bool is_fax(uint32_t compression)
{
    return (compression >= IMP_TIFF_CCITT_RLE &&
            compression <= IMP_TIFF_CCITT_T6) ||
           compression == IMP_TIFF_CCITT_RLEW;
}

static unsigned colours_of(int32_t photometric)
{
    switch (photometric) {
    case IMP_TIFF_RGB:
    case IMP_TIFF_YCBCR:
        return 3;
    case IMP_TIFF_SEPARATED:
        return 4;
    default:
        return 1;
    }
}

// Samples that the decoder and the encoder keep to the bit. Those that are not
// 8 or 16 bits without a sign are grey or RGB from black up.
static bool is_known_sample(const struct imp_tiff_kind *p)
{
    const struct imp_tiff_shape *s = &p->shape;
    bool is_grey = s->photometric == 0 || s->photometric == 1;
    if (s->photometric == IMP_TIFF_PALETTE)
        return p->format == 1 &&
               (s->bits == 1 || s->bits == 2 || s->bits == 4 || s->bits == 8);
    if (p->format == 1 && (s->bits == 8 || s->bits == 16))
        return is_grey || colours_of(s->photometric) > 1;
    if (p->format == 1 && s->bits == 1)
        return is_grey && s->samples == 1;
    if (s->photometric != 1 && s->photometric != IMP_TIFF_RGB)
        return false;
    return (p->format == 2 && (s->bits == 8 || s->bits == 16)) ||
           (p->format >= 1 && p->format <= 3 && s->bits == 32);
}

// Is a number in the output what it was in the source?
static bool keeps_numbers(const struct imp_tiff_kind *p)
{
    return p->shape.photometric == 1 || p->shape.photometric == IMP_TIFF_RGB ||
           p->shape.photometric == IMP_TIFF_SEPARATED;
}

// The colours, and at most an alpha, which needs to know what is white; with a
// white that is 0 readers do not agree about it. A tag for one that is not
// there takes a sample away from the colours that are coded instead.
static bool is_known_pixel(const struct imp_tiff_kind *p)
{
    const struct imp_tiff_shape *s = &p->shape;
    unsigned colours = colours_of(s->photometric);
    if (s->samples == colours)
        return !imp_tiff_find(&p->ifd, IMP_TIFF_EXTRA_SAMPLES);
    return s->samples == colours + 1 && colours != 4 && p->format == 1 &&
           s->bits <= 16 && s->compression != IMP_TIFF_JPEG &&
           (p->extra == IMP_TIFF_ASSOCIATED
                ? keeps_numbers(p)
                : p->extra == IMP_TIFF_UNASSOCIATED && s->photometric != 0);
}

// JPEG is decoded as all readers do; what comes of it is stored without loss.
static bool is_known_coding(const struct imp_tiff_kind *p)
{
    const struct imp_tiff_shape *s = &p->shape;
    if (s->compression == IMP_TIFF_JPEG)
        return s->bits == 8 && p->format == 1 && !s->planes_apart &&
               s->photometric != IMP_TIFF_PALETTE;
    return s->photometric != IMP_TIFF_YCBCR &&
           (s->compression == IMP_TIFF_NONE || s->compression == IMP_TIFF_LZW ||
            s->compression == IMP_TIFF_DEFLATE ||
            s->compression == IMP_TIFF_DEFLATE_OLD ||
            s->compression == IMP_TIFF_PACKBITS || is_fax(s->compression));
}

static bool check_kind(const struct imp_tiff_kind *p, struct imp_err *err)
{
    const struct imp_tiff_shape *s = &p->shape;
    if (is_known_sample(p) && is_known_pixel(p) && is_known_coding(p))
        return true;
    return imp_fail_at(
        err, IMP_ERR_UNSUPPORTED, p->ifd.at,
        "TIFF of %u samples of %u bits (format %u), PhotometricInterpretation "
        "%d, ExtraSamples %u, Compression %u cannot be marked",
        s->samples, s->bits, p->format, s->photometric, p->extra,
        s->compression);
}

// A palette has 16 bits a colour (section 5), pixels that take its place have
// 8: that is exact if the two bytes of each are the same.
static bool check_palette(const struct imp_tiff *t,
                          const struct imp_tiff_kind *p, struct imp_err *err)
{
    const struct imp_tiff_entry *e = imp_tiff_find(&p->ifd, IMP_TIFF_COLOR_MAP);
    uint64_t colour;
    for (uint64_t i = 0; e && i < e->count; i++)
        if (!imp_tiff_number(t, e, i, &colour) || colour >> 8 != (colour & 255))
            return refuse(p, "a palette of more than 8 bits a colour", err);
    return true;
}

// Are the fractions of a tag, if it is there, these, in thousandths?
static bool are_fractions(const struct imp_tiff *t,
                          const struct imp_tiff_kind *p, uint16_t tag,
                          const uint32_t *want, uint64_t n)
{
    const struct imp_tiff_entry *e = imp_tiff_find(&p->ifd, tag);
    if (!e)
        return true;
    if (e->type != IMP_TIFF_RATIONAL || e->count != n || !e->bytes.p)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t num = imp_tiff_u32(t, e->bytes.p + 8 * i);
        uint64_t den = imp_tiff_u32(t, e->bytes.p + 8 * i + 4);
        if (den == 0 || (num * 1000 + den / 2) / den != want[i])
            return false;
    }
    return true;
}

// JPEG's own YCbCr (JFIF: BT.601, all 256 numbers of each) is what decoders
// take it for, whatever the tags say.
static bool check_ycbcr(const struct imp_tiff *t, const struct imp_tiff_kind *p,
                        struct imp_err *err)
{
    static const uint32_t weights[] = {299, 587, 114};
    static const uint32_t range[] = {0, 255000, 128000, 255000, 128000, 255000};
    if (p->shape.photometric != IMP_TIFF_YCBCR)
        return true;
    if (!are_fractions(t, p, IMP_TIFF_YCBCR_COEFFICIENTS, weights, 3))
        return refuse(p, "YCbCrCoefficients that are not JPEG's", err);
    if (!are_fractions(t, p, IMP_TIFF_REFERENCE_BLACK_WHITE, range, 6))
        return refuse(p, "a ReferenceBlackWhite that is not JPEG's", err);
    return true;
}

static bool check_tags(const struct imp_tiff *t, const struct imp_tiff_kind *p,
                       struct imp_err *err)
{
    if (imp_tiff_find(&p->ifd, IMP_TIFF_SUB_IFDS))
        return refuse(p, "SubIFDs", err);
    if (imp_tiff_number_of(t, &p->ifd, IMP_TIFF_INK_SET, 1) != 1)
        return refuse(p, "inks that are not CMYK", err);
    if (imp_tiff_find(&p->ifd, IMP_TIFF_TRANSFER_FUNCTION) && !keeps_numbers(p))
        return refuse(p, "a TransferFunction of other samples", err);
    return check_ycbcr(t, p, err) && check_palette(t, p, err);
}

static bool check_tile(const struct imp_tiff_kind *p, struct imp_err *err)
{
    const struct imp_tiff_shape *s = &p->shape;
    uint64_t tile = (uint64_t)s->piece_width * s->piece_height;
    if (!s->tiled || tile <= (uint64_t)MAX_TILE * MAX_TILE ||
        tile <= (uint64_t)s->width * s->height)
        return true;
    return imp_fail_at(err, IMP_ERR_LIMIT, p->ifd.at,
                       "TIFF with tiles of %u x %u pixels, want at most %u x "
                       "%u, or what the picture has",
                       s->piece_width, s->piece_height, MAX_TILE, MAX_TILE);
}

static uint32_t number_of(const struct imp_tiff *t,
                          const struct imp_tiff_kind *p, uint16_t tag,
                          uint32_t otherwise)
{
    uint64_t v = imp_tiff_number_of(t, &p->ifd, tag, otherwise);
    return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static uint32_t extra_of(const struct imp_tiff *t,
                         const struct imp_tiff_ifd *ifd)
{
    const struct imp_tiff_entry *e = imp_tiff_find(ifd, IMP_TIFF_EXTRA_SAMPLES);
    if (!e)
        return IMP_TIFF_UNASSOCIATED;
    return e->type == IMP_TIFF_SHORT && e->count == 1 && e->bytes.p
               ? imp_tiff_u16(t, e->bytes.p)
               : IMP_TIFF_NO_ALPHA;
}

bool imp_tiff_kind_read(struct imp_tiff *t, uint64_t at,
                        struct imp_tiff_kind *p, struct imp_err *err)
{
    *p = (struct imp_tiff_kind){.ifd = {.at = at, .name = "IFD"}};
    if (!imp_tiff_read_ifd(t, &p->ifd, err) ||
        !imp_tiff_read_shape(t, &p->ifd, &p->shape, err))
        return false;
    uint32_t o = number_of(t, p, IMP_TIFF_ORIENTATION, 1);
    p->orientation = o >= 1 && o <= 8 ? o : 1;
    p->format = number_of(t, p, IMP_TIFF_SAMPLE_FORMAT, 1);
    p->predictor = number_of(t, p, IMP_TIFF_PREDICTOR, 1);
    p->extra = extra_of(t, &p->ifd);
    return check_kind(p, err) && check_tags(t, p, err) && check_tile(p, err);
}

// --- How it is coded again ---

// Section 15: a tile's sides are multiples of 16. One that is larger than the
// picture is not made again.
static uint32_t tile_side(uint32_t tile, uint32_t picture)
{
    uint32_t whole = picture / 16 * 16 + (picture % 16 ? 16 : 0);
    return tile < whole ? tile : whole;
}

static bool keeps_tiles(const struct imp_tiff_shape *s)
{
    return s->tiled && s->piece_width % 16 == 0 && s->piece_height % 16 == 0 &&
           s->piece_width <= MAX_TILE && s->piece_height <= MAX_TILE;
}

void imp_tiff_kind_coding(const struct imp_tiff *t,
                          const struct imp_tiff_kind *p, struct imp_coding *out)
{
    const struct imp_tiff_shape *s = &p->shape;
    *out = (struct imp_coding){.big = t->big,
                               .bilevel = s->bits == 1 &&
                                          s->photometric != IMP_TIFF_PALETTE};
    out->associated = s->samples > colours_of(s->photometric) &&
                      p->extra == IMP_TIFF_ASSOCIATED;
    if (keeps_tiles(s)) {
        out->tile_width = tile_side(s->piece_width, s->width);
        out->tile_height = tile_side(s->piece_height, s->height);
    }
    if (p->predictor == 2)
        out->predictor = IMP_PREDICTED_ACROSS;
    else if (p->predictor == 3)
        out->predictor = IMP_PREDICTED_FLOAT;
    if (s->compression == IMP_TIFF_NONE)
        out->compression = IMP_CODED_PLAIN;
    else if (s->compression == IMP_TIFF_LZW)
        out->compression = IMP_CODED_LZW;
    else if (s->compression == IMP_TIFF_PACKBITS)
        out->compression = IMP_CODED_PACKBITS;
    else if (is_fax(s->compression))
        out->compression = IMP_CODED_FAX;
    else
        out->compression = IMP_CODED_DEFLATE;
    if (s->compression == IMP_TIFF_JPEG)
        out->predictor = IMP_PREDICTED_ACROSS;
}
