#include "base/name.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Length of the UTF-8 sequence at `s` (RFC 3629 4), 0 if there is none. The
// final NUL is no continuation byte, so this never reads past it.
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    size_t n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    bool overlong =
        (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool too_high = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || too_high ? 0 : n;
}

// C0, DEL, and C1 (U+0080 to U+009F).
static bool is_control(const unsigned char *s)
{
    return s[0] < 0x20 || s[0] == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0);
}

static bool is_printable_utf8(const char *name)
{
    const unsigned char *s = (const unsigned char *)name;
    while (*s) {
        size_t n = utf8_length(s);
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
