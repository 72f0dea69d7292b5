// The words of --mark-position and --mark-colour.
#include "mark/mark.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum imp_gravity gravity;
} GRAVITY[] = {
    {"north-west", IMP_NORTH_WEST},
    {"north", IMP_NORTH},
    {"north-east", IMP_NORTH_EAST},
    {"west", IMP_WEST},
    {"centre", IMP_CENTRE},
    {"center", IMP_CENTRE},
    {"east", IMP_EAST},
    {"south-west", IMP_SOUTH_WEST},
    {"south", IMP_SOUTH},
    {"south-east", IMP_SOUTH_EAST},
};

static const struct {
    const char *name;
    uint8_t rgb[3];
} COLOUR[] = {
    {"white", {255, 255, 255}}, {"black", {0, 0, 0}},
    {"grey", {128, 128, 128}},  {"gray", {128, 128, 128}},
    {"red", {255, 0, 0}},       {"orange", {255, 165, 0}},
    {"yellow", {255, 255, 0}},  {"green", {0, 128, 0}},
    {"cyan", {0, 255, 255}},    {"blue", {0, 0, 255}},
    {"magenta", {255, 0, 255}},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MEASURE_DIGITS 9 // and so no overflow

// "120", "12.5" or "5%"; `*at` moves behind it. Read digit by digit: strtod
// knows signs, exponents and the locale's decimal comma, too.
static bool parse_measure(const char **at, struct imp_measure *out)
{
    const char *p = *at;
    double value = 0, unit = 1;
    bool fraction = false;
    size_t digits = 0;
    for (; (*p >= '0' && *p <= '9') || (*p == '.' && !fraction); p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        if (++digits > MEASURE_DIGITS)
            return false;
        if (fraction)
            unit /= 10;
        value = fraction ? value + unit * (*p - '0') : value * 10 + (*p - '0');
    }
    bool percent = *p == '%';
    *out = (struct imp_measure){value, percent};
    *at = p + (percent ? 1 : 0);
    return digits > 0 && (!percent || value <= 100);
}

bool imp_mark_place_parse(const char *text, struct imp_mark_place *out,
                          struct imp_err *err)
{
    for (size_t i = 0; i < COUNT(GRAVITY); i++) {
        if (strcmp(text, GRAVITY[i].name) == 0) {
            *out = (struct imp_mark_place){.gravity = GRAVITY[i].gravity};
            return true;
        }
    }
    struct imp_mark_place xy = {.by = IMP_BY_XY};
    const char *p = text;
    if (parse_measure(&p, &xy.x) && *p == ',') {
        p++;
        if (parse_measure(&p, &xy.y) && *p == '\0') {
            *out = xy;
            return true;
        }
    }
    return imp_fail(
        err, IMP_ERR_CONFIG,
        "mark position \"%.40s\": want north-west, north, "
        "north-east, west, centre, east, south-west, south, "
        "south-east, or X,Y in pixels (120,80) or percent (5%%,5%%)",
        text);
}

bool imp_mark_measure_parse(const char *text, struct imp_measure *out,
                            struct imp_err *err)
{
    const char *p = text;
    struct imp_measure m;
    if (!parse_measure(&p, &m) || *p)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "\"%.40s\": want pixels (120) or percent (5%%)", text);
    *out = m;
    return true;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    const char *at = lower ? strchr(digits, lower) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool parse_hex(const char *text, uint8_t rgb[3])
{
    uint8_t parsed[3];
    if (text[0] != '#' || strlen(text) != 7)
        return false;
    for (size_t i = 0; i < 3; i++) {
        int high = hex_digit(text[1 + 2 * i]), low = hex_digit(text[2 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        parsed[i] = (uint8_t)(high * 16 + low);
    }
    memcpy(rgb, parsed, sizeof parsed);
    return true;
}

bool imp_mark_colour_parse(const char *text, uint8_t rgb[3],
                           struct imp_err *err)
{
    for (size_t i = 0; i < COUNT(COLOUR); i++) {
        if (strcmp(text, COLOUR[i].name) == 0) {
            memcpy(rgb, COLOUR[i].rgb, sizeof COLOUR[i].rgb);
            return true;
        }
    }
    if (parse_hex(text, rgb))
        return true;
    return imp_fail(err, IMP_ERR_CONFIG,
                    "mark colour \"%.40s\": want #rrggbb, white, black, grey, "
                    "red, orange, yellow, green, cyan, blue or magenta",
                    text);
}
