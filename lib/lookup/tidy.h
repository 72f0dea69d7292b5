/* tidy.h - the one form of a subject's key, of an input and in a table alike:
 * without blanks around it, and composed (Unicode's NFC: what a Mac writes as
 * two characters is one elsewhere). Inside of the module; any thread.
 *
 * Blanks are those of Unicode (tab to carriage return, U+0020, U+00A0, U+1680,
 * U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000), and two that
 * nobody sees: U+200B and U+FEFF. */
#ifndef IMP_LOOKUP_TIDY_H
#define IMP_LOOKUP_TIDY_H

#include "base/bytes.h"

#include <stdbool.h>

struct imp_tidy {
    struct imp_span key; /* a part of what was given, or `own` */
    char *own;           /* NULL: that was in the form already */
};

/* The form of `raw`, which must stay. It is empty if there is nothing but
 * blanks. False, with an empty one: it is no UTF-8, or has a NUL byte. */
bool imp_tidy_init(struct imp_tidy *t, struct imp_span raw);

/* Is `raw` the key `key`, which is as _init has it? */
bool imp_tidy_is(struct imp_span raw, struct imp_span key);

/* The other form that a table may have a key in, decomposed (NFD), of one that
 * is as _init has it. */
void imp_tidy_init_decomposed(struct imp_tidy *t, struct imp_span key);

void imp_tidy_clear(struct imp_tidy *t);

#endif
