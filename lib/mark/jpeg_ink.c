#include "mark/jpeg_ink.h"

#include "mark/dct.h"

#include <math.h>
#include <string.h>

#define SIDE 8
#define SAMPLES (SIDE * SIDE)
#define FULL (255.0f * 255.0f) // coverage of a pixel: see struct cover

// --- Colours ---

// JFIF 1.02, page 3: all of 0 to 255.
static void to_ycc(const float rgb[3], float ycc[3])
{
    float r = rgb[0], g = rgb[1], b = rgb[2];
    ycc[0] = 0.299f * r + 0.587f * g + 0.114f * b;
    ycc[1] = 128 - 0.168735892f * r - 0.331264108f * g + 0.5f * b;
    ycc[2] = 128 + 0.5f * r - 0.418687589f * g - 0.081312411f * b;
}

// As a reader hands out CMYK: full ink is 0 if it is inverted. YCCK is the
// transform of what CMY leaves of white (T.872 6.5.3).
static void to_cmyk(const uint8_t rgb[3], bool inverted, bool transformed,
                    float out[4])
{
    uint8_t cmyk[4];
    imp_paint_cmyk(rgb, cmyk);
    for (int i = 0; i < 4; i++)
        out[i] = inverted ? 255.0f - cmyk[i] : cmyk[i];
    if (!transformed)
        return;
    const float left[3] = {255 - out[0], 255 - out[1], 255 - out[2]};
    to_ycc(left, out);
}

static void to_samples(const uint8_t rgb[3], enum imp_jpeg_colour colour,
                       bool inverted, float out[IMP_JPEG_COMPS])
{
    const float as_is[3] = {rgb[0], rgb[1], rgb[2]};
    switch (colour) {
    case IMP_JPEG_CMYK:
    case IMP_JPEG_YCCK:
        to_cmyk(rgb, inverted, colour == IMP_JPEG_YCCK, out);
        break;
    case IMP_JPEG_RGB:
        memcpy(out, as_is, sizeof as_is);
        break;
    default: // grey is the Y of YCC
        to_ycc(as_is, out);
        break;
    }
}

struct imp_jpeg_kind imp_jpeg_kind_of(const struct imp_jpeg_map *map)
{
    struct imp_jpeg_kind kind = {.n_comp = map->frame->n_comp,
                                 .colour = map->colour,
                                 .inverted = map->inverted};
    for (unsigned i = 0; i < kind.n_comp; i++) {
        kind.h[i] = map->frame->comp[i].h;
        kind.v[i] = map->frame->comp[i].v;
    }
    return kind;
}

void imp_jpeg_ink_init(struct imp_jpeg_ink *ink,
                       const struct imp_jpeg_kind *kind, struct imp_inked where,
                       const struct imp_paint *paint)
{
    float text[IMP_JPEG_COMPS] = {0}, outline[IMP_JPEG_COMPS] = {0};
    uint8_t rgb[3];
    imp_paint_outline(paint, rgb);
    to_samples(paint->rgb, kind->colour, kind->inverted, text);
    to_samples(rgb, kind->colour, kind->inverted, outline);
    *ink = (struct imp_jpeg_ink){
        .where = where, .kind = *kind, .opacity = (float)paint->opacity};
    for (unsigned i = 0; i < kind->n_comp; i++) {
        ink->comp[i].h = kind->h[i];
        ink->comp[i].v = kind->v[i];
        ink->comp[i].text = text[i];
        ink->comp[i].outline = outline[i];
        ink->h_max = kind->h[i] > ink->h_max ? kind->h[i] : ink->h_max;
        ink->v_max = kind->v[i] > ink->v_max ? kind->v[i] : ink->v_max;
    }
}

// --- Where a block lies in the picture ---

// The first pixel of sample `i` of a component with `factor` samples for `max`
// pixels; samples share all pixels among them.
static uint32_t pixel_of(uint32_t i, unsigned factor, unsigned max)
{
    return (i * max + factor - 1) / factor;
}

static uint32_t sample_of(uint32_t pixel, unsigned factor, unsigned max)
{
    return pixel * factor / max;
}

static uint32_t height_of(const struct imp_jpeg_ink *ink)
{
    return ink->where.ink->text.height;
}

