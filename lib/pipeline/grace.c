// After a stop, what is under way has a grace to come to its end: workers,
// uploads, the manifest. One thread watches it.
#include "pipeline/internal.h"

#include <string.h>

static void *watch(void *self)
{
    struct imp_run *run = self;
    imp_ctx_wait(run->scan, -1);
    if (!imp_ctx_wait(run->over, run->config->grace_ms))
        imp_ctx_cancel(run->work, IMP_CAUSE_DEADLINE);
    return NULL;
}

bool imp_grace_start(struct imp_run *run, struct imp_err *err)
{
    int rc = pthread_create(&run->grace, NULL, watch, run);
    run->grace_runs = rc == 0;
    return rc == 0 || imp_fail(err, IMP_ERR_MEMORY, "cannot start a thread: %s",
                               strerror(rc));
}

void imp_grace_end(struct imp_run *run)
{
    if (!run->grace_runs)
        return;
    imp_ctx_cancel(run->over, IMP_CAUSE_CANCEL);
    imp_ctx_cancel(run->scan, IMP_CAUSE_CANCEL);
    pthread_join(run->grace, NULL);
    run->grace_runs = false;
}
