/* kept.h - answers that were given lately, so that a source that is asked over
 * the network is not asked for each image of a subject. For one run: an answer
 * that is kept does not change. */
#ifndef IMP_LOOKUP_KEPT_H
#define IMP_LOOKUP_KEPT_H

#include "lookup/answer.h"

#include <stdbool.h>
#include <stdint.h>

#define IMP_KEPT_UNKNOWN_MS 10000 /* a key that no one knew is asked again */

struct imp_kept; /* opaque; any thread */

/* For `most` answers; those asked for least recently go first. NULL with
 * IMP_ERR_MEMORY. */
struct imp_kept *imp_kept_new(size_t most, struct imp_err *err);
void imp_kept_free(struct imp_kept *kept); /* NULL is fine */

/* Is the answer for `key` kept? `*answer` is a reference of the caller's, or
 * NULL if no one knew the key. `now_ms` is of a clock that never goes back. */
bool imp_kept_get(struct imp_kept *kept, struct imp_span key, int64_t now_ms,
                  struct imp_answer **answer);

/* Keep it: with a reference of its own, or NULL for a key that no one knows.
 * Without memory it is not kept. */
void imp_kept_put(struct imp_kept *kept, struct imp_span key, int64_t now_ms,
                  struct imp_answer *answer);

#endif
