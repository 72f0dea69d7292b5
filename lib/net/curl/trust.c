#include "trust.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

// The store itself: it is counted, and several threads may use it.
struct imp_trust;

static bool read_all(X509_STORE *store, const char *file, const char *dir,
                     struct imp_err *err)
{
    bool ok = (!file || X509_STORE_load_file(store, file) == 1) &&
              (!dir || X509_STORE_load_path(store, dir) == 1) &&
              // As libcurl has it: a trusted certificate ends a chain, whether
              // it has signed itself or not.
              X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST |
                                              X509_V_FLAG_PARTIAL_CHAIN) == 1;
    if (ok)
        return true;
    ERR_clear_error(); // the thread's
    return imp_fail(err, IMP_ERR_CONFIG,
                    "the trusted certificates cannot be read: the system's or "
                    "those in SSL_CERT_FILE");
}

struct imp_trust *imp_trust_new(const char *file, const char *dir,
                                struct imp_err *err)
{
    X509_STORE *store = X509_STORE_new();
    if (!store) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for certificates");
        return NULL;
    }
    if (read_all(store, file, dir, err))
        return (struct imp_trust *)store;
    X509_STORE_free(store);
    return NULL;
}

void imp_trust_free(struct imp_trust *trust)
{
    X509_STORE_free((X509_STORE *)trust);
}

void imp_trust_give(struct imp_trust *trust, void *ssl_ctx)
{
    SSL_CTX_set1_cert_store(ssl_ctx, (X509_STORE *)trust);
}
