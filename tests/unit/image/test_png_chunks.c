#include "png_maker.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t palette[3 * 256];

// Is the chunk still there in what the image with only it, before IDAT and
// after PLTE if `late`, becomes? The image has 4 palette entries if indexed.
static bool survives(uint8_t colour, uint8_t depth, const char *type,
                     const void *data, size_t n, bool late)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct imp_buf in = {0}, z = {0};
    png_signature(&in);
    png_ihdr(&in, 8, 8, depth, colour, 0);
    if (!late)
        png_chunk(&in, type, data, n);
    if (colour == 3)
        png_chunk(&in, "PLTE", palette, 3 * 4);
    if (late)
        png_chunk(&in, type, data, n);
    size_t channels = (png_raw_size(colour) / 8 - 1) / 8;
    png_zlib_zeros(&z, 8 * (1 + channels * depth));
    png_chunk(&in, "IDAT", z.p, z.n);
    png_chunk(&in, "IEND", NULL, 0);
    struct png_result r = png_cut(imp_buf_span(&in), &e);
    cr_assert(r.ok, "%s, colour %u, depth %u: %s", type, colour, depth,
              r.err.msg);
    struct imp_span found;
    bool kept = png_find(imp_buf_span(&r.out), type, 0, &found) &&
                found.n == n && memcmp(found.p, data, n) == 0;
    cr_expect_eq(kept, r.all_kept);
    png_result_clear(&r);
    imp_buf_clear(&in);
    imp_buf_clear(&z);
    png_editor_clear(&e);
    return kept;
}

// By PNG 3rd ed. 11.3; the comment tells what is wrong.
static const struct {
    const char *type;
    uint8_t colour, depth;
    bool late, stays;
    size_t n;
    const char *data;
} cases[] = {
    {"gAMA", 0, 8, false, true, 4, "\0\0\xb1\x8f"},
    {"gAMA", 0, 8, false, false, 4, "\0\0\0\0"},    // no gamma
    {"gAMA", 0, 8, false, false, 4, "Jane"},        // text
    {"gAMA", 0, 8, false, false, 3, "\0\xb1\x8f"},  // length
    {"gAMA", 3, 8, true, false, 4, "\0\0\xb1\x8f"}, // after PLTE
    {"sRGB", 2, 8, false, true, 1, "\3"},
    {"sRGB", 2, 8, false, false, 1, "\4"}, // no such intent
    {"sBIT", 0, 8, false, true, 1, "\5"},
    {"sBIT", 0, 8, false, false, 1, "\0"},
    {"sBIT", 0, 8, false, false, 1, "\x09"}, // more than the depth
    {"sBIT", 4, 8, false, true, 2, "\5\1"},
    {"sBIT", 2, 8, false, true, 3, "\5\6\5"},
    {"sBIT", 3, 4, false, true, 3, "\5\6\x08"}, // of the palette
    {"sBIT", 6, 16, false, true, 4, "\5\6\5\x10"},
    {"sBIT", 6, 16, false, false, 3, "\5\6\5"}, // length
    {"cICP", 2, 8, false, true, 4, "\x09\x10\0\1"},
    {"cICP", 2, 8, false, false, 4, "\x09\x10\1\1"}, // a matrix
    {"cICP", 2, 8, false, false, 4, "\x09\x10\0\2"}, // range
    {"cLLI", 2, 8, false, true, 8, "\0\x98\x96\x80\0\x0f\x42\x40"},
    {"cLLi", 2, 8, false, true, 8, "\0\x98\x96\x80\0\x0f\x42\x40"},
    {"cLLI", 2, 8, false, false, 8, "JaneDoe1"},
    {"mDCV", 2, 8, false, true, 24,
     "\x8a\x48\x39\x08\x21\x34\x9b\xaa\x19\x96\x08\xfc\x3d\x13\x40\x42"
     "\0\x98\x96\x80\0\0\0\5"},
    {"mDCV", 2, 8, false, false, 24, // least above most
     "\x8a\x48\x39\x08\x21\x34\x9b\xaa\x19\x96\x08\xfc\x3d\x13\x40\x42"
     "\0\0\0\4\0\0\0\5"},
    {"cHRM", 2, 8, false, true, 32, // of sRGB
     "\0\0\x7a\x26\0\0\x80\x84\0\0\xfa\0\0\0\x80\xe8"
     "\0\0\x75\x30\0\0\xea\x60\0\0\x3a\x98\0\0\x17\x70"},
    {"cHRM", 2, 8, false, false, 32, // x and y above 1
     "\0\0\x7a\x26\0\1\x80\x84\0\0\xfa\0\0\0\x80\xe8"
     "\0\0\x75\x30\0\0\xea\x60\0\0\x3a\x98\0\0\x17\x70"},
    {"bKGD", 0, 8, false, true, 2, "\0\xff"},
    {"bKGD", 0, 4, false, true, 2, "\0\x0f"},
    {"bKGD", 0, 4, false, false, 2, "\0\x10"}, // beyond the depth
    {"bKGD", 2, 8, false, true, 6, "\0\1\0\2\0\3"},
    {"bKGD", 2, 8, false, false, 6, "\0\1\1\2\0\3"},
    {"bKGD", 6, 16, false, true, 6, "Jane D"},
    {"bKGD", 3, 8, true, true, 1, "\3"},
    {"bKGD", 3, 8, true, false, 1, "\4"},  // no such entry
    {"bKGD", 3, 8, false, false, 1, "\3"}, // before PLTE
    {"pHYs", 3, 8, true, true, 9, "\0\0\x0b\x13\0\0\x0b\x13\1"},
    {"pHYs", 0, 8, false, true, 9, "\0\0\0\1\0\0\0\2\0"},
    {"pHYs", 0, 8, false, false, 9, "\0\0\0\1\0\0\0\2\2"}, // unit
    {"pHYs", 0, 8, false, false, 9, "JaneDoe1\1"},
    {"tRNS", 0, 8, false, true, 2, "\0\x80"},
    {"tRNS", 2, 16, false, true, 6, "\x01\x80\x02\x80\x03\x80"},
    {"tRNS", 3, 8, true, true, 4, "\0\x80\xff\1"},
    {"tRNS", 3, 8, true, false, 5, "\0\x80\xff\1\2"}, // beyond the palette
    {"tRNS", 3, 8, true, false, 0, ""},
    {"tRNS", 3, 8, false, false, 4, "\0\x80\xff\1"}, // before PLTE
    {"tRNS", 4, 8, false, false, 2, "\0\x80"},       // has alpha
    {"tRNS", 0, 8, false, false, 6, "\0\1\0\2\0\3"}, // length
    {"hIST", 3, 8, true, false, 8, "\0\1\0\2\0\3\0\4"},
};

