#include "mark/layout.h"

#include "mark/orient.h"

#include <math.h>

static uint32_t shorter(struct imp_size s)
{
    return s.width < s.height ? s.width : s.height;
}

// Along a side, and no longer than it.
static uint32_t pixels_of(struct imp_measure m, uint32_t side)
{
    double n = round(m.percent ? m.value * side / 100 : m.value);
    return n < side ? (uint32_t)n : side;
}

struct imp_size imp_layout_upright(struct imp_size stored, unsigned orientation)
{
    if (imp_orientation_turns(orientation))
        return (struct imp_size){stored.height, stored.width};
    return stored;
}

uint32_t imp_layout_line(const struct imp_mark_spec *spec,
                         struct imp_size picture)
{
    double line = round(spec->scale * shorter(picture));
    if (line < IMP_MARK_LINE_MIN)
        return IMP_MARK_LINE_MIN;
    return line > IMP_MARK_LINE_MAX ? IMP_MARK_LINE_MAX : (uint32_t)line;
}

struct imp_size imp_layout_room(const struct imp_mark_spec *spec,
                                struct imp_size picture)
{
    if (spec->place.by == IMP_BY_XY)
        return picture;
    uint32_t both = 2 * pixels_of(spec->margin, shorter(picture));
    return (struct imp_size){picture.width > both ? picture.width - both : 0,
                             picture.height > both ? picture.height - both : 0};
}

bool imp_layout_fits(struct imp_size mark, struct imp_size room)
{
    return mark.width <= room.width && mark.height <= room.height;
}

uint32_t imp_layout_shrink(uint32_t line, struct imp_size mark,
                           struct imp_size room)
{
    double across = (double)room.width / mark.width;
    double down = (double)room.height / mark.height;
    double most = floor(line * (across < down ? across : down));
    return most > IMP_MARK_LINE_MAX ? IMP_MARK_LINE_MAX : (uint32_t)most;
}

// Along one side: 0 is its start, 1 its middle, 2 its end.
static uint32_t by_gravity(unsigned third, uint32_t side, uint32_t mark,
                           uint32_t margin)
{
    if (third == 1)
        return (side - mark) / 2;
    return third == 0 ? margin : side - mark - margin;
}

static uint32_t by_measure(struct imp_measure m, uint32_t side, uint32_t mark)
{
    uint32_t at = pixels_of(m, side), last = side - mark;
    return at < last ? at : last;
}

// Number `i` of `n` along one side, with what is left over at both ends.
static uint32_t by_number(uint32_t i, uint32_t n, uint32_t side, uint32_t mark,
                          uint32_t gap)
{
    uint64_t all = (uint64_t)n * mark + (uint64_t)(n - 1) * gap;
    return (uint32_t)((side - all) / 2 + (uint64_t)i * (mark + gap));
}

uint32_t imp_layout_gap(const struct imp_mark_spec *spec,
                        struct imp_size picture)
{
    return pixels_of(spec->spacing, shorter(picture));
}

struct imp_layout_grid imp_layout_grid(const struct imp_mark_spec *spec,
                                       struct imp_size picture,
                                       struct imp_size mark)
{
    if (spec->place.by != IMP_TILED)
        return (struct imp_layout_grid){1, 1};
    uint64_t gap = imp_layout_gap(spec, picture);
    struct imp_size room = imp_layout_room(spec, picture);
    return (struct imp_layout_grid){
        (uint32_t)((room.width + gap) / (mark.width + gap)),
        (uint32_t)((room.height + gap) / (mark.height + gap))};
}

struct imp_rect imp_layout_place(const struct imp_mark_spec *spec,
                                 struct imp_size picture, struct imp_size mark,
                                 struct imp_layout_grid grid, uint32_t i)
{
    const struct imp_mark_place *place = &spec->place;
    struct imp_rect r = {.width = mark.width, .height = mark.height};
    if (place->by == IMP_TILED) {
        uint32_t gap = imp_layout_gap(spec, picture);
        r.x = by_number(i % grid.across, grid.across, picture.width, mark.width,
                        gap);
        r.y = by_number(i / grid.across, grid.down, picture.height, mark.height,
                        gap);
    } else if (place->by == IMP_BY_XY) {
        r.x = by_measure(place->x, picture.width, mark.width);
        r.y = by_measure(place->y, picture.height, mark.height);
    } else {
        // The gravities stand in rows of three, from the upper left.
        unsigned g = (unsigned)place->gravity;
        uint32_t margin = pixels_of(spec->margin, shorter(picture));
        r.x = by_gravity(g % 3, picture.width, mark.width, margin);
        r.y = by_gravity(g / 3, picture.height, mark.height, margin);
    }
    return r;
}

struct imp_rect imp_layout_store(struct imp_rect upright,
                                 struct imp_size stored, unsigned orientation)
{
    // Two opposite corners, wherever they come to lie.
    uint32_t ax = upright.x, ay = upright.y;
    uint32_t bx = upright.x + upright.width - 1;
    uint32_t by = upright.y + upright.height - 1;
    imp_orientation_store(orientation, stored.width, stored.height, &ax, &ay);
    imp_orientation_store(orientation, stored.width, stored.height, &bx, &by);
    return (struct imp_rect){
        .x = ax < bx ? ax : bx,
        .y = ay < by ? ay : by,
        .width = (ax < bx ? bx - ax : ax - bx) + 1,
        .height = (ay < by ? by - ay : ay - by) + 1,
    };
}

struct imp_area imp_layout_show(const struct imp_area *a,
                                struct imp_size stored, unsigned orientation)
{
    // Quarters of a turn are undone by each other, all else by itself.
    unsigned back = orientation == 6 ? 8 : orientation == 8 ? 6 : orientation;
    struct imp_rect all = {a->x, a->y, a->width + (a->across - 1) * a->step_x,
                           a->height + (a->down - 1) * a->step_y};
    struct imp_rect shown =
        imp_layout_store(all, imp_layout_upright(stored, orientation), back);
    struct imp_area out = *a;
    out.x = shown.x;
    out.y = shown.y;
    if (imp_orientation_turns(orientation)) {
        out.width = a->height;
        out.height = a->width;
        out.across = a->down;
        out.down = a->across;
        out.step_x = a->step_y;
        out.step_y = a->step_x;
    }
    return out;
}
