/* chan.h - bounded queue with Go's meanings: send, receive, close, drain.
 *
 * Thread-safe: any number of senders and receivers.
 * Every wait ends when its context is cancelled. */
#ifndef IMP_SYNC_CHAN_H
#define IMP_SYNC_CHAN_H

#include <stdbool.h>
#include <stddef.h>

struct imp_ctx;
struct imp_chan; /* opaque: the fields are in chan.c */

/* The two ends are types: a function that only sends takes a tx. */
struct imp_chan_tx {
    struct imp_chan *ch;
};
struct imp_chan_rx {
    struct imp_chan *ch;
};

enum imp_recv {
    IMP_RECV_ITEM,      /* `*item` is the caller's now */
    IMP_RECV_CLOSED,    /* closed and empty: nothing will come any more */
    IMP_RECV_CANCELLED, /* the context ended first; nothing was taken */
};

/* A channel for `cap` items, 1 or more: 0 is a bug. See imp_no_memory. */
struct imp_chan *imp_chan_new(size_t cap);

/* Free `ch`; NULL is fine. Join its users first. Each item still queued is
 * handed to `drop`, which may be NULL if the items need no freeing. */
void imp_chan_free(struct imp_chan *ch, void (*drop)(void *item));

/* Wait for room, then queue `item`. On true the channel owns `item`; on false
 * (cancelled) the caller still does. A cancelled context never sends, even if
 * there is room. Sending after close is a bug: aborts. */
bool imp_chan_send(struct imp_ctx *ctx, struct imp_chan_tx tx, void *item);

/* Wait for an item, in the order of sending. What was queued before close or
 * cancel of the senders is still received; a cancel of `ctx` itself wins over
 * an item. `*item` is NULL if none was received. */
enum imp_recv imp_chan_recv(struct imp_ctx *ctx, struct imp_chan_rx rx,
                            void **item);

/* No more items will come; receivers drain what is queued. Closing twice is a
 * bug: aborts. */
void imp_chan_close(struct imp_chan_tx tx);

/* Items queued now; a snapshot, for display. */
size_t imp_chan_len(const struct imp_chan *ch);

#endif
