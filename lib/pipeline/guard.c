#include "pipeline/guard.h"

#include "pipeline/internal.h"

bool imp_guard_open(struct imp_run *run, struct imp_err *err)
{
    if (run->config->dry_run)
        return true;
    run->inflight = imp_inflight_open(run->config->state, err);
    return run->inflight &&
           imp_ledger_take_suspects(run->ledger, run->inflight, err) &&
           imp_ledger_load_suspects(run->ledger, &run->suspects, err);
}

bool imp_guard_start(struct imp_run *run, struct imp_err *err)
{
    return !run->inflight ||
           imp_inflight_start(run->inflight, run->id, run->config->jobs, err);
}

void imp_guard_end(struct imp_run *run)
{
    if (run->inflight)
        imp_inflight_end(run->inflight);
}

void imp_guard_hold(struct imp_run *run, unsigned slot,
                    const struct imp_job *job)
{
    if (run->inflight)
        imp_inflight_hold(run->inflight, slot, job->path, &job->stamp);
}

void imp_guard_release(struct imp_run *run, unsigned slot)
{
    if (run->inflight)
        imp_inflight_release(run->inflight, slot);
}

enum imp_guard_says imp_guard_ask(const struct imp_run *run,
                                  const struct imp_job *job)
{
    const struct imp_suspect *s = imp_suspects_find(&run->suspects, job->path);
    if (!s || !imp_stamp_same_file(&s->stamp, &job->stamp))
        return IMP_GUARD_GO;
    return s->deaths >= 2 && !run->config->retry_quarantined ? IMP_GUARD_REFUSE
                                                             : IMP_GUARD_ALONE;
}

bool imp_guard_settled(struct imp_run *run, const struct imp_result *r,
                       struct imp_err *err)
{
    bool survived =
        r->outcome == IMP_ARCHIVED || r->outcome == IMP_DUPLICATE ||
        (r->outcome == IMP_QUARANTINED && r->err.code != IMP_ERR_CRASHED);
    return !survived || !imp_suspects_find(&run->suspects, r->path) ||
           imp_ledger_drop_suspect(run->ledger, r->path, err);
}
