// Ledger, recorder and bag together, ended at every step in turn: the next run
// must leave what an undisturbed one leaves.
#include "archive/target.h"
#include "ledger/journal.h"
#include "ledger/recorder.h"
#include "sync/context.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/wait.h>

#define CRASHED 77

// Seven inputs, five outputs.
static const char *const inputs[] = {"one",  "two", "three", "two",
                                     "four", "one", "five"};
#define N (sizeof inputs / sizeof *inputs)

struct world {
    struct imp_target *target;
    struct imp_ledger *ledger;
    struct imp_journal *journal;
    int steps; // until the crash; 0: none
};

// A step is about to be taken, or has been.
static void step(struct world *w)
{
    if (w->steps > 0 && --w->steps == 0)
        _exit(CRASHED);
}

static bool settle(void *self, struct imp_result *const *group, size_t n,
                   struct imp_err *err)
{
    struct world *w = self;
    const struct imp_staged *staged[N];
    for (size_t i = 0; i < n; i++)
        staged[i] = group[i]->staged;
    step(w);
    bool ok = w->target->ops->settle(w->target, staged, n, err);
    step(w);
    return ok;
}

static void publish(void *self, struct imp_result *const *group, size_t n,
                    struct imp_err *why)
{
    struct world *w = self;
    for (size_t i = 0; i < n; i++) {
        struct imp_result *r = group[i];
        struct imp_publication p = {
            .staged = r->staged,
            .object = {r->name, r->digest, r->length, 0, 0}};
        step(w);
        w->target->ops->publish(w->target, &p, 1);
        step(w);
        why[i] = p.err;
        if (p.err.code == IMP_OK)
            free(r->staged);
    }
}

static bool settle_names(void *self, struct imp_err *err)
{
    struct world *w = self;
    bool ok = w->target->ops->settle_names(w->target, err);
    step(w);
    return ok;
}

static void discard(void *self, struct imp_result *r)
{
    struct world *w = self;
    w->target->ops->discard(w->target, r->staged);
    free(r->staged);
    step(w);
}

static bool retract(void *self, const struct imp_object *object,
                    struct imp_err *err)
{
    struct world *w = self;
    step(w);
    bool ok = w->target->ops->retract(w->target, object, err);
    step(w);
    return ok;
}

// What is there already is published once more, with success.
static bool leave(void *self, const struct imp_object *object,
                  struct imp_err *err)
{
    (void)object, (void)err;
    step(self);
    return true;
}

static void done(void *self, const struct imp_result *r)
{
    (void)r;
    step(self);
}

static struct imp_commit_ops ops_of(struct world *w)
{
    return (struct imp_commit_ops){
        .self = w,
        .settle = settle,
        .publish = publish,
        .settle_names = settle_names,
        .discard = discard,
        .retract = retract,
        .done = done,
    };
}

// What a worker does with input `i`.
static struct imp_result *work(struct world *w, size_t i)
{
    struct imp_result *r = imp_result_new(text("/up/%zu", i));
    struct imp_staged *staged = calloc(1, sizeof *staged);
    struct iovec piece = {(void *)(uintptr_t)inputs[i], strlen(inputs[i])};
    char hex[IMP_SHA256_HEX];
    if (!imp_sha256_of(inputs[i], piece.iov_len, &r->digest, NULL))
        abort();
    imp_digest_hex(&r->digest, hex);
    snprintf(r->name, sizeof r->name, "%.2s/%.32s.jpg", hex, hex);
    r->length = piece.iov_len;
    const struct imp_object object = {r->name, r->digest, r->length, 0, 0};
    if (!w->target->ops->stage(w->target, &object, &piece, 1, staged, NULL))
        abort();
    step(w);
    r->outcome = IMP_ARCHIVED;
    r->staged = staged;
    return r;
}

static struct imp_target *open_bag(const char *dir, struct imp_err *err)
{
    const struct imp_archive_at at = {.spec = text("%s/bag", dir)};
    return imp_target_open(&at, IMP_TARGET_WRITE, NULL, err);
}

