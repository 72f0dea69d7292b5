// The judge of what a mark has changed, by files that libjpeg and the tests'
// own PNG writer make.
#include "mark/compare.h"

#include "pics.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static struct imp_buf source, made;
static struct imp_err err;
static struct imp_difference d;

static void tear_down(void)
{
    imp_buf_clear(&source);
    imp_buf_clear(&made);
}

TestSuite(compare, .fini = tear_down, .timeout = 60);

static const struct imp_area NOWHERE;

static bool compare(const char *format, const struct imp_area *area)
{
    err = (struct imp_err){0};
    return imp_compare(format, imp_buf_span(&source), imp_buf_span(&made), area,
                       &d, &err);
}

static void expect(const char *format, const struct imp_area *area,
                   uint64_t changed, uint64_t outside)
{
    cr_assert(compare(format, area), "%s", err.msg);
    cr_expect_not(d.another);
    cr_expect_eq(d.changed, changed, "%ju changed", (uintmax_t)d.changed);
    cr_expect_eq(d.outside, outside, "%ju outside", (uintmax_t)d.outside);
}

static void expect_another(const char *format)
{
    cr_assert(compare(format, &NOWHERE), "%s", err.msg);
    cr_expect(d.another);
    cr_expect_eq(d.changed + d.outside, 0);
}

static void expect_failure(const char *format, const struct imp_area *area,
                           enum imp_code code)
{
    cr_expect_not(compare(format, area));
    cr_expect_eq(err.code, code, "%s", err.msg);
}

// --- JPEG ---

// `made` becomes `source` with one coefficient changed in block x, y of a
// component.
static void change_block(int component, JDIMENSION x, JDIMENSION y)
{
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    struct jpeg_error_mgr mgr; // exits the test's process on an error
    unsigned char *bytes = NULL;
    unsigned long n = 0;
    in.err = out.err = jpeg_std_error(&mgr);
    jpeg_create_decompress(&in);
    jpeg_create_compress(&out);
    jpeg_mem_src(&in, source.p, source.n);
    jpeg_mem_dest(&out, &bytes, &n);
    jpeg_read_header(&in, TRUE);
    jvirt_barray_ptr *arrays = jpeg_read_coefficients(&in);
    JBLOCKARRAY rows = in.mem->access_virt_barray(
        (j_common_ptr)&in, arrays[component], y, 1, TRUE);
    rows[0][x][63] ^= 1;
    jpeg_copy_critical_parameters(&in, &out);
    jpeg_write_coefficients(&out, arrays);
    jpeg_finish_compress(&out);
    jpeg_destroy_compress(&out);
    jpeg_finish_decompress(&in);
    jpeg_destroy_decompress(&in);
    made.n = 0;
    cr_assert(imp_buf_add(&made, bytes, n, NULL));
    free(bytes);
}

static const struct jpeg_kind PLAIN = {
    .components = 3, .h = 2, .v = 2, .quality = 80};

static void same_twice(const struct jpeg_kind *kind, uint32_t w, uint32_t h)
{
    jpeg_make(kind, w, h, &source);
    jpeg_make(kind, w, h, &made);
}

Test(compare, jpeg_of_the_same_coefficients_differs_in_nothing)
{
    struct jpeg_kind kind = PLAIN;
    same_twice(&kind, 50, 40);
    expect("jpeg", &NOWHERE, 0, 0);
    cr_expect_str_eq(d.unit, "blocks");
    cr_expect_eq(d.units, 7 * 5 + 2 * 4 * 3);
    // However they are coded, and whatever else the file holds.
    kind.progressive = kind.icc = true;
    kind.orientation = 6;
    jpeg_make(&kind, 50, 40, &made);
    expect("jpeg", &NOWHERE, 0, 0);
}

