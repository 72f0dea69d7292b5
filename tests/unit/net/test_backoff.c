#include "net/backoff.h"

#include <criterion/criterion.h>

// The longest of many drawn pauses.
static int64_t longest(unsigned tries)
{
    int64_t most = 0;
    for (int i = 0; i < 5000; i++) {
        int64_t ms = imp_backoff_ms(tries, 100, 1000);
        cr_assert(ms >= 0);
        most = ms > most ? ms : most;
    }
    return most;
}

Test(backoff, the_span_doubles_up_to_its_limit)
{
    static const int64_t span[] = {100, 200, 400, 800, 1000, 1000};
    for (unsigned i = 0; i < sizeof span / sizeof *span; i++) {
        int64_t most = longest(i + 1);
        cr_expect(most <= span[i] && most > span[i] * 9 / 10,
                  "try %u: %jd of %jd ms", i + 1, (intmax_t)most,
                  (intmax_t)span[i]);
    }
    cr_expect(longest(4000000000U) <= 1000);
}

Test(backoff, pauses_are_drawn)
{
    int same = 0;
    int64_t first = imp_backoff_ms(20, 1, 1000000);
    for (int i = 0; i < 20; i++)
        same += imp_backoff_ms(20, 1, 1000000) == first;
    cr_expect(same < 3);
}

Test(backoff, retry_after_is_in_seconds)
{
    cr_expect_eq(imp_retry_after_ms("0"), 0);
    cr_expect_eq(imp_retry_after_ms("2"), 2000);
    cr_expect_eq(imp_retry_after_ms("999999"), 999999000);
    cr_expect_eq(imp_retry_after_ms("1000000"), IMP_RETRY_AFTER_MAX_MS);
    cr_expect_eq(imp_retry_after_ms("10000000"), IMP_RETRY_AFTER_MAX_MS);
    cr_expect_eq(imp_retry_after_ms("99999999999999999999999"),
                 IMP_RETRY_AFTER_MAX_MS);
}

Test(backoff, another_retry_after_counts_as_none)
{
    static const char *const none[] = {
        "", "-1", "1.5", "2 ", "soon", "0x10", "Wed, 21 Oct 2026 07:28:00 GMT"};
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
        cr_expect_eq(imp_retry_after_ms(none[i]), 0, "%s", none[i]);
}
