#include "png_maker.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect_refused(struct imp_span in, const char *what)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct png_result r = png_cut(in, &e);
    cr_expect_not(r.ok, "%s", what);
    cr_expect_eq(r.err.code, IMP_ERR_DAMAGED, "%s: %s", what, r.err.msg);
    cr_expect(r.err.has_at && r.err.at <= in.n, "%s", what);
    png_result_clear(&r);
    png_editor_clear(&e);
}

static void expect_kept(struct imp_span in, const char *what)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct png_result r = png_cut(in, &e);
    cr_expect(r.ok && r.all_kept, "%s: %s", what, r.err.msg);
    png_result_clear(&r);
    png_editor_clear(&e);
}

// A grey image of these properties whose IDAT holds the zlib stream of `raw`.
static struct imp_buf image_of(uint32_t w, uint32_t h, uint8_t depth,
                               uint8_t colour, uint8_t interlace,
                               struct imp_span raw)
{
    struct imp_buf in = {0}, z = {0};
    png_signature(&in);
    png_ihdr(&in, w, h, depth, colour, interlace);
    png_zlib(&z, raw.p, raw.n);
    png_chunk(&in, "IDAT", z.p, z.n);
    png_chunk(&in, "IEND", NULL, 0);
    imp_buf_clear(&z);
    return in;
}

// The raw size of an interlaced image, found the long way: PNG 3rd ed. 8.1,
// figure: the pass of each pixel of an 8 by 8 tile.
static size_t interlaced_size(uint32_t w, uint32_t h, size_t bits)
{
    static const char tile[8][9] = {"16462646", "77777777", "56565656",
                                    "77777777", "36463646", "77777777",
                                    "56565656", "77777777"};
    size_t size = 0;
    for (char pass = '1'; pass <= '7'; pass++)
        for (uint32_t y = 0; y < h; y++) {
            size_t pixels = 0;
            for (uint32_t x = 0; x < w; x++)
                pixels += tile[y % 8][x % 8] == pass;
            if (pixels)
                size += 1 + (pixels * bits + 7) / 8;
        }
    return size;
}

Test(png_data, the_rows_must_be_exactly_those_of_the_header)
{
    static const struct {
        uint8_t depth, colour;
        size_t bits;
    } kinds[] = {{1, 0, 1}, {2, 0, 2}, {8, 2, 24}, {16, 6, 64}};
    uint8_t *zeros = calloc(1, 4096);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (uint32_t w = 1; w <= 10; w++)
            for (uint32_t h = 1; h <= 10; h++)
                for (uint8_t lace = 0; lace < 2; lace++) {
                    size_t n = lace ? interlaced_size(w, h, kinds[k].bits)
                                    : h * (1 + (w * kinds[k].bits + 7) / 8);
                    for (int more = -1; more <= 1; more++) {
                        struct imp_span raw = {zeros, n + (size_t)more};
                        struct imp_buf in = image_of(
                            w, h, kinds[k].depth, kinds[k].colour, lace, raw);
                        if (more)
                            expect_refused(imp_buf_span(&in), "size");
                        else
                            expect_kept(imp_buf_span(&in), "size");
                        imp_buf_clear(&in);
                    }
                }
    free(zeros);
}

// PNG 3rd ed. 9.2.
Test(png_data, each_row_begins_with_a_filter_from_0_to_4)
{
    uint8_t raw[5 * 9] = {[0] = 0, [9] = 1, [18] = 2, [27] = 3, [36] = 4};
    struct imp_span span = {raw, sizeof raw};
    struct imp_buf in = image_of(8, 5, 8, 0, 0, span);
    expect_kept(imp_buf_span(&in), "0 to 4");
    imp_buf_clear(&in);
    for (size_t row = 0; row < 5; row++) {
        uint8_t was = raw[9 * row];
        raw[9 * row] = 5;
        in = image_of(8, 5, 8, 0, 0, span);
        expect_refused(imp_buf_span(&in), "filter 5");
        imp_buf_clear(&in);
        raw[9 * row] = was;
    }
}

// Rows that lie across the 64 KiB that are inflated at a time.
Test(png_data, a_large_image_is_checked_to_its_last_row)
{
    const size_t row = 1 + 3 * 7001, rows = 100;
    uint8_t *raw = calloc(rows, row);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 1; j < row; j++)
            raw[i * row + j] = (uint8_t)(i * j >> 3 | 5); // no valid filter
    struct imp_buf in =
        image_of(7001, 100, 8, 2, 0, (struct imp_span){raw, rows * row});
    expect_kept(imp_buf_span(&in), "large");
    imp_buf_clear(&in);
    raw[99 * row] = 9;
    in = image_of(7001, 100, 8, 2, 0, (struct imp_span){raw, rows * row});
    expect_refused(imp_buf_span(&in), "last row's filter");
    imp_buf_clear(&in);
    free(raw);
}

