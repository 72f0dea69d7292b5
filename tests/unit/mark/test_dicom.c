// Whole objects through the marker, and how what was made of them differs.
#include "mark/compare.h"
#include "mark/dicom.h"
#include "objects.h"
#include "pics.h"

TestSuite(dicom_mark, .fini = clear_objects, .timeout = 60);

static struct imp_dicom_marked marked;

static void flat(struct shape s, uint16_t v)
{
    uint32_t samples = strncmp(s.colour, "RGB", 3) == 0 ? 3 : 1;
    uint32_t n = samples * s.rows * s.columns * (s.frames ? 2 : 1);
    describe(s);
    head(0x7FE00010, "OW", n * s.allocated / 8);
    for (uint32_t i = 0; i < n; i++)
        s.allocated == 16 ? u16(v) : raw(&v, 1);
}

static bool mark_by(enum imp_dicom_mark how, const struct imp_cutlist *cuts)
{
    struct imp_mark_spec spec = spec_of("HE");
    spec.dicom = how;
    spec.opacity = 1;
    o.err = (struct imp_err){0};
    struct imp_marker *m = imp_marker_new(&spec, &o.err);
    struct imp_pen *pen = imp_pen_new(&o.err);
    cr_assert(m && pen, "%s", o.err.msg);
    bool ok = imp_marker_dicom(m, pen, made_span(), cuts, VALUES, &o.drawn,
                               &marked, &o.err);
    imp_pen_free(pen);
    imp_marker_free(m);
    if (ok)
        cr_assert(imp_cutlist_apply(&o.drawn, made_span(), &o.out, &o.err));
    return ok;
}

static bool mark(enum imp_dicom_mark how)
{
    keep_all_of(&o.cuts);
    return mark_by(how, &o.cuts);
}

static struct imp_difference compared(void)
{
    struct imp_difference d;
    cr_assert(imp_compare("dicom", made_span(), imp_buf_span(&o.out),
                          &marked.report.area, &d, &o.err),
              "%s", o.err.msg);
    return d;
}

static const struct shape grey = {"MONOCHROME2 ", 64, 96, 16, 12};
static const struct shape two = {"RGB ", 64, 96, 8, 8, .frames = "2 "};

Test(dicom_mark, the_spec_says_how)
{
    file_of(EXPLICIT "\0");
    flat(grey, 5);
    cr_assert(mark(IMP_DICOM_OVERLAY), "%s", o.err.msg);
    cr_expect_str_eq(marked.report.route, "overlay");
    cr_expect_eq(marked.length, o.out.n - made.n);
    const uint8_t *at = o.out.p + marked.at;
    cr_expect_eq(memcmp(at, "\x00\x60\x10\x00US", 6), 0);
    cr_expect_eq(memcmp(at + marked.length, "\xE0\x7F\x10\x00OW", 6), 0);

    cr_assert(mark(IMP_DICOM_PIXELS), "%s", o.err.msg);
    cr_expect_str_eq(marked.report.route, "pixels");
    cr_expect_eq(marked.length, 0);
    cr_expect_eq(o.out.n, made.n);
}

Test(dicom_mark, it_lies_in_the_area_that_is_told)
{
    file_of(EXPLICIT "\0");
    flat(grey, 5);
    for (int how = 0; how < 2; how++) {
        cr_assert(mark((enum imp_dicom_mark)how), "%s", o.err.msg);
        struct imp_difference d = compared();
        const struct imp_area *a = &marked.report.area;
        cr_expect_str_eq(d.unit, "pixels");
        cr_expect_eq(d.units, 64 * 96);
        cr_expect_gt(d.changed, 20);
        cr_expect_leq(d.changed, a->width * a->height);
        cr_expect_eq(d.outside, 0);
        cr_expect_not(d.another);
        // South-east, a margin of 1 away.
        cr_expect_eq(a->x + a->width, 95);
        cr_expect_eq(a->y + a->height, 63);
    }
}

Test(dicom_mark, every_frame_is_marked)
{
    file_of(EXPLICIT "\0");
    flat(two, 100);
    for (int how = 0; how < 2; how++) {
        cr_assert(mark((enum imp_dicom_mark)how), "%s", o.err.msg);
        struct imp_difference both = compared();
        cr_expect_eq(both.units, 2 * 64 * 96);
        cr_expect_eq(both.changed % 2, 0);
        cr_expect_eq(both.outside, 0);
        cr_expect_gt(both.changed, 40);
    }
}

