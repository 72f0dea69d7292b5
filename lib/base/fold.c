#include "base/fold.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

// Most names are of digits and letters of ASCII, and there are many.
static char *fold_ascii(const char *text)
{
    char *out = strdup(text);
    for (char *p = out; p && *p; p++)
        *p = g_ascii_tolower(*p);
    return out;
}

// GLib passes over the end of a text whose last character is not whole, and
// writes as much as it finds there.
static char *normalize(const char *text, GNormalizeMode as)
{
    return g_utf8_validate(text, -1, NULL) ? g_utf8_normalize(text, -1, as)
                                           : NULL;
}

char *imp_compose(const char *text)
{
    return normalize(text, G_NORMALIZE_NFC);
}

char *imp_decompose(const char *text)
{
    return normalize(text, G_NORMALIZE_NFD);
}

// Composed at the end, as it is shorter so.
char *imp_fold(const char *text)
{
    if (is_ascii(text))
        return fold_ascii(text);
    char *apart = imp_decompose(text);
    if (!apart)
        return strdup(text);
    char *plain = g_utf8_casefold(apart, -1);
    char *composed = imp_compose(plain);
    char *out = composed ? strdup(composed) : NULL;
    g_free(composed);
    g_free(plain);
    g_free(apart);
    return out;
}