// Blocks of luma stand for 8 x 8 pixels, of chroma for 16 x 16.
Test(compare, jpeg_block_counts_as_inside_if_it_shares_a_pixel_with_the_area)
{
    static const struct {
        int component;
        JDIMENSION x, y;
        struct imp_area area;
        uint64_t outside;
    } rows[] = {
        {0, 2, 1, {16, 8, 8, 8, 1, 1, 0, 0}, 0},
        {0, 2, 1, {15, 7, 2, 2, 1, 1, 0, 0}, 0},
        {0, 2, 1, {23, 15, 1, 1, 1, 1, 0, 0}, 0},
        {0, 2, 1, {24, 15, 9, 1, 1, 1, 0, 0}, 1},
        {0, 2, 1, {23, 16, 1, 9, 1, 1, 0, 0}, 1},
        {0, 2, 1, {0, 0, 16, 40, 1, 1, 0, 0}, 1},
        {0, 2, 1, {0, 0, 50, 8, 1, 1, 0, 0}, 1},
        {1, 1, 1, {31, 31, 1, 1, 1, 1, 0, 0}, 0},
        {2, 1, 1, {16, 16, 1, 1, 1, 1, 0, 0}, 0},
        {1, 1, 1, {32, 16, 9, 16, 1, 1, 0, 0}, 1},
        {1, 1, 1, {7, 16, 9, 16, 1, 1, 0, 0}, 1},
        {2, 1, 1, {16, 15, 9, 1, 1, 1, 0, 0}, 1},
        {0, 2, 1, {0, 0, 1, 1, 3, 2, 20, 12}, 0}, // 20, 12
        {0, 2, 1, {0, 0, 8, 4, 2, 2, 24, 20}, 1}, // in a gap between four
        {0, 6, 4, {49, 39, 1, 1, 1, 1, 0, 0}, 0}, // over the edge
    };
    jpeg_make(&PLAIN, 50, 40, &source);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        change_block(rows[i].component, rows[i].x, rows[i].y);
        cr_assert(compare("jpeg", &rows[i].area), "%s", err.msg);
        cr_expect_eq(d.changed, 1, "row %zu", i);
        cr_expect_eq(d.outside, rows[i].outside, "row %zu", i);
    }
    expect("jpeg", &NOWHERE, 1, 1);
}

Test(compare, jpeg_of_another_size_sampling_quantisation_or_colour_is_another)
{
    jpeg_make(&PLAIN, 50, 40, &source);
    struct jpeg_kind other = PLAIN;
    jpeg_make(&other, 49, 40, &made); // of as many blocks
    expect_another("jpeg");
    jpeg_make(&other, 50, 39, &made);
    expect_another("jpeg");
    other.v = 1;
    jpeg_make(&other, 50, 40, &made);
    expect_another("jpeg");
    other = PLAIN;
    other.h = 1;
    jpeg_make(&other, 50, 40, &made);
    expect_another("jpeg");
    other = PLAIN;
    other.quality = 81;
    jpeg_make(&other, 50, 40, &made);
    expect_another("jpeg");
    other = PLAIN;
    other.space = PICS_RGB; // which an Adobe marker tells
    jpeg_make(&other, 50, 40, &made);
    expect_another("jpeg");
    other = PLAIN;
    other.components = 1;
    jpeg_make(&other, 50, 40, &made);
    expect_another("jpeg");
}

static uint8_t *find(struct imp_buf *in, const char *bytes, size_t n)
{
    uint8_t *at = memmem(in->p, in->n, bytes, n);
    cr_assert_not_null(at);
    return at;
}

Test(compare, jpeg_with_another_table_for_one_component_is_another)
{
    same_twice(&PLAIN, 50, 40);
    // Both tables; the second is that of chroma.
    for (int table = 0; table < 2; table++) {
        jpeg_make(&PLAIN, 50, 40, &made);
        uint8_t *dqt =
            find(&made, table ? "\xFF\xDB\0\x43\1" : "\xFF\xDB\0\x43\0", 5);
        dqt[5 + 63] ^= 1;
        expect_another("jpeg");
    }
}

static void remove_adobe(struct imp_buf *file)
{
    uint8_t *app14 = find(file, "\xFF\xEE\0\x0E", 4);
    size_t behind = (size_t)(file->p + file->n - (app14 + 16));
    memmove(app14, app14 + 16, behind);
    file->n -= 16;
}

// CMYK is read the other way round if Adobe wrote it; without JFIF and Adobe,
// three components are RGB if their ids say so.
Test(compare, jpeg_of_another_adobe_marker_or_ids_is_another)
{
    same_twice(&(struct jpeg_kind){.components = 4, .quality = 80}, 50, 40);
    remove_adobe(&made);
    expect_another("jpeg");
    remove_adobe(&source);
    expect("jpeg", &NOWHERE, 0, 0);

    same_twice(
        &(struct jpeg_kind){.components = 3, .quality = 80, .space = PICS_RGB},
        50, 40);
    remove_adobe(&made);
    remove_adobe(&source);
    expect("jpeg", &NOWHERE, 0, 0);
    uint8_t *sof = find(&made, "\xFF\xC0", 2),
            *sos = find(&made, "\xFF\xDA", 2);
    for (size_t i = 0; i < 3; i++)
        sof[10 + 3 * i] = sos[5 + 2 * i] = (uint8_t)(i + 1);
    expect_another("jpeg");
}

