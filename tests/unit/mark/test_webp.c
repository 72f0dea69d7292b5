// Marking WebP: frames alone and on one another.
#include "pics.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>
#include <webp/decode.h>

#define HAS_ANIM 0x02
#define HAS_ALPHA 0x10
#define HINT 0x10 // of a VP8L header's fifth byte

static struct imp_buf in, out;

static void tear_down(void)
{
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

TestSuite(mark_webp, .fini = tear_down, .timeout = 60);

// Colours that run; alpha that does, too, down to 0: what is transparent keeps
// its colour.
static struct pic gradient(uint32_t width, uint32_t height, bool alpha)
{
    struct pic p = pic_new(width, height, 255);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            uint16_t *px = pic_at(&p, x, y);
            px[0] = (uint16_t)(x * 255 / width);
            px[1] = (uint16_t)(y * 255 / height);
            px[2] = (uint16_t)((x * y) & 255);
            px[3] = 255;
            if (alpha)
                px[3] = (uint16_t)(x < 20 ? 0 : y * 255 / height);
        }
    return p;
}

static struct pic flat(uint32_t width, uint32_t height, uint16_t grey,
                       uint16_t alpha)
{
    struct pic p = pic_new(width, height, 255);
    for (size_t i = 0; i < (size_t)width * height * 4; i++)
        p.px[i] = i % 4 == 3 ? alpha : grey;
    return p;
}

// Of an animation's i-th frame, or a still picture.
static struct imp_span chunks_of(struct imp_span file, size_t i)
{
    struct imp_span anmf = webp_find(file, "ANMF", i);
    if (!anmf.p)
        return file;
    return (struct imp_span){anmf.p + 16, anmf.n - 16};
}

static struct pic read_frame(const struct imp_buf *file, size_t i)
{
    return webp_read(chunks_of(imp_buf_span(file), i));
}

// An area of the canvas as seen from a frame at x, y; what begins outside of it
// begins at 0.
static struct imp_mark_report shifted(struct imp_mark_report r, uint32_t x,
                                      uint32_t y)
{
    cr_assert(r.area.x >= x && r.area.y >= y);
    r.area.x -= x;
    r.area.y -= y;
    return r;
}

static size_t expect_only_mark(size_t frame, struct imp_mark_report r)
{
    size_t inside, outside;
    struct pic a = read_frame(&in, frame), b = read_frame(&out, frame);
    cr_assert(a.width == b.width && a.height == b.height);
    pic_compare(&a, &b, &r, &inside, &outside);
    cr_expect_eq(outside, 0, "frame %zu: %zu pixels changed outside", frame,
                 outside);
    pic_clear(&a);
    pic_clear(&b);
    return inside;
}

static bool has_alpha(const struct imp_buf *file)
{
    WebPBitstreamFeatures f;
    cr_assert_eq(WebPGetFeatures(file->p, file->n, &f), VP8_STATUS_OK);
    return f.has_alpha;
}

// --- Still pictures ---

static const struct kind {
    const char *name;
    bool lossless, alpha;
} KINDS[] = {
    {"VP8", false, false},
    {"VP8 and ALPH", false, true},
    {"VP8L", true, false},
    {"VP8L with alpha", true, true},
};

ParameterizedTestParameters(mark_webp, changes_nothing_outside_the_mark)
{
    static int row[] = {0, 1, 2, 3};
    return cr_make_param_array(int, row, 4);
}

