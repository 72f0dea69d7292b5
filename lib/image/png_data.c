#include "image/png.h"
#include "image/png_rows.h"

#define AFTER_DATA "bytes after the image data"
#define AFTER_FRAME "bytes after the frame's data"
#define FCTL_BYTES 26 // 11.3.6.2
#define SEQUENCE_BYTES 4

static unsigned bits_of_pixel(const struct imp_png *png)
{
    static const uint8_t channels[] = {[IMP_PNG_GREY] = 1,
                                       [IMP_PNG_TRUECOLOUR] = 3,
                                       [IMP_PNG_INDEXED] = 1,
                                       [IMP_PNG_GREY_ALPHA] = 2,
                                       [IMP_PNG_TRUECOLOUR_ALPHA] = 4};
    return (unsigned)channels[png->colour] * png->depth;
}

static void start_rows(struct imp_png *png, uint32_t width, uint32_t height)
{
    imp_png_rows_start(png->rows,
                       (struct imp_png_shape){.width = width,
                                              .height = height,
                                              .bits = bits_of_pixel(png),
                                              .interlaced = png->interlaced});
}

// The stream was followed to its end when these chunks were first written.
static bool seen_before(const struct imp_png *png)
{
    return png->img->check == IMP_CHECK_AGAIN;
}

static bool feed(struct imp_png *png, struct imp_span coded, uint64_t at,
                 size_t *used, struct imp_err *err)
{
    *used = coded.n;
    return seen_before(png) ||
           imp_png_rows_feed(png->rows, coded, at, used, err);
}

static bool complete(const struct imp_png *png)
{
    return seen_before(png) || imp_png_rows_ended(png->rows);
}

// --- The image ---

static bool start_idat(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    if (png->phase == IMP_PNG_AFTER_IDAT)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "IDAT chunk at %zu does not follow the others",
                           c->at); // 5.6: consecutive
    if (png->phase == IMP_PNG_IN_IDAT)
        return true;
    if (png->colour == IMP_PNG_INDEXED && !png->has_plte)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "IDAT chunk at %zu: want PLTE before it", c->at);
    png->phase = IMP_PNG_IN_IDAT;
    start_rows(png, png->width, png->height);
    return true;
}

// All IDAT chunks hold one zlib stream (10.1). Where it ends, the image ends.
bool imp_png_take_idat(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    size_t used;
    if (!imp_png_need_crc(c, err) || !start_idat(png, c, err))
        return false;
    if (imp_png_rows_ended(png->rows))
        return imp_png_drop(png, c, IMP_PART_TRAILER, "after the image data",
                            err);
    return feed(png, c->data, c->at + 8, &used, err) &&
           imp_png_trim(png, c, IMP_PART_CODED, NULL, 0, used, AFTER_DATA, err);
}

bool imp_png_end_idat(struct imp_png *png, const struct imp_png_chunk *next,
                      struct imp_err *err)
{
    if (png->phase != IMP_PNG_IN_IDAT)
        return true;
    png->phase = IMP_PNG_AFTER_IDAT;
    if (complete(png))
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, next->at,
                       "%s chunk at %zu: image data ends before its last row",
                       next->type, next->at);
}

// --- Frames of an animation ---

// Without an acTL in front of the image no decoder shows a frame: the chunks
// are then nobody's.
static bool drop_stray(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    return imp_png_drop(png, c, IMP_PART_UNKNOWN, "without an animation", err);
}

static bool bad_chunk(const struct imp_png_chunk *c, const char *what,
                      struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, c->at, "%s chunk at %zu: %s",
                       c->type, c->at, what);
}

// 11.3.6.1. Frames are image data: what is wrong with them is not dropped.
bool imp_png_take_actl(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    if (!png->animated)
        return drop_stray(png, c, err);
    if (png->has_actl)
        return imp_png_drop(png, c, IMP_PART_UNKNOWN, "repeated", err);
    if (!imp_png_need_crc(c, err))
        return false;
    if (c->data.n != 8)
        return bad_chunk(c, "want 8 bytes of data", err);
    png->frames_want = imp_be32(c->data.p);
    if (png->frames_want == 0)
        return bad_chunk(c, "an animation of no frames", err);
    png->has_actl = true;
    imp_png_keep(png, c, IMP_PART_STRUCTURE);
    return true;
}

// fcTL and fdAT share one sequence without gaps (11.3.6.2).
static bool take_sequence(struct imp_png *png, const struct imp_png_chunk *c,
                          struct imp_err *err)
{
    uint32_t have = imp_be32(c->data.p);
    if (have == png->next_in) {
        png->next_in++;
        return true;
    }
    return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                       "%s chunk at %zu: want sequence number %u, have %u",
                       c->type, c->at, png->next_in, have);
}

