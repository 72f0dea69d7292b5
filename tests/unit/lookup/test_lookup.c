#include "lookup/lookup.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *not_opened(const char *spec, const char *token_file)
{
    static struct imp_err err;
    err = (struct imp_err){0};
    cr_assert_null(
        imp_lookup_open(&(struct imp_lookup_at){spec, token_file}, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    return err.msg;
}

// It would not be sent, and whoever has given it believes that it is.
Test(lookup, what_sends_no_token_is_not_opened_with_one)
{
    char *dir = tempdir_make();
    put_file(text("%s/s.csv", dir), "subject,code\n1,a\n");
    put_file(text("%s/token", dir), "hush\n");
    chmod(text("%s/token", dir), 0600);
    const char *token = text("%s/token", dir);
    cr_expect_str_eq(not_opened(text("csv:%s/s.csv", dir), token),
                     "look-up source: want no token for csv:, which cannot "
                     "send one");
    cr_expect_str_eq(not_opened(text("sqlite:%s/s.db?table=s", dir), token),
                     "look-up source: want no token for sqlite:, which cannot "
                     "send one");
    struct imp_err err = {0};
    const struct imp_lookup_at plain = {text("csv:%s/s.csv", dir), NULL};
    struct imp_lookup *l = imp_lookup_open(&plain, &err);
    cr_expect(l, "%s", err.msg);
    imp_lookup_free(l);
    tempdir_remove(dir);
}

Test(lookup, a_kind_is_told_by_how_it_begins)
{
    static const char *const none[] = {"",  "csv",      "CSV:x",
                                       "x", "ftp://h/", "sqlite3:x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        cr_expect_str_eq(not_opened(none[i], NULL),
                         "look-up source: want csv:FILE, "
                         "sqlite:FILE?table=T, http://HOST/{key} or "
                         "https://HOST/{key}");
}

Test(lookup, the_file_that_a_source_is)
{
    static const struct {
        const char *spec, *file; // NULL: none of this machine
    } row[] = {
        {"csv:a.csv", "a.csv"},
        {"csv:/x/a%3Fb.csv?key=k", "/x/a?b.csv"},
        {"sqlite:s.db?table=t", "s.db"},
        {"http://h/{key}", NULL},
        {"https://h/{key}", NULL},
        {"other:x", NULL},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct imp_err err = {0};
        char *file;
        cr_assert(imp_lookup_file(row[i].spec, &file, &err), "%s", err.msg);
        cr_expect_eq(!file, !row[i].file, "%s", row[i].spec);
        if (file && row[i].file)
            cr_expect_str_eq(file, row[i].file);
        free(file);
    }
}
