/* helpers.h - threads in a test, and a look at who stands in a channel's queue.
 *
 * A test that needs a thread to wait asks the channel until the thread is in
 * the queue: no sleep, no guess. .timeout ends a test that waits in vain. */
#ifndef IMP_TEST_SYNC_HELPERS_H
#define IMP_TEST_SYNC_HELPERS_H

#include "sync/chan.h"
#include "sync/chan_internal.h"
#include "sync/context.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

static inline pthread_t start(void *(*run)(void *), void *arg)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, run, arg), 0);
    return thread;
}

static inline void join(pthread_t thread)
{
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

static inline struct imp_chan_tx tx(struct imp_chan *ch)
{
    return (struct imp_chan_tx){ch};
}

static inline struct imp_chan_rx rx(struct imp_chan *ch)
{
    return (struct imp_chan_rx){ch};
}

/* Wait until `n` sleepers stand in one of the queues of `ch`. */
static inline void until_queued(struct imp_chan *ch, struct imp_queue *q, int n)
{
    int found = -1;
    while (found != n) {
        sched_yield();
        found = 0;
        pthread_mutex_lock(&ch->mu);
        for (struct imp_place *p = q->first; p; p = p->next)
            found++;
        pthread_mutex_unlock(&ch->mu);
    }
}

static inline void until_receivers(struct imp_chan *ch, int n)
{
    until_queued(ch, &ch->receivers, n);
}

static inline void until_senders(struct imp_chan *ch, int n)
{
    until_queued(ch, &ch->senders, n);
}

static inline int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Let other threads get to where they wait, if one cannot see them there. Right
 * code passes without this; wrong code gets the time to show itself. */
static inline void let_others_run(void)
{
    for (int64_t end = now_ms() + 50; now_ms() < end;)
        sched_yield();
}

/* One call that may wait, in a thread of its own, and what came of it. */
struct call {
    struct imp_ctx *ctx;
    struct imp_chan *ch;
    void *item;
    bool sent;
    enum imp_recv received;
    pthread_t thread;
};

static inline void *run_send(void *arg)
{
    struct call *c = arg;
    c->sent = imp_chan_send(c->ctx, tx(c->ch), c->item);
    return NULL;
}

static inline void *run_recv(void *arg)
{
    struct call *c = arg;
    c->received = imp_chan_recv(c->ctx, rx(c->ch), &c->item);
    return NULL;
}

static inline void start_send(struct call *c)
{
    c->thread = start(run_send, c);
}

static inline void start_recv(struct call *c)
{
    c->thread = start(run_recv, c);
}

#endif
