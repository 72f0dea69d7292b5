#include "lookup/kinds.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct split {
    char *file;
    struct imp_lookup_param param[2];
    struct imp_err err;
    bool ok;
};

static struct split split(const char *rest)
{
    struct split s = {.param = {{"table", NULL}, {"key", NULL}}};
    s.ok = imp_lookup_split(rest, &s.file, s.param, 2, &s.err);
    return s;
}

static void clear(struct split *s)
{
    free(s->file);
    free(s->param[0].value);
    free(s->param[1].value);
}

Test(split, file_and_parameters)
{
    struct split s = split("/a b/c.db?key=subject%20id&table=T");
    cr_assert(s.ok);
    cr_expect_str_eq(s.file, "/a b/c.db");
    cr_expect_str_eq(s.param[0].value, "T");
    cr_expect_str_eq(s.param[1].value, "subject id");
    clear(&s);
}

Test(split, a_file_alone)
{
    struct split s = split("who%3F100%25.csv");
    cr_assert(s.ok);
    cr_expect_str_eq(s.file, "who?100%.csv");
    cr_expect_null(s.param[0].value);
    clear(&s);
}

Test(split, what_is_not_so_is_refused)
{
    static const char *const wrong[] = {
        "",
        "?key=a",
        "f?",
        "f?key",
        "f?key=",
        "f?=a",
        "f?keys=a",
        "f?ke=a",
        "f?key=a&key=b",
        "f?key=a&",
        "f%",
        "f%0",
        "f%00",
        "f%zz",
        "f?key=%4",
        "f?key=%00",
        "f?key=a&&table=b",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct split s = split(wrong[i]);
        cr_expect(!s.ok, "%s", wrong[i]);
        cr_expect_eq(s.err.code, IMP_ERR_CONFIG, "%s", wrong[i]);
        clear(&s);
    }
}
