#include "cutting.h"
#include "jpeg_maker.h"

#include <zlib.h>

extern const struct imp_format imp_format_tiff;

#define NAME "Jane Doe"
enum { SIDE = 16, PIXELS = SIDE * SIDE }; // grey, 8 bits

static bool cut(struct imp_span in)
{
    return cut_as(&imp_format_tiff, in);
}

TestSuite(tiff, .fini = clear_cutting, .timeout = 60);

// --- A file being made, little endian: the header, then what is added; the
// directory comes last. ---

struct field {
    uint16_t tag, type;
    uint32_t count, value; // or where it lies
};

struct maker {
    struct imp_buf buf;
    struct field field[24];
    size_t n;
};

static void put(struct maker *m, const void *bytes, size_t n)
{
    cr_assert(imp_buf_add(&m->buf, bytes, n, NULL));
}

static void put_number(struct maker *m, uint32_t v, size_t n)
{
    uint8_t p[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
                    (uint8_t)(v >> 24)};
    put(m, p, n);
}

static uint32_t place(struct maker *m, const void *bytes, size_t n)
{
    uint32_t at = (uint32_t)m->buf.n;
    put(m, bytes, n);
    return at;
}

static void field(struct maker *m, uint16_t tag, uint16_t type, uint32_t count,
                  uint32_t value)
{
    m->field[m->n++] = (struct field){tag, type, count, value};
}

static void text(struct maker *m, uint16_t tag, const char *value)
{
    uint32_t n = (uint32_t)strlen(value) + 1;
    field(m, tag, 2, n, place(m, value, n));
}

static void start(struct maker *m)
{
    *m = (struct maker){0};
    put(m, "II*\0\0\0\0\0", 8);
}

static void picture(struct maker *m, uint32_t compression, const void *strip,
                    size_t n)
{
    field(m, 256, 4, 1, SIDE);
    field(m, 257, 4, 1, SIDE);
    field(m, 258, 3, 1, 8);
    field(m, 259, 3, 1, compression);
    field(m, 262, 3, 1, 1);
    field(m, 273, 4, 1, place(m, strip, n));
    field(m, 278, 4, 1, SIDE);
    field(m, 279, 4, 1, (uint32_t)n);
}

static void plain_picture(struct maker *m)
{
    uint8_t grey[PIXELS];
    for (size_t i = 0; i < PIXELS; i++)
        grey[i] = (uint8_t)(3 * i);
    picture(m, 1, grey, sizeof grey);
}

static int by_tag(const void *left, const void *right)
{
    const struct field *a = left, *b = right;
    return a->tag - b->tag;
}

// Write the fields as a directory; returns where it lies.
static uint32_t directory(struct maker *m, uint32_t next)
{
    if (m->buf.n % 2)
        put(m, "", 1);
    uint32_t at = (uint32_t)m->buf.n;
    qsort(m->field, m->n, sizeof *m->field, by_tag);
    put_number(m, (uint32_t)m->n, 2);
    for (size_t i = 0; i < m->n; i++) {
        put_number(m, m->field[i].tag, 2);
        put_number(m, m->field[i].type, 2);
        put_number(m, m->field[i].count, 4);
        put_number(m, m->field[i].value, 4);
    }
    put_number(m, next, 4);
    m->n = 0;
    return at;
}

static struct imp_span finish(struct maker *m, uint32_t first)
{
    for (size_t i = 0; i < 4; i++)
        m->buf.p[4 + i] = (uint8_t)(first >> 8 * i);
    return imp_buf_span(&m->buf);
}

static void expect_clean(struct maker *m, struct imp_span in)
{
    cr_assert(cut(in), "%s", err.msg);
    cr_expect_not(holds(NAME));
    expect_fixed_point(&imp_format_tiff);
    imp_buf_clear(&m->buf);
}

// --- Tags ---

Test(tiff, texts_private_tags_and_bytes_that_no_tag_refers_to_go)
{
    struct maker m;
    start(&m);
    put(&m, NAME, 8);
    plain_picture(&m);
    text(&m, 270, NAME);
    text(&m, 315, NAME);
    text(&m, 700, "<x:xmpmeta>" NAME);
    text(&m, 33723, NAME);
    text(&m, 34377, NAME);
    text(&m, 65000, NAME);
    put(&m, NAME, 8);
    expect_clean(&m, finish(&m, directory(&m, 0)));
}

