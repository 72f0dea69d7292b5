// Frames, their tables of offsets, and pixels that are native or RLE.
#include "framing.h"

TestSuite(dicom_frames, .fini = clear, .timeout = 60);

// --- RLE ---

// A frame of 8 x 8 samples of 16 bits, each segment a run of 64 bytes.
#define RLE_HEAD(first, second)                                                \
    "\2\0\0\0" first second "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void rle(struct bytes frame)
{
    start(true, false);
    describe(NULL, 1, 8, 16, "MONOCHROME2 ");
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item((uint32_t)frame.n);
    raw(frame.p, frame.n);
    sequence_end();
}

#define OFFSETS RLE_HEAD("\x40\0\0\0", "\x46\0\0\0")
Test(dicom_frames, bytes_behind_an_rle_segment_become_zeros)
{
    // A run of 62, a byte that says nothing, two as they are.
    cr_assert_eq(sizeof OFFSETS - 1, 64);
    rle(B(OFFSETS "\xC3x\x80\1ab"
                  "\xC1yDoe"));
    cr_assert(cut(RLE), "%s", err.msg);
    rle(B(OFFSETS "\xC3x\x80\1ab"
                  "\xC1y\0\0\0"));
    cr_expect(out.n == made.n && memcmp(out.p, made.p, out.n) == 0);
}

Test(dicom_frames, an_rle_frame_must_be_whole)
{
    static const struct {
        struct bytes in;
        const char *want;
    } bad[] = {
        {{"Jane", 4}, "not a segment for each byte"},
        {{"\1" OFFSETS, sizeof OFFSETS}, "not a segment for each byte"},
        {{RLE_HEAD("\x42\0\0\0", "\x46\0\0\0") "......\xC1y", 72},
         "an offset of the header"},
        {{RLE_HEAD("\x40\0\0\0", "\x3F\0\0\0") "\xC1x\xC1y", 68},
         "an offset of the header"},
        {{RLE_HEAD("\x40\0\0\0", "\x49\0\0\0") "\xC1x\xC1y", 68},
         "an offset of the header"},
        {{RLE_HEAD("\x40\0\0\0", "\x42\0\0\0\1") "\xC1x\xC1y", 68},
         "an offset of the header"},
        {{RLE_HEAD("\x40\0\0\0", "\x42\0\0\0") "\xC1x\xC2y", 68},
         "does not make a plane"},
        {{RLE_HEAD("\x40\0\0\0", "\x42\0\0\0") "\xC1x\xC0y", 68},
         "does not make a plane"},
        {{RLE_HEAD("\x40\0\0\0", "\x42\0\0\0") "\xC1x\xC1", 67},
         "does not make a plane"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rle(bad[i].in);
        expect_bad(RLE, IMP_ERR_DAMAGED, bad[i].want);
    }
}

// --- Frames and tables of offsets ---

static void table(const char *frames, int32_t offset)
{
    start(true, false);
    describe(frames, 1, 8, 8, "MONOCHROME2 ");
    head(0x7FE00010, "OB", UNDEFINED);
    item(8);
    u32(0);
    u32((uint32_t)offset);
    for (int i = 0; i < 2; i++) {
        item(sizeof FRAME - 1);
        raw(FRAME, sizeof FRAME - 1);
    }
    sequence_end();
}

Test(dicom_frames, offsets_must_be_those_of_frames)
{
    table("2 ", sizeof FRAME - 1 + 8);
    cr_expect(cut(BASELINE), "%s", err.msg);
    table("2 ", sizeof FRAME - 1);
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "frame 2 is not where the table");
    table(NULL, sizeof FRAME - 1 + 8);
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "of 8 bytes, want 4");
}

static void extended(const char *offset, const char *length)
{
    start(true, false);
    describe(NULL, 1, 8, 8, "MONOCHROME2 ");
    head(0x7FE00001, "OV", 8);
    raw(offset, 8);
    head(0x7FE00002, "OV", 8);
    raw(length, 8);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item(sizeof FRAME - 1 + 1);
    raw(FRAME, sizeof FRAME);
    sequence_end();
}

