/* after.h - what follows once an input is in the archive and its commit is
 * durable: its source leaves, its quarantined copy goes. Not for other modules.
 *
 * All on the recorder's thread, if nothing else is said. */
#ifndef IMP_PIPELINE_AFTER_H
#define IMP_PIPELINE_AFTER_H

#include "source/leave.h"

#include <stdbool.h>

struct imp_job;
struct imp_result;
struct imp_run;

/* Open the directories that the configuration names. */
bool imp_after_open(struct imp_run *run, struct imp_err *err);

/* As the audit log has it; NULL: sources stay. */
const char *imp_after_name(enum imp_after what);

/* Of a result whose outcome is final and durable, or whose input an earlier run
 * has archived: a crash may have come between its commit and this. What goes
 * wrong is counted and told; what concerns the run as a whole stays for _end.
 */
void imp_after_settled(struct imp_run *run, const struct imp_result *r);

/* The same of an input that an earlier run has archived, if its source stays.
 * Producer's thread. */
void imp_after_known(struct imp_run *run, const struct imp_job *job);

/* All threads have ended: make removals durable. False with what could not be
 * done. */
bool imp_after_end(struct imp_run *run, struct imp_err *err);

#endif
