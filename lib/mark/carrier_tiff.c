// TIFF (Revision 6.0): pages that are all of one kind are drawn on and coded
// anew, losslessly, as one file; what else a file may be is refused by name.
#include "image/tiff.h"
#include "mark/carrier.h"

#define MAX_PAGES 10000

// What must be alike in all pages, for they are one picture to the encoder.
static const uint16_t alike[] = {
    IMP_TIFF_WIDTH,           IMP_TIFF_LENGTH,
    IMP_TIFF_BITS_PER_SAMPLE, IMP_TIFF_SAMPLES_PER_PIXEL,
    IMP_TIFF_SAMPLE_FORMAT,   IMP_TIFF_PHOTOMETRIC,
    IMP_TIFF_COMPRESSION,     IMP_TIFF_PREDICTOR,
    IMP_TIFF_EXTRA_SAMPLES,   IMP_TIFF_ORIENTATION,
    IMP_TIFF_TILE_WIDTH,      IMP_TIFF_TILE_LENGTH,
};
#define ALIKE (sizeof alike / sizeof *alike)

// What the encoder would not write, and the picture would look otherwise
// without; pictures below a page.
static const struct {
    uint16_t tag;
    const char *name;
} in_the_way[] = {
    {IMP_TIFF_SUB_IFDS, "SubIFDs"},
    {IMP_TIFF_TRANSFER_FUNCTION, "TransferFunction"},
    {IMP_TIFF_WHITE_POINT, "WhitePoint"},
    {IMP_TIFF_CHROMATICITIES, "PrimaryChromaticities"},
    {IMP_TIFF_REFERENCE_BLACK_WHITE, "ReferenceBlackWhite"},
};

static bool check_ways(const struct imp_tiff_ifd *ifd, struct imp_err *err)
{
    for (size_t i = 0; i < sizeof in_the_way / sizeof *in_the_way; i++)
        if (imp_tiff_find(ifd, in_the_way[i].tag))
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                               "TIFF with %s cannot be marked",
                               in_the_way[i].name);
    return true;
}

static bool is_fax(uint64_t compression)
{
    return (compression >= IMP_TIFF_CCITT_RLE &&
            compression <= IMP_TIFF_CCITT_T6) ||
           compression == IMP_TIFF_CCITT_RLEW;
}

// Grey, RGB, palettes and CMYK of 8 or 16 bits (1 in grey), at most with an
// alpha that is not multiplied in, in a coding without loss.
static bool check_kind(const struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       struct imp_err *err)
{
    uint64_t bits = imp_tiff_number_of(t, ifd, IMP_TIFF_BITS_PER_SAMPLE, 1);
    uint64_t samples =
        imp_tiff_number_of(t, ifd, IMP_TIFF_SAMPLES_PER_PIXEL, 1);
    uint64_t format = imp_tiff_number_of(t, ifd, IMP_TIFF_SAMPLE_FORMAT, 1);
    uint64_t kind = imp_tiff_number_of(t, ifd, IMP_TIFF_PHOTOMETRIC, 99);
    uint64_t extra = imp_tiff_number_of(t, ifd, IMP_TIFF_EXTRA_SAMPLES, 2);
    uint64_t coding = imp_tiff_number_of(t, ifd, IMP_TIFF_COMPRESSION, 1);
    bool depth = bits == 8 || (bits == 16 && kind != IMP_TIFF_PALETTE) ||
                 (bits == 1 && samples == 1 && kind <= 1);
    uint64_t colours = kind == IMP_TIFF_RGB         ? 3
                       : kind == IMP_TIFF_SEPARATED ? 4
                                                    : 1;
    bool known = kind <= IMP_TIFF_PALETTE || kind == IMP_TIFF_SEPARATED;
    bool shape = samples == colours ||
                 (samples == colours + 1 && extra == 2 && colours != 4);
    bool exact = coding == IMP_TIFF_NONE || coding == IMP_TIFF_LZW ||
                 coding == IMP_TIFF_DEFLATE || coding == IMP_TIFF_DEFLATE_OLD ||
                 coding == IMP_TIFF_PACKBITS || is_fax(coding);
    if (known && depth && shape && exact && format == 1)
        return true;
    return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                       "TIFF of %ju samples of %ju bits (format %ju), "
                       "PhotometricInterpretation %ju, ExtraSamples %ju, "
                       "Compression %ju cannot be marked",
                       (uintmax_t)samples, (uintmax_t)bits, (uintmax_t)format,
                       (uintmax_t)kind, (uintmax_t)extra, (uintmax_t)coding);
}