// By its header: nothing of that size is decoded.
Test(compare, jpeg_that_says_to_be_huge_is_over_the_limit)
{
    for (int which = 0; which < 2; which++) {
        same_twice(&PLAIN, 50, 40);
        uint8_t *sof = find(which ? &made : &source, "\xFF\xC0", 2);
        memset(sof + 5, 0xF0, 4);
        expect_failure("jpeg", &NOWHERE, IMP_ERR_LIMIT);
    }
}

Test(compare, jpeg_that_is_damaged_is_an_error)
{
    static const uint8_t junk[] = "no JPEG at all";
    same_twice(&PLAIN, 50, 40);
    struct imp_buf whole = made;
    for (size_t n = 2; n < whole.n; n += 37) {
        made.n = n;
        expect_failure("jpeg", &NOWHERE, IMP_ERR_DAMAGED);
    }
    made = whole;
    struct imp_span good = imp_buf_span(&made), bad = {junk, sizeof junk};
    cr_expect_not(imp_compare("jpeg", bad, good, &NOWHERE, &d, &err));
    cr_expect_not(imp_compare("jpeg", good, bad, &NOWHERE, &d, &err));
    cr_expect_not(imp_compare("jpeg", (struct imp_span){0},
                              (struct imp_span){0}, &NOWHERE, &d, &err));
}

// --- Areas, for any format ---