static uint32_t width_of(const struct imp_jpeg_ink *ink)
{
    return ink->where.ink->text.width;
}

// The first copy of the ink that reaches below `y`, by bisection: they are
// sorted from the top down and of one height.
static size_t first_below(const struct imp_jpeg_ink *ink, uint32_t y)
{
    size_t from = 0, to = ink->where.n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (ink->where.spot[middle].y + height_of(ink) <= y)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

bool imp_jpeg_ink_span(const struct imp_jpeg_ink *ink, unsigned comp,
                       uint32_t by, uint32_t *first, uint32_t *last)
{
    unsigned h = ink->comp[comp].h, v = ink->comp[comp].v;
    uint32_t top = pixel_of(by * SIDE, v, ink->v_max);
    uint32_t bottom = pixel_of((by + 1) * SIDE, v, ink->v_max);
    uint32_t from = UINT32_MAX, to = 0;
    for (size_t i = first_below(ink, top); i < ink->where.n; i++) {
        const struct imp_spot *s = &ink->where.spot[i];
        if (s->y >= bottom)
            break;
        from = s->x < from ? s->x : from;
        to = s->x + width_of(ink) > to ? s->x + width_of(ink) : to;
    }
    if (to == 0)
        return false;
    *first = sample_of(from, h, ink->h_max) / SIDE;
    *last = sample_of(to - 1, h, ink->h_max) / SIDE;
    return true;
}

// --- Drawing ---

// How much ink the pixels of each sample have, in parts of FULL; the text lies
// on its outline.
struct cover {
    uint32_t text[SAMPLES], outline[SAMPLES];
    float painted[SAMPLES]; // what the text's parts come to, as a sample
    bool any;
};

struct area {
    uint32_t left, top, right, bottom; // pixels; right and bottom are outside
};

static void add_pixel(struct cover *c, unsigned at, uint8_t text,
                      uint8_t outline, float sample)
{
    c->text[at] += text * 255u;
    c->painted[at] += (float)text * 255 * sample;
    c->outline[at] += outline * (255u - text);
    c->any = true;
}

// The text's colour there, as a sample of the component.
static float colour_at(const struct imp_jpeg_ink *ink, unsigned comp, size_t at)
{
    const uint8_t *rgb = ink->where.ink->rgb;
    float sample[IMP_JPEG_COMPS];
    if (!rgb)
        return ink->comp[comp].text;
    to_samples(rgb + 3 * at, ink->kind.colour, ink->kind.inverted, sample);
    return sample[comp];
}

// A copy of the ink that may lie on the block.
static void add_spot(const struct imp_jpeg_ink *ink, unsigned comp,
                     const struct area *block, const struct imp_spot *s,
                     struct cover *c)
{
    const struct imp_ink *i = ink->where.ink;
    uint32_t left = s->x > block->left ? s->x : block->left;
    uint32_t top = s->y > block->top ? s->y : block->top;
    uint32_t right = s->x + i->text.width, bottom = s->y + i->text.height;
    right = right < block->right ? right : block->right;
    bottom = bottom < block->bottom ? bottom : block->bottom;
    if (left >= right)
        return;
    for (uint32_t y = top; y < bottom; y++) {
        size_t row = (size_t)(y - s->y) * i->text.width;
        unsigned sy = sample_of(y, ink->comp[comp].v, ink->v_max) % SIDE;
        for (uint32_t x = left; x < right; x++) {
            unsigned sx = sample_of(x, ink->comp[comp].h, ink->h_max) % SIDE;
            size_t at = row + (x - s->x);
            if (i->text.cover[at] || i->outline.cover[at])
                add_pixel(c, sy * SIDE + sx, i->text.cover[at],
                          i->outline.cover[at], colour_at(ink, comp, at));
        }
    }
}

static void cover_block(const struct imp_jpeg_ink *ink, unsigned comp,
                        uint32_t bx, uint32_t by, struct cover *c)
{
    unsigned h = ink->comp[comp].h, v = ink->comp[comp].v;
    const struct area block = {
        .left = pixel_of(bx * SIDE, h, ink->h_max),
        .right = pixel_of((bx + 1) * SIDE, h, ink->h_max),
        .top = pixel_of(by * SIDE, v, ink->v_max),
        .bottom = pixel_of((by + 1) * SIDE, v, ink->v_max),
    };
    const struct imp_inked *w = &ink->where;
    memset(c, 0, sizeof *c);
    for (size_t i = first_below(ink, block.top);
         i < w->n && w->spot[i].y < block.bottom; i++)
        add_spot(ink, comp, &block, &w->spot[i], c);
}

static float part_of(uint32_t cover, float pixels)
{
    float part = (float)cover / (FULL * pixels);
    return part < 1 ? part : 1;
}

// What the ink changes of the samples, which may lie outside of 0 to 255 as
// coefficients are rounded: a viewer sees them clipped.
static void change_of(const struct imp_jpeg_ink *ink, unsigned comp,
                      const struct cover *c, const float sample[SAMPLES],
                      float change[SAMPLES])
{
    float pixels = (float)(ink->h_max * ink->v_max) /
                   (float)(ink->comp[comp].h * ink->comp[comp].v);
    for (unsigned i = 0; i < SAMPLES; i++) {
        float seen = sample[i] + 128;
        seen = seen < 0 ? 0 : seen > 255 ? 255 : seen;
        float text = part_of(c->text[i], pixels) * ink->opacity;
        float outline = part_of(c->outline[i], pixels) * ink->opacity;
        float colour = c->text[i] ? c->painted[i] / (float)c->text[i] : seen;
        change[i] =
            text * (colour - seen) + outline * (ink->comp[comp].outline - seen);
    }
}

// T.81 F.1.2.1 and F.1.2.2 for 8 bits: 11 bits of DC, 10 and a sign of AC.
static int16_t clip(float v, unsigned k)
{
    float least = k == 0 ? -1024 : -1023;
    return (int16_t)lrintf(v < least ? least : v > 1023 ? 1023 : v);
}

// The ink's colour alone: nothing of what was there is left in a coefficient.
static bool fill(const struct imp_jpeg_ink *ink, unsigned comp,
                 const uint16_t quant[64], int16_t block[64])
{
    int16_t was[SAMPLES];
    memcpy(was, block, sizeof was);
    memset(block, 0, sizeof was);
    if (quant[0])
        block[0] = clip((ink->comp[comp].text - 128) * SIDE / quant[0], 0);
    return memcmp(was, block, sizeof was) != 0;
}

static bool blend(const struct imp_jpeg_ink *ink, unsigned comp,
                  const struct cover *c, const uint16_t quant[64],
                  int16_t block[64])
{
    bool changed = false;
    float coefficient[SAMPLES], sample[SAMPLES], change[SAMPLES];
    for (unsigned k = 0; k < SAMPLES; k++)
        coefficient[imp_dct_row_order[k]] = (float)block[k] * quant[k];
    imp_dct_inverse(coefficient, sample);
    change_of(ink, comp, c, sample, change);
    imp_dct(change, coefficient);
    for (unsigned k = 0; k < SAMPLES; k++) {
        // A step of 0 is no step (T.81 B.2.4.1): nothing can be coded there.
        float steps =
            quant[k] ? coefficient[imp_dct_row_order[k]] / quant[k] : 0;
        int16_t was = block[k];
        if (fabsf(steps) >= 0.5f)
            block[k] = clip((float)was + steps, k);
        changed |= block[k] != was;
    }
    return changed;
}

bool imp_jpeg_ink_draw(struct imp_jpeg_ink *ink, unsigned comp, uint32_t bx,
                       uint32_t by, const uint16_t quant[64], int16_t block[64])
{
    struct cover c;
    cover_block(ink, comp, bx, by, &c);
    if (!c.any)
        return false;
    ink->inked[comp]++;
    ink->changed[comp] += ink->whole ? fill(ink, comp, quant, block)
                                     : blend(ink, comp, &c, quant, block);
    return true;
}

bool imp_jpeg_ink_shows(const struct imp_jpeg_ink *ink, struct imp_err *err)
{
    for (unsigned i = 0; i < ink->kind.n_comp; i++)
        if (imp_ink_shows(ink->inked[i], ink->changed[i]))
            return true;
    return imp_fail(err, IMP_ERR_LIMIT,
                    "the mark leaves no trace in this picture: %ju of %ju "
                    "blocks would change",
                    (uintmax_t)ink->changed[0], (uintmax_t)ink->inked[0]);
}