// A palette has 16 bits a colour (section 5), pixels that take its place have
// 8: that is exact if the two bytes of each are the same.
static bool check_palette(const struct imp_tiff *t,
                          const struct imp_tiff_ifd *ifd, struct imp_err *err)
{
    const struct imp_tiff_entry *e = imp_tiff_find(ifd, IMP_TIFF_COLOR_MAP);
    uint64_t colour;
    for (uint64_t i = 0; e && i < e->count; i++)
        if (!imp_tiff_number(t, e, i, &colour) || colour >> 8 != (colour & 255))
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                               "TIFF with a palette of more than 8 bits a "
                               "colour cannot be marked");
    return true;
}

static bool check_alike(const struct imp_tiff *t, const struct imp_tiff_ifd *a,
                        const struct imp_tiff_ifd *b, struct imp_err *err)
{
    for (size_t i = 0; i < ALIKE; i++)
        if (imp_tiff_number_of(t, a, alike[i], 0) !=
            imp_tiff_number_of(t, b, alike[i], 0))
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, b->at,
                               "TIFF whose pages differ in tag %u cannot be "
                               "marked",
                               alike[i]);
    return true;
}

static void describe(const struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                     struct imp_look *out)
{
    uint64_t o = imp_tiff_number_of(t, ifd, IMP_TIFF_ORIENTATION, 1);
    *out = (struct imp_look){
        .width = (uint32_t)imp_tiff_number_of(t, ifd, IMP_TIFF_WIDTH, 0),
        .height = (uint32_t)imp_tiff_number_of(t, ifd, IMP_TIFF_LENGTH, 0),
        .orientation = o >= 1 && o <= 8 ? (unsigned)o : 1,
        .coding =
            {
                .big = t->big,
                .bilevel = imp_tiff_number_of(t, ifd, IMP_TIFF_BITS_PER_SAMPLE,
                                              1) == 1,
                .predictor =
                    imp_tiff_number_of(t, ifd, IMP_TIFF_PREDICTOR, 1) == 2,
                .tile_width = (uint32_t)imp_tiff_number_of(
                    t, ifd, IMP_TIFF_TILE_WIDTH, 0),
                .tile_height = (uint32_t)imp_tiff_number_of(
                    t, ifd, IMP_TIFF_TILE_LENGTH, 0),
            },
    };
    uint64_t compression = imp_tiff_number_of(t, ifd, IMP_TIFF_COMPRESSION, 1);
    switch (compression) {
    case IMP_TIFF_LZW:
        out->coding.compression = IMP_CODED_LZW;
        break;
    case IMP_TIFF_PACKBITS:
        out->coding.compression = IMP_CODED_PACKBITS;
        break;
    case IMP_TIFF_NONE:
        out->coding.compression = IMP_CODED_PLAIN;
        break;
    default:
        out->coding.compression =
            is_fax(compression) ? IMP_CODED_FAX : IMP_CODED_DEFLATE;
        break;
    }
}

static bool look_at_pages(struct imp_tiff *t, struct imp_look *out,
                          struct imp_err *err)
{
    struct imp_tiff_ifd first = {0};
    for (uint64_t at = t->first_ifd; at; out->pages++) {
        struct imp_tiff_ifd ifd = {.at = at, .name = "IFD"};
        if (out->pages == MAX_PAGES)
            return imp_fail(err, IMP_ERR_LIMIT, "TIFF of more than %d pages",
                            MAX_PAGES);
        if (!imp_tiff_read_ifd(t, &ifd, err) || !check_ways(&ifd, err) ||
            !check_kind(t, &ifd, err) || !check_palette(t, &ifd, err))
            return false;
        if (out->pages == 0) {
            first = ifd;
            describe(t, &ifd, out);
        } else if (!check_alike(t, &first, &ifd, err)) {
            return false;
        }
        at = ifd.next;
    }
    return out->pages > 0 ||
           imp_fail(err, IMP_ERR_DAMAGED, "TIFF without a page");
}

static bool look(struct imp_span file, struct imp_look *out,
                 struct imp_err *err)
{
    struct imp_cutlist memory = {0};
    struct imp_tiff t;
    *out = (struct imp_look){0};
    bool ok =
        imp_tiff_begin(&t, file, &memory, err) && look_at_pages(&t, out, err);
    imp_tiff_end(&t);
    return ok;
}

