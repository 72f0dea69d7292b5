#include "image/tiff.h"

#include <string.h>

// One directory's tags being sorted.
struct sorting {
    struct imp_tiff *t;
    const struct imp_tiff_ifd *ifd;
    const struct imp_tiff_shape *s;
    struct imp_tiff_page *page;
};

// A tag that may stay: what is written is made from its checked values.
struct row {
    uint16_t tag;
    const char *name;
    // Adds a field or drops the tag.
    bool (*take)(struct sorting *g, const struct row *row,
                 const struct imp_tiff_entry *e, struct imp_err *err);
    uint16_t type; // of what is written
    uint32_t lo, hi;
};

void imp_tiff_add_field(struct imp_tiff_page *page, struct imp_tiff_field field)
{
    if (page->n == page->cap)
        imp_bug("more TIFF fields than there is room for");
    page->field[page->n++] = field;
}

static bool drop(struct sorting *g, const struct imp_tiff_entry *e,
                 const char *why, struct imp_err *err)
{
    return imp_tiff_drop_tag(g->t, g->ifd, e, why, err);
}

// Room for `count` values of the row's type in a new field; NULL without
// memory. The old value goes under the tag's name.
static uint8_t *put_field(struct sorting *g, const struct row *row,
                          const struct imp_tiff_entry *e, uint64_t count,
                          enum imp_part_kind part, struct imp_err *err)
{
    size_t n = count * imp_tiff_type_size(row->type);
    uint8_t *p = imp_cutlist_alloc(g->t->cl, n);
    if (!p) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu bytes of a tag", n);
        return NULL;
    }
    if (e->out_of_line && !imp_regions_label(&g->t->regions, e->value,
                                             e->bytes.n, part, row->name, err))
        return NULL;
    imp_tiff_add_field(g->page, (struct imp_tiff_field){.tag = row->tag,
                                                        .type = row->type,
                                                        .count = count,
                                                        .bytes = {p, n},
                                                        .part = part,
                                                        .what = row->name});
    return p;
}

static void put_number(const struct imp_tiff *t, uint16_t type, uint8_t *p,
                       uint64_t i, uint64_t v)
{
    if (type == IMP_TIFF_SHORT)
        imp_tiff_put16(t, p + 2 * i, (uint16_t)v);
    else
        imp_tiff_put32(t, p + 4 * i, (uint32_t)v);
}

static bool in_range(const struct sorting *g, const struct row *row,
                     const struct imp_tiff_entry *e, uint64_t count)
{
    uint64_t v;
    for (uint64_t i = 0; i < count; i++)
        if (!imp_tiff_number(g->t, e, i, &v) || v < row->lo || v > row->hi)
            return false;
    return true;
}

static bool take_numbers(struct sorting *g, const struct row *row,
                         const struct imp_tiff_entry *e, uint64_t count,
                         struct imp_err *err)
{
    if (!in_range(g, row, e, count))
        return drop(g, e, "malformed", err);
    uint8_t *p = put_field(g, row, e, count, IMP_PART_STRUCTURE, err);
    for (uint64_t i = 0, v; p && i < count; i++)
        if (imp_tiff_number(g->t, e, i, &v))
            put_number(g->t, row->type, p, i, v);
    return p != NULL;
}

static bool take_number(struct sorting *g, const struct row *row,
                        const struct imp_tiff_entry *e, struct imp_err *err)
{
    return take_numbers(g, row, e, 1, err);
}

// One for all samples, or one for each.
static bool take_by_sample(struct sorting *g, const struct row *row,
                           const struct imp_tiff_entry *e, struct imp_err *err)
{
    return take_numbers(g, row, e, e->count == 1 ? 1 : g->s->samples, err);
}

// What kind of samples those beyond the colours are (section 18).
static bool take_extra(struct sorting *g, const struct row *row,
                       const struct imp_tiff_entry *e, struct imp_err *err)
{
    if (e->count == 0 || e->count > g->s->samples)
        return drop(g, e, "malformed", err);
    return take_numbers(g, row, e, e->count, err);
}

// Section 12: this page, and how many there are, 0 if not known. Numbers that
// the file does not bear out may mean anything.
static bool take_page_number(struct sorting *g, const struct row *row,
                             const struct imp_tiff_entry *e,
                             struct imp_err *err)
{
    uint64_t page, pages;
    if (!imp_tiff_number(g->t, e, 0, &page) ||
        !imp_tiff_number(g->t, e, 1, &pages) || page >= g->t->n_shown ||
        pages > g->t->n_shown)
        return drop(g, e, "of another document", err);
    return take_numbers(g, row, e, 2, err);
}

