/* signals.h - SIGINT and SIGTERM cancel the run; a second one leaves at once.
 */
#ifndef IMP_CLI_SIGNALS_H
#define IMP_CLI_SIGNALS_H

#include "base/err.h"
#include "sync/context.h"

#include <pthread.h>

struct cli_signals {
    pthread_t thread;
    struct imp_ctx *ctx;
};

/* Block the signals, in this thread and all that it starts, and start the one
 * thread that waits for them. Before any other thread. `s` and `ctx` must live
 * until _end. */
bool cli_signals_begin(struct cli_signals *s, struct imp_ctx *ctx,
                       struct imp_err *err);

/* The exit code if a signal has cancelled `ctx`; CLI_OK if none has. */
int cli_signals_code(struct imp_ctx *ctx);

/* End the thread. A signal that comes later stays blocked. */
void cli_signals_end(struct cli_signals *s);

#endif
