#include "helpers.h"

#include <signal.h>
#include <stdint.h>

static int a, b, c; // items: only their addresses matter

static struct imp_ctx *ctx;
static struct imp_chan *ch;

static void setup(void)
{
    ctx = imp_ctx_new(NULL);
    ch = imp_chan_new(2);
}

static void teardown(void)
{
    imp_chan_free(ch, NULL);
    imp_ctx_free(ctx);
}

static void expect_recv(struct imp_ctx *under, enum imp_recv want,
                        const void *item)
{
    void *got = &got; // neither NULL nor an item
    cr_expect_eq(imp_chan_recv(under, rx(ch), &got), want);
    cr_expect_eq(got, item);
}

TestSuite(chan, .init = setup, .fini = teardown, .timeout = 10);

Test(chan, recv_gets_what_was_sent)
{
    cr_assert(imp_chan_send(ctx, tx(ch), &a));
    expect_recv(ctx, IMP_RECV_ITEM, &a);
}

Test(chan, items_come_in_the_order_of_sending_around_the_ring)
{
    imp_chan_send(ctx, tx(ch), &a);
    for (int i = 0; i < 3; i++) {
        imp_chan_send(ctx, tx(ch), &b);
        expect_recv(ctx, IMP_RECV_ITEM, &a);
        imp_chan_send(ctx, tx(ch), &a);
        expect_recv(ctx, IMP_RECV_ITEM, &b);
    }
}

Test(chan, null_is_an_item_too)
{
    cr_assert(imp_chan_send(ctx, tx(ch), NULL));
    expect_recv(ctx, IMP_RECV_ITEM, NULL);
}

Test(chan, len_counts_what_is_queued)
{
    cr_expect_eq(imp_chan_len(ch), 0);
    imp_chan_send(ctx, tx(ch), &a);
    imp_chan_send(ctx, tx(ch), &b);
    cr_expect_eq(imp_chan_len(ch), 2);
    expect_recv(ctx, IMP_RECV_ITEM, &a);
    cr_expect_eq(imp_chan_len(ch), 1);
}

Test(chan, send_waits_while_the_channel_is_full)
{
    struct call send = {.ctx = ctx, .ch = ch, .item = &c};
    imp_chan_send(ctx, tx(ch), &a);
    imp_chan_send(ctx, tx(ch), &b);
    start_send(&send);
    until_senders(ch, 1);
    cr_expect_eq(imp_chan_len(ch), 2);

    expect_recv(ctx, IMP_RECV_ITEM, &a);
    join(send.thread);
    cr_expect(send.sent);
    expect_recv(ctx, IMP_RECV_ITEM, &b);
    expect_recv(ctx, IMP_RECV_ITEM, &c);
}

Test(chan, recv_waits_while_the_channel_is_empty)
{
    struct call recv = {.ctx = ctx, .ch = ch};
    start_recv(&recv);
    until_receivers(ch, 1);
    imp_chan_send(ctx, tx(ch), &a);
    join(recv.thread);
    cr_expect_eq(recv.received, IMP_RECV_ITEM);
    cr_expect_eq(recv.item, &a);
}

Test(chan, each_send_wakes_another_receiver)
{
    struct call recv[2] = {{.ctx = ctx, .ch = ch}, {.ctx = ctx, .ch = ch}};
    start_recv(&recv[0]);
    start_recv(&recv[1]);
    until_receivers(ch, 2);
    imp_chan_send(ctx, tx(ch), &a);
    imp_chan_send(ctx, tx(ch), &b);
    join(recv[0].thread);
    join(recv[1].thread);
    cr_expect_neq(recv[0].item, recv[1].item);
}

Test(chan, each_recv_wakes_another_sender)
{
    struct call send[2] = {{.ctx = ctx, .ch = ch, .item = &a},
                           {.ctx = ctx, .ch = ch, .item = &b}};
    imp_chan_send(ctx, tx(ch), &c);
    imp_chan_send(ctx, tx(ch), &c);
    start_send(&send[0]);
    start_send(&send[1]);
    until_senders(ch, 2);
    expect_recv(ctx, IMP_RECV_ITEM, &c);
    expect_recv(ctx, IMP_RECV_ITEM, &c);
    join(send[0].thread);
    join(send[1].thread);
    cr_expect_eq(imp_chan_len(ch), 2);
}