// NewSubfileType: bits 0 to 2 have a meaning (section 8). A picture that is one
// JPEG stream passes for a preview with some readers (ExifTool), unless this
// says 0; that it is a page among others the chain tells.
static uint64_t subfile_bits(const struct imp_tiff_shape *s)
{
    return s->compression == IMP_TIFF_JPEG ? 5 : 7;
}

static bool take_subfile(struct sorting *g, const struct row *row,
                         const struct imp_tiff_entry *e, struct imp_err *err)
{
    uint64_t v;
    if (!imp_tiff_number(g->t, e, 0, &v))
        return drop(g, e, "malformed", err);
    uint8_t *p = put_field(g, row, e, 1, IMP_PART_STRUCTURE, err);
    if (p)
        put_number(g->t, row->type, p, 0, v & subfile_bits(g->s));
    return p != NULL;
}

// Rows beyond the picture's height mean its height: libtiff.
static bool take_rows(struct sorting *g, const struct row *row,
                      const struct imp_tiff_entry *e, struct imp_err *err)
{
    if (g->s->tiled)
        return drop(g, e, "beside tiles", err);
    uint8_t *p = put_field(g, row, e, 1, IMP_PART_STRUCTURE, err);
    if (p)
        put_number(g->t, row->type, p, 0, g->s->piece_height);
    return p != NULL;
}

// Options that only one compression has; `lo` is which.
static bool take_option(struct sorting *g, const struct row *row,
                        const struct imp_tiff_entry *e, struct imp_err *err)
{
    uint64_t v;
    if (g->s->compression != row->lo)
        return drop(g, e, "of another compression", err);
    if (!imp_tiff_number(g->t, e, 0, &v) || v > row->hi)
        return drop(g, e, "malformed", err);
    uint8_t *p = put_field(g, row, e, 1, IMP_PART_STRUCTURE, err);
    if (p)
        put_number(g->t, row->type, p, 0, v);
    return p != NULL;
}

static bool take_subsampling(struct sorting *g, const struct row *row,
                             const struct imp_tiff_entry *e,
                             struct imp_err *err)
{
    if (g->s->photometric != IMP_TIFF_YCBCR)
        return drop(g, e, "without YCbCr", err);
    return take_numbers(g, row, e, 2, err);
}

static bool take_positioning(struct sorting *g, const struct row *row,
                             const struct imp_tiff_entry *e,
                             struct imp_err *err)
{
    if (g->s->photometric != IMP_TIFF_YCBCR)
        return drop(g, e, "without YCbCr", err);
    return take_numbers(g, row, e, 1, err);
}

// --- Fractions ---

#define MOST 999999u // of a numerator or denominator: no room for letters

// The nearest fraction, among its continued fraction's, that has small parts.
// Writers turn 72 into 4294966296/59652323; a name fits in there, too.
static bool simplify(uint64_t num, uint64_t den, uint32_t *n, uint32_t *d)
{
    uint64_t n0 = 0, n1 = 1, d0 = 1, d1 = 0;
    while (den) {
        uint64_t whole = num / den, rest = num % den;
        uint64_t n2 = whole * n1 + n0, d2 = whole * d1 + d0;
        if (n2 > MOST || d2 > MOST)
            break;
        n0 = n1, n1 = n2, d0 = d1, d1 = d2;
        num = den, den = rest;
    }
    *n = (uint32_t)n1;
    *d = (uint32_t)d1;
    return d1 != 0;
}

// `lo`: is 0 refused? `hi`: how many there are.
static bool take_fractions(struct sorting *g, const struct row *row,
                           const struct imp_tiff_entry *e, struct imp_err *err)
{
    const struct imp_tiff *t = g->t;
    uint32_t part[12];
    if (e->type != IMP_TIFF_RATIONAL || e->count < row->hi || !e->bytes.p)
        return drop(g, e, "malformed", err);
    for (uint32_t i = 0; i < row->hi; i++) {
        const uint8_t *p = e->bytes.p + 8 * i;
        if (!simplify(imp_tiff_u32(t, p), imp_tiff_u32(t, p + 4), &part[2 * i],
                      &part[2 * i + 1]) ||
            (row->lo && part[2 * i] == 0))
            return drop(g, e, "malformed", err);
    }
    uint8_t *p = put_field(g, row, e, row->hi, IMP_PART_STRUCTURE, err);
    for (uint32_t i = 0; p && i < 2 * row->hi; i++)
        imp_tiff_put32(t, p + 4 * i, part[i]);
    return p != NULL;
}

