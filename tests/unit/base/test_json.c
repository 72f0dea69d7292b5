#include "base/json.h"

#include "base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *json(const char *text)
{
    static struct imp_buf out;
    out.n = 0;
    cr_assert(imp_json_add(&out, text, NULL));
    cr_assert(imp_buf_add(&out, "", 1, NULL));
    return (const char *)out.p;
}

Test(json, text_stands_between_quotes)
{
    cr_expect_str_eq(json(""), "\"\"");
    cr_expect_str_eq(json("EXIF GPS IFD"), "\"EXIF GPS IFD\"");
    cr_expect_str_eq(json("M\xC3\xBCller \xF0\x9F\x98\x80"),
                     "\"M\xC3\xBCller \xF0\x9F\x98\x80\"");
}

Test(json, what_would_end_the_string_or_the_line_is_escaped)
{
    cr_expect_str_eq(json("a\"b\\c"), "\"a\\\"b\\\\c\"");
    cr_expect_str_eq(json("\n\x1B\x7F"), "\"\\u000a\\u001b\\u007f\"");
}

Test(json, bytes_that_are_no_utf8_become_replacement_characters)
{
    cr_expect_str_eq(json("a\xFF"), "\"a\xEF\xBF\xBD\"");
    cr_expect_str_eq(json("\xE2\x82z"), "\"\xEF\xBF\xBD\xEF\xBF\xBDz\"");
    cr_expect_str_eq(json("\xC3"), "\"\xEF\xBF\xBD\"");
}

Test(json, characters_have_the_lengths_of_rfc_3629)
{
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {{"", 1},
                {"a", 1},
                {"\xC2\x80", 2},
                {"\xE0\xA0\x80", 3},
                {"\xF4\x8F\xBF\xBF", 4},
                {"\x80", 0},
                {"\xC1\xBF", 0},
                {"\xE0\x9F\xBF", 0},
                {"\xED\xA0\x80", 0},
                {"\xF0\x8F\xBF\xBF", 0},
                {"\xF4\x90\x80\x80", 0},
                {"\xF0\x9F\x98", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(imp_utf8_length(rows[i].text), rows[i].n, "row %zu", i);
}
