// The attributes of pictures made by hand, and how their frames lie in
// fragments.
#include "made.h"

#include "dicom/image.h"

TestSuite(dicom_image, .timeout = 20);

static struct imp_dcm_image image;
static struct imp_dcm_fragment fragment[16];
static uint32_t first[16];

static const struct imp_dcm_syntax *syntax(const char *uid)
{
    return imp_dcm_syntax_of(
        (struct imp_span){(const uint8_t *)uid, strlen(uid)});
}

#define EXPLICIT "1.2.840.10008.1.2.1"
#define BIG "1.2.840.10008.1.2.2"
#define BASELINE "1.2.840.10008.1.2.4.50"
#define VIDEO "1.2.840.10008.1.2.4.102"

static void us(uint32_t t, uint16_t v)
{
    head(t, "US", 2);
    u16(v);
}

struct shape {
    uint16_t samples, rows, columns, allocated;
    const char *colour, *frames;
};

static void describe(struct shape s)
{
    us(0x00280002, s.samples);
    el(0x00280004, "CS", s.colour);
    if (s.samples > 1)
        us(0x00280006, 1);
    if (s.frames)
        el(0x00280008, "IS", s.frames);
    us(0x00280010, s.rows);
    us(0x00280011, s.columns);
    us(0x00280100, s.allocated);
    us(0x00280101, (uint16_t)(s.allocated - 1));
    us(0x00280102, (uint16_t)(s.allocated - 2));
    us(0x00280103, 1);
}

static bool read_as(const char *uid)
{
    why = (struct imp_err){0};
    return imp_dcm_image_read(made_span(), 0, syntax(uid), &image, &why);
}

static void expect_bad(const char *uid, const char *want)
{
    cr_expect(!read_as(uid));
    cr_expect_eq(why.code, IMP_ERR_DAMAGED);
    cr_expect_str_eq(why.msg, want, "%s", why.msg);
}

// --- Attributes ---

Test(dicom_image, attributes_are_those_of_the_main_data_set)
{
    start(true, false);
    describe((struct shape){3, 300, 200, 16, "RGB ", "12"});
    size_t icon = begin(0x00880200, "SQ"), in = begin(IMP_DCM_ITEM, "");
    describe((struct shape){1, 8, 9, 8, "MONOCHROME2 ", "2 "});
    head(0x7FE00010, "OB", 2);
    raw("ab", 2);
    fit(in), fit(icon);
    size_t at = made.n;
    head(0x7FE00010, "OW", 6);
    raw("pixels", 6);
    cr_assert(read_as(EXPLICIT), "%s", why.msg);
    cr_expect_eq(image.rows, 300);
    cr_expect_eq(image.columns, 200);
    cr_expect_eq(image.samples, 3);
    cr_expect_eq(image.allocated, 16);
    cr_expect_eq(image.stored, 15);
    cr_expect_eq(image.high, 14);
    cr_expect_eq(image.frames, 12);
    cr_expect(image.is_signed && image.planar);
    cr_expect_eq(image.colour, IMP_DCM_RGB);
    cr_expect(image.pixels && !image.encapsulated);
    cr_expect_eq(image.pixels_at, at);
    cr_expect_eq(image.value_at, at + 12);
    cr_expect_eq(image.value, 6);
    cr_expect_eq(image.frame_size, 300 * 200 * 3 * 2);
    cr_expect_eq(image.all_size, 12 * 300 * 200 * 3 * 2);
}

Test(dicom_image, what_is_missing_or_empty_is_nothing)
{
    start(true, false);
    el(0x00280008, "IS", "");
    el(0x00280010, "US", "");
    cr_assert(read_as(EXPLICIT), "%s", why.msg);
    cr_expect_eq(image.rows, 0);
    cr_expect_eq(image.samples, 0);
    cr_expect_eq(image.frames, 1);
    cr_expect_eq(image.frame_size, 0);
    cr_expect_eq(image.all_size, 0);
    cr_expect_not(image.pixels);
}

Test(dicom_image, numbers_are_in_the_byte_order_of_the_data_set)
{
    start(true, true);
    us(0x00280010, 0x0102);
    cr_assert(read_as(BIG), "%s", why.msg);
    cr_expect_eq(image.rows, 0x0102);
}