static bool take_coefficients(struct sorting *g, const struct row *row,
                              const struct imp_tiff_entry *e,
                              struct imp_err *err)
{
    if (g->s->photometric != IMP_TIFF_YCBCR)
        return drop(g, e, "without YCbCr", err);
    return take_fractions(g, row, e, err);
}

// Section 20 has it for RGB and YCbCr.
static bool take_reference(struct sorting *g, const struct row *row,
                           const struct imp_tiff_entry *e, struct imp_err *err)
{
    if (g->s->photometric != IMP_TIFF_YCBCR &&
        g->s->photometric != IMP_TIFF_RGB)
        return drop(g, e, "without RGB or YCbCr", err);
    return take_fractions(g, row, e, err);
}

// --- Tables ---

static bool take_bytes(struct sorting *g, const struct row *row,
                       const struct imp_tiff_entry *e, struct imp_span bytes,
                       enum imp_part_kind part, struct imp_err *err)
{
    uint64_t count = bytes.n / imp_tiff_type_size(row->type);
    uint8_t *p = put_field(g, row, e, count, part, err);
    if (p)
        memcpy(p, bytes.p, bytes.n);
    return p != NULL;
}

// Technical Note 2: tables that the streams of strips and tiles leave out, and
// so a part of them.
static bool take_jpeg_tables(struct sorting *g, const struct row *row,
                             const struct imp_tiff_entry *e,
                             struct imp_err *err)
{
    struct imp_buf clean = {0};
    bool any;
    if (g->s->compression != IMP_TIFF_JPEG)
        return drop(g, e, "of another compression", err);
    bool ok = imp_tiff_clean_jpeg_tables(g->t, e, &clean, &any, err);
    if (ok && any)
        ok = take_bytes(g, row, e, imp_buf_span(&clean), IMP_PART_CODED, err);
    else if (ok)
        ok = drop(g, e, "that no strip or tile uses", err);
    imp_buf_clear(&clean);
    return ok;
}

// Values of one channel for each number that a sample can be.
static uint64_t levels(const struct imp_tiff_shape *s)
{
    return s->bits <= 16 ? UINT64_C(1) << s->bits : 0;
}

// A palette (section 5) is picture as its pixels are.
static bool take_palette(struct sorting *g, const struct row *row,
                         const struct imp_tiff_entry *e, struct imp_err *err)
{
    if (g->s->photometric != IMP_TIFF_PALETTE)
        return drop(g, e, "without a palette's pixels", err);
    if (e->type != IMP_TIFF_SHORT || !e->bytes.p ||
        e->count != 3 * levels(g->s))
        return imp_fail_at(err, IMP_ERR_DAMAGED, e->at,
                           "%s: ColorMap of %ju values, want %ju", g->ifd->name,
                           (uintmax_t)e->count, (uintmax_t)(3 * levels(g->s)));
    return take_bytes(g, row, e, e->bytes, IMP_PART_CODED, err);
}

// Section 20. A transfer function only rises; what does not may be text.
static bool take_transfer(struct sorting *g, const struct row *row,
                          const struct imp_tiff_entry *e, struct imp_err *err)
{
    uint64_t n = levels(g->s);
    if (e->type != IMP_TIFF_SHORT || !e->bytes.p || n == 0 ||
        (e->count != n && e->count != 3 * n))
        return drop(g, e, "malformed", err);
    for (uint64_t i = 1; i < e->count; i++)
        if (i % n && imp_tiff_u16(g->t, e->bytes.p + 2 * i) <
                         imp_tiff_u16(g->t, e->bytes.p + 2 * i - 2))
            return drop(g, e, "does not rise", err);
    return take_bytes(g, row, e, e->bytes, IMP_PART_STRUCTURE, err);
}

static bool take_icc(struct sorting *g, const struct row *row,
                     const struct imp_tiff_entry *e, struct imp_err *err)
{
    struct imp_verdict verdict;
    if ((e->type != IMP_TIFF_UNDEFINED && e->type != IMP_TIFF_BYTE) ||
        !e->out_of_line || !e->bytes.p)
        return drop(g, e, "malformed", err);
    struct imp_part part = {.kind = IMP_PART_ICC,
                            .name = row->name,
                            .offset = e->value,
                            .length = e->bytes.n,
                            .payload = e->bytes};
    if (!imp_tiff_ask(g->t, part, &verdict, err))
        return false;
    if (verdict.fate == IMP_FATE_KEEP)
        return take_bytes(g, row, e, e->bytes, IMP_PART_ICC, err);
    if (verdict.fate == IMP_FATE_REPLACE && verdict.bytes.n)
        return take_bytes(g, row, e, verdict.bytes, IMP_PART_ICC, err);
    return imp_regions_label(&g->t->regions, e->value, e->bytes.n, IMP_PART_ICC,
                             row->name, err);
}