ParameterizedTest(int *row, mark_webp, changes_nothing_outside_the_mark)
{
    const struct kind *kind = &KINDS[*row];
    struct imp_mark_spec spec = spec_of("TRIAL-001 {date}");
    struct pic p = gradient(151, 90, kind->alpha);
    webp_open(151, 90, kind->alpha ? HAS_ALPHA : 0, &in);
    webp_add_frame(&p, kind->lossless, &in);
    webp_close(&in);
    struct imp_mark_report r = mark_all(&spec, "webp", imp_buf_span(&in), &out);
    size_t inside = expect_only_mark(0, r);
    cr_expect_gt(inside, (size_t)r.area.width * r.area.height / 4, "%s",
                 kind->name);
    struct imp_span vp8l = webp_find(imp_buf_span(&out), "VP8L", 0);
    cr_assert_not_null(vp8l.p);
    cr_expect_null(webp_find(imp_buf_span(&out), "ALPH", 0).p);
    cr_expect_null(webp_find(imp_buf_span(&out), "VP8 ", 0).p);
    cr_expect_eq((vp8l.p[4] & HINT) != 0, kind->alpha);
    cr_expect_eq(has_alpha(&in), kind->alpha);
    cr_expect_eq(has_alpha(&out), kind->alpha);
    pic_clear(&p);
}

Test(mark_webp, a_simple_file_stays_simple_and_alike_each_time)
{
    struct imp_mark_spec spec = spec_of("{date}");
    struct imp_buf again = {0};
    struct pic p = gradient(120, 80, false);
    webp_open(120, 80, 0, &in);
    in.n = 12;
    webp_add_frame(&p, false, &in);
    webp_close(&in);
    expect_only_mark(0, mark_all(&spec, "webp", imp_buf_span(&in), &out));
    mark_all(&spec, "webp", imp_buf_span(&in), &again);
    cr_expect(again.n == out.n && memcmp(again.p, out.p, out.n) == 0);
    cr_expect_eq(memcmp(out.p + 12, "VP8L", 4), 0);
    cr_expect_eq(imp_le32(out.p + 4) + 8, out.n);
    imp_buf_clear(&again);
    pic_clear(&p);
}

// Decoders go by the hint, and one more or less is another kind of picture.
Test(mark_webp, an_alpha_that_is_all_opaque_stays_one)
{
    struct imp_mark_spec spec = spec_of("{date}");
    struct pic p = gradient(120, 80, false);
    webp_open(120, 80, HAS_ALPHA, &in);
    webp_add_frame(&p, true, &in);
    webp_close(&in);
    in.p[12 + 18 + 8 + 4] |= HINT;
    mark_all(&spec, "webp", imp_buf_span(&in), &out);
    cr_expect(webp_find(imp_buf_span(&out), "VP8L", 0).p[4] & HINT);
    pic_clear(&p);
}

Test(mark_webp, an_alpha_that_decoders_do_not_know_of_stays_unknown)
{
    struct imp_mark_spec spec = spec_of("{date}");
    struct pic p = gradient(120, 80, true);
    webp_open(120, 80, 0, &in);
    webp_add_frame(&p, true, &in);
    webp_close(&in);
    in.p[12 + 18 + 8 + 4] &= (uint8_t)~HINT;
    expect_only_mark(0, mark_all(&spec, "webp", imp_buf_span(&in), &out));
    cr_expect_not(webp_find(imp_buf_span(&out), "VP8L", 0).p[4] & HINT);
    pic_clear(&p);
}

Test(mark_webp, carries_over_what_stands_around_the_picture)
{
    static const char *const name[] = {"VP8X", "ICCP", "EXIF", "XMP ", "note"};
    struct imp_mark_spec spec = spec_of("{ext}");
    struct pic p = gradient(100, 100, false);
    webp_open(100, 100, 0x2c, &in);
    webp_add_chunk(&in, "ICCP", "odd", 3);
    webp_add_frame(&p, false, &in);
    webp_add_chunk(&in, "EXIF", "MM\0*\0\0\0\0", 8);
    webp_add_chunk(&in, "XMP ", "<x/>", 4);
    webp_add_chunk(&in, "note", "?", 1);
    webp_close(&in);
    mark_all(&spec, "webp", imp_buf_span(&in), &out);
    for (size_t i = 0; i < 5; i++) {
        struct imp_span a = webp_find(imp_buf_span(&in), name[i], 0);
        struct imp_span b = webp_find(imp_buf_span(&out), name[i], 0);
        cr_assert_not_null(a.p);
        cr_expect(a.n == b.n && memcmp(a.p, b.p, a.n) == 0, "%s", name[i]);
    }
    pic_clear(&p);
}

