#include "lookup/columns.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(columns, a_field_is_text)
{
    static const char *const good[] = {
        "",  "S-1",      "tab\there",        "two\r\nlines", "M\xC3\xBCller",
        "~", "\xC2\xA0", "\xF0\x9F\x98\x80",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_null(imp_field_fault(good[i], strlen(good[i])), "%zu", i);
    cr_expect_str_eq(imp_field_fault("M\xFCller", 6), "is not UTF-8");
    cr_expect_str_eq(imp_field_fault("cut\xC3", 4), "is not UTF-8");
    cr_expect_str_eq(imp_field_fault("a\0b", 3), "has a NUL byte");
    cr_expect_str_eq(imp_field_fault("\x1B[2J", 4), "has a control character");
    cr_expect_str_eq(imp_field_fault("\x7F", 1), "has a control character");
    cr_expect_str_eq(imp_field_fault("\xC2\x9B", 2), "has a control character");
}

Test(columns, a_field_has_its_limit)
{
    char *text = calloc(1, IMP_FIELD_MAX + 2);
    memset(text, 'x', IMP_FIELD_MAX + 1);
    cr_expect_str_eq(imp_field_fault(text, IMP_FIELD_MAX + 1),
                     "is longer than 131072 bytes");
    text[IMP_FIELD_MAX] = '\0';
    cr_expect_null(imp_field_fault(text, IMP_FIELD_MAX));
    free(text);
}

static const char *refused(const char *const *names, size_t n)
{
    static struct imp_err err;
    cr_assert_not(imp_columns_check(names, n, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    return err.msg;
}

Test(columns, names_are_there_once_and_can_be_printed)
{
    char wide[IMP_COLUMN_NAME_MAX + 2] = "";
    memset(wide, 'w', IMP_COLUMN_NAME_MAX + 1);
    const char *good[] = {"subject", "Subject", "site no."};
    cr_expect(imp_columns_check(good, 3, NULL));
    good[2] = wide + 1;
    cr_expect(imp_columns_check(good, 3, NULL));
    good[2] = wide;
    cr_expect_str_eq(refused(good, 3),
                     "column 3 has a name of 201 bytes: want 1 to 200");
    good[2] = "";
    cr_expect_str_eq(refused(good, 3),
                     "column 3 has a name of 0 bytes: want 1 to 200");
    good[2] = "subject";
    cr_expect_str_eq(refused(good, 3), "columns 1 and 3 have the same name");
    good[2] = "a\nb";
    cr_expect_str_eq(refused(good, 3),
                     "the name of column 3 has a control character");
    good[2] = "\xFF";
    cr_expect_str_eq(refused(good, 3), "the name of column 3 is not UTF-8");
    cr_expect_str_eq(refused(good, 0), "0 columns: want 1 to 1000");
    cr_expect_str_eq(refused(good, IMP_COLUMNS_MAX + 1),
                     "1001 columns: want 1 to 1000");
}

Test(columns, the_keys_name_is_not_among_those_of_answers)
{
    const char *names[] = {"code", "subject", "site"};
    const char **copy = imp_columns_dup(names, 3, 1, NULL);
    cr_assert(copy);
    cr_expect_str_eq(copy[0], "code");
    cr_expect_str_eq(copy[1], "site");
    cr_expect_null(copy[2]);
    free(copy);
    copy = imp_columns_dup(names, 1, 0, NULL);
    cr_assert(copy);
    cr_expect_null(copy[0]);
    free(copy);
}

Test(columns, a_list_is_cut_between_names)
{
    char out[IMP_COLUMNS_LIST], wide[200];
    memset(wide, 'w', sizeof wide);
    wide[100] = '\0';
    const char *names[] = {"code", "site", wide, wide, "x"};
    imp_columns_list(names, 0, out);
    cr_expect_str_eq(out, "");
    imp_columns_list(names, 2, out);
    cr_expect_str_eq(out, "code, site");
    imp_columns_list(names, 5, out);
    cr_expect_eq(strlen(out), strlen("code, site, , ...") + 100);
    cr_expect_str_eq(out + strlen(out) - 7, "ww, ...");
    wide[100] = 'w';
    wide[199] = '\0';
    imp_columns_list(names + 2, 1, out);
    cr_expect_str_eq(out, "...");
}
