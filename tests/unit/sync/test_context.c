#include "helpers.h"

#include <limits.h>
#include <signal.h>
#include <stdatomic.h>

static struct imp_ctx *root;

static void setup(void)
{
    root = imp_ctx_new(NULL);
}

static void teardown(void)
{
    imp_ctx_free(root);
}

TestSuite(context, .init = setup, .fini = teardown, .timeout = 10);

Test(context, new_context_lives)
{
    cr_expect_not(imp_ctx_cancelled(root));
    cr_expect_eq(imp_ctx_cause(root), IMP_CAUSE_NONE);
}

Test(context, cancel_ends_it_with_the_cause)
{
    imp_ctx_cancel(root, IMP_CAUSE_SIGTERM);
    cr_expect(imp_ctx_cancelled(root));
    cr_expect_eq(imp_ctx_cause(root), IMP_CAUSE_SIGTERM);
}

Test(context, cause_is_kept_from_the_first_cancel)
{
    imp_ctx_cancel(root, IMP_CAUSE_ERROR);
    imp_ctx_cancel(root, IMP_CAUSE_SIGINT);
    cr_expect_eq(imp_ctx_cause(root), IMP_CAUSE_ERROR);
}

Test(context, cancel_of_a_parent_reaches_every_descendant)
{
    struct imp_ctx *first = imp_ctx_new(root);
    struct imp_ctx *second = imp_ctx_new(root);
    struct imp_ctx *grandchild = imp_ctx_new(first);
    imp_ctx_cancel(root, IMP_CAUSE_SIGINT);
    cr_expect_eq(imp_ctx_cause(first), IMP_CAUSE_SIGINT);
    cr_expect_eq(imp_ctx_cause(second), IMP_CAUSE_SIGINT);
    cr_expect_eq(imp_ctx_cause(grandchild), IMP_CAUSE_SIGINT);
    imp_ctx_free(grandchild);
    imp_ctx_free(second);
    imp_ctx_free(first);
}

Test(context, cancel_of_a_child_leaves_parent_and_sibling_alone)
{
    struct imp_ctx *child = imp_ctx_new(root);
    struct imp_ctx *sibling = imp_ctx_new(root);
    imp_ctx_cancel(child, IMP_CAUSE_ERROR);
    cr_expect_not(imp_ctx_cancelled(root));
    cr_expect_not(imp_ctx_cancelled(sibling));
    imp_ctx_free(sibling);
    imp_ctx_free(child);
}

Test(context, child_keeps_its_own_earlier_cause)
{
    struct imp_ctx *child = imp_ctx_new(root);
    imp_ctx_cancel(child, IMP_CAUSE_ERROR);
    imp_ctx_cancel(root, IMP_CAUSE_SIGINT);
    cr_expect_eq(imp_ctx_cause(child), IMP_CAUSE_ERROR);
    imp_ctx_free(child);
}

Test(context, child_of_a_cancelled_parent_is_born_cancelled)
{
    imp_ctx_cancel(root, IMP_CAUSE_SIGINT);
    struct imp_ctx *child = imp_ctx_new(root);
    cr_expect_eq(imp_ctx_cause(child), IMP_CAUSE_SIGINT);
    imp_ctx_free(child);
}

Test(context, freed_children_are_forgotten_in_any_order)
{
    struct imp_ctx *child[3];
    for (int i = 0; i < 3; i++)
        child[i] = imp_ctx_new(root);
    imp_ctx_free(child[1]);
    imp_ctx_free(child[2]);
    imp_ctx_free(child[0]);
    imp_ctx_cancel(root, IMP_CAUSE_CANCEL);
}

Test(context, deadline_ends_it_when_it_passes_and_not_before)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(root, 30);
    int64_t born = now_ms();
    while (!imp_ctx_cancelled(brief))
        sched_yield();
    cr_expect_geq(now_ms() - born, 29);
    cr_expect_eq(imp_ctx_cause(brief), IMP_CAUSE_DEADLINE);
    cr_expect_not(imp_ctx_cancelled(root));
    imp_ctx_free(brief);
}

Test(context, timeout_of_zero_or_less_has_passed_already)
{
    struct imp_ctx *zero = imp_ctx_new_timeout(root, 0);
    struct imp_ctx *less = imp_ctx_new_timeout(root, INT64_MIN);
    cr_expect_eq(imp_ctx_cause(zero), IMP_CAUSE_DEADLINE);
    cr_expect_eq(imp_ctx_cause(less), IMP_CAUSE_DEADLINE);
    imp_ctx_free(less);
    imp_ctx_free(zero);
}