Test(png_data, one_stream_may_be_cut_into_idat_chunks_anywhere)
{
    struct imp_buf z = {0};
    png_zlib_zeros(&z, png_raw_size(0));
    for (size_t cut = 0; cut <= z.n; cut++) {
        struct png_editor e = png_editor_of(IMP_FATE_DROP);
        struct imp_buf in = {0};
        png_start(&in, 0);
        png_chunk(&in, "IDAT", NULL, 0);
        png_chunk(&in, "IDAT", z.p, cut);
        png_chunk(&in, "IDAT", z.p + cut, z.n - cut);
        png_chunk(&in, "IEND", NULL, 0);
        struct png_result r = png_cut(imp_buf_span(&in), &e);
        cr_expect(r.ok, "%zu: %s", cut, r.err.msg);
        // Only a chunk wholly behind the end goes: the last one, empty.
        cr_expect_eq(r.all_kept, cut < z.n, "%zu", cut);
        png_result_clear(&r);
        imp_buf_clear(&in);
        png_editor_clear(&e);
    }
    imp_buf_clear(&z);
}

Test(png_data, a_stream_cut_off_or_changed_anywhere_is_refused)
{
    struct imp_buf z = {0};
    png_zlib_zeros(&z, png_raw_size(0));
    for (size_t i = 0; i < z.n; i++) {
        struct imp_buf in = {0};
        png_start(&in, 0);
        png_chunk(&in, "IDAT", z.p, i);
        png_chunk(&in, "IEND", NULL, 0);
        expect_refused(imp_buf_span(&in), "cut off");
        imp_buf_clear(&in);
    }
    for (size_t i = z.n - 4; i < z.n; i++) { // RFC 1950 2.2: Adler-32
        struct imp_buf in = {0};
        z.p[i] ^= 1;
        png_start(&in, 0);
        png_chunk(&in, "IDAT", z.p, z.n);
        png_chunk(&in, "IEND", NULL, 0);
        expect_refused(imp_buf_span(&in), "checksum");
        z.p[i] ^= 1;
        imp_buf_clear(&in);
    }
    imp_buf_clear(&z);
}

Test(png_data, the_offset_of_damage_is_where_the_stream_breaks)
{
    uint8_t raw[64 * 65] = {0};
    struct imp_buf z = {0}, in = {0};
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = i % 65 ? (uint8_t)(i * i * 31 >> 4) : 0;
    png_zlib(&z, raw, sizeof raw);
    size_t bad = z.n / 2;
    memset(z.p + bad, 0xff, 8);
    png_signature(&in);
    png_ihdr(&in, 64, 64, 8, 0, 0);
    png_chunk(&in, "IDAT", z.p, 10);
    size_t data = in.n + 8;
    png_chunk(&in, "IDAT", z.p + 10, z.n - 10);
    png_chunk(&in, "IEND", NULL, 0);
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct png_result r = png_cut(imp_buf_span(&in), &e);
    cr_assert_not(r.ok);
    cr_expect_geq(r.err.at, data + bad - 10);
    cr_expect_leq(r.err.at, data + z.n - 10);
    png_result_clear(&r);
    png_editor_clear(&e);
    imp_buf_clear(&in);
    imp_buf_clear(&z);
}

Test(png_data, what_follows_the_stream_is_cut_off_and_the_chunk_made_whole)
{
    struct png_editor e = png_editor_of(IMP_FATE_KEEP);
    struct imp_buf z = {0}, in = {0}, want = {0};
    png_zlib_zeros(&z, png_raw_size(0));
    png_start(&want, 0);
    png_chunk(&want, "IDAT", z.p, 5);
    png_chunk(&want, "IDAT", z.p + 5, z.n - 5);
    png_chunk(&want, "IEND", NULL, 0);
    png_start(&in, 0);
    png_chunk(&in, "IDAT", z.p, 5);
    png_add(&z, CANARY, sizeof CANARY);
    png_chunk(&in, "IDAT", z.p + 5, z.n - 5);
    png_chunk(&in, "IDAT", CANARY, sizeof CANARY);
    png_chunk(&in, "IDAT", NULL, 0);
    png_chunk(&in, "IEND", NULL, 0);
    png_add(&in, CANARY, 3);
    cr_expect(png_becomes(imp_buf_span(&in), &e, imp_buf_span(&want)));
    cr_expect_geq(e.asked[IMP_PART_TRAILER], 3);
    imp_buf_clear(&in);
    imp_buf_clear(&want);
    imp_buf_clear(&z);
    png_editor_clear(&e);
}

// --- Animations ---

// The streams of a whole frame and of one of 4 by 2 pixels.
static struct imp_buf full, small;

