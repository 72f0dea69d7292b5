#include "base/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

// To look HMAC and SHA-256 up takes four times as long as a sum of a few bytes,
// so it is done once, for a key of no use; each sum begins as a copy.
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MAC_CTX *keyless; // NULL: there is none; written once

static void look_up(void)
{
    static const unsigned char no_key[32];
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    if (ctx && EVP_MAC_init(ctx, no_key, sizeof no_key, params))
        keyless = ctx;
    else
        EVP_MAC_CTX_free(ctx);
}

bool imp_hmac_sha256(const void *key, size_t key_n, const void *bytes, size_t n,
                     struct imp_digest *out, struct imp_err *err)
{
    size_t len = 0;
    pthread_once(&once, look_up);
    EVP_MAC_CTX *ctx = keyless ? EVP_MAC_CTX_dup(keyless) : NULL;
    bool ok = ctx && EVP_MAC_init(ctx, key, key_n, NULL) &&
              EVP_MAC_update(ctx, bytes, n) &&
              EVP_MAC_final(ctx, out->b, &len, sizeof out->b) &&
              len == sizeof out->b;
    EVP_MAC_CTX_free(ctx); // wipes the key
    return ok ||
           imp_fail(err, IMP_ERR_CONFIG, "libcrypto offers no HMAC-SHA-256");
}