// --- Places of strips, tiles, directories: written when they are known ---

static bool take_place(struct sorting *g, const struct row *row,
                       const struct imp_tiff_entry *e, struct imp_err *err)
{
    if (e != g->s->offsets && e != g->s->counts)
        return drop(g, e, "of no strip or tile", err);
    return !e->out_of_line ||
           imp_regions_label(&g->t->regions, e->value, e->bytes.n,
                             IMP_PART_STRUCTURE, row->name, err);
}

// Which SubIFDs stay is decided where directories are walked.
static bool take_sub_ifds(struct sorting *g, const struct row *row,
                          const struct imp_tiff_entry *e, struct imp_err *err)
{
    return !e->out_of_line ||
           imp_regions_label(&g->t->regions, e->value, e->bytes.n,
                             IMP_PART_STRUCTURE, row->name, err);
}

#define ANY UINT32_MAX

// All that may stay. MinSampleValue and its like are left out: they are
// statistics, not part of the picture (section 8).
static const struct row rows[] = {
    {IMP_TIFF_SUBFILE_TYPE, "NewSubfileType", take_subfile, IMP_TIFF_LONG, 0,
     0},
    {IMP_TIFF_WIDTH, "ImageWidth", take_number, IMP_TIFF_LONG, 1, ANY},
    {IMP_TIFF_LENGTH, "ImageLength", take_number, IMP_TIFF_LONG, 1, ANY},
    {IMP_TIFF_BITS_PER_SAMPLE, "BitsPerSample", take_by_sample, IMP_TIFF_SHORT,
     1, UINT16_MAX},
    {IMP_TIFF_COMPRESSION, "Compression", take_number, IMP_TIFF_SHORT, 1,
     UINT16_MAX},
    {IMP_TIFF_PHOTOMETRIC, "PhotometricInterpretation", take_number,
     IMP_TIFF_SHORT, 0, UINT16_MAX},
    {IMP_TIFF_FILL_ORDER, "FillOrder", take_number, IMP_TIFF_SHORT, 1, 2},
    {IMP_TIFF_STRIP_OFFSETS, "StripOffsets", take_place, 0, 0, 0},
    {IMP_TIFF_ORIENTATION, "Orientation", take_number, IMP_TIFF_SHORT, 1, 8},
    {IMP_TIFF_SAMPLES_PER_PIXEL, "SamplesPerPixel", take_number, IMP_TIFF_SHORT,
     1, UINT16_MAX},
    {IMP_TIFF_ROWS_PER_STRIP, "RowsPerStrip", take_rows, IMP_TIFF_LONG, 0, 0},
    {IMP_TIFF_STRIP_BYTES, "StripByteCounts", take_place, 0, 0, 0},
    {IMP_TIFF_X_RESOLUTION, "XResolution", take_fractions, IMP_TIFF_RATIONAL, 1,
     1},
    {IMP_TIFF_Y_RESOLUTION, "YResolution", take_fractions, IMP_TIFF_RATIONAL, 1,
     1},
    {IMP_TIFF_PLANAR, "PlanarConfiguration", take_number, IMP_TIFF_SHORT, 1, 2},
    {IMP_TIFF_T4_OPTIONS, "T4Options", take_option, IMP_TIFF_LONG,
     IMP_TIFF_CCITT_T4, 7},
    {IMP_TIFF_T6_OPTIONS, "T6Options", take_option, IMP_TIFF_LONG,
     IMP_TIFF_CCITT_T6, 2},
    {IMP_TIFF_RESOLUTION_UNIT, "ResolutionUnit", take_number, IMP_TIFF_SHORT, 1,
     3},
    {IMP_TIFF_PAGE_NUMBER, "PageNumber", take_page_number, IMP_TIFF_SHORT, 0,
     UINT16_MAX},
    {IMP_TIFF_TRANSFER_FUNCTION, "TransferFunction", take_transfer,
     IMP_TIFF_SHORT, 0, 0},
    {IMP_TIFF_PREDICTOR, "Predictor", take_number, IMP_TIFF_SHORT, 1, 3},
    {IMP_TIFF_WHITE_POINT, "WhitePoint", take_fractions, IMP_TIFF_RATIONAL, 1,
     2},
    {IMP_TIFF_CHROMATICITIES, "PrimaryChromaticities", take_fractions,
     IMP_TIFF_RATIONAL, 0, 6},
    {IMP_TIFF_COLOR_MAP, "ColorMap", take_palette, IMP_TIFF_SHORT, 0, 0},
    {IMP_TIFF_TILE_WIDTH, "TileWidth", take_number, IMP_TIFF_LONG, 1, ANY},
    {IMP_TIFF_TILE_LENGTH, "TileLength", take_number, IMP_TIFF_LONG, 1, ANY},
    {IMP_TIFF_TILE_OFFSETS, "TileOffsets", take_place, 0, 0, 0},
    {IMP_TIFF_TILE_BYTES, "TileByteCounts", take_place, 0, 0, 0},
    {IMP_TIFF_SUB_IFDS, "SubIFDs", take_sub_ifds, 0, 0, 0},
    // 1, CMYK, is what readers take it to be without the tag (section 16).
    {IMP_TIFF_INK_SET, "InkSet", take_number, IMP_TIFF_SHORT, 2, 2},
    {IMP_TIFF_EXTRA_SAMPLES, "ExtraSamples", take_extra, IMP_TIFF_SHORT, 0, 2},
    {IMP_TIFF_SAMPLE_FORMAT, "SampleFormat", take_by_sample, IMP_TIFF_SHORT, 1,
     6},
    {IMP_TIFF_JPEG_TABLES, "JPEGTables", take_jpeg_tables, IMP_TIFF_UNDEFINED,
     0, 0},
    {IMP_TIFF_YCBCR_COEFFICIENTS, "YCbCrCoefficients", take_coefficients,
     IMP_TIFF_RATIONAL, 0, 3},
    {IMP_TIFF_YCBCR_SUBSAMPLING, "YCbCrSubSampling", take_subsampling,
     IMP_TIFF_SHORT, 1, 4},
    {IMP_TIFF_YCBCR_POSITIONING, "YCbCrPositioning", take_positioning,
     IMP_TIFF_SHORT, 1, 2},
    {IMP_TIFF_REFERENCE_BLACK_WHITE, "ReferenceBlackWhite", take_reference,
     IMP_TIFF_RATIONAL, 0, 6},
    {IMP_TIFF_ICC, "ICC profile", take_icc, IMP_TIFF_UNDEFINED, 0, 0},
};
#define ROWS (sizeof rows / sizeof *rows)

