#include "mark/blend.h"
#include "mark/ink.h"
#include "mark/orient.h"
#include "pics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

// Ink of one inked pixel.
static struct imp_ink dot(uint32_t line, enum imp_backing backing)
{
    struct imp_ink ink = {0};
    cr_assert(imp_mask_init(&ink.text, 1, 1, NULL));
    ink.text.cover[0] = 255;
    cr_assert(imp_ink_back(&ink, line, backing, NULL));
    return ink;
}

Test(ink, outline_is_a_disc_around_each_pixel)
{
    // Lines of 100 have an outline of 7 pixels; its rim is half a pixel soft.
    struct imp_ink ink = dot(100, IMP_BACKING_OUTLINE);
    uint32_t n = ink.outline.width, mid = n / 2;
    cr_assert_eq(n, 15);
    cr_assert_eq(ink.outline.height, 15);
    for (uint32_t y = 0; y < n; y++) {
        for (uint32_t x = 0; x < n; x++) {
            double d = hypot((double)x - mid, (double)y - mid);
            uint8_t c = ink.outline.cover[y * n + x];
            if (d <= 6.5)
                cr_expect_eq(c, 255, "%u at %g", c, d);
            if (d >= 7.5)
                cr_expect_eq(c, 0, "%u at %g", c, d);
            cr_expect_eq(ink.text.cover[y * n + x], d == 0 ? 255 : 0);
        }
    }
    imp_ink_clear(&ink);
}

Test(ink, without_an_outline_it_is_the_text)
{
    struct imp_ink ink = dot(100, IMP_BACKING_NONE);
    cr_expect(ink.text.width == 1 && ink.text.cover[0] == 255);
    cr_expect(ink.outline.width == 1 && ink.outline.cover[0] == 0);
    imp_ink_clear(&ink);
}

Test(ink, outline_of_the_lowest_line_is_a_pixel)
{
    cr_expect_eq(imp_ink_pad(IMP_BACKING_OUTLINE, 8), 1);
    cr_expect_eq(imp_ink_pad(IMP_BACKING_OUTLINE, 100), 7);
}

Test(ink, a_box_lies_behind_all_of_the_text)
{
    struct imp_ink ink = dot(60, IMP_BACKING_BOX);
    uint32_t pad = imp_ink_pad(IMP_BACKING_BOX, 60), n = 2 * pad + 1;
    cr_expect_geq(pad, 10);
    cr_assert(ink.outline.width == n && ink.outline.height == n);
    for (size_t i = 0; i < (size_t)n * n; i++)
        cr_expect_eq(ink.outline.cover[i], 255);
    cr_expect_eq(ink.text.cover[(size_t)pad * n + pad], 255);
    imp_ink_clear(&ink);
}

Test(ink, blend_leaves_what_has_no_ink)
{
    uint8_t px[3] = {1, 2, 3};
    struct imp_raster r = {
        .data = px, .width = 1, .height = 1, .space = IMP_SPACE_RGB};
    struct imp_ink ink = dot(8, IMP_BACKING_NONE);
    ink.text.cover[0] = 0;
    imp_blend(&r, 0, 0, &ink, &(struct imp_paint){{9, 9, 9}, 1});
    cr_expect(px[0] == 1 && px[1] == 2 && px[2] == 3);
    imp_ink_clear(&ink);
}

Test(ink, blend_is_a_weighted_mean)
{
    uint16_t px[3] = {10000, 0, 65535};
    struct imp_raster r = {.data = px,
                           .width = 1,
                           .height = 1,
                           .space = IMP_SPACE_RGB,
                           .sample = IMP_SAMPLE_U16};
    struct imp_ink ink = dot(8, IMP_BACKING_NONE);
    imp_blend(&r, 0, 0, &ink, &(struct imp_paint){{255, 255, 0}, 0.25});
    cr_expect_eq(px[0], 23884); // 7500 + 16383.75
    cr_expect_eq(px[1], 16384);
    cr_expect_eq(px[2], 49151); // 49151.25
    imp_ink_clear(&ink);
}

