#include "base/name.h"

#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// C0, DEL, and C1 (U+0080 to U+009F).
static bool is_control(const unsigned char *s)
{
    return s[0] < 0x20 || s[0] == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0);
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
