// Objects that were redacted against what they were: what lies outside of the
// rectangles counts.
#include "mark/dicom_compare.h"
#include "mark/redact.h"
#include "objects.h"
#include "pics.h"

TestSuite(dicom_compare, .fini = clear_objects, .timeout = 60);

static struct imp_dicom_patches redaction;
static struct imp_difference d;

// Make of what was made, a whole file, one with this rectangle black.
static void redact(struct imp_rect r)
{
    keep_all_of(&o.cuts);
    cr_assert(imp_redact_cuts(&redaction, made_span(), &o.cuts, &r, 1, &o.drawn,
                              &o.err),
              "%s", o.err.msg);
    cr_assert(imp_cutlist_apply(&o.drawn, made_span(), &o.out, &o.err));
    imp_dicom_patches_clear(&redaction);
}

static void compare(const struct imp_rect *rect, size_t n)
{
    const struct imp_meant meant = {.rect = rect, .n = n};
    cr_assert(imp_dicom_compare(made_span(), imp_buf_span(&o.out), &meant, &d,
                                &o.err),
              "%s", o.err.msg);
    cr_expect_not(d.another);
}

static void expect(struct imp_rect r, uint64_t changed, uint64_t outside)
{
    compare(&r, 1);
    cr_expect_eq(d.changed, changed, "%ju changed", (uintmax_t)d.changed);
    cr_expect_eq(d.outside, outside, "%ju outside", (uintmax_t)d.outside);
}

// Two frames of 8 x 6, none of whose samples is 0.
static void native(const char *colour, uint16_t allocated, uint32_t n)
{
    file_of(EXPLICIT "\0");
    describe(
        (struct shape){colour, 6, 8, allocated, allocated, .frames = "2 "});
    head(0x7FE00010, "OW", n);
    for (uint32_t i = 0; i < n; i++)
        raw(&(uint8_t){(uint8_t)(i % 100 + 1)}, 1);
}

Test(dicom_compare, what_differs_in_a_rectangle_is_not_outside)
{
    static const struct {
        const char *colour;
        uint16_t allocated;
        uint32_t bytes;
    } kinds[] = {
        {"MONOCHROME2 ", 8, 96}, {"MONOCHROME2 ", 16, 192}, {"RGB ", 8, 288}};
    for (size_t k = 0; k < 3; k++) {
        native(kinds[k].colour, kinds[k].allocated, kinds[k].bytes);
        redact((struct imp_rect){2, 1, 3, 4});
        expect((struct imp_rect){2, 1, 3, 4}, 2 * 12, 0);
        expect((struct imp_rect){2, 1, 3, 3}, 2 * 12, 2 * 3);
        expect((struct imp_rect){3, 1, 2, 4}, 2 * 12, 2 * 4);
        compare(NULL, 0);
        cr_expect_eq(d.outside, 2 * 12);
        compare((const struct imp_rect[]){{0, 0, 3, 6}, {3, 0, 5, 6}}, 2);
        cr_expect_eq(d.outside, 0);
    }
}

// PS3.3 C.7.6.3.1.2.
Test(dicom_compare, pixels_that_share_colours_are_counted_as_one)
{
    native("YBR_FULL_422", 8, 192);
    redact((struct imp_rect){3, 1, 2, 2});
    expect((struct imp_rect){3, 1, 2, 2}, 2 * 4, 0);
    expect((struct imp_rect){3, 1, 1, 2}, 2 * 4, 2 * 2);
    o.out.p[o.out.n - 1] ^= 1;
    expect((struct imp_rect){3, 1, 2, 2}, 2 * 4 + 1, 1);
}

Test(dicom_compare, rle_is_decoded)
{
    file_of(SYNTAX(".5"));
    describe((struct shape){"MONOCHROME2 ", 6, 8, 16, 16});
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    size_t frame = begin(IMP_DCM_ITEM, "");
    u32(2), u32(64), u32(66);
    for (int i = 0; i < 13; i++)
        u32(0);
    raw("\xD1\x05\xD1\x07", 4); // 48 times 5, 48 times 7
    fit(frame);
    sequence_end();
    for (size_t byte = 1; byte < 4; byte += 2) { // of each segment
        o.out.n = 0;
        cr_assert(imp_buf_add(&o.out, made.p, made.n, NULL));
        o.out.p[made.n - 8 - byte] ^= 8;
        expect((struct imp_rect){2, 1, 3, 4}, 48, 48 - 12);
    }
    redact((struct imp_rect){2, 1, 3, 4});
    cr_expect_gt(o.out.n, made.n);
    expect((struct imp_rect){2, 1, 3, 4}, 12, 0);
    expect((struct imp_rect){2, 1, 3, 3}, 12, 3);
    cr_expect_str_eq(d.unit, "pixels");
    cr_expect_eq(d.units, 48);
}

Test(dicom_compare, of_jpeg_rectangles_take_units_whole)
{
    struct imp_buf file = {0};
    const struct jpeg_kind kind = {
        .components = 3, .h = 2, .v = 2, .quality = 85, .noisy = true};
    jpeg_make(&kind, 40, 24, &file);
    file_of(BASELINE "\0");
    describe((struct shape){"YBR_FULL_422", 24, 40, 8, 8});
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    size_t frame = begin(IMP_DCM_ITEM, "");
    raw(file.p, file.n);
    raw("\0", file.n % 2);
    fit(frame);
    sequence_end();
    imp_buf_clear(&file);
    // One unit of four blocks of light and one of each colour.
    redact((struct imp_rect){18, 9, 1, 1});
    expect((struct imp_rect){18, 9, 1, 1}, 6, 0);
    expect((struct imp_rect){31, 0, 1, 1}, 6, 0);
    expect((struct imp_rect){32, 0, 1, 24}, 6, 6);
    cr_expect_str_eq(d.unit, "blocks");
}

Test(dicom_compare, overlays_are_no_part_of_a_rectangle)
{
    native("MONOCHROME2 ", 8, 96);
    keep_all_of(&o.cuts);
    cr_assert(imp_cutlist_apply(&o.cuts, made_span(), &o.out, &o.err));
    size_t n = made.n;
    // The same with an overlay of a bit in the upper left corner.
    uint8_t before[sizeof made.p];
    memcpy(before, made.p, n);
    made.n = n - 96 - 12;
    head(0x60000010, "US", 2), u16(6);
    head(0x60000011, "US", 2), u16(8);
    head(0x60000050, "SS", 4), u16(1), u16(1);
    head(0x60003000, "OW", 6), raw("\1\0\0\0\0\0", 6);
    raw(before + n - 96 - 12, 96 + 12);
    o.out.n = 0;
    cr_assert(imp_buf_add(&o.out, made.p, made.n, NULL));
    memcpy(made.p, before, n);
    made.n = n;
    expect((struct imp_rect){0, 0, 8, 6}, 1, 1);
}
