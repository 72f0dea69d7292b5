// WebP (RFC 9649): each frame that the ink meets is decoded alone and coded
// again without loss, whatever it was before; all else of the container stays
// as it is.
#include "image/webp.h"
#include "mark/carrier.h"
#include "mark/compare.h"
#include "mark/orient.h"
#include "mark/pixels.h"
#include "mark/scene.h"

#include <string.h>

#define HEADER IMP_WEBP_CHUNK_HEADER
#define ALPHA_IS_USED 0x10 // 3.4: of a VP8L header's fifth byte
#define SIDE_MAX 16383     // of what decoders show, be the canvas larger

// --- Frames ---

struct frame {
    struct imp_webp_frame coded;
    struct imp_webp_place place;
    size_t at, end; // of its chunks, alpha and image
};

// The picture whose first chunk, c, lies in `in`: an ALPH chunk may precede a
// VP8 one. Its place is the whole of a canvas of its own size.
static bool read_frame(struct imp_span in, struct imp_webp_chunk c,
                       struct frame *f, struct imp_err *err)
{
    *f = (struct frame){.at = c.at};
    if (imp_webp_is(&c, "ALPH")) {
        f->coded.alpha = c.data;
        if (!imp_webp_chunk_at(in, c.end, &c, err))
            return false;
        if (!imp_webp_is(&c, "VP8 "))
            return imp_fail_at(err, IMP_ERR_DAMAGED, c.at,
                               "%s chunk at %zu: want VP8 behind ALPH", c.name,
                               c.at);
    }
    if (!imp_webp_is_image(&c))
        return imp_fail_at(err, IMP_ERR_DAMAGED, c.at,
                           "%s chunk at %zu: want a picture", c.name, c.at);
    f->end = c.end;
    f->coded.image = c.data;
    f->coded.lossless = imp_webp_is(&c, "VP8L");
    if (!imp_webp_read_size(&f->coded, err))
        return false;
    f->place = (struct imp_webp_place){.width = f->coded.width,
                                       .height = f->coded.height};
    return true;
}

static bool read_anmf(struct imp_span in, const struct imp_webp_chunk *anmf,
                      struct frame *f, struct imp_err *err)
{
    struct imp_webp_chunk c;
    size_t at = anmf->at + HEADER;
    struct imp_span until = {in.p, at + anmf->data.n};
    if (anmf->data.n < IMP_WEBP_ANMF_SIZE)
        return imp_fail_at(err, IMP_ERR_DAMAGED, anmf->at,
                           "ANMF chunk at %zu: want 16 bytes, have %zu",
                           anmf->at, anmf->data.n);
    if (!imp_webp_chunk_at(until, at + IMP_WEBP_ANMF_SIZE, &c, err) ||
        !read_frame(until, c, f, err))
        return false;
    f->place = imp_webp_place_of(anmf->data.p);
    return true;
}

// What decoders go by before they decode.
static bool has_alpha(const struct imp_webp_frame *f)
{
    return f->lossless ? (f->image.p[4] & ALPHA_IS_USED) != 0 : f->alpha.n > 0;
}

// --- Stepping over a file ---

// One chunk, or an alpha chunk with its image.
struct item {
    struct imp_webp_chunk chunk;
    bool framed;        // it is an ANMF chunk
    struct frame frame; // .end is 0: it has none
    size_t end;
};

static bool begin(struct imp_span file, struct imp_span *in,
                  struct imp_err *err)
{
    if (file.n < IMP_WEBP_RIFF_HEADER || memcmp(file.p, "RIFF", 4) != 0 ||
        memcmp(file.p + 8, "WEBP", 4) != 0)
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no WebP signature");
    if (!imp_webp_riff(file, in, err))
        return false;
    return in->n >= IMP_WEBP_RIFF_HEADER ||
           imp_fail_at(err, IMP_ERR_DAMAGED, 4, "RIFF of %zu bytes", in->n);
}

static bool next(struct imp_span in, size_t at, struct item *item,
                 struct imp_err *err)
{
    *item = (struct item){0};
    struct imp_webp_chunk *c = &item->chunk;
    if (!imp_webp_chunk_at(in, at, c, err))
        return false;
    item->end = c->end;
    item->framed = imp_webp_is(c, "ANMF");
    if (item->framed)
        return read_anmf(in, c, &item->frame, err);
    if (!imp_webp_is(c, "ALPH") && !imp_webp_is_image(c))
        return true;
    if (!read_frame(in, *c, &item->frame, err))
        return false;
    item->end = item->frame.end;
    return true;
}

