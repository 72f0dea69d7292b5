/* answer.h - what a source of look-ups says of one key: named values, such as
 * its code and site.
 *
 * Read-only once it is made, and counted: any thread may hold a reference. The
 * values are the trial's own words, not the subject's. */
#ifndef IMP_LOOKUP_ANSWER_H
#define IMP_LOOKUP_ANSWER_H

#include "base/bytes.h"
#include "base/err.h"

#include <stddef.h>

struct imp_answer; /* opaque */

struct imp_said {
    struct imp_span name, value; /* neither holds a NUL byte */
};

/* Copies them; a value may be empty. Of two with one name the first counts. The
 * caller has the one reference. NULL without memory. */
struct imp_answer *imp_answer_new(const struct imp_said *said, size_t n,
                                  struct imp_err *err);

/* One more reference; returns `answer`. */
struct imp_answer *imp_answer_ref(struct imp_answer *answer);

/* One less; the last frees it. NULL is fine. */
void imp_answer_unref(struct imp_answer *answer);

/* The value of `name`, with a NUL; borrowed. NULL: it says nothing of that. */
const char *imp_answer_get(const struct imp_answer *answer, const char *name);

#endif
