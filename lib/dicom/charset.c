#include "dicom/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#define ESC 0x1B

// Sets of characters that an element's bytes can stand for (PS3.3 Tables C.12-2
// to C.12-5), and iconv's name of an encoding that has them: for a set of the
// right half (G1) with the same bytes.
enum set {
    NO_SET = 0,
    ASCII,
    ROMAJI, // JIS X 0201: ISO-IR 14 and 13
    KATAKANA,
    JISX0208,
    JISX0212,
    LATIN_1,
    LATIN_2,
    LATIN_3,
    LATIN_4,
    CYRILLIC,
    ARABIC,
    GREEK,
    HEBREW,
    LATIN_5,
    LATIN_9,
    THAI,
    KSX1001,
    GB2312,
    UTF_8,
    GB_18030,
    GB_K,
    SETS,
};

static const char *const encodings[SETS] = {
    [JISX0208] = "EUC-JP",     [JISX0212] = "EUC-JP",
    [LATIN_1] = "ISO-8859-1",  [LATIN_2] = "ISO-8859-2",
    [LATIN_3] = "ISO-8859-3",  [LATIN_4] = "ISO-8859-4",
    [CYRILLIC] = "ISO-8859-5", [ARABIC] = "ISO-8859-6",
    [GREEK] = "ISO-8859-7",    [HEBREW] = "ISO-8859-8",
    [LATIN_5] = "ISO-8859-9",  [LATIN_9] = "ISO-8859-15",
    [THAI] = "TIS-620",        [KSX1001] = "EUC-KR",
    [GB2312] = "GB2312",       [UTF_8] = "UTF-8",
    [GB_18030] = "GB18030",    [GB_K] = "GBK",
};

struct imp_dcm_charset {
    enum set g0, g1;  // of the first term: what is active where nothing else is
    enum set alone;   // or one that has no code extensions
    iconv_t cd[SETS]; // opened when first needed
    bool is_open[SETS];
};

// --- Terms ---

// Without what the wild writes otherwise: "ISO_IR 100" and "ISO 2022 IR 100"
// are "IR100". A first term of two bytes a character is none of PS3.3's, but
// there are files with it; those of G0 cannot be without their escape sequence.
static const struct {
    const char *name;
    enum set g0, g1, alone;
} terms[] = {
    {"", ASCII, NO_SET, NO_SET},        {"IR6", ASCII, NO_SET, NO_SET},
    {"IR100", ASCII, LATIN_1, NO_SET},  {"IR101", ASCII, LATIN_2, NO_SET},
    {"IR109", ASCII, LATIN_3, NO_SET},  {"IR110", ASCII, LATIN_4, NO_SET},
    {"IR144", ASCII, CYRILLIC, NO_SET}, {"IR127", ASCII, ARABIC, NO_SET},
    {"IR126", ASCII, GREEK, NO_SET},    {"IR138", ASCII, HEBREW, NO_SET},
    {"IR148", ASCII, LATIN_5, NO_SET},  {"IR203", ASCII, LATIN_9, NO_SET},
    {"IR13", ROMAJI, KATAKANA, NO_SET}, {"IR166", ASCII, THAI, NO_SET},
    {"IR87", ASCII, NO_SET, NO_SET},    {"IR159", ASCII, NO_SET, NO_SET},
    {"IR149", ASCII, KSX1001, NO_SET},  {"IR58", ASCII, GB2312, NO_SET},
    {"IR192", ASCII, NO_SET, UTF_8},    {"GB18030", ASCII, NO_SET, GB_18030},
    {"GBK", ASCII, NO_SET, GB_K},
};
#define TERMS (sizeof terms / sizeof *terms)

static bool is_padding(uint8_t c)
{
    return c == ' ' || c == 0;
}

static char upper(uint8_t c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static size_t find_term(struct imp_span term)
{
    char word[32] = ""; // longer than any
    size_t n = 0, i = 0;
    while (term.n && is_padding(term.p[term.n - 1]))
        term.n--;
    for (; i < term.n && n < sizeof word - 1; i++)
        if (term.p[i] != ' ' && term.p[i] != '_' && term.p[i] != '-')
            word[n++] = upper(term.p[i]);
    if (strlen(word) != n)
        return TERMS; // a NUL in it
    const char *name = word;
    if (strncmp(name, "ISO2022", 7) == 0)
        name += 7;
    else if (strncmp(name, "ISO", 3) == 0)
        name += 3;
    if (n && !*name)
        return TERMS; // "ISO" alone is none; nothing at all is one
    for (i = 0; i < TERMS && strcmp(name, terms[i].name) != 0;)
        i++;
    return i;
}

// The first decides. The others say which escape sequences there may be.
static bool read_terms(struct imp_dcm_charset *cs, struct imp_span value,
                       struct imp_err *err)
{
    for (size_t at = 0, nth = 1; at <= value.n; nth++) {
        size_t n = 0;
        while (at + n < value.n && value.p[at + n] != '\\')
            n++;
        struct imp_span word = {0};
        if (n)
            word = (struct imp_span){value.p + at, n};
        size_t term = find_term(word);
        if (term == TERMS)
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "(0008,0005): value %zu is no term of PS3.3 "
                            "C.12.1.1.2",
                            nth);
        if (nth == 1) {
            cs->g0 = terms[term].g0;
            cs->g1 = terms[term].g1;
            cs->alone = terms[term].alone;
        }
        at += n + 1;
    }
    return true;
}

