#include "base/hmac.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

bool imp_hmac_sha256(const void *key, size_t key_n, const void *bytes, size_t n,
                     struct imp_digest *out, struct imp_err *err)
{
    unsigned len = 0;
    if (key_n <= INT_MAX &&
        HMAC(EVP_sha256(), key, (int)key_n, bytes, n, out->b, &len) &&
        len == sizeof out->b)
        return true;
    return imp_fail(err, IMP_ERR_CONFIG, "libcrypto offers no HMAC-SHA-256");
}
