/* names.h - how many threads may hang that resolve a host's name. Inside of
 * http.so.
 *
 * libcurl resolves names in threads that nothing can end: whoever gives up
 * leaves one behind, until the C library has given up as well, after some ten
 * seconds or as resolv.conf says. When IMP_NAMES_HUNG have been left within
 * IMP_NAMES_MS, one a second is tried, to see whether names are resolved again;
 * all others fail at once. Any thread. */
#ifndef IMP_NET_NAMES_H
#define IMP_NET_NAMES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define IMP_NAMES_HUNG 16
#define IMP_NAMES_MS 30000 /* three servers, each asked twice for 5 s */

struct imp_names {
    pthread_mutex_t mu;
    int64_t left_ms[IMP_NAMES_HUNG]; /* a ring; guarded by mu, and so are: */
    unsigned n, next;
    int64_t tried_ms;
};

void imp_names_init(struct imp_names *names);
void imp_names_clear(struct imp_names *names);

/* May a name be resolved now? Times are of one clock, which never goes back. */
bool imp_names_try(struct imp_names *names, int64_t now_ms);

/* One that was tried has been resolved, or was left. */
void imp_names_resolved(struct imp_names *names);
void imp_names_left(struct imp_names *names, int64_t now_ms);

#endif
