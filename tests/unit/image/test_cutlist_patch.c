// Other bytes instead of some that another list keeps.
#include "image/cutlist.h"

#include <criterion/criterion.h>
#include <string.h>

// Kept "abcd", dropped "ef", inserted "XY", zeroed "g", kept "hij" and "kl".
static const char in[] = "abcdefghijkl";
static struct imp_cutlist cuts, cl;
static struct imp_err err;

static void set_up(void)
{
    imp_cutlist_start(&cuts, 12);
    imp_cut_keep(&cuts, 0, 4, IMP_PART_STRUCTURE, "head");
    imp_cut_drop(&cuts, 4, 2, IMP_PART_COMMENT, "comment");
    imp_cut_insert(&cuts, "XY", 2, IMP_PART_EXIF, "fresh");
    imp_cut_zero(&cuts, 6, 1, IMP_PART_TIME, "time");
    imp_cut_keep(&cuts, 7, 3, IMP_PART_CODED, "data");
    imp_cut_keep(&cuts, 10, 2, IMP_PART_STRUCTURE, "tail");
    cr_assert(imp_cutlist_finish(&cuts, NULL));
}

static void tear_down(void)
{
    imp_cutlist_clear(&cuts);
    imp_cutlist_clear(&cl);
}

TestSuite(cutlist_patch, .init = set_up, .fini = tear_down);

static struct imp_patch patch(uint64_t at, uint64_t length, const char *bytes)
{
    return (struct imp_patch){at, length, (const uint8_t *)bytes,
                              strlen(bytes)};
}

// `want` has a '0' for each zero byte.
static void expect_output(const struct imp_patch *p, size_t n, const char *want)
{
    struct imp_buf out = {0};
    err = (struct imp_err){0};
    cr_assert(imp_cutlist_patch(&cl, &cuts, p, n, "mark", &err), "%s", err.msg);
    cr_assert(imp_cutlist_apply(&cl, (struct imp_span){(const uint8_t *)in, 12},
                                &out, &err));
    for (size_t i = 0; i < out.n; i++)
        if (!out.p[i])
            out.p[i] = '0';
    cr_expect(out.n == strlen(want) && memcmp(out.p, want, out.n) == 0,
              "%.*s, want %s", (int)out.n, (const char *)out.p, want);
    imp_buf_clear(&out);
}

static void expect_refused(const struct imp_patch *p, size_t n)
{
    err = (struct imp_err){0};
    cr_expect_not(imp_cutlist_patch(&cl, &cuts, p, n, "mark", &err));
    cr_expect_eq(err.code, IMP_ERR_INVARIANT);
}

Test(cutlist_patch, without_patches_nothing_changes)
{
    expect_output(NULL, 0, "abcdXY0hijkl");
    cr_assert_eq(cl.n, cuts.n);
    for (size_t i = 0; i < cl.n; i++) {
        cr_expect_eq(cl.cut[i].kind, cuts.cut[i].kind);
        cr_expect_eq(cl.cut[i].part, cuts.cut[i].part);
        cr_expect_eq(cl.cut[i].offset, cuts.cut[i].offset);
        cr_expect_eq(cl.cut[i].length, cuts.cut[i].length);
        cr_expect_str_eq(cl.cut[i].what, cuts.cut[i].what);
    }
}

Test(cutlist_patch, goes_where_it_says_and_may_be_longer_or_shorter)
{
    const struct imp_patch some[] = {patch(1, 2, "12345"), patch(8, 1, "6")};
    expect_output(some, 2, "a12345dXY0h6jkl");
    const struct imp_patch less[] = {patch(1, 2, ""), patch(8, 1, "")};
    expect_output(less, 2, "adXY0hjkl");
}

Test(cutlist_patch, may_reach_to_the_borders_of_a_keep)
{
    const struct imp_patch start[] = {patch(0, 1, "1"), patch(7, 1, "2"),
                                      patch(10, 1, "3")};
    expect_output(start, 3, "1bcdXY02ij3l");
    const struct imp_patch end[] = {patch(3, 1, "1"), patch(9, 1, "2"),
                                    patch(11, 1, "3")};
    expect_output(end, 3, "abc1XY0hi2k3");
    const struct imp_patch all[] = {patch(0, 4, "1"), patch(7, 3, "2"),
                                    patch(10, 2, "3")};
    expect_output(all, 3, "1XY023");
}

Test(cutlist_patch, may_touch_the_one_before)
{
    const struct imp_patch some[] = {patch(0, 2, "1"), patch(2, 1, "2"),
                                     patch(3, 1, "3")};
    expect_output(some, 3, "123XY0hijkl");
}

