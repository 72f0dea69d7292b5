#include "deid/pseudonym.h"

#include "base/base32.h"

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
bool imp_pseudonym_days(const struct imp_secret *s, struct imp_span subject,
                        int32_t least, int32_t most, int32_t *days,
                        struct imp_err *err)
{
    struct imp_digest mac;
    if (!imp_secret_mac(s, IMP_DOMAIN_DATES, subject, &mac, err))
        return false;
    uint64_t range = (uint64_t)(most - least) + 1;
    *days = least + (int32_t)(imp_be64(mac.b) % range);
    return true;
}
