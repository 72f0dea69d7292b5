/* hmac.h - HMAC-SHA-256 (RFC 2104, FIPS 198-1) through OpenSSL. Any thread. */
#ifndef IMP_BASE_HMAC_H
#define IMP_BASE_HMAC_H

#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>

/* False, with `err`, if libcrypto offers none. */
bool imp_hmac_sha256(const void *key, size_t key_n, const void *bytes, size_t n,
                     struct imp_digest *out, struct imp_err *err);

#endif