static void make_streams(void)
{
    png_zlib_zeros(&full, png_raw_size(0));
    png_zlib_zeros(&small, 2 * (1 + 4));
}

static void free_streams(void)
{
    imp_buf_clear(&full);
    imp_buf_clear(&small);
}

TestSuite(apng, .init = make_streams, .fini = free_streams);

Test(apng, frames_are_image_data_and_are_kept)
{
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_actl(&in, 3);
    png_fctl(&in, 0, 8, 8, 0, 0);
    png_idat(&in, 0);
    png_fctl(&in, 1, 4, 2, 4, 6);
    png_fdat(&in, 2, small.p, 3);
    png_fdat(&in, 3, small.p + 3, small.n - 3);
    png_fctl(&in, 4, 8, 8, 0, 0);
    png_fdat(&in, 5, full.p, full.n);
    png_chunk(&in, "IEND", NULL, 0);
    expect_kept(imp_buf_span(&in), "the image is the first frame");
    in.n = 0;
    png_start(&in, 0);
    png_actl(&in, 1);
    png_idat(&in, 0);
    png_fctl(&in, 0, 4, 2, 0, 0);
    png_fdat(&in, 1, small.p, small.n);
    png_chunk(&in, "IEND", NULL, 0);
    expect_kept(imp_buf_span(&in), "the image is no frame");
    in.n = 0;
    png_start(&in, 0);
    png_fctl(&in, 0, 8, 8, 0, 0);
    png_actl(&in, 1);
    png_end(&in, 0);
    expect_kept(imp_buf_span(&in), "fcTL before acTL");
    imp_buf_clear(&in);
}

// Chunks that go leave no hole in the sequence: the others are numbered anew.
Test(apng, sequence_numbers_close_up_over_dropped_chunks)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct imp_buf in = {0}, want = {0}, tail = {0};
    png_add(&tail, small.p, small.n);
    png_add(&tail, CANARY, sizeof CANARY);
    png_start(&in, 0);
    png_actl(&in, 2);
    png_idat(&in, 0);
    png_fctl(&in, 0, 4, 2, 0, 0);
    png_fdat(&in, 1, tail.p, tail.n);
    png_fdat(&in, 2, CANARY, sizeof CANARY);
    png_fctl(&in, 3, 4, 2, 0, 0);
    png_fdat(&in, 4, small.p, 3);
    png_chunk(&in, "tEXt", "Author\0Jane", 11);
    png_fdat(&in, 5, small.p + 3, small.n - 3);
    png_chunk(&in, "IEND", NULL, 0);

    png_start(&want, 0);
    png_actl(&want, 2);
    png_idat(&want, 0);
    png_fctl(&want, 0, 4, 2, 0, 0);
    png_fdat(&want, 1, small.p, small.n);
    png_fctl(&want, 2, 4, 2, 0, 0);
    png_fdat(&want, 3, small.p, 3);
    png_fdat(&want, 4, small.p + 3, small.n - 3);
    png_chunk(&want, "IEND", NULL, 0);
    cr_expect(png_becomes(imp_buf_span(&in), &e, imp_buf_span(&want)));
    expect_kept(imp_buf_span(&want), "again");
    imp_buf_clear(&in);
    imp_buf_clear(&want);
    imp_buf_clear(&tail);
    png_editor_clear(&e);
}

// Where the frame's chunks stand in a file that is well-formed but for them.
struct frames {
    const char *what;
    uint32_t promised;
    uint32_t fctl_seq, fdat_seq, w, h, x, y;
    bool has_fctl, has_fdat;
    size_t less; // bytes missing from the stream's end
};

static const struct frames broken[] = {
    {"promises another", 2, 0, 1, 4, 2, 0, 0, true, true, 0},
    {"promises none", 0, 0, 1, 4, 2, 0, 0, true, true, 0},
    {"begins at 1", 1, 1, 2, 4, 2, 0, 0, true, true, 0},
    {"leaves a hole", 1, 0, 2, 4, 2, 0, 0, true, true, 0},
    {"repeats a number", 1, 0, 0, 4, 2, 0, 0, true, true, 0},
    {"too wide", 1, 0, 1, 9, 2, 0, 0, true, true, 0},
    {"leaves on the right", 1, 0, 1, 4, 2, 5, 0, true, true, 0},
    {"leaves below", 1, 0, 1, 4, 2, 0, 7, true, true, 0},
    {"far away", 1, 0, 1, 4, 2, 0xfffffffe, 0, true, true, 0},
    {"no width", 1, 0, 1, 0, 2, 0, 0, true, true, 0},
    {"no height", 1, 0, 1, 4, 0, 0, 0, true, true, 0},
    {"other size than its data", 1, 0, 1, 4, 3, 0, 0, true, true, 0},
    {"no data", 1, 0, 0, 4, 2, 0, 0, true, false, 0},
    {"no control", 1, 0, 0, 4, 2, 0, 0, false, true, 0},
    {"cut off", 1, 0, 1, 4, 2, 0, 0, true, true, 1},
};

