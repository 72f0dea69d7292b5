#include "../../lib/tempdir.h"
#include "asking.h"

static char *dir, *path;

static void set_up(void)
{
    dir = tempdir_make();
    path = text("%s/who?100%%.csv", dir);
    put_file(path, "name,subject,code,site\n"
                   "Jane Doe,p1,S-1,\n"
                   "\"Doe, John\",p2,S-2,\"Ulm\n(new)\"\n");
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(from_csv, .init = set_up, .fini = tear_down, .timeout = 20);

static char *spec(const char *more)
{
    return text("csv:%s/who%%3F100%%25.csv%s", dir, more);
}

static struct imp_lookup *opened(const char *more)
{
    struct imp_err err;
    struct imp_lookup *l = open_at(&imp_lookup_csv, spec(more), &err);
    cr_assert(l, "%s", err.msg);
    return l;
}

Test(from_csv, it_says_what_the_row_has)
{
    struct imp_lookup *l = opened("");
    cr_expect_str_eq(ask(l, "p1", "code"), "S-1");
    cr_expect_str_eq(ask(l, "p1", "site"), "", "an empty field is a word");
    cr_expect_str_eq(ask(l, "p2", "site"), "Ulm\n(new)");
    cr_expect_str_eq(ask(l, "p2", "name"), "Doe, John");
    cr_expect_str_eq(ask(l, "p3", "code"), "?");
    cr_expect_str_eq(ask(l, "", "code"), "?");
    l->ops->free(l);
}

Test(from_csv, the_key_is_not_in_an_answer)
{
    struct imp_lookup *l = opened("");
    cr_expect_str_eq(names_of(l), "name code site");
    cr_expect_str_eq(ask(l, "p1", "subject"), "-");
    l->ops->free(l);
    l = opened("?key=name");
    cr_expect_str_eq(names_of(l), "subject code site");
    cr_expect_str_eq(ask(l, "Doe, John", "subject"), "p2");
    cr_expect_str_eq(ask(l, "Doe, John", "name"), "-");
    l->ops->free(l);
}

Test(from_csv, a_file_of_keys_alone_has_answers_that_say_nothing)
{
    put_file(path, "subject\np1\n");
    struct imp_lookup *l = opened("");
    cr_expect_str_eq(names_of(l), "");
    cr_expect_str_eq(ask(l, "p1", "code"), "-");
    cr_expect_str_eq(ask(l, "p2", "code"), "?");
    l->ops->free(l);
}

Test(from_csv, what_is_wrong_is_told_without_path_and_values)
{
    static const char *const other = "?key=nobody";
    cr_expect_str_eq(not_opened(&imp_lookup_csv, spec(other)),
                     "CSV file: no column \"nobody\" for the key: want "
                     "?key=COLUMN, one of name, subject, code, site");
    cr_expect_str_eq(not_opened(&imp_lookup_csv, spec("?table=T")),
                     "CSV file: look-up source: no parameter table");
    cr_expect_str_eq(not_opened(&imp_lookup_csv, "csv:"),
                     "CSV file: look-up source: no file named");
    unlink(path);
    cr_expect_str_eq(not_opened(&imp_lookup_csv, spec("")),
                     "CSV file: there is no such file");
    put_file(path, "subject,code\np1,S-1\np1,S-2\n");
    cr_expect_str_eq(not_opened(&imp_lookup_csv, spec("")),
                     "CSV file: lines 2 and 3 have the same key: want each "
                     "once");
}

// It looks once a second; each question until then may have the old answer.
Test(from_csv, it_follows_its_file)
{
    struct imp_lookup *l = opened("");
    const char *said;
    cr_expect_str_eq(ask(l, "p1", "code"), "S-1");
    put_file(path, "subject,name,code,site\np1,,S-9,\n");
    while (strcmp(said = ask(l, "p1", "code"), "S-1") == 0)
        ;
    cr_expect_str_eq(said, "S-9");
    put_file(path, "subject\np1\n");
    while (strcmp(said = ask(l, "p1", "code"), "S-9") == 0)
        ;
    cr_expect_str_eq(said, "CSV file: column \"name\" is not there any more");
    l->ops->free(l);
}
