#include "mark/ink.h"

#include "mark/orient.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OUTLINE 0.07    // its width : the height of a line
#define OUTLINE_MIN 1.5 // pixels: full strength beside the text, soft beyond
#define PAD_MAX 1000    // pixels: that of the highest line, and some
#define BOX_PAD 6       // of the height of a line, a part
#define INKED 128       // coverage from which a pixel has an outline

bool imp_mask_init(struct imp_mask *mask, uint32_t width, uint32_t height,
                   struct imp_err *err)
{
    mask->cover = calloc(height, width);
    if (!mask->cover)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for ink of %u x %u",
                        width, height);
    mask->width = width;
    mask->height = height;
    return true;
}

void imp_mask_clear(struct imp_mask *mask)
{
    free(mask->cover);
    *mask = (struct imp_mask){0};
}

void imp_ink_clear(struct imp_ink *ink)
{
    imp_mask_clear(&ink->text);
    imp_mask_clear(&ink->outline);
    free(ink->rgb);
    ink->rgb = NULL;
}

// How far the outline reaches from the middle of an inked pixel.
static double reach_of(uint32_t line)
{
    double width = OUTLINE * line;
    return (width < OUTLINE_MIN ? OUTLINE_MIN : width) + 0.5;
}

uint32_t imp_ink_pad(enum imp_backing backing, uint32_t line)
{
    uint32_t pad = 0;
    if (backing == IMP_BACKING_OUTLINE)
        pad = (uint32_t)ceil(reach_of(line)) - 1;
    else if (backing == IMP_BACKING_BOX)
        pad = line / BOX_PAD + 1;
    return pad < PAD_MAX ? pad : PAD_MAX;
}

static bool pad_mask(const struct imp_mask *in, uint32_t pad,
                     struct imp_mask *out, struct imp_err *err)
{
    if (!imp_mask_init(out, in->width + 2 * pad, in->height + 2 * pad, err))
        return false;
    for (uint32_t y = 0; y < in->height; y++)
        memcpy(out->cover + (size_t)(y + pad) * out->width + pad,
               in->cover + (size_t)y * in->width, in->width);
    return true;
}

// Rows between each pixel and the next inked one above or below it, at most
// pad + 1.
static void column_distances(const struct imp_mask *text, uint32_t pad,
                             uint16_t *rows)
{
    size_t width = text->width;
    for (size_t x = 0; x < width; x++) {
        uint32_t far = pad + 1, d = far;
        for (uint32_t y = 0; y < text->height; y++) {
            d = text->cover[y * width + x] >= INKED ? 0 : d < far ? d + 1 : far;
            rows[y * width + x] = (uint16_t)d;
        }
        d = far;
        for (uint32_t y = text->height; y-- > 0;) {
            d = text->cover[y * width + x] >= INKED ? 0 : d < far ? d + 1 : far;
            if (d < rows[y * width + x])
                rows[y * width + x] = (uint16_t)d;
        }
    }
}

// The squared distance from pixel `x` to the nearest inked one, if it is no
// more than `pad` columns away.
static uint32_t distance2(const uint16_t *row, uint32_t width, uint32_t x,
                          uint32_t pad)
{
    uint32_t from = x > pad ? x - pad : 0;
    uint32_t to = width - 1 - x > pad ? x + pad : width - 1;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = from; i <= to; i++) {
        uint32_t dx = i > x ? i - x : x - i;
        uint32_t d2 = dx * dx + (uint32_t)row[i] * row[i];
        if (d2 < least)
            least = d2;
    }
    return least;
}

static uint8_t cover_at(uint32_t d2, double reach)
{
    double cover = reach - sqrt(d2);
    if (cover <= 0)
        return 0;
    return cover >= 1 ? 255 : (uint8_t)lround(cover * 255);
}

