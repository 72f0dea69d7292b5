#include "sync/chan.h"

#include "base/err.h"
#include "sync/chan_internal.h"
#include "sync/context.h"
#include "sync/select.h"

#include <stdint.h>
#include <stdlib.h>

// --- Queues of sleepers ---

static bool wake(struct imp_sleeper *sleeper)
{
    pthread_mutex_lock(&sleeper->mu);
    bool slept = !sleeper->woken;
    sleeper->woken = true;
    if (slept)
        pthread_cond_signal(&sleeper->wake);
    pthread_mutex_unlock(&sleeper->mu);
    return slept;
}

void imp_queue_wake_one_locked(struct imp_queue *q)
{
    struct imp_place *p = q->first;
    while (p && !wake(p->sleeper))
        p = p->next;
}

static void wake_all_locked(struct imp_queue *q)
{
    for (struct imp_place *p = q->first; p; p = p->next)
        wake(p->sleeper);
}

void imp_queue_join_locked(struct imp_queue *q, struct imp_place *place,
                           struct imp_sleeper *sleeper)
{
    *place = (struct imp_place){sleeper, q->last, NULL};
    if (q->last)
        q->last->next = place;
    else
        q->first = place;
    q->last = place;
}

void imp_queue_leave_locked(struct imp_queue *q, struct imp_place *place)
{
    if (place->prev)
        place->prev->next = place->next;
    else
        q->first = place->next;
    if (place->next)
        place->next->prev = place->prev;
    else
        q->last = place->prev;
}

// --- Channels ---

struct imp_chan *imp_chan_new(size_t cap)
{
    if (cap == 0)
        imp_bug("a channel needs room for an item");
    struct imp_chan *ch = NULL;
    if (cap <= (SIZE_MAX - sizeof *ch) / sizeof ch->slot[0])
        ch = malloc(sizeof *ch + cap * sizeof ch->slot[0]);
    if (!ch)
        imp_no_memory("a channel");
    *ch = (struct imp_chan){.cap = cap};
    pthread_mutex_init(&ch->mu, NULL);
    return ch;
}

void imp_chan_free(struct imp_chan *ch, void (*drop)(void *item))
{
    if (!ch)
        return;
    for (size_t i = 0; drop && i < ch->len; i++)
        drop(ch->slot[(ch->head + i) % ch->cap]);
    pthread_mutex_destroy(&ch->mu);
    free(ch);
}

enum imp_try imp_chan_send_locked(struct imp_ctx *ctx, struct imp_chan *ch,
                                  void *item)
{
    if (ch->closed)
        imp_bug("send on a closed channel");
    if (imp_ctx_cancelled(ctx))
        return IMP_TRY_CANCELLED;
    if (ch->len == ch->cap)
        return IMP_TRY_WAIT;
    ch->slot[(ch->head + ch->len++) % ch->cap] = item;
    imp_queue_wake_one_locked(&ch->receivers);
    return IMP_TRY_DONE;
}

enum imp_try imp_chan_recv_locked(struct imp_ctx *ctx, struct imp_chan *ch,
                                  void **item)
{
    if (imp_ctx_cancelled(ctx))
        return IMP_TRY_CANCELLED;
    if (ch->len == 0)
        return ch->closed ? IMP_TRY_CLOSED : IMP_TRY_WAIT;
    *item = ch->slot[ch->head];
    ch->head = (ch->head + 1) % ch->cap;
    ch->len--;
    imp_queue_wake_one_locked(&ch->senders);
    return IMP_TRY_DONE;
}

bool imp_chan_send(struct imp_ctx *ctx, struct imp_chan_tx tx, void *item)
{
    struct imp_case only = imp_case_send(tx, item);
    return imp_select(ctx, &only, 1) != IMP_SELECT_CANCELLED;
}

enum imp_recv imp_chan_recv(struct imp_ctx *ctx, struct imp_chan_rx rx,
                            void **item)
{
    struct imp_case only = imp_case_recv(rx);
    int done = imp_select(ctx, &only, 1);
    *item = only.item;
    if (done == IMP_SELECT_CANCELLED)
        return IMP_RECV_CANCELLED;
    return only.closed ? IMP_RECV_CLOSED : IMP_RECV_ITEM;
}

void imp_chan_close(struct imp_chan_tx tx)
{
    struct imp_chan *ch = tx.ch;
    pthread_mutex_lock(&ch->mu);
    if (ch->closed)
        imp_bug("close of a closed channel");
    ch->closed = true;
    wake_all_locked(&ch->receivers);
    wake_all_locked(&ch->senders); // to their bug: see send
    pthread_mutex_unlock(&ch->mu);
}

size_t imp_chan_len(const struct imp_chan *ch)
{
    // Only the lock changes, nothing that the caller can see.
    pthread_mutex_t *mu = (pthread_mutex_t *)&ch->mu;
    pthread_mutex_lock(mu);
    size_t len = ch->len;
    pthread_mutex_unlock(mu);
    return len;
}
