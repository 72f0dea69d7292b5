#include "image/lzw.h"

#include <stdlib.h>

#define MAX_BITS 12
#define MAX_CODES (1 << MAX_BITS)
#define NONE MAX_CODES // no code has come since the table was cleared

struct imp_lzw {
    enum imp_lzw_kind kind;
    unsigned clear, end; // the two codes that are no strings
    unsigned bits;       // of the next code
    unsigned next;       // the code that the next string will get
    unsigned previous;
    uint64_t want, have;
    bool ended;    // by its end code
    uint32_t held; // bits not yet taken as a code
    unsigned n_held;
    uint8_t *out;               // NULL: what comes is not stored
    uint16_t length[MAX_CODES]; // of each code's string
    // Where in `out` each string of two and more stands: it is the one before
    // it and that one's next byte.
    uint64_t at[MAX_CODES], previous_at;
};

struct imp_lzw *imp_lzw_new(struct imp_err *err)
{
    struct imp_lzw *l = malloc(sizeof *l);
    if (!l)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for an LZW table");
    return l;
}

void imp_lzw_free(struct imp_lzw *l)
{
    free(l);
}

static void clear_table(struct imp_lzw *l)
{
    l->next = l->end + 1;
    l->previous = NONE;
    l->bits = 0;
    for (unsigned n = l->end; n; n >>= 1)
        l->bits++;
}

void imp_lzw_start(struct imp_lzw *l, enum imp_lzw_kind kind,
                   unsigned code_bits, uint64_t want)
{
    if (kind != IMP_LZW_GIF)
        code_bits = 8;
    if (code_bits < 1 || code_bits > 8)
        imp_bug("an LZW code size that no caller should let pass");
    l->kind = kind;
    l->clear = 1u << code_bits;
    l->end = l->clear + 1;
    l->want = want;
    l->have = 0;
    l->ended = false;
    l->held = 0;
    l->n_held = 0;
    l->out = NULL;
    for (unsigned i = 0; i < l->clear; i++)
        l->length[i] = 1;
    clear_table(l);
}

void imp_lzw_store(struct imp_lzw *l, uint8_t *out)
{
    l->out = out;
}

uint64_t imp_lzw_have(const struct imp_lzw *l)
{
    return l->have < l->want ? l->have : l->want;
}

bool imp_lzw_ended(const struct imp_lzw *l)
{
    return l->ended;
}

static void push_byte(struct imp_lzw *l, uint8_t byte)
{
    if (l->kind == IMP_LZW_TIFF)
        l->held = l->held << 8 | byte;
    else
        l->held |= (uint32_t)byte << l->n_held;
    l->n_held += 8;
}

static unsigned take_code(struct imp_lzw *l)
{
    uint32_t mask = (UINT32_C(1) << l->bits) - 1;
    unsigned code;
    l->n_held -= l->bits;
    if (l->kind == IMP_LZW_TIFF) {
        code = l->held >> l->n_held & mask;
    } else {
        code = l->held & mask;
        l->held >>= l->bits;
    }
    return code;
}

// Only as much as is wanted. The copy runs forward, for a string may reach into
// its own copy: the one that is just being made. Not inlined: most streams are
// only counted, and that loop is to stay short.
__attribute__((noinline)) static void store(struct imp_lzw *l, unsigned code,
                                            bool is_new)
{
    uint64_t n = is_new ? l->have - l->previous_at + 1 : l->length[code];
    uint8_t *to = l->out + l->have;
    if (n > l->want - l->have)
        n = l->want - l->have;
    if (l->previous != NONE && l->next < MAX_CODES)
        l->at[l->next] = l->previous_at;
    l->previous_at = l->have;
    if (code < l->clear) {
        *to = (uint8_t)code;
        return;
    }
    const uint8_t *from = l->out + l->at[code];
    for (uint64_t i = 0; i < n; i++)
        to[i] = from[i];
}

// A string: it is known, or the one that is just being made.
static bool resolve(struct imp_lzw *l, unsigned code, struct imp_err *err)
{
    bool is_new = code == l->next && l->previous != NONE;
    if (code >= l->next && !is_new)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "LZW: code %u behind %ju bytes, want less than %u",
                        code, (uintmax_t)l->have, l->next);
    if (l->out)
        store(l, code, is_new);
    if (l->previous != NONE && l->next < MAX_CODES) {
        l->length[l->next] = (uint16_t)(l->length[l->previous] + 1);
        l->next++;
        // TIFF 6.0 section 13: a code early.
        unsigned early = l->kind == IMP_LZW_TIFF ? 1 : 0;
        if (l->next + early == 1u << l->bits && l->bits < MAX_BITS)
            l->bits++;
    }
    l->have += l->length[code];
    l->previous = code;
    return true;
}

enum imp_lzw_state imp_lzw_feed(struct imp_lzw *l, const uint8_t *p, size_t n,
                                size_t *used, struct imp_err *err)
{
    size_t needed = 0; // bytes of `p` up to the last wanted one's code
    for (size_t i = 0; i < n; i++) {
        push_byte(l, p[i]);
        while (l->n_held >= l->bits) {
            bool complete = l->have >= l->want;
            unsigned code = take_code(l);
            if (code == l->clear) {
                clear_table(l);
                continue;
            }
            // Behind the last wanted byte only the end code may follow.
            l->ended = code == l->end;
            *used = l->ended ? i + 1 : needed;
            if (complete || l->ended) {
                if (complete)
                    return IMP_LZW_DONE;
                imp_fail(err, IMP_ERR_DAMAGED,
                         "LZW: ends behind %ju bytes, want %ju",
                         (uintmax_t)l->have, (uintmax_t)l->want);
                return IMP_LZW_DAMAGED;
            }
            if (!resolve(l, code, err))
                return IMP_LZW_DAMAGED;
            needed = i + 1;
        }
    }
    *used = n;
    return IMP_LZW_MORE;
}
