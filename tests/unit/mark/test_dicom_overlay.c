// Ink as an overlay plane: the elements that must come out are written by hand.
#include "image/dicom_meta.h"
#include "mark/dicom.h"

#include "objects.h"

TestSuite(dicom_overlay, .fini = clear_objects, .timeout = 60);

static void expect_overlay(const char *uid, uint64_t at)
{
    cr_assert(draw_by(imp_dicom_overlay, uid), "%s", o.err.msg);
    cr_expect_str_eq(o.route, "overlay");
    cr_expect_eq(o.overlay, o.out.n - made.n);
    cr_expect_eq(memcmp(o.out.p, made.p, at), 0);
    cr_expect_eq(memcmp(o.out.p + at + o.overlay, made.p + at, made.n - at), 0);
}

static void expect_bytes(uint64_t at, const char *want, size_t n)
{
    cr_assert_eq(o.overlay, n, "%u bytes, want %zu", (unsigned)o.overlay, n);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(o.out.p[at + i], (uint8_t)want[i],
                     "byte %zu: 0x%02X, want 0x%02X", i, o.out.p[at + i],
                     (uint8_t)want[i]);
}
#define EXPECT_BYTES(at, text) expect_bytes(at, text, sizeof(text) - 1)

// What half covers is text, an outline is none.
static void pour_one(void)
{
    pour(3, 2,
         "#o+"
         ".#.");
    spot(1, 0);
}

static const struct shape four_by_two = {"MONOCHROME2 ", 2, 4, 8, 8};

// Bits from the left, the lowest first: 0 1 0 1, 0 0 1 0.
Test(dicom_overlay, explicit_elements_stand_before_pixel_data)
{
    pour_one();
    start(true, false);
    describe(four_by_two);
    size_t at = made.n;
    PIXELS("abcdefgh");
    expect_overlay(EXPLICIT, at);
    EXPECT_BYTES(at, "\x00\x60\x10\x00US\2\0\2\0"
                     "\x00\x60\x11\x00US\2\0\4\0"
                     "\x00\x60\x40\x00"
                     "CS\2\0G "
                     "\x00\x60\x50\x00SS\4\0\1\0\1\0"
                     "\x00\x60\x00\x01US\2\0\1\0"
                     "\x00\x60\x02\x01US\2\0\0\0"
                     "\x00\x60\x00\x30OW\0\0\2\0\0\0\x4A\0");
}

Test(dicom_overlay, implicit_elements_have_no_vr)
{
    pour_one();
    start(false, false);
    describe(four_by_two);
    size_t at = made.n;
    PIXELS("abcdefgh");
    expect_overlay(IMPLICIT, at);
    EXPECT_BYTES(at, "\x00\x60\x10\x00\2\0\0\0\2\0"
                     "\x00\x60\x11\x00\2\0\0\0\4\0"
                     "\x00\x60\x40\x00\2\0\0\0G "
                     "\x00\x60\x50\x00\4\0\0\0\1\0\1\0"
                     "\x00\x60\x00\x01\2\0\0\0\1\0"
                     "\x00\x60\x02\x01\2\0\0\0\0\0"
                     "\x00\x60\x00\x30\2\0\0\0\x4A\0");
}

Test(dicom_overlay, words_of_bits_may_be_big_endian)
{
    pour_one();
    start(true, true);
    describe(four_by_two);
    size_t at = made.n;
    PIXELS("abcdefgh");
    expect_overlay(BIG, at);
    EXPECT_BYTES(at, "\x60\x00\x00\x10US\0\2\0\2"
                     "\x60\x00\x00\x11US\0\2\0\4"
                     "\x60\x00\x00\x40"
                     "CS\0\2G "
                     "\x60\x00\x00\x50SS\0\4\0\1\0\1"
                     "\x60\x00\x01\x00US\0\2\0\1"
                     "\x60\x00\x01\x02US\0\2\0\0"
                     "\x60\x00\x30\x00OW\0\0\0\0\0\2\0\x4A");
}

// --- Frames ---

