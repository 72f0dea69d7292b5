/* waitgroup.h - waits for a number of tasks to end, as Go's sync.WaitGroup.
 *
 * Thread-safe. Add before the task starts, done when it ends. */
#ifndef IMP_SYNC_WAITGROUP_H
#define IMP_SYNC_WAITGROUP_H

#include <pthread.h>
#include <stdbool.h>

struct imp_ctx;

struct imp_waitgroup {
    pthread_mutex_t mu;
    pthread_cond_t zero;
    int count; /* guarded by mu */
};

void imp_waitgroup_init(struct imp_waitgroup *wg);
void imp_waitgroup_clear(struct imp_waitgroup *wg);

/* `n` more tasks. A count below zero, or beyond an int, is a bug: aborts. */
void imp_waitgroup_add(struct imp_waitgroup *wg, int n);

/* One task has ended; what it wrote before is seen by the waiter. */
void imp_waitgroup_done(struct imp_waitgroup *wg);

/* Wait for zero: true, even if `ctx` was cancelled meanwhile. False if it is
 * cancelled while tasks still run. */
bool imp_waitgroup_wait(struct imp_ctx *ctx, struct imp_waitgroup *wg);

#endif
