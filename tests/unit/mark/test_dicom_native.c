// Ink on native pixels; what must come out is reckoned by hand.
#include "objects.h"

TestSuite(dicom_native, .fini = clear_objects, .timeout = 60);

static void expect_drawn(const char *uid)
{
    cr_assert(draw_by(imp_dicom_native, uid), "%s", o.err.msg);
    cr_expect_str_eq(o.route, "pixels");
}

static void expect_refused(const char *uid, enum imp_code code,
                           const char *want)
{
    expect_bad(imp_dicom_native, uid, code, want);
}

Test(dicom_native, ink_lies_on_every_frame_and_nowhere_else)
{
    pour(3, 2,
         "#.o"
         ".#.");
    spot(1, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 2, 5, 8, 8, .frames = "2 "});
    PIXELS("abcdefghij"
           "ABCDEFGHIJ");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("a\xFF"
                "c\0efg\xFFij"
                "A\xFF"
                "C\0EFG\xFFIJ");
}

// Of 100 and 255, 128/255 of the way: 177.8.
Test(dicom_native, ink_that_covers_half_mixes)
{
    pour(1, 1, "+");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 2, 8, 8});
    PIXELS("dd");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\xB2"
                "d");
}

Test(dicom_native, copies_lie_beside_and_below_each_other)
{
    pour(1, 2, "##");
    spot(0, 0), spot(2, 0), spot(0, 3), spot(2, 3);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 5, 4, 8, 8});
    PIXELS("abcd"
           "efgh"
           "ijkl"
           "mnop"
           "qrst");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\xFF"
                "b\xFF"
                "d\xFF"
                "f\xFF"
                "hijkl\xFF"
                "n\xFF"
                "p\xFF"
                "r\xFF"
                "t");
}

Test(dicom_native, the_lowest_value_of_monochrome1_is_white)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME1 ", 1, 3, 8, 7});
    PIXELS("abc\0");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\0\x7F"
                "c\0");
}

// Values from 1000 - 50.5 - 49.5 .. to 1000 + 49 after (v * 2 - 1000): stored
// 975 to 1024.5.
Test(dicom_native, black_and_white_are_the_ends_of_the_window)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 3, 16, 12});
    el(0x00281050, "DS", "1000\\5");
    el(0x00281051, "DS", "100\\70");
    el(0x00281052, "DS", "-1000 ");
    el(0x00281053, "DS", "2 ");
    PIXELS("\x01\0\x02\0\x03\0");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\x00\x04\xCF\x03\x03\0"); // 1024, 975
}

Test(dicom_native, a_falling_slope_turns_black_and_white)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 3, 16, 12});
    el(0x00281050, "DS", "-99.5 ");
    el(0x00281051, "DS", "101 ");
    el(0x00281053, "DS", "-1");
    PIXELS("\x01\0\x02\0\x03\0");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\x32\0\x96\0\x03\0"); // -50: 50 is white; -150: 150 is black
}

Test(dicom_native, a_window_stays_within_what_can_be_stored)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 2, 16, 12, .is_signed = true});
    el(0x00281050, "DS", "0 ");
    el(0x00281051, "DS", "1e6 ");
    PIXELS("\x01\0\x02\0");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\xFF\x07\x00\xF8"); // 2047, -2048
}

// Each frame by itself; of the second the 0 is padding, the third has but one
// value.
Test(dicom_native, without_a_window_values_of_the_frame_tell)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 4, 16, 12, .frames = "3 "});
    us(0x00280120, 0);
    PIXELS("\x11\0\x12\0\x10\0\x20\0"
           "\x12\0\x12\0\x11\0\0\0"
           "\x05\0\x05\0\x05\0\x05\0");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\x20\0\x10\0\x10\0\x20\0"
                "\x12\0\x11\0\x11\0\0\0"
                "\xFF\x0F\0\0\x05\0\x05\0");
}

Test(dicom_native, what_is_no_window_does_not_count)
{
    static const char *const bad[][2] = {
        {"10", "0 "}, {"x ", "10"}, {"10", ""}, {"9999", "10"}, {"10", "nan "}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pour(1, 1, "#");
        spot(0, 0);
        start(true, false);
        describe((struct shape){"MONOCHROME2 ", 1, 2, 16, 12});
        el(0x00281050, "DS", bad[i][0]);
        el(0x00281051, "DS", bad[i][1]);
        PIXELS("\x01\0\x07\0");
        expect_drawn(EXPLICIT);
        EXPECT_TAIL("\x07\0\x07\0");
    }
}

// The value is in bits 2 to 5.
Test(dicom_native, bits_around_a_sample_stay)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 2, 8, 4, .high = 5});
    PIXELS("\xC3\x3E");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\xFF\x02");
}

Test(dicom_native, copies_of_the_sign_go_with_a_sample)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 3, 16, 12, .is_signed = true});
    PIXELS("\xFB\xFF\x07\x00\x64\x00");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\x64\x00\xFB\xFF\x64\x00");
}

Test(dicom_native, words_may_be_big_endian)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, true);
    describe((struct shape){"MONOCHROME2 ", 1, 3, 16, 12});
    PIXELS("\x02\x22\x01\x11\x03\x33");
    expect_drawn(BIG);
    EXPECT_TAIL("\x03\x33\x01\x11\x03\x33");
}

// PS3.5 8.1.1: of each word the second byte comes first.
Test(dicom_native, bytes_in_big_endian_words_are_found)
{
    pour(3, 1, "#.#");
    spot(1, 0);
    start(true, true);
    describe((struct shape){"MONOCHROME2 ", 1, 6, 8, 8});
    PIXELS("badcfe");
    expect_drawn(BIG);
    EXPECT_TAIL("\xFF"
                "a\xFF"
                "cfe");
}

