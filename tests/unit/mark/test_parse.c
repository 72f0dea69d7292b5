#include "mark/mark.h"

#include <criterion/criterion.h>
#include <string.h>

Test(mark_parse, place_takes_nine_gravities)
{
    static const char *const name[] = {"north-west", "north",  "north-east",
                                       "west",       "centre", "east",
                                       "south-west", "south",  "south-east"};
    static const enum imp_gravity gravity[] = {
        IMP_NORTH_WEST, IMP_NORTH,  IMP_NORTH_EAST,
        IMP_WEST,       IMP_CENTRE, IMP_EAST,
        IMP_SOUTH_WEST, IMP_SOUTH,  IMP_SOUTH_EAST};
    for (size_t i = 0; i < 9; i++) {
        struct imp_mark_place p = {.by = IMP_BY_XY};
        cr_assert(imp_mark_place_parse(name[i], &p, NULL));
        cr_expect(p.by == IMP_BY_GRAVITY && p.gravity == gravity[i], "%s",
                  name[i]);
    }
}

Test(mark_parse, place_takes_pixels_and_percent)
{
    struct imp_mark_place p = {0};
    cr_assert(imp_mark_place_parse("120,7.5%", &p, NULL));
    cr_expect_eq(p.by, IMP_BY_XY);
    cr_expect(p.x.value == 120 && !p.x.percent);
    cr_expect(p.y.value == 7.5 && p.y.percent);
}

Test(mark_parse, place_refuses_anything_else)
{
    static const char *const bad[] = {
        "",      "north west", "1",     "1,",          ",1",
        "1,2,3", "-1,2",       "1e3,1", "1, 2",        "101%,1",
        "0x1,1", "1..2,1",     "nan,1", "%,1",         ".,1",
        "1,2 ",  "North",      "1%%,1", "9999999999,1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_mark_place p = {0};
        struct imp_err err = {0};
        cr_expect(!imp_mark_place_parse(bad[i], &p, &err), "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        cr_expect_not_null(strstr(err.msg, "south-east"), "lists the forms");
    }
}

Test(mark_parse, colour_takes_digits_and_names)
{
    uint8_t rgb[3];
    cr_assert(imp_mark_colour_parse("#01aBfF", rgb, NULL));
    cr_expect(rgb[0] == 0x01 && rgb[1] == 0xAB && rgb[2] == 0xFF);
    cr_assert(imp_mark_colour_parse("yellow", rgb, NULL));
    cr_expect(rgb[0] == 255 && rgb[1] == 255 && rgb[2] == 0);
}

Test(mark_parse, colour_refuses_anything_else_and_leaves_the_old)
{
    static const char *const bad[] = {"",       "#fff",     "#12345g",
                                      "ffffff", "#1234567", "#-10000",
                                      "White",  "puce"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t rgb[3] = {1, 2, 3};
        struct imp_err err = {0};
        cr_expect(!imp_mark_colour_parse(bad[i], rgb, &err), "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        cr_expect(rgb[0] == 1 && rgb[1] == 2 && rgb[2] == 3);
    }
}