// Frames of `rows` x 3 with one bit each, the middle of the first row.
static void expect_frames(uint16_t rows, unsigned frames)
{
    char count[12];
    snprintf(count, sizeof count, frames < 10 ? "%u " : "%02u", frames);
    pour(1, 1, "#");
    spot(1, 0);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", rows, 3, 8, 8, .frames = count});
    size_t at = made.n, n = (size_t)rows * 3 * frames;
    head(0x7FE00010, "OW", (uint32_t)(n + n % 2));
    for (size_t i = 0; i < n + n % 2; i++)
        raw(i < n ? "a" : "", 1);
    expect_overlay(EXPLICIT, at);

    uint32_t length = (uint32_t)(n + 15) / 16 * 2;
    const uint8_t *data = o.out.p + at + o.overlay - length;
    cr_expect_eq(imp_le32(data - 4), length);
    cr_expect_eq(memcmp(data - 12, "\x00\x60\x00\x30OW\0\0", 8), 0);
    for (size_t i = 0; i < 8 * (size_t)length; i++) {
        bool want = i < n && i % (rows * 3u) == 1;
        cr_expect_eq(data[i / 8] >> i % 8 & 1, want, "%u x 3, %u: bit %zu",
                     rows, frames, i);
    }
    cr_expect(memmem(o.out.p + at, o.overlay, "\x00\x60\x15\x00IS\2\0", 8));
    cr_expect(
        memmem(o.out.p + at, o.overlay, "\x00\x60\x51\x00US\2\0\1\0", 10));
}

// PS3.5 8.1.1: bit by bit, without padding between them.
Test(dicom_overlay, each_frame_has_the_same_bits)
{
    for (uint16_t rows = 1; rows <= 17; rows++)
        for (unsigned frames = 2; frames <= 35; frames++)
            expect_frames(rows, frames);
}

Test(dicom_overlay, frames_that_end_with_a_word_share_memory)
{
    expect_frames(16, 9); // 48 bits
    size_t same = 0;
    for (size_t i = 1; i < o.patches.n; i++)
        same += o.patches.patch[i].bytes == o.patches.patch[i - 1].bytes;
    cr_expect_eq(same, 8);
}

// --- Where it goes in ---

static void element(uint32_t t)
{
    head(t, "UN", 2);
    raw("xy", 2);
}

Test(dicom_overlay, it_goes_in_where_its_tag_belongs)
{
    pour_one();
    start(true, false);
    describe(four_by_two);
    element(0x50000010);
    element(0x5FFF0010);
    size_t at = made.n;
    element(0x60010010);
    element(0x70000010);
    PIXELS("abcdefgh");
    element(0xFFFCFFFC);
    expect_overlay(EXPLICIT, at);
}

// Tags of the main data set in what came out, as hexadecimal.
static void expect_tags(const char *want)
{
    static struct imp_dcm_reader r;
    struct imp_dcm_event e;
    char have[1024] = "";
    imp_dcm_reader_start(&r, imp_buf_span(&o.out), 0, o.out.n, made.how);
    do {
        cr_assert(imp_dcm_next(&r, &e, &o.err), "%s", o.err.msg);
        if (e.kind == IMP_DCM_ELEMENT && e.tag > 0x00290000)
            snprintf(have + strlen(have), sizeof have - strlen(have), "%08X ",
                     (unsigned)e.tag);
    } while (e.kind != IMP_DCM_END);
    cr_expect_str_eq(have, want, "%s", have);
}
#define PLANE(g)                                                       \
    "60" g "0010 60" g "0011 60" g "0040 60" g "0050 60" g "0100 60" g \
    "0102 60" g "3000 "

Test(dicom_overlay, what_is_removed_and_added_around_it_does_not_matter)
{
    pour_one();
    start(true, false);
    describe(four_by_two);
    element(0x40000010);
    element(0x60000010);
    element(0x60003000);
    element(0x60010010);
    PIXELS("abcdefgh");
    o.goes[0] = 0x60000000;
    o.goes[1] = 0x60010010;
    static const uint8_t added[] = {0, 0x50, 0x10, 0, 'U', 'S', 2, 0, 'a', 'b'};
    o.added = (struct imp_dicom_addition){0x50000010, {added, sizeof added}};
    cr_assert(draw_by(imp_dicom_overlay, EXPLICIT), "%s", o.err.msg);
    expect_tags("40000010 50000010 " PLANE("00") "7FE00010 ");
}

Test(dicom_overlay, a_group_that_is_kept_is_not_taken)
{
    pour_one();
    start(true, false);
    describe(four_by_two);
    element(0x60000010);
    element(0x60020010);
    element(0x60040010);
    PIXELS("abcdefgh");
    o.goes[0] = 0x60020000;
    cr_assert(draw_by(imp_dicom_overlay, EXPLICIT), "%s", o.err.msg);
    expect_tags("60000010 " PLANE("02") "60040010 7FE00010 ");
    o.goes[0] = 0;
    cr_assert(draw_by(imp_dicom_overlay, EXPLICIT), "%s", o.err.msg);
    expect_tags("60000010 60020010 60040010 " PLANE("06") "7FE00010 ");
}

