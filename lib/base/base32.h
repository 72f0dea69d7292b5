/* base32.h - bytes as letters and digits that are hard to mistake. Any thread.
 */
#ifndef IMP_BASE_BASE32_H
#define IMP_BASE_BASE32_H

#include <stddef.h>

#define IMP_BASE32_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

/* Of n bytes, with padding and a NUL. */
#define IMP_BASE32_ROOM(n) (((n) + 4) / 5 * 8 + 1)

/* RFC 4648 6: `n` bytes in upper-case letters and the digits 2 to 7, filled up
 * with '=' to a multiple of eight, and a NUL. */
void imp_base32(const void *bytes, size_t n, char *out);

#endif
