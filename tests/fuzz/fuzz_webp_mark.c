// Any bytes as a WebP to draw on: what marking.h says, by libwebp's own
// demultiplexer and decoder.
#include "image/webp.h"
#include "mark/frames.h"
#include "mark/vips/picture.h"
#include "marking.h"

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

static bool is_small(struct imp_span file)
{
    struct imp_look look;
    return imp_carrier_of("webp")->look(file, &look, NULL) &&
           (uint64_t)look.width * look.height *
                   (1 + imp_frames_of("webp", file)) <=
               MOST_PIXELS;
}

static void compare_pixels(const WebPIterator *a, const WebPIterator *b,
                           const struct imp_area *area)
{
    int aw, ah, bw, bh;
    uint8_t *p = WebPDecodeRGBA(a->fragment.bytes, a->fragment.size, &aw, &ah);
    uint8_t *q = WebPDecodeRGBA(b->fragment.bytes, b->fragment.size, &bw, &bh);
    promise(!p == !q, "what decodes still does, as what does not");
    if (p) {
        promise(aw == bw && ah == bh, "a frame has the same size");
        for (int y = 0; y < ah; y++)
            for (int x = 0; x < aw; x++) {
                uint64_t left = (uint64_t)(a->x_offset + x);
                uint64_t top = (uint64_t)(a->y_offset + y);
                size_t at = 4 * ((size_t)y * (size_t)aw + (size_t)x);
                promise(memcmp(p + at, q + at, 4) == 0 ||
                            imp_area_meets(area, left, top, left + 1, top + 1),
                        "no pixel changes outside of the ink");
            }
    }
    WebPFree(p);
    WebPFree(q);
}

static void compare_frames(WebPIterator *a, WebPIterator *b,
                           const struct imp_area *area)
{
    do {
        promise(a->x_offset == b->x_offset && a->y_offset == b->y_offset &&
                    a->width == b->width && a->height == b->height &&
                    a->duration == b->duration &&
                    a->dispose_method == b->dispose_method &&
                    a->blend_method == b->blend_method &&
                    a->has_alpha == b->has_alpha,
                "a frame is shown as it was");
        compare_pixels(a, b, area);
    } while (WebPDemuxNextFrame(a) && WebPDemuxNextFrame(b));
}

static void judge(const struct marking *m, struct imp_span source,
                  struct imp_span made, const struct imp_area *area)
{
    static const WebPFormatFeature told[] = {
        WEBP_FF_FORMAT_FLAGS, WEBP_FF_CANVAS_WIDTH,     WEBP_FF_CANVAS_HEIGHT,
        WEBP_FF_LOOP_COUNT,   WEBP_FF_BACKGROUND_COLOR, WEBP_FF_FRAME_COUNT};
    const WebPData data[] = {{source.p, source.n}, {made.p, made.n}};
    WebPIterator a = {0}, b = {0};
    (void)m;
    promise(imp_frames_of("webp", made) == imp_frames_of("webp", source),
            "no frame is lost");
    WebPDemuxer *from = WebPDemux(&data[0]), *to = WebPDemux(&data[1]);
    promise(!from == !to, "what others read they still do");
    if (from) {
        for (size_t i = 0; i < sizeof told / sizeof *told; i++)
            promise(WebPDemuxGetI(from, told[i]) == WebPDemuxGetI(to, told[i]),
                    "canvas, flags and frames are the same");
        if (WebPDemuxGetFrame(from, 1, &a) && WebPDemuxGetFrame(to, 1, &b))
            compare_frames(&a, &b, area);
    }
    WebPDemuxReleaseIterator(&a);
    WebPDemuxReleaseIterator(&b);
    WebPDemuxDelete(from);
    WebPDemuxDelete(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct marking webp = {.format = &imp_format_webp,
                                        .pixels = &pixels,
                                        .sound = true,
                                        .is_small = is_small,
                                        .judge = judge};
    check_marking(&webp, (struct imp_span){data, size});
    return 0;
}
