// The wiring: one producer, N workers, one recorder, and the order in which
// they end.
#include "pipeline/after.h"
#include "pipeline/guard.h"
#include "pipeline/internal.h"

#include <stdlib.h>
#include <string.h>

void imp_run_tell(struct imp_run *run, const struct imp_event *event)
{
    imp_counter_add(&run->outcome[event->outcome], 1);
    if (run->config->on_event)
        run->config->on_event(run->config->self, event);
}

void imp_run_counts(struct imp_run *run, struct imp_run_counts *out)
{
    *out = (struct imp_run_counts){
        .scanned = imp_counter_get(&run->scanned),
        .still_quarantined = imp_counter_get(&run->still_quarantined),
        .still_failed = imp_counter_get(&run->still_failed),
        .sources_removed = imp_counter_get(&run->sources_removed),
        .sources_changed = imp_counter_get(&run->sources_changed),
        .sources_failed = imp_counter_get(&run->sources_failed),
        .unmarked = imp_counter_get(&run->unmarked),
        .bytes_in = imp_counter_get(&run->bytes_in),
        .bytes_out = imp_counter_get(&run->bytes_out),
        .queued = imp_chan_len(run->jobs),
        .run = run->id,
        .other_recipe = run->other_recipe,
        .taken_up = run->taken_up,
        .dates_removed = imp_policy_settings(run->policy)->shifts_dates &&
                         !run->config->whose.key_file,
    };
    for (int i = 0; i < IMP_OUTCOMES; i++)
        out->outcome[i] = imp_counter_get(&run->outcome[i]);
}

// --- The recorder's hands in the archive ---

static bool settle(void *self, struct imp_result *const *group, size_t n,
                   struct imp_err *err)
{
    struct imp_run *run = self;
    const struct imp_staged **staged = calloc(n, sizeof *staged);
    if (!staged)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a group");
    for (size_t i = 0; i < n; i++)
        staged[i] = group[i]->staged;
    bool ok = run->target->ops->settle(run->target, staged, n, err);
    free(staged);
    return ok;
}

static void publish_all(struct imp_target *target,
                        struct imp_publication *publication,
                        struct imp_result *const *group, size_t n,
                        struct imp_err *why)
{
    for (size_t i = 0; i < n; i++)
        publication[i] = (struct imp_publication){
            .staged = group[i]->staged,
            .object = {group[i]->name, group[i]->digest, group[i]->length, 0,
                       0},
        };
    target->ops->publish(target, publication, n);
    for (size_t i = 0; i < n; i++) {
        struct imp_publication *p = &publication[i];
        group[i]->place = p->object.place;
        group[i]->stored = p->object.stored;
        why[i] = p->err;
        if (p->err.code == IMP_OK)
            free(p->staged);
    }
}

static void publish(void *self, struct imp_result *const *group, size_t n,
                    struct imp_err *why)
{
    struct imp_run *run = self;
    struct imp_publication *publication = calloc(n, sizeof *publication);
    if (publication)
        publish_all(run->target, publication, group, n, why);
    for (size_t i = 0; !publication && i < n; i++)
        imp_fail(&why[i], IMP_ERR_MEMORY, "no memory for a group");
    free(publication);
}

static bool settle_names(void *self, struct imp_err *err)
{
    struct imp_run *run = self;
    return run->target->ops->settle_names(run->target, err);
}

static void discard(void *self, struct imp_result *r)
{
    struct imp_run *run = self;
    run->target->ops->discard(run->target, r->staged);
    free(r->staged);
}

static bool retract(void *self, const struct imp_object *object,
                    struct imp_err *err)
{
    struct imp_run *run = self;
    return run->target->ops->retract(run->target, object, err);
}

static void done(void *self, const struct imp_result *r)
{
    struct imp_run *run = self;
    imp_counter_add(&run->bytes_in, r->bytes_in);
    if (r->outcome == IMP_ARCHIVED)
        imp_counter_add(&run->bytes_out, r->length);
    bool in_archive = r->outcome == IMP_ARCHIVED || r->outcome == IMP_DUPLICATE;
    imp_run_tell(run, &(struct imp_event){
                          .path = r->path,
                          .outcome = r->outcome,
                          .err = in_archive ? NULL : &r->err,
                          .skip = r->skip,
                          .name = in_archive ? r->name : NULL,
                      });
    imp_after_settled(run, r);
}

struct recorder {
    struct imp_run *run;
    struct imp_err err; // read after the join
    bool ok;
};

static void *record(void *self)
{
    struct recorder *rec = self;
    struct imp_run *run = rec->run;
    const struct imp_commit_ops ops = {
        .self = run,
        .settle = settle,
        .publish = publish,
        .settle_names = settle_names,
        .discard = discard,
        .retract = retract,
        .done = done,
    };
    const struct imp_chan_rx rx = {run->ordered ? run->ordered : run->results};
    const struct imp_digest policy = imp_policy_digest(run->policy);
    const struct imp_record record = {
        .ledger = run->ledger,
        .run = run->id,
        .policy = &policy,
        .terms = *imp_whose_terms(run->whose),
        .after = imp_after_name(run->config->after.what)};
    rec->ok =
        imp_recorder_run(&record, rx, &ops, &run->config->commit, &rec->err);
    return NULL;
}

// --- Producer and workers ---

static void *produce(void *self)
{
    imp_produce(self);
    return NULL;
}

static void *sequence(void *self)
{
    imp_sequence(self);
    return NULL;
}

void imp_run_send_result(struct imp_run *run, struct imp_result *r)
{
    if (!r)
        imp_no_memory("a result");
    imp_chan_send(run->background, (struct imp_chan_tx){run->results}, r);
}