Test(tiff, a_number_that_may_be_anything_does_not_stay)
{
    struct maker m;
    start(&m);
    plain_picture(&m);
    field(&m, 297, 3, 2, 0x4a61616e); // PageNumber: letters
    field(&m, 274, 3, 1, 0x4a61);     // Orientation
    cr_assert(cut(finish(&m, directory(&m, 0))), "%s", err.msg);
    cr_expect_not(holds("naaJ"));
    cr_expect_not(holds("aJ"));
    imp_buf_clear(&m.buf);
}

Test(tiff, the_pixels_are_those_of_the_input)
{
    struct maker m;
    start(&m);
    plain_picture(&m);
    struct imp_span in = finish(&m, directory(&m, 0));
    cr_assert(cut(in), "%s", err.msg);
    cr_expect(memmem(out.p, out.n, in.p + 8, PIXELS));
    imp_buf_clear(&m.buf);
}

// --- Directories ---

static uint32_t sub_ifd(struct maker *m, uint32_t kind, const char *mark)
{
    uint8_t grey[PIXELS];
    memset(grey, 0x55, sizeof grey);
    memcpy(grey, mark, strlen(mark));
    picture(m, 1, grey, sizeof grey);
    field(m, 254, 4, 1, kind);
    return directory(m, 0);
}

Test(tiff, a_sub_ifd_that_is_a_preview_goes_and_another_picture_stays)
{
    struct maker m;
    start(&m);
    uint32_t subs[] = {sub_ifd(&m, 1, "preview"), sub_ifd(&m, 0, "picture")};
    uint32_t at = place(&m, subs, sizeof subs);
    plain_picture(&m);
    field(&m, 330, 4, 2, at);
    cr_assert(cut(finish(&m, directory(&m, 0))), "%s", err.msg);
    cr_expect_not(holds("preview"));
    cr_expect(holds("picture"));
    imp_buf_clear(&m.buf);
}

Test(tiff, each_page_stays)
{
    struct maker m;
    start(&m);
    uint32_t second = sub_ifd(&m, 2, "second page");
    plain_picture(&m);
    text(&m, 315, NAME);
    struct imp_span in = finish(&m, directory(&m, second));
    cr_assert(cut(in), "%s", err.msg);
    cr_expect(holds("second page"));
    cr_expect(memmem(out.p, out.n, in.p + 8 + 2, 8) != NULL);
    expect_clean(&m, in);
}

Test(tiff, a_chain_that_loops_is_damage)
{
    struct maker m;
    start(&m);
    plain_picture(&m);
    uint32_t at = (uint32_t)(m.buf.n + m.buf.n % 2);
    cr_expect_not(cut(finish(&m, directory(&m, at))));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    imp_buf_clear(&m.buf);
}

static void expect_refused(const char *why)
{
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED, "%s", err.msg);
    cr_expect(strstr(err.msg, why), "%s", err.msg);
}

Test(tiff, camera_raw_is_named_and_refused)
{
    struct maker m;
    start(&m);
    put(&m, "CR\2\0\0\0\0\0", 8);
    plain_picture(&m);
    cr_expect_not(cut(finish(&m, directory(&m, 0))));
    expect_refused("Canon CR2");
    imp_buf_clear(&m.buf);
    start(&m);
    plain_picture(&m);
    field(&m, 50706, 1, 4, 0x00000401); // DNGVersion
    cr_expect_not(cut(finish(&m, directory(&m, 0))));
    expect_refused("DNG");
    imp_buf_clear(&m.buf);
}

// --- Coded data ---

Test(tiff, bytes_behind_the_end_of_a_deflate_stream_go)
{
    struct maker m;
    uint8_t grey[PIXELS] = {1, 2, 3}, strip[PIXELS + 64];
    uLongf n = PIXELS;
    cr_assert_eq(compress(strip, &n, grey, sizeof grey), Z_OK);
    memcpy(strip + n, NAME, 8);
    start(&m);
    picture(&m, 8, strip, n + 8);
    expect_clean(&m, finish(&m, directory(&m, 0)));
}

Test(tiff, a_deflate_stream_with_rows_missing_is_damage)
{
    struct maker m;
    uint8_t grey[PIXELS - 1] = {1}, strip[PIXELS + 64];
    uLongf n = PIXELS;
    cr_assert_eq(compress(strip, &n, grey, sizeof grey), Z_OK);
    start(&m);
    picture(&m, 8, strip, n);
    cr_expect_not(cut(finish(&m, directory(&m, 0))));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    imp_buf_clear(&m.buf);
}

