// The wiring: the lists are compared on the caller's thread, objects are read
// by others, and the ledger and its log are looked at by one more.
#include "pipeline/verify.h"

#include "pipeline/verify_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *imp_finding_name(enum imp_finding_kind kind)
{
    static const char *const names[IMP_FOUND_KINDS] = {
        [IMP_FOUND_MISSING] = "missing",
        [IMP_FOUND_UNLISTED] = "unlisted",
        [IMP_FOUND_STRAY] = "stray",
        [IMP_FOUND_DISAGREE] = "disagreement",
        [IMP_FOUND_CHANGED] = "changed",
        [IMP_FOUND_NAME] = "name",
        [IMP_FOUND_UNREADABLE] = "unreadable",
        [IMP_FOUND_DAMAGED] = "damaged",
        [IMP_FOUND_IDENTIFYING] = "identifying",
        [IMP_FOUND_TAG] = "tag file",
        [IMP_FOUND_LEDGER] = "ledger",
        [IMP_FOUND_AUDIT] = "audit log",
        [IMP_FOUND_NOTE] = "note",
    };
    return names[kind];
}

void imp_verify_tell(struct imp_verify *v, enum imp_finding_kind kind,
                     const char *object, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const struct imp_finding finding = {kind, object, text};
    imp_counter_add(kind == IMP_FOUND_NOTE ? &v->notes : &v->findings, 1);
    pthread_mutex_lock(&v->mu);
    v->config->on_finding(v->config->self, &finding);
    pthread_mutex_unlock(&v->mu);
}

void imp_verify_counts(struct imp_verify *v, struct imp_verify_counts *out)
{
    *out = (struct imp_verify_counts){
        .objects = imp_counter_get(&v->objects),
        .to_read = imp_counter_get(&v->to_read),
        .read = imp_counter_get(&v->read),
        .bytes = imp_counter_get(&v->bytes),
        .rows = imp_counter_get(&v->rows),
        .lines = imp_counter_get(&v->lines),
        .findings = imp_counter_get(&v->findings),
        .notes = imp_counter_get(&v->notes),
    };
}

// --- Open and free ---

// A state of another archive would accuse this one of everything.
static bool is_of_this_archive(struct imp_verify *v, struct imp_err *err)
{
    char *bound = NULL;
    bool sound = false, same = false;
    struct imp_err why = {0};
    char *identity = imp_target_identity(&v->config->archive, err);
    if (!identity)
        return false;
    if (imp_ledger_bound(v->ledger, &bound, &sound, &why))
        same = !bound || strcmp(bound, identity) == 0;
    else
        sound = false; // told when the whole is examined
    free(bound);
    free(identity);
    return same || !sound ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "the state directory belongs to another archive");
}

static bool open_ledger(struct imp_verify *v, struct imp_err *err)
{
    struct imp_err why = {0};
    const struct imp_verify_config *config = v->config;
    v->ledger = imp_ledger_open_reading(config->state,
                                        config->wait ? v->ctx : NULL, &why);
    if (v->ledger)
        return is_of_this_archive(v, err);
    if (why.code == IMP_OK)
        imp_verify_tell(
            v, IMP_FOUND_NOTE, NULL,
            "no ledger: the archive alone is checked, images by the "
            "policies that the bag names");
    else if (why.code == IMP_ERR_IO)
        imp_verify_tell(v, IMP_FOUND_LEDGER, NULL, "cannot be opened: %s",
                        why.msg);
    else
        *err = why;
    return why.code == IMP_OK || why.code == IMP_ERR_IO;
}

static bool open_all(struct imp_verify *v, struct imp_err *err)
{
    // The archive first: without one, a ledger is of no interest.
    v->target =
        imp_target_open(&v->config->archive, IMP_TARGET_READ, v->ctx, err);
    v->census = v->target ? imp_census_new(v->ctx, err) : NULL;
    return v->census && open_ledger(v, err);
}

static void close_all(struct imp_verify *v)
{
    imp_census_free(v->census);
    imp_ledger_free(v->ledger);
    imp_target_free(v->target);
    v->census = NULL;
    v->ledger = NULL;
    v->target = NULL;
}

