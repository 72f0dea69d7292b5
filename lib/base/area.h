/* area.h - where a mark lies in a picture: a rectangle, or a grid of equal
 * ones. In stored pixels, before an orientation is applied; of HEIF and AVIF
 * in those that are shown, as readers know no others. */
#ifndef IMP_BASE_AREA_H
#define IMP_BASE_AREA_H

#include <stdbool.h>
#include <stdint.h>

/* `{0}`: there is none. */
struct imp_area {
    uint32_t x, y, width, height; /* the upper left one */
    uint32_t across, down;        /* how many; 1 and 1 for a single one */
    uint32_t step_x, step_y;      /* from each to the next */
};

/* Does one of `n` segments of `length`, the first at `at`, meet [from, to)? */
static inline bool imp_area_meets_along(uint32_t at, uint32_t length,
                                        uint32_t n, uint32_t step,
                                        uint64_t from, uint64_t to)
{
    if (to <= at)
        return false;
    uint64_t last = (to - 1 - at) / (step ? step : 1); /* begins before `to` */
    if (last >= n)
        last = n ? n - 1 : 0;
    return n && length && at + last * step + length > from;
}

/* Has it a pixel in the columns [left, right) and the rows [top, bottom)? */
static inline bool imp_area_meets(const struct imp_area *a, uint64_t left,
                                  uint64_t top, uint64_t right, uint64_t bottom)
{
    return imp_area_meets_along(a->x, a->width, a->across, a->step_x, left,
                                right) &&
           imp_area_meets_along(a->y, a->height, a->down, a->step_y, top,
                                bottom);
}

#endif
