/* terms.h - what must be the same in all runs into one archive, so that a
 * subject has one code in it, and its dates one distance. */
#ifndef IMP_BASE_TERMS_H
#define IMP_BASE_TERMS_H

#include <stdbool.h>
#include <string.h>

#define IMP_KEY_ID_DIGITS 16

/* "" stands for what is not settled: the run has no key, shifts no dates. */
struct imp_terms {
    char key[IMP_KEY_ID_DIGITS + 1]; /* hexadecimal digits that the key can be
                                        known by, and that tell nothing of it */
    char shift[24]; /* by how many days dates go back: "1-365" */
};

static inline bool imp_terms_same(const struct imp_terms *a,
                                  const struct imp_terms *b)
{
    return strcmp(a->key, b->key) == 0 && strcmp(a->shift, b->shift) == 0;
}

#endif
