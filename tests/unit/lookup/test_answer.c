#include "lookup/answer.h"

#include <criterion/criterion.h>
#include <string.h>

static struct imp_span span(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

Test(answer, says_what_it_was_made_of)
{
    struct imp_err err = {0};
    const struct imp_said said[] = {{span("code"), span("S-1")},
                                    {span("site"), span("")},
                                    {span("code"), span("S-2")}};
    struct imp_answer *a = imp_answer_new(said, 3, &err);
    cr_assert(a);
    cr_expect_str_eq(imp_answer_get(a, "code"), "S-1");
    cr_expect_str_eq(imp_answer_get(a, "site"), "");
    cr_expect_null(imp_answer_get(a, "cod"));
    cr_expect_null(imp_answer_get(a, ""));
    cr_expect_eq(imp_answer_ref(a), a);
    imp_answer_unref(a);
    cr_expect_str_eq(imp_answer_get(a, "code"), "S-1");
    imp_answer_unref(a);
}

Test(answer, may_say_nothing)
{
    struct imp_answer *a = imp_answer_new(NULL, 0, NULL);
    cr_assert(a);
    cr_expect_null(imp_answer_get(a, "code"));
    imp_answer_unref(a);
}
