#include "image/png.h"
#include "image/png_rows.h"

static const uint8_t signature[8] = {0x89, 'P',  'N',  'G',
                                     '\r', '\n', 0x1a, '\n'}; // 5.2

static bool sniff(struct imp_span in)
{
    return imp_span_starts(in, signature, sizeof signature);
}

// 11.2.1, table 8.
static bool is_known_depth(uint8_t colour, uint8_t depth)
{
    switch (colour) {
    case IMP_PNG_GREY:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8 ||
               depth == 16;
    case IMP_PNG_INDEXED:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case IMP_PNG_TRUECOLOUR:
    case IMP_PNG_GREY_ALPHA:
    case IMP_PNG_TRUECOLOUR_ALPHA:
        return depth == 8 || depth == 16;
    default:
        return false;
    }
}

static bool check_size(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    uint32_t w = png->width, h = png->height;
    if (w == 0 || h == 0 || w > IMP_PNG_MAX_LENGTH || h > IMP_PNG_MAX_LENGTH)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "IHDR: %u by %u pixels, want 1 to 2147483647", w, h);
    return imp_png_add_pixels(png, c, w, h, err);
}

static bool take_ihdr(struct imp_png *png, const struct imp_png_chunk *c,
                      struct imp_err *err)
{
    const uint8_t *d = c->data.p;
    if (c->data.n != 13)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "IHDR: want 13 bytes, have %zu", c->data.n);
    if (!imp_png_need_crc(c, err))
        return false;
    png->width = imp_be32(d);
    png->height = imp_be32(d + 4);
    if (!check_size(png, c, err))
        return false;
    if (!is_known_depth(d[9], d[8]))
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "IHDR: colour type %u with depth %u", d[9], d[8]);
    if (d[10] != 0 || d[11] != 0 || d[12] > 1)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "IHDR: compression %u, filter %u, interlace %u, "
                           "want 0, 0, 0 or 1",
                           d[10], d[11], d[12]);
    png->depth = d[8];
    png->colour = (enum imp_png_colour)d[9];
    png->interlaced = d[12] == 1;
    png->img->width = png->width;
    png->img->height = png->height;
    imp_png_keep(png, c, IMP_PART_STRUCTURE);
    return true;
}

// The first chunk must be IHDR (5.6).
static bool take_first(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    if (imp_png_is(c, "IHDR"))
        return take_ihdr(png, c, err);
    if (imp_png_is(c, "CgBI"))
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, c->at,
                           "CgBI: Apple's variant, which is not PNG");
    return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                       "the first chunk is %s, want IHDR", c->type);
}

// In an image that is not indexed, a palette only proposes colours for poorer
// screens (11.2.2) and goes; unless tRNS precedes it, which makes decoders
// disagree about what is transparent.
static bool take_proposal(struct imp_png *png, const struct imp_png_chunk *c,
                          struct imp_err *err)
{
    png->has_plte = true;
    if (png->has_trns)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "PLTE chunk at %zu: want it before tRNS", c->at);
    return imp_png_drop(png, c, IMP_PART_UNKNOWN, "a proposal", err);
}

static bool take_palette(struct imp_png *png, const struct imp_png_chunk *c,
                         struct imp_err *err)
{
    if (!imp_png_need_crc(c, err))
        return false;
    if (png->has_plte || png->phase != IMP_PNG_BEFORE_IDAT)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "PLTE chunk at %zu: want one, before IDAT", c->at);
    png->has_plte = true;
    if (c->data.n == 0 || c->data.n % 3 || c->data.n > 3 * 256)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "PLTE chunk at %zu: %zu bytes, want 3 for each of "
                           "1 to 256 entries",
                           c->at, c->data.n);
    // Decoders pass over entries that no pixel of this depth can name.
    size_t most = (size_t)1 << png->depth;
    png->entries = c->data.n / 3 < most ? c->data.n / 3 : most;
    return imp_png_trim(png, c, IMP_PART_STRUCTURE, NULL, 0, 3 * png->entries,
                        "PLTE entries beyond the depth", err);
}

static bool take_plte(struct imp_png *png, const struct imp_png_chunk *c,
                      struct imp_err *err)
{
    return png->colour == IMP_PNG_INDEXED ? take_palette(png, c, err)
                                          : take_proposal(png, c, err);
}

static bool take_iend(struct imp_png *png, const struct imp_png_chunk *c,
                      struct imp_err *err)
{
    return imp_png_need_crc(c, err) && imp_png_end_data(png, c, err) &&
           imp_png_replace(png, c, IMP_PART_STRUCTURE, (struct imp_span){0},
                           err);
}

