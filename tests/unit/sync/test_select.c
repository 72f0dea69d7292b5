#include "sync/select.h"

#include "helpers.h"

#include <signal.h>
#include <stdlib.h>

static int a, b; // items: only their addresses matter

static struct imp_ctx *ctx;
static struct imp_chan *one, *two;

static void setup(void)
{
    ctx = imp_ctx_new(NULL);
    one = imp_chan_new(1);
    two = imp_chan_new(1);
}

static void teardown(void)
{
    imp_chan_free(one, NULL);
    imp_chan_free(two, NULL);
    imp_ctx_free(ctx);
}

TestSuite(select, .init = setup, .fini = teardown, .timeout = 10);

// A select in a thread of its own.
struct selecting {
    struct imp_ctx *ctx;
    struct imp_case cases[2];
    int done;
    pthread_t thread;
};

static void *run_select(void *arg)
{
    struct selecting *s = arg;
    s->done = imp_select(s->ctx, s->cases, 2);
    return NULL;
}

static void start_select(struct selecting *s)
{
    s->thread = start(run_select, s);
}

Test(select, takes_the_only_ready_case)
{
    imp_chan_send(ctx, tx(two), &b);
    struct imp_case cases[] = {imp_case_recv(rx(one)), imp_case_recv(rx(two))};
    cr_assert_eq(imp_select(ctx, cases, 2), 1);
    cr_expect_eq(cases[1].item, &b);
    cr_expect_not(cases[1].closed);
}

Test(select, does_exactly_one_of_several_ready_cases)
{
    imp_chan_send(ctx, tx(one), &a);
    struct imp_case cases[] = {imp_case_recv(rx(one)),
                               imp_case_send(tx(two), &b)};
    int done = imp_select(ctx, cases, 2);
    cr_expect_eq(imp_chan_len(one), done == 0 ? 0 : 1);
    cr_expect_eq(imp_chan_len(two), done == 0 ? 0 : 1);
}

Test(select, sends_on_the_channel_that_has_room)
{
    imp_chan_send(ctx, tx(one), &a);
    struct imp_case cases[] = {imp_case_send(tx(one), &b),
                               imp_case_send(tx(two), &b)};
    cr_expect_eq(imp_select(ctx, cases, 2), 1);
    cr_expect_eq(imp_chan_len(one), 1);
    cr_expect_eq(imp_chan_len(two), 1);
}

Test(select, waits_until_an_item_comes)
{
    struct selecting s = {
        .ctx = ctx, .cases = {imp_case_recv(rx(one)), imp_case_recv(rx(two))}};
    start_select(&s);
    until_receivers(one, 1);
    until_receivers(two, 1);
    imp_chan_send(ctx, tx(two), &b);
    join(s.thread);
    cr_expect_eq(s.done, 1);
    cr_expect_eq(s.cases[1].item, &b);
}

Test(select, waits_until_there_is_room)
{
    void *got;
    imp_chan_send(ctx, tx(one), &a);
    struct selecting s = {
        .ctx = ctx,
        .cases = {imp_case_recv(rx(two)), imp_case_send(tx(one), &b)}};
    start_select(&s);
    until_senders(one, 1);
    imp_chan_recv(ctx, rx(one), &got);
    join(s.thread);
    cr_expect_eq(s.done, 1);
    cr_expect_eq(imp_chan_len(one), 1);
}

Test(select, leaves_every_queue_when_it_returns)
{
    struct selecting s = {
        .ctx = ctx, .cases = {imp_case_recv(rx(one)), imp_case_recv(rx(two))}};
    start_select(&s);
    until_receivers(two, 1);
    imp_chan_send(ctx, tx(one), &a);
    join(s.thread);
    cr_expect_null(one->receivers.first);
    cr_expect_null(two->receivers.first);
    cr_expect_null(two->receivers.last);
}

Test(select, on_both_ends_of_one_channel_can_serve_itself)
{
    struct imp_case cases[] = {imp_case_recv(rx(one)),
                               imp_case_send(tx(one), &a)};
    cr_expect_eq(imp_select(ctx, cases, 2), 1);
    cr_expect_eq(imp_select(ctx, cases, 2), 0);
    cr_expect_eq(cases[0].item, &a);
}

Test(select, closed_and_empty_channel_is_ready)
{
    imp_chan_send(ctx, tx(one), &a);
    imp_chan_close(tx(one));
    struct imp_case cases[] = {imp_case_recv(rx(one)), imp_case_recv(rx(two))};
    cr_expect_eq(imp_select(ctx, cases, 2), 0);
    cr_expect_eq(cases[0].item, &a);
    cr_expect_not(cases[0].closed);
    cr_expect_eq(imp_select(ctx, cases, 2), 0);
    cr_expect(cases[0].closed);
    cr_expect_null(cases[0].item);
}

