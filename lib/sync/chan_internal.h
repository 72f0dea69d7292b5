/* chan_internal.h - the inside of a channel, for chan.c, select.c and tests.
 *
 * Whoever waits is a sleeper that stands in the queue of each of its cases; a
 * plain send or receive is a select with one case. A change wakes one sleeper,
 * the longest waiting. It looks at all its cases, and who leaves a queue while
 * there is still something to be had there wakes the next. So no wake-up is
 * lost on one who was cancelled, or took another case, in that moment.
 *
 * Each sleeper has a condition variable of its own: glibc before 2.41 can lose
 * a signal if several threads wait on the same one (its bug 25847).
 *
 * Lock order: a channel's mutex, then a sleeper's. */
#ifndef IMP_SYNC_CHAN_INTERNAL_H
#define IMP_SYNC_CHAN_INTERNAL_H

#include "sync/chan.h"

#include <pthread.h>

struct imp_case;

struct imp_sleeper {
    pthread_mutex_t mu;
    pthread_cond_t wake;
    bool woken; /* it will look at all its cases; guarded by mu */
};

/* A sleeper's place in the queue of one case. */
struct imp_place {
    struct imp_sleeper *sleeper;
    struct imp_place *prev, *next;
};

/* Who waits, in order of arrival. */
struct imp_queue {
    struct imp_place *first, *last;
};

/* All but `cap` is guarded by mu. */
struct imp_chan {
    pthread_mutex_t mu;
    struct imp_queue senders, receivers;
    bool closed;
    size_t cap; /* fixed at birth */
    size_t head, len;
    void *slot[]; /* ring of `cap` items */
};

enum imp_try {
    IMP_TRY_DONE,
    IMP_TRY_CLOSED, /* receive only: closed and empty */
    IMP_TRY_CANCELLED,
    IMP_TRY_WAIT, /* not possible now */
};

/* The caller of what ends in _locked holds the channel's mutex. */

/* Send or receive if that can be done at once. `*item` is written only on
 * DONE. */
enum imp_try imp_chan_send_locked(struct imp_ctx *ctx, struct imp_chan *ch,
                                  void *item);
enum imp_try imp_chan_recv_locked(struct imp_ctx *ctx, struct imp_chan *ch,
                                  void **item);

/* Wake the first who is not awake already. */
void imp_queue_wake_one_locked(struct imp_queue *q);

void imp_queue_join_locked(struct imp_queue *q, struct imp_place *place,
                           struct imp_sleeper *sleeper);
void imp_queue_leave_locked(struct imp_queue *q, struct imp_place *place);

/* imp_select, but for the turns that it gives to others before it joins the
 * queues: with these, a test would hardly ever see a thread asleep. The caller
 * holds no mutex. */
int imp_select_asleep(struct imp_ctx *ctx, struct imp_case *cases, int n);

#endif