// Of the mark's middle row everything is zeroed; other rows would do.
Test(dicom_mark, pixels_that_have_changed_under_it_are_refused)
{
    file_of(EXPLICIT "\0");
    flat(grey, 5);
    cr_assert(mark(IMP_DICOM_PIXELS), "%s", o.err.msg);
    const struct imp_area *a = &marked.report.area;
    uint64_t row = made.n - 2 * 96 * (64 - (a->y + a->height / 2));
    struct imp_cutlist cl = {0};
    imp_cutlist_start(&cl, made.n);
    imp_cut_keep(&cl, 0, row, IMP_PART_CODED, "all");
    imp_cut_zero(&cl, row, 2 * 96, IMP_PART_CODED, "redacted");
    imp_cut_keep(&cl, row + 2 * 96, made.n - row - 2 * 96, IMP_PART_CODED,
                 "all");
    cr_assert(imp_cutlist_finish(&cl, &o.err));
    cr_expect_not(mark_by(IMP_DICOM_PIXELS, &cl));
    cr_expect_eq(o.err.code, IMP_ERR_UNSUPPORTED, "%s", o.err.msg);
    cr_expect(strstr(o.err.msg, "changed under the mark"), "%s", o.err.msg);
    cr_expect(mark_by(IMP_DICOM_OVERLAY, &cl), "%s", o.err.msg);
    imp_cutlist_clear(&cl);
}

static void expect_refused(enum imp_code code, const char *want)
{
    for (int how = 0; how < 2; how++) {
        cr_expect_not(mark((enum imp_dicom_mark)how), "%s", want);
        cr_expect_eq(o.err.code, code, "%s", o.err.msg);
        cr_expect(strstr(o.err.msg, want), "%s, want %s", o.err.msg, want);
    }
}

Test(dicom_mark, what_is_no_picture_is_not_supported)
{
    file_of(EXPLICIT "\0");
    describe(grey);
    expect_refused(IMP_ERR_UNSUPPORTED, "without a picture");

    file_of(EXPLICIT "\0");
    head(0x7FE00010, "OW", 2);
    u16(1);
    expect_refused(IMP_ERR_UNSUPPORTED, "without a picture");

    file_of(SYNTAX(".1.99"));
    raw("\x03\0", 2); // an empty deflate stream
    expect_refused(IMP_ERR_UNSUPPORTED, "deflated");

    file_of(SYNTAX(".4.100"));
    describe(grey);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0), item(2), u16(0), sequence_end();
    expect_refused(IMP_ERR_UNSUPPORTED, "of video");
}

Test(dicom_mark, a_small_or_large_picture_is_refused)
{
    file_of(EXPLICIT "\0");
    flat((struct shape){"MONOCHROME2 ", 8, 8, 16, 12}, 5);
    expect_refused(IMP_ERR_LIMIT, "too small");
}

// --- How objects differ ---

static void change(size_t from_end)
{
    o.out.p[o.out.n - from_end] ^= 1;
}

Test(dicom_mark, a_pixel_outside_is_found)
{
    file_of(EXPLICIT "\0");
    flat(two, 100);
    for (int how = 0; how < 2; how++) {
        cr_assert(mark((enum imp_dicom_mark)how), "%s", o.err.msg);
        struct imp_difference before = compared(), after;
        change(3 * 64 * 96); // the first pixel of the second frame
        change(3 * 64 * 96 - 1);
        change(3 * 64 * 96 - 3); // the second one
        after = compared();
        cr_expect_eq(after.changed, before.changed + 2);
        cr_expect_eq(after.outside, 2);
    }
}

Test(dicom_mark, a_bit_of_an_overlay_outside_is_found)
{
    file_of(EXPLICIT "\0");
    flat(grey, 5);
    cr_assert(mark(IMP_DICOM_OVERLAY), "%s", o.err.msg);
    o.out.p[marked.at + marked.length - 64 * 96 / 8] |= 1;
    cr_expect_eq(compared().outside, 1);
    // Or all of it, if it does not lie where the picture does: (6000,0050).
    cr_assert(mark(IMP_DICOM_OVERLAY), "%s", o.err.msg);
    uint8_t *origin = memmem(o.out.p, o.out.n, "\x00\x60\x50\x00SS\4\0", 8);
    cr_assert(origin);
    origin[8] = 2;
    cr_expect_eq(compared().outside, compared().changed);
}

