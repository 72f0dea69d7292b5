// The producer: what the sources find is looked up in the ledger, and what is
// not done yet becomes a job.
#include "pipeline/internal.h"

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
static void send_failure(struct imp_run *run, const char *path,
                         const struct imp_stamp *stamp,
                         const struct imp_err *err)
{
    imp_counter_add(&run->scanned, 1);
    struct imp_result *r = imp_result_of_error(path, stamp, err);
    if (r)
        imp_sequence_number(run, run->background, &r->number);
    imp_run_send_result(run, r);
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
        return "done before";
    case IMP_QUARANTINED:
        if (run->config->retry_quarantined)
            return NULL;
        imp_counter_add(&run->still_quarantined, 1);
        return "quarantined before";
    case IMP_SKIPPED:
    case IMP_FAILED:
    case IMP_CANCELLED:
        break;
    }
    return NULL;
}

// Passed over, because the ledger knows that it needs no work?
static bool skip_known(struct imp_run *run, const char *path,
                       const struct imp_stamp *stamp, bool *skipped,
                       struct imp_err *err)
{
    struct imp_known known;
    if (!imp_ledger_known(run->known, path, stamp, &known, err))
        return false;
    const char *why = done_before(run, &known);
    *skipped = why;
    if (why)
        skip(run, path, why);
    return true;
}

// False once the scan is cancelled. Its number is taken first, and must become
// a result then, too.
static bool send_job(struct imp_run *run, struct imp_job *job)
{
    struct imp_err err = {0};
    imp_fail(&err, IMP_ERR_CANCELLED, "not begun");
    if (!imp_sequence_number(run, run->scan, &job->number)) {
        send_failure(run, job->path, &job->stamp, &err);
    } else {
        imp_counter_add(&run->scanned, 1);
        if (imp_chan_send(run->scan, (struct imp_chan_tx){run->jobs}, job))
            return true;
        imp_run_send_result(run, imp_result_of_job(job, &err));
    }
    imp_job_free(job);
    return false;
}

static bool found(void *self, struct imp_job *job)
{
    struct imp_run *run = self;
    struct imp_err err = {0};
    bool done = false;
    bool ok = skip_known(run, job->path, &job->stamp, &done, &err);
    if (!ok)
        send_failure(run, job->path, &job->stamp, &err);
    if (!ok || done) {
        imp_job_free(job);
        return true;
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
    static const struct imp_stamp none;
    struct imp_run *run = self;
    struct imp_err trouble = {0};
    bool done = false;
    if (imp_outcome_of(err->code) == IMP_QUARANTINED &&
        !skip_known(run, path, &none, &done, &trouble))
        err = &trouble;
    if (!done)
        send_failure(run, path, &none, err);
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
