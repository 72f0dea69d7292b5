// PNG, third edition: the chunks around the image data stay as they are, the
// header and the image data are new.
#include "image/png.h"
#include "mark/carrier.h"
#include "mark/orient.h"

#include <string.h>

#define SIGNATURE "\x89PNG\r\n\x1a\n"
#define SIGNATURE_LEN 8
#define IHDR_LEN 13

// Step over the chunks of a file. False at the end of it, and without IEND.
struct walk {
    struct imp_span file;
    size_t at;
    bool ended;
};

static bool walk_start(struct walk *w, struct imp_span file,
                       struct imp_err *err)
{
    *w = (struct walk){.file = file, .at = SIGNATURE_LEN};
    if (!imp_span_starts(file, SIGNATURE, SIGNATURE_LEN))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no PNG signature");
    return true;
}

static bool walk_next(struct walk *w, struct imp_png_chunk *c,
                      struct imp_err *err)
{
    if (!imp_png_chunk_at(w->file, w->at, c, err))
        return false;
    w->at += c->size;
    w->ended = imp_png_is(c, "IEND");
    return true;
}

static bool read_header(const struct imp_png_chunk *c, struct imp_look *out,
                        struct imp_err *err)
{
    if (!imp_png_is(c, "IHDR") || c->data.n != IHDR_LEN)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "the first chunk is no IHDR of %d bytes", IHDR_LEN);
    out->width = imp_be32(c->data.p);
    out->height = imp_be32(c->data.p + 4);
    out->coding.interlace = c->data.p[12] != 0;
    if (out->width == 0 || out->height == 0)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at, "IHDR: %u x %u pixels",
                           out->width, out->height);
    return true;
}

static bool is_animation(const struct imp_png_chunk *c)
{
    return imp_png_is(c, "acTL") || imp_png_is(c, "fcTL") ||
           imp_png_is(c, "fdAT");
}

static bool look(struct imp_span file, struct imp_look *out,
                 struct imp_err *err)
{
    struct walk w;
    struct imp_png_chunk c;
    *out = (struct imp_look){.pages = 1, .orientation = 1};
    if (!walk_start(&w, file, err) || !walk_next(&w, &c, err) ||
        !read_header(&c, out, err))
        return false;
    while (!w.ended) {
        if (!walk_next(&w, &c, err))
            return false;
        // A decoder that does not know frames would keep the first alone.
        if (is_animation(&c))
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, c.at,
                               "%s chunk: an animated PNG cannot be marked",
                               c.type);
        if (imp_png_is(&c, "eXIf"))
            out->orientation = imp_orientation_read(c.data);
    }
    return true;
}

static bool add_chunk(struct imp_buf *out, const struct walk *w,
                      const struct imp_png_chunk *c, struct imp_err *err)
{
    return imp_buf_add(out, w->file.p + c->at, c->size, err);
}

// Chunks of the old file that the new image data makes wrong. PLTE, tRNS and
// hIST always: no coded image has a palette or a transparent colour.
// bKGD and sBIT if the kind of sample changed, by which they are written
// (11.3.4.1, 11.3.2.6).
static bool is_outdated(const struct imp_png_chunk *c, bool changed)
{
    static const char *const coding[] = {"IHDR", "IDAT", "IEND",
                                         "PLTE", "tRNS", "hIST"};
    for (size_t i = 0; i < sizeof coding / sizeof *coding; i++)
        if (imp_png_is(c, coding[i]))
            return true;
    return changed && (imp_png_is(c, "bKGD") || imp_png_is(c, "sBIT"));
}

static bool add_image_data(struct imp_buf *out, struct walk coded,
                           struct imp_err *err)
{
    struct imp_png_chunk c;
    while (!coded.ended) {
        if (!walk_next(&coded, &c, err))
            return false;
        if (imp_png_is(&c, "IDAT") && !add_chunk(out, &coded, &c, err))
            return false;
    }
    return true;
}

// `file` with the coded picture of `coded` instead of its own.
static bool rewrap(struct imp_span file, struct imp_span coded,
                   struct imp_buf *out, struct imp_err *err)
{
    struct walk old, fresh;
    struct imp_png_chunk c, header;
    bool met_data = false;

    out->n = 0;
    if (!walk_start(&old, file, err) || !walk_next(&old, &c, err) ||
        !walk_start(&fresh, coded, err) || !walk_next(&fresh, &header, err) ||
        !imp_buf_add(out, SIGNATURE, SIGNATURE_LEN, err) ||
        !add_chunk(out, &fresh, &header, err))
        return false;
    // Bit depth and colour type, 11.2.1.
    bool changed = c.data.n != header.data.n ||
                   memcmp(c.data.p + 8, header.data.p + 8, 2) != 0;
    while (!old.ended) {
        if (!walk_next(&old, &c, err))
            return false;
        if (imp_png_is(&c, "IDAT") && !met_data) {
            met_data = true;
            if (!add_image_data(out, fresh, err))
                return false;
        }
        bool stays = imp_png_is(&c, "IEND") || !is_outdated(&c, changed);
        if (stays && !add_chunk(out, &old, &c, err))
            return false;
    }
    return true;
}

static bool draw(const struct imp_drawing *d, struct imp_span file,
                 const struct imp_look *look, struct imp_buf *out,
                 struct imp_err *err)
{
    struct imp_buf coded = {0};
    bool ok = imp_draw_decoded(d, "png", file, look, &coded, err) &&
              rewrap(file, imp_buf_span(&coded), out, err);
    imp_buf_clear(&coded);
    return ok;
}

const struct imp_carrier imp_carrier_png = {
    .format = "png",
    .route = "pixels",
    .look = look,
    .draw = draw,
};
