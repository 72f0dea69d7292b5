/* days.h - dates as numbers of days, so that they can be put back: proleptic
 * Gregorian, without time zones. Private to deid/. Any thread may call. */
#ifndef IMP_DEID_DAYS_H
#define IMP_DEID_DAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_date {
    int year, month, day;
};

/* Put `date` forward by `days`. False, and `date` stays, if there is no such
 * day, or what it becomes is not of the years 1 to 9999. */
bool imp_days_add(struct imp_date *date, int32_t days);

/* Is there such a day in the years 1 to 9999? */
bool imp_days_exists(struct imp_date date);

/* The `n` decimal digits at `p`, 9 at most, as a number; -1 if one of them is
 * none. */
int imp_days_digits(const void *p, size_t n);

#endif
