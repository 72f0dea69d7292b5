// A mark that is an image.
#include "mark/vips/picture.h"

#include <string.h>
#include <vips/vips.h>

struct imp_logo {
    VipsImage *image; // in memory: sRGB and alpha, 8 bits, not premultiplied
};

#define SIDE_MAX 4096 // pixels: a mark is no picture

// sRGB by its profile if it has one, and an alpha.
static VipsImage *to_rgba(VipsImage *in)
{
    VipsImage *colour = NULL, *bytes = NULL, *rgba = NULL, *kept = NULL;
    bool profile = vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0;
    int bad =
        profile
            ? vips_icc_transform(in, &colour, "srgb", "embedded", TRUE, NULL)
            : vips_colourspace(in, &colour, VIPS_INTERPRETATION_sRGB, NULL);
    if (!bad && !vips_cast_uchar(colour, &bytes, NULL)) {
        bad = vips_image_hasalpha(bytes) ? vips_copy(bytes, &rgba, NULL)
                                         : vips_addalpha(bytes, &rgba, NULL);
        if (!bad && rgba->Bands == 4)
            kept = vips_image_copy_memory(rgba);
    }
    VIPS_UNREF(colour);
    VIPS_UNREF(bytes);
    VIPS_UNREF(rgba);
    return kept;
}

struct imp_logo *imp_vips_load_logo(struct imp_span png, struct imp_err *err)
{
    struct imp_logo *logo = NULL;
    VipsImage *in = NULL, *image = NULL;
    // libvips takes bytes as void *, but does not write to them.
    if (!vips_pngload_buffer((void *)(uintptr_t)png.p, png.n, &in, "fail_on",
                             VIPS_FAIL_ON_ERROR, NULL) &&
        in->Xsize <= SIDE_MAX && in->Ysize <= SIDE_MAX)
        image = to_rgba(in);
    if (image) {
        logo = g_new0(struct imp_logo, 1);
        logo->image = image;
    } else if (in && (in->Xsize > SIDE_MAX || in->Ysize > SIDE_MAX)) {
        imp_fail(
            err, IMP_ERR_CONFIG,
            "the mark's image has %d x %d pixels, want at most %d each way",
            in->Xsize, in->Ysize, SIDE_MAX);
    } else {
        imp_fail(err, IMP_ERR_CONFIG, "the mark's image is no sound PNG");
    }
    VIPS_UNREF(in);
    vips_error_clear();
    vips_thread_shutdown();
    return logo;
}

void imp_vips_free_logo(struct imp_logo *logo)
{
    if (!logo)
        return;
    VIPS_UNREF(logo->image);
    g_free(logo);
}

// Resampled with its colours weighed by alpha, so that what is transparent
// bleeds into nothing.
static VipsImage *render(VipsImage *in, uint32_t height, double angle)
{
    VipsImage *t[5] = {0}, *out = NULL;
    double scale = (double)height / in->Ysize;
    if (!vips_premultiply(in, &t[0], NULL) &&
        !vips_resize(t[0], &t[1], scale, NULL) &&
        !(angle != 0 ? vips_rotate(t[1], &t[2], -angle, NULL)
                     : vips_copy(t[1], &t[2], NULL)) &&
        !vips_unpremultiply(t[2], &t[3], NULL) &&
        !vips_cast_uchar(t[3], &t[4], NULL))
        out = vips_image_copy_memory(t[4]);
    for (size_t i = 0; i < G_N_ELEMENTS(t); i++)
        VIPS_UNREF(t[i]);
    return out;
}

static bool take(const VipsImage *image, struct imp_ink *ink,
                 struct imp_err *err)
{
    const uint8_t *px = vips_image_get_data((VipsImage *)(uintptr_t)image);
    size_t n = (size_t)image->Xsize * (size_t)image->Ysize;
    bool any = false;
    if (!imp_mask_init(&ink->text, (uint32_t)image->Xsize,
                       (uint32_t)image->Ysize, err))
        return false;
    ink->rgb = calloc(n, 3);
    if (!ink->rgb)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a mark");
    for (size_t i = 0; i < n; i++) {
        memcpy(ink->rgb + 3 * i, px + 4 * i, 3);
        ink->text.cover[i] = px[4 * i + 3];
        any |= px[4 * i + 3] != 0;
    }
    return any || imp_fail(err, IMP_ERR_CONFIG,
                           "the mark's image is transparent throughout");
}

bool imp_vips_draw_logo(const struct imp_logo *logo, uint32_t height,
                        double angle, struct imp_ink *ink, struct imp_err *err)
{
    VipsImage *image = render(logo->image, height, angle);
    bool ok = image ? take(image, ink, err)
                    : imp_fail(err, IMP_ERR_MEMORY, "the mark is not drawn");
    if (!ok)
        imp_ink_clear(ink);
    VIPS_UNREF(image);
    vips_error_clear();
    vips_thread_shutdown();
    return ok;
}