// PS3.5 6.2.2: what is written as UN is little endian, whatever is around it.
Test(dicom_image, unknown_numbers_are_little_endian)
{
    start(true, true);
    head(0x00280010, "UN", 2);
    raw("\x02\x01", 2);
    cr_assert(read_as(BIG), "%s", why.msg);
    cr_expect_eq(image.rows, 0x0102);
}

Test(dicom_image, frames_of_bits_follow_each_other_without_padding)
{
    start(true, false);
    describe((struct shape){1, 10, 10, 1, "MONOCHROME2 ", "62"});
    cr_assert(read_as(EXPLICIT), "%s", why.msg);
    cr_expect_eq(image.all_size, 775); // 6,200 bits
    cr_expect_eq(image.frame_size, 0);

    start(true, false);
    describe((struct shape){1, 10, 10, 1, "MONOCHROME2 ", NULL});
    cr_assert(read_as(EXPLICIT), "%s", why.msg);
    cr_expect_eq(image.all_size, 13);
    cr_expect_eq(image.frame_size, 13);
}

Test(dicom_image, a_colour_of_half_the_columns_has_two_samples_a_pixel)
{
    start(true, false);
    describe((struct shape){3, 10, 20, 8, "YBR_FULL_422", NULL});
    cr_assert(read_as(EXPLICIT), "%s", why.msg);
    cr_expect_eq(image.frame_size, 400);
}

Test(dicom_image, sizes_beyond_64_bits_are_not_told)
{
    start(true, false);
    describe((struct shape){65535, 65535, 65535, 65535, "RGB ", "2147483647"});
    cr_assert(read_as(EXPLICIT), "%s", why.msg);
    cr_expect_eq(image.all_size, 0);
    cr_expect_eq(image.frame_size, 0);
}

Test(dicom_image, every_colour_is_known_by_its_name)
{
    static const char *const names[] = {
        "HSV ",     "MONOCHROME1 ", "MONOCHROME2 ", "PALETTE COLOR ",
        "RGB ",     "YBR_FULL",     "YBR_FULL_422", "YBR_PARTIAL_422",
        "YBR_ICT ", "YBR_RCT "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        start(true, false);
        el(0x00280004, "CS", names[i]);
        cr_assert(read_as(EXPLICIT), "%s", why.msg);
        cr_expect_eq(image.colour, i, "%s", names[i]);
    }
}

Test(dicom_image, a_number_must_be_one)
{
    static const char *const bad[] = {
        "1A", "0 ", "-1", "1\\2 ", "2147483648", "  ", "0000000000001 ", "+ "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start(true, false);
        el(0x00280008, "IS", bad[i]);
        expect_bad(EXPLICIT, "(0028,0008) at 0: no number above 0");
    }
    start(true, false);
    el(0x00280008, "IS", " +30");
    cr_assert(read_as(EXPLICIT));
    cr_expect_eq(image.frames, 30);
}

Test(dicom_image, an_attribute_must_be_what_the_standard_says)
{
    start(true, false);
    el(0x00280010, "US", "four");
    expect_bad(EXPLICIT, "(0028,0010) at 0: length 4, want 2");

    start(true, false);
    el(0x00280010, "UL", "four");
    expect_bad(EXPLICIT, "(0028,0010) at 0: its VR is UL, want US");

    start(true, false);
    us(0x00280103, 2);
    expect_bad(EXPLICIT, "(0028,0103) at 0: 2, want 0 or 1");

    start(true, false);
    head(0x00280010, "SQ", 0);
    expect_bad(EXPLICIT, "(0028,0010) at 0: a sequence");

    start(true, false);
    el(0x7FE00010, "UT", "text");
    expect_bad(EXPLICIT, "(7FE0,0010) at 0: its VR is UT, want OB or OW");
}

Test(dicom_image, an_attribute_must_be_there_once)
{
    start(true, false);
    us(0x00280010, 7);
    us(0x00280011, 7);
    us(0x00280010, 7);
    expect_bad(EXPLICIT, "(0028,0010) at 20: it is there twice");
}

// --- Pixel data ---

// Fragments of these lengths, behind a table of offsets that ends with -1; NULL
// is no table.
static void pixels(const char *frames, const uint32_t *lengths,
                   const int32_t *offsets)
{
    uint32_t n = 0;
    start(true, false);
    if (frames)
        el(0x00280008, "IS", frames);
    head(0x7FE00010, "OB", UNDEFINED);
    while (offsets && offsets[n] >= 0)
        n++;
    item(n * 4);
    for (uint32_t i = 0; i < n; i++)
        u32((uint32_t)offsets[i]);
    for (; *lengths; lengths++) {
        item(*lengths);
        for (uint32_t i = 0; i < *lengths; i++)
            raw("x", 1);
    }
    sequence_end();
}
#define LENGTHS(...) ((const uint32_t[]){__VA_ARGS__, 0})
#define OFFSETS(...) ((const int32_t[]){__VA_ARGS__, -1})

