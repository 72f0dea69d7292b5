// How many pictures, by structure alone: files are built byte by byte.
#include "mark/frames.h"

#include "image/format.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct imp_buf file;

static void tear_down(void)
{
    imp_buf_clear(&file);
}

TestSuite(frames, .fini = tear_down, .timeout = 60);

static void add(const void *bytes, size_t n)
{
    cr_assert(imp_buf_add(&file, bytes, n, NULL));
}

#define ADD(literal) add(literal, sizeof(literal) - 1)

static void add_be32(uint32_t v)
{
    uint8_t p[4];
    imp_put_be32(p, v);
    add(p, sizeof p);
}

static void add_le32(uint32_t v)
{
    uint8_t p[4];
    imp_put_le32(p, v);
    add(p, sizeof p);
}

static uint64_t frames(const char *format)
{
    return imp_frames_of(format, imp_buf_span(&file));
}

// Of the first `n` bytes alone: sanitizers see what lies behind them being
// read.
static uint64_t frames_of_cut(const char *format, size_t n)
{
    uint8_t *p = malloc(n ? n : 1);
    cr_assert_not_null(p);
    if (n)
        memcpy(p, file.p, n);
    uint64_t got = imp_frames_of(format, (struct imp_span){p, n});
    free(p);
    return got;
}

// Every file that ends early holds `most` pictures at most, and none that ends
// before `least` bytes is said to have any.
static void expect_cut(const char *format, size_t least)
{
    uint64_t most = frames(format);
    for (size_t n = 0; n < file.n; n++) {
        uint64_t got = frames_of_cut(format, n);
        cr_expect(got == 0 || (n >= least && got == most), "%s cut at %zu: %ju",
                  format, n, (uintmax_t)got);
    }
}

Test(frames, of_a_format_without_a_row_are_none)
{
    ADD("\xFF\xD8\xFF\xD9");
    cr_expect_eq(frames("jpeg"), 0);
    cr_expect_eq(frames(""), 0);
}

Test(frames, of_an_empty_file_are_none)
{
    for (size_t i = 0; imp_formats[i]; i++)
        cr_expect_eq(frames(imp_formats[i]->name), 0, "%s",
                     imp_formats[i]->name);
}

// --- PNG: a CRC is not looked at ---

static void add_chunk(const char *type, const void *data, uint32_t n)
{
    add_be32(n);
    add(type, 4);
    add(data, n);
    add_be32(0);
}

static void start_png(void)
{
    static const uint8_t header[13];
    ADD("\x89PNG\r\n\x1A\n");
    add_chunk("IHDR", header, sizeof header);
}

Test(frames, of_png_are_one)
{
    start_png();
    add_chunk("IDAT", "x", 1);
    add_chunk("IEND", "", 0);
    cr_expect_eq(frames("png"), 1);
    expect_cut("png", 8 + 25 + 8);
}

Test(frames, of_animated_png_are_what_it_says_before_its_data)
{
    start_png();
    add_chunk("acTL", "\0\0\0\3\0\0\0\0", 8);
    add_chunk("IDAT", "x", 1);
    cr_expect_eq(frames("png"), 3);
    expect_cut("png", 8 + 25 + 12);
    file.n = 0;
    start_png();
    add_chunk("IDAT", "x", 1);
    add_chunk("acTL", "\0\0\0\3\0\0\0\0", 8);
    cr_expect_eq(frames("png"), 1);
}

Test(frames, of_png_with_a_length_that_lies_are_none)
{
    static const uint32_t lengths[] = {14, 1000, 0x7FFFFFFF, 0xFFFFFFFF};
    start_png();
    add_chunk("IDAT", "x", 1);
    for (size_t i = 0; i < 4; i++) {
        imp_put_be32(file.p + 8, lengths[i]);
        cr_expect_eq(frames("png"), 0, "%u", lengths[i]);
    }
}

// --- GIF ---

