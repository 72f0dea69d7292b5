// The route through libjpeg's coefficients gives the same promise as the
// splice: what has no ink is the same afterwards.
#include "inked.h"
#include "mark/recode.h"
#include "pics.h"

#include <criterion/criterion.h>

TestSuite(recode, .timeout = 120);

static const struct jpeg_kind kinds[] = {
    {.components = 3, .h = 2, .v = 2, .quality = 75, .progressive = true},
    {.components = 3, .quality = 92, .progressive = true, .restart = 3},
    {.components = 3, .h = 2, .v = 1, .quality = 85, .arithmetic = true},
    {.components = 3, .quality = 85, .arithmetic = true, .progressive = true},
    {.components = 1, .quality = 80, .progressive = true},
    {.components = 4, .quality = 85, .progressive = true},
    {.components = 4, .quality = 85, .space = PICS_YCCK, .progressive = true},
    {.components = 3, .h = 2, .v = 2, .quality = 75, .own_codes = true},
    {.components = 3, .quality = 75, .apart = true},
};

static const struct imp_paint paint = {{255, 255, 255}, 0.8};

// Of a file: is it progressive, is it arithmetic?
static bool has_frame(struct imp_span file, uint8_t marker)
{
    const uint8_t head[3] = {0xFF, marker, 0};
    return memmem(file.p, file.n, head, 3) != NULL;
}

Test(recode, nothing_but_inked_blocks_changes)
{
    struct imp_ink ink = ring(40, 30);
    struct imp_spot spots[] = {{0, 0}, {61, 50}, {117, 91}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < 3; i++) {
            struct imp_buf in = {0}, out = {0};
            struct imp_err err = {0};
            struct imp_inked where = {&ink, &spots[i], 1};
            struct jpeg_kind kind = kinds[k];
            kind.noisy = i == 1;
            jpeg_make(&kind, 157, 121, &in);
            cr_assert(
                imp_recode(imp_buf_span(&in), where, &paint, false, &out, &err),
                "%s", err.msg);
            struct coefficients a = coefficients_of(imp_buf_span(&in));
            struct coefficients b = coefficients_of(imp_buf_span(&out));
            cr_assert(a.n && b.n);
            cr_expect_eq(b.warnings, 0);
            cr_expect_gt(judge_blocks(&a, &b, where), 0);
            for (int m = 0xC0; m <= 0xCA; m++)
                cr_expect_eq(has_frame(imp_buf_span(&in), (uint8_t)m),
                             has_frame(imp_buf_span(&out), (uint8_t)m),
                             "kind %zu: the process is another", k);
            coefficients_clear(&a);
            coefficients_clear(&b);
            imp_buf_clear(&in);
            imp_buf_clear(&out);
        }
    imp_ink_clear(&ink);
}

Test(recode, a_damaged_file_is_refused)
{
    struct imp_ink ink = ring(40, 30);
    struct imp_spot at = {0, 0};
    struct imp_buf in = {0}, out = {0};
    struct imp_err err = {0};
    struct imp_inked where = {&ink, &at, 1};
    jpeg_make(&kinds[0], 157, 121, &in);
    in.n /= 2;
    cr_expect_not(
        imp_recode(imp_buf_span(&in), where, &paint, false, &out, &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    imp_ink_clear(&ink);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// Readers may take its presence for inverted inks.
Test(recode, a_file_without_adobes_segment_has_none_afterwards)
{
    struct jpeg_kind kind = {
        .components = 4, .quality = 85, .progressive = true};
    struct imp_ink ink = ring(40, 30);
    struct imp_spot at = {0, 0};
    struct imp_buf in = {0}, out = {0};
    struct imp_err err = {0};
    struct imp_inked where = {&ink, &at, 1};
    jpeg_make(&kind, 157, 121, &in);
    uint8_t *adobe = memmem(in.p, in.n,
                            "\xFF\xEE\0\x0E"
                            "Adobe",
                            9);
    cr_assert(adobe);
    cr_assert(imp_recode(imp_buf_span(&in), where, &paint, false, &out, &err));
    cr_expect(memmem(out.p, out.n, "Adobe", 5));
    memmove(adobe, adobe + 16, in.n - 16 - (size_t)(adobe - in.p));
    in.n -= 16;
    out.n = 0;
    cr_assert(imp_recode(imp_buf_span(&in), where, &paint, false, &out, &err));
    cr_expect_not(memmem(out.p, out.n, "Adobe", 5));
    imp_ink_clear(&ink);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}
