#include "mark/planes.h"

#include <stdlib.h>
#include <string.h>

// H.273 table 4.
enum {
    RGB = 0,
    BT709 = 1,
    UNSPECIFIED = 2,
    BT470BG = 5,
    BT601 = 6,
    BT2020 = 9,
};

bool imp_cicp_same(const struct imp_cicp *a, const struct imp_cicp *b)
{
    return a->primaries == b->primaries && a->transfer == b->transfer &&
           a->matrix == b->matrix && a->full == b->full;
}

bool imp_planes_init(struct imp_planes *p, uint32_t width, uint32_t height,
                     struct imp_err *err)
{
    bool known = (p->n == 1 || p->n == 3) &&
                 (p->depth == 8 || p->depth == 10 || p->depth == 12) &&
                 (p->h == 1 || p->h == 2) && (p->v == 1 || p->v == 2);
    if (!known)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "a picture of %u planes of %u bits, %u x %u pixels to "
                        "a sample, cannot be marked",
                        p->n, p->depth, p->h, p->v);
    p->chroma_loc = -1;
    for (unsigned i = 0; i < p->n; i++) {
        struct imp_plane *to = &p->plane[i];
        to->width = i ? (width + p->h - 1) / p->h : width;
        to->height = i ? (height + p->v - 1) / p->v : height;
        to->sample = calloc((size_t)to->width * to->height, sizeof *to->sample);
        if (!to->sample) {
            imp_planes_clear(p);
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for %u x %u pixels",
                            width, height);
        }
    }
    return true;
}

void imp_planes_clear(struct imp_planes *p)
{
    for (unsigned i = 0; i < 3; i++)
        free(p->plane[i].sample);
    *p = (struct imp_planes){0};
}

bool imp_planes_same(const struct imp_planes *a, const struct imp_planes *b)
{
    bool same =
        a->n == b->n && a->depth == b->depth && a->h == b->h && a->v == b->v;
    for (unsigned i = 0; same && i < a->n; i++) {
        const struct imp_plane *x = &a->plane[i], *y = &b->plane[i];
        size_t n = (size_t)x->width * x->height * sizeof *x->sample;
        same = x->width == y->width && x->height == y->height &&
               memcmp(x->sample, y->sample, n) == 0;
    }
    return same;
}

bool imp_planes_paintable(const struct imp_planes *p,
                          const struct imp_cicp *cicp, struct imp_err *err)
{
    switch (cicp->matrix) {
    case BT709:
    case UNSPECIFIED:
    case BT470BG:
    case BT601:
    case BT2020:
        return true;
    case RGB: // 8.3: not with chroma of a lower resolution
        if (p->n == 1 || (p->h == 1 && p->v == 1))
            return true;
        break;
    }
    return imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "a picture whose colours are coded by matrix %u cannot be "
                    "marked",
                    cicp->matrix);
}

// --- Colours ---

// Numbers are integers, so that a result does not depend on the compiler.

// Luma is made of this much red and blue, of 10000, and green.
struct weights {
    int64_t r, b;
};

static struct weights weights_of(uint16_t matrix)
{
    switch (matrix) {
    case BT709:
        return (struct weights){2126, 722};
    case BT2020:
        return (struct weights){2627, 593};
    default:
        return (struct weights){2990, 1140};
    }
}

static int64_t divide(int64_t a, int64_t b)
{
    return (a < 0 ? a - b / 2 : a + b / 2) / b;
}

// H.273 8.3: `value` of `of`, 0 to 1, or of chroma -1/2 to 1/2, as a sample.
static uint16_t quantise(int64_t value, int64_t of, const struct imp_planes *p,
                         bool full, bool chroma)
{
    int64_t most = (INT64_C(1) << p->depth) - 1;
    int64_t step = INT64_C(1) << (p->depth - 8);
    int64_t scale = full ? most : (chroma ? 224 : 219) * step;
    int64_t zero = chroma ? 128 * step : full ? 0 : 16 * step;
    int64_t v = zero + divide(value * scale, of);
    return (uint16_t)(v < 0 ? 0 : v > most ? most : v);
}

static void to_samples(const uint8_t rgb[3], const struct imp_planes *p,
                       const struct imp_cicp *cicp, uint16_t out[3])
{
    bool full = cicp->full;
    if (cicp->matrix == RGB && p->n == 3) {
        for (unsigned i = 0; i < 3; i++) // G, B, R
            out[i] = quantise(rgb[(i + 1) % 3], 255, p, full, false);
        return;
    }
    struct weights w = weights_of(cicp->matrix);
    int64_t y = w.r * rgb[0] + (10000 - w.r - w.b) * rgb[1] + w.b * rgb[2];
    out[0] = quantise(y, INT64_C(255) * 10000, p, full, false);
    out[1] = quantise(INT64_C(10000) * rgb[2] - y,
                      INT64_C(255) * 2 * (10000 - w.b), p, full, true);
    out[2] = quantise(INT64_C(10000) * rgb[0] - y,
                      INT64_C(255) * 2 * (10000 - w.r), p, full, true);
}

// --- Drawing ---

struct brush {
    const struct imp_planes *picture;
    const struct imp_cicp *cicp;
    struct imp_weigher by;
    const struct imp_ink *ink;
    uint16_t text[3], outline[3];
};

// How much ink the pixels of one sample have, and what colour it adds up to.
struct cover {
    uint64_t ink, painted;
    unsigned pixels;
};

