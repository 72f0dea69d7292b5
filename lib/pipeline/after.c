#include "pipeline/after.h"

#include "pipeline/guard.h"
#include "pipeline/internal.h"

#include <stdlib.h>

// So many sources leave between two syncs of their directories.
#define SETTLE_EVERY 256

static bool open_leaver(struct imp_run *run, struct imp_err *err)
{
    struct imp_after_rule rule = run->config->after;
    char *archive = imp_target_identity(&run->config->archive, err);
    rule.archive = archive;
    if (archive)
        run->leaver = imp_leaver_new(&rule, err);
    free(archive);
    return run->leaver;
}

bool imp_after_open(struct imp_run *run, struct imp_err *err)
{
    const struct imp_run_config *config = run->config;
    if (config->dry_run)
        return true;
    if (config->after.what != IMP_AFTER_KEEP && !open_leaver(run, err))
        return false;
    return !config->quarantine ||
           (run->quarantine = imp_quarantine_open(config->quarantine, err));
}

const char *imp_after_name(enum imp_after what)
{
    switch (what) {
    case IMP_AFTER_KEEP:
        return NULL;
    case IMP_AFTER_MOVE:
        return "move";
    case IMP_AFTER_DELETE:
        return "delete";
    }
    return NULL;
}

// The first of them is told at the end.
static void note(struct imp_err *trouble, const struct imp_err *err)
{
    if (trouble->code == IMP_OK)
        *trouble = *err;
}

void imp_after_known(struct imp_run *run, const struct imp_job *job)
{
    struct imp_err err = {0};
    if (run->quarantine &&
        !imp_quarantine_drop(run->quarantine, job->path, &job->stamp, &err))
        note(&run->scan_trouble, &err);
}

static void tell_kept(struct imp_run *run, const char *path, bool changed,
                      const struct imp_err *err)
{
    imp_counter_add(changed ? &run->sources_changed : &run->sources_failed, 1);
    if (run->config->on_kept)
        run->config->on_kept(run->config->self, &(struct imp_kept){
                                                    .path = path,
                                                    .changed = changed,
                                                    .err = err,
                                                });
}

static void settle(struct imp_run *run)
{
    struct imp_err err = {0};
    run->unsettled = 0;
    if (!imp_leaver_settle(run->leaver, &err))
        note(&run->trouble, &err);
}

// Has the archive the image that the ledger has for this source? No more is
// read of it than tells that it is there and not empty: what else may have
// happened to it is for imgpipe verify to find. It is read all the same, though
// in a store that costs a connection and a HEAD would not: a store goes on
// naming what it cannot hand out, and then the source must not leave.
static bool is_there(struct imp_run *run, const struct imp_result *r,
                     struct imp_err *err)
{
    bool found;
    struct imp_archived a;
    struct imp_buf none = {0};
    struct imp_err why = {0};
    if (!imp_ledger_archived(run->ledger, r->path, &r->stamp, &found, &a, err))
        return false;
    if (!found)
        return imp_fail(err, IMP_ERR_IO, "the ledger has no image of it");
    const struct imp_object object = {a.name, a.digest, a.length, a.place,
                                      a.stored};
    struct imp_target *target = run->target;
    bool empty = target->ops->read(target, &object, 0, &none, &why);
    imp_buf_clear(&none);
    if (why.code == IMP_ERR_LIMIT)
        return true;
    return imp_fail(err, IMP_ERR_IO, "its image is lost: %s",
                    empty ? "there is an empty file" : why.msg);
}

// What this run has published is there. What another has may not be any more,
// and then the source is perhaps all that is left.
static enum imp_left leave_if_archived(struct imp_run *run,
                                       const struct imp_result *r,
                                       struct imp_err *err)
{
    const struct imp_job job = {r->path, r->root_len, r->stamp};
    struct imp_target *target = run->target;
    if (target->ops->owns && target->ops->owns(target, r->path, r->name)) {
        imp_fail(err, IMP_ERR_CONFIG, "the source is a file of the archive");
        return IMP_LEFT_FAILED;
    }
    if (r->outcome != IMP_ARCHIVED && !is_there(run, r, err))
        return IMP_LEFT_FAILED;
    return imp_leave(run->leaver, &job, err);
}

static void leave(struct imp_run *run, const struct imp_result *r)
{
    struct imp_err err = {0};
    switch (leave_if_archived(run, r, &err)) {
    case IMP_LEFT_DONE:
        imp_counter_add(&run->sources_removed, 1);
        if (++run->unsettled == SETTLE_EVERY)
            settle(run);
        break;
    case IMP_LEFT_GONE:
        break;
    case IMP_LEFT_CHANGED:
        tell_kept(run, r->path, true, &err);
        break;
    case IMP_LEFT_FAILED:
        tell_kept(run, r->path, false, &err);
        break;
    }
}

void imp_after_settled(struct imp_run *run, const struct imp_result *r)
{
    struct imp_err err = {0};
    bool in_archive = r->outcome == IMP_ARCHIVED ||
                      r->outcome == IMP_DUPLICATE ||
                      (r->outcome == IMP_SKIPPED && r->skip);
    if (!imp_guard_settled(run, r, &err))
        note(&run->trouble, &err);
    if (!in_archive)
        return;
    if (run->quarantine &&
        !imp_quarantine_drop(run->quarantine, r->path, &r->stamp, &err))
        note(&run->trouble, &err);
    if (run->leaver)
        leave(run, r);
}

bool imp_after_end(struct imp_run *run, struct imp_err *err)
{
    if (run->leaver)
        settle(run);
    note(&run->trouble, &run->scan_trouble);
    if (run->trouble.code == IMP_OK)
        return true;
    if (err)
        *err = run->trouble;
    return false;
}
