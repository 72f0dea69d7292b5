// Small pictures blacked out; what must come out is reckoned by hand. JPEG is
// judged by libjpeg, through pics.h.
#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"
#include "mark/redact.h"
#include "pics.h"

#include "../dicom/made.h"

static struct imp_redaction redaction;
static struct imp_cutlist cuts, patched;
static struct imp_buf out;
static struct imp_err err;

static void clear(void)
{
    imp_redaction_clear(&redaction);
    imp_cutlist_clear(&cuts);
    imp_cutlist_clear(&patched);
    imp_buf_clear(&out);
}

TestSuite(redact, .fini = clear, .timeout = 60);

#define SYNTAX(suffix) "1.2.840.10008.1.2" suffix
#define EXPLICIT SYNTAX(".1")
#define BIG SYNTAX(".2")
#define BASELINE SYNTAX(".4.50")
#define RLE SYNTAX(".5")

static bool keep_all(void *self, const struct imp_dcm_reader *reader,
                     const struct imp_dcm_event *event, enum imp_dicom_cut *cut,
                     struct imp_span *value, struct imp_err *e)
{
    (void)self, (void)reader, (void)event, (void)value, (void)e;
    *cut = IMP_DICOM_CUT_KEEP;
    return true;
}

// Cut what was made, black out the rectangles, and put the patches in.
static bool redact(const char *uid, const struct imp_rect *rect, size_t n)
{
    const struct imp_dcm_syntax *syntax =
        imp_dcm_syntax_of((struct imp_span){(const uint8_t *)uid, strlen(uid)});
    struct imp_dcm_image image;
    struct imp_dicom_frames frames;
    const struct imp_dicom_decider all = {.decide = keep_all,
                                          .frames = &frames};
    err = (struct imp_err){0};
    imp_cutlist_start(&cuts, made.n);
    cr_assert(imp_dcm_image_read(made_span(), 0, syntax, &image, &err), "%s",
              err.msg);
    imp_dicom_frames_start(&frames, &image, IMP_CHECK_STRUCTURE);
    cr_assert(imp_dicom_cut_elements(made_span(), 0, made.n, syntax->encoding,
                                     &all, NULL, 0, &cuts, &err),
              "%s", err.msg);
    cr_assert(imp_cutlist_finish(&cuts, &err));
    if (!imp_redact(&redaction, made_span(), 0, &image, rect, n, &err))
        return false;
    cr_assert(imp_cutlist_patch(&patched, &cuts, redaction.patch, redaction.n,
                                "redacted", &err),
              "%s", err.msg);
    cr_assert(imp_cutlist_apply(&patched, made_span(), &out, &err));
    return true;
}
#define RECTS(...)                                       \
    (const struct imp_rect[]){__VA_ARGS__},              \
        sizeof((const struct imp_rect[]){__VA_ARGS__}) / \
            sizeof(struct imp_rect)

// --- Objects ---

static void us(uint32_t t, uint16_t v)
{
    head(t, "US", 2);
    u16(v);
}

struct shape {
    const char *colour;
    uint16_t rows, columns, allocated, stored;
    bool is_signed, planar;
    const char *frames;
};

static void describe(struct shape s)
{
    bool three = strncmp(s.colour, "RGB", 3) == 0 || s.colour[0] == 'Y';
    us(0x00280002, three ? 3 : 1);
    el(0x00280004, "CS", s.colour);
    us(0x00280006, s.planar);
    if (s.frames)
        el(0x00280008, "IS", s.frames);
    us(0x00280010, s.rows);
    us(0x00280011, s.columns);
    us(0x00280100, s.allocated);
    us(0x00280101, s.stored);
    us(0x00280102, (uint16_t)(s.stored - 1));
    us(0x00280103, s.is_signed);
}

static void native(struct shape s, const char *pixels, size_t n)
{
    describe(s);
    head(0x7FE00010, "OW", (uint32_t)n);
    raw(pixels, n);
}