struct imp_verify *imp_verify_new(const struct imp_verify_config *config,
                                  struct imp_ctx *ctx, struct imp_err *err)
{
    struct imp_verify *v = calloc(1, sizeof *v);
    if (!v) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory to verify");
        return NULL;
    }
    v->config = config;
    v->ctx = imp_ctx_new(ctx);
    v->tasks = imp_chan_new(4 * (size_t)config->jobs);
    pthread_mutex_init(&v->mu, NULL);
    if (open_all(v, err))
        return v;
    imp_verify_free(v);
    return NULL;
}

static void drop_task(void *task)
{
    imp_verify_task_free(task);
}

void imp_verify_free(struct imp_verify *v)
{
    if (!v)
        return;
    close_all(v);
    imp_verify_policies_clear(&v->policies);
    imp_chan_free(v->tasks, drop_task);
    pthread_mutex_destroy(&v->mu);
    imp_ctx_free(v->ctx);
    free(v);
}

// --- The threads ---

// The first error ends all: it is the one to tell.
static void end_with(struct imp_verify *v, const struct imp_err *err)
{
    if (err->code && err->code != IMP_ERR_CANCELLED)
        imp_ctx_cancel(v->ctx, IMP_CAUSE_ERROR);
}

struct reading {
    pthread_t thread;
    struct imp_verify *v;
    struct imp_verify_reader *reader;
    struct imp_err err; // read after the join
};

static void *read_objects(void *self)
{
    struct reading *t = self;
    void *task;
    while (imp_chan_recv(t->v->ctx, (struct imp_chan_rx){t->v->tasks}, &task) ==
           IMP_RECV_ITEM) {
        if (!imp_verify_read(t->reader, task, &t->err)) {
            end_with(t->v, &t->err);
            break;
        }
    }
    return NULL;
}

struct examining {
    pthread_t thread;
    struct imp_verify *v;
    struct imp_err err; // read after the join
};

static bool tell_fault(void *self, const char *what, struct imp_err *err)
{
    (void)err;
    imp_verify_tell(self, IMP_FOUND_LEDGER, NULL, "%s", what);
    return true;
}

static bool tell_log(void *self, const struct imp_audit_finding *f,
                     struct imp_err *err)
{
    (void)err;
    if (f->line)
        imp_verify_tell(self, IMP_FOUND_AUDIT, NULL, "%s line %" PRIu64 ": %s",
                        f->file, f->line, f->text);
    else
        imp_verify_tell(self, IMP_FOUND_AUDIT, NULL, "%s: %s", f->file,
                        f->text);
    return true;
}

static bool examine_ledger(struct imp_verify *v, struct imp_err *err)
{
    uint64_t intents;
    if (!imp_ledger_examine(v->ledger, v->ctx, tell_fault, v, err) ||
        !imp_ledger_count_intents(v->ledger, &intents, err))
        return false;
    if (intents)
        imp_verify_tell(v, v->settled ? IMP_FOUND_LEDGER : IMP_FOUND_NOTE, NULL,
                        "intents: %" PRIu64
                        " names that a run was about to give: the next run "
                        "settles them",
                        intents);
    return true;
}

static bool examine_log(struct imp_verify *v, struct imp_err *err)
{
    struct imp_audit_summary summary = {0};
    bool kept = false;
    bool ok = imp_ledger_examine_log(v->ledger, v->ctx, tell_fault, tell_log, v,
                                     &kept, &summary, err);
    imp_counter_add(&v->lines, summary.lines);
    if (ok && !kept)
        imp_verify_tell(v, IMP_FOUND_NOTE, NULL,
                        "no audit log: no run has kept one yet");
    return ok;
}

// What cannot be read is a finding, and the rest goes on.
static bool or_finding(struct imp_verify *v, enum imp_finding_kind kind,
                       bool ok, struct imp_err *err)
{
    if (ok || err->code == IMP_ERR_MEMORY || err->code == IMP_ERR_CANCELLED)
        return ok;
    imp_verify_tell(v, kind, NULL, "%s", err->msg);
    *err = (struct imp_err){0};
    return true;
}

