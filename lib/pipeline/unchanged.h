/* unchanged.h - does an output, when it is cut again, come out as it is? Any
 * thread. */
#ifndef IMP_PIPELINE_UNCHANGED_H
#define IMP_PIPELINE_UNCHANGED_H

#include "image/cutlist.h"

#include <stdbool.h>
#include <stdint.h>

/* `again` is the finished list of `out`. True if it keeps all; or if what goes
 * lies in [at, at + length), a mark, and the rest comes out as it is. If not,
 * `*what` names a part that does not. */
bool imp_unchanged(const struct imp_cutlist *again, struct imp_span out,
                   uint64_t at, uint64_t length, const char **what);

#endif