static void add_image(bool own_colours)
{
    ADD("\x2C\0\0\0\0\1\0\1\0");
    add(own_colours ? "\x81" : "\0", 1);
    for (int i = 0; own_colours && i < 12; i++)
        ADD("\x3B"); // what would pass for a trailer
    ADD("\2\2\x4C\1\0");
}

static void start_gif(void)
{
    ADD("GIF89a\1\0\1\0\x80\0\0");
    ADD("\x3B\x3B\x3B\x2C\x2C\x2C"); // two colours
    ADD("\x21\xF9\4\0\0\0\0\0");
    ADD("\x21\xFE\3\x3B\x2C\x21\xC8"); // in two pieces, one of 200 bytes
    for (int i = 0; i < 200; i++)
        ADD("\x3B");
    ADD("\0");
}

Test(frames, of_gif_are_its_images)
{
    start_gif();
    for (uint64_t n = 1; n < 4; n++) {
        add_image(n & 1);
        ADD("\x3B");
        cr_expect_eq(frames("gif"), n);
        expect_cut("gif", file.n);
        file.n--;
    }
    cr_expect_eq(frames("gif"), 0, "without a trailer");
}

Test(frames, of_gif_with_a_length_or_block_that_lies_are_none)
{
    start_gif();
    size_t at = file.n;
    add_image(false);
    ADD("\x3B");
    cr_assert_eq(frames("gif"), 1);
    file.p[at + 11] = 255; // of the coded data
    cr_expect_eq(frames("gif"), 0);
    file.p[at + 11] = 2;
    file.p[at + 9] = 0x87; // 256 colours of its own
    cr_expect_eq(frames("gif"), 0);
    file.p[at + 9] = 0;
    file.p[at] = 0x2D; // no such block
    cr_expect_eq(frames("gif"), 0);
}

// --- WebP ---

static void add_riff(const char *type, uint32_t n)
{
    add(type, 4);
    add_le32(n);
    for (uint32_t i = 0; i < n + (n & 1); i++)
        ADD("\0");
}

static void start_webp(void)
{
    ADD("RIFF\0\0\0\0WEBP");
    add_riff("VP8X", 10);
}

Test(frames, of_webp_are_one_or_its_animation_frames)
{
    start_webp();
    add_riff("VP8L", 5);
    cr_expect_eq(frames("webp"), 1);
    file.n = 0;
    start_webp();
    add_riff("ANIM", 6);
    for (uint32_t n = 1; n < 4; n++) {
        add_riff("ANMF", 16 + n);
        cr_expect_eq(frames("webp"), n);
        file.n -= n & 1; // the last byte of padding
        cr_expect_eq(frames("webp"), n);
        file.n += n & 1;
    }
}

Test(frames, of_webp_with_a_chunk_that_is_not_all_there_are_none)
{
    start_webp();
    size_t first = file.n;
    add_riff("ANMF", 16);
    size_t second = file.n;
    add_riff("ANMF", 16);
    for (size_t n = 0; n < file.n; n++)
        if (n != first && n != second)
            cr_expect_eq(frames_of_cut("webp", n), 0, "cut at %zu", n);
    static const uint32_t lengths[] = {17, 1000, 0x7FFFFFFF, 0xFFFFFFFE,
                                       0xFFFFFFFF};
    for (size_t i = 0; i < 5; i++) {
        imp_put_le32(file.p + second + 4, lengths[i]);
        cr_expect_eq(frames("webp"), 0, "%u", lengths[i]);
    }
}

// --- TIFF ---

// A directory of one tag, SubIFDs or some other: 18 bytes.
static void add_ifd(uint16_t tag, uint32_t count, uint32_t value, bool last)
{
    ADD("\1\0");
    add_le32(tag | 4u << 16); // LONG
    add_le32(count);
    add_le32(value);
    add_le32(last ? 0 : (uint32_t)file.n + 4);
}