Test(ink, blend_raises_alpha_as_over_does)
{
    uint8_t clear[2] = {77, 0}, half[2] = {100, 128};
    struct imp_raster r = {.data = clear,
                           .width = 1,
                           .height = 1,
                           .space = IMP_SPACE_GREY,
                           .alpha = true};
    struct imp_paint paint = {{200, 200, 200}, 0.5};
    struct imp_ink ink = dot(8, IMP_BACKING_NONE);
    imp_blend(&r, 0, 0, &ink, &paint);
    cr_expect(clear[0] == 200 && clear[1] == 128, "%u %u", clear[0], clear[1]);
    r.data = half;
    imp_blend(&r, 0, 0, &ink, &paint);
    // alpha .5 + .502 * .5 = .751; grey (200 * .5 + 100 * .251) / .751
    cr_expect_eq(half[1], 192, "%u", half[1]);
    cr_expect_eq(half[0], 167, "%u", half[0]);
    imp_ink_clear(&ink);
}

Test(ink, blend_knows_colours_that_alpha_is_multiplied_into)
{
    uint8_t half[2] = {50, 128};
    struct imp_raster r = {.data = half,
                           .width = 1,
                           .height = 1,
                           .space = IMP_SPACE_GREY,
                           .alpha = true,
                           .associated = true};
    struct imp_ink ink = dot(8, IMP_BACKING_NONE);
    imp_blend(&r, 0, 0, &ink, &(struct imp_paint){{200, 200, 200}, 0.5});
    cr_expect_eq(half[0], 125, "%u", half[0]); // 200 * .5 + 50 * .5
    cr_expect_eq(half[1], 192, "%u", half[1]); // 255 * .5 + 128 * .5
    imp_ink_clear(&ink);
}

Test(ink, blend_knows_grey_and_cmyk)
{
    uint8_t grey[1] = {0}, cmyk[4] = {9, 9, 9, 9};
    struct imp_raster r = {
        .data = grey, .width = 1, .height = 1, .space = IMP_SPACE_GREY};
    struct imp_paint red = {{255, 0, 0}, 1};
    struct imp_ink ink = dot(8, IMP_BACKING_NONE);
    imp_blend(&r, 0, 0, &ink, &red);
    cr_expect_eq(grey[0], 76); // 0.299 * 255
    r = (struct imp_raster){
        .data = cmyk, .width = 1, .height = 1, .space = IMP_SPACE_CMYK};
    imp_blend(&r, 0, 0, &ink, &red);
    cr_expect(cmyk[0] == 0 && cmyk[1] == 255 && cmyk[2] == 255 && !cmyk[3]);
    imp_ink_clear(&ink);
}

static unsigned read_block(uint8_t *block, size_t n)
{
    return imp_orientation_read((struct imp_span){block, n});
}

Test(orientation, is_read_in_both_byte_orders)
{
    uint8_t big[26];
    uint8_t little[26] = {'I',  'I', 42, 0, 8, 0, 0, 0, 1, 0,
                          0x12, 1,   3,  0, 1, 0, 0, 0, 7, 0};
    exif_make(5, big);
    cr_expect_eq(read_block(big, 26), 5);
    cr_expect_eq(read_block(little, 26), 7);
}

Test(orientation, of_a_block_that_makes_no_sense_is_upright)
{
    uint8_t b[26];
    for (size_t n = 0; n < 22; n++) {
        exif_make(6, b);
        cr_expect_eq(read_block(b, n), 1, "cut at %zu", n);
    }
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{0, 'I'}, {3, 43}, {4, 0xFF}, {7, 0xFF}, {9, 0},
                 {13, 4},  {17, 2}, {19, 0},   {19, 9},   {18, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        exif_make(6, b);
        b[wrong[i].at] = wrong[i].value;
        cr_expect_eq(read_block(b, 26), 1, "row %zu", i);
    }
    // More entries than there are bytes.
    exif_make(6, b);
    b[8] = b[9] = 0xFF;
    b[11] = 0x13;
    cr_expect_eq(read_block(b, 26), 1);
}
