// The sequencer: between workers and recorder, for an archive whose bytes
// depend on the order of its objects. It gives results on in the order in which
// their inputs were found, whichever worker was faster.
//
// The window bounds what it holds: the producer takes a place in it for each
// input, and waits if there is none; the sequencer gives it back. So an image
// that takes long lets others overtake it up to the width of the window, in any
// order, and then stops them.
#include "pipeline/internal.h"

#include <stdlib.h>

size_t imp_sequence_width(const struct imp_run_config *config)
{
    return 4 * (config->queue + config->jobs);
}

bool imp_sequence_number(struct imp_run *run, struct imp_ctx *ctx,
                         uint64_t *number)
{
    if (!run->window)
        return true;
    if (!imp_chan_send(ctx, (struct imp_chan_tx){run->window}, run))
        return false;
    *number = run->next_number++;
    return true;
}

static void give_on(struct imp_run *run, struct imp_result *r)
{
    void *place;
    imp_chan_recv(run->background, (struct imp_chan_rx){run->window}, &place);
    imp_chan_send(run->background, (struct imp_chan_tx){run->ordered}, r);
}

void imp_sequence(struct imp_run *run)
{
    size_t width = imp_sequence_width(run->config);
    struct imp_result **held = calloc(width, sizeof *held);
    if (!held)
        imp_no_memory("results");
    void *item;
    uint64_t next = 0;
    while (imp_chan_recv(run->background, (struct imp_chan_rx){run->results},
                         &item) == IMP_RECV_ITEM) {
        struct imp_result *r = item;
        held[r->number % width] = r;
        while ((r = held[next % width])) {
            held[next++ % width] = NULL;
            give_on(run, r);
        }
    }
    free(held);
    imp_chan_close((struct imp_chan_tx){run->ordered});
}