Test(png_chunks, what_describes_the_picture_stays_if_it_is_well_formed)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(survives(cases[i].colour, cases[i].depth, cases[i].type,
                              cases[i].data, cases[i].n, cases[i].late),
                     cases[i].stays, "case %zu: %s", i, cases[i].type);
}

// PNG 3rd ed. 11.3.1.1: the bits above the depth are not used.
Test(png_chunks, bits_of_trns_above_the_depth_are_cleared)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct imp_buf in = {0}, want = {0};
    png_start(&in, 2);
    png_chunk(&in, "tRNS", "J\1a\2n\3", 6);
    png_end(&in, 2);
    png_start(&want, 2);
    png_chunk(&want, "tRNS", "\0\1\0\2\0\3", 6);
    png_end(&want, 2);
    cr_expect(png_becomes(imp_buf_span(&in), &e, imp_buf_span(&want)));
    imp_buf_clear(&in);
    imp_buf_clear(&want);
    png_editor_clear(&e);
}

Test(png_chunks, the_first_good_one_stays_and_others_of_its_type_go)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct imp_buf in = {0}, want = {0};
    png_start(&in, 0);
    png_chunk(&in, "gAMA", "\0\0\xb1\x8e", 4);
    in.p[in.n - 1] ^= 1; // its CRC
    png_chunk(&in, "gAMA", "\0\0\xb1\x8f", 4);
    png_chunk(&in, "gAMA", "\0\0\xb1\x90", 4);
    png_idat(&in, 0);
    png_chunk(&in, "gAMA", "\0\0\xb1\x91", 4);
    png_chunk(&in, "IEND", NULL, 0);
    png_start(&want, 0);
    png_chunk(&want, "gAMA", "\0\0\xb1\x8f", 4);
    png_end(&want, 0);
    cr_expect(png_becomes(imp_buf_span(&in), &e, imp_buf_span(&want)));
    imp_buf_clear(&in);
    imp_buf_clear(&want);
    png_editor_clear(&e);
}

// --- What a picture cannot do without ---

static void expect_refused(struct imp_buf *in, enum imp_code code, uint64_t at,
                           const char *what)
{
    struct png_editor e = png_editor_of(IMP_FATE_KEEP);
    struct png_result r = png_cut(imp_buf_span(in), &e);
    cr_expect_not(r.ok, "%s", what);
    cr_expect_eq(r.err.code, code, "%s: %s: %s", what,
                 imp_code_name(r.err.code), r.err.msg);
    cr_expect(r.err.has_at, "%s", what);
    cr_expect_eq(r.err.at, at, "%s: at %ju, want %ju", what,
                 (uintmax_t)r.err.at, (uintmax_t)at);
    png_result_clear(&r);
    png_editor_clear(&e);
    imp_buf_clear(in);
}