Test(dicom_mark, an_overlay_that_stays_is_no_mark)
{
    file_of(EXPLICIT "\0");
    flat(grey, 5);
    cr_assert(mark(IMP_DICOM_OVERLAY), "%s", o.err.msg);
    made.n = 0;
    raw(o.out.p, o.out.n);
    cr_expect_eq(compared().changed, 0);
    cr_assert(mark(IMP_DICOM_OVERLAY), "%s", o.err.msg);
    cr_expect_eq(memcmp(o.out.p + marked.at, "\x02\x60", 2), 0);
    cr_expect_gt(compared().changed, 0);
    cr_expect_eq(compared().outside, 0);
}

Test(dicom_mark, another_picture_is_told)
{
    file_of(EXPLICIT "\0");
    flat(grey, 5);
    cr_assert(mark(IMP_DICOM_OVERLAY), "%s", o.err.msg);
    uint8_t *stored = memmem(o.out.p, o.out.n, "\x28\0\x01\x01US\2\0\x0C", 9);
    cr_assert(stored);
    stored[8] = 11;
    cr_expect(compared().another);
}

static void put_rle(void)
{
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    size_t rle = begin(IMP_DCM_ITEM, "");
    u32(1), u32(64);
    for (int i = 0; i < 14; i++)
        u32(0);
    for (int i = 0; i < 48; i++)
        raw("\x81\x07", 2); // 128 times 7
    fit(rle);
    sequence_end();
}

Test(dicom_mark, rle_is_compared_pixel_by_pixel)
{
    file_of(SYNTAX(".5"));
    describe((struct shape){"MONOCHROME2 ", 64, 96, 8, 8});
    put_rle();
    cr_assert(mark(IMP_DICOM_OVERLAY), "%s", o.err.msg);
    struct imp_difference before = compared(), after;
    cr_expect_gt(before.changed, 20);
    cr_expect_eq(before.outside, 0);
    change(8 + 1); // the last 7, of 128 pixels
    after = compared();
    cr_expect_not(after.another);
    cr_expect_eq(after.units, 64 * 96);
    cr_expect_eq(after.changed, before.changed + 128);
    cr_expect_gt(after.outside, 0);
}

// Coded data that nobody decodes here is the same, or it is another picture.
Test(dicom_mark, coded_data_is_compared_by_its_bytes)
{
    static const char jpeg_ls[] = "\xFF\xD8"
                                  "\xFF\xF7\0\x0B\x08\0\x40\0\x60\1\1\x11\0"
                                  "\xFF\xDA\0\x08\1\1\0\0\0\0"
                                  "abcd"
                                  "\xFF\xD9";
    file_of(SYNTAX(".4.80"));
    describe((struct shape){"MONOCHROME2 ", 64, 96, 8, 8});
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item(sizeof jpeg_ls - 1);
    raw(jpeg_ls, sizeof jpeg_ls - 1);
    sequence_end();
    cr_assert(mark(IMP_DICOM_OVERLAY), "%s", o.err.msg);
    struct imp_difference d = compared();
    cr_expect_not(d.another);
    cr_expect_gt(d.changed, 20);
    cr_expect_eq(d.outside, 0);
    change(8 + 2 + 1); // the last of what is coded
    cr_expect(compared().another);
}

Test(dicom_mark, a_group_length_that_goes_is_no_other_picture)
{
    struct imp_cutlist cl = {0};
    file_of(SYNTAX(".5"));
    describe((struct shape){"MONOCHROME2 ", 64, 96, 8, 8});
    size_t at = made.n;
    head(0x7FE00000, "UL", 4), u32(200);
    size_t behind = made.n;
    put_rle();
    imp_cutlist_start(&cl, made.n);
    imp_cut_keep(&cl, 0, at, IMP_PART_CODED, "all");
    imp_cut_drop(&cl, at, behind - at, IMP_PART_STRUCTURE, "(7FE0,0000)");
    imp_cut_keep(&cl, behind, made.n - behind, IMP_PART_CODED, "all");
    cr_assert(imp_cutlist_finish(&cl, &o.err));
    cr_assert(mark_by(IMP_DICOM_OVERLAY, &cl), "%s", o.err.msg);
    cr_expect_not(compared().another);
    cr_expect_eq(compared().outside, 0);
    imp_cutlist_clear(&cl);
}
