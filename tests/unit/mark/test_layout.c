#include "mark/layout.h"

#include "pics.h"

#include <criterion/criterion.h>

static const struct imp_size PICTURE = {400, 300}, MARK = {90, 20};

static struct imp_mark_spec by(const char *place)
{
    struct imp_mark_spec spec = imp_mark_spec_default();
    cr_assert(imp_mark_place_parse(place, &spec.place, NULL));
    return spec;
}

static struct imp_mark_spec tiled(double spacing, double margin)
{
    struct imp_mark_spec spec = imp_mark_spec_default();
    spec.place.by = IMP_TILED;
    spec.spacing = (struct imp_measure){spacing, false};
    spec.margin = (struct imp_measure){margin, false};
    return spec;
}

static struct imp_rect place(const struct imp_mark_spec *spec,
                             struct imp_size picture, struct imp_size mark,
                             uint32_t i)
{
    return imp_layout_place(spec, picture, mark,
                            imp_layout_grid(spec, picture, mark), i);
}

static void expect_at(const struct imp_mark_spec *spec, struct imp_size picture,
                      struct imp_size mark, uint32_t x, uint32_t y)
{
    struct imp_rect r = place(spec, picture, mark, 0);
    cr_expect(r.x == x && r.y == y, "at %u, %u, want %u, %u", r.x, r.y, x, y);
    cr_expect(r.width == mark.width && r.height == mark.height);
}

// --- One mark ---

Test(layout, by_gravity_is_a_margin_away_from_the_sides_that_it_touches)
{
    static const char *const gravity[] = {"north-west", "north",  "north-east",
                                          "west",       "centre", "east",
                                          "south-west", "south",  "south-east"};
    static const uint32_t x[] = {7, 155, 303}, y[] = {7, 140, 273};
    for (size_t i = 0; i < 9; i++) {
        struct imp_mark_spec spec = by(gravity[i]);
        spec.margin = (struct imp_measure){7, false};
        expect_at(&spec, PICTURE, MARK, x[i % 3], y[i / 3]);
    }
}

Test(layout, percent_of_a_margin_is_of_the_shorter_side)
{
    struct imp_mark_spec spec = by("north-west");
    spec.margin = (struct imp_measure){1.5, true};
    expect_at(&spec, PICTURE, MARK, 5, 5); // 4.5, rounded up
    expect_at(&spec, (struct imp_size){300, 4000}, MARK, 5, 5);
}

Test(layout, by_x_and_y_is_there_or_as_near_as_keeps_it_inside)
{
    static const struct {
        const char *place;
        uint32_t x, y;
    } rows[] = {
        {"0,0", 0, 0},         {"12,34", 12, 34},     {"25%,10%", 100, 30},
        {"310,280", 310, 280}, {"311,281", 310, 280}, {"100%,100%", 310, 280},
        {"99999,5%", 310, 15},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct imp_mark_spec spec = by(rows[i].place);
        spec.margin = (struct imp_measure){100, true}; // has no say
        expect_at(&spec, PICTURE, MARK, rows[i].x, rows[i].y);
    }
}

Test(layout, room_is_the_picture_less_both_margins)
{
    struct imp_mark_spec spec = by("south");
    spec.margin = (struct imp_measure){10, true};
    struct imp_size room = imp_layout_room(&spec, PICTURE);
    cr_expect(room.width == 340 && room.height == 240);
    spec.margin = (struct imp_measure){100, true};
    room = imp_layout_room(&spec, PICTURE);
    cr_expect(room.width == 0 && room.height == 0, "%u", room.width);
    spec.margin = (struct imp_measure){2147483648.0, false};
    room = imp_layout_room(&spec, (struct imp_size){2147483647, 2147483647});
    cr_expect(room.width == 0 && room.height == 0, "%u", room.width);
    spec = by("5,5");
    room = imp_layout_room(&spec, PICTURE);
    cr_expect(room.width == 400 && room.height == 300);
}

