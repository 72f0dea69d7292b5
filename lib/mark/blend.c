#include "mark/blend.h"

#include <math.h>
#include <string.h>

#define COLOURS_MAX 4
// Weights are integers, so that a result does not depend on the compiler.
// 65535 (sample) * 65535 (alpha) * ONE fits 64 bits.
#define OPAQUE 4096
#define ONE ((uint64_t)255 * 255 * OPAQUE)

// What is painted, as samples of the raster.
struct colours {
    unsigned n;
    uint32_t text[COLOURS_MAX], outline[COLOURS_MAX];
    uint32_t full; // an opaque alpha
    bool alpha;
    uint64_t opacity; // of OPAQUE
};

// What one pixel gets of each, of ONE.
struct weights {
    uint64_t text, outline;
};

unsigned imp_raster_bands(const struct imp_raster *r)
{
    static const unsigned colours[] = {
        [IMP_SPACE_GREY] = 1, [IMP_SPACE_RGB] = 3, [IMP_SPACE_CMYK] = 4};
    return colours[r->space] + (r->alpha ? 1 : 0);
}

// Luma, ITU-R BT.601.
static uint32_t luma(const uint8_t rgb[3])
{
    return (299u * rgb[0] + 587u * rgb[1] + 114u * rgb[2] + 500) / 1000;
}

void imp_paint_outline(const struct imp_paint *paint, uint8_t rgb[3])
{
    memset(rgb, luma(paint->rgb) >= 128 ? 0 : 255, 3);
}

void imp_paint_cmyk(const uint8_t rgb[3], uint8_t cmyk[4])
{
    unsigned most = rgb[0];
    for (unsigned i = 1; i < 3; i++)
        most = rgb[i] > most ? rgb[i] : most;
    for (unsigned i = 0; i < 3; i++)
        cmyk[i] = (uint8_t)(most ? (most - rgb[i]) * 255 / most : 0);
    cmyk[3] = (uint8_t)(255 - most);
}

static void convert(const uint8_t rgb[3], enum imp_space space, uint32_t full,
                    uint32_t out[COLOURS_MAX])
{
    uint32_t scale = full / 255;
    if (space == IMP_SPACE_GREY) {
        out[0] = luma(rgb) * scale;
        return;
    }
    if (space == IMP_SPACE_RGB) {
        for (unsigned i = 0; i < 3; i++)
            out[i] = rgb[i] * scale;
        return;
    }
    uint8_t cmyk[4];
    imp_paint_cmyk(rgb, cmyk);
    for (unsigned i = 0; i < 4; i++)
        out[i] = cmyk[i] * scale;
}

static struct colours colours_of(const struct imp_raster *r,
                                 const struct imp_paint *paint)
{
    uint8_t outline[3];
    struct colours c = {
        .n = imp_raster_bands(r) - (r->alpha ? 1 : 0),
        .full = r->wide ? 65535 : 255,
        .alpha = r->alpha,
        .opacity = (uint64_t)lround(paint->opacity * OPAQUE),
    };
    if (c.opacity == 0) // fainter than the weights can tell
        c.opacity = 1;
    convert(paint->rgb, r->space, c.full, c.text);
    imp_paint_outline(paint, outline);
    convert(outline, r->space, c.full, c.outline);
    return c;
}

// Text lies on its outline, and both together have the opacity: the picture
// shows through evenly.
static struct weights weigh(uint8_t text, uint8_t outline, uint64_t opacity)
{
    return (struct weights){
        .text = (uint64_t)text * 255 * opacity,
        .outline = (uint64_t)outline * (255u - text) * opacity,
    };
}

// The "over" operator on unassociated alpha (Porter and Duff, 1984); without
// an alpha sample the picture is opaque.
static void blend_pixel(uint32_t *sample, const struct colours *c,
                        struct weights w)
{
    uint64_t ink = w.text + w.outline;
    uint64_t behind = c->alpha ? sample[c->n] : c->full;
    uint64_t over = ink * c->full, under = behind * (ONE - ink);
    uint64_t total = over + under; // of full * ONE
    for (unsigned i = 0; i < c->n; i++) {
        uint64_t painted = c->text[i] * w.text + c->outline[i] * w.outline;
        sample[i] =
            (uint32_t)((painted * c->full + sample[i] * under + total / 2) /
                       total);
    }
    if (c->alpha)
        sample[c->n] = (uint32_t)((total + ONE / 2) / ONE);
}

static uint32_t load(const struct imp_raster *r, size_t i)
{
    return r->wide ? ((const uint16_t *)r->data)[i]
                   : ((const uint8_t *)r->data)[i];
}

// Has it changed?
static bool store(struct imp_raster *r, size_t i, uint32_t v)
{
    bool changed = load(r, i) != v;
    if (r->wide)
        ((uint16_t *)r->data)[i] = (uint16_t)v;
    else
        ((uint8_t *)r->data)[i] = (uint8_t)v;
    return changed;
}

// One row of ink onto the samples from `at` on.
static void blend_row(struct imp_raster *r, size_t at, const uint8_t *text,
                      const uint8_t *outline, const uint8_t *rgb, uint32_t n,
                      struct colours *c, struct imp_blended *count)
{
    unsigned bands = imp_raster_bands(r);
    for (uint32_t x = 0; x < n; x++, at += bands) {
        uint32_t sample[COLOURS_MAX + 1];
        if (text[x] == 0 && outline[x] == 0)
            continue;
        if (rgb)
            convert(rgb + 3 * (size_t)x, r->space, c->full, c->text);
        for (unsigned i = 0; i < bands; i++)
            sample[i] = load(r, at + i);
        if (r->overlay && sample[bands - 1] == 0)
            continue;
        blend_pixel(sample, c, weigh(text[x], outline[x], c->opacity));
        bool changed = false;
        for (unsigned i = 0; i < bands; i++)
            changed |= store(r, at + i, sample[i]);
        count->inked++;
        count->changed += changed;
    }
}

// The part of `n` samples from `at` on that lies in 0..`side`: from *first on.
static uint32_t clip(int64_t at, uint32_t n, uint32_t side, uint32_t *first)
{
    int64_t begin = at < 0 ? 0 : at;
    int64_t end = at + n < (int64_t)side ? at + n : (int64_t)side;
    *first = (uint32_t)(begin - at);
    return end > begin ? (uint32_t)(end - begin) : 0;
}

struct imp_blended imp_blend(struct imp_raster *r, int64_t x, int64_t y,
                             const struct imp_ink *ink,
                             const struct imp_paint *paint)
{
    struct imp_blended count = {0};
    struct colours c = colours_of(r, paint);
    uint32_t left, top;
    uint32_t across = clip(x, ink->text.width, r->width, &left);
    uint32_t down = clip(y, ink->text.height, r->height, &top);
    for (uint32_t row = top; row < top + down; row++) {
        size_t from = (size_t)row * ink->text.width + left;
        size_t at = (size_t)(y + row) * r->width + (size_t)(x + left);
        blend_row(r, at * imp_raster_bands(r), ink->text.cover + from,
                  ink->outline.cover + from,
                  ink->rgb ? ink->rgb + 3 * from : NULL, across, &c, &count);
    }
    return count;
}
