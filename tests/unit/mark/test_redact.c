// Small pictures blacked out; what must come out is reckoned by hand.
#include "redacted.h"

TestSuite(redact, .fini = clear_redacted, .timeout = 60);

static void native(struct shape s, const char *pixels, size_t n)
{
    describe(s);
    head(0x7FE00010, "OW", (uint32_t)n);
    raw(pixels, n);
}
#define NATIVE(text, ...) \
    native((struct shape){__VA_ARGS__}, text, sizeof(text) - 1)

// --- Native ---

Test(redact, rectangles_of_all_frames_become_black)
{
    start(true, false);
    NATIVE("abcdefgh"
           "ABCDEFGH",
           "MONOCHROME2 ", 2, 4, 8, 8, .frames = "2 ");
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 2, 1}, {3, 1, 1, 1})), "%s",
              o.err.msg);
    EXPECT_TAIL("a\0\0defg\0"
                "A\0\0DEFG\0");
}

Test(redact, rectangles_may_lie_on_each_other_and_reach_beyond_the_edge)
{
    start(true, false);
    NATIVE("abcdefgh", "MONOCHROME2 ", 2, 4, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({2, 0, 100, 1}, {1, 0, 2, UINT32_MAX})),
              "%s", o.err.msg);
    EXPECT_TAIL("a\0\0\0e\0\0h");
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 3, 1}, {1, 0, 1, 1})), "%s",
              o.err.msg);
    EXPECT_TAIL("a\0\0\0efgh");
}