// --- The encoder's file ---
//
// It carries profile and orientation; but a picture has a resolution there
// whether it had one before or not, and in other numbers.

#define NO_TAG 65000 // a private one: it goes when the file is cleaned

struct pages {
    struct imp_tiff old, fresh;
    uint8_t *bytes; // of `fresh`, to be written to
};

static bool is_fraction(const struct imp_tiff_entry *e)
{
    return e && e->type == IMP_TIFF_RATIONAL && e->count == 1 && e->bytes.p;
}

static void set_fraction(struct pages *p, const struct imp_tiff_ifd *old,
                         const struct imp_tiff_ifd *fresh, uint16_t tag)
{
    const struct imp_tiff_entry *to = imp_tiff_find(fresh, tag);
    const struct imp_tiff_entry *from = imp_tiff_find(old, tag);
    if (!is_fraction(to))
        return;
    if (!is_fraction(from)) {
        imp_tiff_put16(&p->fresh, p->bytes + to->at, NO_TAG);
        return;
    }
    for (size_t i = 0; i < 8; i += 4)
        imp_tiff_put32(&p->fresh, p->bytes + to->value + i,
                       imp_tiff_u32(&p->old, from->bytes.p + i));
}

static void set_unit(struct pages *p, const struct imp_tiff_ifd *old,
                     const struct imp_tiff_ifd *fresh)
{
    const struct imp_tiff_entry *to =
        imp_tiff_find(fresh, IMP_TIFF_RESOLUTION_UNIT);
    uint64_t unit =
        imp_tiff_number_of(&p->old, old, IMP_TIFF_RESOLUTION_UNIT, 0);
    if (!to || to->type != IMP_TIFF_SHORT || to->count != 1)
        return;
    if (unit)
        imp_tiff_put16(&p->fresh, p->bytes + to->value, (uint16_t)unit);
    else
        imp_tiff_put16(&p->fresh, p->bytes + to->at, NO_TAG);
}

static bool set_resolutions(struct pages *p, struct imp_err *err)
{
    uint64_t from = p->old.first_ifd, to = p->fresh.first_ifd;
    while (from && to) {
        struct imp_tiff_ifd old = {.at = from, .name = "IFD"};
        struct imp_tiff_ifd fresh = {.at = to, .name = "IFD"};
        if (!imp_tiff_read_ifd(&p->old, &old, err) ||
            !imp_tiff_read_ifd(&p->fresh, &fresh, err))
            return false;
        set_fraction(p, &old, &fresh, IMP_TIFF_X_RESOLUTION);
        set_fraction(p, &old, &fresh, IMP_TIFF_Y_RESOLUTION);
        set_unit(p, &old, &fresh);
        from = old.next;
        to = fresh.next;
    }
    return (!from && !to) ||
           imp_fail(err, IMP_ERR_DAMAGED, "the number of pages has changed");
}

// `file` with the coded picture of `coded` instead of its own.
static bool rewrap(struct imp_span file, struct imp_span coded,
                   struct imp_buf *out, struct imp_err *err)
{
    struct imp_cutlist old = {0}, fresh = {0};
    struct pages p;
    out->n = 0;
    if (!imp_buf_add(out, coded.p, coded.n, err))
        return false;
    p.bytes = out->p;
    bool ok = imp_tiff_begin(&p.old, file, &old, err);
    ok = imp_tiff_begin(&p.fresh, imp_buf_span(out), &fresh, ok ? err : NULL) &&
         ok;
    ok = ok && set_resolutions(&p, err);
    imp_tiff_end(&p.old);
    imp_tiff_end(&p.fresh);
    return ok;
}

static bool draw(const struct imp_drawing *d, struct imp_span file,
                 const struct imp_look *look, struct imp_buf *out,
                 struct imp_err *err)
{
    struct imp_buf coded = {0};
    bool ok = imp_draw_decoded(d, "tiff", file, look, &coded, err) &&
              rewrap(file, imp_buf_span(&coded), out, err);
    imp_buf_clear(&coded);
    return ok;
}

const struct imp_carrier imp_carrier_tiff = {
    .format = "tiff",
    .route = "pixels",
    .look = look,
    .draw = draw,
};
