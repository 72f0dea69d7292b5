#include "signals.h"

#include "cli.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define END_SIGNAL SIGUSR2 // to our own thread only

static void waited_for(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, END_SIGNAL);
}

static void *wait_for_signals(void *self)
{
    struct cli_signals *s = self;
    sigset_t set;
    int sig;
    waited_for(&set);
    while (sigwait(&set, &sig) == 0 && sig != END_SIGNAL) {
        // The run is ending already, by a signal or by its deadline: now it
        // ends at once, which is as safe as kill -9.
        if (imp_ctx_cancelled(s->ctx))
            _exit(128 + sig);
        imp_ctx_cancel(s->ctx,
                       sig == SIGINT ? IMP_CAUSE_SIGINT : IMP_CAUSE_SIGTERM);
    }
    return NULL;
}

bool cli_signals_begin(struct cli_signals *s, struct imp_ctx *ctx,
                       struct imp_err *err)
{
    sigset_t set;
    waited_for(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    // A reader that goes away is seen by the write that fails.
    signal(SIGPIPE, SIG_IGN);
    // So is a limit on the size of files.
    signal(SIGXFSZ, SIG_IGN);
    s->ctx = ctx;
    int rc = pthread_create(&s->thread, NULL, wait_for_signals, s);
    return rc == 0 || imp_fail(err, IMP_ERR_MEMORY, "cannot start a thread: %s",
                               strerror(rc));
}

int cli_signals_code(struct imp_ctx *ctx)
{
    switch (imp_ctx_cause(ctx)) {
    case IMP_CAUSE_SIGINT:
        return CLI_SIGINT;
    case IMP_CAUSE_SIGTERM:
        return CLI_SIGTERM;
    default:
        return CLI_OK;
    }
}

void cli_signals_end(struct cli_signals *s)
{
    pthread_kill(s->thread, END_SIGNAL);
    pthread_join(s->thread, NULL);
}