Test(chan, recv_drains_what_was_queued_before_close)
{
    imp_chan_send(ctx, tx(ch), &a);
    imp_chan_send(ctx, tx(ch), &b);
    imp_chan_close(tx(ch));
    expect_recv(ctx, IMP_RECV_ITEM, &a);
    expect_recv(ctx, IMP_RECV_ITEM, &b);
    expect_recv(ctx, IMP_RECV_CLOSED, NULL);
    expect_recv(ctx, IMP_RECV_CLOSED, NULL);
}

Test(chan, close_wakes_every_receiver)
{
    struct call recv[3];
    for (int i = 0; i < 3; i++) {
        recv[i] = (struct call){.ctx = ctx, .ch = ch};
        start_recv(&recv[i]);
    }
    until_receivers(ch, 3);
    imp_chan_close(tx(ch));
    for (int i = 0; i < 3; i++) {
        join(recv[i].thread);
        cr_expect_eq(recv[i].received, IMP_RECV_CLOSED);
    }
}

Test(chan, cancelled_context_never_sends_even_if_there_is_room)
{
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    cr_expect_not(imp_chan_send(ctx, tx(ch), &a));
    cr_expect_eq(imp_chan_len(ch), 0);
}

Test(chan, cancel_wins_over_an_item_that_is_ready)
{
    imp_chan_send(ctx, tx(ch), &a);
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    expect_recv(ctx, IMP_RECV_CANCELLED, NULL);
    cr_expect_eq(imp_chan_len(ch), 1);
}

Test(chan, cancel_wins_over_close)
{
    imp_chan_close(tx(ch));
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    expect_recv(ctx, IMP_RECV_CANCELLED, NULL);
}

Test(chan, items_of_a_cancelled_sender_are_still_received)
{
    struct imp_ctx *senders = imp_ctx_new(ctx);
    imp_chan_send(senders, tx(ch), &a);
    imp_ctx_cancel(senders, IMP_CAUSE_CANCEL);
    expect_recv(ctx, IMP_RECV_ITEM, &a);
    imp_ctx_free(senders);
}

Test(chan, cancel_wakes_a_waiting_sender_who_keeps_the_item)
{
    struct imp_ctx *child = imp_ctx_new(ctx);
    struct call send = {.ctx = child, .ch = ch, .item = &c};
    imp_chan_send(ctx, tx(ch), &a);
    imp_chan_send(ctx, tx(ch), &b);
    start_send(&send);
    until_senders(ch, 1);
    imp_ctx_cancel(ctx,
                   IMP_CAUSE_SIGINT); // the parent: it must reach the child
    join(send.thread);
    cr_expect_not(send.sent);
    cr_expect_eq(imp_chan_len(ch), 2);
    imp_ctx_free(child);
}

Test(chan, cancel_wakes_a_waiting_receiver)
{
    struct call recv = {.ctx = ctx, .ch = ch, .item = &a};
    start_recv(&recv);
    until_receivers(ch, 1);
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    join(recv.thread);
    cr_expect_eq(recv.received, IMP_RECV_CANCELLED);
    cr_expect_null(recv.item);
}

Test(chan, deadline_ends_a_wait_for_an_item)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(ctx, 20);
    int64_t before = now_ms();
    expect_recv(brief, IMP_RECV_CANCELLED, NULL);
    cr_expect_geq(now_ms() - before, 19);
    imp_ctx_free(brief);
}

Test(chan, deadline_ends_a_wait_for_room)
{
    struct imp_ctx *brief = imp_ctx_new_timeout(ctx, 20);
    imp_chan_send(ctx, tx(ch), &a);
    imp_chan_send(ctx, tx(ch), &b);
    cr_expect_not(imp_chan_send(brief, tx(ch), &c));
    cr_expect_eq(imp_ctx_cause(brief), IMP_CAUSE_DEADLINE);
    imp_ctx_free(brief);
}