struct imp_dcm_charset *imp_dcm_charset_new(struct imp_span value,
                                            struct imp_err *err)
{
    struct imp_dcm_charset *cs = calloc(1, sizeof *cs);
    if (!cs) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a character set");
        return NULL;
    }
    if (read_terms(cs, value, err))
        return cs;
    imp_dcm_charset_free(cs);
    return NULL;
}

void imp_dcm_charset_free(struct imp_dcm_charset *cs)
{
    if (!cs)
        return;
    for (size_t i = 0; i < SETS; i++)
        if (cs->is_open[i])
            iconv_close(cs->cd[i]);
    free(cs);
}

// --- Converting ---

// What is being read, and which sets its bytes stand for.
struct scan {
    struct imp_dcm_charset *cs;
    struct imp_span in; // what is left
    enum set g0, g1;
    bool parts; // a backslash is between values
    bool names; // ^ and = are between parts of a name
    struct imp_buf *out;
    struct imp_err *err;
};

static bool put(struct scan *s, const void *bytes, size_t n)
{
    return imp_buf_add(s->out, bytes, n, s->err);
}

static bool put_unknown(struct scan *s)
{
    return put(s, "\xEF\xBF\xBD", 3); // U+FFFD
}

static void skip(struct scan *s, size_t n)
{
    s->in.p += n;
    s->in.n -= n;
}

static bool open_set(struct scan *s, enum set set)
{
    struct imp_dcm_charset *cs = s->cs;
    if (cs->is_open[set])
        return true;
    cs->cd[set] = iconv_open("UTF-8", encodings[set]);
    cs->is_open[set] = cs->cd[set] != (iconv_t)-1;
    if (cs->is_open[set])
        return true;
    if (errno == EINVAL)
        return imp_fail(s->err, IMP_ERR_CONFIG,
                        "iconv has no %s: are glibc's gconv modules installed?",
                        encodings[set]);
    return imp_fail_errno(s->err, "iconv: %s", encodings[set]);
}

static bool convert(struct scan *s, enum set set, const uint8_t *p, size_t n)
{
    if (!open_set(s, set))
        return false;
    char *in = (char *)(uintptr_t)p; // iconv does not write to it
    while (n) {
        char utf8[256], *to = utf8;
        size_t room = sizeof utf8;
        int why = 0;
        if (iconv(s->cs->cd[set], &in, &n, &to, &room) == (size_t)-1)
            why = errno;
        if (!put(s, utf8, sizeof utf8 - room))
            return false;
        if (why == 0 || why == E2BIG)
            continue;
        if (!put_unknown(s))
            return false;
        in++;
        n--;
    }
    return true;
}

// --- Code extensions: PS3.5 6.1.2.5 ---

static const struct {
    char sequence[5]; // behind ESC
    enum set g0, g1;
} escapes[] = {
    {"(B", ASCII, NO_SET},    {"(J", ROMAJI, NO_SET},
    {"$B", JISX0208, NO_SET}, {"$(D", JISX0212, NO_SET},
    {")I", NO_SET, KATAKANA}, {"-A", NO_SET, LATIN_1},
    {"-B", NO_SET, LATIN_2},  {"-C", NO_SET, LATIN_3},
    {"-D", NO_SET, LATIN_4},  {"-L", NO_SET, CYRILLIC},
    {"-G", NO_SET, ARABIC},   {"-F", NO_SET, GREEK},
    {"-H", NO_SET, HEBREW},   {"-M", NO_SET, LATIN_5},
    {"-b", NO_SET, LATIN_9},  {"-T", NO_SET, THAI},
    {"$)C", NO_SET, KSX1001}, {"$)A", NO_SET, GB2312},
};

static void reset(struct scan *s)
{
    s->g0 = s->cs->g0;
    s->g1 = s->cs->g1;
}

