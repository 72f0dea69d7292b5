// GIF89a appendix F.
#include "image/lzw_write.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BITS 12
// No string gets the code 4095: decoders differ in what they do when it comes.
#define LAST_CODE ((1u << MAX_BITS) - 1)
#define MAX_BLOCK 255

// Strings by what they are made of: a string and an index behind it. Each of
// the slots holds 12 bits of string, 8 of index, and the code for the two; or
// 0, for that is the code of an index alone.
#define SLOT_BITS 14
#define SLOTS (1u << SLOT_BITS)
#define CODE_MASK ((1u << MAX_BITS) - 1)

struct writer {
    struct imp_buf *out;
    struct imp_err *err;
    bool ok;
    uint8_t block[1 + MAX_BLOCK]; // its size first
    uint32_t held;                // bits that do not fill a byte yet
    unsigned n_held;
    unsigned clear, bits; // bits: of the next code
    unsigned next;        // the code that the next string will get
    uint32_t slot[SLOTS];
};

static void flush_block(struct writer *w)
{
    if (w->block[0])
        w->ok =
            w->ok && imp_buf_add(w->out, w->block, 1u + w->block[0], w->err);
    w->block[0] = 0;
}

static void put_byte(struct writer *w)
{
    w->block[++w->block[0]] = (uint8_t)w->held;
    if (w->block[0] == MAX_BLOCK)
        flush_block(w);
    w->held >>= 8;
    w->n_held -= w->n_held < 8 ? w->n_held : 8;
}

static void put_code(struct writer *w, unsigned code)
{
    w->held |= code << w->n_held;
    w->n_held += w->bits;
    while (w->n_held >= 8)
        put_byte(w);
}

static void put_clear(struct writer *w, unsigned code_bits)
{
    put_code(w, w->clear);
    w->next = w->clear + 2;
    w->bits = code_bits + 1;
    memset(w->slot, 0, sizeof w->slot);
}

// A decoder makes a string of each code and what comes behind it, so that it is
// one string late: its codes grow when ours need the bit for the string after.
static void put_string(struct writer *w, unsigned code)
{
    put_code(w, code);
    if (w->next >= 1u << w->bits && w->bits < MAX_BITS)
        w->bits++;
}

// The slot that holds `key`, or the empty one for it: of 16384 at most 4096 are
// taken.
static uint32_t *find(struct writer *w, uint32_t key)
{
    uint32_t i = key * UINT32_C(2654435761) >> (32 - SLOT_BITS);
    while (w->slot[i] && w->slot[i] >> MAX_BITS != key)
        i = (i + 1) & (SLOTS - 1);
    return &w->slot[i];
}

static void write_indexes(struct writer *w, unsigned code_bits,
                          const uint8_t *index, size_t n)
{
    unsigned string = index[0];
    w->bits = code_bits + 1;
    put_clear(w, code_bits);
    for (size_t i = 1; i < n; i++) {
        uint32_t key = string << 8 | index[i];
        uint32_t *slot = find(w, key);
        if (*slot) {
            string = *slot & CODE_MASK;
            continue;
        }
        put_string(w, string);
        if (w->next == LAST_CODE)
            put_clear(w, code_bits);
        else
            *slot = key << MAX_BITS | w->next++;
        string = index[i];
    }
    put_string(w, string);
    put_code(w, w->clear + 1); // end of information
    if (w->n_held)
        put_byte(w);
    flush_block(w);
}

bool imp_lzw_write(unsigned code_bits, const uint8_t *index, size_t n,
                   struct imp_buf *out, struct imp_err *err)
{
    static const uint8_t terminator = 0;
    uint8_t size = (uint8_t)code_bits;
    if (code_bits < 2 || code_bits > 8 || n == 0)
        imp_bug("an LZW stream of %zu indexes, code size %u", n, code_bits);
    struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for an LZW table");
    w->out = out;
    w->err = err;
    w->clear = 1u << code_bits;
    w->ok = imp_buf_add(out, &size, 1, err);
    write_indexes(w, code_bits, index, n);
    bool ok = w->ok && imp_buf_add(out, &terminator, 1, err);
    free(w);
    return ok;
}
