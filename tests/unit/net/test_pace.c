#include "net/pace.h"

#include <criterion/criterion.h>

// How many seconds an exchange lasts that moves `rate` bytes in each.
static int seconds_at(uint64_t rate, int most)
{
    struct imp_pace pace;
    imp_pace_init(&pace, 5000);
    for (int s = 1; s <= most; s++)
        if (!imp_pace_keeps(&pace, 5000 + s * 1000, (uint64_t)s * rate))
            return s;
    return most;
}

Test(pace, nothing_moved_is_given_up_after_a_minute)
{
    cr_expect_eq(seconds_at(0, 100000), 60);
}

Test(pace, a_byte_a_second_is_given_up_after_a_minute)
{
    int s = seconds_at(1, 100000);
    cr_expect(s >= 60 && s <= 61, "%d", s);
}

Test(pace, half_the_pace_is_given_up_after_two_minutes)
{
    int s = seconds_at(500, 100000);
    cr_expect(s >= 119 && s <= 121, "%d", s);
}

Test(pace, a_slow_line_is_never_given_up)
{
    cr_expect_eq(seconds_at(1000, 100000), 100000);
    cr_expect_eq(seconds_at(1500, 100000), 100000);
}

Test(pace, what_was_fast_has_a_minute_and_no_more)
{
    struct imp_pace pace;
    imp_pace_init(&pace, 0);
    cr_expect(imp_pace_keeps(&pace, 1000, UINT64_MAX));
    cr_expect(imp_pace_keeps(&pace, 60999, UINT64_MAX));
    cr_expect_not(imp_pace_keeps(&pace, 61000, UINT64_MAX));
}

Test(pace, a_line_that_stops_for_half_a_minute_goes_on)
{
    struct imp_pace pace;
    imp_pace_init(&pace, 0);
    uint64_t moved = 0;
    for (int64_t now = 30000; now < 3600000; now += 30000)
        cr_assert(imp_pace_keeps(&pace, now, moved += 30000), "at %jd",
                  (intmax_t)now);
}

Test(pace, fewer_bytes_than_before_buy_nothing)
{
    struct imp_pace pace;
    imp_pace_init(&pace, 0);
    cr_expect(imp_pace_keeps(&pace, 1000, 500));
    for (int64_t now = 2000; now < 60000; now += 1000)
        cr_assert(imp_pace_keeps(&pace, now, now % 2000 ? 0 : 500));
    cr_expect_not(imp_pace_keeps(&pace, 60500, 500));
}
