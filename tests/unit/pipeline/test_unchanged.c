// What an output is when it is cut again, beside a mark in it.
#include "pipeline/unchanged.h"

#include <criterion/criterion.h>
#include <string.h>

// A letter is a byte; the mark is "MM".
static const char image[] = "abMMcde";
enum { MARK_AT = 2, MARK = 2 };

static struct imp_cutlist cuts;

static void start(void)
{
    imp_cutlist_start(&cuts, sizeof image - 1);
}

static void clear(void)
{
    imp_cutlist_clear(&cuts);
}

TestSuite(unchanged, .fini = clear, .timeout = 20);

static void keep(uint64_t at, uint64_t n, const char *what)
{
    imp_cut_keep(&cuts, at, n, IMP_PART_STRUCTURE, what);
}

static void drop(uint64_t at, uint64_t n, const char *what)
{
    imp_cut_drop(&cuts, at, n, IMP_PART_STRUCTURE, what);
}

static void insert(const char *bytes, const char *what)
{
    imp_cut_insert(&cuts, bytes, strlen(bytes), IMP_PART_STRUCTURE, what);
}

// NULL: it is unchanged.
static const char *changed(uint64_t length)
{
    const char *what = NULL;
    struct imp_err err = {0};
    const struct imp_span out = {(const uint8_t *)image, sizeof image - 1};
    cr_assert(imp_cutlist_finish(&cuts, &err), "%s", err.msg);
    return imp_unchanged(&cuts, out, MARK_AT, length, &what) ? NULL : what;
}

Test(unchanged, what_is_kept_is)
{
    start();
    keep(0, 7, "all");
    cr_expect_null(changed(0));
    cr_expect_null(changed(MARK));
}

Test(unchanged, a_mark_may_go_and_the_rest_come_anew)
{
    start();
    drop(0, 2, "head");
    insert("ab", "new head");
    drop(2, 2, "mark");
    keep(4, 3, "rest");
    cr_expect_str_eq(changed(0), "head");
    cr_expect_null(changed(MARK));
}

Test(unchanged, what_goes_beside_a_mark_is_named)
{
    start();
    keep(0, 2, "head");
    drop(2, 2, "mark");
    keep(4, 1, "c");
    drop(5, 1, "d");
    keep(6, 1, "e");
    cr_expect_str_eq(changed(MARK), "d");
    start();
    drop(0, 1, "a");
    keep(1, 1, "b");
    drop(2, 2, "mark");
    keep(4, 3, "rest");
    cr_expect_str_eq(changed(MARK), "a");
    start();
    keep(0, 2, "head");
    drop(2, 2, "mark");
    keep(4, 2, "c");
    drop(6, 1, "the last");
    cr_expect_str_eq(changed(MARK), "the last");
    start();
    keep(0, 2, "head");
    drop(2, 2, "mark");
    drop(4, 1, "beside it");
    keep(5, 2, "rest");
    cr_expect_str_eq(changed(MARK), "beside it");
}

Test(unchanged, what_is_another_or_comes_beside_a_mark_is_named)
{
    start();
    drop(0, 2, "head");
    insert("aX", "another head");
    drop(2, 2, "mark");
    keep(4, 3, "rest");
    cr_expect_str_eq(changed(MARK), "another head");
    start();
    keep(0, 2, "head");
    drop(2, 2, "mark");
    insert("+", "an addition");
    keep(4, 3, "rest");
    cr_expect_str_eq(changed(MARK), "an addition");
    start();
    keep(0, 2, "head");
    drop(2, 2, "mark");
    keep(4, 2, "c");
    imp_cut_zero(&cuts, 6, 1, IMP_PART_STRUCTURE, "a zero");
    cr_expect_str_eq(changed(MARK), "a zero");
}
