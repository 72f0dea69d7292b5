#include "mark/mark.h"

#include "mark/blend.h"
#include "mark/carrier.h"
#include "mark/ink.h"
#include "mark/layout.h"
#include "mark/orient.h"
#include "mark/pixels.h"
#include "mark/recode.h"
#include "mark/splice.h"
#include "mark/stencil.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1000 // bytes of a mark's text, its fields filled in
#define PROBE_LINE 32 // pixels: to learn a text's proportions

struct imp_marker {
    struct imp_template *text;
    struct imp_mark_spec spec; // but for its text
    const struct imp_pixels *pixels;
    struct imp_stencils *stencils;
};

struct imp_pen {
    struct imp_splicer splicer;
    struct imp_cutlist cuts;
    struct imp_buf text;
};

struct imp_mark_spec imp_mark_spec_default(void)
{
    return (struct imp_mark_spec){
        .place = {.gravity = IMP_SOUTH_EAST},
        .margin = {2, true},
        .spacing = {10, true},
        .scale = 0.04,
        .opacity = 0.7,
        .rgb = {255, 255, 255},
        .outline = true,
        .max_pixels = 500000000,
    };
}

static bool check_measure(const char *name, struct imp_measure m,
                          struct imp_err *err)
{
    double most = m.percent ? 100 : UINT32_MAX;
    if (m.value >= 0 && m.value <= most)
        return true;
    return imp_fail(err, IMP_ERR_CONFIG, "%s is %g, want 0 to %g", name,
                    m.value, most);
}

// Written so that a NaN fails, too.
static bool check_spec(const struct imp_mark_spec *spec, struct imp_err *err)
{
    if (!(spec->scale >= 0.005 && spec->scale <= 1))
        return imp_fail(err, IMP_ERR_CONFIG, "the scale is %g, want 0.005 to 1",
                        spec->scale);
    if (!(spec->opacity > 0 && spec->opacity <= 1))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the opacity is %g, want above 0 and up to 1",
                        spec->opacity);
    if (spec->max_pixels == 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the pixel limit is 0, want 1 or more");
    if (!(spec->angle >= -180 && spec->angle <= 180))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the angle is %g, want -180 to 180", spec->angle);
    if (!check_measure("x", spec->place.x, err) ||
        !check_measure("y", spec->place.y, err) ||
        !check_measure("the margin", spec->margin, err) ||
        !check_measure("the spacing", spec->spacing, err))
        return false;
    if ((unsigned)spec->place.gravity > IMP_SOUTH_EAST)
        return imp_fail(err, IMP_ERR_CONFIG, "gravity %u, want 0 to %u",
                        (unsigned)spec->place.gravity, IMP_SOUTH_EAST);
    return true;
}

// The mark's text with a NUL behind it.
static bool expand(const struct imp_marker *m,
                   const char *const value[IMP_FIELDS], struct imp_buf *text,
                   struct imp_err *err)
{
    text->n = 0;
    if (!imp_template_expand(m->text, value, text, err))
        return false;
    if (text->n > TEXT_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the text has %zu bytes, want at most %d", text->n,
                        TEXT_MAX);
    for (size_t i = 0; i < text->n; i++)
        if ((text->p[i] < 0x20 && text->p[i] != '\n') || text->p[i] == 0x7F)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "the text has a control character (0x%02X)",
                            text->p[i]);
    return imp_buf_add(text, "", 1, err);
}

// Draw the text with plausible values: what can be wrong with it shows now.
static bool try_text(const struct imp_marker *m, struct imp_err *err)
{
    static const char *const sample[IMP_FIELDS] = {
        [IMP_FIELD_DIGEST] =
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        [IMP_FIELD_DATE] = "2000-01-01",
        [IMP_FIELD_EXT] = "jpg",
    };
    struct imp_buf text = {0};
    struct imp_mask mask = {0};
    bool ok = expand(m, sample, &text, err) &&
              m->pixels->draw_text((const char *)text.p, PROBE_LINE,
                                   m->spec.angle, &mask, err);
    imp_mask_clear(&mask);
    imp_buf_clear(&text);
    return ok;
}

