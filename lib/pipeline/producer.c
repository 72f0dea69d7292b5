// The producer: what the sources find is looked up in the ledger, and what is
// not done yet becomes a job.
#include "pipeline/after.h"
#include "pipeline/guard.h"
#include "pipeline/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void skip(struct imp_run *run, const char *path, const char *why)
{
    imp_counter_add(&run->scanned, 1);
    imp_run_tell(run, &(struct imp_event){
                          .path = path, .outcome = IMP_SKIPPED, .skip = why});
}

// What the source or the ledger could not tell about goes down the same way
// as the images: the recorder notes it.
static void send_failure(struct imp_run *run, const struct imp_job *job,
                         const struct imp_err *err)
{
    imp_counter_add(&run->scanned, 1);
    struct imp_result *r = imp_result_of_job(job, err);
    if (r && r->outcome == IMP_QUARANTINED)
        imp_run_quarantine(run, job, r);
    if (r)
        imp_sequence_number(run, run->background, &r->number);
    imp_run_send_result(run, r);
}

// An earlier run has archived it; the recorder sees to its source, which a
// crash may have kept, or the rule that run had.
static void send_known(struct imp_run *run, const struct imp_job *job,
                       const char *why)
{
    imp_counter_add(&run->scanned, 1);
    struct imp_err err = {0};
    struct imp_result *r = imp_result_of_job(job, &err);
    if (r) {
        r->outcome = IMP_SKIPPED;
        r->skip = why;
        imp_sequence_number(run, run->background, &r->number);
    }
    imp_run_send_result(run, r);
}

static bool was_archived(const struct imp_known *known)
{
    return known->outcome == IMP_ARCHIVED || known->outcome == IMP_DUPLICATE;
}

// Why an input that the ledger knows needs no work, or NULL.
static const char *done_before(struct imp_run *run,
                               const struct imp_known *known)
{
    if (!known->found || known->changed)
        return NULL;
    switch (known->outcome) {
    case IMP_ARCHIVED:
    case IMP_DUPLICATE:
        // Before a source may go it must be certain that its bytes are those
        // that were archived: else they are archived once more.
        return run->leaver && known->touched ? NULL : "done before";
    case IMP_QUARANTINED:
        if (run->config->retry_quarantined)
            return NULL;
        imp_counter_add(&run->still_quarantined, 1);
        return "quarantined before";
    case IMP_FAILED:
        if (!run->config->pass_failed)
            return NULL;
        imp_counter_add(&run->still_failed, 1);
        return "failed before";
    case IMP_SKIPPED:
    case IMP_CANCELLED:
        break;
    }
    return NULL;
}

// Was it archived as that of the subject whose it is? Else the archive has it
// under a wrong code, and that its source goes now, or that nothing is said,
// would be a false success.
static bool check_subject(struct imp_run *run, const struct imp_job *job,
                          struct imp_err *err)
{
    char *subject;
    if (!imp_ledger_subject_of(run->known, job->path, &job->stamp, &subject,
                               err))
        return false;
    bool ok =
        !subject || imp_whose_check_subject(run->whose, job, subject, err);
    free(subject);
    return ok;
}

// Passed over, because the ledger knows that it needs no work?
static bool skip_known(struct imp_run *run, const struct imp_job *job,
                       bool *skipped, struct imp_err *err)
{
    struct imp_known known;
    if (!imp_ledger_known(run->known, job->path, &job->stamp, &known, err))
        return false;
    const char *why = done_before(run, &known);
    *skipped = why;
    if (run->config->whose.from && known.found && !known.changed &&
        was_archived(&known) && !check_subject(run, job, err))
        return false;
    if (!why)
        return true;
    if (was_archived(&known) && run->leaver) {
        send_known(run, job, why);
        return true;
    }
    if (was_archived(&known))
        imp_after_known(run, job);
    skip(run, job->path, why);
    return true;
}

// False once the scan is cancelled. Its number is taken first, and must become
// a result then, too.
static bool send_job(struct imp_run *run, struct imp_job *job)
{
    struct imp_err err = {0};
    imp_fail(&err, IMP_ERR_CANCELLED, "not begun");
    if (!imp_sequence_number(run, run->scan, &job->number)) {
        send_failure(run, job, &err);
    } else {
        imp_counter_add(&run->scanned, 1);
        imp_waitgroup_add(&run->in_hand, 1);
        if (imp_chan_send(run->scan, (struct imp_chan_tx){run->jobs}, job))
            return true;
        imp_waitgroup_done(&run->in_hand);
        imp_run_send_result(run, imp_result_of_job(job, &err));
    }
    imp_job_free(job);
    return false;
}

// The same for a job that may kill the program: no other is to die with it.
static bool send_alone(struct imp_run *run, struct imp_job *job)
{
    // If it is cancelled, so is the sending.
    imp_waitgroup_wait(run->scan, &run->in_hand);
    bool sent = send_job(run, job);
    return sent && imp_waitgroup_wait(run->scan, &run->in_hand);
}

static bool refuse(struct imp_run *run, struct imp_job *job)
{
    struct imp_err err = {0};
    imp_fail(&err, IMP_ERR_CRASHED,
             "the program died twice while it worked on this file");
    send_failure(run, job, &err);
    imp_job_free(job);
    return true;
}

static bool found(void *self, struct imp_job *job)
{
    struct imp_run *run = self;
    struct imp_err err = {0};
    bool done = false;
    bool ok = skip_known(run, job, &done, &err);
    if (!ok)
        send_failure(run, job, &err);
    if (!ok || done) {
        imp_job_free(job);
        return true;
    }
    switch (imp_guard_ask(run, job)) {
    case IMP_GUARD_GO:
        break;
    case IMP_GUARD_ALONE:
        return send_alone(run, job);
    case IMP_GUARD_REFUSE:
        return refuse(run, job);
    }
    return send_job(run, job);
}

static bool skipped(void *self, const char *path, enum imp_skip why)
{
    skip(self, path, imp_skip_name(why));
    return true;
}

// A link or a FIFO is quarantined once, as a bad file is. It has no stamp; a
// file in its place has one, and so has changed.
static bool failed(void *self, const char *path, const struct imp_err *err)
{
    const struct imp_job job = {.path = (char *)(uintptr_t)path};
    struct imp_run *run = self;
    struct imp_err trouble = {0};
    bool done = false;
    if (imp_outcome_of(err->code) == IMP_QUARANTINED &&
        !skip_known(run, &job, &done, &trouble))
        err = &trouble;
    if (!done)
        send_failure(run, &job, err);
    return true;
}

void imp_produce(struct imp_run *run)
{
    const struct imp_run_config *config = run->config;
    const struct imp_source_sink sink = {
        .self = run, .found = found, .skipped = skipped, .failed = failed};
    for (const char *const *path = config->paths;
         *path && !imp_ctx_cancelled(run->scan); path++) {
        struct imp_err err = {0};
        bool ok =
            strcmp(*path, "-") == 0
                ? imp_source_list(run->scan, STDIN_FILENO, config->nul_ended,
                                  &config->rules, &sink, &err)
                : imp_source_path(run->scan, *path, &config->rules, &sink,
                                  &err);
        if (!ok) // the other sources are still worth a visit
            failed(run, *path, &err);
    }
    imp_chan_close((struct imp_chan_tx){run->jobs});
}
