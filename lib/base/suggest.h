/* suggest.h - what a mistyped word was meant to be. */
#ifndef IMP_BASE_SUGGEST_H
#define IMP_BASE_SUGGEST_H

#include <stddef.h>

/* Compares words without regard to case. `{.word = typed}`, then _try each that
 * could be meant; `best` is the nearest, or NULL if none is near. */
struct imp_suggest {
    const char *word;
    const char *best; /* borrowed from the call that offered it */
    size_t distance;
};

void imp_suggest_try(struct imp_suggest *s, const char *candidate);

#endif
