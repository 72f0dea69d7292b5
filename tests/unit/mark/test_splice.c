// The splice, judged by libjpeg: its coefficients outside of the inked blocks
// must be those of the input, and what it decodes must be the blend.
#include "image/format.h"
#include "inked.h"
#include "mark/splice.h"
#include "pics.h"

#include <criterion/criterion.h>

extern const struct imp_format imp_format_jpeg;

TestSuite(splice, .timeout = 120);

// --- One picture being spliced ---

static struct imp_cutlist cuts, spliced;
static struct imp_jpeg_map map;
static struct imp_splicer splicer;
static struct imp_err err;

static bool drop(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *v, struct imp_err *e)
{
    (void)self, (void)part, (void)e;
    v->fate = IMP_FATE_DROP;
    return true;
}

static void cut(struct imp_span in, enum imp_check check)
{
    struct imp_editor editor = {drop};
    struct imp_job_image img = {.editor = &editor,
                                .limits = {1 << 26, 1 << 26},
                                .check = check,
                                .map = &map};
    map = (struct imp_jpeg_map){0};
    cr_assert(imp_format_cut(&imp_format_jpeg, in, &img, &cuts, &err), "%s",
              err.msg);
    cr_assert(map.frame);
}

static enum imp_spliced splice_as(struct imp_span in, enum imp_check check,
                                  struct imp_inked where,
                                  const struct imp_paint *paint,
                                  struct imp_buf *out)
{
    struct imp_jpeg_ink ink;
    cut(in, check);
    struct imp_jpeg_kind kind = imp_jpeg_kind_of(&map);
    imp_jpeg_ink_init(&ink, &kind, where, paint);
    enum imp_spliced r =
        imp_splice(&splicer, in, &cuts, &map, &ink, &spliced, &err);
    cr_assert_neq(r, IMP_SPLICE_FAILED, "%s", err.msg);
    if (r == IMP_SPLICED)
        cr_assert(imp_cutlist_apply(&spliced, in, out, &err), "%s", err.msg);
    return r;
}

// Walked, or mapped by its restart markers if it has any: to the same bytes.
static enum imp_spliced splice(struct imp_span in, struct imp_inked where,
                               const struct imp_paint *paint,
                               struct imp_buf *out)
{
    struct imp_buf other = {0};
    enum imp_spliced skipped =
        splice_as(in, IMP_CHECK_STRUCTURE, where, paint, &other);
    enum imp_spliced r = splice_as(in, IMP_CHECK_CODED, where, paint, out);
    cr_assert_eq(r, skipped);
    cr_assert_eq(out->n, other.n);
    cr_assert(out->n == 0 || memcmp(out->p, other.p, out->n) == 0);
    imp_buf_clear(&other);
    return r;
}

static void clean_up(void)
{
    imp_cutlist_clear(&cuts);
    imp_cutlist_clear(&spliced);
    imp_splicer_clear(&splicer);
}

// --- Judging ---

// Splice and compare: true if the splice could do it.
static bool judge(const struct jpeg_kind *kind, uint32_t width, uint32_t height,
                  const struct imp_ink *ink, struct imp_spot at)
{
    static const struct imp_paint paint = {{255, 255, 255}, 0.8};
    struct imp_buf in = {0}, out = {0};
    struct imp_inked where = {ink, &at, 1};
    jpeg_make(kind, width, height, &in);
    if (splice(imp_buf_span(&in), where, &paint, &out) != IMP_SPLICED) {
        imp_buf_clear(&in);
        return false;
    }
    struct coefficients a = coefficients_of(imp_buf_span(&in));
    struct coefficients b = coefficients_of(imp_buf_span(&out));
    cr_assert(a.n && b.n);
    cr_assert_eq(b.warnings, 0);
    cr_assert_gt(judge_blocks(&a, &b, where), 0);
    // It is as clean, and as whole, as what the handler itself makes.
    struct imp_buf was = out;
    out = (struct imp_buf){0};
    cut(imp_buf_span(&was), IMP_CHECK_CODED);
    cr_assert(imp_cutlist_all_kept(&cuts));
    coefficients_clear(&a);
    coefficients_clear(&b);
    imp_buf_clear(&in);
    imp_buf_clear(&was);
    return true;
}

