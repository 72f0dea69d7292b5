// Marking TIFF files: what changes, above all what does not, and what is
// carried over.
#include "pics.h"
#include "pics_tiff.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 150, HEIGHT = 90, PIXELS = WIDTH * HEIGHT, MOST = PIXELS * 16 };

static const struct kind {
    const char *name;
    unsigned bits, samples, format, photometric;
} KINDS[] = {
    {"grey", 8, 1, 1, 1},        {"RGB", 8, 3, 1, 2},
    {"CMYK", 8, 4, 1, 5},        {"grey 16", 16, 1, 1, 1},
    {"RGB 16", 16, 3, 1, 2},     {"grey 32", 32, 1, 1, 1},
    {"RGB 32", 32, 3, 1, 2},     {"signed 8", 8, 1, 2, 1},
    {"signed 16", 16, 3, 2, 2},  {"signed 32", 32, 1, 2, 1},
    {"float grey", 32, 1, 3, 1}, {"float RGB", 32, 3, 3, 2},
};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

// Noise of any value that the samples can have: floats that are none, too.
static struct tiff_page noise(const struct kind *k, uint8_t pixels[MOST])
{
    uint32_t seed = 1;
    size_t n = (size_t)PIXELS * k->samples * k->bits / 8;
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        pixels[i] = (uint8_t)(seed >> 24);
    }
    return (struct tiff_page){.width = WIDTH,
                              .height = HEIGHT,
                              .bits = k->bits,
                              .samples = k->samples,
                              .format = k->format,
                              .photometric = k->photometric,
                              .compression = 1,
                              .pixels = pixels,
                              .n = n};
}

static bool inside(const struct imp_mark_report *r, uint32_t x, uint32_t y)
{
    return x >= r->area.x && x - r->area.x < r->area.width && y >= r->area.y &&
           y - r->area.y < r->area.height;
}

// The page must be the source's but for the mark.
static void expect_only_mark(const struct tiff_page *source,
                             struct imp_span after, size_t page,
                             const struct imp_mark_report *r, const char *name)
{
    struct imp_buf got = {0};
    const uint8_t *want = source->pixels;
    size_t pixel = source->samples * source->bits / 8, in = 0, out = 0;
    cr_assert_eq(tiff_number(after, page, 256, 0, 0), source->width, "%s",
                 name);
    cr_assert_eq(tiff_number(after, page, 257, 0, 0), source->height, "%s",
                 name);
    cr_expect_eq(tiff_number(after, page, 258, 0, 1), source->bits, "%s", name);
    cr_expect_eq(tiff_number(after, page, 262, 0, 9), source->photometric, "%s",
                 name);
    cr_expect_eq(tiff_number(after, page, 277, 0, 1), source->samples, "%s",
                 name);
    cr_expect_eq(tiff_number(after, page, 339, 0, 1), source->format, "%s",
                 name);
    tiff_pixels(after, page, &got);
    for (uint32_t y = 0; y < source->height; y++)
        for (uint32_t x = 0; x < source->width; x++) {
            size_t at = ((size_t)y * source->width + x) * pixel;
            if (memcmp(got.p + at, want + at, pixel) != 0)
                ++*(inside(r, x, y) ? &in : &out);
        }
    cr_expect_eq(out, 0, "%s: %zu pixels changed outside the mark", name, out);
    cr_expect_gt(in, (size_t)r->area.width * r->area.height / 4, "%s", name);
    imp_buf_clear(&got);
}

ParameterizedTestParameters(mark_tiff, changes_nothing_outside_the_mark)
{
    static int row[N_KINDS * 3];
    for (int i = 0; i < N_KINDS * 3; i++)
        row[i] = i;
    return cr_make_param_array(int, row, N_KINDS * 3);
}

