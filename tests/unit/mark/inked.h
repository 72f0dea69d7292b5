/* inked.h - ink for tests, and the judge of what it has changed in a JPEG. */
#ifndef IMP_TESTS_MARK_INKED_H
#define IMP_TESTS_MARK_INKED_H

#include "../../lib/coefficients.h"
#include "mark/ink.h"

#include <criterion/criterion.h>
#include <math.h>

/* A ring: ink with a hole, and edges that are soft. */
static inline struct imp_ink ring(uint32_t width, uint32_t height)
{
    struct imp_ink ink = {0};
    cr_assert(imp_mask_init(&ink.text, width, height, NULL));
    cr_assert(imp_mask_init(&ink.outline, width, height, NULL));
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            double dx = (x + 0.5) / width - 0.5, dy = (y + 0.5) / height - 0.5;
            double r = 2 * sqrt(dx * dx + dy * dy);
            size_t at = (size_t)y * width + x;
            if (r > 0.6 && r < 0.9)
                ink.text.cover[at] = r < 0.7 ? 128 : 255;
            if (r > 0.5 && r < 1)
                ink.outline.cover[at] = 200;
        }
    return ink;
}

static inline bool covers(struct imp_inked where, int64_t x0, int64_t y0,
                          int64_t x1, int64_t y1)
{
    const struct imp_mask *t = &where.ink->text, *o = &where.ink->outline;
    for (size_t i = 0; i < where.n; i++)
        for (int64_t y = y0; y < y1; y++)
            for (int64_t x = x0; x < x1; x++) {
                int64_t ix = x - where.spot[i].x, iy = y - where.spot[i].y;
                if (ix < 0 || iy < 0 || ix >= t->width || iy >= t->height)
                    continue;
                size_t at = (size_t)(iy * t->width + ix);
                if (t->cover[at] || o->cover[at])
                    return true;
            }
    return false;
}

/* The number of blocks that differ; each of them must have ink. */
static inline size_t judge_blocks(const struct coefficients *a,
                                  const struct coefficients *b,
                                  struct imp_inked where)
{
    size_t differ = 0;
    int h_max = 1, v_max = 1;
    for (int i = 0; i < a->n; i++) {
        h_max = a->comp[i].h > h_max ? a->comp[i].h : h_max;
        v_max = a->comp[i].v > v_max ? a->comp[i].v : v_max;
    }
    cr_assert_eq(a->n, b->n);
    for (int i = 0; i < a->n; i++) {
        cr_assert_eq(a->comp[i].across, b->comp[i].across);
        cr_assert_eq(a->comp[i].down, b->comp[i].down);
        cr_assert_arr_eq(a->comp[i].quant, b->comp[i].quant, 128);
        int64_t w = 8 * h_max / a->comp[i].h, h = 8 * v_max / a->comp[i].v;
        for (int64_t y = 0; y < a->comp[i].down; y++)
            for (int64_t x = 0; x < a->comp[i].across; x++) {
                size_t at = (size_t)(y * a->comp[i].across + x) * 64;
                if (!memcmp(a->comp[i].block + at, b->comp[i].block + at, 128))
                    continue;
                differ++;
                cr_assert(covers(where, x * w, y * h, x * w + w, y * h + h),
                          "component %d, block %d, %d has changed", i, (int)x,
                          (int)y);
            }
    }
    return differ;
}

#endif
