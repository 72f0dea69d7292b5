/* suspects.h - inputs that a worker had in its hands when the program died.
 *
 * Which of them it died of is not known, and perhaps it was killed from
 * outside. So each is tried alone, once; if the program dies again, it was
 * that one. */
#ifndef IMP_LEDGER_SUSPECTS_H
#define IMP_LEDGER_SUSPECTS_H

#include "base/stamp.h"
#include "ledger/inflight.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_suspect {
    char *path;
    struct imp_stamp stamp; /* the change time is not known */
    int64_t deaths;         /* how often the program died with it, in this form,
                               in hand: from the second time on it was alone */
};

/* `{0}` is none. */
struct imp_suspects {
    struct imp_suspect *item; /* by path */
    size_t n;
};

/* Note in the ledger, durably, what a dead run left in `f`. Killed anywhere and
 * called again, it counts each death once. */
bool imp_ledger_take_suspects(struct imp_ledger *l, struct imp_inflight *f,
                              struct imp_err *err);

/* All that there are, into `out` (`{0}`), which the caller clears, on failure
 * too. */
bool imp_ledger_load_suspects(struct imp_ledger *l, struct imp_suspects *out,
                              struct imp_err *err);
void imp_suspects_clear(struct imp_suspects *s);

/* The one at `path`, whatever its stamp; else NULL. Any thread. */
const struct imp_suspect *imp_suspects_find(const struct imp_suspects *s,
                                            const char *path);

/* The program worked on it and lives: it is no suspect. */
bool imp_ledger_drop_suspect(struct imp_ledger *l, const char *path,
                             struct imp_err *err);

#endif
