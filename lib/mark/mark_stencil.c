// A mark as it lies on a picture of some size: rendered, as large as it may be,
// turned and laid out.
#include "mark/mark_internal.h"
#include "mark/orient.h"

#include <stdlib.h>

bool imp_marker_draw(const struct imp_marker *m, const char *text,
                     uint32_t line, struct imp_ink *ink, struct imp_err *err)
{
    bool drawn =
        m->logo ? m->pixels->draw_logo(m->logo, line, m->spec.angle, ink, err)
                : m->pixels->draw_text(text, line, m->spec.font, m->spec.angle,
                                       &ink->text, err);
    if (drawn && imp_ink_back(ink, line, m->spec.backing, err))
        return true;
    imp_ink_clear(ink);
    return false;
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
    if (!imp_marker_draw(m, text, IMP_MARK_PROBE, ink, err))
        return false;
    uint32_t next = imp_layout_shrink(IMP_MARK_PROBE, size_of(ink), room);
    if (next < line)
        line = next;
    for (;;) {
        imp_ink_clear(ink);
        if (line < IMP_MARK_LINE_MIN)
            line = IMP_MARK_LINE_MIN;
        if (!imp_marker_draw(m, text, line, ink, err))
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

const struct imp_stencil *imp_marker_stencil(struct imp_marker *m,
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