static void add_pixel(const struct brush *b, unsigned plane, size_t at,
                      struct cover *c)
{
    uint8_t text = b->ink->text.cover[at], outline = b->ink->outline.cover[at];
    if (text == 0 && outline == 0)
        return;
    uint16_t own[3];
    const uint16_t *colour = b->text;
    if (b->ink->rgb) {
        to_samples(b->ink->rgb + 3 * at, b->picture, b->cicp, own);
        colour = own;
    }
    struct imp_weights w = imp_weigh(&b->by, text, outline);
    c->ink += w.text + w.outline;
    c->painted += colour[plane] * w.text + b->outline[plane] * w.outline;
}

// Of the sample `sx`, `sy` of a plane, whose pixels are `h` x `v` of the
// picture's `width` x `height`; the ink's corner lies at x, y.
static struct cover cover_of(const struct brush *b, unsigned plane, uint32_t sx,
                             uint32_t sy, int64_t x, int64_t y)
{
    unsigned h = plane ? b->picture->h : 1, v = plane ? b->picture->v : 1;
    const struct imp_plane *whole = &b->picture->plane[0];
    struct cover c = {0};
    for (unsigned i = 0; i < h * v; i++) {
        int64_t px = (int64_t)sx * h + i % h, py = (int64_t)sy * v + i / h;
        if (px >= whole->width || py >= whole->height)
            continue;
        c.pixels++;
        px -= x;
        py -= y;
        if (px >= 0 && px < b->ink->text.width && py >= 0 &&
            py < b->ink->text.height)
            add_pixel(b, plane, (size_t)py * b->ink->text.width + (size_t)px,
                      &c);
    }
    return c;
}

// Samples from *first to *last (not included) that pixels from `at` on are
// part of.
static void span_of(int64_t at, uint32_t n, unsigned factor, uint32_t side,
                    uint32_t *first, uint32_t *last)
{
    int64_t from = at < 0 ? 0 : at / factor;
    int64_t to = at + n < 0 ? 0 : (at + n + factor - 1) / factor;
    *first = (uint32_t)(from < side ? from : side);
    *last = (uint32_t)(to < side ? to : side);
}

static void draw_plane(const struct brush *b, unsigned plane, int64_t x,
                       int64_t y, struct imp_planes_drawn *drawn)
{
    const struct imp_plane *p = &b->picture->plane[plane];
    uint32_t left, right, top, bottom;
    span_of(x, b->ink->text.width, plane ? b->picture->h : 1, p->width, &left,
            &right);
    span_of(y, b->ink->text.height, plane ? b->picture->v : 1, p->height, &top,
            &bottom);
    for (uint32_t sy = top; sy < bottom; sy++)
        for (uint32_t sx = left; sx < right; sx++) {
            struct cover c = cover_of(b, plane, sx, sy, x, y);
            if (c.ink == 0)
                continue;
            uint16_t *s = &p->sample[(size_t)sy * p->width + sx];
            uint64_t all = IMP_WEIGHT_ONE * c.pixels;
            uint16_t v =
                (uint16_t)((c.painted + *s * (all - c.ink) + all / 2) / all);
            drawn->inked[plane]++;
            drawn->changed[plane] += v != *s;
            *s = v;
        }
}

void imp_planes_draw(struct imp_planes *p, const struct imp_cicp *cicp,
                     struct imp_inked where, const struct imp_paint *paint,
                     int64_t x, int64_t y, struct imp_planes_drawn *drawn)
{
    uint8_t outline[3];
    struct brush b = {.picture = p,
                      .cicp = cicp,
                      .by = imp_weigher_of(paint),
                      .ink = where.ink};
    to_samples(paint->rgb, p, cicp, b.text);
    imp_paint_outline(paint, outline);
    to_samples(outline, p, cicp, b.outline);
    for (size_t i = 0; i < where.n; i++)
        for (unsigned k = 0; k < p->n; k++)
            draw_plane(&b, k, where.spot[i].x - x, where.spot[i].y - y, drawn);
}

static bool opaque_under(const struct imp_plane *p, unsigned most,
                         const struct imp_ink *ink, int64_t x, int64_t y)
{
    uint32_t left, right, top, bottom;
    span_of(x, ink->text.width, 1, p->width, &left, &right);
    span_of(y, ink->text.height, 1, p->height, &top, &bottom);
    for (uint32_t py = top; py < bottom; py++)
        for (uint32_t px = left; px < right; px++) {
            size_t at = (size_t)(py - y) * ink->text.width + (size_t)(px - x);
            if ((ink->text.cover[at] || ink->outline.cover[at]) &&
                p->sample[(size_t)py * p->width + px] != most)
                return false;
        }
    return true;
}

bool imp_planes_opaque(const struct imp_planes *alpha, struct imp_inked where,
                       int64_t x, int64_t y)
{
    unsigned most = (1u << alpha->depth) - 1;
    for (size_t i = 0; i < where.n; i++)
        if (!opaque_under(&alpha->plane[0], most, where.ink,
                          where.spot[i].x - x, where.spot[i].y - y))
            return false;
    return true;
}

bool imp_planes_show(const struct imp_planes_drawn *drawn, struct imp_err *err)
{
    for (unsigned i = 0; i < 3; i++)
        if (imp_ink_shows(drawn->inked[i], drawn->changed[i]))
            return true;
    return imp_fail(err, IMP_ERR_LIMIT,
                    "the mark leaves no trace in this picture: %ju of %ju "
                    "samples would change",
                    (uintmax_t)drawn->changed[0], (uintmax_t)drawn->inked[0]);
}
