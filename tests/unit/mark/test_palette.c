// Entries for ink in a table of colours.
#include "mark/palette.h"

#include <criterion/criterion.h>
#include <string.h>

// Greys from black to white, all in use.
static struct imp_palette greys(unsigned n)
{
    struct imp_palette p = {.n = n, .transparent = -1};
    for (unsigned i = 0; i < n; i++) {
        memset(p.rgb[i], (int)(255 * i / (n - 1)), 3);
        p.used[i] = true;
    }
    return p;
}

static uint32_t colour_of(const struct imp_palette *p, unsigned i)
{
    return (uint32_t)p->rgb[i][0] << 16 | (uint32_t)p->rgb[i][1] << 8 |
           p->rgb[i][2];
}

static void fit(struct imp_palette *p, const uint32_t *colour, size_t n,
                uint8_t *index)
{
    struct imp_palette before = *p;
    struct imp_err err = {0};
    cr_assert(imp_palette_fit(p, colour, n, index, &err), "%s", err.msg);
    cr_expect_geq(p->n, before.n);
    for (unsigned i = 0; i < before.n; i++)
        if (before.used[i] || before.transparent == (int)i)
            cr_expect_eq(colour_of(p, i), colour_of(&before, i), "%u", i);
    for (size_t i = 0; i < n; i++) {
        cr_expect_lt(index[i], p->n);
        cr_expect_neq((int)index[i], p->transparent);
    }
}

Test(palette, unused_entries_become_what_is_asked_for_most)
{
    static const uint32_t colour[] = {0xff0000, 0x00ff00, 0x00ff00, 0x0000ff,
                                      0x0000ff, 0x0000ff, 0xff00f0, 0x808080};
    struct imp_palette p = greys(256);
    uint8_t index[8];
    p.used[7] = p.used[9] = p.used[200] = false;
    p.transparent = 9;
    fit(&p, colour, 8, index);
    cr_expect_eq(p.n, 256);
    for (size_t i = 1; i < 6; i++)
        cr_expect_eq(colour_of(&p, index[i]), colour[i], "%zu", i);
    // Present already; and none left, so that the nearest grey takes its place.
    cr_expect_eq(index[7], 0x80);
    cr_expect_eq(index[0], 0x55);
}

Test(palette, a_small_table_grows_for_ink_and_no_more)
{
    static const uint32_t two[] = {0xff0000, 0x00ff00};
    uint32_t many[100];
    uint8_t index[100];
    struct imp_palette p = greys(2);
    fit(&p, two, 2, index);
    cr_expect_eq(p.n, 4);
    cr_expect(colour_of(&p, index[0]) == two[0] &&
              colour_of(&p, index[1]) == two[1]);
    for (uint32_t i = 0; i < 100; i++)
        many[i] = i * 0x050200;
    p = greys(2);
    fit(&p, many, 100, index);
    cr_expect_eq(p.n, 16);
}

Test(palette, colours_that_are_there_need_no_entry)
{
    static const uint32_t colour[] = {0x010101, 0xfffeff, 0x000000};
    struct imp_palette p = greys(2), before = p;
    uint8_t index[3];
    fit(&p, colour, 3, index);
    cr_expect(p.n == 2 && memcmp(p.rgb, before.rgb, sizeof p.rgb) == 0);
    cr_expect(index[0] == 0 && index[1] == 1 && index[2] == 0);
}

Test(palette, a_used_index_beyond_the_table_stays_beyond_it)
{
    static const uint32_t colour[] = {0xff0000};
    struct imp_palette p = greys(4);
    uint8_t index[1];
    p.used[5] = true;
    fit(&p, colour, 1, index);
    cr_expect_eq(p.n, 4);
    p.used[5] = false;
    p.used[8] = true;
    fit(&p, colour, 1, index);
    cr_expect_eq(p.n, 8);
    cr_expect_eq(colour_of(&p, index[0]), colour[0]);
}