static const struct jpeg_kind kinds[] = {
    {.components = 3, .h = 2, .v = 2, .quality = 75},
    {.components = 3, .h = 1, .v = 1, .quality = 92},
    {.components = 3, .h = 2, .v = 1, .quality = 85},
    {.components = 3, .h = 1, .v = 2, .quality = 85},
    {.components = 3, .h = 4, .v = 1, .quality = 85},
    {.components = 3, .h = 2, .v = 2, .quality = 100},
    {.components = 1, .quality = 80},
    {.components = 1, .h = 2, .v = 2, .quality = 80},
    {.components = 4, .quality = 85},
    {.components = 4, .h = 2, .v = 2, .quality = 85},
    {.components = 4, .quality = 85, .space = PICS_YCCK},
    {.components = 3, .quality = 85, .space = PICS_RGB},
    {.components = 3, .h = 2, .v = 2, .quality = 75, .restart = 1},
    {.components = 3, .h = 2, .v = 2, .quality = 75, .restart = 7},
    {.components = 3, .quality = 75, .restart = 50},
    {.components = 1, .quality = 75, .restart = 3},
    {.components = 3, .h = 2, .v = 2, .quality = 75, .apart = true},
    {.components = 3,
     .h = 2,
     .v = 1,
     .quality = 75,
     .apart = true,
     .restart = 5},
    {.components = 4, .quality = 75, .apart = true},
};
#define KINDS (sizeof kinds / sizeof *kinds)

Test(splice, nothing_but_inked_blocks_changes, .fini = clean_up)
{
    static const struct imp_spot spots[] = {
        {0, 0}, {1, 3}, {7, 8}, {100, 0}, {60, 50}, {117, 91}, {0, 91}};
    struct imp_ink ink = ring(40, 30);
    for (size_t k = 0; k < KINDS; k++)
        for (size_t i = 0; i < sizeof spots / sizeof *spots; i++) {
            struct jpeg_kind kind = kinds[k];
            for (int noisy = 0; noisy < 2; noisy++) {
                kind.noisy = noisy;
                cr_expect(judge(&kind, 157, 121, &ink, spots[i]),
                          "kind %zu, spot %zu", k, i);
            }
        }
    imp_ink_clear(&ink);
}

// Every shift by bits, and runs that end one MCU after the ink.
Test(splice, ink_of_any_width_at_any_column, .fini = clean_up)
{
    struct jpeg_kind kind = {
        .components = 3, .h = 2, .v = 2, .quality = 80, .noisy = true};
    for (uint32_t width = 1; width <= 64; width += 9) {
        struct imp_ink ink = ring(width, 5);
        memset(ink.text.cover, 255, (size_t)width * 5);
        for (uint32_t x = 0; x + width <= 64; x += 7)
            for (int restart = 0; restart < 10; restart += 3) {
                kind.restart = restart;
                cr_expect(judge(&kind, 64, 40, &ink, (struct imp_spot){x, 20}));
            }
        imp_ink_clear(&ink);
    }
}

Test(splice, several_spots_with_rows_between_them, .fini = clean_up)
{
    static const struct imp_spot spots[] = {
        {3, 1}, {90, 2}, {40, 60}, {120, 60}, {0, 110}};
    static const struct imp_paint paint = {{0, 0, 0}, 1};
    struct imp_ink ink = ring(20, 11);
    struct imp_inked where = {&ink, spots, 5};
    for (size_t k = 0; k < KINDS; k++) {
        struct imp_buf in = {0}, out = {0};
        struct jpeg_kind kind = kinds[k];
        kind.noisy = true;
        jpeg_make(&kind, 157, 121, &in);
        cr_assert_eq(splice(imp_buf_span(&in), where, &paint, &out),
                     IMP_SPLICED);
        struct coefficients a = coefficients_of(imp_buf_span(&in));
        struct coefficients b = coefficients_of(imp_buf_span(&out));
        cr_assert_eq(b.warnings, 0);
        judge_blocks(&a, &b, where);
        coefficients_clear(&a);
        coefficients_clear(&b);
        imp_buf_clear(&in);
        imp_buf_clear(&out);
    }
    imp_ink_clear(&ink);
}