struct imp_marker *imp_marker_new(const struct imp_mark_spec *spec,
                                  struct imp_err *err)
{
    struct imp_marker *m = calloc(1, sizeof *m);
    if (!m)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu bytes", sizeof *m);
    if (!m || !check_spec(spec, err))
        goto failed;
    m->spec = *spec;
    m->spec.text = NULL;
    m->text = imp_template_new(spec->text, err);
    if (m->text)
        m->stencils = imp_stencils_new(err);
    if (m->stencils)
        m->pixels = imp_pixels_load(err);
    if (m->pixels && try_text(m, err))
        return m;
failed:
    imp_wrap(err, "mark");
    imp_marker_free(m);
    return NULL;
}

void imp_marker_free(struct imp_marker *m)
{
    if (!m)
        return;
    imp_stencils_free(m->stencils);
    imp_template_free(m->text);
    free(m);
}

struct imp_pen *imp_pen_new(struct imp_err *err)
{
    struct imp_pen *pen = calloc(1, sizeof *pen);
    if (!pen)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a pen");
    return pen;
}

void imp_pen_free(struct imp_pen *pen)
{
    if (!pen)
        return;
    imp_splicer_clear(&pen->splicer);
    imp_cutlist_clear(&pen->cuts);
    imp_buf_clear(&pen->text);
    free(pen);
}

bool imp_marker_uses(const struct imp_marker *m, enum imp_field field)
{
    return imp_template_uses(m->text, field);
}

// --- Drawing ---

// Text and outline at one line height.
static bool draw_at(const struct imp_marker *m, const char *text, uint32_t line,
                    struct imp_ink *ink, struct imp_err *err)
{
    struct imp_mask mask = {0};
    bool ok = m->pixels->draw_text(text, line, m->spec.angle, &mask, err) &&
              imp_ink_init(ink, &mask, line, m->spec.outline, err);
    imp_mask_clear(&mask);
    return ok;
}

static struct imp_size size_of(const struct imp_ink *ink)
{
    return (struct imp_size){ink->text.width, ink->text.height};
}

static bool too_small(struct imp_size room, struct imp_size mark,
                      struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_LIMIT,
                    "too small for a legible mark: there is room for %u x %u "
                    "pixels, want %u x %u for lines of %d",
                    room.width, room.height, mark.width, mark.height,
                    IMP_MARK_LINE_MIN);
}

// Ink as large as the spec says, or as fits. A probe tells how large to try it,
// so that no spec makes ink that is much larger than the picture.
static bool draw_fitting(const struct imp_marker *m, const char *text,
                         struct imp_size picture, struct imp_ink *ink,
                         struct imp_err *err)
{
    struct imp_size room = imp_layout_room(&m->spec, picture);
    uint32_t line = imp_layout_line(&m->spec, picture);
    if (!draw_at(m, text, PROBE_LINE, ink, err))
        return false;
    uint32_t next = imp_layout_shrink(PROBE_LINE, size_of(ink), room);
    if (next < line)
        line = next;
    for (;;) {
        imp_ink_clear(ink);
        if (line < IMP_MARK_LINE_MIN)
            line = IMP_MARK_LINE_MIN;
        if (!draw_at(m, text, line, ink, err))
            return false;
        if (imp_layout_fits(size_of(ink), room))
            return true;
        if (line == IMP_MARK_LINE_MIN)
            return too_small(room, size_of(ink), err);
        next = imp_layout_shrink(line, size_of(ink), room);
        line = next < line ? next : line - 1;
    }
}

static int from_the_top(const void *left, const void *right)
{
    const struct imp_spot *a = left, *b = right;
    if (a->y != b->y)
        return a->y < b->y ? -1 : 1;
    return a->x < b->x ? -1 : a->x > b->x;
}