ParameterizedTest(int *row, mark_tiff, changes_nothing_outside_the_mark)
{
    static uint8_t pixels[MOST];
    const struct kind *kind = &KINDS[*row / 3];
    enum tiff_order order = (enum tiff_order)(*row % 3);
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf in = {0}, out = {0};
    struct tiff_page page = noise(kind, pixels);
    tiff_make(&page, 1, order, &in);
    struct imp_mark_report r = mark_all(&spec, "tiff", imp_buf_span(&in), &out);
    expect_only_mark(&page, imp_buf_span(&out), 0, &r, kind->name);
    cr_expect_eq(out.p[2], order == TIFF_BIG ? 43 : 42);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_tiff, keeps_either_kind_of_alpha)
{
    static const struct kind kinds[] = {{"grey", 8, 2, 1, 1},
                                        {"RGB 16", 16, 4, 1, 2}};
    static const uint32_t extra[] = {1, 2};
    static uint8_t pixels[MOST];
    struct imp_mark_spec spec = spec_of("T");
    for (size_t i = 0; i < 4; i++) {
        struct imp_buf in = {0}, out = {0};
        struct tiff_page page = noise(&kinds[i / 2], pixels);
        page.more[0] = (struct tiff_tag){338, TIFF_SHORT, 1, &extra[i % 2]};
        page.n_more = 1;
        tiff_make(&page, 1, TIFF_II, &in);
        struct imp_mark_report r =
            mark_all(&spec, "tiff", imp_buf_span(&in), &out);
        expect_only_mark(&page, imp_buf_span(&out), 0, &r, kinds[i / 2].name);
        cr_expect_eq(tiff_number(imp_buf_span(&out), 0, 338, 0, 0),
                     extra[i % 2]);
        imp_buf_clear(&in);
        imp_buf_clear(&out);
    }
}

// --- What is black and white ---

// One number each that is lowest and highest, and the rest, marked with full
// strength: how often are both in the output?
static void expect_scale(const struct kind *kind, uint32_t least, uint32_t most,
                         uint32_t rest)
{
    static uint8_t pixels[MOST];
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf in = {0}, out = {0}, got = {0};
    struct tiff_page page = noise(kind, pixels);
    size_t bytes = kind->bits / 8, white = 0, black = 0, other = 0;
    for (size_t i = 0; i < PIXELS; i++)
        memcpy(pixels + i * bytes,
               i == 0   ? &least
               : i == 1 ? &most
                        : &rest,
               bytes);
    spec.opacity = 1;
    spec.scale = 0.3;
    tiff_make(&page, 1, TIFF_II, &in);
    mark_all(&spec, "tiff", imp_buf_span(&in), &out);
    tiff_pixels(imp_buf_span(&out), 0, &got);
    for (size_t i = 2; i < PIXELS; i++) {
        const uint8_t *p = got.p + i * bytes;
        white += memcmp(p, &most, bytes) == 0;
        black += memcmp(p, &least, bytes) == 0;
        other += memcmp(p, &rest, bytes) == 0;
    }
    cr_expect_gt(white, 20, "%s: %zu white", kind->name, white);
    cr_expect_gt(black, 20, "%s: %zu black", kind->name, black);
    cr_expect_gt(other, PIXELS / 2, "%s: %zu as before", kind->name, other);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
    imp_buf_clear(&got);
}

static uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

Test(mark_tiff, draws_between_the_lowest_and_the_highest_number)
{
    expect_scale(&KINDS[5], 7, 4000000000u, 1000);
    expect_scale(&KINDS[7], (uint8_t)-100, 90, 3);
    expect_scale(&KINDS[9], (uint32_t)-2000000000, 2000000000, 3);
    expect_scale(&KINDS[10], bits_of(-1000.5f), bits_of(3e30f), bits_of(2));
    expect_scale(&KINDS[10], bits_of(-1), bits_of(1), bits_of(NAN));
    expect_scale(&KINDS[10], bits_of(-1), bits_of(1), bits_of(-INFINITY));
}