static bool is_done(struct world *w, size_t i)
{
    struct imp_stamp stamp = {0};
    struct imp_known known;
    if (!imp_ledger_known(w->ledger, text("/up/%zu", i), &stamp, &known, NULL))
        abort();
    return known.found &&
           (known.outcome == IMP_ARCHIVED || known.outcome == IMP_DUPLICATE);
}

static bool each(void *self, imp_object_fn fn, void *fn_self,
                 struct imp_err *err)
{
    return imp_ledger_each_object(self, fn, fn_self, err);
}

static bool record_all(struct world *w, int64_t run, struct imp_err *err)
{
    const struct imp_group_limits two = {2, 1000, 1000};
    struct imp_commit_ops ops = ops_of(w);
    const struct imp_record record = {.ledger = w->ledger, .run = run};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_chan *ch = imp_chan_new(N);
    for (size_t i = 0; i < N; i++)
        if (!is_done(w, i))
            imp_chan_send(ctx, (struct imp_chan_tx){ch}, work(w, i));
    imp_chan_close((struct imp_chan_tx){ch});
    bool ok =
        imp_recorder_run(&record, (struct imp_chan_rx){ch}, &ops, &two, err);
    imp_chan_free(ch, NULL);
    imp_ctx_free(ctx);
    return ok;
}

// A whole run over all inputs, which ends at its `steps`th step.
static bool run_once(const char *dir, int steps, struct imp_err *err)
{
    struct world w = {.steps = steps};
    struct imp_recipe recipe = {0};
    struct imp_digest listing;
    int64_t run;
    bool other, dirty, present, ok = false;
    w.ledger = imp_ledger_open(text("%s/state", dir), NULL, err);
    if (w.ledger)
        w.journal = imp_journal_open(w.ledger, err);
    if (w.journal)
        w.target = open_bag(dir, err);
    if (w.target && imp_recorder_recover(w.ledger, leave, &w, err) &&
        imp_ledger_start_run(w.ledger, &recipe, &run, &other, err) &&
        record_all(&w, run, err) && imp_ledger_dirty(w.ledger, &dirty, err)) {
        const struct imp_objects objects = {.self = w.ledger, .each = each};
        step(&w);
        ok = w.target->ops->finish(w.target, &objects, dirty, err);
        step(&w);
        ok = ok && w.target->ops->listing(w.target, &listing, &present, err) &&
             present && imp_ledger_set_clean(w.ledger, &listing, err);
        step(&w);
        ok = ok && imp_journal_end(w.journal, run, "complete", err);
        step(&w);
    }
    imp_target_free(w.target);
    imp_journal_close(w.journal, NULL);
    imp_ledger_free(w.ledger);
    return ok;
}

// True if the run ended before its `steps`th step.
static bool run_and_crash(const char *dir, int steps)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(run_once(dir, steps, NULL) ? 0 : 1);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status));
    cr_assert(WEXITSTATUS(status) == CRASHED || WEXITSTATUS(status) == 0,
              "step %d: exit %d", steps, WEXITSTATUS(status));
    return WEXITSTATUS(status) == 0;
}

// The ledger never claims what the disk does not hold; sqlite3 and test(1)
// are the judges.
static void expect_no_lie(const char *dir, int steps)
{
    cr_expect_eq(
        system(text("sqlite3 -batch '%s/state/ledger.db' 'SELECT name FROM "
                    "objects' | while read n; do test -f '%s/bag/data/'\"$n\" "
                    "|| exit 1; done",
                    dir, dir)),
        0, "after a crash at step %d", steps);
}

static bool found_fault(void *self, const struct imp_audit_finding *f,
                        struct imp_err *err)
{
    (void)err;
    cr_expect(false, "after a crash at step %d: %s line %llu: %s", *(int *)self,
              f->file, (unsigned long long)f->line, f->text);
    return true;
}

