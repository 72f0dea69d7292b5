/* context.h - cancellation, as Go's context: root, child, cancel, deadline.
 *
 * A context is cancelled once, with a cause, by hand or at its deadline; that
 * cancels its children too. A child never outlives its parent's cancel, and its
 * deadline is never later than its parent's. Every call that blocks takes a
 * context and returns soon after it is cancelled.
 *
 * Thread-safe: any thread may make a child of a context that lives, while
 * others use or cancel it. Free a context when all its users are through with
 * it, children first. No function here takes NULL, but for _free and a root's
 * parent. */
#ifndef IMP_SYNC_CONTEXT_H
#define IMP_SYNC_CONTEXT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct imp_ctx; /* opaque */

/* Why a context ended. */
enum imp_cause {
    IMP_CAUSE_NONE = 0, /* it has not */
    IMP_CAUSE_CANCEL,   /* plain cancel */
    IMP_CAUSE_SIGINT,
    IMP_CAUSE_SIGTERM,
    IMP_CAUSE_DEADLINE, /* its own deadline or a parent's */
    IMP_CAUSE_ERROR,    /* a sibling failed */
};

/* A new context below `parent`, or a root if NULL. See imp_no_memory. */
struct imp_ctx *imp_ctx_new(struct imp_ctx *parent);

/* The same with a deadline `ms` milliseconds from now (monotonic clock); with 0
 * or less it has passed already. */
struct imp_ctx *imp_ctx_new_timeout(struct imp_ctx *parent, int64_t ms);

/* NULL is fine. A context that still has children must not be freed: aborts. */
void imp_ctx_free(struct imp_ctx *ctx);

/* Cancel with a cause; only the first counts, and a deadline that has passed
 * comes first. Wakes every waiter of this context and of all below it, which
 * have been cancelled, too, when this returns. No cause (NONE) is a bug:
 * aborts. Not from a signal handler. */
void imp_ctx_cancel(struct imp_ctx *ctx, enum imp_cause cause);

/* Has it been cancelled, or has its deadline passed? Cheap: an atomic load,
 * and a look at the clock if there is a deadline. */
bool imp_ctx_cancelled(struct imp_ctx *ctx);

/* IMP_CAUSE_NONE while it lives. */
enum imp_cause imp_ctx_cause(struct imp_ctx *ctx);

/* Milliseconds until its deadline, 0 if that has passed; INT64_MAX: it has
 * none.
 */
int64_t imp_ctx_left_ms(struct imp_ctx *ctx);

/* Wait until `ctx` is cancelled, its deadline included, or `ms` milliseconds
 * (-1: no limit); true if it was cancelled. */
bool imp_ctx_wait(struct imp_ctx *ctx, int64_t ms);

/* Pause between two tries at something that cannot be waited for, such as
 * another program's lock. `ctx` is a struct imp_ctx; false once it is
 * cancelled. For imp_file_lock's `again`. */
bool imp_ctx_pause(void *ctx);

/* For the implementers of blocking calls. Between watch and unwatch a cancel of
 * `ctx` locks `mu` and broadcasts `cv`, so that a waiter looks up. Call both
 * without holding `mu`; while holding it, ask imp_ctx_cancelled, which takes no
 * lock: a cancel may have come before the watch. After unwatch nothing touches
 * `mu` and `cv` any more. The condition variable must have been made by
 * imp_cond_init (deadlines are on the monotonic clock). */
struct imp_ctx_watch {
    pthread_mutex_t *mu;
    pthread_cond_t *cv;
    struct imp_ctx_watch *prev, *next;
};
void imp_ctx_watch(struct imp_ctx *ctx, struct imp_ctx_watch *watch,
                   pthread_mutex_t *mu, pthread_cond_t *cv);
void imp_ctx_unwatch(struct imp_ctx *ctx, struct imp_ctx_watch *watch);

/* pthread_cond_wait that also returns when `ctx`'s deadline passes. The caller
 * holds `mu` and asks again, in a `while`, every reason to wake. */
void imp_ctx_cond_wait(struct imp_ctx *ctx, pthread_cond_t *cv,
                       pthread_mutex_t *mu);

/* A condition variable on the monotonic clock. */
void imp_cond_init(pthread_cond_t *cv);

#endif
