#include "lookup/csv.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct imp_csv *table_of(const void *bytes, size_t n, const char *key,
                                const char *const *names, struct imp_err *err)
{
    struct imp_buf text = {0};
    cr_assert(imp_buf_add(&text, bytes, n, NULL));
    struct imp_csv *t = imp_csv_new(&text, key, names, err);
    cr_expect_null(text.p, "it is taken");
    return t;
}

static struct imp_csv *table(const char *text)
{
    struct imp_err err = {0};
    struct imp_csv *t = table_of(text, strlen(text), "subject", NULL, &err);
    cr_assert(t, "%s", err.msg);
    return t;
}

// The row with this key, its fields divided by '|'; "-": there is none.
static const char *row(const struct imp_csv *t, const char *key)
{
    static char out[500];
    size_t n, at;
    const char *field =
        imp_csv_find(t, (struct imp_span){(const uint8_t *)key, strlen(key)});
    if (!field)
        return "-";
    imp_csv_names(t, &n, &at);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++, field += strlen(field) + 1)
        strcat(strcat(out, i ? "|" : ""), field);
    return out;
}

#define EXPECT_ROW(text, key, want)                         \
    do {                                                    \
        struct imp_csv *t_ = table(text);                   \
        cr_expect_str_eq(row(t_, key), want, "%s", (text)); \
        imp_csv_unref(t_);                                  \
    } while (0)