// The last bytes of what came out are these, and all before is as it was.
static void expect_tail(const char *want, size_t n)
{
    cr_assert_eq(out.n, made.n);
    cr_expect_eq(memcmp(out.p, made.p, made.n - n), 0);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(out.p[out.n - n + i], (uint8_t)want[i],
                     "byte %zu: 0x%02X, want 0x%02X", i, out.p[out.n - n + i],
                     (uint8_t)want[i]);
}
#define EXPECT_TAIL(text) expect_tail(text, sizeof(text) - 1)
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
              err.msg);
    EXPECT_TAIL("a\0\0defg\0"
                "A\0\0DEFG\0");
}

Test(redact, rectangles_may_lie_on_each_other_and_reach_beyond_the_edge)
{
    start(true, false);
    NATIVE("abcdefgh", "MONOCHROME2 ", 2, 4, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({2, 0, 100, 1}, {1, 0, 2, UINT32_MAX})),
              "%s", err.msg);
    EXPECT_TAIL("a\0\0\0e\0\0h");
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 3, 1}, {1, 0, 1, 1})), "%s",
              err.msg);
    EXPECT_TAIL("a\0\0\0efgh");
}

Test(redact, black_is_the_lowest_value_or_the_highest)
{
    start(true, false);
    NATIVE("abcdefgh", "MONOCHROME2 ", 1, 4, 16, 12, .is_signed = true);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("ab\x00\xF8"
                "efgh");

    start(true, false);
    NATIVE("abcdefgh", "MONOCHROME1 ", 1, 4, 16, 12);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("ab\xFF\x0F"
                "efgh");

    start(true, false);
    NATIVE("abcdefgh", "MONOCHROME1 ", 1, 2, 32, 32, .is_signed = true);
    cr_assert(redact(EXPLICIT, RECTS({0, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("\xFF\xFF\xFF\x7F"
                "efgh");

    start(true, true);
    NATIVE("abcdefgh", "MONOCHROME1 ", 1, 4, 16, 12);
    cr_assert(redact(BIG, RECTS({1, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("ab\x0F\xFF"
                "efgh");
}

Test(redact, colours_are_blacked_out_by_pixel_or_by_plane)
{
    start(true, false);
    NATIVE("abcdefghijkl", "RGB ", 2, 2, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("abc\0\0\0ghijkl");

    start(true, false);
    NATIVE("abcdefghijkl", "RGB ", 2, 2, 8, 8, .planar = true);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("a\0cde\0ghi\0kl");

    start(true, false);
    NATIVE("abcdefghijkl", "YBR_FULL", 2, 2, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("abc\0\x80\x80ghijkl");

    start(true, false);
    NATIVE("abcdefghijkl", "YBR_FULL", 2, 2, 8, 8, .planar = true);
    cr_assert(redact(EXPLICIT, RECTS({1, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("a\0cde\x80ghi\x80kl");
}

// C.7.6.3.1.2: two Y, and a Cb and a Cr for both.
Test(redact, pairs_of_pixels_go_as_a_whole)
{
    start(true, false);
    NATIVE("abcdefghijkl", "YBR_FULL_422", 1, 6, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({3, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("abcd\0\0\x80\x80ijkl");

    start(true, false);
    NATIVE("abcdefghijkl", "YBR_PARTIAL_422 ", 1, 6, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({0, 0, 3, 1})), "%s", err.msg);
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
        cr_assert(redact(EXPLICIT, RECTS({2, 0, 1, 1})), "%s", err.msg);
        EXPECT_TAIL("ab\5d");
    }
    start(true, false);
    NATIVE("abcd", "PALETTE COLOR ", 1, 4, 8, 8);
    cr_assert(redact(EXPLICIT, RECTS({2, 0, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("ab\0d");
}

// Bytes in words of a big endian data set: "abcdefghi" and "ABCDEFGHI" are the
// frames, each pair stands the other way round.
Test(redact, bytes_that_stand_the_other_way_round_are_found)
{
    start(true, true);
    NATIVE("badcfehgAiCBEDGFIH", "MONOCHROME2 ", 3, 3, 8, 8, .frames = "2 ");
    cr_assert(redact(BIG, RECTS({1, 1, 1, 1})), "%s", err.msg);
    EXPECT_TAIL("badcf\0hgAiCB\0DGFIH");
    cr_assert(redact(BIG, RECTS({0, 1, 3, 1})), "%s", err.msg);
    EXPECT_TAIL("ba\0c\0\0hgAiCB\0\0G\0IH");
    cr_assert(redact(BIG, RECTS({0, 0, 3, 2})), "%s", err.msg);
    EXPECT_TAIL("\0\0\0\0\0\0hg\0i\0\0\0\0G\0IH");
    cr_assert(redact(BIG, RECTS({0, 0, 3, 3})), "%s", err.msg);
    EXPECT_TAIL("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}

// --- RLE ---

static void fragment(const void *p, size_t n)
{
    item((uint32_t)(n + n % 2));
    raw(p, n);
    raw("\0", n % 2);
}

// Two segments of 16-bit samples, of which the first byte is the higher one.
#define HEADER(second)                                                       \
    "\2\0\0\0\x40\0\0\0" second "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

Test(redact, rle_frames_are_coded_anew_with_their_tables)
{
    static const char frame[] = HEADER("\x4A\0\0\0") "\7abcdefgh\0"
                                                     "\xF9x"
                                                     "Jane";
    cr_assert_eq(sizeof frame - 1, 64 + 10 + 6);
    start(true, false);
    describe((struct shape){"MONOCHROME1 ", 2, 4, 16, 12, .frames = "2 "});
    head(0x7FE00010, "OB", UNDEFINED);
    item(8), u32(0), u32(88);
    fragment(frame, sizeof frame - 1);
    fragment(frame, sizeof frame - 1);
    sequence_end();
    cr_assert(redact(RLE, RECTS({1, 0, 2, 1})), "%s", err.msg);

    // A row at a time, of which no run is worth it but the last; and what was
    // behind them as zeros.
    static const char want[] = HEADER("\x4C\0\0\0") "\3a\x0F\x0F"
                                                    "d\3efgh\0\0"
                                                    "\3x\xFF\xFFx\xFDx\0"
                                                    "\0\0\0\0";
    size_t length = sizeof want - 1;
    cr_assert_eq(length, 64 + 12 + 12);
    start(true, false);
    describe((struct shape){"MONOCHROME1 ", 2, 4, 16, 12, .frames = "2 "});
    head(0x7FE00010, "OB", UNDEFINED);
    item(8), u32(0), u32((uint32_t)length + 8);
    fragment(want, length);
    fragment(want, length);
    sequence_end();
    cr_assert_eq(out.n, made.n);
    for (size_t i = 0; i < out.n; i++)
        cr_expect_eq(out.p[i], made.p[i], "byte %zu: 0x%02X, want 0x%02X", i,
                     out.p[i], made.p[i]);
}

Test(redact, extended_tables_are_put_right)
{
    static const char frame[] = HEADER("\x4A\0\0\0") "\7abcdefgh\0"
                                                     "\xF9x";
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 2, 4, 16, 12, .frames = "2 "});
    head(0x7FE00001, "OV", 16);
    size_t tables = made.n;
    u32(0), u32(0), u32(sizeof frame - 1 + 8), u32(0);
    head(0x7FE00002, "OV", 16);
    u32(sizeof frame - 1), u32(0), u32(sizeof frame - 1), u32(0);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    fragment(frame, sizeof frame - 1);
    fragment(frame, sizeof frame - 1);
    sequence_end();
    cr_assert(redact(RLE, RECTS({1, 0, 1, 1})), "%s", err.msg);
    uint64_t length = 64 + 12 + 8;
    cr_expect_eq(imp_le64(out.p + tables), 0);
    cr_expect_eq(imp_le64(out.p + tables + 8), length + 8);
    cr_expect_eq(imp_le64(out.p + tables + 28), length);
    cr_expect_eq(imp_le64(out.p + tables + 36), length);
}

// --- JPEG ---

// Two frames of one picture, 40 x 24, with a table.
static void jpeg(const char *colour, struct imp_span file)
{
    start(true, false);
    describe((struct shape){colour, 24, 40, 8, 8, .frames = "2 "});
    head(0x7FE00010, "OB", UNDEFINED);
    item(8), u32(0), u32((uint32_t)(file.n + file.n % 2 + 8));
    fragment(file.p, file.n);
    fragment(file.p, file.n);
    sequence_end();
}

// Frame `i` of what came out: by the table, which must agree.
static struct imp_span frame_of(uint32_t i)
{
    const uint8_t *p = memmem(out.p, out.n, "\xE0\x7F\x10\0OB", 6);
    cr_assert(p);
    const uint8_t *table = p + 12 + 8, *first = table + 8;
    const uint8_t *f = first + imp_le32(table + 4 * (size_t)i);
    cr_assert(f + 8 <= out.p + out.n && memcmp(f, "\xFE\xFF\0\xE0", 4) == 0);
    cr_expect_eq(imp_le32(f + 4) % 2, 0);
    return (struct imp_span){f + 8, imp_le32(f + 4)};
}

static struct jpeg_facts facts;

static const struct jpeg_kind kinds[] = {
    {.components = 1, .h = 1, .v = 1, .quality = 85},
    {.components = 1, .h = 1, .v = 1, .quality = 85, .noisy = true},
    {.components = 1, .h = 1, .v = 1, .quality = 8, .noisy = true},
    {.components = 3, .h = 1, .v = 1, .quality = 85},
    {.components = 3, .h = 2, .v = 2, .quality = 85, .noisy = true},
    {.components = 3, .h = 2, .v = 1, .quality = 85, .restart = 2},
    {.components = 3, .h = 2, .v = 2, .quality = 85, .apart = true},
    // Tables that have no code for black: coded anew.
    {.components = 1, .h = 1, .v = 1, .quality = 85, .own_codes = true},
    {.components = 3, .h = 2, .v = 2, .quality = 85, .own_codes = true},
    {.components = 3,
     .h = 1,
     .v = 1,
     .quality = 85,
     .noisy = true,
     .own_codes = true,
     .restart = 2},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool is_in(struct imp_rect r, int64_t wider, int64_t x, int64_t y)
{
    return x >= r.x - wider && x < (int64_t)r.x + r.width + wider &&
           y >= r.y - wider && y < (int64_t)r.y + r.height + wider;
}

// Black within the units that {18, 9, 3, 3} touches, the same without; of
// components with fewer samples than pixels, libjpeg mixes neighbours.
static void expect_black(const struct jpeg_kind *kind, const struct pic *was,
                         const struct pic *is, unsigned black)
{
    bool mixed = kind->h > 1 || kind->v > 1;
    struct imp_rect unit = {16, 8, 8, 8};
    if (kind->h > 1)
        unit = (struct imp_rect){16, 8, 16, 8};
    if (kind->v > 1)
        unit = (struct imp_rect){16, 0, 16, 16};
    for (uint32_t y = 0; y < was->height; y++)
        for (uint32_t x = 0; x < was->width; x++) {
            const uint16_t *a = pic_at(was, x, y), *b = pic_at(is, x, y);
            for (int i = 0; i < kind->components; i++) {
                if (is_in(unit, mixed ? -1 : 0, x, y))
                    cr_expect_leq(abs((int)b[i] - (int)black), 2, "%u, %u: %u",
                                  x, y, b[i]);
                else if (!is_in(unit, mixed ? 1 : 0, x, y))
                    cr_expect_eq(a[i], b[i], "%u, %u: %u, was %u", x, y, b[i],
                                 a[i]);
            }
        }
}

Test(redact, jpeg_blocks_become_black_and_others_stay)
{
    for (int k = 0; k < KINDS; k++) {
        struct imp_buf file = {0};
        bool grey = kinds[k].components == 1;
        jpeg_make(&kinds[k], 40, 24, &file);
        jpeg(grey ? "MONOCHROME1 " : "YBR_FULL_422", imp_buf_span(&file));
        cr_assert(redact(BASELINE, RECTS({18, 9, 3, 3})), "kind %d: %s", k,
                  err.msg);
        struct pic was = jpeg_read(imp_buf_span(&file), &facts);
        for (uint32_t i = 0; i < 2; i++) {
            struct pic is = jpeg_read(frame_of(i), &facts);
            expect_black(&kinds[k], &was, &is, grey ? 255 : 0);
            pic_clear(&is);
        }
        pic_clear(&was);
        imp_buf_clear(&file);
    }
}

// What the quantisation has let out of the range of samples is not left as a
// shadow of what was there.
Test(redact, nothing_shows_through_a_jpeg_block)
{
    for (int own = 0; own < 2; own++) {
        struct imp_buf file = {0};
        struct jpeg_kind kind = kinds[2];
        kind.own_codes = own;
        jpeg_make(&kind, 40, 24, &file);
        jpeg("MONOCHROME2 ", imp_buf_span(&file));
        cr_assert(redact(BASELINE, RECTS({0, 0, 40, 24})), "%s", err.msg);
        struct pic is = jpeg_read(frame_of(0), &facts);
        for (uint32_t y = 0; y < 24; y++)
            for (uint32_t x = 0; x < 40; x++)
                cr_expect_eq(*pic_at(&is, x, y), *pic_at(&is, 0, 0));
        pic_clear(&is);
        imp_buf_clear(&file);
    }
}

// Two rectangles, of which the one reaches into the last, incomplete unit.
Test(redact, jpeg_takes_rectangles_up_to_the_edge)
{
    struct imp_buf file = {0};
    jpeg_make(&kinds[4], 40, 24, &file);
    jpeg("YBR_FULL_422", imp_buf_span(&file));
    cr_assert(redact(BASELINE, RECTS({0, 0, 1, 1}, {39, 23, 9, 1u << 31})),
              "%s", err.msg);
    struct pic is = jpeg_read(frame_of(1), &facts);
    cr_expect_leq(*pic_at(&is, 0, 0), 2);
    cr_expect_leq(*pic_at(&is, 14, 14), 2);
    cr_expect_leq(*pic_at(&is, 33, 17), 2);
    cr_expect_leq(*pic_at(&is, 39, 23), 2);
    pic_clear(&is);
    imp_buf_clear(&file);
}

// --- What cannot be redacted ---

static void expect_bad(const char *uid, struct imp_rect rect,
                       enum imp_code code, const char *want)
{
    cr_expect_not(redact(uid, &rect, 1), "%s", want);
    cr_expect_eq(err.code, code, "%s", err.msg);
    cr_expect(strstr(err.msg, want), "%s, want %s", err.msg, want);
}

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
        expect_bad(EXPLICIT, one, IMP_ERR_UNSUPPORTED, bad[i].want);
    }
    start(true, true);
    NATIVE("abcd", "MONOCHROME2 ", 1, 1, 32, 32);
    expect_bad(BIG, one, IMP_ERR_UNSUPPORTED, "(0028,0100)");
    start(true, true);
    NATIVE("abcd", "YBR_FULL", 1, 1, 8, 8);
    expect_bad(BIG, one, IMP_ERR_UNSUPPORTED, "the other way round");
    start(true, true);
    NATIVE("abcd", "RGB ", 1, 1, 8, 8, .planar = true);
    expect_bad(BIG, one, IMP_ERR_UNSUPPORTED, "the other way round");
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 1, 1, 8, 8});
    expect_bad(EXPLICIT, one, IMP_ERR_UNSUPPORTED, "no (7FE0,0010)");
}

Test(redact, a_rectangle_must_touch_the_picture)
{
    static const struct imp_rect bad[] = {
        {4, 0, 1, 1}, {0, 2, 1, 1}, {0, 0, 0, 1}, {0, 0, 1, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start(true, false);
        NATIVE("abcdefgh", "MONOCHROME2 ", 2, 4, 8, 8);
        expect_bad(EXPLICIT, bad[i], IMP_ERR_UNSUPPORTED,
                   "rectangle 1 is not in a picture of 4 x 2");
    }
    static struct imp_rect many[IMP_REDACT_RECTS + 1];
    for (size_t i = 0; i <= IMP_REDACT_RECTS; i++)
        many[i] = (struct imp_rect){0, 0, 1, 1};
    cr_expect(redact(EXPLICIT, many, IMP_REDACT_RECTS), "%s", err.msg);
    cr_expect_not(redact(EXPLICIT, many, IMP_REDACT_RECTS + 1));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
}

Test(redact, jpeg_must_be_one_that_the_splice_knows)
{
    struct imp_buf file = {0};
    jpeg_make(&(struct jpeg_kind){1, 1, 1, 85, .progressive = true}, 40, 24,
              &file);
    jpeg("MONOCHROME2 ", imp_buf_span(&file));
    expect_bad(BASELINE, (struct imp_rect){0, 0, 1, 1}, IMP_ERR_UNSUPPORTED,
               "frame 1: redaction: JPEG: not of 8 bits, sequential");
    imp_buf_clear(&file);
    start(true, false);
    describe((struct shape){"MONOCHROME2 ", 24, 40, 8, 8});
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    jpeg_make(&kinds[0], 40, 24, &file);
    fragment(file.p, 100);
    fragment(file.p + 100, file.n - 100);
    sequence_end();
    expect_bad(BASELINE, (struct imp_rect){0, 0, 1, 1}, IMP_ERR_UNSUPPORTED,
               "parted into fragments");
    imp_buf_clear(&file);
}

// --- Whole files ---

static void file_of(const char *uid)
{
    start(true, false);
    for (int i = 0; i < 128; i++)
        raw("", 1);
    raw("DICM", 4);
    head(0x00020000, "UL", 4);
    u32((uint32_t)strlen(uid) + 8);
    el(0x00020010, "UI", uid);
}

static bool redact_file(uint64_t dropped_from, uint64_t dropped)
{
    const struct imp_rect rect = {1, 0, 2, 1};
    uint64_t behind = dropped_from + dropped;
    err = (struct imp_err){0};
    imp_cutlist_start(&cuts, made.n);
    imp_cut_keep(&cuts, 0, dropped_from, IMP_PART_CODED, "kept");
    imp_cut_drop(&cuts, dropped_from, dropped, IMP_PART_UNKNOWN, "dropped");
    imp_cut_keep(&cuts, behind, made.n - behind, IMP_PART_CODED, "kept");
    cr_assert(imp_cutlist_finish(&cuts, &err));
    return imp_redact_cuts(&redaction, made_span(), &cuts, &rect, 1, &patched,
                           &err);
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
    cr_assert(redact_file(at, goes), "%s", err.msg);
    cr_assert(imp_cutlist_apply(&patched, made_span(), &out, &err));
    cr_assert_eq(out.n, made.n - goes);
    cr_expect_eq(memcmp(out.p, made.p, at), 0);
    cr_expect_eq(memcmp(out.p + at, made.p + at + goes, out.n - at - 4), 0);
    cr_expect_eq(memcmp(out.p + out.n - 4, "a\0\0d", 4), 0);
    for (size_t i = 0; i < patched.n; i++)
        if (patched.cut[i].kind == IMP_CUT_INSERT)
            cr_expect_str_eq(patched.cut[i].what, IMP_REDACTED);
}

Test(redact, pixels_that_change_otherwise_are_refused)
{
    file_of(EXPLICIT "\0");
    describe(row);
    head(0x7FE00010, "OW", 4), raw("abcd", 4);
    cr_expect_not(redact_file(made.n - 4, 4));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED, "%s", err.msg);
}

Test(redact, a_deflated_data_set_is_refused)
{
    file_of(SYNTAX(".1.99"));
    raw("\3\0", 2);
    cr_expect_not(redact_file(made.n, 0));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    cr_expect(strstr(err.msg, "deflated"), "%s", err.msg);
}
