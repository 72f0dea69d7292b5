/* reconcile.h - are the ledger's rows what the audit log has told of them?
 * Inside of the module.
 *
 * Each row of an input or a run has the number of its line. The lines come in
 * the order of their numbers, and so do the rows, which SQLite sorts on disk
 * ($TMPDIR): both are gone through once, in step, and memory does not grow.
 *
 * What may be: a line about a row that has a later one by now; no line yet for
 * the last rows, for which a crash left no time; lines that the ledger has not
 * given a number for, which whoever verifies the log tells of. Rows of before
 * there was a log have no number. */
#ifndef IMP_LEDGER_RECONCILE_H
#define IMP_LEDGER_RECONCILE_H

#include "ledger/audit_internal.h"
#include "ledger/examine.h"

struct imp_reconcile; /* opaque */

/* The rows of `l` as it is seen now, which must outlive it; `highest` is the
 * number that it has given last. Faults go to `fn`, and so does what keeps the
 * rows from being read: then no more of them are compared. Of each kind only
 * the first few are told one by one. NULL with `err`: without memory, or
 * cancelled. */
struct imp_reconcile *imp_reconcile_new(struct imp_ledger *l, uint64_t highest,
                                        imp_ledger_fault_fn fn, void *self,
                                        struct imp_err *err);
void imp_reconcile_free(struct imp_reconcile *r); /* NULL is fine */

/* An imp_audit_line_fn; `self` is the struct imp_reconcile. */
bool imp_reconcile_line(void *self, struct imp_span text,
                        const struct imp_audit_line *line, struct imp_err *err);

/* Behind the last line. */
bool imp_reconcile_end(struct imp_reconcile *r, struct imp_err *err);

#endif