Test(dicom_frames, extended_offsets_and_lengths_must_be_those_of_frames)
{
    cr_assert_eq(sizeof FRAME - 1, 101);
    extended("\0\0\0\0\0\0\0\0", "\x65\0\0\0\0\0\0\0");
    cr_expect(cut(BASELINE), "%s", err.msg);
    extended("\0\0\0\0\0\0\0\0", "\x66\0\0\0\0\0\0\0");
    cr_expect(cut(BASELINE), "%s", err.msg);
    extended("\0\0\0\0\0\0\0\0", "JaneDoe\0");
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "the table of lengths");
    extended("JaneDoe\0", "\x66\0\0\0\0\0\0\0");
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "frame 1 is not where the table");
}

Test(dicom_frames, there_must_be_as_many_frames_as_it_says)
{
    FRAGMENTS(NULL, B(FRAME), B(FRAME));
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "more than the 1 frames");
    FRAGMENTS("2 ", {FRAME, 20}, {&FRAME[20], sizeof FRAME - 21});
    expect_bad(BASELINE, IMP_ERR_DAMAGED, "1 frames, want 2");
    FRAGMENTS("2 ", B(FRAME), B(""), B(FRAME));
    cr_expect(cut(BASELINE), "%s", err.msg);
}

Test(dicom_frames, frames_without_compression_have_their_size)
{
    char frame[67];
    memset(frame, 'x', sizeof frame);
    FRAGMENTS("2 ", {frame, 64}, {frame, 67});
    cr_assert(cut(UNCOMPRESSED), "%s", err.msg);
    memset(frame + 64, 0, 3);
    FRAGMENTS("2 ", {frame, 64}, {frame, 67});
    cr_expect(out.n == made.n && memcmp(out.p, made.p, out.n) == 0);
    FRAGMENTS("2 ", {frame, 64}, {frame, 63});
    expect_bad(UNCOMPRESSED, IMP_ERR_DAMAGED, "a frame of 63 bytes, want 64");
}

Test(dicom_frames, what_is_not_looked_into_is_not_supported)
{
    FRAGMENTS(NULL, B("ab"));
    expect_bad(SYNTAX(".4.102"), IMP_ERR_UNSUPPORTED, "video in DICOM");
    expect_bad(SYNTAX(".4.110"), IMP_ERR_UNSUPPORTED, "JPEG XL Lossless");
    expect_bad(SYNTAX(".8.1"), IMP_ERR_UNSUPPORTED, "Deflated Image Frame");
}

Test(dicom_frames, pixels_in_a_sequence_are_not_supported)
{
    start(true, false);
    size_t icon = begin(0x00880200, "SQ"), in = begin(IMP_DCM_ITEM, "");
    el(0x7FE00010, "OB", "ab");
    fit(in), fit(icon);
    expect_bad(EXPLICIT, IMP_ERR_UNSUPPORTED, "pixel data in a sequence");
}

// --- Native ---