// All places of a mark of this upright size, as they are stored.
static bool lay_out(const struct imp_marker *m,
                    const struct imp_stencil_key *key, struct imp_size mark,
                    struct imp_stencil *out, struct imp_err *err)
{
    struct imp_size upright =
        imp_layout_upright(key->picture, key->orientation);
    struct imp_layout_grid grid = imp_layout_grid(&m->spec, upright, mark);
    uint64_t n = (uint64_t)grid.across * grid.down;
    out->spot = n <= UINT32_MAX ? calloc(n, sizeof *out->spot) : NULL;
    if (!out->spot)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %ju copies",
                        (uintmax_t)n);
    struct imp_rect first = {.x = UINT32_MAX, .y = UINT32_MAX};
    for (; out->n < n; out->n++) {
        struct imp_rect r = imp_layout_store(
            imp_layout_place(&m->spec, upright, mark, grid, (uint32_t)out->n),
            key->picture, key->orientation);
        out->spot[out->n] = (struct imp_spot){r.x, r.y};
        if (r.x <= first.x && r.y <= first.y)
            first = r;
    }
    bool turns = imp_orientation_turns(key->orientation);
    uint32_t gap = imp_layout_gap(&m->spec, upright);
    out->area = (struct imp_area){
        .x = first.x,
        .y = first.y,
        .width = first.width,
        .height = first.height,
        .across = turns ? grid.down : grid.across,
        .down = turns ? grid.across : grid.down,
        .step_x = first.width + gap,
        .step_y = first.height + gap,
    };
    qsort(out->spot, out->n, sizeof *out->spot, from_the_top);
    return true;
}

// An imp_stencil_make.
static bool make_stencil(void *self, const struct imp_stencil_key *key,
                         struct imp_stencil *out, struct imp_err *err)
{
    const struct imp_marker *m = self;
    struct imp_size upright =
        imp_layout_upright(key->picture, key->orientation);
    return draw_fitting(m, key->text, upright, &out->ink, err) &&
           lay_out(m, key, size_of(&out->ink), out, err) &&
           imp_ink_store(&out->ink, key->orientation, err);
}

static struct imp_inked inked_of(const struct imp_stencil *stencil)
{
    return (struct imp_inked){&stencil->ink, stencil->spot, stencil->n};
}

static const struct imp_stencil *take_stencil(struct imp_marker *m,
                                              const struct imp_buf *text,
                                              const struct imp_look *look,
                                              struct imp_err *err)
{
    const struct imp_stencil_key key = {
        .text = (const char *)text->p,
        .picture = {look->width, look->height},
        .orientation = look->orientation,
    };
    return imp_stencils_take(m->stencils, &key, make_stencil, m, err);
}

static struct imp_paint paint_of(const struct imp_marker *m)
{
    struct imp_paint paint = {.opacity = m->spec.opacity};
    memcpy(paint.rgb, m->spec.rgb, sizeof paint.rgb);
    return paint;
}

static struct imp_mark_report report_of(const struct imp_stencil *stencil,
                                        const char *route)
{
    return (struct imp_mark_report){stencil->area, route};
}

// Decode, draw, code again: a whole file, with whatever the encoder adds.
static bool draw_pixels(const struct imp_marker *m, const char *format,
                        struct imp_span image, const struct imp_look *look,
                        const struct imp_stencil *stencil,
                        struct imp_buf *coded, struct imp_err *err)
{
    bool ok = false;
    struct imp_raster raster;
    struct imp_paint paint = paint_of(m);

    struct imp_picture *picture =
        m->pixels->decode(format, image, &raster, err);
    if (!picture)
        return false;
    if (raster.width != look->width || raster.height != look->height) {
        imp_fail(err, IMP_ERR_DAMAGED,
                 "decoded to %u x %u pixels, the header says %u x %u",
                 raster.width, raster.height, look->width, look->height);
        goto out;
    }
    for (size_t i = 0; i < stencil->n; i++)
        imp_blend(&raster, stencil->spot[i].x, stencil->spot[i].y,
                  &stencil->ink, &paint);
    ok = m->pixels->encode(picture, format, &look->coding, coded, err);
out:
    m->pixels->free(picture);
    return ok;
}

static bool check_size(const struct imp_marker *m, const struct imp_look *look,
                       struct imp_err *err)
{
    uint64_t pixels = (uint64_t)look->width * look->height;
    if (pixels > m->spec.max_pixels)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "%u x %u pixels, want at most %ju in all", look->width,
                        look->height, (uintmax_t)m->spec.max_pixels);
    return true;
}

// --- JPEG while it is cleaned ---

// What the output's EXIF will say: a viewer turns the picture by it.
static unsigned orientation_of(struct imp_span in,
                               const struct imp_cutlist *cuts)
{
    for (size_t i = 0; i < cuts->n; i++) {
        const struct imp_cut *c = &cuts->cut[i];
        if (c->part != IMP_PART_EXIF || c->kind == IMP_CUT_DROP ||
            c->length < IMP_JPEG_EXIF_HEAD)
            continue;
        const uint8_t *p =
            c->kind == IMP_CUT_INSERT ? c->bytes : in.p + c->offset;
        return imp_orientation_read((struct imp_span){
            p + IMP_JPEG_EXIF_HEAD, (size_t)c->length - IMP_JPEG_EXIF_HEAD});
    }
    return 1;
}

