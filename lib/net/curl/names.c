#include "names.h"

#define PROBE_MS 1000

void imp_names_init(struct imp_names *names)
{
    *names = (struct imp_names){0};
    pthread_mutex_init(&names->mu, NULL);
}

void imp_names_clear(struct imp_names *names)
{
    pthread_mutex_destroy(&names->mu);
}

// `next` is the oldest once all are in use.
static bool too_many_locked(const struct imp_names *names, int64_t now_ms)
{
    return names->n == IMP_NAMES_HUNG &&
           now_ms - names->left_ms[names->next] < IMP_NAMES_MS;
}

bool imp_names_try(struct imp_names *names, int64_t now_ms)
{
    pthread_mutex_lock(&names->mu);
    bool may =
        !too_many_locked(names, now_ms) || now_ms - names->tried_ms >= PROBE_MS;
    if (may)
        names->tried_ms = now_ms;
    pthread_mutex_unlock(&names->mu);
    return may;
}

void imp_names_resolved(struct imp_names *names)
{
    pthread_mutex_lock(&names->mu);
    names->n = 0;
    pthread_mutex_unlock(&names->mu);
}

void imp_names_left(struct imp_names *names, int64_t now_ms)
{
    pthread_mutex_lock(&names->mu);
    names->left_ms[names->next] = now_ms;
    names->next = (names->next + 1) % IMP_NAMES_HUNG;
    names->n += names->n < IMP_NAMES_HUNG;
    pthread_mutex_unlock(&names->mu);
}
