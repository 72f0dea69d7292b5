#include "mark/vips/picture.h"

#include <pango/pangocairo.h>
#include <string.h>
#include <vips/vips.h>

// Pango takes the first family that is there. "px" sizes do not depend on a
// screen's resolution.
#define FONT "DejaVu Sans,Sans Bold"
#define DPI 72
// DejaVu Sans has lines of 1.164 times its size (ascent and descent).
#define LINE_PER_SIZE 1.164

static char *sized_font(const char *font, uint32_t line)
{
    uint32_t size = (uint32_t)(line / LINE_PER_SIZE + 0.5);
    return g_strdup_printf("%s %upx", font ? font : FONT, size);
}

// The first character of the laid out text that has no letter, or 0.
static gunichar missing_letter(PangoLayout *layout)
{
    gunichar missing = 0;
    PangoLayoutIter *i = pango_layout_get_iter(layout);
    do {
        // NULL at the end of a line.
        PangoLayoutRun *run = pango_layout_iter_get_run_readonly(i);
        for (int g = 0; run && !missing && g < run->glyphs->num_glyphs; g++) {
            PangoGlyph glyph = run->glyphs->glyphs[g].glyph;
            if (glyph & PANGO_GLYPH_UNKNOWN_FLAG)
                missing = glyph & ~PANGO_GLYPH_UNKNOWN_FLAG;
        }
    } while (!missing && pango_layout_iter_next_run(i));
    pango_layout_iter_free(i);
    return missing;
}

// Pango draws boxes for what no font has: nobody reads them.
static bool has_letters(const char *text, uint32_t line, const char *font,
                        struct imp_err *err)
{
    char *sized = sized_font(font, line);
    PangoFontDescription *description =
        pango_font_description_from_string(sized);
    PangoContext *context =
        pango_font_map_create_context(pango_cairo_font_map_get_default());
    PangoLayout *layout = pango_layout_new(context);
    pango_layout_set_font_description(layout, description);
    pango_layout_set_text(layout, text, -1);
    gunichar missing = missing_letter(layout);
    g_object_unref(layout);
    g_object_unref(context);
    pango_font_description_free(description);
    g_free(sized);
    return !missing ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "no installed font has a letter for U+%04X of the text",
                    missing);
}

static VipsImage *render(const char *text, uint32_t line, const char *font)
{
    VipsImage *image = NULL;
    char *sized = sized_font(font, line);
    // vips_text reads Pango markup: what looks like a tag must not be one.
    char *escaped = g_markup_escape_text(text, -1);
    if (vips_text(&image, escaped, "font", sized, "dpi", DPI, NULL))
        image = NULL;
    g_free(escaped);
    g_free(sized);
    return image;
}

// Counter-clockwise; libvips turns the other way.
static VipsImage *turn(VipsImage *in, double angle)
{
    VipsImage *out = NULL;
    if (angle == 0 || vips_rotate(in, &out, -angle, NULL))
        return NULL;
    return out;
}

struct box {
    size_t left, top, right, bottom; // right and bottom are outside
};

// What is inked of an image; false if nothing is.
static bool find_ink(const uint8_t *p, size_t width, size_t height,
                     struct box *box)
{
    *box = (struct box){.left = width, .top = height};
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            if (!p[y * width + x])
                continue;
            box->left = x < box->left ? x : box->left;
            box->right = x + 1 > box->right ? x + 1 : box->right;
            box->top = y < box->top ? y : box->top;
            box->bottom = y + 1;
        }
    return box->bottom > 0;
}

static bool take_ink(const uint8_t *p, size_t width, size_t height,
                     struct imp_mask *mask, struct imp_err *err)
{
    struct box box;
    if (!p || !find_ink(p, width, height, &box))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the text leaves no ink: no letters, or no font for "
                        "them");
    size_t row = box.right - box.left;
    if (!imp_mask_init(mask, (uint32_t)row, (uint32_t)(box.bottom - box.top),
                       err))
        return false;
    for (size_t y = box.top; y < box.bottom; y++)
        memcpy(mask->cover + (y - box.top) * row, p + y * width + box.left,
               row);
    return true;
}

bool imp_vips_draw_text(const char *text, uint32_t line, const char *font,
                        double angle, struct imp_mask *mask,
                        struct imp_err *err)
{
    size_t n = 0, width = 0, height = 0;
    void *pixels = NULL;
    VipsImage *image = NULL, *turned = NULL;

    if (!g_utf8_validate(text, -1, NULL))
        return imp_fail(err, IMP_ERR_CONFIG, "the text is not UTF-8");
    if (!has_letters(text, line, font, err))
        return false;
    image = render(text, line, font);
    if (image && image->Bands == 1 && image->BandFmt == VIPS_FORMAT_UCHAR) {
        turned = turn(image, angle);
        VipsImage *shown = turned ? turned : image;
        width = (size_t)shown->Xsize;
        height = (size_t)shown->Ysize;
        pixels = vips_image_write_to_memory(shown, &n);
    }
    bool ok = take_ink(pixels, width, height, mask, err);
    g_free(pixels);
    VIPS_UNREF(turned);
    VIPS_UNREF(image);
    vips_error_clear();
    vips_thread_shutdown();
    return ok;
}