static enum imp_spliced_mark splice(struct imp_marker *m, struct imp_pen *pen,
                                    struct imp_span in,
                                    const struct imp_cutlist *cuts,
                                    const struct imp_jpeg_map *map,
                                    const struct imp_stencil *stencil,
                                    struct imp_buf *out, struct imp_err *err)
{
    const struct imp_paint paint = paint_of(m);
    const struct imp_inked where = inked_of(stencil);
    const struct imp_jpeg_kind kind = imp_jpeg_kind_of(map);
    struct imp_jpeg_ink ink;
    imp_jpeg_ink_init(&ink, &kind, where, &paint);
    enum imp_spliced r =
        imp_splice(&pen->splicer, in, cuts, map, &ink, &pen->cuts, err);
    if (r == IMP_SPLICE_NO_CODE)
        return IMP_MARK_NOT_SPLICED;
    bool ok = r == IMP_SPLICED && imp_cutlist_apply(&pen->cuts, in, out, err);
    return ok ? IMP_MARK_SPLICED : IMP_MARK_FAILED;
}

enum imp_spliced_mark
imp_marker_splice(struct imp_marker *m, struct imp_pen *pen, struct imp_span in,
                  const struct imp_cutlist *cuts,
                  const struct imp_jpeg_map *map,
                  const char *const value[IMP_FIELDS], struct imp_buf *out,
                  struct imp_mark_report *report, struct imp_err *err)
{
    if (!map->frame || map->colour == IMP_JPEG_OTHER)
        return IMP_MARK_NOT_SPLICED;
    const struct imp_look look = {.width = map->frame->width,
                                  .height = map->frame->height,
                                  .orientation = orientation_of(in, cuts)};
    const struct imp_stencil *stencil = NULL;
    if (expand(m, value, &pen->text, err) && check_size(m, &look, err))
        stencil = take_stencil(m, &pen->text, &look, err);
    enum imp_spliced_mark r = IMP_MARK_FAILED;
    if (stencil) {
        r = splice(m, pen, in, cuts, map, stencil, out, err);
        *report = report_of(stencil, "splice");
        imp_stencils_put(m->stencils, stencil);
    }
    if (r == IMP_MARK_FAILED)
        imp_wrap(err, "mark");
    return r;
}

// --- A whole file ---

static bool draw(struct imp_marker *m, const struct imp_carrier *carrier,
                 struct imp_span image, const struct imp_look *look,
                 const struct imp_stencil *stencil, struct imp_buf *coded,
                 struct imp_err *err)
{
    const struct imp_paint paint = paint_of(m);
    const struct imp_inked where = inked_of(stencil);
    if (carrier->by_coefficients)
        return imp_recode(image, where, &paint, coded, err);
    return draw_pixels(m, carrier->format, image, look, stencil, coded, err);
}

bool imp_marker_apply(struct imp_marker *m, const char *format,
                      struct imp_span image,
                      const char *const value[IMP_FIELDS], struct imp_buf *out,
                      struct imp_mark_report *report, struct imp_err *err)
{
    struct imp_buf text = {0}, coded = {0};
    const struct imp_stencil *stencil = NULL;
    struct imp_look look;

    out->n = 0;
    const struct imp_carrier *carrier = imp_carrier_of(format);
    if (!carrier)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "mark: %s cannot be marked: want jpeg or png", format);
    if (expand(m, value, &text, err) && carrier->look(image, &look, err) &&
        check_size(m, &look, err))
        stencil = take_stencil(m, &text, &look, err);
    bool ok = stencil && draw(m, carrier, image, &look, stencil, &coded, err) &&
              carrier->rewrap(image, imp_buf_span(&coded), out, err);
    if (ok)
        *report = report_of(stencil, carrier->by_coefficients ? "coefficients"
                                                              : "pixels");
    else
        imp_wrap(err, "mark");
    if (stencil)
        imp_stencils_put(m->stencils, stencil);
    imp_buf_clear(&coded);
    imp_buf_clear(&text);
    return ok;
}