static void native(uint16_t side, uint16_t allocated, const char *colour,
                   const char *frames, size_t n)
{
    describe(frames, colour[0] == 'Y' ? 3 : 1, side, allocated, colour);
    head(0x7FE00010, "OW", (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        raw("x", 1);
}

static void expect_zeros_behind(const char *uid, size_t n)
{
    cr_assert(cut(uid), "%s", err.msg);
    cr_expect(out.n == made.n && memcmp(out.p, made.p, made.n - n) == 0);
    for (size_t i = made.n - n; i < made.n; i++)
        cr_expect_eq(out.p[i], 0);
}

Test(dicom_frames, bytes_behind_native_pixels_become_zeros)
{
    start(true, false);
    native(8, 16, "MONOCHROME2 ", "2 ", 256 + 40);
    expect_zeros_behind(EXPLICIT, 40);
    start(true, false);
    native(8, 16, "MONOCHROME2 ", "2 ", 256);
    expect_zeros_behind(EXPLICIT, 0);
    start(true, false);
    native(3, 8, "MONOCHROME2 ", "3 ", 28);
    expect_zeros_behind(EXPLICIT, 1);
    start(true, false);
    native(10, 1, "MONOCHROME2 ", "62", 776);
    expect_zeros_behind(EXPLICIT, 1);
    start(true, false);
    native(8, 8, "YBR_FULL_422", NULL, 130);
    expect_zeros_behind(EXPLICIT, 2);
}

// Words of a big endian data set: the last sample is in the last byte.
Test(dicom_frames, an_odd_number_of_samples_in_words_ends_with_a_sample)
{
    start(true, true);
    native(3, 8, "MONOCHROME2 ", NULL, 12);
    expect_zeros_behind(BIG, 2);
    start(true, true);
    native(3, 8, "MONOCHROME2 ", NULL, 9);
    expect_zeros_behind(BIG, 0);
    start(true, true);
    native(4, 8, "MONOCHROME2 ", NULL, 18);
    expect_zeros_behind(BIG, 2);
}

Test(dicom_frames, native_pixels_must_be_all_there)
{
    start(true, false);
    native(8, 16, "MONOCHROME2 ", "2 ", 255);
    expect_bad(EXPLICIT, IMP_ERR_DAMAGED, "255 bytes, the attributes say 256");
    start(true, false);
    native(0, 16, "MONOCHROME2 ", NULL, 2);
    expect_bad(EXPLICIT, IMP_ERR_DAMAGED, "2 bytes, the attributes say 0");
    // Is it the colour that lies, or the length?
    start(true, false);
    native(8, 8, "YBR_FULL_422", NULL, 192);
    expect_bad(EXPLICIT, IMP_ERR_DAMAGED, "192 bytes, the attributes say 128");
}

Test(dicom_frames, pixels_of_real_numbers_are_native_too)
{
    start(true, false);
    describe(NULL, 1, 2, 32, "MONOCHROME2 ");
    head(0x7FE00008, "OF", 20);
    raw("xxxxxxxxxxxxxxxxJane", 20);
    expect_zeros_behind(EXPLICIT, 4);
}

// --- Bits that are not stored ---

static void samples(uint16_t allocated, uint16_t stored, uint16_t high,
                    uint16_t is_signed, struct bytes value)
{
    us(0x00280002, 1);
    us(0x00280010, 1);
    us(0x00280011, (uint16_t)(value.n * 8 / allocated));
    us(0x00280100, allocated);
    us(0x00280101, stored);
    us(0x00280102, high);
    us(0x00280103, is_signed);
    head(0x7FE00010, "OW", (uint32_t)value.n);
    raw(value.p, value.n);
}

static const struct {
    bool big;
    uint16_t allocated, stored, high, is_signed;
    struct bytes clean, hiding;
} unused[] = {
    // The last sample, in what is no whole word of 64 bits, is looked at.
    {false,
     16,
     12,
     11,
     0,
     {"\xFF\x0F\0\0\1\0\2\0\xFF\x0F", 10},
     {"\xFF\x0F\0\0\1\0\2\0\xFF\x1F", 10}},
    {false,
     16,
     12,
     11,
     0,
     {"\0\0\0\0\0\0\0\x0F", 8},
     {"\0\0\0\0\0\0\0\x80", 8}},
    {true,
     16,
     12,
     11,
     0,
     {"\x0F\xFF\0\0\0\1\0\2", 8},
     {"\x0F\xFF\0\0\0\1\x10\2", 8}},
    // Copies of the sign, or zeros: in all samples the same.
    {false,
     16,
     12,
     11,
     1,
     {"\0\xF8\xFF\x07\xFF\xFF\0\0", 8},
     {"\0\xF8\xFF\x07\xFF\xFF\0\x10", 8}},
    {false,
     16,
     12,
     11,
     1,
     {"\0\x08\xFF\x07\xFF\x0F\0\0", 8},
     {"\0\xF8\xFF\x07\xFF\x0F\0\0", 8}},
    {true,
     16,
     12,
     11,
     1,
     {"\xF8\0\x07\xFF\xFF\xFF\0\0", 8},
     {"\xF8\0\x07\xFF\xFF\xFF\x10\0", 8}},
    // Above a value that is not at the lowest bits, and below it.
    {false, 16, 8, 11, 0, {"\xF0\x0F\x10\0", 4}, {"\xF0\x0F\x11\0", 4}},
    {false, 16, 8, 11, 0, {"\xF0\x0F\x10\0", 4}, {"\xF0\x0F\x10\x10", 4}},
    {false, 16, 12, 15, 1, {"\xF0\xFF\x10\0", 4}, {"\xF0\xFF\x11\0", 4}},
    {false, 8, 1, 0, 0, {"\1\0\1\1", 4}, {"\1\0\2\1", 4}},
    {false,
     32,
     24,
     23,
     0,
     {"\xFF\xFF\xFF\0\1\0\0\0", 8},
     {"\xFF\xFF\xFF\0\1\0\0\1", 8}},
};

Test(dicom_frames, bits_of_native_samples_that_are_not_stored_must_be_empty)
{
    for (size_t i = 0; i < sizeof unused / sizeof *unused; i++) {
        const char *uid = unused[i].big ? BIG : EXPLICIT;
        for (int bad = 0; bad < 2; bad++) {
            start(true, unused[i].big);
            samples(unused[i].allocated, unused[i].stored, unused[i].high,
                    unused[i].is_signed,
                    bad ? unused[i].hiding : unused[i].clean);
            cr_expect_eq(cut(uid), !bad, "%zu %d: %s", i, bad, err.msg);
            cr_expect(!bad || strstr(err.msg, "bits of a sample that are not"),
                      "%zu: %s", i, err.msg);
        }
        cr_expect(cut_span(made_span(), uid, IMP_CHECK_STRUCTURE), "%s",
                  err.msg);
    }
}

Test(dicom_frames, the_value_must_lie_within_its_sample)
{
    start(true, false);
    samples(16, 12, 10, 0, B("\1\0\2\0"));
    expect_bad(EXPLICIT, IMP_ERR_DAMAGED, "samples of 12 bits in 16");
    start(true, false);
    samples(16, 12, 16, 0, B("\1\0\2\0"));
    expect_bad(EXPLICIT, IMP_ERR_DAMAGED, "samples of 12 bits in 16");
}

static void rle_samples(uint16_t is_signed, uint16_t stored,
                        struct bytes segments)
{
    start(true, false);
    us(0x00280002, 1);
    us(0x00280010, 1);
    us(0x00280011, 2);
    us(0x00280100, 16);
    us(0x00280101, stored);
    us(0x00280102, (uint16_t)(stored - 1));
    us(0x00280103, is_signed);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item((uint32_t)(64 + segments.n));
    raw(RLE_HEAD("\x40\0\0\0", "\x44\0\0\0"), 64);
    raw(segments.p, segments.n);
    sequence_end();
}

// The high bytes of both samples come first.
Test(dicom_frames, bits_of_rle_samples_that_are_not_stored_must_be_empty)
{
    static const struct {
        uint16_t is_signed, stored;
        struct bytes clean, hiding;
    } rows[] = {
        {0, 12, {"\1\x0F\0\x80\1ab\x80", 8}, {"\1\x0F\x10\x80\1ab\x80", 8}},
        {0,
         12,
         {"\xFF\x0F\x80\x80\1ab\x80", 8},
         {"\xFF\x8F\x80\x80\1ab\x80", 8}},
        {1, 12, {"\1\xF8\x07\x80\1ab\x80", 8}, {"\1\xF8\x17\x80\1ab\x80", 8}},
        {1, 12, {"\1\x08\x07\x80\1ab\x80", 8}, {"\1\x08\xF8\x80\1ab\x80", 8}},
        {1, 8, {"\1\0\0\x80\1ab\x80", 8}, {"\1\xFF\0\x80\1ab\x80", 8}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rle_samples(rows[i].is_signed, rows[i].stored, rows[i].clean);
        cr_expect(cut(RLE), "%zu: %s", i, err.msg);
        rle_samples(rows[i].is_signed, rows[i].stored, rows[i].hiding);
        expect_bad(RLE, IMP_ERR_UNSUPPORTED, "bits of a sample that are not");
    }
}