Test(select, closed_is_false_again_with_the_next_item)
{
    struct imp_case only = imp_case_recv(rx(one));
    imp_chan_close(tx(one));
    imp_chan_send(ctx, tx(two), &b);
    imp_select(ctx, &only, 1);
    only.ch = two;
    imp_select(ctx, &only, 1);
    cr_expect_not(only.closed);
    cr_expect_eq(only.item, &b);
}

Test(select, close_wakes_it)
{
    struct selecting s = {
        .ctx = ctx, .cases = {imp_case_recv(rx(one)), imp_case_recv(rx(two))}};
    start_select(&s);
    until_receivers(two, 1);
    imp_chan_close(tx(two));
    join(s.thread);
    cr_expect_eq(s.done, 1);
    cr_expect(s.cases[1].closed);
}

Test(select, null_channel_is_never_ready)
{
    imp_chan_send(ctx, tx(two), &b);
    struct imp_case cases[] = {imp_case_recv(rx(NULL)), imp_case_recv(rx(two)),
                               imp_case_send(tx(NULL), &a)};
    cr_expect_eq(imp_select(ctx, cases, 3), 1);
    cr_expect_eq(imp_select_now(ctx, cases, 3), IMP_SELECT_NONE);
}

Test(select, without_a_channel_waits_for_the_cancel)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(ctx, 20);
    struct imp_case never = imp_case_recv(rx(NULL));
    cr_expect_eq(imp_select(brief, &never, 1), IMP_SELECT_CANCELLED);
    cr_expect_eq(imp_select(brief, NULL, 0), IMP_SELECT_CANCELLED);
    imp_ctx_free(brief);
}

Test(select, cancelled_context_wins_over_ready_cases)
{
    imp_chan_send(ctx, tx(one), &a);
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    struct imp_case cases[] = {imp_case_recv(rx(one)),
                               imp_case_send(tx(two), &b)};
    cr_expect_eq(imp_select(ctx, cases, 2), IMP_SELECT_CANCELLED);
    cr_expect_eq(imp_chan_len(one), 1);
    cr_expect_eq(imp_chan_len(two), 0);
    cr_expect_eq(cases[1].item, &b);
}

Test(select, cancel_wakes_it)
{
    struct imp_ctx *child = imp_ctx_new(ctx);
    struct selecting s = {
        .ctx = child,
        .cases = {imp_case_recv(rx(one)), imp_case_recv(rx(two))}};
    start_select(&s);
    until_receivers(two, 1);
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    join(s.thread);
    cr_expect_eq(s.done, IMP_SELECT_CANCELLED);
    imp_ctx_free(child);
}

Test(select, deadline_ends_it)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(ctx, 20);
    struct imp_case cases[] = {imp_case_recv(rx(one)), imp_case_recv(rx(two))};
    cr_expect_eq(imp_select(brief, cases, 2), IMP_SELECT_CANCELLED);
    cr_expect_eq(imp_ctx_cause(brief), IMP_CAUSE_DEADLINE);
    imp_ctx_free(brief);
}

// Four cases of which the first two are ready: a random start that walks on to
// the next ready one would prefer the first, 3 to 1. With a fair choice, fewer
// than 850 of 2000 for either has a chance of one in 10^11.
Test(select, gives_each_ready_case_the_same_chance)
{
    int taken[4] = {0};
    struct imp_chan *empty = imp_chan_new(1);
    imp_chan_send(ctx, tx(one), &a);
    imp_chan_send(ctx, tx(two), &b);
    for (int i = 0; i < 2000; i++) {
        struct imp_case cases[] = {
            imp_case_recv(rx(one)), imp_case_recv(rx(two)),
            imp_case_recv(rx(empty)), imp_case_recv(rx(empty))};
        int done = imp_select(ctx, cases, 4);
        cr_assert(done == 0 || done == 1);
        taken[done]++;
        imp_chan_send(ctx, tx(cases[done].ch), cases[done].item);
    }
    cr_expect_gt(taken[0], 850);
    cr_expect_gt(taken[1], 850);
    imp_chan_free(empty, NULL);
}

