/* select.h - wait for the first of several sends and receives, or a cancel.
 *
 * As Go's select: if several cases are ready, one is taken at random, so that
 * no channel starves another. Exactly one case happens. */
#ifndef IMP_SYNC_SELECT_H
#define IMP_SYNC_SELECT_H

#include "sync/chan.h"

struct imp_case {
    enum { IMP_CASE_SEND, IMP_CASE_RECV } op;
    struct imp_chan *ch; /* NULL: never ready, as a nil channel in Go */
    void *item;          /* send: what to send; recv: what came */
    bool closed;         /* recv: closed and empty; then `item` is NULL */
};

static inline struct imp_case imp_case_send(struct imp_chan_tx tx, void *item)
{
    return (struct imp_case){IMP_CASE_SEND, tx.ch, item, false};
}

static inline struct imp_case imp_case_recv(struct imp_chan_rx rx)
{
    return (struct imp_case){IMP_CASE_RECV, rx.ch, NULL, false};
}

#define IMP_SELECT_CANCELLED (-1)
#define IMP_SELECT_NONE (-2)
#define IMP_SELECT_MAX 16 /* cases in one select; more is a bug: aborts */

/* Wait for one of `n` cases; returns its index, or IMP_SELECT_CANCELLED if
 * `ctx` ended first (then nothing was sent or received, and each item to send
 * is still the caller's). A receive from a closed and empty channel is ready,
 * with `closed` set; choosing to send on a closed one is a bug: aborts. Without
 * any case that can become ready it waits for the cancel. */
int imp_select(struct imp_ctx *ctx, struct imp_case *cases, int n);

/* The same without waiting, as Go's `default`: IMP_SELECT_NONE if no case is
 * ready. */
int imp_select_now(struct imp_ctx *ctx, struct imp_case *cases, int n);

#endif
