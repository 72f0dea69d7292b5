#include "base/area.h"

#include <criterion/criterion.h>

// By looking at each pixel.
static bool meets(const struct imp_area *a, uint32_t left, uint32_t top,
                  uint32_t right, uint32_t bottom)
{
    for (uint32_t k = 0; k < a->down; k++)
        for (uint32_t i = 0; i < a->across; i++)
            for (uint32_t y = top; y < bottom; y++)
                for (uint32_t x = left; x < right; x++) {
                    uint32_t x0 = a->x + i * a->step_x;
                    uint32_t y0 = a->y + k * a->step_y;
                    if (x >= x0 && x < x0 + a->width && y >= y0 &&
                        y < y0 + a->height)
                        return true;
                }
    return false;
}

Test(area, meets_what_has_a_pixel_of_it)
{
    static const struct imp_area areas[] = {
        {0},
        {3, 2, 4, 3, 1, 1, 0, 0},
        {3, 2, 4, 3, 1, 1, 9, 9},
        {0, 0, 1, 1, 3, 2, 5, 7},
        {2, 1, 3, 2, 3, 4, 3, 2}, // without a gap
        {1, 1, 2, 2, 2, 3, 6, 5},
        {3, 2, 4, 3, 3, 2, 2, 1}, // on each other
        {3, 2, 4, 3, 3, 3, 0, 0}, // in one place
        {3, 2, 0, 3, 2, 2, 4, 4}, // without a pixel
        {3, 2, 4, 0, 2, 2, 4, 4},
        {3, 2, 4, 3, 0, 2, 4, 4},
    };
    for (size_t n = 0; n < sizeof areas / sizeof *areas; n++)
        for (uint32_t left = 0; left < 20; left++)
            for (uint32_t top = 0; top < 20; top++)
                for (uint32_t size = 1; size < 10; size += 4)
                    cr_assert_eq(
                        imp_area_meets(&areas[n], left, top, left + size,
                                       top + size),
                        meets(&areas[n], left, top, left + size, top + size),
                        "area %zu, %u at %u, %u", n, size, left, top);
}

Test(area, meets_beyond_32_bits)
{
    const struct imp_area a = {UINT32_MAX, 0, UINT32_MAX, 1,
                               2,          1, UINT32_MAX, 0};
    const uint64_t end = 3 * (uint64_t)UINT32_MAX;
    cr_expect_not(imp_area_meets(&a, 0, 0, UINT32_MAX, 1));
    cr_expect(imp_area_meets(&a, 0, 0, UINT32_MAX + UINT64_C(1), 1));
    cr_expect(imp_area_meets(&a, end - 1, 0, end, 1));
    cr_expect_not(imp_area_meets(&a, end, 0, UINT64_MAX, UINT64_MAX));
    cr_expect(imp_area_meets(&a, 0, 0, UINT64_MAX, UINT64_MAX));
}
