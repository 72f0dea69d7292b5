// The marker as a whole: its spec, its text, its place, its errors.
#include "mark/mark.h"
#include "pics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_rgb(uint32_t w, uint32_t h, struct imp_buf *out)
{
    png_make(&PNG_KINDS[8], w, h, (struct imp_span){0}, out);
}

static struct imp_mark_report mark_rgb(const struct imp_mark_spec *spec,
                                       uint32_t w, uint32_t h)
{
    struct imp_buf in = {0}, out = {0};
    make_rgb(w, h, &in);
    struct imp_mark_report r = mark_all(spec, "png", imp_buf_span(&in), &out);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
    return r;
}

static void expect_refused(struct imp_mark_spec spec, const char *why)
{
    struct imp_err err = {0};
    struct imp_marker *m = imp_marker_new(&spec, &err);
    cr_expect_null(m, "%s", why);
    cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s: %s", why, err.msg);
    imp_marker_free(m);
}

Test(mark, new_refuses_a_spec_that_makes_no_mark)
{
    static const char *const text[] = {
        "", "  ", "\n", "a\tb", "a\x1b[1m", "{subject}", "{date", "\xff\xfe",
        "\xe2\x80\x8b" /* a space without width */,
        // U+10FFFD, of private use: boxes are no letters.
        "two\nlines \xf4\x8f\xbf\xbd"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        expect_refused(spec_of(text[i]), text[i]);

    char *lengthy = calloc(1, 1200);
    memset(lengthy, 'x', 1100);
    expect_refused(spec_of(lengthy), "too long");
    free(lengthy);

    static const double scale[] = {0, 0.004, 1.01, -1, NAN};
    for (size_t i = 0; i < 5; i++) {
        struct imp_mark_spec spec = spec_of("x");
        spec.scale = scale[i];
        expect_refused(spec, "scale");
    }
    static const double opacity[] = {0, -0.1, 1.1, NAN};
    for (size_t i = 0; i < 4; i++) {
        struct imp_mark_spec spec = spec_of("x");
        spec.opacity = opacity[i];
        expect_refused(spec, "opacity");
    }
    struct imp_mark_spec xy = spec_of("x");
    xy.place = (struct imp_mark_place){.by = IMP_BY_XY, .x = {-1, false}};
    expect_refused(xy, "x below 0");
}

Test(mark, uses_tells_the_fields_of_the_text)
{
    struct imp_mark_spec spec = spec_of("{date} {{ext}}");
    struct imp_marker *m = imp_marker_new(&spec, NULL);
    cr_assert_not_null(m);
    cr_expect(imp_template_uses(imp_marker_template(m), "date"));
    cr_expect(!imp_template_uses(imp_marker_template(m), "digest"));
    cr_expect(!imp_template_uses(imp_marker_template(m), "ext"));
    imp_marker_free(m);
}

Test(mark, draws_markup_as_it_stands)
{
    struct imp_mark_spec bare = spec_of("x"), tagged = spec_of("<b>x</b>"),
                         broken = spec_of("a < b && \"c\"");
    uint32_t narrow = mark_rgb(&bare, 600, 400).area.width;
    uint32_t wide = mark_rgb(&tagged, 600, 400).area.width;
    cr_expect_gt(wide, 4 * narrow, "%u, %u", wide, narrow);
    cr_expect_gt(mark_rgb(&broken, 600, 400).area.width, 4 * narrow);
}

Test(mark, goes_where_its_gravity_says)
{
    static const char *const name[3][3] = {
        {"north-west", "north", "north-east"},
        {"west", "centre", "east"},
        {"south-west", "south", "south-east"}};
    // 400 x 300: margins of 6 pixels.
    for (size_t row = 0; row < 3; row++) {
        for (size_t col = 0; col < 3; col++) {
            struct imp_mark_spec spec = spec_of("{date}");
            cr_assert(imp_mark_place_parse(name[row][col], &spec.place, NULL));
            struct imp_mark_report r = mark_rgb(&spec, 400, 300);
            uint32_t x[3] = {6, (400 - r.area.width) / 2, 394 - r.area.width};
            uint32_t y[3] = {6, (300 - r.area.height) / 2, 294 - r.area.height};
            cr_expect_eq(r.area.x, x[col], "%s: x %u", name[row][col],
                         r.area.x);
            cr_expect_eq(r.area.y, y[row], "%s: y %u", name[row][col],
                         r.area.y);
        }
    }
}

Test(mark, goes_where_x_and_y_say_but_stays_inside)
{
    struct imp_mark_spec spec = spec_of("{date}");
    cr_assert(imp_mark_place_parse("10,25%", &spec.place, NULL));
    struct imp_mark_report r = mark_rgb(&spec, 400, 300);
    cr_expect(r.area.x == 10 && r.area.y == 75, "%u, %u", r.area.x, r.area.y);
    cr_assert(imp_mark_place_parse("100%,5000", &spec.place, NULL));
    r = mark_rgb(&spec, 400, 300);
    cr_expect(r.area.x == 400 - r.area.width && r.area.y == 300 - r.area.height,
              "%u, %u", r.area.x, r.area.y);
}

Test(mark, grows_with_the_shorter_side)
{
    // Capitals of DejaVu Sans are 0.729 of its size, a line 1.164.
    struct imp_mark_spec spec = spec_of("HE");
    spec.scale = 0.2;
    spec.backing = IMP_BACKING_NONE;
    double want = 0.2 * 500 * 0.729 / 1.164;
    cr_expect_lt(fabs(mark_rgb(&spec, 900, 500).area.height - want), 2);
    cr_expect_lt(fabs(mark_rgb(&spec, 500, 900).area.height - want), 2);
}

Test(mark, shrinks_to_fit_and_says_if_it_cannot)
{
    struct imp_mark_spec spec = spec_of("A rather long line of text {date}");
    struct imp_buf in = {0};
    spec.scale = 0.5;
    struct imp_mark_report r = mark_rgb(&spec, 400, 300);
    cr_expect(r.area.width > 330 && r.area.width <= 388, "%u wide",
              r.area.width);
    make_rgb(60, 300, &in);
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)), IMP_ERR_LIMIT);
    make_rgb(1, 1, &in);
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)), IMP_ERR_LIMIT);
    imp_buf_clear(&in);
}