Test(frames, of_tiff_are_its_directories_and_their_sub_directories)
{
    ADD("II*\0\x08\0\0\0");
    add_ifd(256, 1, 1, false);
    add_ifd(330, 1, 8, false);
    add_ifd(330, 5, 8, true); // five numbers, wherever they point
    cr_expect_eq(frames("tiff"), 3 + 1 + 5);
    // A directory without a place for the next is the last (libtiff).
    for (size_t n = 0; n < file.n; n++) {
        uint64_t want = n < 22 ? 0 : n < 26 ? 1 : n < 40 ? 0 : n < 44 ? 3 : 0;
        if (n < 58)
            cr_expect_eq(frames_of_cut("tiff", n), want, "cut at %zu", n);
    }
}

Test(frames, of_tiff_that_loops_or_lies_are_none)
{
    ADD("II*\0\x08\0\0\0");
    add_ifd(256, 1, 1, false);
    add_ifd(256, 1, 1, true);
    cr_assert_eq(frames("tiff"), 2);
    imp_put_le32(file.p + file.n - 4, 8); // back to the first
    cr_expect_eq(frames("tiff"), 0);
    imp_put_le32(file.p + file.n - 4, 0xFFFFFFF0);
    cr_expect_eq(frames("tiff"), 0);
    imp_put_le32(file.p + file.n - 4, 0);
    file.p[8] = 0xFF; // entries
    cr_expect_eq(frames("tiff"), 0);

    static const uint32_t counts[] = {20, 0x40000000, 0xFFFFFFFF};
    for (size_t i = 0; i < 3; i++) {
        file.n = 0;
        ADD("II*\0\x08\0\0\0");
        add_ifd(330, counts[i], 8, true);
        cr_expect_eq(frames("tiff"), 0, "%u", counts[i]);
    }
}

// --- HEIF and AVIF ---

static void add_box(uint32_t size, const char *type)
{
    add_be32(size);
    add(type, 4);
    for (uint32_t i = 8; i < size; i++)
        ADD("\0");
}

Test(frames, of_heif_without_a_sequence_are_one_or_more)
{
    add_box(24, "ftyp");
    add_box(40, "meta");
    add_box(16, "mdat");
    cr_expect_eq(frames("heif"), 1);
    cr_expect_eq(frames("avif"), 1);
    add_box(0, "mdat"); // to the end of the file
    ADD("moov is coded data here");
    cr_expect_eq(frames("heif"), 1);
}

Test(frames, of_a_sequence_are_not_told_wherever_it_stands)
{
    add_box(24, "ftyp");
    ADD("\0\0\0\1free\0\0\0\0\0\0\0\x18"
        "12345678"); // its size in 64 bits
    add_box(8, "free");
    add_box(24, "moov");
    cr_expect_eq(frames("heif"), 0);
    file.n -= 24;
    cr_expect_eq(frames("heif"), 1);
    add_box(8, "moov");
    cr_expect_eq(frames("heif"), 0);
}

Test(frames, of_heif_with_a_box_that_is_not_all_there_are_none)
{
    static const uint32_t sizes[] = {2, 7, 25, 0x7FFFFFFF, 0xFFFFFFFF};
    add_box(24, "ftyp");
    size_t at = file.n;
    add_box(24, "meta");
    for (size_t n = 0; n < file.n; n++)
        if (n != at)
            cr_expect_eq(frames_of_cut("heif", n), 0, "cut at %zu", n);
    for (size_t i = 0; i < 5; i++) {
        imp_put_be32(file.p + at, sizes[i]);
        cr_expect_eq(frames("heif"), 0, "%u", sizes[i]);
    }
    file.n = at;
    ADD("\0\0\0\1meta\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xF0");
    cr_expect_eq(frames("heif"), 0, "a size that wraps");
    file.n = at;
    ADD("\0\0\0\1meta\0\0\0\0\0\0\0\x08");
    cr_expect_eq(frames("heif"), 0, "smaller than its own header");
    file.n = at;
    ADD("\0\0\0\1meta\0\0\0\0");
    cr_expect_eq(frames("heif"), 0, "half a size");
}