Test(layout, a_mark_as_large_as_its_room_fits_and_stays_inside)
{
    for (uint32_t margin = 0; margin < 150; margin += 49) {
        struct imp_mark_spec spec = by("centre");
        spec.margin = (struct imp_measure){margin, false};
        struct imp_size room = imp_layout_room(&spec, PICTURE);
        cr_expect(imp_layout_fits(room, room));
        struct imp_size wide = {room.width + 1, 1}, high = {1, room.height + 1};
        cr_expect_not(imp_layout_fits(wide, room));
        cr_expect_not(imp_layout_fits(high, room));
        for (int g = IMP_NORTH_WEST; g <= IMP_SOUTH_EAST; g++) {
            spec.place.gravity = (enum imp_gravity)g;
            expect_at(&spec, PICTURE, room, margin, margin);
        }
        spec.place.by = IMP_TILED;
        struct imp_layout_grid grid = imp_layout_grid(&spec, PICTURE, room);
        cr_expect(grid.across == 1 && grid.down == 1);
        expect_at(&spec, PICTURE, room, margin, margin);
    }
    struct imp_mark_spec spec = by("100%,100%");
    expect_at(&spec, PICTURE, PICTURE, 0, 0);
}

// --- How large ---

Test(layout, line_follows_the_shorter_side_within_its_bounds)
{
    struct imp_mark_spec spec = imp_mark_spec_default(); // 4 %
    cr_expect_eq(imp_layout_line(&spec, (struct imp_size){4000, 1000}), 40);
    cr_expect_eq(imp_layout_line(&spec, (struct imp_size){1000, 4000}), 40);
    cr_expect_eq(imp_layout_line(&spec, (struct imp_size){50, 4000}),
                 IMP_MARK_LINE_MIN);
    spec.scale = 1;
    cr_expect_eq(imp_layout_line(&spec, (struct imp_size){9000, 9000}),
                 IMP_MARK_LINE_MAX);
}

Test(layout, shrinking_goes_by_the_side_that_has_less_room)
{
    struct imp_size room = {340, 240};
    cr_expect_eq(imp_layout_shrink(40, (struct imp_size){680, 100}, room), 20);
    cr_expect_eq(imp_layout_shrink(40, (struct imp_size){100, 480}, room), 20);
    cr_expect_eq(imp_layout_shrink(40, (struct imp_size){681, 1}, room), 19);
    cr_expect_eq(imp_layout_shrink(40, (struct imp_size){1, 1}, room),
                 IMP_MARK_LINE_MAX);
    cr_expect_eq(imp_layout_shrink(40, MARK, (struct imp_size){0, 9}), 0);
}

// --- Tiles ---

// Of one side: as many as fit, evenly apart, as much left over at either end.
static void expect_row(uint32_t n, uint32_t first, uint32_t last, uint32_t size,
                       uint32_t gap, uint32_t margin, uint32_t side)
{
    cr_expect_geq(n, 1);
    cr_expect_eq(last - first, (n - 1) * (size + gap));
    cr_expect_geq(first, margin);
    cr_expect_leq(last + size, side - margin);
    uint32_t left = first, right = side - last - size;
    cr_expect(right <= left + 1 && left <= right + 1, "%u, %u", left, right);
    cr_expect_lt(left + right - 2 * margin, size + gap, "one more has room");
}

Test(layout, tiles_are_as_many_as_fit_evenly_apart_and_in_the_middle)
{
    for (uint32_t gap = 0; gap < 100; gap += 9)
        for (uint32_t margin = 0; margin < 60; margin += 11)
            for (uint32_t size = 1; size < 180; size += 13) {
                struct imp_mark_spec spec = tiled(gap, margin);
                struct imp_size mark = {size, 180 - size};
                struct imp_layout_grid g =
                    imp_layout_grid(&spec, PICTURE, mark);
                struct imp_rect a = place(&spec, PICTURE, mark, 0);
                struct imp_rect b =
                    place(&spec, PICTURE, mark, g.across * g.down - 1);
                expect_row(g.across, a.x, b.x, mark.width, gap, margin, 400);
                expect_row(g.down, a.y, b.y, mark.height, gap, margin, 300);
            }
}

Test(layout, tiles_go_row_by_row_a_gap_apart)
{
    struct imp_mark_spec spec = tiled(10, 0);
    struct imp_layout_grid g = imp_layout_grid(&spec, PICTURE, MARK);
    cr_assert(g.across == 4 && g.down == 10);
    for (uint32_t i = 0; i < 40; i++) {
        struct imp_rect r = place(&spec, PICTURE, MARK, i);
        cr_expect_eq(r.x, 5 + i % 4 * 100, "%u", i);
        cr_expect_eq(r.y, 5 + i / 4 * 30, "%u", i);
    }
}