struct worker_thread {
    pthread_t thread;
    struct imp_run *run;
    struct imp_worker *worker;
};

static void *work(void *self)
{
    struct worker_thread *t = self;
    void *job;
    while (imp_chan_recv(t->run->scan, (struct imp_chan_rx){t->run->jobs},
                         &job) == IMP_RECV_ITEM) {
        imp_run_send_result(t->run, imp_worker_process(t->worker, job));
        imp_worker_sent(t->worker);
    }
    imp_waitgroup_done(&t->run->workers);
    return NULL;
}

// Jobs that no worker took: cancelled, each with a result of its own.
static void drain_jobs(struct imp_run *run)
{
    void *item;
    struct imp_err err = {0};
    imp_fail(&err, IMP_ERR_CANCELLED, "not begun");
    while (imp_chan_recv(run->background, (struct imp_chan_rx){run->jobs},
                         &item) == IMP_RECV_ITEM) {
        struct imp_job *job = item;
        imp_run_send_result(run, imp_result_of_job(job, &err));
        imp_job_free(job);
        imp_waitgroup_done(&run->in_hand);
    }
}

static bool start_thread(pthread_t *thread, void *(*fn)(void *), void *arg,
                         struct imp_err *err)
{
    int rc = pthread_create(thread, NULL, fn, arg);
    return rc == 0 || imp_fail(err, IMP_ERR_MEMORY, "cannot start a thread: %s",
                               strerror(rc));
}

// From the first thread to the last join. Each stage is ended by closing what
// it receives from; `*recorded` tells if the ledger kept up.
static bool run_stages(struct imp_run *run, struct worker_thread *workers,
                       struct recorder *rec, struct imp_err *err)
{
    pthread_t recorder, sequencer, producer;
    unsigned started = 0;
    bool ok = false, producing = false, sequencing = false;
    if (!start_thread(&recorder, record, rec, err))
        return false;
    if (run->ordered) {
        sequencing = start_thread(&sequencer, sequence, run, err);
        if (!sequencing) {
            imp_chan_close((struct imp_chan_tx){run->ordered});
            goto stop;
        }
    }
    for (; started < run->config->jobs; started++) {
        imp_waitgroup_add(&run->workers, 1);
        if (!start_thread(&workers[started].thread, work, &workers[started],
                          err)) {
            imp_waitgroup_done(&run->workers);
            goto stop;
        }
    }
    producing = start_thread(&producer, produce, run, err);
    ok = producing;
stop:
    if (!ok) {
        imp_ctx_cancel(run->scan, IMP_CAUSE_ERROR);
        imp_chan_close((struct imp_chan_tx){run->jobs});
    }
    // Once the scan is cancelled they have the grace to finish what is in
    // flight; after it, they stop at their next step.
    if (!imp_waitgroup_wait(run->scan, &run->workers)) {
        imp_guard_end(run);
        imp_waitgroup_wait(run->background, &run->workers);
    }
    for (unsigned i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    if (producing) {
        drain_jobs(run);
        pthread_join(producer, NULL);
    }
    imp_chan_close((struct imp_chan_tx){run->results});
    if (sequencing)
        pthread_join(sequencer, NULL);
    pthread_join(recorder, NULL);
    return ok;
}

// --- The end of the run ---

static bool each_object(void *self, imp_object_fn fn, void *fn_self,
                        struct imp_err *err)
{
    struct imp_run *run = self;
    return imp_ledger_each_object(run->ledger, fn, fn_self, err);
}

static bool each_policy(void *self, imp_policy_fn fn, void *fn_self,
                        struct imp_err *err)
{
    struct imp_run *run = self;
    return imp_ledger_each_policy(run->ledger, fn, fn_self, err);
}

// A crash before the ledger knows of the new listing means that the next start
// looks at all of it once more.
static bool set_clean(struct imp_run *run, struct imp_err *err)
{
    struct imp_digest listing;
    bool present;
    return run->target->ops->listing(run->target, &listing, &present, err) &&
           imp_ledger_set_clean(run->ledger, present ? &listing : NULL, err);
}

// What lists the whole archive is written when there is something new.
static bool finish(struct imp_run *run, struct imp_err *err)
{
    bool dirty;
    struct imp_run_counts counts;
    struct imp_objects objects = {
        .self = run, .each = each_object, .each_policy = each_policy};
    imp_run_counts(run, &counts);
    return imp_ledger_dirty(run->ledger, &dirty, err) &&
           imp_ledger_terms(run->ledger, &objects.terms, err) &&
           run->target->ops->finish(run->target, &objects, dirty, err) &&
           (!dirty || set_clean(run, err)) &&
           imp_ledger_end_run(run->ledger, run->id, counts.outcome, err) &&
           imp_journal_end(
               run->journal, run->id,
               imp_ctx_cancelled(run->scan) ? "cancelled" : "complete", err);
}

bool imp_run_go(struct imp_run *run, struct imp_err *err)
{
    bool ok = false;
    unsigned n = run->config->jobs;
    struct recorder rec = {.run = run};
    struct worker_thread *workers = calloc(n, sizeof *workers);
    if (!workers)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %u workers", n);
    for (unsigned i = 0; i < n; i++) {
        workers[i].run = run;
        workers[i].worker = imp_worker_new(run, i, err);
        if (!workers[i].worker)
            goto out;
    }
    if (!run_stages(run, workers, &rec, err))
        goto out;
    if (!rec.ok) {
        *err = rec.err;
        goto out;
    }
    ok = imp_after_end(run, err);
    imp_guard_end(run);
    ok = finish(run, ok ? err : NULL) && ok;
out:
    for (unsigned i = 0; i < n; i++)
        imp_worker_free(workers[i].worker);
    free(workers);
    return ok;
}
