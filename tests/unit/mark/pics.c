#include "pics.h"

#include "image/format.h"
#include "image/jpeg_map.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct pic pic_new(uint32_t width, uint32_t height, unsigned max)
{
    struct pic p = {width, height, max, NULL};
    p.px = calloc((size_t)width * height * 4, sizeof *p.px);
    cr_assert_not_null(p.px);
    return p;
}

void pic_clear(struct pic *p)
{
    free(p->px);
    *p = (struct pic){0};
}

uint16_t *pic_at(const struct pic *p, uint32_t x, uint32_t y)
{
    return p->px + ((size_t)y * p->width + x) * 4;
}

bool pic_same(const struct pic *a, const struct pic *b)
{
    return a->width == b->width && a->height == b->height && a->max == b->max &&
           memcmp(a->px, b->px, (size_t)a->width * a->height * 8) == 0;
}

static bool inside(const struct imp_mark_report *r, uint32_t x, uint32_t y)
{
    return x >= r->area.x && x - r->area.x < r->area.width && y >= r->area.y &&
           y - r->area.y < r->area.height;
}

void pic_compare(const struct pic *a, const struct pic *b,
                 const struct imp_mark_report *r, size_t *in, size_t *out)
{
    *in = *out = 0;
    for (uint32_t y = 0; y < a->height; y++)
        for (uint32_t x = 0; x < a->width; x++)
            if (memcmp(pic_at(a, x, y), pic_at(b, x, y), 8) != 0)
                ++*(inside(r, x, y) ? in : out);
}

static struct pic quarter_turn(const struct pic *p) // clockwise
{
    struct pic out = pic_new(p->height, p->width, p->max);
    for (uint32_t y = 0; y < p->height; y++)
        for (uint32_t x = 0; x < p->width; x++)
            memcpy(pic_at(&out, p->height - 1 - y, x), pic_at(p, x, y), 8);
    return out;
}

static struct pic mirror(const struct pic *p) // left to right
{
    struct pic out = pic_new(p->width, p->height, p->max);
    for (uint32_t y = 0; y < p->height; y++)
        for (uint32_t x = 0; x < p->width; x++)
            memcpy(pic_at(&out, p->width - 1 - x, y), pic_at(p, x, y), 8);
    return out;
}

static struct pic turned(const struct pic *p, int quarters, bool mirrored)
{
    struct pic now =
        mirrored ? mirror(p) : pic_new(p->width, p->height, p->max);
    if (!mirrored)
        memcpy(now.px, p->px, (size_t)p->width * p->height * 8);
    for (int i = 0; i < quarters; i++) {
        struct pic next = quarter_turn(&now);
        pic_clear(&now);
        now = next;
    }
    return now;
}

// What a viewer does, as exiftool words it: 2 mirror, 3 rotate 180, 4 mirror
// and rotate 180, 5 mirror and rotate 270 clockwise, 6 rotate 90 clockwise, 7
// mirror and rotate 90 clockwise, 8 rotate 270 clockwise.
static const struct {
    bool mirrored;
    int quarters;
} VIEW[9] = {{0, 0}, {0, 0}, {1, 0}, {0, 2}, {1, 2},
             {1, 3}, {0, 1}, {1, 1}, {0, 3}};

struct pic pic_display(const struct pic *stored, unsigned o)
{
    return turned(stored, VIEW[o].quarters, VIEW[o].mirrored);
}

struct pic pic_store(const struct pic *upright, unsigned o)
{
    // Undone in reverse: turn on to a whole turn, then mirror back.
    struct pic back = turned(upright, (4 - VIEW[o].quarters) % 4, false);
    struct pic out = turned(&back, 0, VIEW[o].mirrored);
    pic_clear(&back);
    return out;
}

