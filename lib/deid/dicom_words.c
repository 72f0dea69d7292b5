#include "deid/dicom_words.h"

#include "deid/dicom_spelling.h"

#include <ctype.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANYWHERE = 0, WORD, NUMBER };
// Of characters: what is a word of its own, what is none, parts of names and of
// numbers that are told by themselves.
enum { SHORT = 4, SHORTEST = 2, LONG = 6 };

// --- Parts of texts ---

enum { CHARACTER = 4 }; // bytes of UTF-8, at most

static bool is_inside(uint8_t c)
{
    return (c & 0xC0) == 0x80;
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

static bool add(struct imp_dicom_words *w, uint32_t tag, bool part,
                struct imp_span text, struct imp_err *err)
{
    bool umlauts;
    return imp_dicom_fold(text, &w->folded, err) &&
           add_folded(w, tag, part, trim(imp_buf_span(&w->folded)), err) &&
           imp_dicom_spell(text, &w->spelled, &umlauts, err) &&
           (!umlauts ||
            (imp_dicom_fold(imp_buf_span(&w->spelled), &w->folded, err) &&
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
           (imp_dicom_fold(imp_buf_span(&w->spelled), &w->folded, err) &&
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
    if (!make_ready(w, err) || !imp_dicom_fold(text, &w->folded, err))
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