// --- Looking ---

static bool read_canvas(const struct item *first, struct imp_look *out,
                        struct imp_err *err)
{
    const struct imp_webp_chunk *c = &first->chunk;
    if (!first->framed && first->frame.end) {
        out->width = first->frame.coded.width;
        out->height = first->frame.coded.height;
        return true;
    }
    if (!imp_webp_is(c, "VP8X") || c->data.n < IMP_WEBP_VP8X_SIZE)
        return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                           "%s chunk of %zu bytes: want VP8, VP8L or VP8X "
                           "first",
                           c->name, c->data.n);
    out->width = imp_webp_le24(c->data.p + 4) + 1;
    out->height = imp_webp_le24(c->data.p + 7) + 1;
    return true;
}

// A still picture fills the canvas, and is the only one.
static bool check_frame(const struct item *item, size_t before,
                        const struct imp_look *look, struct imp_err *err)
{
    const struct frame *f = &item->frame;
    bool fits =
        imp_webp_frame_fits(&f->coded, &f->place, look->width, look->height);
    bool fills = f->coded.width == look->width &&
                 f->coded.height == look->height && before == 0;
    if (fits && (item->framed || fills))
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, f->at,
                       "frame %zu of %u x %u pixels does not fit the canvas of "
                       "%u x %u",
                       before + 1, f->coded.width, f->coded.height, look->width,
                       look->height);
}

// A mark has to be proven: no more than can be compared.
static bool check_extent(struct imp_look *look, size_t frames,
                         struct imp_err *err)
{
    if (frames == 0)
        return imp_fail(err, IMP_ERR_DAMAGED, "no image");
    if (look->width > SIDE_MAX || look->height > SIDE_MAX)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "WebP with a canvas of %u x %u pixels cannot be "
                        "marked, want sides of at most %d",
                        look->width, look->height, SIDE_MAX);
    if (frames > IMP_COMPARE_PAGES)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "WebP of %zu frames, want at most %d", frames,
                        IMP_COMPARE_PAGES);
    look->pages = (uint32_t)frames;
    return true;
}

static bool look(struct imp_span file, struct imp_look *out,
                 struct imp_err *err)
{
    struct imp_span in;
    struct item item;
    size_t frames = 0;
    bool has_exif = false;
    *out = (struct imp_look){.orientation = 1};
    if (!begin(file, &in, err) || !next(in, IMP_WEBP_RIFF_HEADER, &item, err) ||
        !read_canvas(&item, out, err))
        return false;
    for (size_t at = IMP_WEBP_RIFF_HEADER; at < in.n; at = item.end) {
        if (!next(in, at, &item, err))
            return false;
        if (item.frame.end && !check_frame(&item, frames++, out, err))
            return false;
        if (imp_webp_is(&item.chunk, "EXIF") && !has_exif) {
            has_exif = true;
            out->orientation = imp_orientation_read(imp_webp_exif(&item.chunk));
        }
    }
    return check_extent(out, frames, err);
}

// --- Drawing ---

struct artist {
    const struct imp_drawing *d;
    struct imp_scene scene;
    struct imp_buf coded;
};

static struct imp_scene_frame scene_frame(const struct frame *f)
{
    const struct imp_webp_place *p = &f->place;
    return (struct imp_scene_frame){
        .place = {p->x, p->y, (uint64_t)p->x + p->width,
                  (uint64_t)p->y + p->height},
        .see_through = has_alpha(&f->coded) && p->blends,
        .clears = p->clears,
    };
}

// Into s->coded: empty if nothing changes.
static bool code_frame(struct artist *s, struct imp_span in,
                       const struct frame *f, struct imp_err *err)
{
    const struct imp_scene_frame frame = scene_frame(f);
    const struct imp_pixels *pixels = s->d->pixels;
    const struct imp_coding any = {0};
    const struct imp_span chunks = {in.p + f->at, f->end - f->at};
    struct imp_raster raster;
    uint64_t changed;
    bool ok = false;
    s->coded.n = 0;
    struct imp_picture *picture = pixels->decode("webp", chunks, &raster, err);
    if (!picture)
        return false;
    if (raster.width != f->coded.width || raster.height != f->coded.height)
        imp_fail(err, IMP_ERR_DAMAGED,
                 "decoded to %u x %u pixels, the header says %u x %u",
                 raster.width, raster.height, f->coded.width, f->coded.height);
    else
        ok = imp_scene_draw(&s->scene, &frame, &raster, &changed, err) &&
             (changed == 0 || pixels->encode(picture, &any, &s->coded, err));
    pixels->free(picture);
    return ok;
}