// What libjpeg decodes is what imp_blend would have drawn on the pixels.
static void judge_colour(const struct jpeg_kind *kind, enum imp_space space,
                         const struct imp_paint *paint)
{
    struct imp_buf in = {0}, out = {0};
    struct imp_ink ink = ring(48, 40);
    struct imp_spot at = {16, 16};
    struct imp_inked where = {&ink, &at, 1};
    jpeg_make(kind, 96, 80, &in);
    cr_assert_eq(splice(imp_buf_span(&in), where, paint, &out), IMP_SPLICED);
    struct jpeg_facts facts;
    struct pic was = jpeg_read(imp_buf_span(&in), &facts);
    struct pic is = jpeg_read(imp_buf_span(&out), &facts);
    unsigned n = (unsigned)kind->components;
    uint8_t px[96 * 80 * 4];
    bool inverted = n == 4; // libjpeg writes Adobe's segment for CMYK
    for (size_t i = 0; i < 96 * 80; i++)
        for (unsigned c = 0; c < n; c++)
            px[i * n + c] = (uint8_t)(inverted ? 255 - was.px[i * 4 + c]
                                               : was.px[i * 4 + c]);
    struct imp_raster raster = {
        .data = px, .width = 96, .height = 80, .space = space};
    imp_blend(&raster, at.x, at.y, &ink, paint);
    for (size_t i = 0; i < 96 * 80; i++)
        for (unsigned c = 0; c < n; c++) {
            int want = inverted ? 255 - px[i * n + c] : px[i * n + c];
            int have = is.px[i * 4 + c];
            cr_assert(abs(want - have) <= 6,
                      "pixel %zu, component %u: %d, want %d", i, c, have, want);
        }
    pic_clear(&was);
    pic_clear(&is);
    imp_ink_clear(&ink);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(splice, draws_the_colours_that_are_asked_for, .fini = clean_up)
{
    static const struct imp_paint paints[] = {
        {{255, 255, 255}, 0.7}, {{0, 0, 0}, 1}, {{200, 30, 60}, 0.9}};
    for (size_t i = 0; i < 3; i++) {
        struct jpeg_kind kind = {.components = 1, .quality = 100};
        judge_colour(&kind, IMP_SPACE_GREY, &paints[i]);
        kind.components = 3;
        judge_colour(&kind, IMP_SPACE_RGB, &paints[i]);
        kind.space = PICS_RGB;
        judge_colour(&kind, IMP_SPACE_RGB, &paints[i]);
        kind = (struct jpeg_kind){.components = 4, .quality = 100};
        judge_colour(&kind, IMP_SPACE_CMYK, &paints[i]);
        kind.space = PICS_YCCK;
        judge_colour(&kind, IMP_SPACE_CMYK, &paints[i]);
    }
}

// A picture of one colour needs no code but that of its own coefficients.
Test(splice, tells_that_a_code_is_missing, .fini = clean_up)
{
    static const struct imp_paint paint = {{255, 255, 255}, 1};
    struct jpeg_kind kind = {.components = 3, .quality = 90, .own_codes = true};
    struct imp_buf in = {0}, out = {0};
    struct imp_ink ink = ring(20, 20);
    struct imp_spot at = {9, 9};
    jpeg_make(&kind, 64, 64, &in);
    cr_expect_eq(splice(imp_buf_span(&in), (struct imp_inked){&ink, &at, 1},
                        &paint, &out),
                 IMP_SPLICE_NO_CODE);
    imp_ink_clear(&ink);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// The bytes of all other restart intervals are kept, not copied anew.
Test(splice, other_restart_intervals_are_kept, .fini = clean_up)
{
    static const struct imp_paint paint = {{255, 255, 255}, 1};
    struct jpeg_kind kind = {
        .components = 1, .quality = 90, .restart = 8, .noisy = true};
    struct imp_buf in = {0}, out = {0};
    struct imp_ink ink = ring(16, 16);
    struct imp_spot at = {8, 24}; // rows 3 and 4 of 8
    jpeg_make(&kind, 64, 64, &in);
    cr_assert_eq(splice(imp_buf_span(&in), (struct imp_inked){&ink, &at, 1},
                        &paint, &out),
                 IMP_SPLICED);
    cr_expect_eq(splicer.n, 2);
    for (size_t i = 0; i < splicer.n; i++)
        cr_expect_lt(splicer.patch[i].length, in.n / 8);
    imp_ink_clear(&ink);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// Which is what the walk does, and libjpeg warns of.
Test(splice, bytes_behind_the_last_block_of_an_inked_interval_go,
     .fini = clean_up)
{
    static const struct imp_paint paint = {{255, 255, 255}, 1};
    struct jpeg_kind kind = {
        .components = 1, .quality = 90, .restart = 8, .noisy = true};
    struct imp_buf plain = {0}, in = {0}, out = {0}, want = {0};
    struct imp_ink ink = ring(16, 16);
    struct imp_spot at = {8, 24}; // rows 3 and 4 of 8
    struct imp_inked where = {&ink, &at, 1};
    jpeg_make(&kind, 64, 64, &plain);
    uint8_t *marker = memmem(plain.p, plain.n, "\xFF\xD3", 2);
    size_t behind = (size_t)(marker - plain.p);
    cr_assert(marker);
    cr_assert(imp_buf_add(&in, plain.p, behind, NULL));
    cr_assert(imp_buf_add(&in, "Jane Doe, 1970-01-01", 20, NULL));
    cr_assert(imp_buf_add(&in, marker, plain.n - behind, NULL));
    cr_assert_eq(
        splice_as(imp_buf_span(&plain), IMP_CHECK_CODED, where, &paint, &want),
        IMP_SPLICED);
    cr_assert_eq(
        splice_as(imp_buf_span(&in), IMP_CHECK_STRUCTURE, where, &paint, &out),
        IMP_SPLICED);
    cr_expect_eq(out.n, want.n);
    cr_expect(out.n == want.n && memcmp(out.p, want.p, want.n) == 0);
    imp_ink_clear(&ink);
    imp_buf_clear(&plain);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
    imp_buf_clear(&want);
}

// T.81 B.2.5: a frame of 0 lines, which are told behind the scan.
Test(splice, a_height_that_is_told_behind_the_scan_is_no_hindrance,
     .fini = clean_up)
{
    static const struct imp_paint paint = {{255, 255, 255}, 1};
    static const uint8_t dnl[] = {0xFF, 0xDC, 0, 4, 0, 120};
    struct jpeg_kind kind = {.components = 3, .quality = 80, .noisy = true};
    struct imp_buf in = {0}, plain = {0}, out = {0}, want = {0};
    struct imp_ink ink = ring(40, 30);
    struct imp_spot at = {60, 85};
    struct imp_inked where = {&ink, &at, 1};
    jpeg_make(&kind, 160, 120, &plain);
    cr_assert_eq(splice(imp_buf_span(&plain), where, &paint, &want),
                 IMP_SPLICED);
    uint8_t *sof = memmem(plain.p, plain.n, "\xFF\xC0\0\x11\x08", 5);
    cr_assert(sof);
    cr_assert(imp_buf_add(&in, plain.p, plain.n - 2, NULL));
    memset(in.p + (sof - plain.p) + 5, 0, 2);
    cr_assert(imp_buf_add(&in, dnl, sizeof dnl, NULL));
    cr_assert(imp_buf_add(&in, "\xFF\xD9", 2, NULL));
    cr_assert_eq(splice(imp_buf_span(&in), where, &paint, &out), IMP_SPLICED);
    // But for these lines it is the same file.
    size_t lines = (size_t)(sof - plain.p) + 5;
    memcpy(out.p + lines, want.p + lines, 2);
    cr_expect(memcmp(out.p, want.p, want.n - 2) == 0);
    imp_ink_clear(&ink);
    imp_buf_clear(&in);
    imp_buf_clear(&plain);
    imp_buf_clear(&out);
    imp_buf_clear(&want);
}
