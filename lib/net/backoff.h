/* backoff.h - how long to wait before the next try. Any thread. */
#ifndef IMP_NET_BACKOFF_H
#define IMP_NET_BACKOFF_H

#include <stdint.h>

/* The pause behind the try number `tries` (from 1): drawn from 0 to a span that
 * is `first_ms` at first and doubles, to `most_ms` at most ("full jitter"), so
 * that those who were turned away together do not come back together. */
int64_t imp_backoff_ms(unsigned tries, int64_t first_ms, int64_t most_ms);

/* The value of a Retry-After field (RFC 9110 10.2.3) in seconds, as
 * milliseconds; a date counts as 0, and what is longer than anybody waits as
 * IMP_RETRY_AFTER_MAX_MS. */
#define IMP_RETRY_AFTER_MAX_MS INT64_C(1000000000)
int64_t imp_retry_after_ms(const char *value);

#endif
