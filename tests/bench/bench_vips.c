/* bench_vips.c - what a plain libvips program does to watermark photos: load in
 * sequence, composite, save without metadata. One thread.
 *
 *     bench_vips TEXT OUTDIR FILE...
 */
#include <stdio.h>
#include <vips/vips.h>

// White text with some of its own opacity, for a picture of that height.
static VipsImage *render(const char *text, int height)
{
    char font[64];
    VipsImage *mask = NULL, *alpha = NULL, *white = NULL, *colour = NULL;
    VipsImage *out = NULL, *kept = NULL;
    const double full[3] = {255, 255, 255};
    g_snprintf(font, sizeof font, "DejaVu Sans Bold %dpx", height / 25);
    if (!vips_text(&mask, text, "font", font, "dpi", 72, NULL) &&
        !vips_linear1(mask, &alpha, 0.7, 0, "uchar", TRUE, NULL) &&
        (white = vips_image_new_from_image(mask, full, 3)) &&
        !vips_copy(white, &colour, "interpretation", VIPS_INTERPRETATION_sRGB,
                   NULL) &&
        !vips_bandjoin2(colour, alpha, &out, NULL))
        kept = vips_image_copy_memory(out);
    VIPS_UNREF(mask);
    VIPS_UNREF(alpha);
    VIPS_UNREF(white);
    VIPS_UNREF(colour);
    VIPS_UNREF(out);
    return kept;
}

static int mark(VipsImage *text, const char *from, const char *to)
{
    VipsImage *in = NULL, *out = NULL, *flat = NULL;
    int bad = vips_jpegload(from, &in, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    if (!bad)
        bad = vips_composite2(in, text, &out, VIPS_BLEND_MODE_OVER, "x",
                              in->Xsize - text->Xsize - 60, "y",
                              in->Ysize - text->Ysize - 60, NULL) ||
              vips_flatten(out, &flat, NULL) ||
              vips_jpegsave(flat, to, "Q", 90, "strip", TRUE, NULL);
    VIPS_UNREF(in);
    VIPS_UNREF(out);
    VIPS_UNREF(flat);
    return bad;
}

int main(int argc, char **argv)
{
    VipsImage *text = NULL, *first = NULL;
    if (argc < 4 || VIPS_INIT(argv[0]))
        return 2;
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    if (!vips_jpegload(argv[3], &first, NULL))
        text = render(argv[1], first->Ysize); // once for all
    VIPS_UNREF(first);
    for (int i = 3; text && i < argc; i++) {
        char *name = g_path_get_basename(argv[i]);
        char *to = g_build_filename(argv[2], name, NULL);
        int bad = mark(text, argv[i], to);
        g_free(name);
        g_free(to);
        if (bad) {
            fprintf(stderr, "bench_vips: %s: %s", argv[i], vips_error_buffer());
            return 1;
        }
    }
    if (!text)
        return 1;
    VIPS_UNREF(text);
    return 0;
}
