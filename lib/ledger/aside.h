/* aside.h - which images of a group are to be published, and which are not:
 * duplicates, those whose name another object has, and those whose input is
 * archived as another subject's. */
#ifndef IMP_LEDGER_ASIDE_H
#define IMP_LEDGER_ASIDE_H

#include "ledger/recorder.h"

/* Of the ARCHIVED ones among `n` results, in the order in which they came, make
 * those DUPLICATE or FAILED that are not to be published: an object of the
 * ledger, or one of them that is, has their name, or one that cannot stand
 * beside it (see imp_ledger_name_is_apart); or their input, as it was read, is
 * archived as another subject's, or twice in the group, as two. What is
 * staged for them is still to be discarded. On the ledger's own thread. False,
 * with `err`, if the ledger cannot be asked: some are judged then. */
bool imp_set_aside(struct imp_ledger *l, struct imp_result *const *group,
                   size_t n, struct imp_err *err);

/* FAILED: another object has the name. */
void imp_fail_name_taken(struct imp_result *r);

#endif
