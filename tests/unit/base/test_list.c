#include "base/list.h"

#include <criterion/criterion.h>
#include <string.h>

static char told[200];

// Fails at "stop".
static bool take(void *self, const char *entry, struct imp_err *err)
{
    cr_expect_eq(self, told);
    strcat(strcat(told, entry), "|");
    return strcmp(entry, "stop") != 0 ||
           imp_fail(err, IMP_ERR_CONFIG, "stopped");
}

static void expect_entries(const char *list, const char *want)
{
    struct imp_err err = {0};
    told[0] = 0;
    cr_expect(imp_list_each(list, take, told, &err), "%s", err.msg);
    cr_expect_str_eq(told, want, "'%s': %s", list, told);
}

Test(list, entries_come_in_order_without_blanks_around_them)
{
    expect_entries("one", "one|");
    expect_entries("one;two;three", "one|two|three|");
    expect_entries(" one ; two words\t;\nthree ", "one|two words|three|");
}

Test(list, what_is_empty_is_no_entry)
{
    expect_entries("", "");
    expect_entries(" ", "");
    expect_entries(";; ;", "");
    expect_entries(";one;;two;", "one|two|");
}

Test(list, the_first_failure_ends_it)
{
    struct imp_err err = {0};
    told[0] = 0;
    cr_expect(!imp_list_each("one;stop;two", take, told, &err));
    cr_expect_str_eq(told, "one|stop|");
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}
