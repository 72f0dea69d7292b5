/* A cause is set once, by compare and swap, and can be read without a lock.
 * So a waiter may ask imp_ctx_cancelled while it holds its own mutex.
 *
 * A context's mutex guards its lists, and a cancel holds it while it walks
 * them. Locks are therefore taken downwards only: parent, child, watcher. Who
 * holds a watcher's mutex never asks for a context's. The walk keeps the lock
 * so that unwatch, which needs it too, returns only when no cancel is using
 * the watch any more, and a second cancel only when the first is complete.
 *
 * Nobody acts on a deadline when it passes. It is fixed at birth and includes
 * the parents', so each waiter sleeps no longer than that and each reader
 * compares it with the clock. */
#include "sync/context.h"

#include "base/err.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#define NEVER INT64_MAX
#define PAUSE_MS 200
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

struct imp_ctx {
    _Atomic int cause; // enum imp_cause; leaves NONE once
    int64_t deadline;  // monotonic ns; fixed at birth
    struct imp_ctx *parent;
    struct imp_ctx *prev, *next; // siblings; guarded by parent->mu

    pthread_mutex_t mu;
    pthread_cond_t ended;          // for imp_ctx_wait
    struct imp_ctx *children;      // guarded by mu
    struct imp_ctx_watch *watches; // guarded by mu
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t ns_from_now(int64_t ms)
{
    int64_t ns;
    if (ms <= 0)
        return now_ns();
    if (__builtin_mul_overflow(ms, NS_PER_MS, &ns) ||
        __builtin_add_overflow(ns, now_ns(), &ns))
        return NEVER;
    return ns;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void imp_cond_init(pthread_cond_t *cv)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0 ||
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(cv, &attr) != 0)
        imp_bug("no condition variable on the monotonic clock");
    pthread_condattr_destroy(&attr);
}

static void cond_wait_until(pthread_cond_t *cv, pthread_mutex_t *mu, int64_t at)
{
    if (at == NEVER) {
        pthread_cond_wait(cv, mu);
        return;
    }
    struct timespec t = {.tv_sec = at / NS_PER_S, .tv_nsec = at % NS_PER_S};
    pthread_cond_timedwait(cv, mu, &t);
}

// --- Birth and death ---

static void adopt(struct imp_ctx *parent, struct imp_ctx *child)
{
    pthread_mutex_lock(&parent->mu);
    // Under the lock a cancel either comes first, and we see its cause, or
    // comes later and sees the child.
    atomic_store(&child->cause, (int)imp_ctx_cause(parent));
    child->deadline = earlier(child->deadline, parent->deadline);
    child->parent = parent;
    child->next = parent->children;
    if (child->next)
        child->next->prev = child;
    parent->children = child;
    pthread_mutex_unlock(&parent->mu);
}

static void leave(struct imp_ctx *parent, struct imp_ctx *child)
{
    pthread_mutex_lock(&parent->mu);
    if (child->next)
        child->next->prev = child->prev;
    if (child->prev)
        child->prev->next = child->next;
    else
        parent->children = child->next;
    pthread_mutex_unlock(&parent->mu);
}

static struct imp_ctx *new_until(struct imp_ctx *parent, int64_t deadline)
{
    struct imp_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        imp_no_memory("a context");
    ctx->deadline = deadline;
    pthread_mutex_init(&ctx->mu, NULL);
    imp_cond_init(&ctx->ended);
    if (parent)
        adopt(parent, ctx);
    return ctx;
}

struct imp_ctx *imp_ctx_new(struct imp_ctx *parent)
{
    return new_until(parent, NEVER);
}

struct imp_ctx *imp_ctx_new_timeout(struct imp_ctx *parent, int64_t ms)
{
    return new_until(parent, ns_from_now(ms));
}

void imp_ctx_free(struct imp_ctx *ctx)
{
    if (!ctx)
        return;
    // First out of the parent's sight: then no cancel can be in here.
    if (ctx->parent)
        leave(ctx->parent, ctx);
    if (ctx->children)
        imp_bug("a context was freed before its children");
    if (ctx->watches)
        imp_bug("a context was freed while a call waits under it");
    pthread_cond_destroy(&ctx->ended);
    pthread_mutex_destroy(&ctx->mu);
    free(ctx);
}