// A disc around each inked pixel, with a soft rim. Distances go down the
// columns first and along the rows then, so that the cost grows with the
// outline's width, not its square.
static bool draw_outline(const struct imp_mask *text, uint32_t line,
                         struct imp_mask *outline, struct imp_err *err)
{
    uint32_t pad = imp_ink_pad(IMP_BACKING_OUTLINE, line), width = text->width;
    double reach = reach_of(line);
    size_t n = (size_t)width * text->height;
    uint16_t *rows = calloc(n, sizeof *rows);
    if (!rows)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for an outline of %zu",
                        n);
    column_distances(text, pad, rows);
    for (size_t y = 0; y < text->height; y++)
        for (uint32_t x = 0; x < width; x++)
            outline->cover[y * width + x] =
                cover_at(distance2(rows + y * width, width, x, pad), reach);
    free(rows);
    return true;
}

static bool pad_rgb(const struct imp_ink *in, uint32_t pad, struct imp_ink *out,
                    struct imp_err *err)
{
    if (!in->rgb)
        return true;
    out->rgb = calloc((size_t)out->text.width * out->text.height, 3);
    if (!out->rgb)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for colours of ink");
    for (uint32_t y = 0; y < in->text.height; y++)
        memcpy(out->rgb + 3 * ((size_t)(y + pad) * out->text.width + pad),
               in->rgb + 3 * (size_t)y * in->text.width,
               3 * (size_t)in->text.width);
    return true;
}

bool imp_ink_back(struct imp_ink *ink, uint32_t line, enum imp_backing backing,
                  struct imp_err *err)
{
    struct imp_ink made = {0};
    uint32_t pad = imp_ink_pad(backing, line);
    if (!pad_mask(&ink->text, pad, &made.text, err) ||
        !pad_rgb(ink, pad, &made, err) ||
        !imp_mask_init(&made.outline, made.text.width, made.text.height, err))
        goto failed;
    if (backing == IMP_BACKING_OUTLINE &&
        !draw_outline(&made.text, line, &made.outline, err))
        goto failed;
    if (backing == IMP_BACKING_BOX)
        memset(made.outline.cover, 255,
               (size_t)made.outline.width * made.outline.height);
    imp_ink_clear(ink);
    *ink = made;
    return true;
failed:
    imp_ink_clear(&made);
    return false;
}

// Pixels of `n` bytes, from the upright `in` to `out`, which is of `width` and
// `height` as it is stored.
static void turn(const uint8_t *in, uint8_t *out, size_t n, uint32_t width,
                 uint32_t height, unsigned orientation)
{
    bool turns = imp_orientation_turns(orientation);
    uint32_t across = turns ? height : width, down = turns ? width : height;
    for (uint32_t y = 0; y < down; y++)
        for (uint32_t x = 0; x < across; x++) {
            uint32_t sx = x, sy = y;
            imp_orientation_store(orientation, width, height, &sx, &sy);
            memcpy(out + n * ((size_t)sy * width + sx),
                   in + n * ((size_t)y * across + x), n);
        }
}

bool imp_ink_store(struct imp_ink *ink, unsigned orientation,
                   struct imp_err *err)
{
    struct imp_ink turned = {0};
    bool turns = imp_orientation_turns(orientation);
    uint32_t width = turns ? ink->text.height : ink->text.width;
    uint32_t height = turns ? ink->text.width : ink->text.height;
    if (orientation == 1)
        return true;
    if (!imp_mask_init(&turned.text, width, height, err) ||
        !imp_mask_init(&turned.outline, width, height, err))
        goto failed;
    turn(ink->text.cover, turned.text.cover, 1, width, height, orientation);
    turn(ink->outline.cover, turned.outline.cover, 1, width, height,
         orientation);
    if (ink->rgb) {
        turned.rgb = calloc((size_t)width * height, 3);
        if (!turned.rgb) {
            imp_fail(err, IMP_ERR_MEMORY, "no memory for colours of ink");
            goto failed;
        }
        turn(ink->rgb, turned.rgb, 3, width, height, orientation);
    }
    imp_ink_clear(ink);
    *ink = turned;
    return true;
failed:
    imp_ink_clear(&turned);
    return false;
}
