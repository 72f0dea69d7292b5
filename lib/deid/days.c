#include "deid/days.h"

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int month, int year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

bool imp_days_exists(struct imp_date d)
{
    return d.year >= 1 && d.year <= 9999 && d.month >= 1 && d.month <= 12 &&
           d.day >= 1 && d.day <= days_of(d.month, d.year);
}

static int32_t days_before_year(int year)
{
    int past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

// Day 0 is the first of January of the year 1.
static int32_t number_of(struct imp_date d)
{
    int32_t n = days_before_year(d.year) + d.day - 1;
    for (int month = 1; month < d.month; month++)
        n += days_of(month, d.year);
    return n;
}

bool imp_days_add(struct imp_date *date, int32_t days)
{
    if (!imp_days_exists(*date))
        return false;
    int64_t sum = (int64_t)number_of(*date) + days;
    if (sum < 0 || sum >= days_before_year(10000))
        return false;
    int32_t n = (int32_t)sum;
    struct imp_date d = {n / 366 + 1, 1, 1}; // or some years too early
    while (days_before_year(d.year + 1) <= n)
        d.year++;
    n -= days_before_year(d.year);
    for (; n >= days_of(d.month, d.year); d.month++)
        n -= days_of(d.month, d.year);
    d.day += n;
    *date = d;
    return true;
}

int imp_days_digits(const void *p, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = ((const uint8_t *)p)[i];
        if (c < '0' || c > '9')
            return -1;
        v = 10 * v + c - '0';
    }
    return v;
}