static bool end_frame(struct imp_png *png, const struct imp_png_chunk *next,
                      struct imp_err *err)
{
    if (!png->frame_open || complete(png))
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, next->at,
                       "%s chunk at %zu: frame %u ends before its last row",
                       next->type, next->at, png->frames);
}

static bool fits_canvas(uint32_t offset, uint32_t size, uint32_t canvas)
{
    return size > 0 && size <= canvas && offset <= canvas - size;
}

static bool check_fctl(const struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    const uint8_t *d = c->data.p;
    uint32_t width = imp_be32(d + 4), height = imp_be32(d + 8);
    if (!fits_canvas(imp_be32(d + 12), width, png->width) ||
        !fits_canvas(imp_be32(d + 16), height, png->height))
        return bad_chunk(c, "the frame leaves the canvas", err);
    if (d[24] > 2 || d[25] > 1)
        return bad_chunk(c, "unknown way to dispose or to blend", err);
    if (png->phase != IMP_PNG_BEFORE_IDAT)
        return true;
    // The image itself as the first frame.
    if (png->frames)
        return bad_chunk(c, "want image data after the first frame's", err);
    if (width != png->width || height != png->height)
        return bad_chunk(c, "the first frame is not the whole image", err);
    return true;
}

// The chunk, which begins with a sequence number, under its new number: one
// that is lower if empty chunks in front of it went.
static bool keep_numbered(struct imp_png *png, const struct imp_png_chunk *c,
                          enum imp_part_kind kind, size_t used,
                          struct imp_err *err)
{
    uint8_t number[SEQUENCE_BYTES];
    imp_put_be32(number, png->next_out++);
    return imp_png_trim(png, c, kind, number, sizeof number, used, AFTER_FRAME,
                        err);
}

static bool start_frame(struct imp_png *png, const struct imp_png_chunk *c,
                        struct imp_err *err)
{
    uint32_t width = imp_be32(c->data.p + 4);
    uint32_t height = imp_be32(c->data.p + 8);
    if (!imp_png_add_pixels(png, c, width, height, err))
        return false;
    start_rows(png, width, height);
    return true;
}

bool imp_png_take_fctl(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    if (!png->animated)
        return drop_stray(png, c, err);
    if (!imp_png_need_crc(c, err))
        return false;
    if (c->data.n != FCTL_BYTES)
        return bad_chunk(c, "want 26 bytes of data", err);
    if (!take_sequence(png, c, err) || !end_frame(png, c, err) ||
        !check_fctl(png, c, err))
        return false;
    png->frames++;
    png->frame_open = png->phase == IMP_PNG_AFTER_IDAT;
    if (png->frame_open && !start_frame(png, c, err))
        return false;
    return keep_numbered(png, c, IMP_PART_STRUCTURE, FCTL_BYTES, err);
}

// 11.3.6.3: a sequence number, then what an IDAT chunk would hold.
bool imp_png_take_fdat(struct imp_png *png, const struct imp_png_chunk *c,
                       struct imp_err *err)
{
    size_t used;
    if (!png->animated)
        return drop_stray(png, c, err);
    if (!imp_png_need_crc(c, err))
        return false;
    if (c->data.n < SEQUENCE_BYTES)
        return bad_chunk(c, "no sequence number", err);
    if (!take_sequence(png, c, err))
        return false;
    if (!png->frame_open)
        return bad_chunk(c, "want fcTL before it", err);
    if (imp_png_rows_ended(png->rows))
        return imp_png_drop(png, c, IMP_PART_TRAILER, "after the frame's data",
                            err);
    struct imp_span coded = {c->data.p + SEQUENCE_BYTES,
                             c->data.n - SEQUENCE_BYTES};
    return feed(png, coded, c->at + 8 + SEQUENCE_BYTES, &used, err) &&
           keep_numbered(png, c, IMP_PART_CODED, SEQUENCE_BYTES + used, err);
}

bool imp_png_end_data(struct imp_png *png, const struct imp_png_chunk *iend,
                      struct imp_err *err)
{
    if (png->phase == IMP_PNG_BEFORE_IDAT)
        return bad_chunk(iend, "want IDAT before it", err);
    if (!end_frame(png, iend, err))
        return false;
    if (!png->animated || png->frames == png->frames_want)
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, iend->at,
                       "animation: want %u frames, have %u", png->frames_want,
                       png->frames);
}
