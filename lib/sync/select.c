#include "sync/select.h"

#include "base/err.h"
#include "sync/chan_internal.h"
#include "sync/context.h"

#include <sched.h>
#include <stdint.h>
#include <time.h>

enum { YIELDS = 10 }; // measured: fewer sleep more often, more gain nothing

// --- Choosing ---

// The clock is random enough to be fair, and needs no state that threads would
// share. splitmix64 spreads its few changing bits.
static uint64_t random_seed(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec << 30 ^ (uint64_t)t.tv_nsec;
}

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

// Trying the cases in a random order, and not from a random start, gives each
// ready one the same chance wherever it stands.
static void shuffle(int order[], int n)
{
    uint64_t state = n > 1 ? random_seed() : 0;
    for (int i = 0; i < n; i++) {
        int j = (int)(random_next(&state) % (unsigned)(i + 1));
        if (j < i)
            order[i] = order[j];
        order[j] = i;
    }
}

static enum imp_try try_case(struct imp_ctx *ctx, struct imp_case *c)
{
    enum imp_try got;
    if (!c->ch)
        return IMP_TRY_WAIT;
    pthread_mutex_lock(&c->ch->mu);
    if (c->op == IMP_CASE_SEND)
        got = imp_chan_send_locked(ctx, c->ch, c->item);
    else
        got = imp_chan_recv_locked(ctx, c->ch, &c->item);
    pthread_mutex_unlock(&c->ch->mu);
    c->closed = got == IMP_TRY_CLOSED;
    if (c->closed)
        c->item = NULL;
    return got;
}

int imp_select_now(struct imp_ctx *ctx, struct imp_case *cases, int n)
{
    int order[IMP_SELECT_MAX];
    if (n < 0 || n > IMP_SELECT_MAX)
        imp_bug("select of %d cases: want 0 to %d", n, IMP_SELECT_MAX);
    shuffle(order, n);
    for (int i = 0; i < n; i++) {
        enum imp_try got = try_case(ctx, &cases[order[i]]);
        if (got == IMP_TRY_CANCELLED)
            return IMP_SELECT_CANCELLED;
        if (got != IMP_TRY_WAIT)
            return order[i];
    }
    return imp_ctx_cancelled(ctx) ? IMP_SELECT_CANCELLED : IMP_SELECT_NONE;
}

// --- Waiting ---

static struct imp_queue *queue_of(struct imp_case *c)
{
    return c->op == IMP_CASE_SEND ? &c->ch->senders : &c->ch->receivers;
}

static bool is_ready_locked(const struct imp_case *c)
{
    return c->op == IMP_CASE_SEND ? c->ch->len < c->ch->cap : c->ch->len > 0;
}

static void join(struct imp_case *c, struct imp_place *place,
                 struct imp_sleeper *self)
{
    if (!c->ch)
        return;
    pthread_mutex_lock(&c->ch->mu);
    imp_queue_join_locked(queue_of(c), place, self);
    pthread_mutex_unlock(&c->ch->mu);
}

static void leave(struct imp_case *c, struct imp_place *place)
{
    if (!c->ch)
        return;
    pthread_mutex_lock(&c->ch->mu);
    imp_queue_leave_locked(queue_of(c), place);
    // The wake-up may have come to us, and we did something else.
    if (is_ready_locked(c))
        imp_queue_wake_one_locked(queue_of(c));
    pthread_mutex_unlock(&c->ch->mu);
}

static void sleep_until_woken(struct imp_ctx *ctx, struct imp_sleeper *self)
{
    pthread_mutex_lock(&self->mu);
    while (!self->woken && !imp_ctx_cancelled(ctx))
        imp_ctx_cond_wait(ctx, &self->wake, &self->mu);
    self->woken = false;
    pthread_mutex_unlock(&self->mu);
}

int imp_select_asleep(struct imp_ctx *ctx, struct imp_case *cases, int n)
{
    int done;
    struct imp_ctx_watch watch;
    struct imp_place place[IMP_SELECT_MAX];
    struct imp_sleeper self = {.woken = false};
    pthread_mutex_init(&self.mu, NULL);
    imp_cond_init(&self.wake);
    imp_ctx_watch(ctx, &watch, &self.mu, &self.wake);
    for (int i = 0; i < n; i++)
        join(&cases[i], &place[i], &self);

    // We stand in every queue before we look, so that a change after the look
    // sets `woken`, and the sleep ends at once.
    while ((done = imp_select_now(ctx, cases, n)) == IMP_SELECT_NONE)
        sleep_until_woken(ctx, &self);

    for (int i = 0; i < n; i++)
        leave(&cases[i], &place[i]);
    imp_ctx_unwatch(ctx, &watch);
    pthread_cond_destroy(&self.wake);
    pthread_mutex_destroy(&self.mu);
    return done;
}

// To fall asleep and be woken takes longer than most waits at a busy channel,
// so let the others run a few times first.
static int select_yielding(struct imp_ctx *ctx, struct imp_case *cases, int n)
{
    int done = imp_select_now(ctx, cases, n);
    for (int i = 0; done == IMP_SELECT_NONE && i < YIELDS; i++) {
        sched_yield();
        done = imp_select_now(ctx, cases, n);
    }
    return done;
}

int imp_select(struct imp_ctx *ctx, struct imp_case *cases, int n)
{
    int done = select_yielding(ctx, cases, n);
    return done == IMP_SELECT_NONE ? imp_select_asleep(ctx, cases, n) : done;
}
