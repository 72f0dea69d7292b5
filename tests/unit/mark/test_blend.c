// Ink onto pixels: what lies outside of the picture is not drawn.
#include "inked.h"
#include "mark/blend.h"

#include <criterion/criterion.h>

enum { SIDE = 20, ROOM = 60 };

static const struct imp_paint paint = {{255, 255, 255}, 0.8};

// A window of a larger picture shows what is drawn on it alone.
Test(blend, ink_over_an_edge_is_the_part_of_it_that_lies_inside)
{
    static const struct {
        int x, y;
    } corner[] = {{0, 0},     {-9, 3}, {4, -17}, {15, 15},
                  {-30, -20}, {20, 0}, {0, -30}};
    struct imp_ink ink = ring(24, 30);
    for (size_t i = 0; i < sizeof corner / sizeof *corner; i++) {
        uint8_t small[SIDE * SIDE] = {0}, large[ROOM * ROOM] = {0};
        struct imp_raster a = {.data = small, .width = SIDE, .height = SIDE};
        struct imp_raster b = {.data = large, .width = ROOM, .height = ROOM};
        int x = corner[i].x, y = corner[i].y;
        size_t inked = 0;
        struct imp_blended count = imp_blend(&a, x, y, &ink, &paint);
        imp_blend(&b, x + 20, y + 20, &ink, &paint);
        for (size_t row = 0; row < SIDE; row++)
            for (size_t column = 0; column < SIDE; column++) {
                uint8_t got = small[row * SIDE + column];
                cr_expect_eq(got, large[(row + 20) * ROOM + column + 20],
                             "corner %zu: at %zu, %zu", i, column, row);
                inked += got > 0;
            }
        cr_expect_eq(count.changed, inked, "corner %zu", i);
        cr_expect_geq(count.inked, inked, "corner %zu", i);
    }
    imp_ink_clear(&ink);
}

// What lies below is another picture's to mark.
Test(blend, an_overlay_stays_transparent_where_it_is)
{
    uint8_t px[2 * 4] = {9, 9, 9, 0, 9, 9, 9, 1};
    struct imp_raster r = {.data = px,
                           .width = 2,
                           .height = 1,
                           .space = IMP_SPACE_RGB,
                           .alpha = true,
                           .overlay = true};
    struct imp_ink ink = {0};
    cr_assert(imp_mask_init(&ink.text, 2, 1, NULL) &&
              imp_mask_init(&ink.outline, 2, 1, NULL));
    ink.text.cover[0] = ink.text.cover[1] = 255;
    struct imp_blended b = imp_blend(&r, 0, 0, &ink, &paint);
    cr_expect(b.inked == 1 && b.changed == 1);
    cr_expect(px[0] == 9 && px[3] == 0);
    cr_expect(px[4] > 200 && px[7] > 200);
    r.overlay = false;
    b = imp_blend(&r, 0, 0, &ink, &paint);
    cr_expect(b.inked == 2 && px[3] > 200);
    imp_ink_clear(&ink);
}
