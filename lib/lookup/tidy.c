#include "lookup/tidy.h"

#include <glib.h>
#include <string.h>

static bool is_blank(gunichar c)
{
    return (c >= '\t' && c <= '\r') || g_unichar_isspace(c) || c == 0x200B ||
           c == 0xFEFF;
}

// Is every byte of it below `limit`?
static bool is_below(struct imp_span s, uint8_t limit)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= limit)
            return false;
    return true;
}

static bool is_text(struct imp_span s)
{
    // Most keys are ASCII, and a table may have a million.
    if (is_below(s, 0x80))
        return !memchr(s.p, '\0', s.n);
    return g_utf8_validate_len((const char *)s.p, s.n, NULL);
}

static struct imp_span strip(struct imp_span s)
{
    const char *from = (const char *)s.p, *to = from + s.n;
    while (from < to && is_blank(g_utf8_get_char(from)))
        from = g_utf8_next_char(from);
    while (from < to && is_blank(g_utf8_get_char(g_utf8_prev_char(to))))
        to = g_utf8_prev_char(to);
    return (struct imp_span){(const uint8_t *)from, (size_t)(to - from)};
}

static void normalize(struct imp_tidy *t, struct imp_span s, GNormalizeMode as)
{
    t->own = g_utf8_normalize((const char *)s.p, (gssize)s.n, as);
    if (t->own)
        t->key = (struct imp_span){(const uint8_t *)t->own, strlen(t->own)};
}

bool imp_tidy_init(struct imp_tidy *t, struct imp_span raw)
{
    *t = (struct imp_tidy){0};
    if (raw.n == 0)
        return true;
    if (!is_text(raw))
        return false;
    t->key = strip(raw);
    // Below U+0300, where the first byte is 0xCC, nothing can be composed.
    if (!is_below(t->key, 0xCC))
        normalize(t, t->key, G_NORMALIZE_NFC);
    return true;
}

static bool is_same(struct imp_span a, struct imp_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool imp_tidy_is(struct imp_span raw, struct imp_span key)
{
    struct imp_tidy own;
    if (is_same(raw, key)) // as most tables have it
        return true;
    bool is = imp_tidy_init(&own, raw) && is_same(own.key, key);
    imp_tidy_clear(&own);
    return is;
}

void imp_tidy_init_decomposed(struct imp_tidy *t, struct imp_span key)
{
    *t = (struct imp_tidy){.key = key};
    if (!is_below(key, 0x80))
        normalize(t, key, G_NORMALIZE_NFD);
}

void imp_tidy_clear(struct imp_tidy *t)
{
    g_free(t->own);
    *t = (struct imp_tidy){0};
}
