// Any bytes as a WebP to draw on. What is not refused has the same frames, the
// same pixels outside of the ink as libwebp's own demultiplexer and decoder
// have them, and is clean if the source was.
#include "image/webp.h"
#include "mark/carrier.h"
#include "mark/frames.h"
#include "mark/pixels.h"
#include "mark/vips/picture.h"
#include "properties.h"

#include <stdlib.h>
#include <webp/decode.h>
#include <webp/demux.h>

#define MOST_PIXELS (1 << 14) // coding them takes its time

extern const struct imp_format imp_format_webp;

static void free_picture(struct imp_picture *p)
{
    p->codec->free(p);
}

static bool encode(struct imp_picture *p, const struct imp_coding *coding,
                   struct imp_buf *out, struct imp_err *err)
{
    return p->codec->encode(p, coding, out, err);
}

static struct imp_picture *decode(const char *format, struct imp_span file,
                                  struct imp_raster *raster,
                                  struct imp_err *err)
{
    return imp_codec_webp.decode(format, file, raster, err);
}

// The pixel library's part for WebP, without libvips.
static const struct imp_pixels pixels = {
    .version = IMP_PIXELS_VERSION,
    .decode = decode,
    .encode = encode,
    .free = free_picture,
};

static bool all_kept(struct imp_span file)
{
    struct imp_cutlist cl = {0};
    bool ok = fixed_cut(&imp_format_webp, file, IMP_FATE_DROP, IMP_CHECK_CODED,
                        &cl) &&
              imp_cutlist_all_kept(&cl);
    imp_cutlist_clear(&cl);
    return ok;
}

static bool is_under(const struct imp_inked *where, int x, int y)
{
    const struct imp_mask *t = &where->ink->text, *o = &where->ink->outline;
    for (size_t i = 0; i < where->n; i++) {
        int64_t ix = x - (int64_t)where->spot[i].x;
        int64_t iy = y - (int64_t)where->spot[i].y;
        if (ix < 0 || iy < 0 || ix >= t->width || iy >= t->height)
            continue;
        size_t at = (size_t)(iy * t->width + ix);
        if (t->cover[at] || o->cover[at])
            return true;
    }
    return false;
}

static void compare_pixels(const WebPIterator *a, const WebPIterator *b,
                           const struct imp_inked *where)
{
    int aw, ah, bw, bh;
    uint8_t *p = WebPDecodeRGBA(a->fragment.bytes, a->fragment.size, &aw, &ah);
    uint8_t *q = WebPDecodeRGBA(b->fragment.bytes, b->fragment.size, &bw, &bh);
    promise(!p == !q, "what decodes still does, as what does not");
    if (p) {
        promise(aw == bw && ah == bh, "a frame has the same size");
        for (int y = 0; y < ah; y++)
            for (int x = 0; x < aw; x++)
                promise(memcmp(p + 4 * (y * aw + x), q + 4 * (y * aw + x), 4) ==
                                0 ||
                            is_under(where, a->x_offset + x, a->y_offset + y),
                        "no pixel changes outside of the ink");
    }
    WebPFree(p);
    WebPFree(q);
}

static void compare_frames(WebPIterator *a, WebPIterator *b,
                           const struct imp_inked *where)
{
    do {
        promise(a->x_offset == b->x_offset && a->y_offset == b->y_offset &&
                    a->width == b->width && a->height == b->height &&
                    a->duration == b->duration &&
                    a->dispose_method == b->dispose_method &&
                    a->blend_method == b->blend_method &&
                    a->has_alpha == b->has_alpha,
                "a frame is shown as it was");
        compare_pixels(a, b, where);
    } while (WebPDemuxNextFrame(a) && WebPDemuxNextFrame(b));
}