// --- The end of a context ---

static bool end_once(struct imp_ctx *ctx, enum imp_cause cause)
{
    int none = IMP_CAUSE_NONE;
    return atomic_compare_exchange_strong(&ctx->cause, &none, (int)cause);
}

enum imp_cause imp_ctx_cause(struct imp_ctx *ctx)
{
    if (atomic_load(&ctx->cause) == IMP_CAUSE_NONE && ctx->deadline != NEVER &&
        now_ns() >= ctx->deadline)
        end_once(ctx, IMP_CAUSE_DEADLINE);
    return (enum imp_cause)atomic_load(&ctx->cause);
}

bool imp_ctx_cancelled(struct imp_ctx *ctx)
{
    return imp_ctx_cause(ctx) != IMP_CAUSE_NONE;
}

void imp_ctx_cancel(struct imp_ctx *ctx, enum imp_cause cause)
{
    if (cause == IMP_CAUSE_NONE)
        imp_bug("cancel without a cause");
    pthread_mutex_lock(&ctx->mu);
    // A deadline that has passed unseen still came first. Whoever waits below
    // has the same deadline, or an earlier one, and wakes by itself.
    if (!imp_ctx_cancelled(ctx) && end_once(ctx, cause)) {
        pthread_cond_broadcast(&ctx->ended);
        for (struct imp_ctx_watch *w = ctx->watches; w; w = w->next) {
            pthread_mutex_lock(w->mu);
            pthread_cond_broadcast(w->cv);
            pthread_mutex_unlock(w->mu);
        }
        for (struct imp_ctx *c = ctx->children; c; c = c->next)
            imp_ctx_cancel(c, cause);
    }
    pthread_mutex_unlock(&ctx->mu);
}

// --- Waiting ---

int64_t imp_ctx_left_ms(struct imp_ctx *ctx)
{
    if (ctx->deadline == NEVER)
        return INT64_MAX;
    int64_t left = ctx->deadline - now_ns();
    return left > 0 ? left / NS_PER_MS : 0;
}

bool imp_ctx_wait(struct imp_ctx *ctx, int64_t ms)
{
    int64_t limit = ms < 0 ? NEVER : ns_from_now(ms);
    int64_t until = earlier(limit, ctx->deadline);
    pthread_mutex_lock(&ctx->mu);
    while (!imp_ctx_cancelled(ctx) && (limit == NEVER || now_ns() < limit))
        cond_wait_until(&ctx->ended, &ctx->mu, until);
    pthread_mutex_unlock(&ctx->mu);
    return imp_ctx_cancelled(ctx);
}

bool imp_ctx_pause(void *ctx)
{
    return !imp_ctx_wait(ctx, PAUSE_MS);
}

void imp_ctx_watch(struct imp_ctx *ctx, struct imp_ctx_watch *watch,
                   pthread_mutex_t *mu, pthread_cond_t *cv)
{
    pthread_mutex_lock(&ctx->mu);
    *watch = (struct imp_ctx_watch){mu, cv, NULL, ctx->watches};
    if (watch->next)
        watch->next->prev = watch;
    ctx->watches = watch;
    pthread_mutex_unlock(&ctx->mu);
}

void imp_ctx_unwatch(struct imp_ctx *ctx, struct imp_ctx_watch *watch)
{
    pthread_mutex_lock(&ctx->mu);
    if (watch->next)
        watch->next->prev = watch->prev;
    if (watch->prev)
        watch->prev->next = watch->next;
    else
        ctx->watches = watch->next;
    pthread_mutex_unlock(&ctx->mu);
}

void imp_ctx_cond_wait(struct imp_ctx *ctx, pthread_cond_t *cv,
                       pthread_mutex_t *mu)
{
    cond_wait_until(cv, mu, ctx->deadline);
}