void exif_make(unsigned orientation, uint8_t tiff[26])
{
    static const uint8_t block[26] = {'M', 'M',  0,    42, 0, 0, 0, 8, 0,
                                      1,   0x01, 0x12, 0,  3, 0, 0, 0, 1};
    memcpy(tiff, block, sizeof block);
    tiff[19] = (uint8_t)orientation;
}

static const struct imp_mark_input INPUT = {
    .values.fixed = {
        [IMP_FIELD_DIGEST] =
            "89abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567",
        [IMP_FIELD_DATE] = "2026-11-22",
        [IMP_FIELD_EXT] = "png",
    }};
const struct imp_mark_input *const VALUES = &INPUT;

struct imp_mark_spec spec_of(const char *text)
{
    struct imp_mark_spec spec = imp_mark_spec_default();
    spec.text = text;
    return spec;
}

struct imp_mark_report mark_all(const struct imp_mark_spec *spec,
                                const char *format, struct imp_span in,
                                struct imp_buf *out)
{
    struct imp_err err = {0};
    struct imp_mark_report report = {0};
    struct imp_marker *m = imp_marker_new(spec, &err);
    cr_assert(m, "%s", err.msg);
    cr_assert(imp_marker_apply(m, format, in, VALUES, out, &report, &err), "%s",
              err.msg);
    imp_marker_free(m);
    return report;
}

extern const struct imp_format imp_format_jpeg;

static bool keep(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *v, struct imp_err *err)
{
    (void)self, (void)part, (void)err;
    v->fate = IMP_FATE_KEEP;
    return true;
}

static enum imp_spliced_mark splice(const struct imp_mark_spec *spec,
                                    struct imp_span in, struct imp_buf *out,
                                    struct imp_mark_report *report,
                                    struct imp_err *err)
{
    struct imp_editor editor = {keep};
    struct imp_jpeg_map map = {0};
    struct imp_cutlist cuts = {0};
    struct imp_job_image img = {
        .editor = &editor, .limits = {1 << 26, 1 << 26}, .map = &map};
    struct imp_marker *m = imp_marker_new(spec, err);
    struct imp_pen *pen = imp_pen_new(err);
    cr_assert(m && pen, "%s", err->msg);
    cr_assert(imp_format_cut(&imp_format_jpeg, in, &img, &cuts, err), "%s",
              err->msg);
    enum imp_spliced_mark r =
        imp_marker_splice(m, pen, in, &cuts, &map, VALUES, out, report, err);
    imp_cutlist_clear(&cuts);
    imp_pen_free(pen);
    imp_marker_free(m);
    return r;
}

bool mark_spliced(const struct imp_mark_spec *spec, struct imp_span in,
                  struct imp_buf *out, struct imp_mark_report *report)
{
    struct imp_err err = {0};
    enum imp_spliced_mark r = splice(spec, in, out, report, &err);
    cr_assert_neq(r, IMP_MARK_FAILED, "%s", err.msg);
    return r == IMP_MARK_SPLICED;
}

enum imp_code splice_code(const struct imp_mark_spec *spec, struct imp_span in)
{
    struct imp_err err = {0};
    struct imp_buf out = {0};
    struct imp_mark_report report;
    enum imp_spliced_mark r = splice(spec, in, &out, &report, &err);
    cr_expect_eq(r == IMP_MARK_FAILED, err.code != IMP_OK);
    imp_buf_clear(&out);
    return err.code;
}

enum imp_code mark_code(const struct imp_mark_spec *spec, const char *format,
                        struct imp_span in)
{
    struct imp_err err = {0};
    struct imp_buf out = {0};
    struct imp_mark_report report;
    struct imp_marker *m = imp_marker_new(spec, &err);
    cr_assert(m, "%s", err.msg);
    bool ok = imp_marker_apply(m, format, in, VALUES, &out, &report, &err);
    cr_expect_eq(ok, err.code == IMP_OK);
    cr_expect(ok || strlen(err.msg) > 10, "no message");
    imp_buf_clear(&out);
    imp_marker_free(m);
    return err.code;
}
