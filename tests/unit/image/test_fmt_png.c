#include "png_maker.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t palette[3 * 256];

static void hide_in(struct imp_buf *b, const char *type)
{
    png_start(b, 0);
    png_chunk(b, type, CANARY, sizeof CANARY - 1);
    png_end(b, 0);
}

static void hide_behind(struct imp_buf *b, const char *type, const void *prefix,
                        size_t n)
{
    struct imp_buf d = {0};
    png_add(&d, prefix, n);
    png_add(&d, CANARY, sizeof CANARY);
    png_start(b, 0);
    png_chunk(b, type, d.p, d.n);
    png_end(b, 0);
    imp_buf_clear(&d);
}

// --- Hiding places ---

static void in_text(struct imp_buf *b)
{
    hide_behind(b, "tEXt", "Comment", 8);
}

static void in_text_keyword(struct imp_buf *b)
{
    hide_in(b, "tEXt");
}

static void in_raw_profile(struct imp_buf *b)
{
    hide_behind(b, "tEXt", "Raw profile type exif", 22);
}

static void in_ztxt(struct imp_buf *b)
{
    hide_behind(b, "zTXt", "Comment\0", 9);
}

static void in_xmp(struct imp_buf *b)
{
    hide_behind(b, "iTXt", "XML:com.adobe.xmp\0\0\0\0", 22);
}

static void in_exif(struct imp_buf *b)
{
    hide_behind(b, "eXIf", "MM\0*\0\0\0\x08", 8);
}

static void in_time(struct imp_buf *b)
{
    hide_in(b, "tIME");
}

static void in_private(struct imp_buf *b)
{
    hide_in(b, "prVt");
}

static void in_public(struct imp_buf *b)
{
    hide_in(b, "unKn");
}

static void in_splt(struct imp_buf *b)
{
    hide_behind(b, "sPLT", "name\0\x08", 6);
}

static void in_pcal(struct imp_buf *b)
{
    hide_in(b, "pCAL");
}

static void in_chrm(struct imp_buf *b)
{
    uint8_t d[32] = {0};
    memcpy(d, CANARY, sizeof CANARY);
    png_start(b, 0);
    png_chunk(b, "cHRM", d, sizeof d);
    png_end(b, 0);
}

static void in_mdcv(struct imp_buf *b)
{
    png_start(b, 0);
    png_chunk(b, "mDCV", CANARY, 24);
    png_end(b, 0);
}

static void in_gama_too_long(struct imp_buf *b)
{
    hide_behind(b, "gAMA", "\0\0\xb1\x8f", 4);
}

static void in_trns_of_alpha(struct imp_buf *b)
{
    png_start(b, 6);
    png_chunk(b, "tRNS", CANARY, 6);
    png_end(b, 6);
}

static void in_trns_too_long(struct imp_buf *b)
{
    png_start(b, 3);
    png_chunk(b, "PLTE", palette, 3 * 4);
    png_chunk(b, "tRNS", CANARY, sizeof CANARY);
    png_end(b, 3);
}

static void in_histogram(struct imp_buf *b)
{
    uint8_t d[2 * 32] = {0};
    memcpy(d, CANARY, sizeof CANARY);
    png_start(b, 3);
    png_chunk(b, "PLTE", palette, 3 * 32);
    png_chunk(b, "hIST", d, sizeof d);
    png_end(b, 3);
}

static void in_proposed_palette(struct imp_buf *b)
{
    png_start(b, 2);
    png_chunk(b, "PLTE", CANARY, 24);
    png_end(b, 2);
}

static void in_palette_beyond_depth(struct imp_buf *b)
{
    uint8_t d[3 * 256] = {0};
    memcpy(d + 3 * 2, CANARY, sizeof CANARY);
    png_signature(b);
    png_ihdr(b, 8, 1, 1, 3, 0);
    png_chunk(b, "PLTE", d, sizeof d);
    struct imp_buf z = {0};
    png_zlib_zeros(&z, 2);
    png_chunk(b, "IDAT", z.p, z.n);
    png_chunk(b, "IEND", NULL, 0);
    imp_buf_clear(&z);
}

static void hide_after_stream(struct imp_buf *b, bool in_next_chunk)
{
    struct imp_buf z = {0};
    png_start(b, 0);
    png_zlib_zeros(&z, png_raw_size(0));
    if (in_next_chunk) {
        png_chunk(b, "IDAT", z.p, z.n);
        z.n = 0;
    }
    png_add(&z, CANARY, sizeof CANARY);
    png_chunk(b, "IDAT", z.p, z.n);
    png_chunk(b, "IEND", NULL, 0);
    imp_buf_clear(&z);
}

