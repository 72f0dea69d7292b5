// Ink on planes: which samples it touches, and what they become.
#include "inked.h"
#include "mark/planes.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct imp_paint paint = {{255, 255, 255}, 0.8};
static const struct imp_cicp bt601 = {2, 2, 6, true};

static struct imp_planes planes_of(unsigned n, unsigned depth, unsigned h,
                                   unsigned v, uint32_t width, uint32_t height)
{
    struct imp_planes p = {.n = n, .depth = depth, .h = h, .v = v};
    cr_assert(imp_planes_init(&p, width, height, NULL));
    for (unsigned i = 0; i < n; i++)
        for (size_t k = 0; k < (size_t)p.plane[i].width * p.plane[i].height;
             k++)
            p.plane[i].sample[k] = (uint16_t)(k % 50 + 60 + i);
    return p;
}

static uint16_t at(const struct imp_planes *p, unsigned plane, uint32_t x,
                   uint32_t y)
{
    return p->plane[plane].sample[(size_t)y * p->plane[plane].width + x];
}

// Odd sides, so that the last samples stand for fewer pixels; ink over the rim
// of the window that the planes are.
Test(planes, a_sample_changes_only_if_it_has_a_pixel_under_ink)
{
    static const unsigned shift[][2] = {{1, 1}, {2, 1}, {2, 2}};
    struct imp_ink ink = ring(24, 30);
    const struct imp_spot spot[] = {{3, 2}, {40, 35}, {10, 45}};
    const struct imp_inked where = {&ink, spot, 3};
    for (size_t i = 0; i < 3; i++)
        for (int64_t corner = 0; corner <= 13; corner += 13) {
            struct imp_planes_drawn drawn = {0};
            unsigned h = shift[i][0], v = shift[i][1];
            struct imp_planes a = planes_of(3, 8, h, v, 61, 67);
            struct imp_planes b = planes_of(3, 8, h, v, 61, 67);
            uint64_t changed = 0;
            imp_planes_draw(&b, &bt601, where, &paint, corner, corner, &drawn);
            for (unsigned k = 0; k < 3; k++)
                for (uint32_t y = 0; y < a.plane[k].height; y++)
                    for (uint32_t x = 0; x < a.plane[k].width; x++) {
                        int64_t fh = k ? h : 1, fv = k ? v : 1;
                        int64_t x0 = corner + x * fh, y0 = corner + y * fv;
                        bool differs = at(&a, k, x, y) != at(&b, k, x, y);
                        changed += differs;
                        cr_expect(!differs ||
                                      covers(where, x0, y0, x0 + fh, y0 + fv),
                                  "plane %u at %u, %u", k, x, y);
                    }
            cr_expect_eq(changed, drawn.changed[0] + drawn.changed[1] +
                                      drawn.changed[2]);
            cr_expect_gt(drawn.changed[0], 100);
            imp_planes_clear(&a);
            imp_planes_clear(&b);
        }
    imp_ink_clear(&ink);
}

// Halves of a picture, drawn on one by one, are those of the whole.
Test(planes, of_a_part_are_the_part_of_all)
{
    struct imp_ink ink = ring(24, 30);
    const struct imp_spot spot = {20, 10};
    const struct imp_inked where = {&ink, &spot, 1};
    struct imp_planes_drawn drawn = {0};
    struct imp_planes all = {.n = 3, .depth = 10, .h = 2, .v = 2};
    struct imp_planes half = all;
    cr_assert(imp_planes_init(&all, 64, 64, NULL));
    cr_assert(imp_planes_init(&half, 32, 64, NULL));
    imp_planes_draw(&all, &bt601, where, &paint, 0, 0, &drawn);
    imp_planes_draw(&half, &bt601, where, &paint, 32, 0, &drawn);
    for (unsigned k = 0; k < 3; k++)
        for (uint32_t y = 0; y < half.plane[k].height; y++)
            for (uint32_t x = 0; x < half.plane[k].width; x++)
                cr_expect_eq(at(&half, k, x, y),
                             at(&all, k, x + (k ? 16 : 32), y));
    imp_planes_clear(&all);
    imp_planes_clear(&half);
    imp_ink_clear(&ink);
}

