#include "base/template.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *other(void *self, const char *name)
{
    (void)self;
    if (strcmp(name, "subject") == 0)
        return "S-1";
    return strcmp(name, "Study Site") == 0 ? "B\xc3\xa4rn" : NULL;
}

static const struct imp_values VALUES = {
    .fixed =
        {
            [IMP_FIELD_DIGEST] = "0123456789abcdef",
            [IMP_FIELD_DATE] = "2026-11-22",
            [IMP_FIELD_EXT] = "jpg",
        },
    .other = other,
};

static const char *const NAMES[] = {"subject", "Study Site", NULL};
static const struct imp_more_fields MORE = {.name = NAMES};
static const struct imp_more_fields ANY = {.any = true};

static void expect_expansion(const char *text, const char *want)
{
    struct imp_err err = {0};
    struct imp_buf out = {0};
    struct imp_template *t = imp_template_new(text, &MORE, &err);
    cr_assert(t, "%s: %s", text, err.msg);
    cr_assert(imp_template_expand(t, &VALUES, NULL, &out, &err));
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
    const struct imp_values umlauts = {
        .fixed = {[IMP_FIELD_EXT] = "\xc3\xa4\xc3\xb6x"}};
    struct imp_buf out = {0};
    struct imp_template *t = imp_template_new("{ext:2}", NULL, NULL);
    cr_assert_not_null(t);
    cr_assert(imp_template_expand(t, &umlauts, NULL, &out, NULL));
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
        cr_expect_null(imp_template_new(bad[i], NULL, &err), "%s", bad[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", bad[i]);
    }
}

Test(template, an_unknown_field_is_named_with_the_known_ones)
{
    struct imp_err err = {0};
    cr_expect_null(imp_template_new("x {colour:3} y", &MORE, &err));
    cr_expect_not_null(strstr(err.msg, "{colour}"), "%s", err.msg);
    cr_expect_not_null(strstr(err.msg, "{digest}, {date}, {ext}, {subject}, "
                                       "{Study Site}"),
                       "%s", err.msg);
}

Test(template, uses_tells_fields_from_text)
{
    struct imp_template *t =
        imp_template_new("date {ext} {{digest}} {x}", &ANY, NULL);
    cr_assert_not_null(t);
    cr_expect(imp_template_uses(t, "ext"));
    cr_expect(imp_template_uses(t, "x"));
    cr_expect(!imp_template_uses(t, "date"));
    cr_expect(!imp_template_uses(t, "digest"));
    imp_template_free(t);
}

Test(template, expand_appends)
{
    struct imp_buf out = {0};
    struct imp_template *t = imp_template_new("{ext}", NULL, NULL);
    cr_assert(imp_buf_add(&out, "a.", 2, NULL));
    cr_assert(imp_template_expand(t, &VALUES, NULL, &out, NULL));
    cr_expect(out.n == 5 && memcmp(out.p, "a.jpg", 5) == 0);
    imp_buf_clear(&out);
    imp_template_free(t);
}

Test(template, other_fields_by_name)
{
    expect_expansion("{subject}/{Study Site:2}.{ext}", "S-1/B\xc3\xa4.jpg");
}

Test(template, a_second_list_of_fields_counts_as_the_first_does)
{
    static const char *const also[] = {"series", NULL};
    const struct imp_more_fields more = {.name = NAMES, .also = also};
    struct imp_err err = {0};
    struct imp_template *t =
        imp_template_new("{subject}/{series}", &more, &err);
    cr_assert(t, "%s", err.msg);
    cr_expect(imp_template_uses(t, "series"));
    imp_template_free(t);
    cr_expect_null(imp_template_new("{serie}", &more, &err));
    cr_expect_str_eq(err.msg,
                     "template: no field {serie}: want one of {digest}, "
                     "{date}, {ext}, {subject}, {Study Site}, {series}");
}

Test(template, any_name_may_be_a_field_but_no_brace)
{
    static const char *const bad[] = {"{}", "{{x}", "{a{b}", "{x:0}"};
    struct imp_template *t = imp_template_new("{arm of study:3}", &ANY, NULL);
    cr_expect_not_null(t);
    imp_template_free(t);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_null(imp_template_new(bad[i], &ANY, NULL), "%s", bad[i]);
}

static bool no_slash(const char *value, struct imp_err *err)
{
    return !strchr(value, '/') || imp_fail(err, IMP_ERR_CONFIG, "a slash");
}

Test(template, what_has_no_value_or_a_bad_one_is_named)
{
    const struct imp_values few = {.fixed = {[IMP_FIELD_DATE] = "20/26"}};
    static const char *const row[][2] = {
        {"x{ext}", "no value for {ext}"},
        {"x{site}", "no value for {site}"},
        {"x{date}", "{date}: a slash"},
        {"x{date:2}", "{date}: a slash"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct imp_buf out = {0};
        struct imp_err err = {0};
        struct imp_template *t = imp_template_new(row[i][0], &ANY, NULL);
        cr_assert(imp_buf_add(&out, "a", 1, NULL));
        cr_expect(!imp_template_expand(t, &few, no_slash, &out, &err));
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        cr_expect_str_eq(err.msg, row[i][1]);
        cr_expect_eq(out.n, 1);
        imp_buf_clear(&out);
        imp_template_free(t);
    }
}