static void after_stream(struct imp_buf *b)
{
    hide_after_stream(b, false);
}

static void in_next_idat(struct imp_buf *b)
{
    hide_after_stream(b, true);
}

static void after_iend(struct imp_buf *b)
{
    png_start(b, 0);
    png_end(b, 0);
    png_add(b, CANARY, sizeof CANARY);
}

static void in_iend(struct imp_buf *b)
{
    png_start(b, 0);
    png_idat(b, 0);
    png_chunk(b, "IEND", CANARY, sizeof CANARY);
}

static void after_idat(struct imp_buf *b)
{
    png_start(b, 0);
    png_idat(b, 0);
    png_chunk(b, "tEXt", "Author\0" CANARY, 7 + sizeof CANARY);
    png_chunk(b, "IEND", NULL, 0);
}

static void in_stray_frame(struct imp_buf *b)
{
    png_start(b, 0);
    png_idat(b, 0);
    png_fdat(b, 0, CANARY, sizeof CANARY);
    png_chunk(b, "IEND", NULL, 0);
}

// An animation of two frames; `tail` follows the second one's stream, `next` is
// an fdAT chunk after that.
static void animate(struct imp_buf *b, size_t tail, bool next)
{
    struct imp_buf z = {0};
    png_start(b, 0);
    png_actl(b, 3);
    png_fctl(b, 0, 8, 8, 0, 0);
    png_idat(b, 0);
    png_fctl(b, 1, 8, 8, 0, 0);
    png_zlib_zeros(&z, png_raw_size(0));
    png_add(&z, CANARY, tail);
    png_fdat(b, 2, z.p, z.n);
    if (next)
        png_fdat(b, 3, CANARY, sizeof CANARY);
    z.n = 0;
    png_fctl(b, 3 + next, 8, 8, 0, 0);
    png_zlib_zeros(&z, png_raw_size(0));
    png_fdat(b, 4 + next, z.p, z.n);
    png_chunk(b, "IEND", NULL, 0);
    imp_buf_clear(&z);
}

static void after_frame(struct imp_buf *b)
{
    animate(b, sizeof CANARY, false);
}

static void in_next_fdat(struct imp_buf *b)
{
    animate(b, 0, true);
}

static const struct {
    const char *name;
    void (*hide)(struct imp_buf *b);
} places[] = {
    {"tEXt", in_text},
    {"tEXt without NUL", in_text_keyword},
    {"raw profile", in_raw_profile},
    {"zTXt", in_ztxt},
    {"iTXt", in_xmp},
    {"eXIf", in_exif},
    {"tIME", in_time},
    {"private chunk", in_private},
    {"unknown public chunk", in_public},
    {"sPLT", in_splt},
    {"pCAL", in_pcal},
    {"cHRM", in_chrm},
    {"mDCV", in_mdcv},
    {"long gAMA", in_gama_too_long},
    {"tRNS with alpha", in_trns_of_alpha},
    {"long tRNS", in_trns_too_long},
    {"hIST", in_histogram},
    {"PLTE of truecolour", in_proposed_palette},
    {"PLTE beyond the depth", in_palette_beyond_depth},
    {"after the stream", after_stream},
    {"in another IDAT", in_next_idat},
    {"after IEND", after_iend},
    {"in IEND", in_iend},
    {"after IDAT", after_idat},
    {"stray fdAT", in_stray_frame},
    {"after a frame's stream", after_frame},
    {"in another fdAT", in_next_fdat},
};
#define PLACES (sizeof places / sizeof *places)

// The image data must be what it was, up to the end of its stream.
static void expect_same_image(struct imp_span in, struct imp_span out,
                              const char *name)
{
    struct imp_buf a = {0}, b = {0}, raw = {0};
    png_join(in, "IDAT", 0, &a);
    png_join(out, "IDAT", 0, &b);
    cr_expect(b.n > 0 && b.n <= a.n && memcmp(a.p, b.p, b.n) == 0, "%s", name);
    cr_expect(png_inflate(imp_buf_span(&b), &raw), "%s", name);
    cr_expect_not(png_contains(imp_buf_span(&raw), CANARY, 6), "%s", name);
    imp_buf_clear(&a);
    imp_buf_clear(&b);
    imp_buf_clear(&raw);
}