// One change for each of its two channels wakes the select, which can use only
// one of them. The plain receiver behind it must get the other.
Test(select, passes_on_the_wake_up_that_it_does_not_use)
{
    struct selecting s = {
        .ctx = ctx, .cases = {imp_case_recv(rx(one)), imp_case_recv(rx(two))}};
    struct call behind_one = {.ctx = ctx, .ch = one};
    struct call behind_two = {.ctx = ctx, .ch = two};
    start_select(&s);
    until_receivers(two, 1);
    start_recv(&behind_one);
    start_recv(&behind_two);
    until_receivers(one, 2);
    until_receivers(two, 2);

    pthread_mutex_lock(&one->mu);
    pthread_mutex_lock(&two->mu);
    imp_chan_send_locked(ctx, one, &a); // wakes the select
    pthread_mutex_unlock(&one->mu);
    imp_chan_send_locked(ctx, two, &b); // finds it awake, wakes behind_two
    pthread_mutex_unlock(&two->mu);

    // Whichever it took, the other item went to a plain receiver, and one
    // receiver is left over for a third item.
    join(s.thread);
    struct call *served = s.done == 0 ? &behind_two : &behind_one;
    struct call *left = s.done == 0 ? &behind_one : &behind_two;
    join(served->thread);
    imp_chan_send(ctx, tx(left->ch), &a);
    join(left->thread);
    cr_expect_eq(served->received, IMP_RECV_ITEM);
    cr_expect_eq(left->received, IMP_RECV_ITEM);
}

Test(select, passes_on_the_wake_up_of_a_cancelled_one)
{
    struct imp_ctx *first = imp_ctx_new(ctx);
    struct selecting s = {
        .ctx = first,
        .cases = {imp_case_recv(rx(one)), imp_case_recv(rx(two))}};
    struct call behind = {.ctx = ctx, .ch = two};
    start_select(&s);
    until_receivers(two, 1);
    start_recv(&behind);
    until_receivers(two, 2);

    pthread_mutex_lock(&two->mu);
    imp_chan_send_locked(ctx, two, &b);
    imp_ctx_cancel(first, IMP_CAUSE_CANCEL);
    pthread_mutex_unlock(&two->mu);
    join(s.thread);
    join(behind.thread);
    cr_expect_eq(s.done, IMP_SELECT_CANCELLED);
    cr_expect_eq(behind.item, &b);
    imp_ctx_free(first);
}

// Each answers the other, so that a single wake-up lost stops both for ever: no
// later item comes to the rescue. The answers take an uneven time, so that some
// arrive just as the other is about to fall asleep.
enum { ANSWERS = 20000 };

static void send_asleep(struct imp_chan *ch, void *item)
{
    struct imp_case send = imp_case_send(tx(ch), item);
    cr_assert_eq(imp_select_asleep(ctx, &send, 1), 0);
}

static void *recv_asleep(struct imp_chan *ch)
{
    struct imp_case recv = imp_case_recv(rx(ch));
    cr_assert_eq(imp_select_asleep(ctx, &recv, 1), 0);
    return recv.item;
}

static void *run_answers(void *arg)
{
    unsigned seed = 1;
    for (int i = 0; i < ANSWERS; i++) {
        void *question = recv_asleep(one);
        for (volatile int k = rand_r(&seed) % 10000; k > 0; k--)
            ;
        send_asleep(two, question);
    }
    return arg;
}

Test(select, no_wake_up_is_lost_in_a_long_conversation, .timeout = 60)
{
    pthread_t thread = start(run_answers, NULL);
    for (int i = 0; i < ANSWERS; i++) {
        send_asleep(one, &a);
        cr_assert_eq(recv_asleep(two), &a);
    }
    join(thread);
}

Test(select, now_takes_a_ready_case)
{
    imp_chan_send(ctx, tx(one), &a);
    struct imp_case only = imp_case_recv(rx(one));
    cr_expect_eq(imp_select_now(ctx, &only, 1), 0);
    cr_expect_eq(only.item, &a);
}

Test(select, now_does_not_wait)
{
    struct imp_case cases[] = {imp_case_recv(rx(one)), imp_case_recv(rx(two))};
    cr_expect_eq(imp_select_now(ctx, cases, 2), IMP_SELECT_NONE);
    cr_expect_eq(imp_select_now(ctx, NULL, 0), IMP_SELECT_NONE);
}

Test(select, now_says_cancelled)
{
    struct imp_case only = imp_case_recv(rx(NULL));
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    cr_expect_eq(imp_select_now(ctx, &only, 1), IMP_SELECT_CANCELLED);
}

Test(select, send_on_a_closed_channel_aborts, .signal = SIGABRT)
{
    imp_chan_close(tx(one));
    struct imp_case only = imp_case_send(tx(one), &a);
    imp_select(ctx, &only, 1);
}

Test(select, close_aborts_one_that_waits_to_send, .signal = SIGABRT)
{
    imp_chan_send(ctx, tx(one), &a);
    struct selecting s = {
        .ctx = ctx,
        .cases = {imp_case_send(tx(one), &b), imp_case_recv(rx(two))}};
    start_select(&s);
    until_senders(one, 1);
    imp_chan_close(tx(one));
    join(s.thread);
}

Test(select, too_many_cases_abort, .signal = SIGABRT)
{
    struct imp_case cases[IMP_SELECT_MAX + 1] = {{.ch = NULL}};
    imp_select_now(ctx, cases, IMP_SELECT_MAX + 1);
}