Test(compare, an_area_that_does_not_lie_in_the_picture_is_an_error)
{
    static const struct imp_area good[] = {
        {0, 0, 50, 40, 1, 1, 0, 0},
        {49, 39, 1, 1, 1, 1, 99, 99}, // one has no next
        {1, 1, 9, 9, 3, 2, 20, 30},
        {0},
    };
    static const struct imp_area bad[] = {
        {0, 0, 51, 40, 1, 1, 0, 0},
        {0, 0, 50, 41, 1, 1, 0, 0},
        {50, 39, 1, 1, 1, 1, 0, 0},
        {1, 2, 9, 9, 3, 2, 21, 30},
        {1, 2, 9, 9, 3, 2, 20, 31},
        {UINT32_MAX, 0, 2, 1, 1, 1, 0, 0}, // which wraps
        {0, UINT32_MAX, 1, 2, 1, 1, 0, 0},
        {1, 1, 1, 1, UINT32_MAX, 1, UINT32_MAX, 1},
        {1, 1, 1, 1, 1, UINT32_MAX, 1, UINT32_MAX},
        {1, 1, 1, 1, 65537, 1, 65536, 1},
    };
    same_twice(&PLAIN, 50, 40);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect("jpeg", &good[i], 0, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_failure("jpeg", &bad[i], IMP_ERR_DAMAGED);
    png_make(&PNG_KINDS[8], 50, 40, (struct imp_span){0}, &source);
    png_make(&PNG_KINDS[8], 50, 40, (struct imp_span){0}, &made);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect("png", &good[i], 0, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_failure("png", &bad[i], IMP_ERR_DAMAGED);
}

Test(compare, a_picture_of_too_many_pixels_is_over_the_limit)
{
    static const struct {
        uint32_t width, height, pages;
        enum imp_code code;
    } rows[] = {
        {25000, 20000, 1, IMP_OK},
        {25000, 20001, 1, IMP_ERR_LIMIT},
        {2500, 2000, 100, IMP_OK},
        {2500, 2000, 101, IMP_ERR_LIMIT},
        {UINT32_MAX, UINT32_MAX, UINT32_MAX, IMP_ERR_LIMIT},
        {1U << 31, 1U << 31, 4, IMP_ERR_LIMIT}, // 2 to the 64th
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        err = (struct imp_err){0};
        bool ok = imp_compare_fits(rows[i].width, rows[i].height, rows[i].pages,
                                   &NOWHERE, &err);
        cr_expect_eq(ok, rows[i].code == IMP_OK, "row %zu", i);
        cr_expect_eq(err.code, rows[i].code, "row %zu", i);
    }
}

// --- Pixels ---

static void make_png(uint32_t w, uint32_t h, struct imp_buf *out)
{
    struct pic p = pic_new(w, h, 255);
    for (uint32_t i = 0; i < w * h; i++)
        for (int k = 0; k < 4; k++)
            p.px[4 * i + (unsigned)k] = (uint16_t)(255 - i % 50);
    png_make_rgba(&p, (struct imp_span){0}, out);
    pic_clear(&p);
}

Test(compare, pixels_count_as_inside_if_they_lie_in_the_area)
{
    const struct imp_area area = {10, 5, 3, 2, 1, 1, 0, 0},
                          tiles = {1, 1, 2, 2, 3, 4, 7, 5};
    make_png(20, 20, &source);
    struct pic p = png_read(imp_buf_span(&source));
    cr_assert_eq(p.width, 20);
    for (uint32_t y = 0; y < 20; y++)
        for (uint32_t x = 0; x < 20; x++) {
            pic_at(&p, x, y)[(x + y) % 4] ^= 1;
            png_make_rgba(&p, (struct imp_span){0}, &made);
            bool in = x >= 10 && x < 13 && y >= 5 && y < 7;
            expect("png", &area, 1, !in);
            bool in_tile = x % 7 >= 1 && x % 7 < 3 && y % 5 >= 1 && y % 5 < 3;
            expect("png", &tiles, 1, !(in_tile && x < 17));
            pic_at(&p, x, y)[(x + y) % 4] ^= 1;
        }
    cr_expect_str_eq(d.unit, "pixels");
    cr_expect_eq(d.units, 400);
    pic_clear(&p);
}

Test(compare, pixels_of_another_size_or_kind_are_another)
{
    make_png(20, 10, &source);
    make_png(21, 10, &made);
    expect_another("png");
    make_png(20, 11, &made);
    expect_another("png");
    make_png(10, 20, &made);
    expect_another("png");
    static const struct {
        int source, made;
    } kinds[] = {{8, 19}, {19, 20}, {3, 4}, {3, 8}, {8, 3}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        png_make(&PNG_KINDS[kinds[i].source], 20, 10, (struct imp_span){0},
                 &source);
        png_make(&PNG_KINDS[kinds[i].made], 20, 10, (struct imp_span){0},
                 &made);
        expect_another("png");
    }
}

Test(compare, pixels_that_do_not_decode_are_an_error)
{
    make_png(20, 10, &source);
    make_png(20, 10, &made);
    struct imp_span idat = png_find(imp_buf_span(&made), "IDAT");
    made.n = (size_t)(idat.p - made.p) + idat.n / 2;
    expect_failure("png", &NOWHERE, IMP_ERR_DAMAGED);
    struct imp_buf swap = source;
    source = made;
    made = swap;
    expect_failure("png", &NOWHERE, IMP_ERR_DAMAGED);
    source.n = 20;
    expect_failure("png", &NOWHERE, IMP_ERR_DAMAGED);
    made.n = 20;
    expect_failure("png", &NOWHERE, IMP_ERR_UNSUPPORTED); // no picture in it
    expect_failure("bmp", &NOWHERE, IMP_ERR_UNSUPPORTED);
}

Test(compare, an_animation_that_is_not_shown_whole_is_an_error)
{
    struct imp_buf extra = {0};
    png_add_chunk(&extra, "acTL", "\0\0\0\2\0\0\0\0", 8);
    png_make(&PNG_KINDS[8], 20, 10, imp_buf_span(&extra), &source);
    png_make(&PNG_KINDS[8], 20, 10, imp_buf_span(&extra), &made);
    expect_failure("png", &NOWHERE, IMP_ERR_UNSUPPORTED);
    imp_buf_clear(&extra);
}

// Two frames of the same pixels, the second shown for so many milliseconds.
static void make_animation(uint8_t duration, uint8_t times, struct imp_buf *out)
{
    struct pic p = pic_new(8, 8, 255);
    const uint8_t anim[6] = {[4] = times};
    webp_open(8, 8, 0x12, out);
    webp_add_chunk(out, "ANIM", anim, sizeof anim);
    webp_add_anmf(&p, true, 0, 0, 0, out);
    pic_at(&p, 3, 3)[3] = 255;
    webp_add_anmf(&p, true, 0, 0, 0, out);
    webp_close(out);
    size_t at = (size_t)(webp_find(imp_buf_span(out), "ANMF", 1).p - out->p);
    out->p[at + 12] = duration;
    pic_clear(&p);
}

Test(compare, an_animation_of_another_timing_is_another)
{
    make_animation(100, 3, &source);
    make_animation(100, 3, &made);
    expect("webp", &NOWHERE, 0, 0);
    make_animation(101, 3, &made);
    expect_another("webp");
    make_animation(100, 4, &made);
    expect_another("webp");
}