// Marked as stored with `orientation`, seen upright.
static struct pic marked_upright(const struct pic *upright, unsigned o,
                                 const struct imp_mark_spec *spec)
{
    uint8_t exif[26];
    struct pic stored = pic_store(upright, o);
    exif_make(o, exif);
    webp_open(stored.width, stored.height, 0x08, &in);
    webp_add_frame(&stored, true, &in);
    webp_add_chunk(&in, "EXIF", exif, sizeof exif);
    webp_close(&in);
    mark_all(spec, "webp", imp_buf_span(&in), &out);
    struct pic marked = read_frame(&out, 0);
    struct pic seen = pic_display(&marked, o);
    pic_clear(&marked);
    pic_clear(&stored);
    return seen;
}

Test(mark_webp, reads_upright_in_every_orientation)
{
    struct imp_mark_spec spec = spec_of("Left to right");
    struct pic p = gradient(211, 120, false);
    cr_assert(imp_mark_place_parse("17,9%", &spec.place, NULL));
    struct pic plain = marked_upright(&p, 1, &spec);
    cr_expect(!pic_same(&p, &plain));
    for (unsigned o = 2; o <= 8; o++) {
        struct pic seen = marked_upright(&p, o, &spec);
        cr_expect(pic_same(&plain, &seen), "orientation %u", o);
        pic_clear(&seen);
    }
    pic_clear(&plain);
    pic_clear(&p);
}

// --- Animations ---

#define SIDE 120u // of the canvas

static void begin_animation(uint8_t flags)
{
    webp_open(SIDE, SIDE, HAS_ANIM | flags, &in);
    webp_add_chunk(&in, "ANIM", "\1\2\3\4\0\0", 6);
}

static void add_frame(const struct pic *p, uint32_t x, uint32_t y,
                      uint8_t flags)
{
    webp_add_anmf(p, true, x, y, flags, &in);
}

static struct imp_mark_spec in_the_corner(void)
{
    struct imp_mark_spec spec = spec_of("{ext}");
    spec.scale = 0.15;
    spec.place.by = IMP_BY_GRAVITY;
    spec.place.gravity = IMP_SOUTH_EAST;
    return spec;
}

static struct imp_mark_report mark_animation(void)
{
    struct imp_mark_spec spec = in_the_corner();
    webp_close(&in);
    return mark_all(&spec, "webp", imp_buf_span(&in), &out);
}