Test(png_chunks, a_bad_header_is_refused)
{
    static const struct {
        const char *what;
        uint32_t w, h;
        uint8_t depth, colour, interlace;
    } bad[] = {
        {"width 0", 0, 8, 8, 0, 0},
        {"height 0", 8, 0, 8, 0, 0},
        {"width 2^31", 0x80000000, 1, 8, 0, 0},
        {"depth 3", 8, 8, 3, 0, 0},
        {"depth 0", 8, 8, 0, 0, 0},
        {"depth 4 in truecolour", 8, 8, 4, 2, 0},
        {"depth 16 indexed", 8, 8, 16, 3, 0},
        {"colour type 1", 8, 8, 8, 1, 0},
        {"colour type 5", 8, 8, 8, 5, 0},
        {"colour type 7", 8, 8, 8, 7, 0},
        {"colour type 255", 8, 8, 8, 255, 0},
        {"interlace 2", 8, 8, 8, 0, 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_buf in = {0};
        png_signature(&in);
        png_ihdr(&in, bad[i].w, bad[i].h, bad[i].depth, bad[i].colour,
                 bad[i].interlace);
        png_end(&in, 0);
        expect_refused(&in, IMP_ERR_DAMAGED, 8, bad[i].what);
    }
}

Test(png_chunks, a_header_of_the_wrong_length_method_or_crc_is_refused)
{
    for (int i = 0; i < 4; i++) {
        struct imp_buf in = {0};
        uint8_t d[14] = {[3] = 8, [7] = 8, [8] = 8};
        d[10] = i == 1;
        d[11] = i == 2;
        png_signature(&in);
        png_chunk(&in, "IHDR", d, i == 0 ? 14 : 13);
        if (i == 3)
            in.p[in.n - 1] ^= 1;
        png_end(&in, 0);
        expect_refused(&in, IMP_ERR_DAMAGED, 8, "IHDR");
    }
}

Test(png_chunks, an_unknown_critical_chunk_is_unsupported)
{
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_chunk(&in, "CRIt", "x", 1);
    png_end(&in, 0);
    expect_refused(&in, IMP_ERR_UNSUPPORTED, 33, "CRIt");
    png_signature(&in);
    png_chunk(&in, "CgBI", "\x50\0\x20\x02", 4);
    png_ihdr(&in, 8, 8, 8, 6, 0);
    png_end(&in, 6);
    expect_refused(&in, IMP_ERR_UNSUPPORTED, 8, "CgBI");
}

Test(png_chunks, critical_chunks_out_of_order_are_refused)
{
    struct imp_buf in = {0};
    png_signature(&in);
    png_chunk(&in, "gAMA", "\0\0\xb1\x8f", 4);
    png_ihdr(&in, 8, 8, 8, 0, 0);
    png_end(&in, 0);
    expect_refused(&in, IMP_ERR_DAMAGED, 8, "gAMA first");

    png_start(&in, 0);
    png_ihdr(&in, 8, 8, 8, 0, 0);
    png_end(&in, 0);
    expect_refused(&in, IMP_ERR_DAMAGED, 33, "two IHDR");

    png_start(&in, 3);
    png_end(&in, 3);
    expect_refused(&in, IMP_ERR_DAMAGED, 33, "no PLTE");

    png_start(&in, 3);
    png_chunk(&in, "PLTE", palette, 3);
    png_chunk(&in, "PLTE", palette, 3);
    png_end(&in, 3);
    expect_refused(&in, IMP_ERR_DAMAGED, 33 + 15, "two PLTE");

    // libpng takes this PLTE for the sign to forget the tRNS.
    png_start(&in, 2);
    png_chunk(&in, "tRNS", "\0\1\0\2\0\3", 6);
    png_chunk(&in, "PLTE", palette, 3);
    png_end(&in, 2);
    expect_refused(&in, IMP_ERR_DAMAGED, 33 + 18, "PLTE after tRNS");

    png_start(&in, 0);
    png_chunk(&in, "IEND", NULL, 0);
    expect_refused(&in, IMP_ERR_DAMAGED, 33, "no IDAT");

    png_start(&in, 0);
    png_idat(&in, 0);
    size_t after = in.n;
    png_chunk(&in, "gAMA", "\0\0\xb1\x8f", 4);
    png_end(&in, 0);
    expect_refused(&in, IMP_ERR_DAMAGED, after + 16, "IDAT again");
}

Test(png_chunks, a_palette_of_no_or_part_entries_is_refused)
{
    static const size_t sizes[] = {0, 1, 2, 4, 767};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct imp_buf in = {0};
        png_start(&in, 3);
        png_chunk(&in, "PLTE", palette, sizes[i]);
        png_end(&in, 3);
        expect_refused(&in, IMP_ERR_DAMAGED, 33, "PLTE");
    }
}

