// Days are counted as the C library counts them, which has its own way.
#define _DEFAULT_SOURCE
#include "deid/days.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <time.h>

#define DAYS_BEFORE_1970 719162
#define DAYS 3652059 // 9,999 years

static struct imp_date by_libc(int64_t day)
{
    time_t t = (time_t)(day - DAYS_BEFORE_1970) * 86400;
    struct tm tm;
    cr_assert(gmtime_r(&t, &tm));
    return (struct imp_date){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday};
}

static bool same(struct imp_date a, struct imp_date b)
{
    return a.year == b.year && a.month == b.month && a.day == b.day;
}

Test(days, every_day_of_9999_years_follows_the_one_before)
{
    struct imp_date d = {1, 1, 1};
    int64_t day = 0;
    do
        cr_assert(same(d, by_libc(day)), "%d-%d-%d", d.year, d.month, d.day);
    while (day++, imp_days_add(&d, 1));
    cr_expect_eq(day, DAYS);
    cr_expect(same(d, (struct imp_date){9999, 12, 31}));
}

Test(days, leaps_of_any_length_go_where_the_c_library_goes)
{
    for (int32_t i = 0; i < 200000; i++) {
        int32_t from = (int32_t)((int64_t)i * 1000003 % DAYS);
        int32_t to = (int32_t)((int64_t)i * 7654321 % DAYS);
        struct imp_date d = by_libc(from);
        cr_assert(imp_days_add(&d, to - from));
        cr_assert(same(d, by_libc(to)));
    }
}

Test(days, years_beyond_1_and_9999_are_none_and_the_date_stays)
{
    struct imp_date first = {1, 1, 1}, last = {9999, 12, 31};
    cr_expect_not(imp_days_add(&first, -1));
    cr_expect_not(imp_days_add(&first, INT32_MIN));
    cr_expect_not(imp_days_add(&last, 1));
    cr_expect_not(imp_days_add(&last, INT32_MAX));
    cr_expect(same(first, (struct imp_date){1, 1, 1}));
    cr_expect(same(last, (struct imp_date){9999, 12, 31}));
}

Test(days, days_that_no_calendar_has_are_refused)
{
    static const struct imp_date none[] = {
        {0, 1, 1},     {-1, 1, 1},    {10000, 1, 1}, {2026, 0, 1},
        {2026, 13, 1}, {2026, -1, 1}, {2026, 1, 0},  {2026, 1, 32},
        {2026, 4, 31}, {2026, 2, 29}, {1900, 2, 29}, {2000, 2, 30}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct imp_date d = none[i];
        cr_expect_not(imp_days_exists(d), "%zu", i);
        cr_expect_not(imp_days_add(&d, 0), "%zu", i);
    }
    cr_expect(imp_days_exists((struct imp_date){2000, 2, 29}));
    cr_expect(imp_days_exists((struct imp_date){2024, 2, 29}));
}

Test(days, digits_are_a_number_and_nothing_else_is)
{
    cr_expect_eq(imp_days_digits("0042x", 4), 42);
    cr_expect_eq(imp_days_digits("999999999", 9), 999999999);
    cr_expect_eq(imp_days_digits("4 2", 3), -1);
    cr_expect_eq(imp_days_digits("-42", 3), -1);
    cr_expect_eq(imp_days_digits("4/", 2), -1);
    cr_expect_eq(imp_days_digits("4:", 2), -1);
}
