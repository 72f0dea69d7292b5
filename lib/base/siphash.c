#include "base/siphash.h"

// The paper's v0 to v3.
struct state {
    uint64_t v[4];
};

static uint64_t turn(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void rounds(struct state *s, int n)
{
    uint64_t *v = s->v;
    while (n-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = turn(v[1], 13) ^ v[0];
        v[3] = turn(v[3], 16) ^ v[2];
        v[0] = turn(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = turn(v[1], 17) ^ v[2];
        v[3] = turn(v[3], 21) ^ v[0];
        v[2] = turn(v[2], 32);
    }
}

static void take(struct state *s, uint64_t word)
{
    s->v[3] ^= word;
    rounds(s, 2);
    s->v[0] ^= word;
}

uint64_t imp_siphash(struct imp_siphash_key key, struct imp_span bytes)
{
    struct state s = {{
        key.k0 ^ UINT64_C(0x736f6d6570736575),
        key.k1 ^ UINT64_C(0x646f72616e646f6d),
        key.k0 ^ UINT64_C(0x6c7967656e657261),
        key.k1 ^ UINT64_C(0x7465646279746573),
    }};
    size_t whole = bytes.n - bytes.n % 8;
    for (size_t i = 0; i < whole; i += 8)
        take(&s, imp_le64(bytes.p + i));
    // The last word: what is left, and the length above it.
    uint64_t last = (uint64_t)bytes.n << 56;
    for (size_t i = whole; i < bytes.n; i++)
        last |= (uint64_t)bytes.p[i] << 8 * (i - whole);
    take(&s, last);
    s.v[2] ^= 0xFF;
    rounds(&s, 4);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
