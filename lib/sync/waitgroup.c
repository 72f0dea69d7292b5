#include "sync/waitgroup.h"

#include "base/err.h"
#include "sync/context.h"

void imp_waitgroup_init(struct imp_waitgroup *wg)
{
    pthread_mutex_init(&wg->mu, NULL);
    imp_cond_init(&wg->zero);
    wg->count = 0;
}

void imp_waitgroup_clear(struct imp_waitgroup *wg)
{
    pthread_cond_destroy(&wg->zero);
    pthread_mutex_destroy(&wg->mu);
    wg->count = 0;
}

void imp_waitgroup_add(struct imp_waitgroup *wg, int n)
{
    pthread_mutex_lock(&wg->mu);
    if (__builtin_add_overflow(wg->count, n, &wg->count) || wg->count < 0)
        imp_bug("a waitgroup's count left its range");
    if (wg->count == 0)
        pthread_cond_broadcast(&wg->zero);
    pthread_mutex_unlock(&wg->mu);
}

void imp_waitgroup_done(struct imp_waitgroup *wg)
{
    imp_waitgroup_add(wg, -1);
}

bool imp_waitgroup_wait(struct imp_ctx *ctx, struct imp_waitgroup *wg)
{
    struct imp_ctx_watch watch;
    imp_ctx_watch(ctx, &watch, &wg->mu, &wg->zero);
    pthread_mutex_lock(&wg->mu);
    while (wg->count > 0 && !imp_ctx_cancelled(ctx))
        imp_ctx_cond_wait(ctx, &wg->zero, &wg->mu);
    bool all_done = wg->count == 0;
    pthread_mutex_unlock(&wg->mu);
    imp_ctx_unwatch(ctx, &watch);
    return all_done;
}
