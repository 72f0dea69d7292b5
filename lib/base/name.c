#include "base/name.h"

#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// C0, DEL, C1 (U+0080 to U+009F), and what ends a line or turns its direction
// (U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069): a name is to
// look like what it is.
static bool is_control(const unsigned char *s)
{
    return s[0] < 0x20 || s[0] == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0) ||
           (s[0] == 0xD8 && s[1] == 0x9C) ||
           (s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0x8E || s[2] == 0x8F)) ||
           (s[0] == 0xE2 && s[1] == 0x80 && s[2] >= 0xA8 && s[2] <= 0xAE) ||
           (s[0] == 0xE2 && s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9);
}

static bool is_printable_utf8(const char *name)
{
    const unsigned char *s = (const unsigned char *)name;
    while (*s) {
        size_t n = imp_utf8_length((const char *)s);
        if (n == 0 || is_control(s))
            return false;
        s += n;
    }
    return true;
}

static bool component_ok(const char *s, size_t n)
{
    return n > 0 && !(n == 1 && s[0] == '.') &&
           !(n == 2 && s[0] == '.' && s[1] == '.');
}

bool imp_name_check(const char *name, struct imp_err *err)
{
    size_t n = strlen(name);
    if (n == 0 || n >= IMP_NAME_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "object name of %zu bytes: want 1 to %d", n,
                        IMP_NAME_MAX - 1);
    if (!is_printable_utf8(name))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "object name has a control character or is not UTF-8");
    for (const char *part = name;; part++) {
        size_t len = strcspn(part, "/");
        if (!component_ok(part, len))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "object name has an empty, \".\" or \"..\" part");
        part += len;
        if (!*part)
            return true;
    }
}

void imp_name_of_digest(const struct imp_digest *digest, const char *ext,
                        char name[IMP_NAME_MAX])
{
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(digest, hex);
    snprintf(name, IMP_NAME_MAX, "%.2s/%.2s/%.32s.%s", hex, hex + 2, hex, ext);
}

#define DIGITS 32 // of a made name's leaf

// Does the name end in "ab/cd/abcd...", as imp_name_of_digest makes it?
static bool is_made(const char *name, const char *leaf)
{
    return leaf - name >= 6 && leaf[-1] == '/' && leaf[-4] == '/' &&
           strspn(leaf, "0123456789abcdef") >= DIGITS &&
           memcmp(leaf - 6, leaf, 2) == 0 && memcmp(leaf - 3, leaf + 2, 2) == 0;
}

enum imp_name_says imp_name_says(const char *name,
                                 const struct imp_digest *digest,
                                 const char *ext)
{
    enum { ENOUGH = 8 }; // digits, to be no accident
    char want[IMP_NAME_MAX], start[ENOUGH + 1];
    const char *slash = strrchr(name, '/'), *leaf = slash ? slash + 1 : name;
    imp_name_of_digest(digest, ext, want);
    const char *made = strrchr(want, '/') + 1;
    if (is_made(name, leaf) && leaf[DIGITS] == '.')
        return strcmp(leaf, made) == 0 ? IMP_NAME_TELLS : IMP_NAME_DENIES;
    snprintf(start, sizeof start, "%s", made);
    return strstr(name, start) ? IMP_NAME_TELLS : IMP_NAME_SILENT;
}

// --- Names that are names everywhere ---

#define WINDOWS_FORBIDS "<>:\"\\|?*"

bool imp_name_check_value(const char *value, struct imp_err *err)
{
    size_t n = strlen(value);
    if (n == 0)
        return imp_fail(err, IMP_ERR_CONFIG, "an empty value");
    if (n > IMP_NAME_VALUE_MAX)
        return imp_fail(err, IMP_ERR_CONFIG, "a value of %zu bytes: want %d", n,
                        IMP_NAME_VALUE_MAX);
    if (!is_printable_utf8(value))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "a value with a control character, or not UTF-8");
    if (strcmp(value, "..") == 0)
        return imp_fail(err, IMP_ERR_CONFIG, "a value of two dots");
    size_t at = strcspn(value, "/" WINDOWS_FORBIDS);
    return !value[at] || imp_fail(err, IMP_ERR_CONFIG,
                                  "a value with a '%c', which a name cannot "
                                  "have",
                                  value[at]);
}

// Of a device's name, a digit or one of the superscripts of Latin-1.
static bool is_number(const char *s, size_t n)
{
    static const char *const superscripts[] = {"\xC2\xB9", "\xC2\xB2",
                                               "\xC2\xB3"};
    for (size_t i = 0; n == 2 && i < 3; i++)
        if (memcmp(s, superscripts[i], 2) == 0)
            return true;
    return n == 1 && *s >= '0' && *s <= '9';
}

// Microsoft, "Naming Files, Paths, and Namespaces": with any extension, too.
static bool is_device(const char *part, size_t n)
{
    static const char *const devices[] = {"CON", "PRN",    "AUX",
                                          "NUL", "CONIN$", "CONOUT$"};
    static const char *const numbered[] = {"COM", "LPT"};
    size_t base = strcspn(part, "./ ");
    if (base > n)
        base = n;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        if (base == strlen(devices[i]) &&
            strncasecmp(part, devices[i], base) == 0)
            return true;
    for (size_t i = 0; base > 3 && i < sizeof numbered / sizeof *numbered; i++)
        if (strncasecmp(part, numbered[i], 3) == 0 &&
            is_number(part + 3, base - 3))
            return true;
    return false;
}

static bool check_part(const char *part, size_t n, struct imp_err *err)
{
    size_t bad = strcspn(part, "/" WINDOWS_FORBIDS);
    if (bad < n)
        return imp_fail(err, IMP_ERR_CONFIG, "the name has a '%c' in it",
                        part[bad]);
    if (part[n - 1] == '.' || part[n - 1] == ' ')
        return imp_fail(err, IMP_ERR_CONFIG,
                        "a part of the name ends in a dot or a blank, which "
                        "Windows drops");
    return !is_device(part, n) ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "a part of the name is reserved on Windows");
}

bool imp_name_check_portable(const char *name, struct imp_err *err)
{
    if (!imp_name_check(name, err))
        return false;
    for (const char *part = name;; part++) {
        size_t n = strcspn(part, "/");
        if (!check_part(part, n, err))
            return false;
        part += n;
        if (!*part)
            return true;
    }
}
