#include "base/template.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

static const char *const VALUE[IMP_FIELDS] = {
    [IMP_FIELD_DIGEST] = "0123456789abcdef",
    [IMP_FIELD_DATE] = "2026-11-22",
    [IMP_FIELD_EXT] = "jpg",
};

static void expect_expansion(const char *text, const char *want)
{
    struct imp_err err = {0};
    struct imp_buf out = {0};
    struct imp_template *t = imp_template_new(text, &err);
    cr_assert(t, "%s: %s", text, err.msg);
    cr_assert(imp_template_expand(t, VALUE, &out, &err));
    cr_expect(out.n == strlen(want) &&
                  (out.n == 0 || memcmp(out.p, want, out.n) == 0),
              "%s gave %.*s", text, (int)out.n, (const char *)out.p);
    imp_buf_clear(&out);
    imp_template_free(t);
}

Test(template, fields_are_filled_in)
{
    expect_expansion("", "");
    expect_expansion("plain", "plain");
    expect_expansion("{date}", "2026-11-22");
    expect_expansion("T {date}.{ext}{ext} x", "T 2026-11-22.jpgjpg x");
}

Test(template, a_number_takes_the_first_characters)
{
    expect_expansion("{digest:8}", "01234567");
    expect_expansion("{date:4}/{ext:9}", "2026/jpg");
    expect_expansion("{ext:1}", "j");
}

Test(template, doubled_braces_are_literal)
{
    expect_expansion("{{date}}", "{date}");
    expect_expansion("{{{date:4}}}", "{2026}");
    expect_expansion("}}{{", "}{");
}

Test(template, a_character_is_never_cut)
{
    const char *umlauts[IMP_FIELDS] = {[IMP_FIELD_EXT] = "\xc3\xa4\xc3\xb6x"};
    struct imp_buf out = {0};
    struct imp_template *t = imp_template_new("{ext:2}", NULL);
    cr_assert_not_null(t);
    cr_assert(imp_template_expand(t, umlauts, &out, NULL));
    cr_expect_eq(out.n, 4);
    imp_buf_clear(&out);
    imp_template_free(t);
}

Test(template, what_does_not_parse_is_refused)
{
    static const char *const bad[] = {
        "{",         "}",         "a}b",        "{date",
        "{}",        "{ date}",   "{Date}",     "{dat}",
        "{datee}",   "{date:}",   "{date:0}",   "{date:x}",
        "{date:-1}", "{date:8 }", "{date:8:8}", "{date:99999999999999999999}",
        "{subject}", "{{date}",   "{date}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imp_err err = {0};
        cr_expect_null(imp_template_new(bad[i], &err), "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", bad[i]);
    }
}

Test(template, an_unknown_field_is_named_with_the_known_ones)
{
    struct imp_err err = {0};
    cr_expect_null(imp_template_new("x {colour:3} y", &err));
    cr_expect_not_null(strstr(err.msg, "{colour}"), "%s", err.msg);
    cr_expect_not_null(strstr(err.msg, "{digest}, {date}, {ext}"), "%s",
                       err.msg);
}

Test(template, uses_tells_fields_from_text)
{
    struct imp_template *t = imp_template_new("date {ext} {{digest}}", NULL);
    cr_assert_not_null(t);
    cr_expect(imp_template_uses(t, IMP_FIELD_EXT));
    cr_expect(!imp_template_uses(t, IMP_FIELD_DATE));
    cr_expect(!imp_template_uses(t, IMP_FIELD_DIGEST));
    imp_template_free(t);
}

Test(template, expand_appends)
{
    struct imp_buf out = {0};
    struct imp_template *t = imp_template_new("{ext}", NULL);
    cr_assert(imp_buf_add(&out, "a.", 2, NULL));
    cr_assert(imp_template_expand(t, VALUE, &out, NULL));
    cr_expect(out.n == 5 && memcmp(out.p, "a.jpg", 5) == 0);
    imp_buf_clear(&out);
    imp_template_free(t);
}

Test(template, a_missing_value_is_a_bug, .signal = SIGABRT)
{
    const char *none[IMP_FIELDS] = {0};
    struct imp_buf out = {0};
    struct imp_template *t = imp_template_new("{ext}", NULL);
    imp_template_expand(t, none, &out, NULL);
}
