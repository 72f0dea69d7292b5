#include "deid/residual.h"

#include "base/map.h"

#include <glib.h>
#include <string.h>
#include <strings.h>

// What formats, profiles and cameras write of their own: a hit would mean
// nothing. Lower case.
static bool is_common(const char *text)
{
    static const char *const words[] = {
        "adobe", "exif", "jfif", "jfxx", "srgb", "none", "neutral", "gray",
        "grey", "unknown", "ascii", "default", "ihdr", "idat", "iend", "plte",
        "webp", "riff", "gif87a", "gif89a", "netscape", "image", "true",
        "false", "0000", "display", "photoshop", "gradient", "data", "imgpipe",
        // What a profile is called that is known.
        "adobe rgb (1998)", "display p3", "gray gamma 2.2"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    // One character over and over is a blank form's filling.
    return strspn(text, (char[2]){text[0], '\0'}) == strlen(text);
}

void imp_identifiers_add(struct imp_identifiers *ids, const char *tag,
                         const char *text)
{
    size_t n = strlen(text);
    if (n >= IMP_IDENTIFIER_BYTES)
        n = IMP_IDENTIFIER_BYTES - 1;
    while (text[n] && n && ((uint8_t)text[n] & 0xC0) == 0x80)
        n--; // not in the middle of a character
    if (n < IMP_IDENTIFIER_MIN || ids->n == IMP_IDENTIFIERS || is_common(text))
        return;
    for (size_t i = 0; i < ids->n; i++)
        if (ids->id[i].n == n && strncasecmp(ids->id[i].text, text, n) == 0)
            return;
    struct imp_identifier *id = &ids->id[ids->n++];
    memcpy(id->text, text, n);
    id->text[n] = '\0';
    id->n = n;
    strncpy(id->tag, tag, sizeof id->tag - 1);
}

void imp_identifiers_forget(struct imp_identifiers *ids)
{
    explicit_bzero(ids->id, ids->n * sizeof *ids->id);
    ids->n = 0;
}

// --- The search: one pass over the bytes, whatever the number of identifiers.
// A table by the first two bytes of a pattern, folded to lower case, leads to
// the few that may begin there. By six bits of each: it is made for every
// object, and letters differ in these. ---

struct pattern {
    const struct imp_identifier *id;
    uint8_t bytes[2 * IMP_IDENTIFIER_BYTES];
    size_t n;
    size_t next; // of those with the same start; 0: none
};

struct search {
    size_t n;
    uint16_t first[1 << 12];
    struct pattern pattern[]; // from 1 on
};

static uint8_t fold(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static uint16_t start_of(const uint8_t *p)
{
    return (uint16_t)((fold(p[0]) & 63) << 6 | (fold(p[1]) & 63));
}

enum spelling { NARROW, WIDE_BIG, WIDE_LITTLE, SPELLINGS };

// Only valid UTF-8 has a form in UTF-16.
static bool spell_wide(const struct imp_identifier *id, bool big,
                       struct pattern *p)
{
    glong units = 0;
    gunichar2 *wide =
        g_utf8_to_utf16(id->text, (glong)id->n, NULL, &units, NULL);
    if (!wide)
        return false;
    p->n = 2 * (size_t)units;
    for (size_t i = 0; i < (size_t)units; i++) {
        p->bytes[2 * i + !big] = fold((uint8_t)(wide[i] >> 8));
        p->bytes[2 * i + big] = fold((uint8_t)wide[i]);
    }
    explicit_bzero(wide, p->n);
    g_free(wide);
    return true;
}

static bool spell(const struct imp_identifier *id, enum spelling how,
                  struct pattern *p)
{
    p->id = id;
    if (how != NARROW)
        return spell_wide(id, how == WIDE_BIG, p);
    p->n = id->n;
    for (size_t i = 0; i < id->n; i++)
        p->bytes[i] = fold((uint8_t)id->text[i]);
    return true;
}

static void prepare(struct search *s, const struct imp_identifiers *ids)
{
    s->n = 1;
    for (size_t i = 0; i < ids->n; i++)
        for (int how = NARROW; how < SPELLINGS; how++) {
            struct pattern *p = &s->pattern[s->n];
            if (!spell(&ids->id[i], (enum spelling)how, p))
                continue;
            uint16_t start = start_of(p->bytes);
            p->next = s->first[start];
            s->first[start] = (uint16_t)s->n++;
        }
}

static bool fits(const struct pattern *p, const uint8_t *at, size_t left)
{
    if (p->n > left)
        return false;
    for (size_t i = 0; i < p->n; i++)
        if (fold(at[i]) != p->bytes[i])
            return false;
    return true;
}

static const struct pattern *find(const struct search *s, struct imp_span in)
{
    for (size_t i = 0; i + 1 < in.n; i++)
        for (size_t k = s->first[start_of(in.p + i)]; k; k = s->pattern[k].next)
            if (fits(&s->pattern[k], in.p + i, in.n - i))
                return &s->pattern[k];
    return NULL;
}

// Search the run, of which what may be the beginning of an identifier stays.
static bool search_run(const struct search *s, struct imp_buf *run,
                       const char *what, struct imp_err *err)
{
    const size_t most = sizeof s->pattern[0].bytes - 1;
    const struct pattern *hit = find(s, imp_buf_span(run));
    if (hit)
        return imp_fail(err, IMP_ERR_RESIDUAL,
                        "%s: what the input has as %s is still there", what,
                        hit->id->tag);
    if (run->n > most) {
        memmove(run->p, run->p + run->n - most, most);
        run->n = most;
    }
    return true;
}

// Step by step: it may be larger than memory.
static bool add_to_run(const struct search *s, const struct imp_cut *c,
                       struct imp_span in, struct imp_buf *run,
                       struct imp_err *err)
{
    struct imp_span step = {0}, left = {0};
    left.p = c->kind == IMP_CUT_INSERT ? c->bytes : in.p + c->offset;
    left.n = (size_t)c->length;
    while (imp_map_step(&left, &step)) {
        if (!imp_buf_add(run, step.p, step.n, err))
            return false;
        if (run->n >= IMP_MAP_STEP && !search_run(s, run, c->what, err))
            return false;
    }
    return true;
}

// What lies between the parts that are searched comes into memory with them.
static void give_back(const struct imp_cut *c, struct imp_span in,
                      uint64_t *given_back)
{
    uint64_t end = c->offset + c->length;
    if (c->kind != IMP_CUT_KEEP || end - *given_back < IMP_MAP_STEP)
        return;
    imp_map_give_back(
        (struct imp_span){in.p + *given_back, (size_t)(end - *given_back)});
    *given_back = end;
}

// Neighbours in the output that are no coded data, as one run of bytes, so
// that nothing hides across a border.
static bool search_output(const struct search *s,
                          const struct imp_cutlist *cuts, struct imp_span in,
                          struct imp_buf *run, struct imp_err *err)
{
    const char *what = NULL;
    uint64_t given_back = 0;
    run->n = 0;
    for (size_t i = 0; i <= cuts->n; i++) {
        const struct imp_cut *c = i < cuts->n ? &cuts->cut[i] : NULL;
        if (c && (c->kind == IMP_CUT_DROP || c->kind == IMP_CUT_ZERO))
            continue;
        if (c && c->part != IMP_PART_CODED) {
            if (!add_to_run(s, c, in, run, err))
                return false;
            what = c->what;
            continue;
        }
        if (!search_run(s, run, what, err))
            return false;
        if (c)
            give_back(c, in, &given_back);
        run->n = 0;
    }
    return true;
}

// At once, as it comes in small parts; of pictures most is coded.
static size_t room_for_run(const struct imp_cutlist *cuts)
{
    const size_t most = 16 * 1024;
    return cuts->output_len < most ? (size_t)cuts->output_len : most;
}

bool imp_identifiers_search(const struct imp_identifiers *ids,
                            const struct imp_cutlist *cuts, struct imp_span in,
                            struct imp_err *err)
{
    if (ids->n == 0)
        return true;
    struct imp_buf run = {0};
    struct imp_arena arena = {0};
    struct search *s = imp_arena_alloc(
        &arena, sizeof *s + (SPELLINGS * ids->n + 1) * sizeof *s->pattern);
    bool ok = s || imp_fail(err, IMP_ERR_MEMORY, "no memory for a search");
    ok = ok && imp_buf_reserve(&run, room_for_run(cuts), err);
    if (ok) {
        prepare(s, ids);
        ok = search_output(s, cuts, in, &run, err);
        explicit_bzero(s->pattern, s->n * sizeof *s->pattern);
    }
    imp_arena_clear(&arena);
    imp_buf_clear(&run);
    return ok;
}