Test(cutlist_patch, of_no_length_is_an_insert)
{
    const struct imp_patch some[] = {patch(0, 0, "1"), patch(2, 0, "2"),
                                     patch(2, 0, "3"), patch(4, 0, "4"),
                                     patch(12, 0, "5")};
    expect_output(some, 5, "1ab23cd4XY0hijkl5");
    const struct imp_patch nothing[] = {patch(2, 0, ""), patch(8, 0, "")};
    expect_output(nothing, 2, "abcdXY0hijkl");
}

Test(cutlist_patch, is_of_the_part_that_it_lies_in)
{
    const struct imp_patch some[] = {patch(1, 1, "1"), patch(8, 1, "2")};
    expect_output(some, 2, "a1cdXY0h2jkl");
    size_t met = 0;
    for (size_t i = 0; i < cl.n; i++) {
        const struct imp_cut *c = &cl.cut[i];
        if (strcmp(c->what, "mark") != 0)
            continue;
        met++;
        cr_expect_eq(c->part,
                     c->offset < 4 ? IMP_PART_STRUCTURE : IMP_PART_CODED);
    }
    cr_expect_eq(met, 4); // each drops and inserts
}

// Kept "ab", zeroed "cd", kept "ef", zeroed "g", kept "hijkl".
static void set_up_zeros(void)
{
    imp_cutlist_start(&cuts, 12);
    imp_cut_keep(&cuts, 0, 2, IMP_PART_CODED, "data");
    imp_cut_zero(&cuts, 2, 2, IMP_PART_COMMENT, "comment");
    imp_cut_keep(&cuts, 4, 2, IMP_PART_CODED, "data");
    imp_cut_zero(&cuts, 6, 1, IMP_PART_COMMENT, "comment");
    imp_cut_keep(&cuts, 7, 5, IMP_PART_CODED, "data");
    cr_assert(imp_cutlist_finish(&cuts, NULL));
}

Test(cutlist_patch, may_reach_into_what_is_zeroed_and_beyond)
{
    set_up_zeros();
    const struct imp_patch half[] = {patch(1, 2, "1"), patch(5, 1, "2")};
    expect_output(half, 2, "a10e20hijkl");
    const struct imp_patch beyond[] = {patch(1, 4, "1"), patch(5, 0, "2"),
                                       patch(5, 4, "3"), patch(9, 1, "")};
    expect_output(beyond, 4, "a123kl");
    const struct imp_patch all[] = {patch(0, 12, "1")};
    expect_output(all, 1, "1");
    const struct imp_patch in_zeros[] = {patch(3, 2, "1")};
    expect_refused(in_zeros, 1);
    const struct imp_patch behind[] = {patch(1, 3, "1"), patch(3, 0, "2")};
    expect_refused(behind, 2);
}

Test(cutlist_patch, the_same_bytes_in_a_row_are_there_once)
{
    const char *bytes = "123";
    const struct imp_patch some[] = {patch(1, 1, bytes), patch(2, 0, bytes),
                                     patch(2, 1, bytes)};
    expect_output(some, 3, "a123123123dXY0hijkl");
    const uint8_t *copy = NULL;
    for (size_t i = 0; i < cl.n; i++) {
        const struct imp_cut *c = &cl.cut[i];
        if (c->kind != IMP_CUT_INSERT || strcmp(c->what, "mark") != 0)
            continue;
        cr_expect(!copy || c->bytes == copy);
        cr_expect_neq(c->bytes, some[0].bytes);
        copy = c->bytes;
    }
}

Test(cutlist_patch, outside_of_what_is_kept_is_refused)
{
    static const struct {
        uint64_t at, length;
    } rows[] = {{4, 1},  {4, 2},  {5, 0},          {5, 1},
                {6, 1},  {3, 2},  {2, 7},          {9, 4},
                {12, 1}, {13, 0}, {0, UINT64_MAX}, {UINT64_MAX, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct imp_patch p = patch(rows[i].at, rows[i].length, "1");
        expect_refused(&p, 1);
        const struct imp_patch second[] = {patch(0, 1, "1"), p};
        expect_refused(second, 2);
    }
}

Test(cutlist_patch, out_of_order_or_on_another_is_refused)
{
    const struct imp_patch back[] = {patch(2, 1, "1"), patch(1, 1, "2")};
    expect_refused(back, 2);
    const struct imp_patch far_back[] = {patch(8, 1, "1"), patch(1, 1, "2")};
    expect_refused(far_back, 2);
    const struct imp_patch twice[] = {patch(1, 1, "1"), patch(1, 1, "2")};
    expect_refused(twice, 2);
    const struct imp_patch over[] = {patch(0, 3, "1"), patch(2, 1, "2")};
    expect_refused(over, 2);
}

Test(cutlist_patch, a_list_that_was_refused_serves_again)
{
    const struct imp_patch bad = patch(5, 1, "1"), good = patch(1, 1, "1");
    expect_refused(&bad, 1);
    expect_output(&good, 1, "a1cdXY0hijkl");
}