// Of 100 and 255, 128/255 of the way: 177.8; of 0, 128.
Test(dicom_native, what_shows_through_is_the_pixel_itself)
{
    pour(2, 1, "++");
    spot(0, 0);
    start(true, true);
    describe((struct shape){"MONOCHROME2 ", 1, 4, 8, 8});
    PIXELS("\0dab");
    expect_drawn(BIG);
    EXPECT_TAIL("\x80\xB2"
                "ab");
}

Test(dicom_native, values_may_be_below_0)
{
    pour(2, 1, "#o");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 4, 16, 12, .is_signed = true});
    PIXELS("\0\0\0\0\xFB\x0F\x03\0"); // -5 and 3
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\x03\0\xFB\x0F\xFB\x0F\x03\0");
}

Test(dicom_native, pixels_between_ink_may_lie_outside_of_the_window)
{
    pour(3, 1, "#.#");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 3, 16, 12});
    el(0x00281050, "DS", "99.5");
    el(0x00281051, "DS", "101 ");
    PIXELS("\x01\0\0\x0F\x03\0");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\x95\0\0\x0F\x95\0"); // 149
}

Test(dicom_native, colours_are_drawn_by_pixel_or_by_plane)
{
    for (int planar = 0; planar < 2; planar++) {
        pour(2, 1, "#o");
        spot(0, 1);
        pot.paint.rgb[1] = 128;
        start(true, false);
        describe((struct shape){"RGB ", 2, 2, 8, 8, .planar = planar});
        PIXELS("abcdefghijkl");
        expect_drawn(EXPLICIT);
        if (planar)
            EXPECT_TAIL("ab\xFF\0ef\x80\0ij\xFF\0");
        else
            EXPECT_TAIL("abcdef\xFF\x80\xFF\0\0\0");
    }
}

// JFIF's formulas: red is 76, 85, 255 (76.2, 85.0, 255.5).
Test(dicom_native, luma_and_chroma_are_drawn_as_colours)
{
    pour(2, 1, "#o");
    spot(0, 0);
    memcpy(pot.paint.rgb, "\xFF\0\0", 3);
    start(true, false);
    describe((struct shape){"YBR_FULL", 1, 3, 8, 8});
    PIXELS("\x10\x80\x80\x10\x80\x80\x10\x80\x80\0");
    expect_drawn(EXPLICIT);
    EXPECT_TAIL("\x4C\x55\xFF\xFF\x80\x80\x10\x80\x80\0");
}

static void palette(const char *entries, size_t n)
{
    for (unsigned c = 0; c < 3; c++) {
        head(0x00281101 + c, "US", 6);
        u16(4), u16(2), u16(n == 8 ? 16 : 8);
    }
    for (unsigned c = 0; c < 3; c++) {
        head(0x00281201 + c, "OW", (uint32_t)n);
        raw(entries, n);
    }
}

// Black, two greys, and white, from value 2 on.
Test(dicom_native, a_palette_gives_its_nearest_colours)
{
    static const char *const entries[] = {"\0\x60\xA0\xF0",
                                          "\0\0\0\x60\0\xA0\0\xF0"};
    for (size_t i = 0; i < 2; i++) {
        pour(3, 1, "#o+");
        spot(0, 0);
        start(true, false);
        describe((struct shape){"PALETTE COLOR ", 1, 4, 8, 8});
        palette(entries[i], i ? 8 : 4);
        PIXELS("\x03\x03\x02\x03");
        expect_drawn(EXPLICIT);
        // Half of white on black is 0x80: nearer to 0x60 as its middle is 0x83.
        EXPECT_TAIL("\x05\x02\x04\x03");
    }
}

Test(dicom_native, ink_that_leaves_no_trace_is_refused)
{
    pour(1, 1, "#");
    spot(0, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 2, 8, 8, .frames = "2 "});
    PIXELS("ab\xFF"
           "b");
    expect_refused(EXPLICIT, IMP_ERR_LIMIT,
                   "frame 2: the mark leaves no trace");
}

Test(dicom_native, what_is_not_known_is_not_supported)
{
    static const struct {
        struct shape shape;
        const char *want;
    } bad[] = {
        {{"MONOCHROME2 ", 1, 8, 1, 1}, "(0028,0100)"},
        {{"MONOCHROME2 ", 1, 1, 32, 32}, "(0028,0100)"},
        {{"MONOCHROME2 ", 1, 1, 8, 9}, "(0028,0101)"},
        {{"MONOCHROME2 ", 1, 1, 8, 1}, "(0028,0101)"},
        {{"HSV ", 1, 1, 8, 8}, "(0028,0004)"},
        {{"YBR_FULL_422", 1, 2, 8, 8}, "(0028,0004)"},
        {{"RGB ", 1, 1, 8, 8, .is_signed = true}, "signed colours"},
        {{"PALETTE COLOR ", 1, 1, 8, 8}, "(0028,1101)"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pour(1, 1, "#");
        spot(0, 0);
        start(true, false);
        describe(bad[i].shape);
        PIXELS("abcd");
        expect_refused(EXPLICIT, IMP_ERR_UNSUPPORTED, bad[i].want);
    }
    start(true, false);
    describe((struct shape){"PALETTE COLOR ", 1, 1, 8, 8});
    palette("abc", 3);
    PIXELS("ab");
    expect_refused(EXPLICIT, IMP_ERR_UNSUPPORTED, "all entries");
}
