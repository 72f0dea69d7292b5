// Marking JPEG files: of the same kind afterwards, whatever the route.
#include "../../lib/coefficients.h"
#include "mark/compare.h"
#include "pics.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

static const struct jpeg_kind KINDS[] = {
    {.components = 3,
     .h = 2,
     .v = 2,
     .quality = 75,
     .orientation = 1,
     .icc = true},
    {.components = 3, .quality = 92, .orientation = 6},
    {.components = 3, .h = 2, .v = 1, .quality = 60, .restart = 5},
    {.components = 3, .h = 1, .v = 2, .quality = 60},
    {.components = 3,
     .h = 2,
     .v = 2,
     .quality = 98,
     .progressive = true,
     .orientation = 1},
    {.components = 3, .h = 4, .v = 2, .quality = 50},
    {.components = 3, .h = 2, .v = 2, .quality = 80, .arithmetic = true},
    {.components = 3, .h = 2, .v = 1, .quality = 80, .apart = true},
    {.components = 1, .quality = 80, .orientation = 8, .icc = true},
    {.components = 1, .quality = 30, .progressive = true},
    {.components = 4, .quality = 85, .orientation = 1, .icc = true},
    {.components = 4, .quality = 20, .progressive = true},
};
#define COUNT (sizeof KINDS / sizeof *KINDS)

static bool near_rect(const struct imp_mark_report *r, uint32_t x, uint32_t y)
{
    // A block of chroma is 16 pixels, and smooth upsampling looks further.
    return x + 17 >= r->area.x && x < r->area.x + r->area.width + 17 &&
           y + 17 >= r->area.y && y < r->area.y + r->area.height + 17;
}

// The largest change away from the mark, and the lightest change in it: CMYK
// as Adobe stores it has large values for light, as RGB has.
static void changes(const struct pic *a, const struct pic *b,
                    const struct imp_mark_report *r, int *away, int *lighter)
{
    *away = *lighter = 0;
    for (uint32_t y = 0; y < a->height; y++) {
        for (uint32_t x = 0; x < a->width; x++) {
            int d = pic_at(b, x, y)[0] - pic_at(a, x, y)[0];
            if (!near_rect(r, x, y) && abs(d) > *away)
                *away = abs(d);
            if (near_rect(r, x, y) && d > *lighter)
                *lighter = d;
        }
    }
}

ParameterizedTestParameters(mark_jpeg, stays_of_its_kind_and_quality)
{
    static int row[COUNT];
    for (int i = 0; i < (int)COUNT; i++)
        row[i] = i;
    return cr_make_param_array(int, row, COUNT);
}

static void judge_kind(const struct jpeg_facts *was,
                       const struct jpeg_facts *is)
{
    cr_expect_eq(is->components, was->components);
    cr_expect_eq(is->progressive, was->progressive);
    cr_expect_arr_eq(is->h, was->h, sizeof was->h);
    cr_expect_arr_eq(is->v, was->v, sizeof was->v);
    cr_expect_arr_eq(is->quant, was->quant, sizeof was->quant);
    cr_expect_eq(is->jfif, was->jfif);
    cr_expect_eq(is->x_density, was->x_density);
    cr_expect_eq(is->unit, was->unit);
    cr_expect_eq(is->exif, was->exif);
    cr_expect_eq(is->icc, was->icc);
}