static void *examine(void *self)
{
    struct examining *t = self;
    struct imp_verify *v = t->v;
    bool ok = examine_ledger(v, &t->err);
    ok = or_finding(v, IMP_FOUND_LEDGER, ok, &t->err);
    ok = ok && or_finding(v, IMP_FOUND_AUDIT, examine_log(v, &t->err), &t->err);
    if (!ok)
        end_with(v, &t->err);
    return NULL;
}

// --- Going ---

static bool start(pthread_t *thread, void *(*fn)(void *), void *self,
                  struct imp_err *err)
{
    int rc = pthread_create(thread, NULL, fn, self);
    return rc == 0 || imp_fail(err, IMP_ERR_MEMORY, "cannot start a thread: %s",
                               strerror(rc));
}

// From the first thread to the last join.
static bool run_threads(struct imp_verify *v, struct reading *readers,
                        struct examining *examiner, struct imp_err *err)
{
    unsigned n = v->config->jobs, started = 0;
    bool examining = false, ok = true;
    for (; ok && started < n; started += ok)
        ok = start(&readers[started].thread, read_objects, &readers[started],
                   err);
    if (ok && v->ledger)
        ok = examining = start(&examiner->thread, examine, examiner, err);
    ok = ok && imp_verify_compare(v, err);
    if (!ok)
        imp_ctx_cancel(v->ctx, IMP_CAUSE_ERROR);
    imp_chan_close((struct imp_chan_tx){v->tasks});
    for (unsigned i = 0; i < started; i++)
        pthread_join(readers[i].thread, NULL);
    if (examining)
        pthread_join(examiner->thread, NULL);
    return ok;
}

// Whose error it was: the others were only cancelled by it.
static bool outcome(struct imp_verify *v, bool ok,
                    const struct reading *readers,
                    const struct examining *examiner, struct imp_err *err)
{
    const struct imp_err *why = &examiner->err;
    for (unsigned i = 0; i < v->config->jobs; i++)
        if (readers[i].err.code && readers[i].err.code != IMP_ERR_CANCELLED)
            why = &readers[i].err;
    if (why->code && (ok || err->code == IMP_ERR_CANCELLED))
        *err = *why;
    ok = ok && !why->code;
    if (ok && imp_ctx_cancelled(v->ctx))
        return imp_fail(err, IMP_ERR_CANCELLED, "not finished");
    return ok;
}

static void tell_overlaid(struct imp_verify *v)
{
    uint64_t n = imp_counter_get(&v->overlaid);
    if (n)
        imp_verify_tell(v, IMP_FOUND_NOTE, NULL,
                        "%" PRIu64
                        " DICOM objects have an overlay that is made "
                        "as a mark is: no ledger tells whether it is one",
                        n);
}

static bool look_at_all(struct imp_verify *v, struct imp_err *err)
{
    bool ok = false;
    unsigned n = v->config->jobs;
    struct examining examiner = {.v = v};
    struct reading *readers = calloc(n, sizeof *readers);
    if (!readers)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %u readers", n);
    for (unsigned i = 0; i < n; i++) {
        readers[i].v = v;
        readers[i].reader = imp_verify_reader_new(v, err);
        if (!readers[i].reader)
            goto out;
    }
    ok = run_threads(v, readers, &examiner, err);
    ok = outcome(v, ok, readers, &examiner, err);
    tell_overlaid(v);
out:
    for (unsigned i = 0; i < n; i++)
        imp_verify_reader_free(readers[i].reader);
    free(readers);
    return ok;
}

// With --wait, again and again until no run comes between.
static bool take_lists(struct imp_verify *v, struct imp_err *err)
{
    for (;;) {
        struct imp_err why = {0};
        if (imp_verify_take_lists(v, &why))
            return true;
        if (why.code != IMP_ERR_BUSY || !v->config->wait) {
            *err = why;
            return false;
        }
        close_all(v);
        if (!imp_ctx_pause(v->ctx))
            return imp_fail(err, IMP_ERR_CANCELLED, "not finished");
        if (!open_all(v, err))
            return false;
    }
}

bool imp_verify_go(struct imp_verify *v, struct imp_err *err)
{
    return take_lists(v, err) && imp_verify_policies_load(v, err) &&
           look_at_all(v, err);
}