// The audit log is whole, and has the line of every input's last outcome.
static void expect_all_told(const char *dir, int steps)
{
    struct imp_err err = {0};
    struct imp_audit_summary sum;
    int fd = open(text("%s/state", dir), O_RDONLY | O_DIRECTORY);
    cr_expect(imp_audit_verify(fd, NULL, found_fault, &steps, NULL, &sum, &err),
              "%s", err.msg);
    close(fd);
    cr_expect_eq(
        system(text("sqlite3 -batch '%s/state/ledger.db' 'SELECT seq, id FROM "
                    "inputs' | while IFS='|' read s i; do grep -q "
                    "'^{\"seq\":'$s',.*\"input\":'$i',' "
                    "'%s/state/audit.log' || exit 1; done",
                    dir, dir)),
        0, "after a crash at step %d", steps);
}

static void expect_converged(const char *dir, const char *want, int steps)
{
    struct imp_err err = {0};
    cr_assert(run_once(dir, 0, &err), "after step %d: %s", steps, err.msg);
    cr_expect(same_tree(text("%s/bag", want), text("%s/bag", dir)),
              "after a crash at step %d", steps);
    cr_expect_eq(system(text("test 7 = \"$(sqlite3 -batch "
                             "'%s/state/ledger.db' 'SELECT count(*) FROM "
                             "inputs WHERE object IS NOT NULL')\"",
                             dir)),
                 0, "after a crash at step %d", steps);
    expect_all_told(dir, steps);
}

Test(crash, ended_at_any_step_the_next_run_leaves_what_an_undisturbed_one_does,
     .timeout = 300)
{
    struct imp_err err = {0};
    char *want = tempdir_make();
    cr_assert(run_once(want, 0, &err), "%s", err.msg);
    cr_expect_eq(entries(text("%s/bag", want)), 5, "no staging is left");
    int steps = 1;
    for (bool whole = false; !whole; steps++) {
        char *dir = tempdir_make();
        whole = run_and_crash(dir, steps);
        expect_no_lie(dir, steps);
        expect_converged(dir, want, steps);
        tempdir_remove(dir);
    }
    cr_expect_gt(steps, 30, "it went through all steps");
    tempdir_remove(want);
}

Test(crash, a_recovery_may_be_ended_at_any_step_too, .timeout = 300)
{
    char *want = tempdir_make();
    cr_assert(run_once(want, 0, NULL));
    // Step 14: in the first group, all is published and nothing recorded.
    for (int second = 1; second <= 8; second++) {
        char *dir = tempdir_make();
        cr_expect_not(run_and_crash(dir, 14));
        cr_expect_eq(entries(text("%s/bag/data", dir)), 2);
        run_and_crash(dir, second);
        expect_no_lie(dir, second);
        expect_converged(dir, want, second);
        tempdir_remove(dir);
    }
    tempdir_remove(want);
}

static bool listed(void *self, imp_ledger_object_fn fn, void *fn_self,
                   struct imp_err *err)
{
    struct imp_target *t = self;
    return t->ops->each(t, fn, fn_self, err);
}

Test(crash, an_archive_without_its_state_is_taken_up_again, .timeout = 60)
{
    struct imp_err err = {0};
    char *dir = tempdir_make(), *copy = tempdir_make();
    cr_assert(run_once(dir, 0, NULL));
    cr_assert_eq(system(text("cp -a '%s/bag' '%s/bag'", dir, copy)), 0);
    struct imp_ledger *l = imp_ledger_open(text("%s/state", copy), NULL, &err);
    struct imp_target *t = open_bag(copy, &err);
    cr_assert(l && t, "%s", err.msg);
    cr_expect(imp_ledger_adopt(l, listed, t, &err), "%s", err.msg);
    imp_target_free(t);
    imp_ledger_free(l);
    cr_expect(run_once(copy, 0, &err), "%s", err.msg);
    cr_expect(same_tree(text("%s/bag", dir), text("%s/bag", copy)));
    tempdir_remove(dir);
    tempdir_remove(copy);
}