static struct imp_buf grey_jpeg(unsigned side)
{
    struct imp_buf jpeg = jpeg_make(
        &(struct jpeg_recipe){.width = side, .height = side, .components = 1});
    cr_assert(jpeg.n);
    return jpeg;
}

Test(tiff, a_comment_within_a_jpeg_strip_goes_and_its_picture_stays)
{
    struct maker m;
    struct imp_buf jpeg = grey_jpeg(SIDE);
    long warnings;
    struct imp_buf want = jpeg_decode(imp_buf_span(&jpeg), &warnings);
    jpeg_insert(&jpeg, 2, 0xFE, NAME, 8);
    jpeg_insert(&jpeg, 2, 0xE7, NAME, 8);
    jpeg_insert_raw(&jpeg, jpeg.n, NAME, 8);
    start(&m);
    picture(&m, 7, jpeg.p, jpeg.n);
    struct imp_span in = finish(&m, directory(&m, 0));
    cr_assert(cut(in), "%s", err.msg);
    const uint8_t *soi = memmem(out.p, out.n, "\xFF\xD8\xFF", 3);
    cr_assert(soi);
    struct imp_buf got = jpeg_decode(
        (struct imp_span){soi, out.n - (size_t)(soi - out.p)}, &warnings);
    cr_expect(want.n && want.n == got.n && !memcmp(want.p, got.p, got.n));
    cr_expect_eq(warnings, 0);
    expect_clean(&m, in);
    imp_buf_clear(&jpeg);
    imp_buf_clear(&want);
    imp_buf_clear(&got);
}

// Quantisation steps may be any numbers, and so letters: no text of a TIFF.
Test(tiff, a_stream_that_stays_is_coded_data_from_its_first_byte_to_its_last)
{
    struct maker m;
    struct imp_buf jpeg = grey_jpeg(SIDE);
    jpeg_insert(&jpeg, 2, 0xFE, NAME, 8);
    start(&m);
    picture(&m, 7, jpeg.p, jpeg.n);
    cr_assert(cut(finish(&m, directory(&m, 0))), "%s", err.msg);
    uint64_t coded = 0;
    for (size_t i = 0; i < cl.n; i++) {
        bool stays = cl.cut[i].kind != IMP_CUT_DROP;
        if (stays && strcmp(cl.cut[i].what, "strip") == 0)
            cr_expect_eq(cl.cut[i].part, IMP_PART_CODED);
        if (stays && cl.cut[i].part == IMP_PART_CODED)
            coded += cl.cut[i].length;
    }
    cr_expect_eq(coded, jpeg.n - 12); // without the comment's segment
    imp_buf_clear(&m.buf);
    imp_buf_clear(&jpeg);
}

// Huffman tables are moved from the stream to a table specification.
static struct imp_buf take_tables(struct imp_buf *jpeg)
{
    struct imp_buf tables = {0};
    cr_assert(imp_buf_add(&tables, "\xFF\xD8\xFF\xD9", 4, NULL));
    size_t dht = jpeg_find(jpeg, 0xC4, 0);
    while (dht + 4 <= jpeg->n && jpeg->p[dht + 1] == 0xC4) {
        size_t n = 2 + (size_t)imp_be16(jpeg->p + dht + 2);
        jpeg_insert_raw(&tables, tables.n - 2, jpeg->p + dht, n);
        memmove(jpeg->p + dht, jpeg->p + dht + n, jpeg->n - dht - n);
        jpeg->n -= n;
    }
    return tables;
}

// Technical Note 2: an abbreviated table specification, and a stream without.
Test(tiff, a_strip_may_leave_its_tables_to_jpegtables_which_keeps_just_them)
{
    struct maker m;
    struct imp_buf jpeg = grey_jpeg(SIDE), tables = take_tables(&jpeg);
    jpeg_insert(&tables, 2, 0xFE, NAME, 8);
    start(&m);
    picture(&m, 7, jpeg.p, jpeg.n);
    field(&m, 347, 7, (uint32_t)tables.n, place(&m, tables.p, tables.n));
    struct imp_span in = finish(&m, directory(&m, 0));
    cr_assert(cut(in), "%s", err.msg);
    // The comment has 4 + 8 bytes in front of the tables.
    cr_expect(memmem(out.p, out.n, tables.p + 14, tables.n - 14));
    expect_clean(&m, in);
    imp_buf_clear(&jpeg);
    imp_buf_clear(&tables);
}