Test(mark_tiff, stays_within_the_scale_of_floats)
{
    static uint8_t pixels[MOST];
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf in = {0}, out = {0}, got = {0};
    struct tiff_page page = noise(&KINDS[10], pixels);
    float *v = (float *)(void *)pixels;
    for (size_t i = 0; i < PIXELS; i++)
        v[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : (float)(i % 7) - 2;
    tiff_make(&page, 1, TIFF_II, &in);
    struct imp_mark_report r = mark_all(&spec, "tiff", imp_buf_span(&in), &out);
    expect_only_mark(&page, imp_buf_span(&out), 0, &r, "floats");
    tiff_pixels(imp_buf_span(&out), 0, &got);
    for (size_t i = 0; i < PIXELS; i++) {
        float now;
        memcpy(&now, got.p + 4 * i, 4);
        if (memcmp(&now, &v[i], 4) != 0)
            cr_expect(now >= -2 && now <= 4, "%g", (double)now);
    }
    imp_buf_clear(&in);
    imp_buf_clear(&out);
    imp_buf_clear(&got);
}

// --- Pages ---

// A JPEG stream of grey, and what it decodes to.
static struct tiff_page grey_jpeg(struct imp_buf *stream, uint8_t *pixels)
{
    static const struct jpeg_kind kind = {
        .components = 1, .h = 1, .v = 1, .quality = 90};
    struct jpeg_facts facts;
    jpeg_make(&kind, WIDTH, HEIGHT, stream);
    struct pic p = jpeg_read(imp_buf_span(stream), &facts);
    for (size_t i = 0; i < PIXELS; i++)
        pixels[i] = (uint8_t)p.px[4 * i];
    pic_clear(&p);
    return (struct tiff_page){.width = WIDTH,
                              .height = HEIGHT,
                              .bits = 8,
                              .samples = 1,
                              .format = 1,
                              .photometric = 1,
                              .compression = 7,
                              .pixels = stream->p,
                              .n = stream->n};
}

Test(mark_tiff, marks_pages_of_any_kinds)
{
    static uint8_t pixels[N_KINDS + 1][MOST];
    struct tiff_page page[N_KINDS + 1];
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf stream = {0}, in = {0}, out = {0};
    for (size_t i = 0; i < N_KINDS; i++)
        page[i] = noise(&KINDS[i], pixels[i]);
    page[N_KINDS] = grey_jpeg(&stream, pixels[N_KINDS]);
    tiff_make(page, N_KINDS + 1, TIFF_MM, &in);
    struct imp_mark_report r = mark_all(&spec, "tiff", imp_buf_span(&in), &out);
    struct imp_span made = imp_buf_span(&out);
    cr_assert_eq(tiff_pages(made), N_KINDS + 1);
    for (size_t i = 0; i < N_KINDS; i++)
        expect_only_mark(&page[i], made, i, &r, KINDS[i].name);
    // What was lossy is stored without loss.
    page[N_KINDS].pixels = pixels[N_KINDS];
    expect_only_mark(&page[N_KINDS], made, N_KINDS, &r, "JPEG");
    cr_expect_eq(tiff_number(made, N_KINDS, 259, 0, 0), 8);
    imp_buf_clear(&stream);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_tiff, marks_pages_of_nearly_one_size_in_one_place)
{
    static uint8_t pixels[MOST];
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf in = {0}, out = {0};
    struct tiff_page page[3];
    for (size_t i = 0; i < 3; i++)
        page[i] = noise(&KINDS[1], pixels);
    page[1].height -= 9;
    page[1].n -= 9 * WIDTH * 3;
    page[2].width -= 15;
    page[2].n -= 15 * HEIGHT * 3;
    tiff_make(page, 3, TIFF_II, &in);
    struct imp_mark_report r = mark_all(&spec, "tiff", imp_buf_span(&in), &out);
    cr_expect(r.area.x + r.area.width <= WIDTH - 15);
    cr_expect(r.area.y + r.area.height <= HEIGHT - 9);
    for (size_t i = 0; i < 3; i++)
        expect_only_mark(&page[i], imp_buf_span(&out), i, &r, "sizes");
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_tiff, makes_the_same_bytes_again)
{
    static uint8_t pixels[MOST];
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf in = {0}, a = {0}, b = {0};
    struct tiff_page page = noise(&KINDS[11], pixels);
    tiff_make(&page, 1, TIFF_II, &in);
    mark_all(&spec, "tiff", imp_buf_span(&in), &a);
    mark_all(&spec, "tiff", imp_buf_span(&in), &b);
    cr_expect(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
    imp_buf_clear(&in);
    imp_buf_clear(&a);
    imp_buf_clear(&b);
}

// --- Tags ---

static const uint32_t white[] = {3127, 10000, 329, 1000};
static const uint32_t primaries[] = {64, 100, 33, 100, 3, 10,
                                     6,  10,  15, 100, 6, 100};
static const uint32_t reference[] = {0, 1, 250, 1, 0, 1, 251, 1, 0, 1, 252, 1};
static const uint32_t resolution[] = {30001, 100};
static const uint32_t unit[] = {3}, turned[] = {8}, kind_of_page[] = {2};
static const uint32_t place_of_page[] = {1, 2};
static const uint32_t profile[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static uint32_t curve[3 * 256];

static const struct tiff_tag described[] = {
    {254, TIFF_LONG, 1, kind_of_page},   {274, TIFF_SHORT, 1, turned},
    {282, TIFF_RATIONAL, 1, resolution}, {283, TIFF_RATIONAL, 1, resolution},
    {296, TIFF_SHORT, 1, unit},          {297, TIFF_SHORT, 2, place_of_page},
    {301, TIFF_SHORT, 3 * 256, curve},   {318, TIFF_RATIONAL, 2, white},
    {319, TIFF_RATIONAL, 6, primaries},  {532, TIFF_RATIONAL, 6, reference},
    {34675, TIFF_UNDEFINED, 9, profile},
};
enum { N_DESCRIBED = sizeof described / sizeof *described };

Test(mark_tiff, carries_over_what_describes_each_page)
{
    static uint8_t pixels[MOST];
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf in = {0}, out = {0};
    struct tiff_page page[2] = {noise(&KINDS[1], pixels),
                                noise(&KINDS[1], pixels)};
    for (uint32_t i = 0; i < 3 * 256; i++)
        curve[i] = i % 256 * 257;
    memcpy(page[1].more, described, sizeof described);
    page[1].n_more = N_DESCRIBED;
    page[0].more[0] = described[1]; // both are turned alike
    page[0].n_more = 1;
    tiff_make(page, 2, TIFF_MM, &in);
    mark_all(&spec, "tiff", imp_buf_span(&in), &out);
    for (size_t i = 0; i < N_DESCRIBED; i++) {
        const struct tiff_tag *t = &described[i];
        size_t n = t->count * (t->type == TIFF_RATIONAL ? 2u : 1u);
        for (size_t k = 0; k < n; k++) {
            struct imp_span v = tiff_value(imp_buf_span(&out), 1, t->tag);
            uint32_t got =
                t->type == TIFF_UNDEFINED && k < v.n
                    ? v.p[k]
                    : tiff_number(imp_buf_span(&out), 1, t->tag, k, 99999);
            cr_expect_eq(got, t->value[k], "tag %u, number %zu: %u", t->tag, k,
                         got);
        }
        // The encoder would say 72 dpi of a page that says nothing.
        cr_expect(t->tag == 274 || !tiff_value(imp_buf_span(&out), 0, t->tag).p,
                  "tag %u", t->tag);
    }
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// --- What is refused ---

static enum imp_code code_of(const struct tiff_page *page, size_t n)
{
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf in = {0};
    tiff_make(page, n, TIFF_II, &in);
    enum imp_code code = mark_code(&spec, "tiff", imp_buf_span(&in));
    imp_buf_clear(&in);
    return code;
}

Test(mark_tiff, refuses_kinds_that_would_not_stay_exact)
{
    static const struct kind kinds[] = {
        {"double", 64, 1, 3, 1},           {"half", 16, 1, 3, 1},
        {"complex", 64, 1, 6, 1},          {"CIELab", 8, 3, 1, 8},
        {"YCbCr, not JPEG", 8, 3, 1, 6},   {"white is 0", 32, 1, 3, 0},
        {"CMYK of 32 bits", 32, 4, 1, 5},  {"four bits", 4, 1, 1, 1},
        {"two extra samples", 8, 3, 1, 1},
    };
    static uint8_t pixels[MOST];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct tiff_page page = noise(&kinds[i], pixels);
        cr_expect_eq(code_of(&page, 1), IMP_ERR_UNSUPPORTED, "%s",
                     kinds[i].name);
    }
}

Test(mark_tiff, refuses_tags_that_the_output_would_belie)
{
    static const uint32_t none[] = {0}, one[] = {1}, two[] = {2};
    static const uint32_t odd_range[] = {16,  1, 235, 1, 128, 1,
                                         240, 1, 128, 1, 240, 1};
    static const uint32_t odd_weights[] = {2126,  10000, 7152,
                                           10000, 722,   10000};
    static uint8_t pixels[MOST];
    static const struct {
        struct kind kind;
        uint32_t compression;
        struct tiff_tag tag;
    } rows[] = {
        {{"alpha of no sample", 8, 1, 1, 3}, 1, {338, TIFF_SHORT, 1, one}},
        {{"alpha of blue", 8, 3, 1, 2}, 1, {338, TIFF_SHORT, 1, two}},
        {{"no alpha", 8, 4, 1, 2}, 1, {338, TIFF_SHORT, 1, none}},
        {{"alpha in palette", 8, 2, 1, 3}, 1, {338, TIFF_SHORT, 1, one}},
        {{"alpha, white is 0", 8, 2, 1, 0}, 1, {338, TIFF_SHORT, 1, two}},
        {{"SubIFDs", 8, 1, 1, 1}, 1, {330, TIFF_LONG, 1, one}},
        {{"other inks", 8, 4, 1, 5}, 1, {332, TIFF_SHORT, 1, two}},
        {{"a curve", 8, 1, 1, 0}, 1, {301, TIFF_SHORT, 256, curve}},
        {{"range", 8, 3, 1, 6}, 7, {532, TIFF_RATIONAL, 6, odd_range}},
        {{"weights", 8, 3, 1, 6}, 7, {529, TIFF_RATIONAL, 3, odd_weights}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tiff_page page = noise(&rows[i].kind, pixels);
        page.compression = rows[i].compression;
        page.more[0] = rows[i].tag;
        page.n_more = 1;
        cr_expect_eq(code_of(&page, 1), IMP_ERR_UNSUPPORTED, "%s",
                     rows[i].kind.name);
    }
}

Test(mark_tiff, refuses_pages_that_one_mark_does_not_fit)
{
    static const uint32_t upside_down[] = {3};
    static uint8_t pixels[MOST];
    struct tiff_page page[2] = {noise(&KINDS[0], pixels),
                                noise(&KINDS[0], pixels)};
    page[1].height -= 11;
    page[1].n -= 11 * WIDTH;
    cr_expect_eq(code_of(page, 2), IMP_ERR_UNSUPPORTED, "size");
    page[1] = page[0];
    page[1].more[0] = (struct tiff_tag){274, TIFF_SHORT, 1, upside_down};
    page[1].n_more = 1;
    cr_expect_eq(code_of(page, 2), IMP_ERR_UNSUPPORTED, "orientation");
}

Test(mark_tiff, finds_no_scale_where_all_is_alike)
{
    static uint8_t pixels[MOST];
    struct tiff_page page = noise(&KINDS[10], pixels);
    memset(pixels, 0, page.n);
    cr_expect_eq(code_of(&page, 1), IMP_ERR_LIMIT, "zeros");
    memset(pixels, 0xFF, page.n);
    cr_expect_eq(code_of(&page, 1), IMP_ERR_LIMIT, "no number at all");
}

Test(mark_tiff, refuses_a_tile_that_is_far_larger_than_its_picture)
{
    static const uint32_t side[] = {65536};
    static uint8_t pixels[MOST];
    struct tiff_page page = noise(&KINDS[0], pixels);
    const uint32_t at[] = {8}, n[] = {(uint32_t)page.n};
    page.more[0] = (struct tiff_tag){322, TIFF_LONG, 1, side};
    page.more[1] = (struct tiff_tag){323, TIFF_LONG, 1, side};
    page.more[2] = (struct tiff_tag){324, TIFF_LONG, 1, at};
    page.more[3] = (struct tiff_tag){325, TIFF_LONG, 1, n};
    page.n_more = 4;
    cr_expect_eq(code_of(&page, 1), IMP_ERR_LIMIT);
}

Test(mark_tiff, survives_damage, .timeout = 60)
{
    static uint8_t pixels[MOST];
    struct imp_mark_spec spec = spec_of("T");
    struct imp_buf stream = {0}, in = {0};
    struct tiff_page page[2] = {noise(&KINDS[1], pixels),
                                grey_jpeg(&stream, pixels)};
    memcpy(page[0].more, described, sizeof described);
    page[0].n_more = 1;
    tiff_make(page, 2, TIFF_II, &in);
    cr_assert_eq(mark_code(&spec, "tiff", imp_buf_span(&in)), IMP_OK);
    for (size_t n = 0; n + 4 < in.n; n += in.n / 50)
        cr_expect_neq(mark_code(&spec, "tiff", (struct imp_span){in.p, n}),
                      IMP_OK, "cut at %zu", n);
    size_t directory = in.n - 200; // of the second page
    for (size_t at = directory; at < in.n; at++) {
        in.p[at] ^= 0x41;
        mark_code(&spec, "tiff", imp_buf_span(&in));
        in.p[at] ^= 0x41;
    }
    imp_buf_clear(&stream);
    imp_buf_clear(&in);
}