// The first in the queue is woken for an item, or for room, and cancelled
// before it can look, because the test holds the channel's lock meanwhile.

Test(chan, wake_up_of_a_cancelled_receiver_passes_to_the_next)
{
    struct imp_ctx *first = imp_ctx_new(ctx);
    struct call recv[2] = {{.ctx = first, .ch = ch}, {.ctx = ctx, .ch = ch}};
    start_recv(&recv[0]);
    until_receivers(ch, 1);
    start_recv(&recv[1]);
    until_receivers(ch, 2);

    pthread_mutex_lock(&ch->mu);
    imp_chan_send_locked(ctx, ch, &a);
    imp_ctx_cancel(first, IMP_CAUSE_CANCEL);
    pthread_mutex_unlock(&ch->mu);
    join(recv[0].thread);
    join(recv[1].thread);
    cr_expect_eq(recv[0].received, IMP_RECV_CANCELLED);
    cr_expect_eq(recv[1].received, IMP_RECV_ITEM);
    imp_ctx_free(first);
}

Test(chan, wake_up_of_a_cancelled_sender_passes_to_the_next)
{
    void *got;
    struct imp_ctx *first = imp_ctx_new(ctx);
    struct call send[2] = {{.ctx = first, .ch = ch, .item = &a},
                           {.ctx = ctx, .ch = ch, .item = &b}};
    imp_chan_send(ctx, tx(ch), &c);
    imp_chan_send(ctx, tx(ch), &c);
    start_send(&send[0]);
    until_senders(ch, 1);
    start_send(&send[1]);
    until_senders(ch, 2);

    pthread_mutex_lock(&ch->mu);
    imp_chan_recv_locked(ctx, ch, &got);
    imp_ctx_cancel(first, IMP_CAUSE_CANCEL);
    pthread_mutex_unlock(&ch->mu);
    join(send[0].thread);
    join(send[1].thread);
    cr_expect_not(send[0].sent);
    cr_expect(send[1].sent);
    imp_ctx_free(first);
}

static int dropped;

static void count_drop(void *item)
{
    cr_expect_eq(item, dropped == 0 ? &b : &c);
    dropped++;
}

Test(chan, free_hands_what_is_queued_to_drop)
{
    struct imp_chan *full = imp_chan_new(2);
    void *got;
    imp_chan_send(ctx, tx(full), &a);
    imp_chan_send(ctx, tx(full), &b);
    imp_chan_recv(ctx, rx(full), &got);
    imp_chan_send(ctx, tx(full), &c);
    imp_chan_free(full, count_drop);
    cr_expect_eq(dropped, 2);
}

Test(chan, free_of_null_does_nothing)
{
    imp_chan_free(NULL, count_drop);
    cr_expect_eq(dropped, 0);
}

Test(chan, send_after_close_aborts, .signal = SIGABRT)
{
    imp_chan_close(tx(ch));
    imp_chan_send(ctx, tx(ch), &a);
}

Test(chan, close_aborts_a_sender_that_waits, .signal = SIGABRT)
{
    struct call send = {.ctx = ctx, .ch = ch, .item = &c};
    imp_chan_send(ctx, tx(ch), &a);
    imp_chan_send(ctx, tx(ch), &b);
    start_send(&send);
    until_senders(ch, 1);
    imp_chan_close(tx(ch));
    join(send.thread);
}

Test(chan, close_twice_aborts, .signal = SIGABRT)
{
    imp_chan_close(tx(ch));
    imp_chan_close(tx(ch));
}

Test(chan, capacity_of_zero_aborts, .signal = SIGABRT)
{
    imp_chan_new(0);
}

Test(chan, capacity_beyond_memory_ends_the_program, .exit_code = 1)
{
    imp_chan_new(SIZE_MAX / sizeof(void *));
}