Test(context, timeout_beyond_the_clock_never_passes)
{
    struct imp_ctx *ages = imp_ctx_new_timeout(root, INT64_MAX);
    cr_expect_not(imp_ctx_cancelled(ages));
    imp_ctx_free(ages);
}

Test(context, earlier_deadline_of_a_parent_ends_the_child)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(root, 20);
    struct imp_ctx *child = imp_ctx_new(brief);
    struct imp_ctx *later = imp_ctx_new_timeout(child, 60000);
    cr_expect(imp_ctx_wait(later, 5000));
    cr_expect_eq(imp_ctx_cause(later), IMP_CAUSE_DEADLINE);
    cr_expect_eq(imp_ctx_cause(child), IMP_CAUSE_DEADLINE);
    imp_ctx_free(later);
    imp_ctx_free(child);
    imp_ctx_free(brief);
}

Test(context, earlier_deadline_of_a_child_leaves_the_parent_alone)
{
    struct imp_ctx *later = imp_ctx_new_timeout(root, 60000);
    struct imp_ctx *brief = imp_ctx_new_timeout(later, 10);
    cr_expect(imp_ctx_wait(brief, -1));
    cr_expect_not(imp_ctx_cancelled(later));
    imp_ctx_free(brief);
    imp_ctx_free(later);
}

Test(context, deadline_that_passed_unseen_comes_before_a_cancel)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(root, 0);
    imp_ctx_cancel(brief, IMP_CAUSE_SIGINT);
    cr_expect_eq(imp_ctx_cause(brief), IMP_CAUSE_DEADLINE);
    imp_ctx_free(brief);
}

Test(context, cancel_before_the_deadline_is_the_cause)
{
    struct imp_ctx *later = imp_ctx_new_timeout(root, 60000);
    imp_ctx_cancel(root, IMP_CAUSE_SIGINT);
    cr_expect_eq(imp_ctx_cause(later), IMP_CAUSE_SIGINT);
    imp_ctx_free(later);
}

Test(context, wait_gives_up_after_its_limit)
{
    int64_t before = now_ms();
    cr_expect_not(imp_ctx_wait(root, 20));
    cr_expect_geq(now_ms() - before, 19);
}

Test(context, wait_of_zero_only_looks)
{
    cr_expect_not(imp_ctx_wait(root, 0));
    imp_ctx_cancel(root, IMP_CAUSE_CANCEL);
    cr_expect(imp_ctx_wait(root, 0));
}

Test(context, a_pause_ends_by_itself_or_with_a_cancel_which_it_tells)
{
    cr_expect(imp_ctx_pause(root));
    imp_ctx_cancel(root, IMP_CAUSE_SIGINT);
    cr_expect_not(imp_ctx_pause(root));
}

Test(context, wait_ends_at_the_deadline)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(root, 10);
    cr_expect(imp_ctx_wait(brief, -1));
    imp_ctx_free(brief);
}

struct waiter {
    struct imp_ctx *ctx;
    bool cancelled;
};

static void *run_wait(void *arg)
{
    struct waiter *w = arg;
    w->cancelled = imp_ctx_wait(w->ctx, -1);
    return NULL;
}

Test(context, cancel_wakes_every_wait_below_it)
{
    struct imp_ctx *child = imp_ctx_new(root);
    struct waiter waiter[3] = {{.ctx = root}, {.ctx = child}, {.ctx = child}};
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        thread[i] = start(run_wait, &waiter[i]);
    let_others_run();
    imp_ctx_cancel(root, IMP_CAUSE_CANCEL);
    for (int i = 0; i < 3; i++) {
        join(thread[i]);
        cr_expect(waiter[i].cancelled);
    }
    imp_ctx_free(child);
}

// --- watch ---

struct doorbell {
    struct imp_ctx *ctx;
    pthread_mutex_t mu;
    pthread_cond_t cv;
    struct imp_ctx_watch watch;
    bool waits; // guarded by mu
    atomic_bool done;
};

static void doorbell_init(struct doorbell *d, struct imp_ctx *ctx)
{
    d->ctx = ctx;
    d->waits = false;
    atomic_init(&d->done, false);
    pthread_mutex_init(&d->mu, NULL);
    imp_cond_init(&d->cv);
    imp_ctx_watch(ctx, &d->watch, &d->mu, &d->cv);
}

static void doorbell_clear(struct doorbell *d)
{
    pthread_cond_destroy(&d->cv);
    pthread_mutex_destroy(&d->mu);
}

