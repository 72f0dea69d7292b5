#include "deid/pseudonym.h"

#include "base/base32.h"

#include <stdio.h>

#define CODE_BYTES 10

_Static_assert(IMP_BASE32_ROOM(CODE_BYTES) == IMP_PSEUDONYM_ROOM,
               "a code has no padding");

bool imp_pseudonym_code(const struct imp_secret *s, struct imp_span subject,
                        char code[IMP_PSEUDONYM_ROOM], struct imp_err *err)
{
    struct imp_digest mac;
    if (!imp_secret_mac(s, IMP_DOMAIN_CODE, subject, &mac, err))
        return false;
    imp_base32(mac.b, CODE_BYTES, code);
    return true;
}

// Of 2^64 numbers the remainders are as good as equally frequent.
bool imp_pseudonym_days(const struct imp_secret *s, struct imp_span code,
                        int32_t least, int32_t most, int32_t *days,
                        struct imp_err *err)
{
    struct imp_digest mac;
    if (!imp_secret_mac(s, IMP_DOMAIN_DATES, code, &mac, err))
        return false;
    uint64_t range = (uint64_t)(most - least) + 1;
    *days = least + (int32_t)(imp_be64(mac.b) % range);
    return true;
}

#define UID_ROOT "2.25."

bool imp_pseudonym_uid(const struct imp_secret *s, struct imp_span uid,
                       char out[IMP_PSEUDONYM_UID_ROOM], struct imp_err *err)
{
    struct imp_digest mac;
    char digits[IMP_PSEUDONYM_UID_ROOM], *p = digits + sizeof digits;
    if (!imp_secret_mac(s, IMP_DOMAIN_UID, uid, &mac, err))
        return false;
    // The first 122 bits, as of a random UUID (ITU-T X.667 15.1).
    unsigned __int128 n =
        ((unsigned __int128)imp_be64(mac.b) << 64 | imp_be64(mac.b + 8)) >> 6;
    *--p = '\0';
    do
        *--p = (char)('0' + (int)(n % 10));
    while (n /= 10);
    snprintf(out, IMP_PSEUDONYM_UID_ROOM, UID_ROOT "%s", p);
    return true;
}