Test(redact, black_is_the_lowest_value_or_the_highest)
{
    start(true, false);
    NATIVE("abcdefgh", "MONOCHROME2 ", 1, 4, 16, 12, .is_signed = true);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("ab\x00\xF8"
                "efgh");

    start(true, false);
    NATIVE("abcdefgh", "MONOCHROME1 ", 1, 4, 16, 12);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("ab\xFF\x0F"
                "efgh");

    start(true, false);
    NATIVE("abcdefgh", "MONOCHROME1 ", 1, 2, 32, 32, .is_signed = true);
    cr_assert(redact(EXPLICIT, RECTS({0, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("\xFF\xFF\xFF\x7F"
                "efgh");

    start(true, true);
    NATIVE("abcdefgh", "MONOCHROME1 ", 1, 4, 16, 12);
    cr_assert(redact(BIG, RECTS({1, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("ab\x0F\xFF"
                "efgh");
}

Test(redact, colours_are_blacked_out_by_pixel_or_by_plane)
{
    start(true, false);
    NATIVE("abcdefghijkl", "RGB ", 2, 2, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("abc\0\0\0ghijkl");

    start(true, false);
    NATIVE("abcdefghijkl", "RGB ", 2, 2, 8, 8, .planar = true);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("a\0cde\0ghi\0kl");

    start(true, false);
    NATIVE("abcdefghijkl", "YBR_FULL", 2, 2, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("abc\0\x80\x80ghijkl");

    start(true, false);
    NATIVE("abcdefghijkl", "YBR_FULL", 2, 2, 8, 8, .planar = true);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("a\0cde\x80ghi\x80kl");
}

// C.7.6.3.1.2: two Y, and a Cb and a Cr for both.
Test(redact, pairs_of_pixels_go_as_a_whole)
{
    start(true, false);
    NATIVE("abcdefghijkl", "YBR_FULL_422", 1, 6, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({3, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("abcd\0\0\x80\x80ijkl");

    start(true, false);
    NATIVE("abcdefghijkl", "YBR_PARTIAL_422 ", 1, 6, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({0, 0, 3, 1})), "%s", o.err.msg);
    EXPECT_TAIL("\x10\x10\x80\x80\x10\x10\x80\x80ijkl");
}

// Three entries from index 4 on, of which the second is the darkest.
static void palette(unsigned bits)
{
    static const char *const bytes[] = {"\x90\x20\x30\x33", "\x90\x20\x99\x33",
                                        "\x90\x20\x90\x33"};
    for (uint32_t c = 0; c < 3; c++) {
        head(0x00281101 + c, "US", 6);
        u16(3), u16(4), u16((uint16_t)bits);
    }
    for (uint32_t c = 0; c < 3; c++) {
        head(0x00281201 + c, "OW", bits == 8 ? 4 : 6);
        for (int i = 0; i < (bits == 8 ? 4 : 3); i++) {
            if (bits == 16)
                raw("\0", 1);
            raw(bytes[c] + i, 1);
        }
    }
}

Test(redact, of_a_palette_the_darkest_entry_is_black)
{
    for (unsigned bits = 8; bits <= 16; bits += 8) {
        start(true, false);
        describe((struct shape){"PALETTE COLOR ", 1, 4, 8, 8});
        palette(bits);
        el(0x7FE00010, "OB", "abcd");
        cr_assert(redact(EXPLICIT, RECTS({2, 0, 1, 1})), "%s", o.err.msg);
        EXPECT_TAIL("ab\5d");
    }
    start(true, false);
    NATIVE("abcd", "PALETTE COLOR ", 1, 4, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({2, 0, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("ab\0d");
}

// Bytes in words of a big endian data set: "abcdefghi" and "ABCDEFGHI" are the
// frames, each pair stands the other way round.
Test(redact, bytes_that_stand_the_other_way_round_are_found)
{
    start(true, true);
    NATIVE("badcfehgAiCBEDGFIH", "MONOCHROME2 ", 3, 3, 8, 8, .frames = "2 ");
    cr_assert(redact(BIG, RECTS({1, 1, 1, 1})), "%s", o.err.msg);
    EXPECT_TAIL("badcf\0hgAiCB\0DGFIH");
    cr_assert(redact(BIG, RECTS({0, 1, 3, 1})), "%s", o.err.msg);
    EXPECT_TAIL("ba\0c\0\0hgAiCB\0\0G\0IH");
    cr_assert(redact(BIG, RECTS({0, 0, 3, 2})), "%s", o.err.msg);
    EXPECT_TAIL("\0\0\0\0\0\0hg\0i\0\0\0\0G\0IH");
    cr_assert(redact(BIG, RECTS({0, 0, 3, 3})), "%s", o.err.msg);
    EXPECT_TAIL("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}

// --- What cannot be redacted ---

Test(redact, what_is_not_known_is_not_supported)
{
    static const struct {
        struct shape shape;
        const char *want;
    } bad[] = {
        {{"MONOCHROME2 ", 1, 8, 1, 1}, "(0028,0100)"},
        {{"MONOCHROME2 ", 1, 1, 8, 9}, "(0028,0101)"},
        {{"HSV ", 1, 1, 8, 8}, "(0028,0004)"},
        {{"YBR_ICT ", 1, 1, 8, 8}, "(0028,0004)"},
        {{"RGB ", 1, 1, 8, 8, .is_signed = true}, "(0028,0103)"},
        {{"YBR_FULL_422", 1, 1, 8, 8}, "an odd number of columns"},
    };
    const struct imp_rect one = {0, 0, 1, 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start(true, false);
        native(bad[i].shape, "abcd",
               strstr(bad[i].shape.colour, "422") ? 2 : 4);
        expect_refused(EXPLICIT, one, IMP_ERR_UNSUPPORTED, bad[i].want);
    }
    start(true, true);
    NATIVE("abcd", "MONOCHROME2 ", 1, 1, 32, 32);
    expect_refused(BIG, one, IMP_ERR_UNSUPPORTED, "(0028,0100)");
    start(true, true);
    NATIVE("abcd", "YBR_FULL", 1, 1, 8, 8);
    expect_refused(BIG, one, IMP_ERR_UNSUPPORTED, "the other way round");
    start(true, true);
    NATIVE("abcd", "RGB ", 1, 1, 8, 8, .planar = true);
    expect_refused(BIG, one, IMP_ERR_UNSUPPORTED, "the other way round");
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 1, 8, 8});
    expect_refused(EXPLICIT, one, IMP_ERR_UNSUPPORTED, "no (7FE0,0010)");
}

Test(redact, a_rectangle_must_touch_the_picture)
{
    static const struct imp_rect bad[] = {
        {4, 0, 1, 1}, {0, 2, 1, 1}, {0, 0, 0, 1}, {0, 0, 1, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start(true, false);
        NATIVE("abcdefgh", "MONOCHROME2 ", 2, 4, 8, 8);
        expect_refused(EXPLICIT, bad[i], IMP_ERR_UNSUPPORTED,
                       "rectangle 1 is not in a picture of 4 x 2");
    }
    static struct imp_rect many[IMP_REDACT_RECTS + 1];
    for (size_t i = 0; i <= IMP_REDACT_RECTS; i++)
        many[i] = (struct imp_rect){0, 0, 1, 1};
    cr_expect(redact(EXPLICIT, many, IMP_REDACT_RECTS), "%s", o.err.msg);
    cr_expect_not(redact(EXPLICIT, many, IMP_REDACT_RECTS + 1));
    cr_expect_eq(o.err.code, IMP_ERR_LIMIT);
}

// --- Whole files ---

static bool redact_file(uint64_t dropped_from, uint64_t dropped)
{
    const struct imp_rect rect = {1, 0, 2, 1};
    uint64_t behind = dropped_from + dropped;
    o.err = (struct imp_err){0};
    imp_cutlist_start(&o.cuts, made.n);
    imp_cut_keep(&o.cuts, 0, dropped_from, IMP_PART_CODED, "kept");
    imp_cut_drop(&o.cuts, dropped_from, dropped, IMP_PART_UNKNOWN, "dropped");
    imp_cut_keep(&o.cuts, behind, made.n - behind, IMP_PART_CODED, "kept");
    cr_assert(imp_cutlist_finish(&o.cuts, &o.err));
    return imp_redact_cuts(&redaction, made_span(), &o.cuts, &rect, 1, &o.drawn,
                           &o.err);
}

static const struct shape row = {"MONOCHROME2 ", 1, 4, 8, 8};

Test(redact, what_else_a_list_does_is_still_done)
{
    file_of(EXPLICIT "\0");
    size_t at = made.n;
    el(0x00100010, "PN", "Doe^Jane");
    size_t goes = made.n - at;
    describe(row);
    head(0x7FE00010, "OW", 4), raw("abcd", 4);
    cr_assert(redact_file(at, goes), "%s", o.err.msg);
    cr_assert(imp_cutlist_apply(&o.drawn, made_span(), &o.out, &o.err));
    cr_assert_eq(o.out.n, made.n - goes);
    cr_expect_eq(memcmp(o.out.p, made.p, at), 0);
    cr_expect_eq(memcmp(o.out.p + at, made.p + at + goes, o.out.n - at - 4), 0);
    cr_expect_eq(memcmp(o.out.p + o.out.n - 4, "a\0\0d", 4), 0);
    for (size_t i = 0; i < o.drawn.n; i++)
        if (o.drawn.cut[i].kind == IMP_CUT_INSERT)
            cr_expect_str_eq(o.drawn.cut[i].what, IMP_REDACTED);
}

Test(redact, pixels_that_change_otherwise_are_refused)
{
    file_of(EXPLICIT "\0");
    describe(row);
    head(0x7FE00010, "OW", 4), raw("abcd", 4);
    cr_expect_not(redact_file(made.n - 4, 4));
    cr_expect_eq(o.err.code, IMP_ERR_UNSUPPORTED, "%s", o.err.msg);
}

Test(redact, a_deflated_data_set_is_refused)
{
    file_of(SYNTAX(".1.99"));
    raw("\3\0", 2);
    cr_expect_not(redact_file(made.n, 0));
    cr_expect_eq(o.err.code, IMP_ERR_UNSUPPORTED);
    cr_expect(strstr(o.err.msg, "deflated"), "%s", o.err.msg);
}
