#include "deid/dicom_spelling.h"

#include "base/fold.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 256 }; // bytes that GLib is given at once, at most

// Characters of ASCII, but for a last one that marks may follow.
static size_t plain_start(struct imp_span text)
{
    size_t n = 0;
    while (n < text.n && text.p[n] < 0x80)
        n++;
    return n && n < text.n ? n - 1 : n;
}

static bool is_inside(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

// Does a character begin here that is no part of the one before: no mark, and
// no vowel or final consonant of a syllable of Hangul?
static bool starts_anew(struct imp_span text)
{
    gunichar c =
        g_utf8_get_char_validated((const char *)text.p, (gssize)text.n);
    return c > 0x10FFFF ||
           (g_unichar_combining_class(c) == 0 && (c < 0x1160 || c > 0x11FF));
}

// One character and all that is not ASCII behind it, or as much of that as can
// be had: what GLib takes for a text grows with the square of its length.
static size_t piece_start(struct imp_span text)
{
    size_t n = 1;
    while (n < text.n && n < PIECE && text.p[n] >= 0x80)
        n++;
    if (n < PIECE || n == text.n)
        return n;
    size_t whole = 0;
    for (size_t i = n; i > 0; i--) {
        if (is_inside(text.p[i]))
            continue;
        whole = whole ? whole : i;
        if (starts_anew((struct imp_span){text.p + i, text.n - i}))
            return i;
    }
    return whole ? whole : n;
}

static uint8_t lower(uint8_t c)
{
    return c ? (uint8_t)g_ascii_tolower((char)c) : ' ';
}

static bool add_plain(struct imp_buf *out, struct imp_span text,
                      struct imp_err *err)
{
    if (!imp_buf_reserve(out, out->n + text.n, err))
        return false;
    for (size_t i = 0; i < text.n; i++)
        out->p[out->n++] = lower(text.p[i]);
    return true;
}

// Without accents: U+0300 to U+036F, once they are characters of their own.
static bool add_bare(struct imp_buf *out, const char *text, struct imp_err *err)
{
    char *apart = imp_decompose(text);
    if (!apart) // no UTF-8
        return imp_buf_add(out, text, strlen(text), err);
    size_t n = 0;
    for (size_t i = 0; apart[i]; i++) {
        const uint8_t *p = (const uint8_t *)apart + i;
        bool accent = p[0] == 0xCC || (p[0] == 0xCD && p[1] < 0xB0);
        if (accent)
            i++;
        else
            apart[n++] = apart[i];
    }
    apart[n] = '\0';
    char *together = imp_compose(apart);
    const char *bare = together ? together : apart;
    bool ok = imp_buf_add(out, bare, strlen(bare), err);
    g_free(together);
    g_free(apart);
    return ok;
}

static bool add_piece(struct imp_buf *out, struct imp_span text,
                      struct imp_err *err)
{
    char piece[PIECE + 1];
    memcpy(piece, text.p, text.n);
    piece[0] = piece[0] ? piece[0] : ' ';
    piece[text.n] = '\0';
    char *folded = imp_fold(piece);
    bool ok = folded ? add_bare(out, folded, err)
                     : imp_fail(err, IMP_ERR_MEMORY, "no memory for a text");
    free(folded);
    return ok;
}

bool imp_dicom_fold(struct imp_span text, struct imp_buf *out,
                    struct imp_err *err)
{
    bool ok = true;
    out->n = 0;
    while (ok && text.n) {
        size_t plain = plain_start(text);
        size_t n = plain ? plain : piece_start(text);
        const struct imp_span start = {text.p, n};
        ok = (plain ? add_plain : add_piece)(out, start, err);
        text = (struct imp_span){text.p + n, text.n - n};
    }
    return ok;
}

// U+00C4, 00D6, 00DC, 00E4, 00F6 and 00FC.
bool imp_dicom_spell(struct imp_span text, struct imp_buf *out, bool *any,
                     struct imp_err *err)
{
    *any = false;
    out->n = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *with = NULL;
        if (text.p[i] == 0xC3 && i + 1 < text.n)
            switch (text.p[i + 1] | 0x20) {
            case 0xA4:
                with = "ae";
                break;
            case 0xB6:
                with = "oe";
                break;
            case 0xBC:
                with = "ue";
                break;
            }
        if (with ? !imp_buf_add(out, with, 2, err)
                 : !imp_buf_add(out, &text.p[i], 1, err))
            return false;
        *any |= with != NULL;
        i += with != NULL;
    }
    return true;
}