static const char *refused(const char *text, size_t n)
{
    static struct imp_err err;
    err = (struct imp_err){0};
    cr_assert_null(table_of(text, n, "subject", NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", err.msg);
    return err.msg;
}

#define EXPECT_REFUSED(text, why) \
    cr_expect_str_eq(refused(text, sizeof(text) - 1), why)

Test(csv, a_row_is_found_by_its_key)
{
    struct imp_csv *t = table("subject,code,site\n1,S-1,Ulm\n2,S-2,\n10,,x\n");
    cr_expect_str_eq(row(t, "1"), "1|S-1|Ulm");
    cr_expect_str_eq(row(t, "2"), "2|S-2|");
    cr_expect_str_eq(row(t, "10"), "10||x");
    cr_expect_str_eq(row(t, "3"), "-");
    cr_expect_str_eq(row(t, "01"), "-");
    cr_expect_str_eq(row(t, ""), "-");
    cr_expect_str_eq(row(t, "subject"), "-", "the header is no row");
    cr_expect_eq(imp_csv_rows(t), 3);
    imp_csv_unref(t);
}

Test(csv, a_key_that_begins_as_another_is_another)
{
    struct imp_csv *t = table("subject\nab\nabc\n");
    cr_expect_str_eq(row(t, "a"), "-");
    cr_expect_str_eq(row(t, "ab"), "ab");
    cr_expect_str_eq(row(t, "abc"), "abc");
    cr_expect_null(
        imp_csv_find(t, (struct imp_span){(const uint8_t *)"ab\0c", 4}));
    imp_csv_unref(t);
}

Test(csv, the_keys_column_may_be_any)
{
    const char text[] = "code,name,patient id\nS-1,x,7\nS-2,y,8\n";
    struct imp_csv *t = table_of(text, strlen(text), "patient id", NULL, NULL);
    cr_assert(t);
    size_t n, key;
    const char *const *names = imp_csv_names(t, &n, &key);
    cr_expect_eq(n, 3);
    cr_expect_eq(key, 2);
    cr_expect_str_eq(names[0], "code");
    cr_expect_str_eq(names[2], "patient id");
    cr_expect_str_eq(row(t, "8"), "S-2|y|8");
    cr_expect_str_eq(row(t, "S-2"), "-");
    imp_csv_unref(t);
}

Test(csv, lines_end_as_files_do)
{
    EXPECT_ROW("subject,code\r\n1,a\r\n2,b\r\n", "2", "2|b");
    EXPECT_ROW("subject,code\n1,a\n2,b", "2", "2|b");
    EXPECT_ROW("subject,code\r\n1,a\r\n2,", "2", "2|");
    EXPECT_ROW("subject,code\n1,a\r\n2,b\n", "1", "1|a");
    EXPECT_ROW("subject,code", "1", "-");
    EXPECT_ROW("\xEF\xBB\xBFsubject,code\n1,a\n", "1", "1|a");
}

Test(csv, what_is_in_quotes_may_have_all)
{
    EXPECT_ROW("subject,code\n\"1\",\"a,b\"\n", "1", "1|a,b");
    EXPECT_ROW("subject,code\n1,\"say \"\"no\"\"\"\n", "1", "1|say \"no\"");
    EXPECT_ROW("subject,code\n1,\"\"\"\"", "1", "1|\"");
    EXPECT_ROW("subject,code\n1,\"two\r\nlines\n\"\r\n", "1",
               "1|two\r\nlines\n");
    EXPECT_ROW("\"subject\",\"code\"\n1,\"\"\n", "1", "1|");
    EXPECT_ROW("subject,code\n\"0\n1\",a\n2,b\n", "0\n1", "0\n1|a");
    EXPECT_ROW("subject\n\"a\"\"b\"\n", "a\"b", "a\"b");
}

Test(csv, blanks_are_part_of_a_field_but_of_a_key)
{
    EXPECT_ROW("subject,code\n 1, a \n", "1", " 1| a ");
    EXPECT_ROW("subject,code\n 1, a \n", " 1", "-");
    EXPECT_ROW("subject,code\n\xC2\xA0"
               "1\xEF\xBB\xBF,a\n",
               "1",
               "\xC2\xA0"
               "1\xEF\xBB\xBF|a");
    EXPECT_ROW("subject,code\n1 0,a\n", "1 0", "1 0|a");
}

Test(csv, a_key_is_the_same_composed_or_not)
{
    EXPECT_ROW("subject,code\nMu\xCC\x88ller,a\n", "M\xC3\xBCller",
               "Mu\xCC\x88ller|a");
    EXPECT_ROW("subject,code\nM\xC3\xBCller,a\n", "M\xC3\xBCller",
               "M\xC3\xBCller|a");
    EXPECT_ROW("subject,code\nMu\xCC\x88ller,a\n", "Muller", "-");
    // Composed it is longer.
    EXPECT_ROW("subject,code\n\xF0\x9D\x85\xA0,a\n2,b\n",
               "\xF0\x9D\x85\x98\xF0\x9D\x85\xA5\xF0\x9D\x85\xAE",
               "\xF0\x9D\x85\xA0|a");
}

Test(csv, lines_without_a_word_are_passed_over)
{
    struct imp_csv *t =
        table("subject,code\n\n,\r\n1,a\n\r\n\"\",\n,,,,\n2,b\n,\n\n");
    cr_expect_str_eq(row(t, "1"), "1|a");
    cr_expect_str_eq(row(t, "2"), "2|b");
    cr_expect_eq(imp_csv_rows(t), 2);
    imp_csv_unref(t);
}

Test(csv, what_is_not_of_the_form_is_refused_with_its_line)
{
    EXPECT_REFUSED("subject,code\n1,a\n2,b\"c\n",
                   "line 3: a quote within a field: want the field in quotes, "
                   "and the quotes in it doubled");
    EXPECT_REFUSED("subject,code\n\"1\"x,a\n",
                   "line 2: text behind a closing quote: want a comma or the "
                   "line's end there, and quotes within a field doubled");
    EXPECT_REFUSED("subject,code\n\"1\"\0,a\n",
                   "line 2: text behind a closing quote: want a comma or the "
                   "line's end there, and quotes within a field doubled");
    EXPECT_REFUSED("subject,code\n1,\"a\n2,b\n3,c\n",
                   "line 2: a quote that is opened here is not closed");
    EXPECT_REFUSED("subject,code\n1,\"a\n\"\"",
                   "line 2: a quote that is opened here is not closed");
    EXPECT_REFUSED("subject,code\n1,a\0b\n", "line 2: a NUL byte: want text");
    EXPECT_REFUSED("subject,code\n1,\"\na\0b\"\n",
                   "line 3: a NUL byte: want text");
    EXPECT_REFUSED("subject,code\n1,a\n\n2,M\xFCller\n",
                   "line 4: a field is not UTF-8: want text, saved as \"CSV "
                   "UTF-8\"");
    EXPECT_REFUSED("subject,code\n1,\x1B\n",
                   "line 2: a field has a control character: want text, saved "
                   "as \"CSV UTF-8\"");
    EXPECT_REFUSED("subject,code\n1,\x01\n",
                   "line 2: a field has a control character: want text, saved "
                   "as \"CSV UTF-8\"");
    EXPECT_REFUSED("subject,code\n1,a\n2\n",
                   "line 3 has 1 fields: want 2, as in the header");
    EXPECT_REFUSED("subject,code\n\"1\n\",a\n2,b,c\n",
                   "line 4 has 3 fields: want 2, as in the header");
    EXPECT_REFUSED("subject,code\n1,a\n\n,b\n", "line 4: the key is empty");
    EXPECT_REFUSED("subject,code\n \xE3\x80\x80,b\n",
                   "line 2: the key is empty");
    EXPECT_REFUSED("subject,code\r1,a\r",
                   "line 1: a carriage return alone: want lines ended by CRLF "
                   "or LF");
}

Test(csv, a_key_is_there_once_also_if_the_rows_are_the_same)
{
    EXPECT_REFUSED("subject,code\n1,a\n\"x\n\",b\n\n,\n1,c\n",
                   "lines 2 and 7 have the same key: want each once");
    EXPECT_REFUSED("\xEF\xBB\xBFsubject,code\r\n2,b\r\n1,a\r\n1,a",
                   "lines 3 and 4 have the same key: want each once");
    EXPECT_REFUSED("subject\n1\n 1\n",
                   "lines 2 and 3 have the same key: want each once");
    EXPECT_REFUSED("subject\nu\xCC\x88\n1\n\xC3\xBC\xC2\xA0\n",
                   "lines 2 and 4 have the same key: want each once");
}

Test(csv, a_header_is_wanted)
{
    EXPECT_REFUSED("", "empty: want a header row with the columns' names");
    EXPECT_REFUSED("\xEF\xBB\xBF",
                   "empty: want a header row with the columns' names");
    EXPECT_REFUSED("\nsubject\n",
                   "header: column 1 has a name of 0 bytes: want 1 to 200");
    EXPECT_REFUSED("subject,,code\n",
                   "header: column 2 has a name of 0 bytes: want 1 to 200");
    EXPECT_REFUSED("subject,a,b,a\n",
                   "header: columns 2 and 4 have the same name");
    EXPECT_REFUSED("subject,\"a\nb\"\n",
                   "header: the name of column 2 has a control character");
    EXPECT_REFUSED("Subject,code,site\n1,2,3\n",
                   "no column \"subject\" for the key: want ?key=COLUMN, one "
                   "of Subject, code, site");
}

Test(csv, other_kinds_of_file_are_called_by_their_name)
{
    EXPECT_REFUSED("subject;code\n1;a\n",
                   "its columns look separated by semicolons: want commas");
    EXPECT_REFUSED("\"subject\";\"code\"\n",
                   "its columns look separated by semicolons: want commas");
    EXPECT_REFUSED("sep=;\nsubject;code\n",
                   "its columns look separated by semicolons: want commas");
    EXPECT_REFUSED("subject\tname, first\tcode\n",
                   "its columns look separated by tabs: want commas");
    EXPECT_REFUSED("\xFF\xFEs\0u\0",
                   "it looks like UTF-16 text: want it saved as \"CSV UTF-8\"");
    EXPECT_REFUSED("\xFE\xFF\0s\0u",
                   "it looks like UTF-16 text: want it saved as \"CSV UTF-8\"");
    EXPECT_REFUSED("s\0u\0b\0",
                   "it looks like UTF-16 text: want it saved as \"CSV UTF-8\"");
    EXPECT_REFUSED("PK\x03\x04...",
                   "it looks like a workbook: want it saved as \"CSV UTF-8\"");
    EXPECT_REFUSED("SQLite format 3\0...",
                   "it looks like an SQLite database: want "
                   "sqlite:FILE?table=T");
}

Test(csv, a_header_may_have_semicolons_among_commas)
{
    EXPECT_ROW("subject,code,\"a; b; c; d\"\n1,a,x\n", "1", "1|a|x");
    EXPECT_ROW("subject,code,a;b\n1,a,x\n", "1", "1|a|x");
}

Test(csv, columns_that_were_there_must_stay)
{
    static const char *const names[] = {"code", "site", NULL};
    static const char less[] = "subject,code\n1,a\n";
    static const char more[] = "new,site,code,subject\nn,s,c,1\n";
    static const char none[] = "DOE^JANE,S-7,Ulm\n";
    struct imp_err err = {0};
    struct imp_csv *t = table_of(more, sizeof more - 1, "subject", names, &err);
    cr_assert(t);
    cr_expect_str_eq(row(t, "1"), "n|s|c|1");
    imp_csv_unref(t);
    cr_expect_null(table_of(less, sizeof less - 1, "subject", names, &err));
    cr_expect_str_eq(err.msg, "column \"site\" is not there any more");
    cr_expect_null(table_of(none, sizeof none - 1, "subject", names, &err));
    cr_expect_str_eq(err.msg, "the key's column is not there any more");
}

// Rows and the fields in them are many enough that slots collide.
Test(csv, each_of_many_is_found_and_nothing_else)
{
    struct imp_buf text = {0};
    char line[100];
    imp_buf_add(&text, "code,subject\n", 13, NULL);
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(line, sizeof line, "c%d,p%d\n", i, 2 * i);
        cr_assert(imp_buf_add(&text, line, (size_t)n, NULL));
    }
    struct imp_csv *t = imp_csv_new(&text, "subject", NULL, NULL);
    cr_assert(t);
    cr_expect_eq(imp_csv_rows(t), 20000);
    for (int i = 0; i < 40000; i++) {
        char key[40], want[80] = "-";
        snprintf(key, sizeof key, "p%d", i);
        if (i % 2 == 0)
            snprintf(want, sizeof want, "c%d|p%d", i / 2, i);
        cr_assert_str_eq(row(t, key), want);
    }
    imp_csv_unref(t);
}

Test(csv, whoever_has_a_reference_has_the_table)
{
    struct imp_csv *t = table("subject,code\n1,a\n");
    cr_expect_eq(imp_csv_ref(t), t);
    imp_csv_unref(t);
    cr_expect_str_eq(row(t, "1"), "1|a");
    imp_csv_unref(t);
    imp_csv_unref(NULL);
}
