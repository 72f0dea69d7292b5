/* guard.h - the crash guard of a run: what was in a worker's hands when the
 * program died is tried alone, in its place in the scan's order; and not at all
 * once the program has died of that, too. Not for other modules.
 *
 * A dry run has none: it may write nothing. */
#ifndef IMP_PIPELINE_GUARD_H
#define IMP_PIPELINE_GUARD_H

#include "base/err.h"

#include <stdbool.h>

struct imp_job;
struct imp_result;
struct imp_run;

/* Learn what an earlier run left; run->ledger is open. */
bool imp_guard_open(struct imp_run *run, struct imp_err *err);

/* The run has its number: from now on the slots are this run's. */
bool imp_guard_start(struct imp_run *run, struct imp_err *err);

/* All workers have ended. Or the run was told to stop: whoever told it may kill
 * it for taking too long, which then says nothing about what is in hand. */
void imp_guard_end(struct imp_run *run);

/* The worker of this slot starts on the job, and has sent its result. */
void imp_guard_hold(struct imp_run *run, unsigned slot,
                    const struct imp_job *job);
void imp_guard_release(struct imp_run *run, unsigned slot);

/* The producer asks what is to become of a job. */
enum imp_guard_says { IMP_GUARD_GO, IMP_GUARD_ALONE, IMP_GUARD_REFUSE };
enum imp_guard_says imp_guard_ask(const struct imp_run *run,
                                  const struct imp_job *job);

/* The result's outcome is durable: if the program has worked on it and lives,
 * it is no suspect any more. Recorder's thread. */
bool imp_guard_settled(struct imp_run *run, const struct imp_result *r,
                       struct imp_err *err);

#endif