Test(fmt_png, no_planted_name_survives_in_any_hiding_place)
{
    for (size_t i = 0; i < PLACES; i++) {
        const char *name = places[i].name;
        struct png_editor e = png_editor_of(IMP_FATE_DROP);
        struct imp_buf in = {0};
        places[i].hide(&in);
        cr_assert(png_contains(imp_buf_span(&in), CANARY, 6), "%s", name);
        struct png_result r = png_cut(imp_buf_span(&in), &e);
        cr_assert(r.ok, "%s: %s", name, r.err.msg);
        cr_expect_not(r.all_kept, "%s", name);
        cr_expect_not(png_contains(imp_buf_span(&r.out), CANARY, 6), "%s",
                      name);
        if (memcmp(in.p + in.n - 8, "IEND", 4) == 0)
            expect_same_image(imp_buf_span(&in), imp_buf_span(&r.out), name);

        struct png_result again = png_cut(imp_buf_span(&r.out), &e);
        cr_expect(again.ok && again.all_kept, "%s", name);
        png_result_clear(&again);
        png_result_clear(&r);
        imp_buf_clear(&in);
        png_editor_clear(&e);
    }
}

// What an editor may not keep, whatever it says: what no one knows, what lies
// outside the image, what is not well-formed.
Test(fmt_png, an_editor_that_keeps_all_keeps_nothing_unknown)
{
    static void (*const hide[])(struct imp_buf *) = {
        in_text_keyword,
        in_raw_profile,
        in_time,
        in_private,
        in_public,
        in_splt,
        in_pcal,
        in_chrm,
        in_mdcv,
        in_gama_too_long,
        in_trns_of_alpha,
        in_trns_too_long,
        in_histogram,
        in_proposed_palette,
        in_palette_beyond_depth,
        after_stream,
        in_next_idat,
        after_iend,
        in_iend,
        in_stray_frame,
        after_frame,
        in_next_fdat,
    };
    for (size_t i = 0; i < sizeof hide / sizeof *hide; i++) {
        struct png_editor e = png_editor_of(IMP_FATE_KEEP);
        struct imp_buf in = {0};
        hide[i](&in);
        struct png_result r = png_cut(imp_buf_span(&in), &e);
        cr_assert(r.ok, "place %zu: %s", i, r.err.msg);
        cr_expect_not(png_contains(imp_buf_span(&r.out), CANARY, 6),
                      "place %zu", i);
        png_result_clear(&r);
        imp_buf_clear(&in);
        png_editor_clear(&e);
    }
}

Test(fmt_png, a_clean_image_is_kept_whole)
{
    static const uint8_t colours[] = {0, 2, 3, 4, 6};
    for (size_t i = 0; i < sizeof colours; i++) {
        struct png_editor e = png_editor_of(IMP_FATE_DROP);
        struct imp_buf in = {0};
        png_start(&in, colours[i]);
        if (colours[i] == 3)
            png_chunk(&in, "PLTE", palette, sizeof palette);
        png_end(&in, colours[i]);
        struct png_result r = png_cut(imp_buf_span(&in), &e);
        cr_expect(r.ok && r.all_kept, "colour type %u: %s", colours[i],
                  r.err.msg);
        cr_expect(r.width == 8 && r.height == 8);
        png_result_clear(&r);
        imp_buf_clear(&in);
    }
}

// --- What an editor decides ---

static const char tiff[] = "MM\0*\0\0\0\x08\0\0\0\0\0\0";

static struct imp_buf with_exif(void)
{
    struct imp_buf in = {0};
    png_start(&in, 0);
    png_chunk(&in, "eXIf", tiff, sizeof tiff);
    png_end(&in, 0);
    return in;
}

Test(fmt_png, exif_is_offered_whole_and_kept_if_the_editor_says_so)
{
    struct png_editor e = png_editor_of(IMP_FATE_KEEP);
    struct imp_buf in = with_exif();
    struct png_result r = png_cut(imp_buf_span(&in), &e);
    cr_assert(r.ok);
    cr_expect(r.all_kept);
    cr_expect_eq(e.asked[IMP_PART_EXIF], 1);
    cr_assert_eq(e.payload[IMP_PART_EXIF].n, sizeof tiff);
    cr_expect_arr_eq(e.payload[IMP_PART_EXIF].p, tiff, sizeof tiff);
    png_result_clear(&r);
    imp_buf_clear(&in);
    png_editor_clear(&e);
}