// A segment of its own, and a definition behind one that is used.
Test(tiff, tables_in_jpegtables_that_no_strip_uses_go)
{
    static const uint8_t ac3[17] = {0x13, [8] = 8}; // eight codes of 8 bits
    struct maker m;
    struct imp_buf jpeg = grey_jpeg(SIDE), tables = take_tables(&jpeg);
    struct imp_buf want = {0};
    cr_assert(imp_buf_add(&want, tables.p, tables.n, NULL));
    size_t length = imp_be16(tables.p + 4);
    jpeg_insert_raw(&tables, 4 + length, NAME, 8);
    jpeg_insert_raw(&tables, 4 + length, ac3, sizeof ac3);
    imp_put_be16(tables.p + 4, (uint16_t)(length + sizeof ac3 + 8));
    uint8_t dqt[65] = {3};
    for (size_t i = 1; i + 8 <= sizeof dqt; i += 8)
        memcpy(dqt + i, NAME, 8);
    dqt[64] = 1;
    jpeg_insert(&tables, tables.n - 2, 0xDB, dqt, sizeof dqt);
    start(&m);
    picture(&m, 7, jpeg.p, jpeg.n);
    field(&m, 347, 7, (uint32_t)tables.n, place(&m, tables.p, tables.n));
    struct imp_span in = finish(&m, directory(&m, 0));
    cr_assert(cut(in), "%s", err.msg);
    cr_expect(memmem(out.p, out.n, want.p, want.n));
    expect_clean(&m, in);
    imp_buf_clear(&jpeg);
    imp_buf_clear(&tables);
    imp_buf_clear(&want);
}

Test(tiff, jpegtables_that_no_strip_uses_go_as_a_whole)
{
    struct maker m;
    struct imp_buf jpeg = grey_jpeg(SIDE), copy = grey_jpeg(SIDE);
    struct imp_buf tables = take_tables(&copy);
    start(&m);
    picture(&m, 7, jpeg.p, jpeg.n);
    field(&m, 347, 7, (uint32_t)tables.n, place(&m, tables.p, tables.n));
    struct imp_span in = finish(&m, directory(&m, 0));
    cr_assert(cut(in), "%s", err.msg);
    cr_expect(memmem(in.p, in.n, "\xFF\xD8\xFF\xC4", 4));
    cr_expect_not(memmem(out.p, out.n, "\xFF\xD8\xFF\xC4", 4));
    expect_clean(&m, in);
    imp_buf_clear(&jpeg);
    imp_buf_clear(&copy);
    imp_buf_clear(&tables);
}

Test(tiff, jpegtables_with_a_frame_are_damage)
{
    struct maker m;
    struct imp_buf jpeg = grey_jpeg(SIDE);
    start(&m);
    picture(&m, 7, jpeg.p, jpeg.n);
    field(&m, 347, 7, (uint32_t)jpeg.n, place(&m, jpeg.p, jpeg.n));
    cr_expect_not(cut(finish(&m, directory(&m, 0))));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    imp_buf_clear(&m.buf);
    imp_buf_clear(&jpeg);
}

Test(tiff, a_jpeg_larger_than_its_strip_is_damage)
{
    struct maker m;
    struct imp_buf jpeg = grey_jpeg(SIDE + 8);
    start(&m);
    picture(&m, 7, jpeg.p, jpeg.n);
    cr_expect_not(cut(finish(&m, directory(&m, 0))));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%s", err.msg);
    imp_buf_clear(&m.buf);
    imp_buf_clear(&jpeg);
}

// Any part of a file is either refused, as the input's fault, or still without
// the name.
Test(tiff, a_file_that_is_cut_short_never_leaks_nor_crashes)
{
    struct maker m;
    start(&m);
    uint32_t second = sub_ifd(&m, 2, "second page");
    plain_picture(&m);
    text(&m, 315, NAME);
    struct imp_span in = finish(&m, directory(&m, second));
    for (size_t n = 0; n < in.n; n++) {
        if (cut((struct imp_span){in.p, n}))
            cr_expect_not(holds(NAME));
        else
            cr_expect(err.code == IMP_ERR_DAMAGED ||
                          err.code == IMP_ERR_UNSUPPORTED,
                      "%zu: %s", n, err.msg);
    }
    imp_buf_clear(&m.buf);
}