// One that (0008,0005) does not announce is followed too: it means nothing
// else.
static bool escape(struct scan *s)
{
    skip(s, 1);
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        size_t n = strlen(escapes[i].sequence);
        if (!imp_span_starts(s->in, escapes[i].sequence, n))
            continue;
        if (escapes[i].g0)
            s->g0 = escapes[i].g0;
        else
            s->g1 = escapes[i].g1;
        skip(s, n);
        return true;
    }
    return put_unknown(s);
}

static bool katakana(struct scan *s)
{
    uint8_t c = *s->in.p;
    skip(s, 1);
    if (c < 0xA1 || c > 0xDF)
        return put_unknown(s);
    unsigned u = 0xFF61u + (c - 0xA1u);
    const uint8_t utf8[3] = {(uint8_t)(0xE0 | u >> 12),
                             (uint8_t)(0x80 | (u >> 6 & 0x3F)),
                             (uint8_t)(0x80 | (u & 0x3F))};
    return put(s, utf8, sizeof utf8);
}

// Bytes of the right half, as many as follow each other.
static bool right(struct scan *s)
{
    size_t n = 1;
    if (s->g1 == KATAKANA)
        return katakana(s);
    if (s->g1 == NO_SET) {
        skip(s, 1);
        return put_unknown(s);
    }
    while (n < s->in.n && s->in.p[n] >= 0x80)
        n++;
    bool ok = convert(s, s->g1, s->in.p, n);
    skip(s, n);
    return ok;
}

static bool is_graphic(uint8_t c)
{
    return c > 0x20 && c < 0x7F;
}

// Two bytes of the left half. In EUC-JP they are of the right one, and those of
// JIS X 0212 behind a shift.
static bool kanji(struct scan *s)
{
    if (s->in.n < 2 || !is_graphic(s->in.p[1])) {
        skip(s, 1);
        return put_unknown(s);
    }
    const uint8_t euc[3] = {0x8F, s->in.p[0] | 0x80, s->in.p[1] | 0x80};
    size_t shift = s->g0 == JISX0212 ? 0 : 1;
    skip(s, 2);
    return convert(s, s->g0, euc + shift, sizeof euc - shift);
}

static bool is_delimiter(const struct scan *s, uint8_t c)
{
    return (s->parts && c == '\\') || (s->names && (c == '^' || c == '='));
}

// A delimiter is the same byte, and told as such, in ISO-IR 14, where it would
// be a yen sign.
static bool left(struct scan *s)
{
    uint8_t c = *s->in.p;
    bool is_romaji = s->g0 == ROMAJI;
    skip(s, 1);
    if (is_delimiter(s, c))
        reset(s);
    else if (is_romaji && c == '\\')
        return put(s, "\xC2\xA5", 2); // U+00A5
    else if (is_romaji && c == '~')
        return put(s, "\xE2\x80\xBE", 3); // U+203E
    return put(s, &c, 1);
}

static bool control(struct scan *s)
{
    uint8_t c = *s->in.p;
    skip(s, 1);
    reset(s);
    return put(s, &c, 1);
}

static bool step(struct scan *s)
{
    uint8_t c = *s->in.p;
    if (c == ESC)
        return escape(s);
    if (c < 0x20)
        return control(s);
    if (c >= 0x80)
        return right(s);
    if ((s->g0 == JISX0208 || s->g0 == JISX0212) && is_graphic(c))
        return kanji(s);
    return left(s);
}

// --- Whole values ---

static bool plain(struct scan *s)
{
    while (s->in.n) {
        uint8_t c = *s->in.p;
        skip(s, 1);
        if (!(c < 0x80 ? put(s, &c, 1) : put_unknown(s)))
            return false;
    }
    return true;
}

static bool extended(struct scan *s)
{
    reset(s);
    while (s->in.n)
        if (!step(s))
            return false;
    return true;
}

bool imp_dcm_charset_utf8(struct imp_dcm_charset *cs, enum imp_dcm_vr vr,
                          struct imp_span value, struct imp_buf *out,
                          struct imp_err *err)
{
    const struct imp_dcm_vr_info *info = imp_dcm_vr_info(vr);
    struct scan s = {.cs = cs,
                     .in = value,
                     .parts = info->many,
                     .names = vr == IMP_DCM_PN,
                     .out = out,
                     .err = err};
    size_t before = out->n;
    while (s.in.n && is_padding(s.in.p[s.in.n - 1]))
        s.in.n--;
    bool ok = !info->charset ? plain(&s)
              : cs->alone    ? convert(&s, cs->alone, s.in.p, s.in.n)
                             : extended(&s);
    if (!ok)
        out->n = before;
    return ok;
}
