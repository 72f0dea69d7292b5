#include "sync/waitgroup.h"

#include "helpers.h"

#include <limits.h>
#include <signal.h>

static struct imp_ctx *ctx;
static struct imp_waitgroup wg;

static void setup(void)
{
    ctx = imp_ctx_new(NULL);
    imp_waitgroup_init(&wg);
}

static void teardown(void)
{
    imp_waitgroup_clear(&wg);
    imp_ctx_free(ctx);
}

TestSuite(waitgroup, .init = setup, .fini = teardown, .timeout = 10);

Test(waitgroup, wait_for_no_tasks_returns_at_once)
{
    cr_expect(imp_waitgroup_wait(ctx, &wg));
}

static void *write_then_done(void *arg)
{
    *(int *)arg = 42; // a plain int: done must publish it
    imp_waitgroup_done(&wg);
    return NULL;
}

Test(waitgroup, waiter_sees_what_the_tasks_wrote)
{
    enum { TASKS = 8 };
    int wrote[TASKS] = {0};
    pthread_t thread[TASKS];
    imp_waitgroup_add(&wg, TASKS);
    for (int i = 0; i < TASKS; i++)
        thread[i] = start(write_then_done, &wrote[i]);
    cr_assert(imp_waitgroup_wait(ctx, &wg));
    for (int i = 0; i < TASKS; i++)
        cr_expect_eq(wrote[i], 42);
    for (int i = 0; i < TASKS; i++)
        join(thread[i]);
}

struct wait {
    bool all_done;
};

static void *run_wait(void *arg)
{
    struct wait *w = arg;
    w->all_done = imp_waitgroup_wait(ctx, &wg);
    return NULL;
}

Test(waitgroup, zero_wakes_every_waiter)
{
    struct wait wait[2] = {{false}, {false}};
    imp_waitgroup_add(&wg, 1);
    pthread_t first = start(run_wait, &wait[0]);
    pthread_t second = start(run_wait, &wait[1]);
    let_others_run();
    imp_waitgroup_done(&wg);
    join(first);
    join(second);
    cr_expect(wait[0].all_done && wait[1].all_done);
}

Test(waitgroup, wait_goes_on_while_one_task_is_left)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(ctx, 20);
    imp_waitgroup_add(&wg, 2);
    imp_waitgroup_done(&wg);
    cr_expect_not(imp_waitgroup_wait(brief, &wg));
    imp_ctx_free(brief);
}

Test(waitgroup, cancel_ends_the_wait_with_false)
{
    struct wait wait = {true};
    imp_waitgroup_add(&wg, 1);
    pthread_t thread = start(run_wait, &wait);
    let_others_run();
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    join(thread);
    cr_expect_not(wait.all_done);
}

Test(waitgroup, zero_is_true_even_if_cancelled)
{
    imp_waitgroup_add(&wg, 1);
    imp_waitgroup_done(&wg);
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    cr_expect(imp_waitgroup_wait(ctx, &wg));
}

Test(waitgroup, can_be_used_again_after_zero)
{
    imp_waitgroup_add(&wg, 1);
    imp_waitgroup_done(&wg);
    cr_expect(imp_waitgroup_wait(ctx, &wg));
    imp_waitgroup_add(&wg, 1);
    imp_waitgroup_done(&wg);
    cr_expect(imp_waitgroup_wait(ctx, &wg));
}

Test(waitgroup, done_below_zero_aborts, .signal = SIGABRT)
{
    imp_waitgroup_done(&wg);
}

Test(waitgroup, count_beyond_an_int_aborts, .signal = SIGABRT)
{
    imp_waitgroup_add(&wg, INT_MAX);
    imp_waitgroup_add(&wg, 1);
}
