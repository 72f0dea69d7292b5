// A mark in the colours of the picture's own profile. The profile of these
// tests has red and blue exchanged, so that what is expected can be told
// without any colour arithmetic.
#include "mark/pixels.h"
#include "pics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { HEAD = 128, TAGS = 8, SIZE = HEAD + 4 + 12 * TAGS + 4 * 20 + 16 };

// ISO 15076-1 7.2, 7.3.
static void add_tag(uint8_t p[SIZE], const char *sig, size_t at, size_t n)
{
    unsigned count = imp_be32(p + HEAD);
    uint8_t *entry = p + HEAD + 4 + 12 * (size_t)count;
    memcpy(entry, sig, 4);
    imp_put_be32(entry + 4, (uint32_t)at);
    imp_put_be32(entry + 8, (uint32_t)n);
    imp_put_be32(p + HEAD, count + 1);
}

static size_t add_xyz(uint8_t p[SIZE], size_t at, const char *sig,
                      const uint32_t xyz[3])
{
    memcpy(p + at, "XYZ ", 4);
    for (size_t i = 0; i < 3; i++)
        imp_put_be32(p + at + 8 + 4 * i, xyz[i]);
    add_tag(p, sig, at, 20);
    return at + 20;
}

static struct imp_span exchanged(const char *space)
{
    static uint8_t p[SIZE];
    static const uint32_t d50[3] = {0xf6d6, 0x10000, 0xd32d},
                          red[3] = {0x6fa2, 0x38f5, 0x390},
                          green[3] = {0x6299, 0xb785, 0x18da},
                          blue[3] = {0x24a0, 0xf84, 0xb6cf};
    size_t at = SIZE - 4 * 20 - 16;
    memset(p, 0, sizeof p);
    imp_put_be32(p, SIZE);
    p[8] = 2;
    memcpy(p + 12, "mntr", 4);
    memcpy(p + 16, space, 4);
    memcpy(p + 20, "XYZ ", 4);
    memcpy(p + 36, "acsp", 4);
    for (size_t i = 0; i < 3; i++)
        imp_put_be32(p + 68 + 4 * i, d50[i]);
    at = add_xyz(p, at, "wtpt", d50);
    at = add_xyz(p, at, "rXYZ", blue);
    at = add_xyz(p, at, "gXYZ", green);
    at = add_xyz(p, at, "bXYZ", red);
    memcpy(p + at, "curv\0\0\0\0\0\0\0\1\2\x33", 14); // a gamma of 2.199
    add_tag(p, "rTRC", at, 14);
    add_tag(p, "gTRC", at, 14);
    add_tag(p, "bTRC", at, 14);
    return (struct imp_span){p, SIZE};
}

// Light, by which colours are told apart: near black a step of a sample is
// none.
static double light(int sample)
{
    return pow(sample / 255.0, 2.2);
}

static void expect_near(const uint8_t *got, int r, int g, int b)
{
    const int want[3] = {r, g, b};
    for (int i = 0; i < 3; i++)
        cr_expect(fabs(light(got[i]) - light(want[i])) < 0.04,
                  "sample %d is %d, want %d", i, got[i], want[i]);
}

Test(colour, is_converted_to_the_profile)
{
    struct imp_err err = {0};
    const struct imp_pixels *pixels = imp_pixels_load(&err);
    cr_assert(pixels, "%s", err.msg);
    uint8_t rgb[] = {255, 0,   0,   0,   0,   255, 0, 255,
                     0,   255, 255, 255, 200, 30,  60};
    cr_assert(pixels->to_profile(exchanged("RGB "), rgb, 5, &err), "%s",
              err.msg);
    expect_near(rgb, 0, 0, 255);
    expect_near(rgb + 3, 255, 0, 0);
    expect_near(rgb + 6, 0, 255, 0);
    expect_near(rgb + 9, 255, 255, 255);
    expect_near(rgb + 12, 60, 30, 200);
}

Test(colour, many_are_converted_as_one_is)
{
    enum { N = 250001 };
    struct imp_err err = {0};
    const struct imp_pixels *pixels = imp_pixels_load(&err);
    cr_assert(pixels, "%s", err.msg);
    uint8_t *rgb = calloc(N, 3);
    for (size_t i = 0; i < N; i++)
        rgb[3 * i] = 255;
    cr_assert(pixels->to_profile(exchanged("RGB "), rgb, N, &err));
    for (size_t i = 0; i < N; i++)
        cr_assert(rgb[3 * i] <= 30 && rgb[3 * i + 2] >= 250, "colour %zu", i);
    free(rgb);
}

Test(colour, of_a_profile_that_does_not_do_is_an_error)
{
    struct imp_err err = {0};
    const struct imp_pixels *pixels = imp_pixels_load(&err);
    cr_assert(pixels, "%s", err.msg);
    uint8_t rgb[3] = {255, 0, 0};
    struct imp_span half = exchanged("RGB ");
    half.n = SIZE / 2;
    cr_expect_not(pixels->to_profile(half, rgb, 1, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    cr_expect_not(pixels->to_profile(exchanged("CMYK"), rgb, 1, &err));
}

// The reddest pixel that is marked: of the ink.
static const uint16_t *most(const struct pic *p, int channel)
{
    const uint16_t *best = p->px;
    for (size_t i = 0; i < (size_t)p->width * p->height; i++) {
        const uint16_t *at = p->px + 4 * i;
        if (at[channel] - at[2 - channel] > best[channel] - best[2 - channel])
            best = at;
    }
    return best;
}

static struct pic mark_red(struct imp_span profile, const uint8_t rgb[3])
{
    struct imp_err err = {0};
    struct imp_buf in = {0}, out = {0};
    struct imp_mark_spec spec = spec_of("HHHH");
    struct imp_mark_input input = *VALUES;
    struct imp_mark_report report;
    struct pic grey = pic_new(200, 120, 255);
    for (size_t i = 0; i < (size_t)4 * 200 * 120; i++)
        grey.px[i] = i % 4 == 3 ? 255 : 128;
    png_make_rgba(&grey, (struct imp_span){0}, &in);
    pic_clear(&grey);
    spec.opacity = 1;
    spec.scale = 0.5;
    memcpy(spec.rgb, rgb, 3);
    input.profile = profile;
    struct imp_marker *m = imp_marker_new(&spec, &err);
    cr_assert(m, "%s", err.msg);
    cr_assert(imp_marker_apply(m, "png", imp_buf_span(&in), &input, &out,
                               &report, &err),
              "%s", err.msg);
    struct pic marked = png_read(imp_buf_span(&out));
    imp_marker_free(m);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
    return marked;
}

Test(colour, a_mark_looks_the_same_in_every_profile)
{
    static const uint8_t red[3] = {255, 0, 0}, grey[3] = {200, 200, 200};
    struct pic plain = mark_red((struct imp_span){0}, red);
    cr_expect_gt(most(&plain, 0)[0], 250);
    struct pic other = mark_red(exchanged("RGB "), red);
    cr_expect_gt(most(&other, 2)[2], 250);
    cr_expect_lt(most(&other, 2)[0], 30);
    pic_clear(&plain);
    pic_clear(&other);
    // A profile of something else says nothing of samples in RGB.
    plain = mark_red(exchanged("GRAY"), red);
    cr_expect_gt(most(&plain, 0)[0], 250);
    pic_clear(&plain);
    plain = mark_red(exchanged("RGB "), grey);
    cr_expect_eq(most(&plain, 0)[0], most(&plain, 0)[2]);
    pic_clear(&plain);
}
