/* examine.h - is the ledger as it was written? For whoever verifies an archive:
 * nothing is changed, and no run is held up.
 *
 * SQLite's log (WAL) lets a reader see one state of the ledger while a run
 * writes on, without a copy, whose cost would grow with the ledger. */
#ifndef IMP_LEDGER_EXAMINE_H
#define IMP_LEDGER_EXAMINE_H

#include "ledger/audit.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_ctx;

/* The ledger in `state` as it is now: what is asked of it before the end of
 * _examine_log shows this one state. The lock is held only while it is opened:
 * if another run has it, IMP_ERR_BUSY, or with `wait` it is waited for, as for
 * imp_ledger_open. A ledger of an older schema, or on a file system that is
 * read only, is copied
 * ($TMPDIR), and brought up to date there. NULL with
 * IMP_OK in `err`: there is none; IMP_ERR_IO: it cannot be read, because it is
 * damaged or the disk is; IMP_ERR_CONFIG as for imp_ledger_open. */
struct imp_ledger *imp_ledger_open_reading(const char *state,
                                           struct imp_ctx *wait,
                                           struct imp_err *err);

/* Has a run begun, so that archive and ledger may be about to change? */
bool imp_ledger_in_use(const struct imp_ledger *l);

/* The identity that the ledger is bound to, NULL if to none, which the caller
 * frees; `*sound` tells whether that row is as it was written. */
bool imp_ledger_bound(struct imp_ledger *l, char **identity, bool *sound,
                      struct imp_err *err);

/* Has the last run written the archive's manifest, and nothing been recorded
 * since? Then an archive without one was damaged, not interrupted. */
bool imp_ledger_finished(struct imp_ledger *l, bool *finished,
                         struct imp_err *err);

/* Intents that no run has settled. */
bool imp_ledger_count_intents(struct imp_ledger *l, uint64_t *n,
                              struct imp_err *err);

/* Tell what is wrong with the database: pages, indexes, references between
 * rows, sums of rows, rows that are missing (but for the last ones, for which
 * see _examine_log). `what`
 * names a table and a row, never a value. False stops it; so does a cancel of
 * `ctx` (IMP_ERR_CANCELLED). */
typedef bool (*imp_ledger_fault_fn)(void *self, const char *what,
                                    struct imp_err *err);
bool imp_ledger_examine(struct imp_ledger *l, struct imp_ctx *ctx,
                        imp_ledger_fault_fn fn, void *self,
                        struct imp_err *err);

/* imp_audit_verify of the log beside the ledger, by what the ledger expects of
 * it, and of the ledger's rows, last ones included, by what the log says of
 * them: faults in these go to `row`. `*kept` is false if there is no log, and
 * need not be. After this the ledger is seen as it is then: a run that goes on
 * may clear SQLite's log. */
bool imp_ledger_examine_log(struct imp_ledger *l, struct imp_ctx *ctx,
                            imp_ledger_fault_fn row, imp_audit_finding_fn fn,
                            void *self, bool *kept,
                            struct imp_audit_summary *out, struct imp_err *err);

/* For each input that became an object: the object's name, the policy, and how
 * it was marked, as in struct imp_input_row; NULL: not known. */
typedef bool (*imp_ledger_made_fn)(void *self, const char *object,
                                   const struct imp_digest *policy,
                                   const char *route, struct imp_err *err);
bool imp_ledger_each_made(struct imp_ledger *l, imp_ledger_made_fn fn,
                          void *self, struct imp_err *err);

/* For each policy of the runs, its text; NULL: it was not kept. */
typedef bool (*imp_ledger_text_fn)(void *self, const struct imp_digest *policy,
                                   const char *text, struct imp_err *err);
bool imp_ledger_each_text(struct imp_ledger *l, imp_ledger_text_fn fn,
                          void *self, struct imp_err *err);

#endif
