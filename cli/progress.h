/* progress.h - how far it is, while it goes on: on a terminal a line that is
 * overwritten, elsewhere a line a minute. */
#ifndef IMP_CLI_PROGRESS_H
#define IMP_CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

struct imp_ctx;

struct cli_progress {
    bool on_terminal;
    pthread_mutex_t mu; /* held while lines are written */
    struct timespec begin;
    void (*put)(void *self, FILE *to); /* the line, without its end */
    void *self;
    struct imp_ctx *showing; /* cancelled to end the thread */
    pthread_t thread;
    bool has_thread;
};

void cli_progress_init(struct cli_progress *p);
void cli_progress_clear(struct cli_progress *p);

/* Since _init. */
double cli_progress_seconds(const struct cli_progress *p);

/* Show what `put` writes to standard error, until _end; `put` is called with
 * the mutex held, on another thread. */
void cli_progress_start(struct cli_progress *p,
                        void (*put)(void *self, FILE *to), void *self);
void cli_progress_end(struct cli_progress *p); /* also without _start */

/* Between these two, lines can be written as if there was no progress. */
void cli_progress_pause(struct cli_progress *p);
void cli_progress_resume(struct cli_progress *p);

#endif