static bool add(struct imp_buf *out, struct imp_span in, size_t at, size_t end,
                struct imp_err *err)
{
    return imp_buf_add(out, in.p + at, end - at, err);
}

// The encoder's VP8L chunk. Whether a picture has an alpha is a hint, which
// decoders go by: it stays, even if all of the alpha is opaque.
static bool add_coded(struct imp_buf *out, const struct imp_buf *coded,
                      bool alpha, struct imp_err *err)
{
    struct imp_span in;
    struct imp_webp_chunk c;
    if (!begin(imp_buf_span(coded), &in, err) ||
        !imp_webp_chunk_at(in, IMP_WEBP_RIFF_HEADER, &c, err))
        return false;
    if (!imp_webp_is(&c, "VP8L") || c.data.n < 5)
        return imp_fail(err, IMP_ERR_INVARIANT, "the encoder made no VP8L");
    size_t hint = out->n + HEADER + 4;
    if (!add(out, in, c.at, c.end, err))
        return false;
    out->p[hint] &= (uint8_t)~ALPHA_IS_USED;
    out->p[hint] |= alpha ? ALPHA_IS_USED : 0;
    return true;
}

// One frame of the file, its chunks alone.
static bool add_frame(struct artist *s, struct imp_span in,
                      const struct frame *f, struct imp_buf *out,
                      struct imp_err *err)
{
    const struct imp_scene_frame frame = scene_frame(f);
    if (!imp_scene_meets(&s->scene, &frame))
        return add(out, in, f->at, f->end, err);
    if (!code_frame(s, in, f, err))
        return imp_wrap(err, "frame at %zu", f->at);
    if (s->coded.n == 0)
        return add(out, in, f->at, f->end, err);
    return add_coded(out, &s->coded, has_alpha(&f->coded), err);
}

static bool set_size(struct imp_buf *out, size_t at, struct imp_err *err)
{
    size_t n = out->n - at - HEADER;
    if (n > UINT32_MAX)
        return imp_fail(err, IMP_ERR_LIMIT, "too large for RIFF");
    imp_put_le32(out->p + at + 4, (uint32_t)n);
    return true;
}

static bool add_item(struct artist *s, struct imp_span in,
                     const struct item *item, struct imp_buf *out,
                     struct imp_err *err)
{
    const struct frame *f = &item->frame;
    const struct imp_webp_chunk *c = &item->chunk;
    size_t at = out->n;
    if (f->end == 0)
        return add(out, in, c->at, c->end, err);
    if (!item->framed)
        return add_frame(s, in, f, out, err);
    return add(out, in, c->at, f->at, err) && add_frame(s, in, f, out, err) &&
           add(out, in, f->end, c->at + HEADER + c->data.n, err) &&
           set_size(out, at, err) &&
           imp_buf_add(out, "", (out->n - at) & 1, err);
}

static bool draw_all(struct artist *s, struct imp_span file,
                     struct imp_buf *out, struct imp_err *err)
{
    struct imp_span in;
    struct item item;
    if (!begin(file, &in, err) || !add(out, in, 0, IMP_WEBP_RIFF_HEADER, err))
        return false;
    for (size_t at = IMP_WEBP_RIFF_HEADER; at < in.n; at = item.end)
        if (!next(in, at, &item, err) || !add_item(s, in, &item, out, err))
            return false;
    return set_size(out, 0, err) && imp_scene_end(&s->scene, err);
}

static bool draw(const struct imp_drawing *d, struct imp_span file,
                 const struct imp_look *look, struct imp_buf *out,
                 struct imp_err *err)
{
    (void)look;
    struct artist s = {.d = d};
    imp_scene_begin(&s.scene, d);
    out->n = 0;
    bool ok = draw_all(&s, file, out, err);
    imp_buf_clear(&s.coded);
    return ok;
}

const struct imp_carrier imp_carrier_webp = {
    .format = "webp",
    .route = "pixels",
    .look = look,
    .draw = draw,
};
