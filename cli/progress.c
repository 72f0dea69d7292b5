#include "progress.h"

#include "sync/context.h"

#include <unistd.h>

#define CLEAR_LINE "\r\033[K"

void cli_progress_init(struct cli_progress *p)
{
    *p = (struct cli_progress){.on_terminal = isatty(STDERR_FILENO) == 1};
    pthread_mutex_init(&p->mu, NULL);
    clock_gettime(CLOCK_MONOTONIC, &p->begin);
}

void cli_progress_clear(struct cli_progress *p)
{
    pthread_mutex_destroy(&p->mu);
}

double cli_progress_seconds(const struct cli_progress *p)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - p->begin.tv_sec) +
           (double)(now.tv_nsec - p->begin.tv_nsec) / 1e9;
}

static void put_line(struct cli_progress *p)
{
    pthread_mutex_lock(&p->mu);
    fputs(p->on_terminal ? CLEAR_LINE : "imgpipe: ", stderr);
    p->put(p->self, stderr);
    fputs(p->on_terminal ? "" : "\n", stderr);
    fflush(stderr);
    pthread_mutex_unlock(&p->mu);
}

static void *show(void *self)
{
    struct cli_progress *p = self;
    int64_t every_ms = p->on_terminal ? 200 : 60 * 1000;
    while (!imp_ctx_wait(p->showing, every_ms))
        put_line(p);
    return NULL;
}

void cli_progress_start(struct cli_progress *p,
                        void (*put)(void *self, FILE *to), void *self)
{
    p->put = put;
    p->self = self;
    p->showing = imp_ctx_new(NULL);
    // Without the thread there is no progress to see, and no harm.
    p->has_thread = pthread_create(&p->thread, NULL, show, p) == 0;
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->has_thread) {
        imp_ctx_cancel(p->showing, IMP_CAUSE_CANCEL);
        pthread_join(p->thread, NULL);
        if (p->on_terminal)
            fputs(CLEAR_LINE, stderr);
        p->has_thread = false;
    }
    imp_ctx_free(p->showing);
    p->showing = NULL;
}

void cli_progress_pause(struct cli_progress *p)
{
    pthread_mutex_lock(&p->mu);
    if (p->has_thread && p->on_terminal)
        fputs(CLEAR_LINE, stderr);
}

void cli_progress_resume(struct cli_progress *p)
{
    pthread_mutex_unlock(&p->mu);
}
