#include "mark/vips/picture.h"

#include <string.h>
#include <vips/vips.h>

// Pango takes the first family that is there. "px" sizes do not depend on a
// screen's resolution.
#define FONT "DejaVu Sans,Sans Bold %upx"
#define DPI 72
// DejaVu Sans has lines of 1.164 times its size (ascent and descent).
#define LINE_PER_SIZE 1.164

static VipsImage *render(const char *text, uint32_t line)
{
    char font[64];
    VipsImage *image = NULL;
    uint32_t size = (uint32_t)(line / LINE_PER_SIZE + 0.5);
    g_snprintf(font, sizeof font, FONT, size);
    // vips_text reads Pango markup: what looks like a tag must not be one.
    char *escaped = g_markup_escape_text(text, -1);
    if (vips_text(&image, escaped, "font", font, "dpi", DPI, NULL))
        image = NULL;
    g_free(escaped);
    return image;
}

static bool has_ink(const uint8_t *p, size_t n)
{
    while (n > 0)
        if (p[--n])
            return true;
    return false;
}

bool imp_vips_draw_text(const char *text, uint32_t line, struct imp_mask *mask,
                        struct imp_err *err)
{
    bool ok = false;
    size_t n = 0;
    void *pixels = NULL;
    VipsImage *image = NULL;

    if (!g_utf8_validate(text, -1, NULL))
        return imp_fail(err, IMP_ERR_CONFIG, "the text is not UTF-8");
    image = render(text, line);
    if (image && image->Bands == 1 && image->BandFmt == VIPS_FORMAT_UCHAR)
        pixels = vips_image_write_to_memory(image, &n);
    if (!pixels || !has_ink(pixels, n)) {
        imp_fail(err, IMP_ERR_CONFIG,
                 "the text leaves no ink: no letters, or no font for them");
        goto out;
    }
    if (!imp_mask_init(mask, (uint32_t)image->Xsize, (uint32_t)image->Ysize,
                       err))
        goto out;
    memcpy(mask->cover, pixels, n);
    ok = true;
out:
    g_free(pixels);
    VIPS_UNREF(image);
    vips_error_clear();
    vips_thread_shutdown();
    return ok;
}