static bool take_second_ihdr(struct imp_png *png, const struct imp_png_chunk *c,
                             struct imp_err *err)
{
    (void)png;
    return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                       "IHDR chunk at %zu: want one, at the start", c->at);
}

// A decoder must not show a picture with a critical chunk that it does not
// know (5.4): we cannot tell what becomes of it.
static bool take_other(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    bool is_critical = c->type[0] < 'a';
    if (is_critical)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, c->at,
                           "unknown critical chunk %s at %zu", c->type, c->at);
    return imp_png_take_ancillary(png, c, err);
}

static const struct row {
    const char *type;
    const char *what;
    imp_png_take *take;
} known[] = {
    {"IDAT", "IDAT chunk", imp_png_take_idat},
    {"fdAT", "fdAT chunk", imp_png_take_fdat},
    {"fcTL", "fcTL chunk", imp_png_take_fctl},
    {"acTL", "acTL chunk", imp_png_take_actl},
    {"IHDR", "IHDR chunk", take_second_ihdr},
    {"PLTE", "PLTE chunk", take_plte},
    {"IEND", "IEND chunk", take_iend},
    {"tRNS", "tRNS chunk", imp_png_take_trns},
    {"eXIf", "eXIf chunk", imp_png_take_exif},
    {"iCCP", "iCCP chunk", imp_png_take_iccp},
    {"tEXt", "tEXt chunk", imp_png_take_text},
    {"zTXt", "zTXt chunk", imp_png_take_text},
    {"iTXt", "iTXt chunk", imp_png_take_text},
    {"tIME", "tIME chunk", imp_png_take_time},
};

static const struct row *row_of(const struct imp_png_chunk *c)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (imp_png_is(c, known[i].type))
            return &known[i];
    return NULL;
}

// Hand the chunk to whoever knows it.
static bool take(struct imp_png *png, struct imp_png_chunk *c,
                 struct imp_err *err)
{
    const struct row *row = row_of(c);
    c->what = row ? row->what : imp_cutlist_name(png->cl, "%s chunk", c->type);
    if (c->at == sizeof signature)
        return take_first(png, c, err);
    if (!imp_png_is(c, "IDAT") && !imp_png_end_idat(png, c, err))
        return false;
    return row ? row->take(png, c, err) : take_other(png, c, err);
}

// Is there an acTL before the first IDAT (5.6)? Its first fcTL may precede it.
static bool is_animated(struct imp_span in)
{
    struct imp_png_chunk c;
    for (size_t at = sizeof signature; imp_png_chunk_at(in, at, &c, NULL);
         at += c.size) {
        if (imp_png_is(&c, "acTL"))
            return true;
        if (imp_png_is(&c, "IDAT") || imp_png_is(&c, "IEND"))
            return false;
    }
    return false;
}

// Chunk after chunk up to IEND; `*end` is the offset behind it.
static bool walk(struct imp_png *png, size_t *end, struct imp_err *err)
{
    struct imp_png_chunk c;
    size_t at = sizeof signature;
    do {
        if (!imp_png_chunk_at(png->in, at, &c, err) || !take(png, &c, err))
            return false;
        at += c.size;
    } while (!imp_png_is(&c, "IEND"));
    *end = at;
    return true;
}

// What follows IEND is no part of the image.
static bool drop_trailer(struct imp_png *png, size_t end, struct imp_err *err)
{
    static const char what[] = "bytes after IEND";
    size_t n = png->in.n - end;
    struct imp_verdict ignored;
    if (n && !imp_png_ask(png, IMP_PART_TRAILER, what, end, n,
                          (struct imp_span){0}, &ignored, err))
        return false;
    imp_cut_drop(png->cl, end, n, IMP_PART_TRAILER, what);
    return true;
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    if (!sniff(in))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no PNG signature");
    size_t end;
    struct imp_png png = {
        .in = in, .img = img, .cl = cl, .animated = is_animated(in)};
    png.rows = imp_png_rows_new(err);
    if (!png.rows)
        return false;
    imp_cut_keep(cl, 0, sizeof signature, IMP_PART_STRUCTURE, "signature");
    bool ok = walk(&png, &end, err) && drop_trailer(&png, end, err);
    imp_png_rows_free(png.rows);
    return ok;
}

const struct imp_format imp_format_png = {
    .name = "png", .ext = "png", .sniff = sniff, .cut = cut};
