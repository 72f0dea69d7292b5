#include "pipeline/elements.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct imp_err err;
static struct imp_elements *elements;

static void set_up(void)
{
    elements = imp_elements_new(&err);
    cr_assert(elements, "%s", err.msg);
}

static void tear_down(void)
{
    imp_elements_free(elements);
}

TestSuite(elements, .init = set_up, .fini = tear_down, .timeout = 60);

static void add(const char *path, const char *fate, const char *value)
{
    const struct imp_deid_element e = {.path = path,
                                       .keyword = "Keyword",
                                       .vr = "LO",
                                       .fate = fate,
                                       .action = "X",
                                       .value = value};
    cr_assert(imp_elements_add(elements, &e));
}

static size_t told(const struct imp_inspected_element **out)
{
    size_t n;
    uint64_t left;
    *out = imp_elements_told(elements, &n, &left);
    cr_expect_eq(left, 0);
    return n;
}

Test(elements, what_is_heard_is_copied_in_order)
{
    const struct imp_inspected_element *e;
    char path[] = "(0010,0010)", value[] = "Doe";
    add(path, "emptied", value);
    add("(0008,1030)", "removed", NULL);
    path[1] = value[0] = 'x';
    cr_assert_eq(told(&e), 2);
    cr_expect_str_eq(e[0].path, "(0010,0010)");
    cr_expect_str_eq(e[0].keyword, "Keyword");
    cr_expect_str_eq(e[0].vr, "LO");
    cr_expect_str_eq(e[0].fate, "emptied");
    cr_expect_str_eq(e[0].action, "X");
    cr_expect_str_eq(e[0].value, "Doe");
    cr_expect_null(e[0].option);
    cr_expect_null(e[0].why);
    cr_expect_eq(e[0].count, 1);
    cr_expect_str_eq(e[1].path, "(0008,1030)");
}

Test(elements, items_are_told_once_and_only_numbers_that_differ_become_stars)
{
    const struct imp_inspected_element *e;
    char path[64];
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof path,
                 "(5200,9230)[%d].(0020,9111)[0].(0018,9074)", i);
        add(path, "dummy", "2026");
    }
    cr_assert_eq(told(&e), 1);
    cr_expect_str_eq(e[0].path, "(5200,9230)[*].(0020,9111)[0].(0018,9074)");
    cr_expect_eq(e[0].count, 300);
    cr_expect_str_eq(e[0].value, "2026");
    add("(5200,9230)[7].(0020,9111)[12].(0018,9074)", "dummy", "1999");
    cr_assert_eq(told(&e), 1);
    cr_expect_str_eq(e[0].path, "(5200,9230)[*].(0020,9111)[*].(0018,9074)");
    cr_expect_null(e[0].value);
}

Test(elements, another_fate_or_path_is_another_element)
{
    const struct imp_inspected_element *e;
    add("(0008,1140)[0].(0008,1155)", "new UID", NULL);
    add("(0008,1140)[1].(0008,1155)", "stays", NULL);
    add("(0008,1140)[2].(0008,1150)", "new UID", NULL);
    add("(0008,1140)", "new UID", NULL);
    cr_expect_eq(told(&e), 4);
    cr_expect_str_eq(e[1].path, "(0008,1140)[1].(0008,1155)");
}

Test(elements, beyond_the_limit_they_are_counted_and_known_ones_still_told)
{
    size_t n;
    uint64_t left;
    char path[16];
    for (unsigned i = 0; i < IMP_ELEMENTS_TOLD + 5; i++) {
        snprintf(path, sizeof path, "(0009,%04X)", i);
        add(path, "removed", NULL);
    }
    add("(0009,0003)", "removed", NULL);
    const struct imp_inspected_element *e =
        imp_elements_told(elements, &n, &left);
    cr_expect_eq(n, IMP_ELEMENTS_TOLD);
    cr_expect_eq(left, 5);
    cr_expect_eq(e[3].count, 2);
}

Test(elements, one_object_leaves_nothing_to_the_next)
{
    const struct imp_inspected_element *e;
    add("(0010,0010)", "emptied", NULL);
    imp_elements_start(elements);
    cr_expect_eq(told(&e), 0);
    add("(0010,0010)", "emptied", NULL);
    cr_assert_eq(told(&e), 1);
    cr_expect_eq(e[0].count, 1);
}