static void compare(struct imp_span source, struct imp_span made,
                    const struct imp_inked *where)
{
    static const WebPFormatFeature told[] = {
        WEBP_FF_FORMAT_FLAGS, WEBP_FF_CANVAS_WIDTH,     WEBP_FF_CANVAS_HEIGHT,
        WEBP_FF_LOOP_COUNT,   WEBP_FF_BACKGROUND_COLOR, WEBP_FF_FRAME_COUNT};
    const WebPData data[] = {{source.p, source.n}, {made.p, made.n}};
    WebPIterator a = {0}, b = {0};
    WebPDemuxer *from = WebPDemux(&data[0]), *to = WebPDemux(&data[1]);
    promise(!from == !to, "what others read they still do");
    if (from) {
        for (size_t i = 0; i < sizeof told / sizeof *told; i++)
            promise(WebPDemuxGetI(from, told[i]) == WebPDemuxGetI(to, told[i]),
                    "canvas, flags and frames are the same");
        if (WebPDemuxGetFrame(from, 1, &a) && WebPDemuxGetFrame(to, 1, &b))
            compare_frames(&a, &b, where);
    }
    WebPDemuxReleaseIterator(&a);
    WebPDemuxReleaseIterator(&b);
    WebPDemuxDelete(from);
    WebPDemuxDelete(to);
}

static void judge(struct imp_span file, struct imp_span made,
                  const struct imp_look *look, const struct imp_inked *where,
                  bool is_clean)
{
    struct imp_look again;
    promise(!is_clean || all_kept(made), "what is drawn on stays clean");
    // Of bytes behind the picture nothing is promised: cleaning drops them.
    promise(!is_clean ||
                imp_frames_of("webp", made) == imp_frames_of("webp", file),
            "no frame is lost");
    promise(imp_carrier_of("webp")->look(made, &again, NULL) &&
                again.width == look->width && again.height == look->height &&
                again.orientation == look->orientation,
            "the size is the same");
    compare(file, made, where);
}

// Two spots, one of them at the far corner.
static void draw(struct imp_span file, uint8_t seed, bool is_clean)
{
    const struct imp_carrier *webp = imp_carrier_of("webp");
    struct imp_look look;
    struct imp_ink ink = {0};
    struct imp_buf out = {0};
    struct imp_err err = {0};
    uint32_t w = 1 + seed % 13, h = 1 + seed % 11;
    if (!webp->look(file, &look, &err) || look.width < w || look.height < h ||
        (uint64_t)look.width * look.height * (1 + imp_frames_of("webp", file)) >
            MOST_PIXELS ||
        !imp_mask_init(&ink.text, w, h, NULL) ||
        !imp_mask_init(&ink.outline, w, h, NULL))
        goto out;
    for (uint32_t i = 0; i < w * h; i++) {
        ink.text.cover[i] = (uint8_t)(i * seed);
        ink.outline.cover[i] = (uint8_t)(i % 3 * 127);
    }
    const struct imp_spot spots[] = {{0, 0}, {look.width - w, look.height - h}};
    const struct imp_drawing d = {
        .where = {&ink, spots, 2},
        .paint = {{seed, 255, 128}, (seed + 1) / 256.0},
        .pixels = &pixels};
    if (webp->draw(&d, file, &look, &out, &err))
        judge(file, imp_buf_span(&out), &look, &d.where, is_clean);
    else
        promise((err.code == IMP_ERR_DAMAGED && !is_clean) ||
                    err.code == IMP_ERR_LIMIT ||
                    err.code == IMP_ERR_UNSUPPORTED,
                "an error is the input's fault");
out:
    imp_ink_clear(&ink);
    imp_buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_span in = {data, size};
    struct imp_cutlist cl = {0};
    struct imp_buf clean = {0};
    uint8_t seed = 0;
    for (size_t i = 0; i < size; i++)
        seed = (uint8_t)(seed * 31 + data[i]);
    draw(in, seed, false);
    if (imp_format_webp.sniff(in) &&
        fixed_cut(&imp_format_webp, in, IMP_FATE_DROP, IMP_CHECK_CODED, &cl) &&
        imp_cutlist_apply(&cl, in, &clean, NULL))
        draw(imp_buf_span(&clean), seed, true);
    imp_buf_clear(&clean);
    imp_cutlist_clear(&cl);
    return 0;
}
