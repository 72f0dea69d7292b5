// Marking GIF files: what changes, and above all what does not.
#include "image/format.h"
#include "pics.h"
#include "pics_gif.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

extern const struct imp_format imp_format_gif;

static struct gif_frame frame[4]; // of the file that a test makes
static unsigned n_frames;
static uint8_t global[256][3];

// A frame of noise in `colours` of its table.
static struct gif_frame *noise(uint32_t x, uint32_t y, uint32_t width,
                               uint32_t height, unsigned colours)
{
    struct gif_frame *f = &frame[n_frames++];
    uint32_t seed = n_frames;
    *f = (struct gif_frame){
        .x = x, .y = y, .width = width, .height = height, .transparent = -1};
    memcpy(f->table, global, sizeof global);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        seed = seed * 1664525 + 1013904223;
        f->index[i] = (uint8_t)((seed >> 8) % colours);
    }
    return f;
}

static void make(uint32_t width, uint32_t height, unsigned colours,
                 struct imp_buf *out)
{
    gif_begin(width, height, colours, global, out);
    for (unsigned i = 0; i < n_frames; i++)
        gif_add(&frame[i], out);
    gif_end(out);
}

// --- Composing, as viewers do ---

struct screen {
    uint8_t rgba[GIF_SIDE * GIF_SIDE][4];
};

static void show(const struct gif_frame *f, uint32_t width, uint32_t height,
                 struct screen *s)
{
    for (uint32_t y = 0; y < f->height && f->y + y < height; y++)
        for (uint32_t x = 0; x < f->width && f->x + x < width; x++) {
            uint8_t i = f->index[y * f->width + x];
            uint8_t *to = s->rgba[(f->y + y) * width + f->x + x];
            if (i == f->transparent)
                continue;
            memcpy(to, f->table[i], 3);
            to[3] = 255;
        }
}

static void dispose(const struct gif_frame *f, uint32_t width, uint32_t height,
                    const struct screen *before, struct screen *s)
{
    if (f->disposal == 3)
        *s = *before;
    for (uint32_t y = 0; y < f->height && f->y + y < height; y++)
        for (uint32_t x = 0; x < f->width && f->x + x < width; x++)
            if (f->disposal == 2)
                memset(s->rgba[(f->y + y) * width + f->x + x], 0, 4);
}

static bool inside(const struct imp_area *a, uint32_t x, uint32_t y)
{
    return imp_area_meets(a, x, y, (uint64_t)x + 1, (uint64_t)y + 1);
}

// All frames of both files, composed; returns the pixels of the last that
// differ.
static size_t expect_only_mark(struct imp_span a, struct imp_span b,
                               const struct imp_area *area, uint32_t width,
                               uint32_t height)
{
    static struct screen p, q, before_p, before_q;
    static struct gif_frame f, g;
    size_t in = 0;
    memset(&p, 0, sizeof p);
    memset(&q, 0, sizeof q);
    for (unsigned i = 0; i < n_frames; i++) {
        size_t out = 0;
        gif_read(a, i, &f);
        gif_read(b, i, &g);
        before_p = p;
        before_q = q;
        show(&f, width, height, &p);
        show(&g, width, height, &q);
        in = 0;
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                if (memcmp(p.rgba[y * width + x], q.rgba[y * width + x], 4))
                    ++*(inside(area, x, y) ? &in : &out);
        cr_expect_eq(out, 0, "frame %u: %zu pixels changed outside", i, out);
        cr_expect(i > 0 || in > area->width * area->height / 4, "%zu", in);
        dispose(&f, width, height, &before_p, &p);
        dispose(&g, width, height, &before_q, &q);
    }
    return in;
}

static bool drop(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *v, struct imp_err *err)
{
    (void)self, (void)part, (void)err;
    v->fate = IMP_FATE_DROP;
    return true;
}

// What is written leaves nothing for the cleaner to do.
static void expect_clean(struct imp_span file)
{
    struct imp_editor editor = {drop};
    struct imp_job_image img = {.editor = &editor,
                                .limits = {1 << 20, 1 << 20}};
    struct imp_cutlist cuts = {0};
    struct imp_err err = {0};
    cr_assert(imp_format_cut(&imp_format_gif, file, &img, &cuts, &err), "%s",
              err.msg);
    cr_expect(imp_cutlist_all_kept(&cuts));
    imp_cutlist_clear(&cuts);
}

static size_t mark_and_judge(uint32_t width, uint32_t height, unsigned colours,
                             struct imp_buf *in, struct imp_buf *out)
{
    struct imp_mark_spec spec = spec_of("TRIAL {date}");
    make(width, height, colours, in);
    struct imp_mark_report r = mark_all(&spec, "gif", imp_buf_span(in), out);
    expect_clean(imp_buf_span(out));
    return expect_only_mark(imp_buf_span(in), imp_buf_span(out), &r.area, width,
                            height);
}