static void *run_doorbell(void *arg)
{
    struct doorbell *d = arg;
    pthread_mutex_lock(&d->mu);
    d->waits = true;
    while (!imp_ctx_cancelled(d->ctx))
        imp_ctx_cond_wait(d->ctx, &d->cv, &d->mu);
    pthread_mutex_unlock(&d->mu);
    return NULL;
}

static void until_waits(struct doorbell *d)
{
    for (bool waits = false; !waits; sched_yield()) {
        pthread_mutex_lock(&d->mu);
        waits = d->waits;
        pthread_mutex_unlock(&d->mu);
    }
}

Test(context, cancel_of_a_parent_wakes_a_watcher)
{
    struct imp_ctx *child = imp_ctx_new(root);
    struct doorbell d;
    doorbell_init(&d, child);
    pthread_t thread = start(run_doorbell, &d);
    until_waits(&d);
    imp_ctx_cancel(root, IMP_CAUSE_CANCEL);
    join(thread);
    imp_ctx_unwatch(child, &d.watch);
    doorbell_clear(&d);
    imp_ctx_free(child);
}

Test(context, deadline_wakes_a_watcher_without_anyone_looking)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(root, 20);
    struct doorbell d;
    doorbell_init(&d, brief);
    pthread_t thread = start(run_doorbell, &d);
    join(thread);
    imp_ctx_unwatch(brief, &d.watch);
    doorbell_clear(&d);
    imp_ctx_free(brief);
}

Test(context, watch_after_the_cancel_loses_no_wake_up)
{
    struct doorbell d;
    imp_ctx_cancel(root, IMP_CAUSE_CANCEL);
    doorbell_init(&d, root);
    pthread_t thread = start(run_doorbell, &d);
    join(thread);
    imp_ctx_unwatch(root, &d.watch);
    doorbell_clear(&d);
}

static void *run_cancel(void *arg)
{
    imp_ctx_cancel(arg, IMP_CAUSE_CANCEL);
    return NULL;
}

static void *run_unwatch(void *arg)
{
    struct doorbell *d = arg;
    imp_ctx_unwatch(d->ctx, &d->watch);
    atomic_store(&d->done, true);
    return NULL;
}

// The cancel is held up in the middle of the walk by the watcher's mutex.
Test(context, unwatch_waits_for_a_cancel_that_uses_the_watch)
{
    struct doorbell d;
    doorbell_init(&d, root);
    pthread_mutex_lock(&d.mu);
    pthread_t cancel = start(run_cancel, root);
    while (!imp_ctx_cancelled(root))
        sched_yield();
    pthread_t unwatch = start(run_unwatch, &d);
    let_others_run();
    cr_expect_not(atomic_load(&d.done));
    pthread_mutex_unlock(&d.mu);
    join(cancel);
    join(unwatch);
    doorbell_clear(&d);
}

Test(context, watches_leave_in_any_order)
{
    struct doorbell d[3];
    for (int i = 0; i < 3; i++)
        doorbell_init(&d[i], root);
    imp_ctx_unwatch(root, &d[1].watch);
    imp_ctx_unwatch(root, &d[2].watch);
    imp_ctx_unwatch(root, &d[0].watch);
    imp_ctx_cancel(root, IMP_CAUSE_CANCEL);
    for (int i = 0; i < 3; i++)
        doorbell_clear(&d[i]);
}

Test(context, condition_variable_is_on_the_monotonic_clock)
{
    pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cv;
    imp_cond_init(&cv);
    struct timespec soon;
    int64_t before = now_ms();
    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_sec++;
    // On the realtime clock this moment lies decades back.
    pthread_mutex_lock(&mu);
    while (pthread_cond_timedwait(&cv, &mu, &soon) == 0)
        ;
    pthread_mutex_unlock(&mu);
    cr_expect_geq(now_ms() - before, 999);
    pthread_cond_destroy(&cv);
}

Test(context, free_of_null_does_nothing)
{
    imp_ctx_free(NULL);
}

Test(context, free_before_its_children_aborts, .signal = SIGABRT)
{
    imp_ctx_new(root);
    imp_ctx_free(root);
}

Test(context, free_under_a_waiting_call_aborts, .signal = SIGABRT)
{
    struct doorbell d;
    doorbell_init(&d, root);
    imp_ctx_free(root);
}

Test(context, cancel_without_a_cause_aborts, .signal = SIGABRT)
{
    imp_ctx_cancel(root, IMP_CAUSE_NONE);
}
