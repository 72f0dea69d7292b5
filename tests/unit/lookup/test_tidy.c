#include "lookup/tidy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct imp_span span_of(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

// The one form of `raw`, "!": it has none.
static const char *tidy(const char *raw)
{
    static char said[100];
    struct imp_tidy t;
    bool ok = imp_tidy_init(&t, span_of(raw));
    cr_expect(ok || (t.key.n == 0 && !t.own));
    snprintf(said, sizeof said, "%s%.*s", ok ? "" : "!", (int)t.key.n,
             (const char *)t.key.p);
    imp_tidy_clear(&t);
    return said;
}

Test(tidy, blanks_go_at_both_ends_and_nowhere_else)
{
    static const char *const blanks[] = {
        " ",
        "\t",
        "\n",
        "\v",
        "\f",
        "\r",
        "\xC2\xA0",
        "\xE1\x9A\x80",
        "\xE2\x80\x80",
        "\xE2\x80\x8A",
        "\xE2\x80\x8B",
        "\xE2\x80\xA8",
        "\xE2\x80\xA9",
        "\xE2\x80\xAF",
        "\xE2\x81\x9F",
        "\xE3\x80\x80",
        "\xEF\xBB\xBF",
        " \xC2\xA0\t",
    };
    static const char *const others[] = {
        "\x1F", "\xC2\xA1", "\xE2\x80\x8C", "\xE2\x80\x90", "\xE3\x80\x81", "0",
    };
    char raw[100];
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        const char *b = blanks[i];
        snprintf(raw, sizeof raw, "%s%sA 7%s%s", b, b, b, b);
        cr_expect_str_eq(tidy(raw), "A 7", "%zu", i);
        snprintf(raw, sizeof raw, "%s\xC3\xBC%s", b, b);
        cr_expect_str_eq(tidy(raw), "\xC3\xBC", "%zu", i);
        cr_expect_str_eq(tidy(b), "", "%zu", i);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(raw, sizeof raw, "%sA%s", others[i], others[i]);
        cr_expect_str_eq(tidy(raw), raw, "%zu", i);
    }
    cr_expect_str_eq(tidy("A\xC2\xA0"
                          "7"),
                     "A\xC2\xA0"
                     "7");
    cr_expect_str_eq(tidy(""), "");
}

Test(tidy, letters_are_composed)
{
    cr_expect_str_eq(tidy("u\xCC\x88"), "\xC3\xBC");
    cr_expect_str_eq(tidy("\xC3\xBC"), "\xC3\xBC");
    cr_expect_str_eq(tidy("e\xCC\xA3\xCC\x82 "), "\xE1\xBB\x87");
    cr_expect_str_eq(tidy("\xE1\x84\x80\xE1\x85\xA1"), "\xEA\xB0\x80");
    cr_expect_str_eq(tidy("\xE2\x84\xAB"), "\xC3\x85", "the unit is a letter");
    cr_expect_str_eq(tidy("\xEF\xBC\xA1"), "\xEF\xBC\xA1", "a wide A is not A");
}

Test(tidy, what_is_in_the_form_already_is_not_copied)
{
    static const char *const keys[] = {"1001", "a b", "M\xC3\xBCller",
                                       "\xCB\xBF"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct imp_tidy t;
        cr_expect(imp_tidy_init(&t, span_of(keys[i])));
        cr_expect_eq((const char *)t.key.p, keys[i]);
        cr_expect_null(t.own);
        imp_tidy_clear(&t);
    }
}

Test(tidy, what_is_no_text_has_no_form)
{
    struct imp_tidy t;
    cr_expect_str_eq(tidy("a\xFF"), "!");
    cr_expect_str_eq(tidy("\xC3"), "!");
    cr_expect_str_eq(tidy("\xED\xA0\x80"), "!");
    cr_expect_not(
        imp_tidy_init(&t, (struct imp_span){(const uint8_t *)"a\0b", 3}));
    cr_expect_not(imp_tidy_init(
        &t, (struct imp_span){(const uint8_t *)"\xC3\xBC\0b", 4}));
    cr_expect(imp_tidy_init(&t, (struct imp_span){0}));
    cr_expect_eq(t.key.n, 0);
}

Test(tidy, a_key_is_known_again)
{
    const struct imp_span key = span_of("M\xC3\xBC");
    cr_expect(imp_tidy_is(span_of(" Mu\xCC\x88\n"), key));
    cr_expect(imp_tidy_is(key, key));
    cr_expect_not(imp_tidy_is(span_of("Mu"), key));
    cr_expect_not(imp_tidy_is(span_of("M\xC3\xBC"
                                      "2"),
                              key));
    cr_expect_not(imp_tidy_is(span_of("M\xC3"), key));
    cr_expect_not(imp_tidy_is(span_of("\xFF"), (struct imp_span){0}));
}

Test(tidy, the_other_form_is_decomposed)
{
    struct imp_tidy t;
    imp_tidy_init_decomposed(&t, span_of("M\xC3\xBCller"));
    cr_expect_eq(t.key.n, 8);
    cr_expect_eq(memcmp(t.key.p, "Mu\xCC\x88ller", 8), 0);
    imp_tidy_clear(&t);
    const struct imp_span plain = span_of("1001");
    imp_tidy_init_decomposed(&t, plain);
    cr_expect_eq(t.key.p, plain.p);
    cr_expect_eq(t.key.n, 4);
    imp_tidy_clear(&t);
}