ParameterizedTest(int *row, mark_jpeg, stays_of_its_kind_and_quality)
{
    struct imp_buf in = {0}, out = {0};
    struct jpeg_facts was, is;
    int away, lighter;
    struct imp_mark_spec spec = spec_of("{date}");
    spec.scale = 0.15;
    jpeg_make(&KINDS[*row], 300, 200, &in);
    struct imp_mark_report r = mark_all(&spec, "jpeg", imp_buf_span(&in), &out);
    cr_expect_str_eq(r.route, "coefficients");
    struct pic a = jpeg_read(imp_buf_span(&in), &was);
    struct pic b = jpeg_read(imp_buf_span(&out), &is);
    judge_kind(&was, &is);
    changes(&a, &b, &r, &away, &lighter);
    cr_expect_leq(away, 6, "row %d: %d away from the mark", *row, away);
    cr_expect_geq(lighter, 40, "row %d: no white text", *row);
    pic_clear(&a);
    pic_clear(&b);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

ParameterizedTestParameters(mark_jpeg, either_route_gives_the_same_coefficients)
{
    static int row[COUNT];
    for (int i = 0; i < (int)COUNT; i++)
        row[i] = i;
    return cr_make_param_array(int, row, COUNT);
}

ParameterizedTest(int *row, mark_jpeg, either_route_gives_the_same_coefficients)
{
    struct imp_buf in = {0}, out = {0}, spliced = {0};
    struct imp_mark_spec spec = spec_of("{date}");
    struct imp_mark_report by_splice;
    jpeg_make(&KINDS[*row], 300, 200, &in);
    struct imp_mark_report r = mark_all(&spec, "jpeg", imp_buf_span(&in), &out);
    bool sequential = !KINDS[*row].progressive && !KINDS[*row].arithmetic;
    cr_assert_eq(mark_spliced(&spec, imp_buf_span(&in), &spliced, &by_splice),
                 sequential);
    if (sequential) {
        struct coefficients a = coefficients_of(imp_buf_span(&out));
        struct coefficients b = coefficients_of(imp_buf_span(&spliced));
        cr_assert(a.n && a.n == b.n);
        cr_expect_eq(b.warnings, 0);
        // libjpeg fills MCUs beyond the picture in its own way.
        for (int i = 0; i < a.n; i++)
            for (uint32_t y = 0; y < a.comp[i].shown_down; y++) {
                size_t at = (size_t)y * a.comp[i].across * 64;
                cr_expect_arr_eq(a.comp[i].block + at, b.comp[i].block + at,
                                 (size_t)a.comp[i].shown_across * 128);
            }
        cr_expect_str_eq(by_splice.route, "splice");
        by_splice.route = r.route;
        cr_expect_arr_eq(&by_splice, &r, sizeof r);
        coefficients_clear(&a);
        coefficients_clear(&b);
    }
    imp_buf_clear(&in);
    imp_buf_clear(&out);
    imp_buf_clear(&spliced);
}

Test(mark_jpeg, lies_where_the_viewer_looks)
{
    // The upright south-east, by the corner where EXIF puts it in storage.
    static const bool right[9] = {0, 1, 0, 0, 1, 1, 1, 0, 0};
    static const bool bottom[9] = {0, 1, 1, 0, 0, 1, 0, 0, 1};
    for (unsigned o = 1; o <= 8; o++) {
        struct jpeg_kind kind = {
            .components = 3, .quality = 90, .orientation = o};
        struct imp_buf in = {0}, out = {0};
        struct imp_mark_spec spec = spec_of("{date}");
        jpeg_make(&kind, 400, 300, &in);
        struct imp_mark_report r =
            mark_all(&spec, "jpeg", imp_buf_span(&in), &out);
        cr_expect_eq(r.area.x > 200 - r.area.width / 2, right[o], "%u: x %u", o,
                     r.area.x);
        cr_expect_eq(r.area.y > 150 - r.area.height / 2, bottom[o], "%u: y %u",
                     o, r.area.y);
        cr_expect_eq(r.area.height > r.area.width, o >= 5, "orientation %u", o);
        imp_buf_clear(&in);
        imp_buf_clear(&out);
    }
}

Test(mark_jpeg, refuses_kinds_that_cannot_be_marked)
{
    struct imp_mark_spec spec = spec_of("x");
    struct jpeg_kind plain = {.components = 3, .quality = 80};
    struct imp_buf in = {0};
    jpeg_make(&plain, 64, 64, &in);
    uint8_t *sof = memmem(in.p, in.n, "\xFF\xC0\0\x11\x08", 5);
    cr_assert_not_null(sof);
    sof[1] = 0xC1; // extended sequential may have 12 bits
    sof[4] = 12;
    cr_expect_eq(mark_code(&spec, "jpeg", imp_buf_span(&in)),
                 IMP_ERR_UNSUPPORTED);
    sof[1] = 0xC3; // lossless
    sof[4] = 8;
    cr_expect_eq(mark_code(&spec, "jpeg", imp_buf_span(&in)),
                 IMP_ERR_UNSUPPORTED);
    imp_buf_clear(&in);
}

Test(mark_jpeg, refuses_what_does_not_decode)
{
    struct imp_mark_spec spec = spec_of("x");
    struct jpeg_kind kind = {.components = 3, .quality = 80};
    struct imp_buf in = {0};
    jpeg_make(&kind, 200, 200, &in);
    // Without EOI too: libjpeg would fill it in.
    for (size_t n = 0; n < in.n; n += 1 + n / 9)
        cr_expect_eq(mark_code(&spec, "jpeg", (struct imp_span){in.p, n}),
                     IMP_ERR_DAMAGED, "cut at %zu of %zu", n, in.n);
    cr_expect_eq(mark_code(&spec, "jpeg", imp_buf_span(&in)), IMP_OK);
    imp_buf_clear(&in);
}

// T.81 B.2.5: a frame of 0 lines, which are told behind the first scan. libjpeg
// knows no such files: it must be told, for drawing and for the proof.
Test(mark_jpeg, a_height_that_is_told_behind_the_scan_is_no_hindrance)
{
    static const struct jpeg_kind kinds[] = {
        {.components = 3, .quality = 85, .own_codes = true},
        {.components = 3, .h = 2, .v = 2, .quality = 85, .arithmetic = true},
    };
    const struct imp_mark_spec spec = spec_of("HE");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint8_t dnl[] = {0xFF, 0xDC, 0, 4, 0, 120, 0xFF, 0xD9};
        struct imp_buf plain = {0}, in = {0}, want = {0}, out = {0};
        struct imp_difference d;
        struct imp_err err = {0};
        jpeg_make(&kinds[i], 160, 120, &plain);
        uint8_t *sof = memmem(plain.p, plain.n, "\0\x11\x08\0\x78\0\xA0", 7);
        cr_assert(sof);
        cr_assert(imp_buf_add(&in, plain.p, plain.n - 2, NULL));
        memset(in.p + (sof - plain.p) + 3, 0, 2);
        cr_assert(imp_buf_add(&in, dnl, sizeof dnl, NULL));
        mark_all(&spec, "jpeg", imp_buf_span(&plain), &want);
        struct imp_mark_report report =
            mark_all(&spec, "jpeg", imp_buf_span(&in), &out);
        cr_expect_eq(out.n, want.n);
        cr_expect(out.n == want.n && memcmp(out.p, want.p, want.n) == 0);
        cr_assert(imp_compare("jpeg", imp_buf_span(&in), imp_buf_span(&out),
                              &report.area, &d, &err),
                  "%s", err.msg);
        cr_expect_not(d.another);
        cr_expect_gt(d.changed, 0);
        cr_expect_eq(d.outside, 0);
        imp_buf_clear(&plain);
        imp_buf_clear(&in);
        imp_buf_clear(&want);
        imp_buf_clear(&out);
    }
}
