/* journal.h - the ledger's own audit log, and how the two stay in step.
 *
 * What a line says is in the ledger first: a row that is written has the number
 * that its line will have. Only when that transaction is durable is the line
 * written, and only when the line is durable is anyone told, or a source
 * touched. A crash between the two leaves the log behind; the next start writes
 * from the ledger what it lacks. So neither claims what the other does not
 * know, but for lines about a row that was changed since.
 *
 * All on the ledger's thread. */
#ifndef IMP_LEDGER_JOURNAL_H
#define IMP_LEDGER_JOURNAL_H

#include "ledger/audit.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_journal; /* opaque */

/* Open the audit log beside the ledger, which must outlive it, and write what
 * it lacks. NULL with `err`: IMP_ERR_CONFIG also if the log ends before a line
 * that the ledger knows to be durable, or with another. */
struct imp_journal *imp_journal_open(struct imp_ledger *l, struct imp_err *err);

/* Flush, close and free; NULL is fine, and true. */
bool imp_journal_close(struct imp_journal *j, struct imp_err *err);

/* The number of the next line, for a row that is about to be written; 0 without
 * a journal (NULL, here and below). And once it is written: it is taken. */
uint64_t imp_journal_next(const struct imp_journal *j);
void imp_journal_take(struct imp_journal *j);

/* Between _begin and _commit: note in the ledger which numbers are taken, and
 * the last line that is durable. */
bool imp_journal_note(struct imp_journal *j, struct imp_err *err);

/* The transaction with the numbers taken since the last _note was undone. */
void imp_journal_undo(struct imp_journal *j);

/* The transaction is durable: write the line. */
void imp_journal_tell(struct imp_journal *j, const struct imp_audit_entry *e);

/* Wait until the lines told are durable. */
bool imp_journal_flush(struct imp_journal *j, struct imp_err *err);

/* The end of the run: tell its line, make all durable and note that in the
 * ledger. */
bool imp_journal_end(struct imp_journal *j, int64_t run, const char *outcome,
                     struct imp_err *err);

/* What the ledger expects of its log: the last line that it knows to be
 * durable, and the highest number that it has given. For whoever verifies. */
bool imp_journal_expected(struct imp_ledger *l, struct imp_audit_mark *mark,
                          uint64_t *highest, struct imp_err *err);

/* What verifying found, besides what was told. */
struct imp_journal_check {
    struct imp_audit_summary log;
    bool by_ledger;   /* there is a ledger, so that a log that was cut off at
                         its end is seen */
    uint64_t highest; /* number that the ledger has given: lines behind the
                         log's last are still to be written, by the run that is
                         at work or, after a crash, by the next */
};

/* Verify the audit log in `state`, beside a run if there is one: by itself and
 * by the ledger. As imp_audit_verify; any thread. */
bool imp_journal_verify(const char *state, imp_audit_finding_fn fn, void *self,
                        struct imp_ctx *ctx, struct imp_journal_check *out,
                        struct imp_err *err);

#endif