Test(png_chunks, a_critical_chunk_with_a_bad_crc_is_refused)
{
    struct imp_buf good = {0};
    png_start(&good, 3);
    png_chunk(&good, "PLTE", palette, sizeof palette);
    png_end(&good, 3);
    for (size_t at = 8; at < good.n;) {
        size_t end = at + 12 + imp_be32(good.p + at);
        struct imp_buf in = {0};
        png_add(&in, good.p, good.n);
        in.p[end - 2] ^= 0x10;
        expect_refused(&in, IMP_ERR_DAMAGED, at, "CRC");
        at = end;
    }
    imp_buf_clear(&good);
}

Test(png_chunks, a_file_cut_off_anywhere_is_refused)
{
    struct imp_buf good = {0};
    png_start(&good, 0);
    png_chunk(&good, "tEXt", "Author\0Jane", 11);
    png_end(&good, 0);
    for (size_t n = 0; n < good.n; n++) {
        struct png_editor e = png_editor_of(IMP_FATE_DROP);
        struct png_result r = png_cut((struct imp_span){good.p, n}, &e);
        cr_expect_not(r.ok, "%zu bytes", n);
        cr_expect_eq(r.err.code, IMP_ERR_DAMAGED, "%zu bytes", n);
        cr_expect(r.err.has_at && r.err.at <= n, "%zu bytes", n);
        png_result_clear(&r);
        png_editor_clear(&e);
    }
    imp_buf_clear(&good);
}

Test(png_chunks, a_length_beyond_the_file_or_an_odd_type_is_refused)
{
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_add(&in, "\x7f\xff\xff\xfftEXtxxxxxxxx", 16);
    expect_refused(&in, IMP_ERR_DAMAGED, 33, "long");
    png_start(&in, 0);
    png_add(&in, "\xff\xff\xff\xfftEXtxxxxxxxx", 16);
    expect_refused(&in, IMP_ERR_DAMAGED, 33, "negative");
    png_start(&in, 0);
    png_chunk(&in, "a\x1b[m", "x", 1);
    png_end(&in, 0);
    expect_refused(&in, IMP_ERR_DAMAGED, 33, "type");
}

Test(png_chunks, pixels_are_limited_before_anything_is_inflated)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct imp_buf in = {0};
    png_signature(&in);
    png_ihdr(&in, 0x7fffffff, 0x7fffffff, 16, 6, 1);
    struct png_result r = png_cut_within(imp_buf_span(&in), &e, 1u << 30);
    cr_expect_not(r.ok);
    cr_expect_eq(r.err.code, IMP_ERR_LIMIT);
    in.n = 0;
    png_start(&in, 0);
    png_end(&in, 0);
    r = png_cut_within(imp_buf_span(&in), &e, 63);
    cr_expect_eq(r.err.code, IMP_ERR_LIMIT);
    r = png_cut_within(imp_buf_span(&in), &e, 64);
    cr_expect(r.ok);
    png_result_clear(&r);
    imp_buf_clear(&in);
    png_editor_clear(&e);
}

Test(png_chunks, chunks_to_drop_are_limited_in_number)
{
    struct png_editor e = png_editor_of(IMP_FATE_DROP);
    struct imp_buf in = {0};
    png_start(&in, 0);
    for (int i = 0; i <= 100000; i++)
        png_chunk(&in, i % 2 ? "prVa" : "prVb", NULL, 0);
    png_end(&in, 0);
    struct png_result r = png_cut(imp_buf_span(&in), &e);
    cr_expect_not(r.ok);
    cr_expect_eq(r.err.code, IMP_ERR_LIMIT);
    png_result_clear(&r);
    imp_buf_clear(&in);
    png_editor_clear(&e);
}

Test(png_chunks, a_replacement_longer_than_a_chunk_is_refused)
{
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_chunk(&in, "eXIf", "MM", 2);
    png_end(&in, 0);
    struct png_editor e = png_editor_of(IMP_FATE_REPLACE);
    e.bytes = (struct imp_span){in.p, (size_t)1 << 31}; // never read
    struct png_result r = png_cut(imp_buf_span(&in), &e);
    cr_expect_not(r.ok);
    cr_expect_eq(r.err.code, IMP_ERR_LIMIT);
    png_result_clear(&r);
    imp_buf_clear(&in);
    png_editor_clear(&e);
}
