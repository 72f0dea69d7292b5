#include "deid/dicom_words.h"

#include "base/fold.h"

#include <ctype.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANYWHERE = 0, WORD, NUMBER };
// Of characters: what is a word of its own, what is none, parts of names and of
// numbers that are told by themselves.
enum { SHORT = 4, SHORTEST = 2, LONG = 6 };

// --- Text in one form ---

enum { PIECE = 256 };
enum { CHARACTER = 4 }; // bytes of UTF-8, at most

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
    char *apart = g_utf8_normalize(text, -1, G_NORMALIZE_NFD);
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
    char *together = g_utf8_normalize(apart, -1, G_NORMALIZE_NFC);
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

// Into w->folded; what is no text becomes a blank.
static bool fold(struct imp_dicom_words *w, struct imp_span text,
                 struct imp_err *err)
{
    bool ok = true;
    w->folded.n = 0;
    while (ok && text.n) {
        size_t plain = plain_start(text);
        size_t n = plain ? plain : piece_start(text);
        const struct imp_span start = {text.p, n};
        ok = (plain ? add_plain : add_piece)(&w->folded, start, err);
        text = (struct imp_span){text.p + n, text.n - n};
    }
    return ok;
}

static bool is_blank(uint8_t c)
{
    return c <= ' ' || c == 0x7F;
}

static struct imp_span trim(struct imp_span s)
{
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    while (s.n && is_blank(*s.p)) {
        s.p++;
        s.n--;
    }
    return s;
}

static size_t characters(struct imp_span s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += !is_inside(s.p[i]);
    return n;
}

static bool is_number(struct imp_span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit(s.p[i]))
            return false;
    return true;
}

// One character over and over is a blank form's filling.
static bool is_filling(struct imp_span s)
{
    for (size_t i = 1; i < s.n; i++)
        if (s.p[i] != s.p[0])
            return false;
    return true;
}

// --- Taking note ---

#define DIVIDERS " ,;-'."

static struct imp_span text_of(const struct imp_dicom_word *word)
{
    return (struct imp_span){(const uint8_t *)word->text, word->length};
}

static int compare(struct imp_span a, struct imp_span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

// Where in `sorted` it is, or should be.
static bool is_known(const struct imp_dicom_words *w, struct imp_span s,
                     size_t *at)
{
    size_t low = 0, high = w->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(text_of(&w->word[w->sorted[middle]]), s);
        *at = middle;
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return false;
}

// The start is found wherever the whole is; of a number, digits follow it.
static struct imp_span cut_off(struct imp_span s, bool *number)
{
    if (s.n <= IMP_DICOM_WORD_BYTES)
        return s;
    size_t n = IMP_DICOM_WORD_BYTES;
    while (n > IMP_DICOM_WORD_BYTES - CHARACTER && is_inside(s.p[n]))
        n--;
    // What goes on longer than a character does is no UTF-8.
    s.n = is_inside(s.p[n]) ? IMP_DICOM_WORD_BYTES : n;
    *number = false;
    return s;
}

// `part`: of something, so that it means less.
static bool add_folded(struct imp_dicom_words *w, uint32_t tag, bool part,
                       struct imp_span s, struct imp_err *err)
{
    bool number = is_number(s);
    size_t n = characters(s), at;
    if (n < (part ? SHORT : SHORTEST) || (number && n < SHORT) || is_filling(s))
        return true;
    s = cut_off(s, &number);
    uint8_t kind = number                      ? NUMBER
                   : n < (part ? LONG : SHORT) ? WORD
                                               : ANYWHERE;
    if (is_known(w, s, &at)) {
        struct imp_dicom_word *known = &w->word[w->sorted[at]];
        known->kind = kind < known->kind ? kind : known->kind;
        return true;
    }
    if (w->n == IMP_DICOM_WORDS)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "more than %d texts that identify: too many to be "
                        "searched for",
                        IMP_DICOM_WORDS);
    memmove(&w->sorted[at + 1], &w->sorted[at],
            (w->n - at) * sizeof *w->sorted);
    w->sorted[at] = (uint16_t)w->n;
    struct imp_dicom_word *word = &w->word[w->n++];
    *word = (struct imp_dicom_word){
        .tag = tag, .length = (uint8_t)s.n, .kind = kind};
    memcpy(word->text, s.p, s.n);
    w->ready = false;
    return true;
}