static bool is_copied(size_t frame)
{
    struct imp_span a = webp_find(imp_buf_span(&in), "ANMF", frame);
    struct imp_span b = webp_find(imp_buf_span(&out), "ANMF", frame);
    return a.p && a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

Test(mark_webp, each_frame_has_its_part_of_the_mark)
{
    struct pic whole = flat(SIDE, SIDE, 90, 255);
    struct pic corner = flat(SIDE - 50, SIDE - 40, 90, 255);
    struct pic aside = flat(30, 30, 90, 255);
    begin_animation(0);
    add_frame(&whole, 0, 0, 0);
    add_frame(&aside, 2, 4, 0);
    webp_add_anmf(&corner, false, 50, 40, WEBP_CLEARS, &in);
    add_frame(&corner, 50, 40, 0);
    struct imp_mark_report r = mark_animation();
    cr_expect_gt(expect_only_mark(0, r), 0);
    cr_expect(is_copied(1), "no ink, no change");
    cr_expect_gt(expect_only_mark(2, shifted(r, 50, 40)), 0);
    cr_expect_gt(expect_only_mark(3, shifted(r, 50, 40)), 0);
    // The same ground has the same ink on it, wherever the frame begins.
    struct pic first = read_frame(&out, 0), third = read_frame(&out, 3);
    for (uint32_t y = 40; y < SIDE; y++)
        cr_expect_eq(memcmp(pic_at(&first, 50, y), pic_at(&third, 0, y - 40),
                            8 * (SIDE - 50)),
                     0, "row %u", y);
    struct imp_span a = webp_find(imp_buf_span(&in), "ANMF", 2);
    struct imp_span b = webp_find(imp_buf_span(&out), "ANMF", 2);
    cr_expect_eq(memcmp(a.p, b.p, 16), 0, "the frame's own fields");
    cr_expect_eq(webp_find(imp_buf_span(&out), "ANIM", 0).n, 6);
    cr_expect_eq(imp_le32(out.p + 4) + 8, out.n);
    pic_clear(&whole);
    pic_clear(&corner);
    pic_clear(&aside);
    pic_clear(&first);
    pic_clear(&third);
}

// An odd number of bytes: their pad belongs to the frame's own chunk.
Test(mark_webp, what_stands_behind_a_frame_is_carried_over)
{
    struct pic p = gradient(SIDE, SIDE, false);
    struct imp_buf data = {0};
    begin_animation(0);
    size_t at = in.n;
    add_frame(&p, 0, 0, 0);
    cr_assert(imp_buf_add(&data, in.p + at + 8, in.n - at - 8, NULL) &&
              imp_buf_add(&data, "note\1\0\0\0?", 9, NULL));
    in.n = at;
    webp_add_chunk(&in, "ANMF", data.p, data.n);
    add_frame(&p, 0, 0, 0);
    mark_animation();
    struct imp_span first = webp_find(imp_buf_span(&out), "ANMF", 0);
    cr_assert_eq(first.n % 2, 1);
    cr_expect_eq(memcmp(first.p + first.n - 9, "note\1\0\0\0?", 9), 0);
    cr_expect_not_null(webp_find(imp_buf_span(&out), "ANMF", 1).p);
    imp_buf_clear(&data);
    pic_clear(&p);
}

// How many pixels of the second frame, which is transparent, become visible.
static size_t inked_on_clear(uint8_t first_flags, uint8_t second_flags,
                             uint32_t first_side)
{
    struct pic first = flat(first_side, first_side, 90, 255);
    struct pic second = flat(SIDE, SIDE, 0, 0);
    *pic_at(&second, 0, 0) = 7;
    pic_at(&second, 0, 0)[3] = 255;
    begin_animation(HAS_ALPHA);
    add_frame(&first, 0, 0, first_flags);
    add_frame(&second, 0, 0, second_flags);
    size_t changed = expect_only_mark(1, mark_animation());
    pic_clear(&first);
    pic_clear(&second);
    return changed;
}

Test(mark_webp, what_shows_an_inked_frame_gets_no_ink_of_its_own)
{
    cr_expect_eq(inked_on_clear(0, 0, SIDE), 0);
    cr_expect(is_copied(1));
}

Test(mark_webp, what_shows_a_frame_without_ink_gets_its_own)
{
    cr_expect_gt(inked_on_clear(WEBP_CLEARS, 0, SIDE), 0, "it is cleared away");
    cr_expect_gt(inked_on_clear(0, WEBP_OVERWRITES, SIDE), 0, "it is replaced");
    cr_expect_gt(inked_on_clear(0, 0, SIDE / 2), 0, "the ink is beside it");
}

// --- What is refused ---

Test(mark_webp, what_would_leave_no_trace_is_refused)
{
    struct imp_mark_spec spec = spec_of("{date}");
    struct pic white = flat(150, 90, 255, 255);
    spec.backing = IMP_BACKING_NONE;
    webp_open(150, 90, 0, &in);
    webp_add_frame(&white, true, &in);
    webp_close(&in);
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_ERR_LIMIT);
    pic_clear(&white);
}

Test(mark_webp, ink_that_lies_beside_all_frames_is_refused)
{
    struct imp_mark_spec spec = in_the_corner();
    struct pic small = flat(30, 30, 0, 255);
    begin_animation(0);
    add_frame(&small, 0, 0, 0);
    add_frame(&small, 20, 20, 0);
    webp_close(&in);
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_ERR_LIMIT);
    pic_clear(&small);
}

