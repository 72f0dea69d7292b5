#include "net/pace.h"

#define IN_HAND_MS 60000 // at 1000 bytes a second a byte is a millisecond

void imp_pace_init(struct imp_pace *pace, int64_t now_ms)
{
    *pace = (struct imp_pace){.until_ms = now_ms + IN_HAND_MS};
}

bool imp_pace_keeps(struct imp_pace *pace, int64_t now_ms, uint64_t moved)
{
    uint64_t fresh = moved > pace->moved ? moved - pace->moved : 0;
    int64_t full = now_ms + IN_HAND_MS;
    pace->moved += fresh;
    if (fresh >= IN_HAND_MS || pace->until_ms + (int64_t)fresh > full)
        pace->until_ms = full;
    else
        pace->until_ms += (int64_t)fresh;
    return now_ms < pace->until_ms;
}