static bool find_frames(void)
{
    cr_assert(read_as(BASELINE), "%s", why.msg);
    cr_assert_lt(image.fragments, 15);
    cr_assert_lt(image.frames, 15);
    return imp_dcm_fragments(made_span(), &image, fragment, &why) &&
           imp_dcm_frames(made_span(), &image, fragment, first, &why);
}

Test(dicom_image, fragments_are_where_their_headers_are)
{
    pixels("2 ", LENGTHS(4, 6), OFFSETS(0, 12));
    cr_assert(find_frames(), "%s", why.msg);
    size_t at = image.pixels_at + 12;
    cr_expect_eq(image.fragments, 2);
    cr_expect_eq(fragment[0].at, at);
    cr_expect_eq(fragment[0].length, 8);
    cr_expect_eq(fragment[1].at, at + 16);
    cr_expect_eq(fragment[1].length, 4);
    cr_expect_eq(fragment[2].at, at + 28);
    cr_expect_eq(fragment[2].length, 6);
}

Test(dicom_image, as_many_fragments_as_frames_are_one_each)
{
    pixels("3 ", LENGTHS(2, 4, 6), NULL);
    cr_assert(find_frames(), "%s", why.msg);
    for (uint32_t i = 0; i <= 3; i++)
        cr_expect_eq(first[i], i + 1);
}

Test(dicom_image, one_frame_has_all_fragments)
{
    pixels(NULL, LENGTHS(2, 4, 6), NULL);
    cr_assert(find_frames(), "%s", why.msg);
    cr_expect_eq(first[0], 1);
    cr_expect_eq(first[1], 4);
}

Test(dicom_image, else_the_table_tells)
{
    pixels("2 ", LENGTHS(2, 4, 6), OFFSETS(0, 22));
    cr_assert(find_frames(), "%s", why.msg);
    cr_expect_eq(first[0], 1);
    cr_expect_eq(first[1], 3);
    cr_expect_eq(first[2], 4);
}

Test(dicom_image, a_table_must_not_lie)
{
    static const struct {
        const char *frames;
        int32_t offsets[4];
        const char *want;
    } bad[] = {
        {"2 ", {0, 24, -1}, "an offset is not that of a fragment"},
        {"2 ", {0, 10, 22, -1}, "not an offset for each frame"},
        {"2 ", {0, 36, -1}, "an offset is not that of a fragment"},
        {"2 ", {10, 22, -1}, "fragments before the first frame"},
        {"2 ", {10, 0, -1}, "an offset is not that of a fragment"},
        {"3 ", {0, 0, 10, -1}, "an offset is not that of a fragment"},
        {NULL, {10, -1}, "fragments before the first frame"},
        {"2 ", {-1}, "none, and more fragments than frames"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pixels(bad[i].frames, LENGTHS(2, 4, 6), bad[i].offsets);
        cr_expect_not(find_frames(), "%zu", i);
        cr_expect_eq(why.code, IMP_ERR_DAMAGED);
        cr_expect(strstr(why.msg, bad[i].want), "%zu: %s", i, why.msg);
    }
}

Test(dicom_image, only_video_has_more_frames_than_fragments)
{
    pixels("3 ", LENGTHS(2, 4), NULL);
    expect_bad(BASELINE, "(7FE0,0010) at 10: 2 fragments, want 3 frames");
    cr_expect(read_as(VIDEO), "%s", why.msg);
    cr_expect_not(imp_dcm_frames(made_span(), &image, fragment, first, &why));
    cr_expect_eq(why.code, IMP_ERR_UNSUPPORTED);
}

Test(dicom_image, the_syntax_says_if_pixels_are_in_fragments)
{
    pixels(NULL, LENGTHS(2), NULL);
    expect_bad(EXPLICIT,
               "(7FE0,0010) at 0: in fragments, which this syntax has not");
    start(true, false);
    el(0x7FE00010, "OW", "ab");
    expect_bad(BASELINE,
               "(7FE0,0010) at 0: not in fragments, as this syntax has it");
}