Test(apng, a_broken_animation_is_refused)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const struct frames *f = &broken[i];
        struct imp_buf in = {0};
        png_start(&in, 0);
        png_actl(&in, f->promised);
        png_idat(&in, 0);
        if (f->has_fctl)
            png_fctl(&in, f->fctl_seq, f->w, f->h, f->x, f->y);
        if (f->has_fdat)
            png_fdat(&in, f->fdat_seq, small.p, small.n - f->less);
        png_chunk(&in, "IEND", NULL, 0);
        expect_refused(imp_buf_span(&in), f->what);
        imp_buf_clear(&in);
    }
}

Test(apng, each_frame_has_its_own_control_and_all_of_its_data)
{
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_actl(&in, 2);
    png_idat(&in, 0);
    png_fctl(&in, 0, 4, 2, 0, 0);
    png_fdat(&in, 1, small.p, small.n - 1);
    png_fctl(&in, 2, 4, 2, 0, 0);
    png_fdat(&in, 3, small.p, small.n);
    png_chunk(&in, "IEND", NULL, 0);
    expect_refused(imp_buf_span(&in), "the first of two is cut off");
    in.n = 0;
    png_start(&in, 0);
    png_actl(&in, 1);
    png_fctl(&in, 0, 8, 8, 0, 0);
    png_idat(&in, 0);
    png_fdat(&in, 1, small.p, small.n);
    png_chunk(&in, "IEND", NULL, 0);
    expect_refused(imp_buf_span(&in), "data of no frame");
    imp_buf_clear(&in);
}

Test(apng, the_first_frame_must_be_the_image_if_it_is_before_it)
{
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_actl(&in, 1);
    png_fctl(&in, 0, 4, 8, 0, 0);
    png_end(&in, 0);
    expect_refused(imp_buf_span(&in), "smaller");
    in.n = 0;
    png_start(&in, 0);
    png_actl(&in, 2);
    png_fctl(&in, 0, 8, 8, 0, 0);
    png_fctl(&in, 1, 8, 8, 0, 0);
    png_end(&in, 0);
    expect_refused(imp_buf_span(&in), "two");
    imp_buf_clear(&in);
}

Test(apng, an_animation_chunk_with_a_bad_crc_or_length_is_refused)
{
    static const struct {
        const char *type;
        size_t n;
    } chunks[] = {
        {"acTL", 7}, {"acTL", 9}, {"fcTL", 25}, {"fcTL", 27}, {"fdAT", 3}};
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        const uint8_t d[27] = {[3] = 1, [7] = 8, [11] = 8};
        struct imp_buf in = {0};
        png_start(&in, 0);
        if (strcmp(chunks[i].type, "acTL") != 0)
            png_actl(&in, 1);
        png_chunk(&in, chunks[i].type, d, chunks[i].n);
        png_end(&in, 0);
        expect_refused(imp_buf_span(&in), chunks[i].type);
        imp_buf_clear(&in);
    }
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_actl(&in, 1);
    in.p[in.n - 1] ^= 1;
    png_end(&in, 0);
    expect_refused(imp_buf_span(&in), "acTL CRC");
    imp_buf_clear(&in);
}

// No decoder shows them: they go.
Test(apng, frames_without_an_animation_go)
{
    struct png_editor e = png_editor_of(IMP_FATE_KEEP);
    struct imp_buf in = {0}, want = {0};
    png_start(&want, 0);
    png_end(&want, 0);
    png_start(&in, 0);
    png_fctl(&in, 0, 8, 8, 0, 0);
    png_idat(&in, 0);
    png_actl(&in, 1);
    png_fdat(&in, 1, small.p, small.n);
    png_chunk(&in, "IEND", NULL, 0);
    cr_expect(png_becomes(imp_buf_span(&in), &e, imp_buf_span(&want)));
    imp_buf_clear(&in);
    imp_buf_clear(&want);
    png_editor_clear(&e);
}

Test(apng, the_pixels_of_all_frames_together_are_limited)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_actl(&in, 1);
    png_idat(&in, 0);
    png_fctl(&in, 0, 4, 2, 0, 0);
    png_fdat(&in, 1, small.p, small.n);
    png_chunk(&in, "IEND", NULL, 0);
    struct png_result r = png_cut_within(imp_buf_span(&in), &e, 64 + 8);
    cr_expect(r.ok);
    png_result_clear(&r);
    r = png_cut_within(imp_buf_span(&in), &e, 64 + 7);
    cr_expect_eq(r.err.code, IMP_ERR_LIMIT);
    png_result_clear(&r);
    imp_buf_clear(&in);
    png_editor_clear(&e);
}
