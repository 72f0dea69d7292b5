/* canary.h - a planted word that must not come out, for fuzz targets. */
#ifndef IMP_FUZZ_CANARY_H
#define IMP_FUZZ_CANARY_H

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY "CANARY-Jane-Doe-19700101"
#define CANARY_MAX (2 * sizeof CANARY)

/* A promise is broken: end with what it was. */
static inline void promise(bool kept, const char *what)
{
    if (kept)
        return;
    fprintf(stderr, "broken promise: %s\n", what);
    abort();
}

/* The word as ASCII (0), UTF-16BE (1) or UTF-16LE (2). */
static inline size_t canary_spell(int how, uint8_t out[CANARY_MAX])
{
    size_t n = strlen(CANARY);
    if (how == 0) {
        memcpy(out, CANARY, n);
        return n;
    }
    memset(out, 0, CANARY_MAX);
    for (size_t i = 0; i < n; i++)
        out[2 * i + (how == 1)] = (uint8_t)CANARY[i];
    return 2 * n;
}

/* Overwrite a place in `p` that depends on the content. */
static inline void canary_plant(uint8_t *p, size_t n)
{
    uint8_t word[CANARY_MAX];
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 16777619u;
    size_t len = canary_spell((int)(hash % 3), word);
    if (n >= len)
        memcpy(p + hash / 3 % (n - len + 1), word, len);
}

static inline bool canary_found(struct imp_span in)
{
    uint8_t word[CANARY_MAX];
    for (int how = 0; how < 3; how++) {
        size_t len = canary_spell(how, word);
        if (in.n && memmem(in.p, in.n, word, len))
            return true;
    }
    return false;
}

#endif