// As those write it who have no such letters: U+00C4, 00D6, 00DC, 00E4, 00F6
// and 00FC with an e. `*any`: there was one.
static bool spell(struct imp_span text, struct imp_buf *out, bool *any,
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

static bool add(struct imp_dicom_words *w, uint32_t tag, bool part,
                struct imp_span text, struct imp_err *err)
{
    bool umlauts;
    return fold(w, text, err) &&
           add_folded(w, tag, part, trim(imp_buf_span(&w->folded)), err) &&
           spell(text, &w->spelled, &umlauts, err) &&
           (!umlauts ||
            (fold(w, imp_buf_span(&w->spelled), err) &&
             add_folded(w, tag, part, trim(imp_buf_span(&w->folded)), err)));
}

static bool is_of_token(uint8_t c)
{
    return g_ascii_isalnum((char)c) || c >= 0x80;
}

// Parts with digits in them: "998877" of "ACC 998877"; of "00998877", too.
static bool add_tokens(struct imp_dicom_words *w, uint32_t tag,
                       struct imp_span text, struct imp_err *err)
{
    for (size_t i = 0, n; i < text.n; i += n ? n : 1) {
        bool digits = false;
        for (n = 0; i + n < text.n && is_of_token(text.p[i + n]); n++)
            digits |= g_ascii_isdigit((char)text.p[i + n]);
        struct imp_span token = {text.p + i, n};
        if (!digits || n < LONG)
            continue;
        if (!add(w, tag, false, token, err))
            return false;
        while (token.n && *token.p == '0') {
            token.p++;
            token.n--;
        }
        if (token.n < n && token.n >= LONG && !add(w, tag, false, token, err))
            return false;
    }
    return true;
}

bool imp_dicom_words_add(struct imp_dicom_words *w, uint32_t tag,
                         struct imp_span text, struct imp_err *err)
{
    return add(w, tag, false, text, err) && add_tokens(w, tag, text, err);
}

bool imp_dicom_words_add_date(struct imp_dicom_words *w, uint32_t tag,
                              struct imp_span date, struct imp_err *err)
{
    const char *d = (const char *)date.p;
    char form[5][11];
    if (date.n != 8 || !is_number(date))
        return true;
    snprintf(form[0], sizeof *form, "%.8s", d);
    snprintf(form[1], sizeof *form, "%.4s-%.2s-%.2s", d, d + 4, d + 6);
    snprintf(form[2], sizeof *form, "%.2s.%.2s.%.4s", d + 6, d + 4, d);
    snprintf(form[3], sizeof *form, "%.2s/%.2s/%.4s", d + 6, d + 4, d);
    snprintf(form[4], sizeof *form, "%.2s/%.2s/%.4s", d + 4, d + 6, d);
    for (size_t i = 0; i < 5; i++)
        if (!add(w, tag, false,
                 (struct imp_span){(const uint8_t *)form[i], strlen(form[i])},
                 err))
            return false;
    return true;
}

// Take what is before the next divider off `rest`. Behind the last part `rest`
// is NULL, and there is none.
static bool next_part(struct imp_span *rest, const char *dividers,
                      struct imp_span *part)
{
    if (!rest->p)
        return false;
    size_t n = 0;
    while (n < rest->n && !memchr(dividers, rest->p[n], strlen(dividers)))
        n++;
    *part = (struct imp_span){rest->p, n};
    *rest = n < rest->n ? (struct imp_span){rest->p + n + 1, rest->n - n - 1}
                        : (struct imp_span){0};
    return true;
}

// Components that are missing at either end may be told by nothing.
static struct imp_span without_carets(struct imp_span name)
{
    while (name.n &&
           (name.p[name.n - 1] == '^' || is_blank(name.p[name.n - 1])))
        name.n--;
    while (name.n && *name.p == '^') {
        name.p++;
        name.n--;
    }
    return name;
}

// "van der Berg", and names that stand in one component: "Doe, John"; and all
// of them in one word, as in VANDERBERG and OBRIEN.
static bool add_parts(struct imp_dicom_words *w, uint32_t tag,
                      struct imp_span name, struct imp_err *err)
{
    struct imp_span left = name, part;
    while (next_part(&left, DIVIDERS, &part))
        if (part.n && !add(w, tag, true, part, err))
            return false;
    w->spelled.n = 0;
    for (size_t i = 0; i < name.n; i++)
        if (!memchr(DIVIDERS, name.p[i], sizeof DIVIDERS - 1) &&
            !imp_buf_add(&w->spelled, &name.p[i], 1, err))
            return false;
    return w->spelled.n == name.n || w->spelled.n < LONG ||
           (fold(w, imp_buf_span(&w->spelled), err) &&
            add_folded(w, tag, true, trim(imp_buf_span(&w->folded)), err));
}

bool imp_dicom_words_add_names(struct imp_dicom_words *w, uint32_t tag,
                               struct imp_span text, struct imp_err *err)
{
    struct imp_span name, part;
    while (next_part(&text, "=\\", &name)) {
        if (!imp_dicom_words_add(w, tag, without_carets(name), err))
            return false;
        while (next_part(&name, "^", &part))
            if (!imp_dicom_words_add(w, tag, part, err) ||
                !add_parts(w, tag, part, err))
                return false;
    }
    return true;
}

// --- Looking for ---

struct search {
    const struct imp_dicom_words *w;
    struct imp_span in;
    bool prose;
    uint32_t tag;
};

static bool touches_letter(struct imp_span in, size_t at)
{
    return at < in.n && (isalnum(in.p[at]) || in.p[at] >= 0x80);
}

static bool touches_digit(struct imp_span in, size_t at)
{
    return at < in.n && isdigit(in.p[at]);
}

static bool is_hit(const struct search *s, const struct imp_dicom_word *word,
                   size_t end)
{
    size_t at = end - word->length, before = at ? at - 1 : s->in.n;
    if (word->kind == NUMBER)
        return !touches_digit(s->in, before) && !touches_digit(s->in, end);
    bool alone = !touches_letter(s->in, before) && !touches_letter(s->in, end);
    if (word->kind == WORD)
        return alone && s->prose;
    return alone || s->prose; // MARY is no part of PRIMARY
}

static bool meet(void *self, size_t index, size_t end)
{
    struct search *s = self;
    const struct imp_dicom_word *word = &s->w->word[s->w->sorted[index]];
    if (!is_hit(s, word, end))
        return false;
    s->tag = word->tag;
    return true;
}

static bool make_ready(struct imp_dicom_words *w, struct imp_err *err)
{
    if (w->ready)
        return true;
    struct imp_span *word = calloc(w->n, sizeof *word);
    if (!word)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu texts", w->n);
    for (size_t i = 0; i < w->n; i++)
        word[i] = text_of(&w->word[w->sorted[i]]);
    w->ready = imp_dicom_trie_build(&w->trie, word, w->n, err);
    free(word);
    return w->ready;
}

bool imp_dicom_words_find(struct imp_dicom_words *w, struct imp_span text,
                          bool prose, uint32_t *tag, struct imp_err *err)
{
    *tag = 0;
    if (w->n == 0)
        return true;
    if (!make_ready(w, err) || !fold(w, text, err))
        return false;
    struct search s = {w, imp_buf_span(&w->folded), prose, 0};
    if (imp_dicom_trie_find(&w->trie, s.in, meet, &s))
        *tag = s.tag;
    return true;
}

bool imp_dicom_words_is_number(const struct imp_dicom_words *w,
                               struct imp_span values)
{
    struct imp_span value;
    size_t at;
    while (next_part(&values, "\\", &value)) {
        value = trim(value);
        while (value.n && *value.p == '0') {
            value.p++;
            value.n--;
        }
        if (value.n >= LONG && is_number(value) && is_known(w, value, &at))
            return true;
    }
    return false;
}

void imp_dicom_words_forget(struct imp_dicom_words *w)
{
    explicit_bzero(w->word, w->n * sizeof *w->word);
    if (w->folded.cap)
        explicit_bzero(w->folded.p, w->folded.cap);
    if (w->spelled.cap)
        explicit_bzero(w->spelled.p, w->spelled.cap);
    imp_dicom_trie_forget(&w->trie);
    w->n = w->folded.n = w->spelled.n = 0;
    w->ready = false;
}

void imp_dicom_words_clear(struct imp_dicom_words *w)
{
    imp_dicom_words_forget(w);
    imp_dicom_trie_clear(&w->trie);
    imp_buf_clear(&w->folded);
    imp_buf_clear(&w->spelled);
}
