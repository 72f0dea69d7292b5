/* pace.h - does an exchange get on, or is it to be given up?
 *
 * It must move 1000 bytes a second, in both directions together, but for a
 * minute that it has in hand: at its start, for whoever thinks before the
 * answer, and for a line that stops and goes on. Each byte buys back a
 * millisecond, so that whoever sends one a second is given up after a minute,
 * and n bytes take n ms and a minute at most. One thread. */
#ifndef IMP_NET_PACE_H
#define IMP_NET_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct imp_pace {
    int64_t until_ms; /* it is given up then, if nothing moves */
    uint64_t moved;
};

/* Times are of one clock, which never goes back. */
void imp_pace_init(struct imp_pace *pace, int64_t now_ms);

/* `moved` is what has been moved since the start; less than last time counts as
 * nothing. False if the exchange is to be given up. */
bool imp_pace_keeps(struct imp_pace *pace, int64_t now_ms, uint64_t moved);

#endif
