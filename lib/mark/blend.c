#include "mark/blend.h"

#include <math.h>
#include <string.h>

#define COLOURS_MAX 4
// 65535 (sample) * 65535 (alpha) * ONE fits 64 bits, and so does a sample of 32
// bits * ONE.
#define ONE IMP_WEIGHT_ONE

// What is painted: colours of 8 bits in the raster's space, 255 is `white`.
struct colours {
    unsigned n;
    uint8_t text[COLOURS_MAX], outline[COLOURS_MAX];
    double black, white;
    bool alpha; // behind them, not multiplied in
    struct imp_weigher by;
};

unsigned imp_raster_bands(const struct imp_raster *r)
{
    static const unsigned colours[] = {
        [IMP_SPACE_GREY] = 1, [IMP_SPACE_RGB] = 3, [IMP_SPACE_CMYK] = 4};
    return colours[r->space] + (r->alpha ? 1 : 0);
}

size_t imp_sample_bytes(enum imp_sample sample)
{
    static const size_t bytes[] = {
        [IMP_SAMPLE_U8] = 1,  [IMP_SAMPLE_U16] = 2, [IMP_SAMPLE_U32] = 4,
        [IMP_SAMPLE_I8] = 1,  [IMP_SAMPLE_I16] = 2, [IMP_SAMPLE_I32] = 4,
        [IMP_SAMPLE_F32] = 4,
    };
    return bytes[sample];
}

// --- Samples; a double holds every number of each kind ---

static double load(const struct imp_raster *r, size_t i)
{
    switch (r->sample) {
    case IMP_SAMPLE_U8:
        return ((const uint8_t *)r->data)[i];
    case IMP_SAMPLE_U16:
        return ((const uint16_t *)r->data)[i];
    case IMP_SAMPLE_U32:
        return ((const uint32_t *)r->data)[i];
    case IMP_SAMPLE_I8:
        return ((const int8_t *)r->data)[i];
    case IMP_SAMPLE_I16:
        return ((const int16_t *)r->data)[i];
    case IMP_SAMPLE_I32:
        return ((const int32_t *)r->data)[i];
    case IMP_SAMPLE_F32:
        return ((const float *)r->data)[i];
    }
    return 0;
}

static void store(struct imp_raster *r, size_t i, double v)
{
    switch (r->sample) {
    case IMP_SAMPLE_U8:
        ((uint8_t *)r->data)[i] = (uint8_t)v;
        break;
    case IMP_SAMPLE_U16:
        ((uint16_t *)r->data)[i] = (uint16_t)v;
        break;
    case IMP_SAMPLE_U32:
        ((uint32_t *)r->data)[i] = (uint32_t)v;
        break;
    case IMP_SAMPLE_I8:
        ((int8_t *)r->data)[i] = (int8_t)v;
        break;
    case IMP_SAMPLE_I16:
        ((int16_t *)r->data)[i] = (int16_t)v;
        break;
    case IMP_SAMPLE_I32:
        ((int32_t *)r->data)[i] = (int32_t)v;
        break;
    case IMP_SAMPLE_F32:
        ((float *)r->data)[i] = (float)v;
        break;
    }
}

bool imp_raster_measure(struct imp_raster *r, struct imp_err *err)
{
    size_t n = (size_t)r->width * r->height * imp_raster_bands(r);
    r->black = INFINITY;
    r->white = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        double v = load(r, i);
        if (isfinite(v) && v < r->black)
            r->black = v;
        if (isfinite(v) && v > r->white)
            r->white = v;
    }
    return r->black < r->white ||
           imp_fail(err, IMP_ERR_LIMIT,
                    "all pixels have the same value: nothing tells what is "
                    "black and what is white");
}

// --- Colours ---

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

struct imp_weigher imp_weigher_of(const struct imp_paint *paint)
{
    uint64_t opacity = (uint64_t)lround(paint->opacity * IMP_OPAQUE);
    // 0: fainter than the weights can tell
    return (struct imp_weigher){opacity ? opacity : 1};
}

static void convert(const uint8_t rgb[3], enum imp_space space,
                    uint8_t out[COLOURS_MAX])
{
    if (space == IMP_SPACE_GREY)
        out[0] = (uint8_t)luma(rgb);
    else if (space == IMP_SPACE_RGB)
        memcpy(out, rgb, 3);
    else
        imp_paint_cmyk(rgb, out);
}