// Solid ink, opaque: what is left is the colour itself.
static void expect_colour(unsigned depth, struct imp_cicp cicp, uint32_t rgb,
                          uint16_t a, uint16_t b, uint16_t c)
{
    struct imp_ink ink = {0};
    const struct imp_spot spot = {0, 0};
    struct imp_planes_drawn drawn = {0};
    struct imp_planes p = planes_of(3, depth, 1, 1, 4, 4);
    struct imp_paint solid = {
        {(uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8), (uint8_t)rgb}, 1};
    cr_assert(imp_mask_init(&ink.text, 4, 4, NULL));
    cr_assert(imp_mask_init(&ink.outline, 4, 4, NULL));
    memset(ink.text.cover, 255, 16);
    imp_planes_draw(&p, &cicp, (struct imp_inked){&ink, &spot, 1}, &solid, 0, 0,
                    &drawn);
    cr_expect(at(&p, 0, 1, 1) == a && at(&p, 1, 1, 1) == b &&
                  at(&p, 2, 1, 1) == c,
              "%06x, matrix %u: %u %u %u, want %u %u %u", rgb, cicp.matrix,
              at(&p, 0, 1, 1), at(&p, 1, 1, 1), at(&p, 2, 1, 1), a, b, c);
    imp_planes_clear(&p);
    imp_ink_clear(&ink);
}

// By the equations of H.273 8.3, computed apart from the code.
Test(planes, colours_are_those_of_the_matrix)
{
    const struct imp_cicp full601 = {2, 2, 5, true}, none = {2, 2, 2, true};
    const struct imp_cicp tv709 = {1, 1, 1, false}, tv2020 = {9, 16, 9, false};
    const struct imp_cicp rgb = {1, 13, 0, true}, tv_rgb = {1, 13, 0, false};
    expect_colour(8, full601, 0xFF0000, 76, 85, 255);
    expect_colour(8, none, 0x00FF00, 150, 44, 21);
    expect_colour(8, full601, 0xFFFFFF, 255, 128, 128);
    expect_colour(8, tv709, 0xFF0000, 63, 102, 240);
    expect_colour(8, tv709, 0x000000, 16, 128, 128);
    expect_colour(10, tv709, 0xFFFFFF, 940, 512, 512);
    expect_colour(10, tv2020, 0x0000FF, 116, 960, 476);
    expect_colour(12, full601, 0xFFFFFF, 4095, 2048, 2048);
    expect_colour(8, rgb, 0x102030, 0x20, 0x30, 0x10);
    expect_colour(8, tv_rgb, 0xFF0000, 16, 16, 235);
}

Test(planes, a_chroma_sample_gets_the_mean_of_its_pixels)
{
    struct imp_ink ink = {0};
    const struct imp_spot spot = {0, 0};
    struct imp_planes_drawn drawn = {0};
    struct imp_planes p = {.n = 3, .depth = 8, .h = 2, .v = 2};
    const struct imp_paint red = {{255, 0, 0}, 1};
    cr_assert(imp_planes_init(&p, 3, 2, NULL));
    cr_assert(imp_mask_init(&ink.text, 3, 1, NULL));
    cr_assert(imp_mask_init(&ink.outline, 3, 1, NULL));
    memset(ink.text.cover, 255, 3);
    imp_planes_draw(&p, &bt601, (struct imp_inked){&ink, &spot, 1}, &red, 0, 0,
                    &drawn);
    cr_expect_eq(at(&p, 2, 0, 0), 128); // 2 of 4 pixels have 255
    cr_expect_eq(at(&p, 2, 1, 0), 128); // 1 of 2
    cr_expect_eq(at(&p, 0, 1, 1), 0);
    imp_planes_clear(&p);
    imp_ink_clear(&ink);
}

Test(planes, tell_a_mark_that_leaves_no_trace)
{
    struct imp_planes_drawn none = {{100, 25, 25}, {24, 0, 0}};
    struct imp_planes_drawn some = {{100, 25, 25}, {0, 0, 20}};
    struct imp_err err = {0};
    cr_expect(!imp_planes_show(&none, &err) && err.code == IMP_ERR_LIMIT);
    cr_expect(imp_planes_show(&some, NULL));
}

Test(planes, are_opaque_only_if_all_alpha_under_ink_is)
{
    struct imp_ink ink = ring(10, 10);
    const struct imp_spot spot = {4, 4};
    const struct imp_inked where = {&ink, &spot, 1};
    struct imp_planes p = {.n = 1, .depth = 10, .h = 1, .v = 1};
    cr_assert(imp_planes_init(&p, 20, 20, NULL));
    for (size_t i = 0; i < 400; i++)
        p.plane[0].sample[i] = 1023;
    p.plane[0].sample[0] = 0;          // beside
    p.plane[0].sample[9 * 20 + 9] = 0; // in the hole
    cr_expect(imp_planes_opaque(&p, where, 0, 0));
    p.plane[0].sample[9 * 20 + 4] = 1022;
    cr_expect(!imp_planes_opaque(&p, where, 0, 0));
    cr_expect(imp_planes_opaque(&p, where, 5, 0));
    imp_planes_clear(&p);
    imp_ink_clear(&ink);
}