static const struct row *row_of(uint16_t tag)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].tag == tag)
            return &rows[i];
    return NULL;
}

// Fields that stay whether the input has them or not.
static bool add_places(struct sorting *g, struct imp_err *err)
{
    static const struct imp_tiff_entry none;
    uint16_t type = g->t->big ? IMP_TIFF_LONG8 : IMP_TIFF_LONG;
    struct imp_tiff_field field = {.type = type,
                                   .count = g->s->n_pieces,
                                   .part = IMP_PART_STRUCTURE,
                                   .what = g->ifd->name};
    field.tag = g->s->tiled ? IMP_TIFF_TILE_OFFSETS : IMP_TIFF_STRIP_OFFSETS;
    imp_tiff_add_field(g->page, field);
    field.tag = g->s->tiled ? IMP_TIFF_TILE_BYTES : IMP_TIFF_STRIP_BYTES;
    imp_tiff_add_field(g->page, field);
    if (g->s->compression == IMP_TIFF_JPEG &&
        !imp_tiff_find(g->ifd, IMP_TIFF_SUBFILE_TYPE) &&
        !put_field(g, row_of(IMP_TIFF_SUBFILE_TYPE), &none, 1,
                   IMP_PART_STRUCTURE, err))
        return false;
    if (!g->s->tiled && !imp_tiff_find(g->ifd, IMP_TIFF_ROWS_PER_STRIP))
        return take_rows(g, row_of(IMP_TIFF_ROWS_PER_STRIP), &none, err);
    return true;
}

bool imp_tiff_take_tags(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                        const struct imp_tiff_shape *s,
                        struct imp_tiff_page *page, struct imp_err *err)
{
    struct sorting g = {t, ifd, s, page};
    if (s->photometric == IMP_TIFF_PALETTE &&
        !imp_tiff_find(ifd, IMP_TIFF_COLOR_MAP))
        return imp_fail_at(err, IMP_ERR_DAMAGED, ifd->at, "%s: no ColorMap",
                           ifd->name);
    for (size_t i = 0; i < ifd->n; i++) {
        const struct imp_tiff_entry *e = &ifd->entry[i];
        const struct row *row = row_of(e->tag);
        if (row ? !row->take(&g, row, e, err)
                : !imp_tiff_drop_tag(t, ifd, e, NULL, err))
            return false;
    }
    return add_places(&g, err);
}
