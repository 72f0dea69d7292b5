#include "base/base32.h"

#include <stdint.h>
#include <string.h>

void imp_base32(const void *bytes, size_t n, char *out)
{
    static const char digits[] = IMP_BASE32_DIGITS;
    static const size_t used[] = {8, 2, 4, 5, 7}; // digits of n % 5 bytes
    const uint8_t *p = bytes;
    for (; n > 0; out += 8) {
        uint8_t group[5] = {0};
        uint64_t bits = 0;
        size_t now = n < sizeof group ? n : sizeof group;
        memcpy(group, p, now);
        for (size_t i = 0; i < sizeof group; i++)
            bits = bits << 8 | group[i];
        for (size_t i = 0; i < 8; i++)
            out[i] =
                i < used[now % 5] ? digits[bits >> (35 - 5 * i) & 31] : '=';
        p += now;
        n -= now;
    }
    *out = '\0';
}