Test(mark_webp, a_frame_that_would_hide_the_mark_is_refused)
{
    struct imp_mark_spec spec = in_the_corner();
    struct pic dark = flat(SIDE, SIDE, 0, 255),
               white = flat(SIDE, SIDE, 255, 255);
    spec.backing = IMP_BACKING_NONE;
    begin_animation(0);
    for (int i = 0; i < 3; i++)
        add_frame(&dark, 0, 0, 0);
    add_frame(&white, 0, 0, 0);
    webp_close(&in);
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_ERR_LIMIT);
    pic_clear(&dark);
    pic_clear(&white);
}

// VP8L goes to 16384 pixels, but libwebp codes one less.
Test(mark_webp, sides_that_the_encoder_does_not_take_are_refused)
{
    struct imp_mark_spec spec = spec_of("x");
    struct pic p = flat(16383, 20, 255, 255);
    webp_open(16384, 20, 0, &in);
    webp_add_frame(&p, true, &in);
    webp_close(&in);
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_ERR_DAMAGED,
                 "a frame smaller than its canvas");
    uint8_t *header = in.p + 12 + 18 + 8; // 14 bits of width - 1
    header[1] = 0xff;
    header[2] |= 0x3f;
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)),
                 IMP_ERR_UNSUPPORTED);
    pic_clear(&p);
}

Test(mark_webp, what_is_not_all_there_is_damaged)
{
    struct imp_mark_spec spec = spec_of("x");
    struct pic p = gradient(SIDE, SIDE, true);
    begin_animation(HAS_ALPHA);
    webp_add_anmf(&p, false, 0, 0, 0, &in);
    add_frame(&p, 0, 0, 0);
    webp_close(&in);
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_OK);
    for (size_t n = 0; n < in.n; n += 31)
        cr_expect_eq(mark_code(&spec, "webp", (struct imp_span){in.p, n}),
                     IMP_ERR_DAMAGED, "cut at %zu", n);
    // RIFF's size tells the same.
    size_t whole = in.n;
    for (in.n = 12; in.n < whole; in.n += 31) {
        webp_close(&in);
        enum imp_code code = mark_code(&spec, "webp", imp_buf_span(&in));
        cr_expect(code == IMP_ERR_DAMAGED, "RIFF of %zu: %d", in.n, (int)code);
    }
    in.n = whole;
    pic_clear(&p);
}

Test(mark_webp, a_frame_beside_the_canvas_is_damaged)
{
    struct imp_mark_spec spec = spec_of("x");
    struct pic p = gradient(SIDE, SIDE, false);
    begin_animation(0);
    add_frame(&p, 0, 2, 0);
    webp_close(&in);
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_ERR_DAMAGED);
    pic_clear(&p);
}

Test(mark_webp, what_cannot_be_compared_is_not_marked)
{
    struct imp_mark_spec spec = spec_of("T");
    struct pic p = flat(60, 40, 100, 255);
    webp_open(20000, 40, HAS_ANIM, &in);
    webp_add_chunk(&in, "ANIM", "\0\0\0\0\0\0", 6);
    webp_add_anmf(&p, true, 0, 0, 0, &in);
    webp_close(&in);
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)),
                 IMP_ERR_UNSUPPORTED);

    webp_open(60, 40, HAS_ANIM, &in);
    webp_add_chunk(&in, "ANIM", "\0\0\0\0\0\0", 6);
    for (int i = 0; i < 4; i++)
        webp_add_anmf(&p, true, 0, 0, 0, &in);
    webp_close(&in);
    spec.max_pixels = 4 * 60 * 40;
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_OK);
    spec.max_pixels--;
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_ERR_LIMIT);
    spec.max_pixels = 500000000;
    for (int i = 4; i < 1001; i++)
        webp_add_anmf(&p, true, 0, 0, 0, &in);
    webp_close(&in);
    cr_expect_eq(mark_code(&spec, "webp", imp_buf_span(&in)), IMP_ERR_LIMIT);
    pic_clear(&p);
}