Test(dicom_overlay, all_groups_may_be_taken)
{
    pour_one();
    start(true, false);
    describe(four_by_two);
    for (uint32_t i = 0; i < 16; i++)
        element(0x60000010 + (i << 17));
    PIXELS("abcdefgh");
    expect_bad(imp_dicom_overlay, EXPLICIT, IMP_ERR_UNSUPPORTED,
               "all 16 groups");
}

// --- Bits ---

Test(dicom_overlay, ink_that_covers_half_of_no_pixel_is_refused)
{
    pour(2, 1, "oo");
    spot(0, 0);
    pot.text[0] = 127;
    start(true, false);
    describe(four_by_two);
    PIXELS("abcdefgh");
    expect_bad(imp_dicom_overlay, EXPLICIT, IMP_ERR_LIMIT, "no trace");
    pot.text[0] = 128;
    cr_expect(draw_by(imp_dicom_overlay, EXPLICIT), "%s", o.err.msg);
}

// Of a dark letter on a light ground, the ground; what is not covered does not
// count.
Test(dicom_overlay, of_an_image_the_lighter_half_is_set)
{
    pour(4, 1, "###.");
    spot(0, 0);
    memcpy(pot.rgb, "\x20\x20\x20\xC0\xC0\xC0\x10\x20\x10\xFF\xFF\xFF", 12);
    pot.ink.rgb = pot.rgb;
    start(true, false);
    describe(four_by_two);
    size_t at = made.n;
    PIXELS("abcdefgh");
    expect_overlay(EXPLICIT, at);
    cr_expect_eq(o.out.p[at + o.overlay - 2], 2);

    memcpy(pot.rgb, "\x20\x20\x20\x20\x20\x20\x20\x20\x20", 9);
    expect_overlay(EXPLICIT, at); // all of one colour
    cr_expect_eq(o.out.p[at + o.overlay - 2], 7);
}

// --- Found again ---

// In the data set `data` as a file; if it can be read, how long it is.
static uint64_t find(const char *uid, struct imp_span data, uint64_t want_at)
{
    const struct imp_dicom_meta meta = {"1.2.840.10008.5.1.4.1.1.2", "1.2.3",
                                        uid};
    struct imp_buf file = {0};
    struct imp_err err = {0};
    uint64_t at = 0, length = 0;
    cr_assert(imp_dicom_meta_put(&file, &meta, &err));
    size_t before = file.n;
    cr_assert(imp_buf_add(&file, data.p, data.n, &err));
    if (!imp_dicom_find_mark(imp_buf_span(&file), &at, &length, &err))
        length = 0;
    cr_expect(length == 0 || at == before + want_at);
    imp_buf_clear(&file);
    return length;
}

static void expect_found(const char *uid, bool explicit, bool big)
{
    pour_one();
    start(explicit, big);
    describe((struct shape){"MONOCHROME2 ", 2, 4, 8, 8, .frames = "2 "});
    size_t at = made.n;
    PIXELS("abcdefghabcdefgh");
    cr_expect_eq(find(uid, made_span(), 0), 0);
    expect_overlay(uid, at);
    cr_expect_eq(find(uid, imp_buf_span(&o.out), at), o.overlay);
}

Test(dicom_overlay, a_mark_is_found_again)
{
    expect_found(EXPLICIT, true, false);
    expect_found(IMPLICIT, false, false);
    expect_found(BIG, true, true);
}

Test(dicom_overlay, an_overlay_that_differs_but_in_its_bits_is_no_mark)
{
    pour_one();
    start(true, false);
    describe(four_by_two);
    size_t at = made.n;
    PIXELS("abcdefgh");
    expect_overlay(EXPLICIT, at);
    const size_t bits = at + (size_t)o.overlay - 2;
    for (size_t i = at; i < bits + 2; i++) {
        o.out.p[i] ^= 2;
        cr_expect_eq(find(EXPLICIT, imp_buf_span(&o.out), at),
                     i < bits ? 0 : o.overlay, "byte %zu", i - at);
        o.out.p[i] ^= 2;
    }
}
