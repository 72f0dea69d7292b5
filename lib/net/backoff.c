#include "net/backoff.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

int64_t imp_backoff_ms(unsigned tries, int64_t first_ms, int64_t most_ms)
{
    int64_t span = first_ms;
    uint32_t drawn = 0;
    while (tries-- > 1 && span < most_ms)
        span *= 2;
    if (span > most_ms)
        span = most_ms;
    if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
        return span;
    return (int64_t)(drawn % (uint32_t)(span + 1));
}

int64_t imp_retry_after_ms(const char *value)
{
    size_t n = strspn(value, "0123456789");
    if (n == 0 || value[n])
        return 0;
    return n > 6 ? IMP_RETRY_AFTER_MAX_MS : strtoll(value, NULL, 10) * 1000;
}