Test(layout, percent_of_spacing_is_of_the_shorter_side)
{
    struct imp_mark_spec spec = imp_mark_spec_default(); // 10 %
    cr_expect_eq(imp_layout_gap(&spec, PICTURE), 30);
    cr_expect_eq(imp_layout_gap(&spec, (struct imp_size){300, 9000}), 30);
}

Test(layout, what_is_not_tiled_is_there_once)
{
    struct imp_mark_spec spec = by("1,1");
    struct imp_layout_grid g =
        imp_layout_grid(&spec, PICTURE, (struct imp_size){1, 1});
    cr_expect(g.across == 1 && g.down == 1);
}

// --- Turned ---

// Painted onto an upright picture, which then is turned as a whole.
static struct imp_rect store_by_pixels(struct imp_rect r, struct imp_size size,
                                       unsigned orientation)
{
    struct pic upright = pic_new(size.width, size.height, 255);
    for (uint32_t y = r.y; y < r.y + r.height; y++)
        for (uint32_t x = r.x; x < r.x + r.width; x++)
            pic_at(&upright, x, y)[0] = 1;
    struct pic stored = pic_store(&upright, orientation);
    uint32_t left = UINT32_MAX, top = UINT32_MAX, right = 0, bottom = 0;
    for (uint32_t y = 0; y < stored.height; y++)
        for (uint32_t x = 0; x < stored.width; x++) {
            if (!pic_at(&stored, x, y)[0])
                continue;
            left = x < left ? x : left;
            top = y < top ? y : top;
            right = x > right ? x : right;
            bottom = y > bottom ? y : bottom;
        }
    pic_clear(&upright);
    pic_clear(&stored);
    return (struct imp_rect){left, top, right - left + 1, bottom - top + 1};
}

Test(layout, stored_it_lies_where_turning_the_picture_puts_it)
{
    static const struct imp_size upright = {31, 17};
    static const struct imp_rect rects[] = {
        {0, 0, 1, 1}, {30, 16, 1, 1}, {0, 0, 31, 17}, {3, 5, 11, 4}};
    for (unsigned o = 1; o <= 8; o++) {
        struct imp_size stored = imp_layout_upright(upright, o);
        cr_expect_eq(stored.width, o >= 5 ? 17 : 31, "orientation %u", o);
        for (size_t i = 0; i < sizeof rects / sizeof *rects; i++) {
            struct imp_rect want = store_by_pixels(rects[i], upright, o);
            struct imp_rect got = imp_layout_store(rects[i], stored, o);
            cr_expect_arr_eq(&got, &want, sizeof want,
                             "orientation %u, %zu: %u, %u, %u x %u", o, i,
                             got.x, got.y, got.width, got.height);
        }
    }
}

// The area of a whole mark, text and all: turned ink is laid out by the room
// that it takes.
Test(layout, the_area_of_tiles_at_an_angle_lies_in_any_stored_picture,
     .timeout = 60)
{
    static const double angles[] = {-90, -30, 0, 45, 180};
    for (unsigned o = 1; o <= 8; o++)
        for (size_t i = 0; i < 5; i++) {
            struct jpeg_kind kind = {
                .components = 1, .quality = 90, .orientation = o};
            struct imp_buf in = {0}, out = {0};
            struct imp_mark_spec spec = tiled(20, 10);
            spec.text = "HE";
            spec.angle = angles[i];
            jpeg_make(&kind, 230, 170, &in);
            struct imp_area a =
                mark_all(&spec, "jpeg", imp_buf_span(&in), &out).area;
            cr_expect(a.across > 1 && a.down > 1);
            expect_row(a.across, a.x, a.x + (a.across - 1) * a.step_x, a.width,
                       20, 10, 230);
            expect_row(a.down, a.y, a.y + (a.down - 1) * a.step_y, a.height, 20,
                       10, 170);
            imp_buf_clear(&in);
            imp_buf_clear(&out);
        }
}
