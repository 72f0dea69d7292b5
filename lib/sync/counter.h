/* counter.h - a number that any thread may add to and read, without a lock. */
#ifndef IMP_SYNC_COUNTER_H
#define IMP_SYNC_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

/* `{0}` is zero. */
struct imp_counter {
    _Atomic uint64_t value;
};

static inline void imp_counter_add(struct imp_counter *c, uint64_t n)
{
    atomic_fetch_add_explicit(&c->value, n, memory_order_relaxed);
}

static inline uint64_t imp_counter_get(const struct imp_counter *c)
{
    return atomic_load_explicit(&c->value, memory_order_relaxed);
}

#endif
