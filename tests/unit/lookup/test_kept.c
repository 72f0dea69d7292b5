#include "lookup/kept.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct imp_span span(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

static struct imp_answer *code(const char *value)
{
    const struct imp_said said = {span("code"), span(value)};
    return imp_answer_new(&said, 1, NULL);
}

static void put(struct imp_kept *kept, const char *key, int64_t now,
                struct imp_answer *answer)
{
    imp_kept_put(kept, span(key), now, answer);
    imp_answer_unref(answer);
}

// What is kept for `key`: its code, "unknown", or NULL if nothing is.
static const char *get(struct imp_kept *kept, const char *key, int64_t now)
{
    static char said[20];
    struct imp_answer *answer;
    if (!imp_kept_get(kept, span(key), now, &answer))
        return NULL;
    snprintf(said, sizeof said, "%s",
             answer ? imp_answer_get(answer, "code") : "unknown");
    imp_answer_unref(answer);
    return said;
}

Test(kept, what_was_put_last)
{
    struct imp_kept *kept = imp_kept_new(10, NULL);
    cr_assert(kept);
    cr_expect_null(get(kept, "a", 0));
    put(kept, "a", 0, code("1"));
    put(kept, "b", 0, code("2"));
    cr_expect_str_eq(get(kept, "a", 1000000), "1");
    put(kept, "a", 0, code("3"));
    cr_expect_str_eq(get(kept, "a", 0), "3");
    cr_expect_str_eq(get(kept, "b", 0), "2");
    cr_expect_null(get(kept, "", 0));
    imp_kept_free(kept);
}

Test(kept, the_one_asked_for_least_recently_goes)
{
    struct imp_kept *kept = imp_kept_new(3, NULL);
    put(kept, "a", 0, code("1"));
    put(kept, "b", 0, code("2"));
    put(kept, "c", 0, code("3"));
    cr_expect_str_eq(get(kept, "a", 0), "1");
    put(kept, "d", 0, code("4"));
    cr_expect_null(get(kept, "b", 0));
    put(kept, "d", 0, code("5")); // takes no place of another
    cr_expect_str_eq(get(kept, "a", 0), "1");
    cr_expect_str_eq(get(kept, "c", 0), "3");
    cr_expect_str_eq(get(kept, "d", 0), "5");
    imp_kept_free(kept);
}

Test(kept, an_unknown_key_only_for_a_while)
{
    struct imp_kept *kept = imp_kept_new(2, NULL);
    put(kept, "a", 500, NULL);
    cr_expect_str_eq(get(kept, "a", 499 + IMP_KEPT_UNKNOWN_MS), "unknown");
    cr_expect_null(get(kept, "a", 500 + IMP_KEPT_UNKNOWN_MS));
    put(kept, "a", 20000, code("1"));
    cr_expect_str_eq(get(kept, "a", 10000000), "1");
    imp_kept_free(kept);
}

Test(kept, an_answer_outlives_its_place)
{
    struct imp_kept *kept = imp_kept_new(1, NULL);
    struct imp_answer *answer;
    put(kept, "a", 0, code("1"));
    cr_assert(imp_kept_get(kept, span("a"), 0, &answer));
    put(kept, "b", 0, code("2"));
    imp_kept_free(kept);
    cr_expect_str_eq(imp_answer_get(answer, "code"), "1");
    imp_answer_unref(answer);
}
