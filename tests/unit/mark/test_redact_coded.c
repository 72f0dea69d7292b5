// Frames of RLE and JPEG blacked out. What must come out of RLE is reckoned by
// hand; JPEG is judged by libjpeg, through pics.h.
#include "pics.h"
#include "redacted.h"

TestSuite(redact_coded, .fini = clear_redacted, .timeout = 60);

#define RLE SYNTAX(".5")

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

Test(redact_coded, rle_frames_are_coded_anew_with_their_tables)
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
    cr_assert(redact(RLE, RECTS({1, 0, 2, 1})), "%s", o.err.msg);

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
    cr_assert_eq(o.out.n, made.n);
    for (size_t i = 0; i < o.out.n; i++)
        cr_expect_eq(o.out.p[i], made.p[i], "byte %zu: 0x%02X, want 0x%02X", i,
                     o.out.p[i], made.p[i]);
}

Test(redact_coded, extended_tables_are_put_right)
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
    cr_assert(redact(RLE, RECTS({1, 0, 1, 1})), "%s", o.err.msg);
    uint64_t length = 64 + 12 + 8;
    cr_expect_eq(imp_le64(o.out.p + tables), 0);
    cr_expect_eq(imp_le64(o.out.p + tables + 8), length + 8);
    cr_expect_eq(imp_le64(o.out.p + tables + 28), length);
    cr_expect_eq(imp_le64(o.out.p + tables + 36), length);
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
    const uint8_t *p = memmem(o.out.p, o.out.n, "\xE0\x7F\x10\0OB", 6);
    cr_assert(p);
    const uint8_t *table = p + 12 + 8, *first = table + 8;
    const uint8_t *f = first + imp_le32(table + 4 * (size_t)i);
    cr_assert(f + 8 <= o.out.p + o.out.n &&
              memcmp(f, "\xFE\xFF\0\xE0", 4) == 0);
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

Test(redact_coded, jpeg_blocks_become_black_and_others_stay)
{
    for (int k = 0; k < KINDS; k++) {
        struct imp_buf file = {0};
        bool grey = kinds[k].components == 1;
        jpeg_make(&kinds[k], 40, 24, &file);
        jpeg(grey ? "MONOCHROME1 " : "YBR_FULL_422", imp_buf_span(&file));
        cr_assert(redact(BASELINE, RECTS({18, 9, 3, 3})), "kind %d: %s", k,
                  o.err.msg);
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
Test(redact_coded, nothing_shows_through_a_jpeg_block)
{
    for (int own = 0; own < 2; own++) {
        struct imp_buf file = {0};
        struct jpeg_kind kind = kinds[2];
        kind.own_codes = own;
        jpeg_make(&kind, 40, 24, &file);
        jpeg("MONOCHROME2 ", imp_buf_span(&file));
        cr_assert(redact(BASELINE, RECTS({0, 0, 40, 24})), "%s", o.err.msg);
        struct pic is = jpeg_read(frame_of(0), &facts);
        for (uint32_t y = 0; y < 24; y++)
            for (uint32_t x = 0; x < 40; x++)
                cr_expect_eq(*pic_at(&is, x, y), *pic_at(&is, 0, 0));
        pic_clear(&is);
        imp_buf_clear(&file);
    }
}

// Two rectangles, of which the one reaches into the last, incomplete unit.
Test(redact_coded, jpeg_takes_rectangles_up_to_the_edge)
{
    struct imp_buf file = {0};
    jpeg_make(&kinds[4], 40, 24, &file);
    jpeg("YBR_FULL_422", imp_buf_span(&file));
    cr_assert(redact(BASELINE, RECTS({0, 0, 1, 1}, {39, 23, 9, 1u << 31})),
              "%s", o.err.msg);
    struct pic is = jpeg_read(frame_of(1), &facts);
    cr_expect_leq(*pic_at(&is, 0, 0), 2);
    cr_expect_leq(*pic_at(&is, 14, 14), 2);
    cr_expect_leq(*pic_at(&is, 33, 17), 2);
    cr_expect_leq(*pic_at(&is, 39, 23), 2);
    pic_clear(&is);
    imp_buf_clear(&file);
}

Test(redact_coded, jpeg_must_be_one_that_the_splice_knows)
{
    struct imp_buf file = {0};
    jpeg_make(&(struct jpeg_kind){1, 1, 1, 85, .progressive = true}, 40, 24,
              &file);
    jpeg("MONOCHROME2 ", imp_buf_span(&file));
    expect_refused(BASELINE, (struct imp_rect){0, 0, 1, 1}, IMP_ERR_UNSUPPORTED,
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
    expect_refused(BASELINE, (struct imp_rect){0, 0, 1, 1}, IMP_ERR_UNSUPPORTED,
                   "parted into fragments");
    imp_buf_clear(&file);
}
