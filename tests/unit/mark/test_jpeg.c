// Marking JPEG files: coded anew, but no worse, and of the same kind.
#include "pics.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    struct jpeg_kind kind;
    int out_h, out_v; // sampling factors afterwards
} KINDS[] = {
    {{3, 2, 2, 75, false, false, 1, true}, 2, 2},
    {{3, 1, 1, 92, false, false, 1, false}, 1, 1},
    {{3, 2, 1, 60, false, false, 0, false}, 1, 1}, // never less chroma
    {{3, 1, 2, 60, false, false, 0, false}, 1, 1},
    {{3, 2, 2, 98, true, false, 1, false}, 2, 2},
    {{3, 4, 2, 50, false, false, 0, false}, 2, 2},
    {{1, 1, 1, 80, false, false, 1, true}, 1, 1},
    {{1, 1, 1, 30, true, false, 0, false}, 1, 1},
    {{4, 1, 1, 85, false, false, 1, true}, 1, 1},
    {{4, 1, 1, 20, true, false, 0, false}, 1, 1},
};
#define COUNT (sizeof KINDS / sizeof *KINDS)

static bool near_rect(const struct imp_mark_report *r, uint32_t x, uint32_t y)
{
    // A block of chroma is 16 pixels, and smooth upsampling looks further.
    return x + 17 >= r->x && x < r->x + r->width + 17 && y + 17 >= r->y &&
           y < r->y + r->height + 17;
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

ParameterizedTest(int *row, mark_jpeg, stays_of_its_kind_and_quality)
{
    const struct jpeg_kind *kind = &KINDS[*row].kind;
    struct imp_buf in = {0}, out = {0};
    struct jpeg_facts was, is;
    int away, lighter;
    struct imp_mark_spec spec = spec_of("{date}");
    spec.scale = 0.15;
    jpeg_make(kind, 300, 200, &in);
    struct imp_mark_report r = mark_all(&spec, "jpeg", imp_buf_span(&in), &out);
    struct pic a = jpeg_read(imp_buf_span(&in), &was);
    struct pic b = jpeg_read(imp_buf_span(&out), &is);

    cr_expect_eq(is.components, was.components);
    cr_expect_eq(is.progressive, was.progressive);
    cr_expect(is.h[0] == KINDS[*row].out_h && is.v[0] == KINDS[*row].out_v,
              "row %d: sampling %d x %d", *row, is.h[0], is.v[0]);
    for (int i = 0; i < is.components; i++)
        for (int k = 0; k < 64; k++)
            cr_expect_leq(is.quant[i][k], was.quant[i][k],
                          "row %d: coarser step", *row);
    cr_expect_eq(is.jfif, was.jfif);
    cr_expect_eq(is.x_density, was.x_density);
    cr_expect_eq(is.unit, was.unit);
    cr_expect_eq(is.exif, was.exif);
    cr_expect_eq(is.icc, was.icc);
    changes(&a, &b, &r, &away, &lighter);
    cr_expect_leq(away, 6, "row %d: %d away from the mark", *row, away);
    cr_expect_geq(lighter, 40, "row %d: no white text", *row);
    pic_clear(&a);
    pic_clear(&b);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_jpeg, keeps_the_quality_it_finds)
{
    // Not above it either: a file must not grow for nothing.
    for (int quality = 5; quality <= 100; quality += 19) {
        struct jpeg_kind kind = {.components = 3, .quality = quality};
        struct imp_buf in = {0}, out = {0};
        struct jpeg_facts was, is;
        struct imp_mark_spec spec = spec_of("x");
        jpeg_make(&kind, 100, 100, &in);
        mark_all(&spec, "jpeg", imp_buf_span(&in), &out);
        struct pic a = jpeg_read(imp_buf_span(&in), &was);
        struct pic b = jpeg_read(imp_buf_span(&out), &is);
        cr_expect_arr_eq(is.quant, was.quant, sizeof was.quant[0] * 3);
        pic_clear(&a);
        pic_clear(&b);
        imp_buf_clear(&in);
        imp_buf_clear(&out);
    }
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
        cr_expect_eq(r.x > 200 - r.width / 2, right[o], "%u: x %u", o, r.x);
        cr_expect_eq(r.y > 150 - r.height / 2, bottom[o], "%u: y %u", o, r.y);
        cr_expect_eq(r.height > r.width, o >= 5, "orientation %u", o);
        imp_buf_clear(&in);
        imp_buf_clear(&out);
    }
}

Test(mark_jpeg, refuses_kinds_that_cannot_be_marked)
{
    struct imp_mark_spec spec = spec_of("x");
    struct jpeg_kind plain = {.components = 3, .quality = 80};
    struct jpeg_kind arithmetic = plain;
    struct imp_buf in = {0};
    arithmetic.arithmetic = true;
    jpeg_make(&arithmetic, 64, 64, &in);
    cr_expect_eq(mark_code(&spec, "jpeg", imp_buf_span(&in)),
                 IMP_ERR_UNSUPPORTED);

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
