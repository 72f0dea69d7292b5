#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A decimal number and what follows it; false if there is none.
static bool number(const char *text, double *value, const char **rest)
{
    char *end;
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return false;
    *value = strtod(text, &end);
    *rest = end;
    return end != text && isfinite(*value);
}

struct unit {
    const char *name;
    double factor;
};

// `*out` = the number times its unit; the table ends with a NULL name.
static bool scaled(const char *text, const struct unit *units, double *out)
{
    const char *rest;
    double value;
    if (!number(text, &value, &rest))
        return false;
    for (; units->name; units++)
        if (strcmp(rest, units->name) == 0) {
            *out = value * units->factor;
            return *out <= 9e15; // still exact as a double
        }
    return false;
}

bool cli_duration(const char *text, int64_t *ms, struct imp_err *err)
{
    static const struct unit units[] = {{"ms", 1},      {"s", 1000},
                                        {"", 1000},     {"m", 60000},
                                        {"h", 3600000}, {NULL, 0}};
    double value;
    if (!scaled(text, units, &value))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%s': want a duration such as 500ms, 2s, 10m or 1h",
                        text);
    *ms = (int64_t)value;
    return true;
}

bool cli_size(const char *text, uint64_t *bytes, struct imp_err *err)
{
    static const struct unit units[] = {{"", 1},           {"k", 1024},
                                        {"K", 1024},       {"M", 1048576},
                                        {"G", 1073741824}, {NULL, 0}};
    double value;
    if (!scaled(text, units, &value))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%s': want a number of bytes such as 65536, 64K, 256M "
                        "or 1G",
                        text);
    *bytes = (uint64_t)value;
    return true;
}

bool cli_count(const char *text, uint64_t min, uint64_t max, uint64_t *out,
               struct imp_err *err)
{
    char *end = NULL;
    errno = 0;
    uintmax_t v =
        isdigit((unsigned char)text[0]) ? strtoumax(text, &end, 10) : 0;
    if (!end || *end || errno || v < min || v > max)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%s': want a whole number from %ju to %ju", text,
                        (uintmax_t)min, (uintmax_t)max);
    *out = v;
    return true;
}

bool cli_fraction(const char *text, double min, double max, double *out,
                  struct imp_err *err)
{
    static const struct unit units[] = {{"", 1}, {"%", 0.01}, {NULL, 0}};
    if (!scaled(text, units, out) || *out < min || *out > max)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%s': want %g to %g, or %g%% to %g%%", text, min, max,
                        min * 100, max * 100);
    return true;
}

bool cli_date(const char *text, struct imp_err *err)
{
    struct tm tm = {0};
    char again[16];
    // strptime alone would take 2026-2-31 and much else.
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (!end || *end || timegm(&tm) == (time_t)-1 ||
        strftime(again, sizeof again, "%Y-%m-%d", &tm) == 0 ||
        strcmp(again, text) != 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "'%s': want a date such as 2026-11-22", text);
    return true;
}

bool cli_check(const char *text, struct imp_clean_rules *rules,
               struct imp_err *err)
{
    bool structure = strcmp(text, "structure") == 0;
    if (!structure && strcmp(text, "coded") != 0)
        return imp_fail(err, IMP_ERR_CONFIG, "'%s': want coded or structure",
                        text);
    rules->has_check = true;
    rules->check = structure ? IMP_CHECK_STRUCTURE : IMP_CHECK_CODED;
    return true;
}

static bool ends_in_digit(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && isdigit((unsigned char)text[n - 1]);
}

// What ends in a digit is a count, so that no number means two things.
static bool group_limit(const char *text, struct imp_group_limits *limits)
{
    uint64_t count = 0, bytes = 0;
    int64_t ms = 0;
    if (cli_count(text, 1, 65536, &count, NULL)) {
        limits->results = (size_t)count;
        return true;
    }
    if (cli_size(text, &bytes, NULL) && bytes > 0 && !ends_in_digit(text)) {
        limits->bytes = bytes;
        return true;
    }
    if (cli_duration(text, &ms, NULL) && !ends_in_digit(text)) {
        limits->ms = ms;
        return true;
    }
    return false;
}

bool cli_group_limits(const char *text, struct imp_group_limits *limits,
                      struct imp_err *err)
{
    char part[32];
    bool ok = true;
    for (const char *at = text; ok; at += strlen(part) + 1) {
        size_t n = strcspn(at, ",");
        ok = n < sizeof part;
        snprintf(part, sizeof part, "%.*s", ok ? (int)n : 0, at);
        ok = ok && group_limit(part, limits);
        if (!at[n])
            break;
    }
    return ok || imp_fail(err, IMP_ERR_CONFIG,
                          "'%s': want a number of images (1 to 65536), of "
                          "bytes such as 64M, a time such as 500ms, or several "
                          "of them with commas between",
                          text);
}
