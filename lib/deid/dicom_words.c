#include "deid/dicom_words.h"

#include "base/fold.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ANYWHERE = 0, WORD, NUMBER };
enum { SHORT = 4, SHORTEST = 2 };

// --- Text in one form ---

static bool is_plain(struct imp_span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] >= 0x80)
            return false;
    return true;
}

// Into w->folded, lower case; what is no text becomes a blank.
static bool fold(struct imp_dicom_words *w, struct imp_span text,
                 struct imp_err *err)
{
    w->folded.n = 0;
    if (!imp_buf_reserve(&w->folded, text.n + 1, err))
        return false;
    for (size_t i = 0; i < text.n; i++)
        w->folded.p[i] =
            text.p[i]
                ? (uint8_t)(text.p[i] < 0x80 ? tolower(text.p[i]) : text.p[i])
                : ' ';
    w->folded.p[text.n] = '\0';
    w->folded.n = text.n;
    if (is_plain(text))
        return true;
    char *other = imp_fold((const char *)w->folded.p);
    w->folded.n = 0;
    bool ok = other ? imp_buf_add(&w->folded, other, strlen(other), err)
                    : imp_fail(err, IMP_ERR_MEMORY, "no memory for a text");
    free(other);
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
        n += (s.p[i] & 0xC0) != 0x80;
    return n;
}

static bool is_number(struct imp_span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit(s.p[i]))
            return false;
    return true;
}

// --- Taking note ---

static size_t slot_of(const uint8_t *p)
{
    return (p[0] * 31U + p[1]) % 1024;
}

static bool is_known(const struct imp_dicom_words *w, struct imp_span s)
{
    for (size_t k = w->first[slot_of(s.p)]; k; k = w->word[k - 1].next)
        if (w->word[k - 1].length == s.n &&
            memcmp(w->word[k - 1].text, s.p, s.n) == 0)
            return true;
    return false;
}

// One character over and over is a blank form's filling.
static bool is_filling(struct imp_span s)
{
    for (size_t i = 1; i < s.n; i++)
        if (s.p[i] != s.p[0])
            return false;
    return true;
}

static struct imp_span cut_off(struct imp_span s)
{
    if (s.n > IMP_DICOM_WORD_BYTES)
        s.n = IMP_DICOM_WORD_BYTES;
    while (s.n && s.n == IMP_DICOM_WORD_BYTES && (s.p[s.n - 1] & 0x80))
        s.n--; // not in the middle of a character
    return s;
}

bool imp_dicom_words_add(struct imp_dicom_words *w, uint32_t tag,
                         struct imp_span text, struct imp_err *err)
{
    if (!fold(w, text, err))
        return false;
    struct imp_span s = cut_off(trim(imp_buf_span(&w->folded)));
    size_t n = characters(s);
    bool number = is_number(s);
    if (n < SHORTEST || s.n < SHORTEST || (number && n < SHORT) ||
        is_filling(s) || is_known(w, s))
        return true;
    if (w->n == IMP_DICOM_WORDS)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "more than %d texts that identify: too many to be "
                        "searched for",
                        IMP_DICOM_WORDS);
    struct imp_dicom_word *word = &w->word[w->n++];
    *word = (struct imp_dicom_word){.tag = tag,
                                    .next = w->first[slot_of(s.p)],
                                    .length = (uint8_t)s.n,
                                    .kind = number      ? NUMBER
                                            : n < SHORT ? WORD
                                                        : ANYWHERE};
    memcpy(word->text, s.p, s.n);
    w->first[slot_of(s.p)] = (uint16_t)w->n;
    return true;
}

bool imp_dicom_words_add_names(struct imp_dicom_words *w, uint32_t tag,
                               struct imp_span text, struct imp_err *err)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && !memchr("^=\\", text.p[i], 3))
            continue;
        const struct imp_span part = {text.p + from, i - from};
        if (!imp_dicom_words_add(w, tag, part, err))
            return false;
        from = i + 1;
    }
    return true;
}

// --- Looking for ---

static bool touches_letter(struct imp_span in, size_t at)
{
    return at < in.n && (isalnum(in.p[at]) || in.p[at] >= 0x80);
}

static bool touches_digit(struct imp_span in, size_t at)
{
    return at < in.n && isdigit(in.p[at]);
}

static bool is_at(const struct imp_dicom_word *word, struct imp_span in,
                  size_t at, bool prose)
{
    if (word->length > in.n - at ||
        memcmp(word->text, in.p + at, word->length) != 0)
        return false;
    size_t before = at ? at - 1 : in.n, behind = at + word->length;
    if (word->kind == NUMBER)
        return !touches_digit(in, before) && !touches_digit(in, behind);
    if (word->kind == WORD)
        return prose && !touches_letter(in, before) &&
               !touches_letter(in, behind);
    return true;
}

bool imp_dicom_words_find(struct imp_dicom_words *w, struct imp_span text,
                          bool prose, uint32_t *tag, struct imp_err *err)
{
    *tag = 0;
    if (w->n == 0)
        return true;
    if (!fold(w, text, err))
        return false;
    const struct imp_span in = imp_buf_span(&w->folded);
    for (size_t i = 0; i + 1 < in.n; i++)
        for (size_t k = w->first[slot_of(in.p + i)]; k; k = w->word[k - 1].next)
            if (is_at(&w->word[k - 1], in, i, prose)) {
                *tag = w->word[k - 1].tag;
                return true;
            }
    return true;
}

void imp_dicom_words_forget(struct imp_dicom_words *w)
{
    if (!w->n)
        return;
    explicit_bzero(w->word, w->n * sizeof *w->word);
    explicit_bzero(w->first, sizeof w->first);
    explicit_bzero(w->folded.p, w->folded.cap);
    w->n = w->folded.n = 0;
}

void imp_dicom_words_clear(struct imp_dicom_words *w)
{
    imp_dicom_words_forget(w);
    imp_buf_clear(&w->folded);
}
