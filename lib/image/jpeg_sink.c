#include "image/jpeg_sink.h"

#include <stdlib.h>
#include <string.h>

void imp_jpeg_codes_of(const struct imp_huff *t, struct imp_jpeg_codes *codes)
{
    unsigned code = 0, index = 0;
    memset(codes, 0, sizeof *codes);
    for (unsigned len = 1; len <= 16; len++, code <<= 1)
        for (unsigned i = 0; i < t->count[len]; i++, code++) {
            uint8_t symbol = t->symbol[index++];
            if (codes->len[symbol])
                continue; // the shorter code does
            codes->len[symbol] = (uint8_t)len;
            codes->code[symbol] = (uint16_t)code;
        }
}

// Room for what 64 bits may become, each byte stuffed.
static bool make_room(struct imp_jpeg_sink *s)
{
    struct imp_err ignored;
    if (s->out->cap - s->out->n >= 16)
        return true;
    size_t want = s->out->cap * 2 + 4096;
    if (!imp_buf_reserve(s->out, want, &ignored))
        s->failed = true;
    return !s->failed;
}

static void put_byte(struct imp_jpeg_sink *s, uint8_t byte)
{
    s->out->p[s->out->n++] = byte;
    if (byte == 0xFF)
        s->out->p[s->out->n++] = 0;
}

// Up to 32 bits, of which `v` has no more.
static void put_bits(struct imp_jpeg_sink *s, uint32_t v, int n)
{
    s->acc = s->acc << n | v;
    s->n += n;
    if (s->n < 32 || !make_room(s)) {
        if (s->failed)
            s->n = 0;
        return;
    }
    s->n -= 32;
    uint32_t whole = (uint32_t)(s->acc >> s->n);
    if (imp_has_ff(whole | UINT64_C(0xAAAAAAAA) << 32)) {
        for (int shift = 24; shift >= 0; shift -= 8)
            put_byte(s, (uint8_t)(whole >> shift));
    } else {
        imp_put_be32(s->out->p + s->out->n, whole);
        s->out->n += 4;
    }
}

void imp_jpeg_sink_start(struct imp_jpeg_sink *s, struct imp_buf *out,
                         struct imp_span in, struct imp_jpeg_place place,
                         size_t start, size_t *from)
{
    *s = (struct imp_jpeg_sink){.out = out};
    *from = place.next;
    if (!place.rest)
        return;
    uint8_t byte = in.p[place.next - 1];
    *from = place.next - 1;
    if (byte == 0 && *from > start && in.p[*from - 1] == 0xFF) { // stuffing
        byte = 0xFF;
        *from -= 1;
    }
    put_bits(s, (uint32_t)byte >> place.rest, 8 - place.rest);
}

// Bits of a number in its category (T.81 F.1.2.1.1).
static int category_of(int v)
{
    unsigned size = (unsigned)abs(v);
    return size ? 32 - __builtin_clz(size) : 0;
}

// A symbol's code, and the bits that tell which number of its category it is.
static bool put_number(struct imp_jpeg_sink *s,
                       const struct imp_jpeg_codes *codes, unsigned run, int v)
{
    int category = category_of(v);
    unsigned symbol = run << 4 | (unsigned)category;
    if (category > 15 || !codes->len[symbol])
        return false;
    put_bits(s, codes->code[symbol], codes->len[symbol]);
    uint32_t bits = (uint32_t)(v < 0 ? v - 1 : v);
    put_bits(s, bits & ((1u << category) - 1), category);
    return true;
}

bool imp_jpeg_put_dc(struct imp_jpeg_sink *s, const struct imp_jpeg_codes *dc,
                     int difference)
{
    return put_number(s, dc, 0, difference);
}

bool imp_jpeg_put_block(struct imp_jpeg_sink *s,
                        const struct imp_jpeg_codes *dc,
                        const struct imp_jpeg_codes *ac,
                        const int16_t block[64])
{
    enum { EOB = 0x00, ZRL = 0xF0 };
    unsigned run = 0;
    if (!put_number(s, dc, 0, block[0]))
        return false;
    for (unsigned k = 1; k < 64; k++) {
        if (block[k] == 0) {
            run++;
            continue;
        }
        for (; run > 15; run -= 16) {
            if (!ac->len[ZRL])
                return false;
            put_bits(s, ac->code[ZRL], ac->len[ZRL]);
        }
        if (!put_number(s, ac, run, block[k]))
            return false;
        run = 0;
    }
    if (run && !ac->len[EOB])
        return false;
    if (run)
        put_bits(s, ac->code[EOB], ac->len[EOB]);
    return true;
}

void imp_jpeg_copy_bits(struct imp_jpeg_sink *s, struct imp_span in,
                        struct imp_jpeg_place from, struct imp_jpeg_place to)
{
    const uint8_t *stop = in.p + to.next;
    struct imp_bits b = imp_bits_at(from, in);
    // A refill takes 16 bytes at most, if each of them is stuffed.
    while (stop - b.p >= 16) {
        imp_bits_refill(&b);
        put_bits(s, imp_bits_peek(&b, 32), 32);
        imp_bits_take(&b, 32);
    }
    b.acc &= b.n ? ~UINT64_C(0) << (64 - b.n) : 0;
    for (; b.n > 24; imp_bits_take(&b, 16)) // `to.rest` of them may not go
        put_bits(s, imp_bits_peek(&b, 16), 16);
    while (b.p < stop) {
        uint8_t byte = *b.p;
        b.p += byte == 0xFF ? 2 : 1;
        b.acc |= (uint64_t)byte << (56 - b.n);
        b.n += 8;
        if (b.n > 24) {
            put_bits(s, imp_bits_peek(&b, 8), 8);
            imp_bits_take(&b, 8);
        }
    }
    int left = b.n - to.rest;
    if (left > 0)
        put_bits(s, imp_bits_peek(&b, left), left);
}

bool imp_jpeg_sink_aligned(const struct imp_jpeg_sink *s,
                           struct imp_jpeg_place place)
{
    return (s->n + place.rest) % 8 == 0;
}

bool imp_jpeg_sink_end(struct imp_jpeg_sink *s, struct imp_err *err)
{
    if (s->n % 8)
        put_bits(s, 0xFFu >> s->n % 8, 8 - s->n % 8);
    if (!s->failed && make_room(s))
        while (s->n) {
            s->n -= 8;
            put_byte(s, (uint8_t)(s->acc >> s->n));
        }
    return !s->failed ||
           imp_fail(err, IMP_ERR_MEMORY, "no memory for coded data");
}
