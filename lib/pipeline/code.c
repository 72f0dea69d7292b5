#include "pipeline/code.h"

#include "base/base32.h"
#include "base/fold.h"
#include "base/name.h"
#include "deid/pseudonym.h"
#include "net/url.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MIN 4 // bytes of a key that can be looked for

// As it is, or percent-encoded, as a server was asked.
static bool has_key(const char *text, const char *folded, const char *key,
                    const char *encoded)
{
    return strcmp(folded, key) == 0 ||
           (strlen(key) >= KEY_MIN &&
            (strstr(folded, key) || strcasestr(text, encoded)));
}

bool imp_key_not_in(struct imp_span key, const char *text, struct imp_err *err)
{
    struct imp_buf plain = {0}, encoded = {0};
    char *folded = imp_fold(text), *folded_key = NULL;
    if (key.n == 0) {
        free(folded);
        return true;
    }
    bool ok = imp_buf_add(&plain, key.p, key.n, err) &&
              imp_buf_add(&plain, "", 1, err) &&
              imp_url_encode(key, "", &encoded, err) &&
              imp_buf_add(&encoded, "", 1, err);
    if (ok && !(folded && (folded_key = imp_fold((const char *)plain.p))))
        ok = imp_fail(err, IMP_ERR_MEMORY, "no memory to look for a key");
    if (ok && has_key(text, folded, folded_key, (const char *)encoded.p))
        ok =
            imp_fail(err, IMP_ERR_CONFIG, "it has the subject's own key in it");
    imp_buf_clear(&encoded);
    imp_buf_clear(&plain);
    free(folded_key);
    free(folded);
    return ok;
}

// Format characters, fillers that print as nothing, and what only chooses among
// forms of the letter before it (Unicode's Default_Ignorable_Code_Point).
static bool does_not_show(gunichar c)
{
    return g_unichar_type(c) == G_UNICODE_FORMAT || c == 0x034F ||
           c == 0x115F || c == 0x1160 || (c >= 0x17B4 && c <= 0x17B5) ||
           (c >= 0x180B && c <= 0x180F) || c == 0x2800 || c == 0x3164 ||
           (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFFA0 ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}

// Two codes that print alike are one to whoever reads them.
static bool looks_as_it_is(const char *code)
{
    const char *last = code;
    for (const char *at = code; *at; at = g_utf8_next_char(at)) {
        if (does_not_show(g_utf8_get_char(at)))
            return false;
        last = at;
    }
    return !g_unichar_isspace(g_utf8_get_char(code)) &&
           !g_unichar_isspace(g_utf8_get_char(last));
}

// Bytes of a made code that are not of its key's making.
static size_t prefix_of(const char *code)
{
    size_t n = strlen(code), from = n;
    while (from > 0 && n - from < IMP_PSEUDONYM_DIGITS &&
           strchr(IMP_BASE32_DIGITS, code[from - 1]))
        from--;
    return n - from == IMP_PSEUDONYM_DIGITS ? from : n;
}

bool imp_code_check(struct imp_span key, const char *code, bool made,
                    struct imp_err *err)
{
    char checked[IMP_NAME_VALUE_MAX + 1];
    if (!imp_name_check_value(code, err))
        return false;
    if (!looks_as_it_is(code))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "it has blanks around it, or characters that do not "
                        "show");
    snprintf(checked, sizeof checked, "%.*s",
             (int)(made ? prefix_of(code) : strlen(code)), code);
    return imp_key_not_in(key, checked, err);
}
