/* row.h - what the ledger and the audit log are to say of one result. */
#ifndef IMP_LEDGER_ROW_H
#define IMP_LEDGER_ROW_H

#include "ledger/audit.h"
#include "ledger/recorder.h"

/* In the recorder's transaction, when the objects are in: put the input's row,
 * with the object of its name; take the next number of the audit log for its
 * line, and fill that in (`seq` 0: it has none), whose texts are borrowed from
 * `r` and `record`. An image whose object is missing, or has other bytes, has
 * failed. */
bool imp_row_of_result(const struct imp_record *record, struct imp_result *r,
                       struct imp_audit_entry *line, struct imp_err *err);

/* Note the code of a result's subject, if it has one, and hold the ledger to
 * the terms that the result was made by, between begin and commit. If the code
 * contradicts what the ledger knows, the result is FAILED. */
bool imp_row_of_subject(const struct imp_record *record, struct imp_result *r,
                        struct imp_err *err);

#endif