// --- Kinds of frames ---

static void one(unsigned colours, bool local, bool interlaced)
{
    struct gif_frame *f = noise(0, 0, 150, 90, colours);
    f->interlaced = interlaced;
    if (local) {
        f->colours = colours;
        gif_hues(colours, f->table);
    }
}

static void bilevel(void)
{
    gif_greys(2, global);
    one(2, false, false);
}

static void full(void)
{
    gif_hues(256, global);
    one(256, false, true);
}

static void spare(void)
{
    gif_hues(128, global);
    one(100, false, true);
}

static void local(void)
{
    gif_greys(4, global);
    one(16, true, false);
}

static void see_through(void)
{
    gif_greys(8, global);
    one(8, false, false);
    frame[0].transparent = 5;
}

static void no_table_in_common(void)
{
    one(64, true, true);
}

static void changes(unsigned disposal)
{
    gif_hues(64, global);
    noise(0, 0, 150, 90, 64);
    // Edges lie under the ink, or outside of the screen.
    noise(10, 70, 110, 30, 30)->transparent = 3;
    noise(140, 10, 20, 20, 64);
    noise(100, 45, 50, 45, 4)->transparent = 2;
    for (unsigned i = 0; i < n_frames; i++)
        frame[i].disposal = disposal;
}

static void stay(void)
{
    changes(1);
}

static void cleared(void)
{
    changes(2);
}

static void restored(void)
{
    changes(3);
}

static const struct {
    void (*make)(void);
    unsigned colours;
} KINDS[] = {{bilevel, 2},  {full, 256},    {spare, 128},
             {local, 4},    {stay, 64},     {see_through, 8},
             {cleared, 64}, {restored, 64}, {no_table_in_common, 0}};