Test(fmt_png, replaced_exif_is_a_whole_new_chunk_in_the_old_place)
{
    static const char fresh[] = "II*\0fresh";
    struct png_editor e = png_editor_of(IMP_FATE_REPLACE);
    e.bytes = (struct imp_span){(const uint8_t *)fresh, sizeof fresh};
    struct imp_buf in = with_exif(), want = {0};
    png_start(&want, 0);
    png_chunk(&want, "eXIf", fresh, sizeof fresh);
    png_end(&want, 0);
    struct png_result r = png_cut(imp_buf_span(&in), &e);
    cr_assert(r.ok);
    cr_assert_eq(r.out.n, want.n);
    cr_expect_arr_eq(r.out.p, want.p, want.n);

    struct png_result again = png_cut(imp_buf_span(&r.out), &e);
    cr_expect(again.ok && again.all_kept, "the same bytes again are a keep");
    png_result_clear(&again);
    png_result_clear(&r);
    imp_buf_clear(&in);
    imp_buf_clear(&want);
    png_editor_clear(&e);
}

Test(fmt_png, only_the_first_exif_is_offered_and_a_broken_one_is_not)
{
    struct png_editor e = png_editor_of(IMP_FATE_KEEP);
    struct imp_buf in = {0}, want = with_exif();
    png_start(&in, 0);
    png_chunk(&in, "eXIf", CANARY, sizeof CANARY);
    in.p[in.n - 1] ^= 1; // its CRC
    png_chunk(&in, "eXIf", tiff, sizeof tiff);
    png_chunk(&in, "eXIf", CANARY, sizeof CANARY);
    png_end(&in, 0);
    cr_expect(png_becomes(imp_buf_span(&in), &e, imp_buf_span(&want)));
    imp_buf_clear(&in);
    imp_buf_clear(&want);
    png_editor_clear(&e);
}

Test(fmt_png, text_is_offered_by_what_it_is)
{
    static const struct {
        const char *type, *data;
        size_t n;
        enum imp_part_kind kind;
        const char *payload;
    } cases[] = {
        {"tEXt", "Author\0Jane", 11, IMP_PART_COMMENT, "Jane"},
        {"zTXt", "Author\0\0x", 9, IMP_PART_COMMENT, ""},
        {"iTXt", "Author\0\0\0de\0Autor\0Jane", 22, IMP_PART_COMMENT, "Jane"},
        {"iTXt", "Author\0\1\0de\0Autor\0Jane", 22, IMP_PART_COMMENT, ""},
        {"iTXt", "XML:com.adobe.xmp\0\0\0\0\0<x/>", 26, IMP_PART_XMP, "<x/>"},
        {"tEXt", "Raw profile type exif\0x", 23, IMP_PART_EXIF, ""},
        {"zTXt", "Raw profile type APP1\0\0x", 24, IMP_PART_EXIF, ""},
        {"tEXt", "Raw profile type iptc\0x", 23, IMP_PART_IPTC, ""},
        {"zTXt", "Raw profile type icc\0\0x", 23, IMP_PART_ICC, ""},
        {"zTXt", "Raw profile type xmp\0\0x", 23, IMP_PART_XMP, ""},
        {"tEXt", "Raw profile type exi\0x", 22, IMP_PART_UNKNOWN, ""},
        {"tIME", "\x07\xe9\x0b\x16\x0a\x00\x00", 7, IMP_PART_TIME, "\x07\xe9"},
        {"vpAg", "x", 1, IMP_PART_VENDOR, ""},
        {"sTER", "x", 1, IMP_PART_UNKNOWN, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct png_editor e = png_editor_of(IMP_FATE_DROP);
        struct imp_buf in = {0};
        png_start(&in, 0);
        png_chunk(&in, cases[i].type, cases[i].data, cases[i].n);
        png_end(&in, 0);
        struct png_result r = png_cut(imp_buf_span(&in), &e);
        cr_assert(r.ok, "case %zu: %s", i, r.err.msg);
        cr_expect_eq(e.asked[cases[i].kind], 1, "case %zu", i);
        size_t n = strlen(cases[i].payload);
        const struct imp_buf *payload = &e.payload[cases[i].kind];
        cr_expect(payload->n >= n &&
                      (n ? memcmp(payload->p, cases[i].payload, n) == 0
                         : payload->n == 0),
                  "case %zu", i);
        png_result_clear(&r);
        imp_buf_clear(&in);
        png_editor_clear(&e);
    }
}
