// Marking PNG files: what changes, and above all what does not.
#include "pics.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

static void expect_only_mark(struct imp_span before, struct imp_span after,
                             const struct imp_mark_report *r, const char *name)
{
    size_t in, out;
    struct pic a = png_read(before), b = png_read(after);
    cr_assert(a.width == b.width && a.height == b.height && a.max == b.max,
              "%s", name);
    cr_expect(r->area.x + r->area.width <= a.width &&
                  r->area.y + r->area.height <= a.height,
              "%s", name);
    pic_compare(&a, &b, r, &in, &out);
    cr_expect_eq(out, 0, "%s: %zu pixels changed outside the mark", name, out);
    // A mark covers a good part of its rectangle.
    cr_expect_gt(in, (size_t)r->area.width * r->area.height / 4, "%s", name);
    pic_clear(&a);
    pic_clear(&b);
}

ParameterizedTestParameters(mark_png, changes_nothing_outside_the_mark)
{
    static int row[64];
    for (int i = 0; i < PNG_KIND_COUNT; i++)
        row[i] = i;
    return cr_make_param_array(int, row, (size_t)PNG_KIND_COUNT);
}

ParameterizedTest(int *row, mark_png, changes_nothing_outside_the_mark)
{
    const struct png_kind *kind = &PNG_KINDS[*row];
    struct imp_buf in = {0}, out = {0};
    struct imp_mark_spec spec = spec_of("TRIAL-001 {date}");
    png_make(kind, 150, 90, (struct imp_span){0}, &in);
    struct imp_mark_report r = mark_all(&spec, "png", imp_buf_span(&in), &out);
    expect_only_mark(imp_buf_span(&in), imp_buf_span(&out), &r, kind->name);
    // 16 bits stay 16 bits, grey stays grey.
    struct imp_span h = png_find(imp_buf_span(&out), "IHDR");
    cr_expect_eq(h.p[8], kind->out_depth, "%s: depth %u", kind->name, h.p[8]);
    cr_expect_eq(h.p[9], kind->out_colour, "%s: colour %u", kind->name, h.p[9]);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_png, carries_over_what_describes_the_picture)
{
    static const char *const type[] = {"gAMA", "pHYs", "eXIf", "tEXt"};
    static const uint8_t gama[4] = {0, 0, 0xB1, 0x8F};
    static const uint8_t phys[9] = {0, 0, 0x0B, 0x13, 0, 0, 0x0B, 0x12, 1};
    static const uint8_t sbit[1] = {3}, bkgd[2] = {0, 3};
    uint8_t exif[26];
    struct imp_buf extra = {0}, in = {0}, out = {0};
    struct imp_mark_spec spec = spec_of("{ext}");
    exif_make(6, exif);
    png_add_chunk(&extra, "gAMA", gama, sizeof gama);
    png_add_chunk(&extra, "pHYs", phys, sizeof phys);
    png_add_chunk(&extra, "eXIf", exif, sizeof exif);
    png_add_chunk(&extra, "sBIT", sbit, sizeof sbit);
    png_add_chunk(&extra, "bKGD", bkgd, sizeof bkgd);
    png_add_chunk(&extra, "tEXt", "a\0b", 3);
    png_make(&PNG_KINDS[2], 100, 100, imp_buf_span(&extra), &in);
    mark_all(&spec, "png", imp_buf_span(&in), &out);
    for (size_t i = 0; i < 4; i++) {
        struct imp_span a = png_find(imp_buf_span(&in), type[i]);
        struct imp_span b = png_find(imp_buf_span(&out), type[i]);
        cr_expect(a.n == b.n && memcmp(a.p, b.p, a.n) == 0, "%s", type[i]);
    }
    // Written for 4-bit samples, wrong for those of 8 bits.
    cr_expect_null(png_find(imp_buf_span(&out), "bKGD").p);
    cr_expect_null(png_find(imp_buf_span(&out), "sBIT").p);
    imp_buf_clear(&extra);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// Marked as stored with `orientation`, seen upright.
static struct pic marked_upright(const struct pic *upright,
                                 unsigned orientation,
                                 const struct imp_mark_spec *spec)
{
    uint8_t exif[26];
    struct imp_buf extra = {0}, in = {0}, out = {0};
    struct pic stored = pic_store(upright, orientation);
    exif_make(orientation, exif);
    png_add_chunk(&extra, "eXIf", exif, sizeof exif);
    png_make_rgba(&stored, imp_buf_span(&extra), &in);
    struct imp_mark_report r = mark_all(spec, "png", imp_buf_span(&in), &out);
    expect_only_mark(imp_buf_span(&in), imp_buf_span(&out), &r, "turned");
    struct pic marked = png_read(imp_buf_span(&out));
    struct pic seen = pic_display(&marked, orientation);
    pic_clear(&marked);
    pic_clear(&stored);
    imp_buf_clear(&extra);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
    return seen;
}

ParameterizedTestParameters(mark_png, reads_upright_in_every_orientation)
{
    static int orientation[] = {2, 3, 4, 5, 6, 7, 8};
    return cr_make_param_array(int, orientation, 7);
}

ParameterizedTest(int *orientation, mark_png,
                  reads_upright_in_every_orientation)
{
    struct imp_mark_spec spec = spec_of("Left to right");
    struct pic p = pic_new(211, 120, 255);
    cr_assert(imp_mark_place_parse("17,9%", &spec.place, NULL));
    for (size_t i = 0; i < (size_t)211 * 120 * 4; i++)
        p.px[i] = i % 4 == 3 ? 255 : (uint16_t)(i / 300);
    struct pic plain = marked_upright(&p, 1, &spec);
    struct pic seen = marked_upright(&p, (unsigned)*orientation, &spec);
    cr_expect(!pic_same(&p, &plain));
    cr_expect(pic_same(&plain, &seen), "orientation %d", *orientation);
    pic_clear(&p);
    pic_clear(&plain);
    pic_clear(&seen);
}

Test(mark_png, shows_where_the_picture_is_transparent)
{
    struct imp_mark_spec spec = spec_of("{date}");
    struct imp_buf in = {0}, out = {0};
    struct pic clear = pic_new(200, 100, 255);
    spec.scale = 0.15;
    png_make_rgba(&clear, (struct imp_span){0}, &in);
    mark_all(&spec, "png", imp_buf_span(&in), &out);
    struct pic p = png_read(imp_buf_span(&out));
    unsigned most = 0, white = 0;
    for (size_t i = 0; i < (size_t)200 * 100; i++) {
        const uint16_t *px = p.px + 4 * i;
        most = px[3] > most ? px[3] : most;
        white += px[3] > 150 && px[0] > 250; // text, with no black let in
    }
    // 0.7 * 255 = 178.5
    cr_expect(most == 178 || most == 179, "alpha %u", most);
    cr_expect_gt(white, 50);
    pic_clear(&clear);
    pic_clear(&p);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// The darkest and the lightest sample of a mark on an even ground.
static void extremes(uint8_t ground, uint16_t *least, uint16_t *most)
{
    struct imp_mark_spec spec = spec_of("{date}");
    struct imp_buf in = {0}, out = {0};
    struct pic flat = pic_new(200, 100, 255);
    for (size_t i = 0; i < (size_t)200 * 100 * 4; i++)
        flat.px[i] = i % 4 == 3 ? 255 : ground;
    png_make_rgba(&flat, (struct imp_span){0}, &in);
    mark_all(&spec, "png", imp_buf_span(&in), &out);
    struct pic p = png_read(imp_buf_span(&out));
    *least = 255;
    *most = 0;
    for (size_t i = 0; i < (size_t)200 * 100; i++) {
        *least = p.px[4 * i] < *least ? p.px[4 * i] : *least;
        *most = p.px[4 * i] > *most ? p.px[4 * i] : *most;
    }
    pic_clear(&flat);
    pic_clear(&p);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_png, stands_out_on_white_and_on_black)
{
    uint16_t least, most;
    extremes(255, &least, &most); // the outline: 0.3 * 255 = 76.5
    cr_expect(least >= 76 && least <= 90, "%u on white", least);
    extremes(0, &least, &most); // the text: 0.7 * 255 = 178.5
    cr_expect(most >= 165 && most <= 179, "%u on black", most);
}

Test(mark_png, refuses_an_animation)
{
    static const uint8_t actl[8] = {0, 0, 0, 2, 0, 0, 0, 0};
    struct imp_buf extra = {0}, in = {0};
    struct imp_mark_spec spec = spec_of("x");
    png_add_chunk(&extra, "acTL", actl, sizeof actl);
    png_make(&PNG_KINDS[8], 100, 100, imp_buf_span(&extra), &in);
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)),
                 IMP_ERR_UNSUPPORTED);
    imp_buf_clear(&extra);
    imp_buf_clear(&in);
}

Test(mark_png, refuses_what_does_not_decode)
{
    struct imp_buf in = {0};
    struct imp_mark_spec spec = spec_of("x");
    png_make(&PNG_KINDS[8], 100, 100, (struct imp_span){0}, &in);
    struct imp_span data = png_find(imp_buf_span(&in), "IDAT");
    uint8_t *middle = in.p + (data.p - in.p) + data.n / 2;
    *middle ^= 0x55;
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)), IMP_ERR_DAMAGED);
    *middle ^= 0x55;
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)), IMP_OK);
    for (size_t n = 0; n < in.n; n += 7)
        cr_expect_eq(mark_code(&spec, "png", (struct imp_span){in.p, n}),
                     IMP_ERR_DAMAGED, "cut at %zu", n);
    imp_buf_clear(&in);
}