ParameterizedTestParameters(mark_gif, changes_nothing_outside_the_mark)
{
    static int row[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    return cr_make_param_array(int, row, sizeof row / sizeof *row);
}

ParameterizedTest(int *row, mark_gif, changes_nothing_outside_the_mark)
{
    struct imp_buf in = {0}, out = {0};
    KINDS[*row].make();
    size_t n = mark_and_judge(150, 90, KINDS[*row].colours, &in, &out);
    cr_expect_gt(n, 0);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// --- Promises one by one ---

Test(mark_gif, pixels_without_ink_keep_their_indexes)
{
    static struct gif_frame f, g;
    struct imp_buf in = {0}, out = {0};
    struct imp_mark_spec spec = spec_of("I I");
    spec.backing = IMP_BACKING_NONE;
    spec.angle = 45;
    spare();
    make(150, 90, 128, &in);
    struct imp_mark_report r = mark_all(&spec, "gif", imp_buf_span(&in), &out);
    gif_read(imp_buf_span(&in), 0, &f);
    gif_read(imp_buf_span(&out), 0, &g);
    size_t changed = 0, area = (size_t)r.area.width * r.area.height;
    for (size_t i = 0; i < (size_t)150 * 90; i++)
        changed += f.index[i] != g.index[i];
    // Few of the rectangle have ink.
    cr_expect(changed > 0 && changed < area / 2, "%zu of %zu", changed, area);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_gif, ink_has_its_own_colours_where_the_table_has_room)
{
    static struct gif_frame f;
    struct imp_buf in = {0}, out = {0};
    unsigned text = 0, outline = 0;
    gif_greys(2, global);
    noise(0, 0, 150, 90, 1); // black
    mark_and_judge(150, 90, 2, &in, &out);
    gif_read(imp_buf_span(&out), 0, &f);
    cr_expect_gt(f.colours, 2);
    for (size_t i = 0; i < (size_t)150 * 90; i++)
        text += f.table[f.index[i]][0] > 165; // 0.7 * 255 = 178.5
    cr_expect_gt(text, 20, "%u", text);
    memset(frame[0].index, 1, sizeof frame[0].index); // white
    in.n = 0;
    mark_and_judge(150, 90, 2, &in, &out);
    gif_read(imp_buf_span(&out), 0, &f);
    for (size_t i = 0; i < (size_t)150 * 90; i++)
        outline += f.table[f.index[i]][1] < 90; // 0.3 * 255 = 76.5
    cr_expect_gt(outline, 20, "%u", outline);
    // Unused, but the background's.
    cr_expect_eq(f.table[0][0], 0);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_gif, frames_without_ink_and_all_else_are_copied)
{
    static struct gif_frame f, g;
    struct imp_buf in = {0}, out = {0};
    stay();
    mark_and_judge(150, 90, 64, &in, &out);
    gif_read(imp_buf_span(&in), 0, &f);
    gif_read(imp_buf_span(&out), 0, &g);
    size_t head = (size_t)(f.bytes.p - in.p);
    cr_expect_eq((size_t)(g.bytes.p - out.p), head);
    cr_expect_eq(memcmp(in.p, out.p, head), 0, "screen, loop count, control");
    gif_read(imp_buf_span(&in), 2, &f);
    gif_read(imp_buf_span(&out), 2, &g);
    cr_expect_eq(f.bytes.n, g.bytes.n);
    cr_expect_eq(memcmp(f.bytes.p, g.bytes.p, f.bytes.n), 0);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

// Pixels of frame `n` that were transparent and are not.
static size_t painted(struct imp_span a, struct imp_span b, unsigned n)
{
    static struct gif_frame f, g;
    size_t count = 0;
    gif_read(a, n, &f);
    gif_read(b, n, &g);
    for (size_t i = 0; i < (size_t)f.width * f.height; i++)
        count += f.index[i] == f.transparent && g.index[i] != g.transparent;
    return count;
}

static void expect_painted(unsigned disposal, bool again)
{
    struct imp_buf in = {0}, out = {0};
    n_frames = 0;
    gif_greys(4, global);
    for (int i = 0; i < 2; i++)
        noise(0, 0, 150, 90, 1)->transparent = 0;
    frame[0].disposal = disposal;
    size_t last = mark_and_judge(150, 90, 4, &in, &out);
    cr_expect_gt(last, 0);
    cr_expect_gt(painted(imp_buf_span(&in), imp_buf_span(&out), 0), 0);
    size_t n = painted(imp_buf_span(&in), imp_buf_span(&out), 1);
    cr_expect_eq(n > 0, again, "disposal %u: %zu", disposal, n);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

Test(mark_gif, transparent_pixels_are_painted_where_nothing_is_below)
{
    expect_painted(0, false);
    expect_painted(1, false);
    expect_painted(2, true);
    expect_painted(3, true);
}

// ImageMagick 6 takes the background of the screen from the first frame's
// table: it must stay the global one.
Test(mark_gif, a_first_frame_that_leaves_background_keeps_its_table)
{
    static struct gif_frame f;
    struct imp_buf in = {0}, out = {0};
    gif_greys(4, global);
    noise(1, 0, 149, 90, 4);
    mark_and_judge(150, 90, 4, &in, &out);
    gif_read(imp_buf_span(&out), 0, &f);
    cr_expect_eq(f.colours, 0);
    imp_buf_clear(&in);
    imp_buf_clear(&out);
}

static enum imp_code code_of(uint32_t width, uint32_t height, unsigned colours)
{
    struct imp_mark_spec spec = spec_of("x");
    struct imp_buf in = {0};
    make(width, height, colours, &in);
    enum imp_code code = mark_code(&spec, "gif", imp_buf_span(&in));
    imp_buf_clear(&in);
    return code;
}

Test(mark_gif, refuses_what_viewers_do_not_agree_on)
{
    gif_greys(4, global);
    noise(0, 0, 150, 90, 5);
    cr_expect_eq(code_of(150, 90, 4), IMP_ERR_UNSUPPORTED, "index 4 of 4");
    frame[0].transparent = 4;
    cr_expect_eq(code_of(150, 90, 4), IMP_OK, "which has no colour");
    cr_expect_eq(code_of(150, 90, 0), IMP_ERR_UNSUPPORTED, "no table");
    cr_expect_eq(code_of(0, 90, 8), IMP_ERR_UNSUPPORTED, "no screen");
    cr_expect_eq(code_of(150, 0, 8), IMP_ERR_UNSUPPORTED, "no screen");
}

Test(mark_gif, a_mark_that_leaves_no_trace_is_an_error)
{
    memset(global, 255, sizeof global);
    noise(1, 0, 149, 90, 4);
    cr_expect_eq(code_of(150, 90, 4), IMP_ERR_LIMIT);
    gif_greys(4, global);
    cr_expect_eq(code_of(150, 90, 4), IMP_OK);
    // The mark lies where only a later frame reaches.
    frame[0].height = 30;
    noise(0, 0, 150, 90, 4);
    cr_expect_eq(code_of(150, 90, 4), IMP_ERR_LIMIT);
}

Test(mark_gif, refuses_what_does_not_decode_and_too_many_frames)
{
    struct imp_mark_spec spec = spec_of("x");
    struct imp_buf in = {0};
    bilevel();
    make(150, 90, 2, &in);
    for (size_t n = 0; n < in.n; n += n < 100 || n > in.n - 100 ? 1 : 97)
        cr_expect_eq(mark_code(&spec, "gif", (struct imp_span){in.p, n}),
                     IMP_ERR_DAMAGED, "cut at %zu", n);
    noise(0, 0, 1, 1, 2);
    in.n = 0;
    gif_begin(150, 90, 2, global, &in);
    gif_add(&frame[0], &in);
    for (int i = 0; i < 1000; i++)
        gif_add(&frame[1], &in);
    gif_end(&in);
    cr_expect_eq(mark_code(&spec, "gif", imp_buf_span(&in)), IMP_ERR_LIMIT);
    imp_buf_clear(&in);
}
