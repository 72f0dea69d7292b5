#include "lookup/kinds.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

// A copy of text[0..n) with %XX (RFC 3986 2.1) made bytes; the caller frees it.
static char *unescape(const char *text, size_t n, struct imp_err *err)
{
    char *out = malloc(n + 1);
    size_t to = 0;
    if (!out) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a look-up source");
        return NULL;
    }
    for (size_t i = 0; i < n; i++, to++) {
        out[to] = text[i];
        if (text[i] != '%')
            continue;
        int high = n - i > 2 ? g_ascii_xdigit_value(text[i + 1]) : -1;
        int low = high >= 0 ? g_ascii_xdigit_value(text[i + 2]) : -1;
        if (low < 0 || high + low == 0) {
            imp_fail(err, IMP_ERR_CONFIG,
                     "look-up source: want two hexadecimal digits behind a "
                     "'%%' and not 00; a literal one is %%25");
            free(out);
            return NULL;
        }
        out[to] = (char)(high << 4 | low);
        i += 2;
    }
    out[to] = '\0';
    return out;
}

// "name=value", of n bytes.
static bool take(const char *pair, size_t n, struct imp_lookup_param *params,
                 size_t n_params, struct imp_err *err)
{
    const char *equals = memchr(pair, '=', n);
    size_t name = equals ? (size_t)(equals - pair) : n;
    for (size_t i = 0; i < n_params; i++) {
        struct imp_lookup_param *p = &params[i];
        if (strlen(p->name) != name || memcmp(p->name, pair, name) != 0)
            continue;
        if (p->value || !equals || name + 1 == n)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "look-up source: want %s=VALUE, once", p->name);
        p->value = unescape(equals + 1, n - name - 1, err);
        return p->value;
    }
    return imp_fail(err, IMP_ERR_CONFIG, "look-up source: no parameter %.*s",
                    name > 40 ? 40 : (int)name, pair);
}

char *imp_lookup_file_of(const char *rest, struct imp_err *err)
{
    size_t n = strcspn(rest, "?");
    if (n > 0)
        return unescape(rest, n, err);
    imp_fail(err, IMP_ERR_CONFIG, "look-up source: no file named");
    return NULL;
}

bool imp_lookup_split(const char *rest, char **file,
                      struct imp_lookup_param *params, size_t n,
                      struct imp_err *err)
{
    size_t path = strcspn(rest, "?");
    if (!(*file = imp_lookup_file_of(rest, err)))
        return false;
    for (const char *at = rest + path; *at;) {
        size_t len = strcspn(++at, "&");
        if (!take(at, len, params, n, err))
            return false;
        at += len;
    }
    return true;
}