static struct colours colours_of(const struct imp_raster *r,
                                 const struct imp_paint *paint)
{
    uint8_t outline[3];
    struct colours c = {
        .n = imp_raster_bands(r) - (r->alpha ? 1 : 0),
        .black = r->black,
        .white = r->white,
        .alpha = r->alpha,
        .by = imp_weigher_of(paint),
    };
    if (imp_sample_has_white(r->sample)) {
        c.black = 0;
        c.white = r->sample == IMP_SAMPLE_U8 ? UINT8_MAX : UINT16_MAX;
    }
    convert(paint->rgb, r->space, c.text);
    imp_paint_outline(paint, outline);
    convert(outline, r->space, c.outline);
    if (r->alpha && r->associated) {
        // Then "over" is the same sum for it as for a colour.
        c.alpha = false;
        c.text[c.n] = c.outline[c.n] = UINT8_MAX;
        c.n++;
    }
    return c;
}

// The "over" operator (Porter and Duff, 1984) on integers, counted from black.
static uint64_t blend_number(uint64_t behind, uint64_t white, uint8_t text,
                             uint8_t outline, struct imp_weights w)
{
    uint64_t ink = w.text + w.outline;
    uint64_t painted =
        text * white / 255 * w.text + outline * white / 255 * w.outline;
    return (painted + behind * (ONE - ink) + ONE / 2) / ONE;
}

static double blend_float(double behind, const struct colours *c, unsigned i,
                          struct imp_weights w)
{
    if (!(behind >= c->black)) // or it is not a number
        behind = c->black;
    if (behind > c->white)
        behind = c->white;
    double text = (double)w.text / ONE, outline = (double)w.outline / ONE;
    double painted = text * c->text[i] / 255 + outline * c->outline[i] / 255;
    double v = c->black + painted * (c->white - c->black) +
               (1 - text - outline) * (behind - c->black);
    return v < c->white ? v : c->white; // rounding goes no further
}

static void blend_opaque(double *sample, const struct colours *c,
                         enum imp_sample kind, struct imp_weights w)
{
    for (unsigned i = 0; i < c->n; i++)
        sample[i] = kind == IMP_SAMPLE_F32
                        ? blend_float(sample[i], c, i, w)
                        : c->black + (double)blend_number(
                                         (uint64_t)(sample[i] - c->black),
                                         (uint64_t)(c->white - c->black),
                                         c->text[i], c->outline[i], w);
}

// The same on unassociated alpha.
static void blend_alpha(double *sample, const struct colours *c,
                        struct imp_weights w)
{
    uint64_t full = (uint64_t)c->white, scale = full / 255;
    uint64_t ink = w.text + w.outline;
    uint64_t over = ink * full, under = (uint64_t)sample[c->n] * (ONE - ink);
    uint64_t total = over + under; // of full * ONE
    for (unsigned i = 0; i < c->n; i++) {
        uint64_t painted =
            c->text[i] * scale * w.text + c->outline[i] * scale * w.outline;
        sample[i] = (double)((painted * full + (uint64_t)sample[i] * under +
                              total / 2) /
                             total);
    }
    sample[c->n] = (double)((total + ONE / 2) / ONE);
}

// Has the pixel changed?
static bool blend_pixel(struct imp_raster *r, size_t at,
                        const struct colours *c, struct imp_weights w)
{
    double sample[COLOURS_MAX + 1];
    unsigned bands = imp_raster_bands(r);
    bool changed = false;
    for (unsigned i = 0; i < bands; i++)
        sample[i] = load(r, at + i);
    if (c->alpha)
        blend_alpha(sample, c, w);
    else
        blend_opaque(sample, c, r->sample, w);
    for (unsigned i = 0; i < bands; i++) {
        double before = load(r, at + i);
        store(r, at + i, sample[i]);
        changed |= load(r, at + i) != before;
    }
    return changed;
}

// One row of ink onto the samples from `at` on.
static void blend_row(struct imp_raster *r, size_t at, const uint8_t *text,
                      const uint8_t *outline, const uint8_t *rgb, uint32_t n,
                      struct colours *c, struct imp_blended *count)
{
    unsigned bands = imp_raster_bands(r);
    for (uint32_t x = 0; x < n; x++, at += bands) {
        if (text[x] == 0 && outline[x] == 0)
            continue;
        if (rgb)
            convert(rgb + 3 * (size_t)x, r->space, c->text);
        if (r->overlay && load(r, at + bands - 1) == 0)
            continue;
        count->inked++;
        count->changed +=
            blend_pixel(r, at, c, imp_weigh(&c->by, text[x], outline[x]));
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