Test(mark, refuses_other_formats_and_large_pictures)
{
    struct imp_mark_spec spec = spec_of("x");
    struct imp_buf in = {0};
    make_rgb(100, 100, &in);
    cr_expect_eq(mark_code(&spec, "bmp", imp_buf_span(&in)),
                 IMP_ERR_UNSUPPORTED);
    cr_expect_eq(mark_code(&spec, "jpeg", imp_buf_span(&in)), IMP_ERR_DAMAGED);
    spec.max_pixels = 100 * 100;
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)), IMP_OK);
    spec.max_pixels--;
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)), IMP_ERR_LIMIT);
    imp_buf_clear(&in);
}

struct job {
    struct imp_marker *m;
    struct imp_span in;
    struct imp_buf out;
    bool ok;
};

static void *mark_some(void *arg)
{
    struct job *job = arg;
    struct imp_mark_report r;
    job->ok = true;
    for (int i = 0; i < 10; i++)
        job->ok &= imp_marker_apply(job->m, "png", job->in, VALUES, &job->out,
                                    &r, NULL);
    return NULL;
}

Test(mark, gives_the_same_bytes_on_every_thread, .timeout = 60)
{
    struct imp_mark_spec spec = spec_of("{digest:8} {date}");
    struct imp_buf in = {0};
    struct job job[4] = {0};
    pthread_t thread[4];
    make_rgb(300, 200, &in);
    struct imp_marker *m = imp_marker_new(&spec, NULL);
    cr_assert_not_null(m);
    for (size_t i = 0; i < 4; i++) {
        job[i] = (struct job){.m = m, .in = imp_buf_span(&in)};
        cr_assert_eq(pthread_create(&thread[i], NULL, mark_some, &job[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        cr_assert(job[i].ok);
        cr_expect_eq(job[i].out.n, job[0].out.n);
        cr_expect_arr_eq(job[i].out.p, job[0].out.p, job[0].out.n);
    }
    for (size_t i = 0; i < 4; i++)
        imp_buf_clear(&job[i].out);
    imp_marker_free(m);
    imp_buf_clear(&in);
}

static bool read_all(const char *path, struct imp_buf *out)
{
    char block[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    out->n = 0;
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        imp_buf_add(out, block, n, NULL);
    fclose(f);
    return true;
}

Test(mark, leaves_real_pictures_alone_outside_the_mark)
{
    static const char *const file[] = {
        "medical/skimage__cell.png",
        "medical/skimage__ihc.png",
        "medical/skimage__microaneurysms.png",
        "png/skimage__chessboard_GRAY.png",
        "png/suite/libpng__gray-16-1.8-tRNS.png",
        "png/suite/libpng__rgb-alpha-16-linear.png"};
    const char *corpus = getenv("IMP_CORPUS");
    struct imp_buf in = {0}, out = {0};
    struct imp_mark_spec spec = spec_of("{date}");
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s",
                 corpus ? corpus : "../shared/corpus", file[i]);
        if (!read_all(path, &in)) {
            fprintf(stderr, "skipped: no corpus\n");
            break;
        }
        struct imp_mark_report r =
            mark_all(&spec, "png", imp_buf_span(&in), &out);
        struct pic a = png_read(imp_buf_span(&in));
        struct pic b = png_read(imp_buf_span(&out));
        for (uint32_t y = r.area.y; y < r.area.y + r.area.height; y++)
            for (uint32_t x = r.area.x; x < r.area.x + r.area.width; x++)
                memcpy(pic_at(&b, x, y), pic_at(&a, x, y), 8);
        cr_expect(pic_same(&a, &b), "%s", file[i]);
        pic_clear(&a);
        pic_clear(&b);
    }
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// Left half red, right half clear.
static void make_logo(struct imp_buf *out)
{
    struct pic logo = pic_new(40, 40, 255);
    for (uint32_t y = 0; y < 40; y++)
        for (uint32_t x = 0; x < 20; x++) {
            pic_at(&logo, x, y)[0] = 255;
            pic_at(&logo, x, y)[3] = 255;
        }
    png_make_rgba(&logo, (struct imp_span){0}, out);
    pic_clear(&logo);
}

Test(mark, an_image_is_drawn_in_its_own_colours_where_it_is_opaque)
{
    struct imp_buf logo = {0}, in = {0}, out = {0};
    struct imp_mark_spec spec = spec_of(NULL);
    make_logo(&logo);
    spec.image = imp_buf_span(&logo);
    spec.backing = IMP_BACKING_NONE;
    spec.scale = 0.2;
    spec.opacity = 1;
    make_rgb(300, 200, &in);
    struct imp_mark_report r = mark_all(&spec, "png", imp_buf_span(&in), &out);
    cr_assert(r.area.width == 40 && r.area.height == 40);
    struct pic was = png_read(imp_buf_span(&in));
    struct pic is = png_read(imp_buf_span(&out));
    for (uint32_t y = 5; y < 35; y++) {
        const uint16_t *left = pic_at(&is, r.area.x + 5, r.area.y + y);
        cr_expect(left[0] > 250 && left[1] < 5 && left[2] < 5, "%u %u %u",
                  left[0], left[1], left[2]);
        cr_expect_arr_eq(pic_at(&is, r.area.x + 35, r.area.y + y),
                         pic_at(&was, r.area.x + 35, r.area.y + y), 8);
    }
    pic_clear(&was);
    pic_clear(&is);

    // The same in a JPEG, whose red is a matter of two components more.
    struct jpeg_kind kind = {.components = 3, .quality = 95, .orientation = 6};
    jpeg_make(&kind, 300, 200, &in);
    cr_assert(mark_spliced(&spec, imp_buf_span(&in), &out, &r));
    struct jpeg_facts facts;
    is = jpeg_read(imp_buf_span(&out), &facts);
    // Seen upright, stored turned: what is left lies at the bottom.
    const uint16_t *at =
        pic_at(&is, r.area.x + 20, r.area.y + r.area.height - 8);
    cr_expect(at[0] > 240 && at[1] < 20 && at[2] < 20, "%u %u %u", at[0], at[1],
              at[2]);
    pic_clear(&is);
    imp_buf_clear(&logo);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark, an_image_that_is_none_is_refused)
{
    struct imp_mark_spec spec = spec_of(NULL);
    static const uint8_t junk[] = "not a PNG file";
    spec.image = (struct imp_span){junk, sizeof junk};
    expect_refused(spec, "junk");
    struct imp_buf logo = {0};
    struct pic clear = pic_new(10, 10, 255); // transparent throughout
    png_make_rgba(&clear, (struct imp_span){0}, &logo);
    spec.image = imp_buf_span(&logo);
    expect_refused(spec, "nothing to see");
    pic_clear(&clear);
    imp_buf_clear(&logo);
}

// "Never a silent nothing": ink that the picture swallows is an error.
Test(mark, that_would_leave_no_trace_is_refused)
{
    struct imp_mark_spec spec = spec_of("TRIAL");
    struct imp_buf in = {0};
    struct pic white = pic_new(300, 200, 255);
    for (size_t i = 0; i < 300 * 200 * 4; i++)
        white.px[i] = 255;
    png_make_rgba(&white, (struct imp_span){0}, &in);
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)), IMP_OK);
    spec.backing = IMP_BACKING_NONE;
    cr_expect_eq(mark_code(&spec, "png", imp_buf_span(&in)), IMP_ERR_LIMIT);

    // Faint ink in a coarse JPEG, by either route.
    struct jpeg_kind kind = {.components = 3, .quality = 5};
    spec = spec_of("TRIAL");
    spec.opacity = 0.01;
    jpeg_make(&kind, 300, 200, &in);
    cr_expect_eq(mark_code(&spec, "jpeg", imp_buf_span(&in)), IMP_ERR_LIMIT);
    cr_expect_eq(splice_code(&spec, imp_buf_span(&in)), IMP_ERR_LIMIT);
    spec.opacity = 0.7;
    cr_expect_eq(mark_code(&spec, "jpeg", imp_buf_span(&in)), IMP_OK);
    cr_expect_eq(splice_code(&spec, imp_buf_span(&in)), IMP_OK);
    pic_clear(&white);
    imp_buf_clear(&in);
}
