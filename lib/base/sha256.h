/* sha256.h - SHA-256 (FIPS 180-4) through OpenSSL, which uses the CPU's SHA
 * instructions. One hasher belongs to one thread. */
#ifndef IMP_BASE_SHA256_H
#define IMP_BASE_SHA256_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define IMP_SHA256_BYTES 32
#define IMP_SHA256_HEX 65 /* with the final NUL */

struct imp_digest {
    uint8_t b[IMP_SHA256_BYTES];
};

struct imp_sha256; /* opaque: reusable, so that a worker sets it up once */

/* NULL, with `err`, if libcrypto offers no SHA-256. */
struct imp_sha256 *imp_sha256_new(struct imp_err *err);
void imp_sha256_free(struct imp_sha256 *h);

/* Start a digest, add bytes, take the result. libcrypto cannot fail here
 * once _new succeeded; if it does, that is a bug and aborts. */
void imp_sha256_start(struct imp_sha256 *h);
void imp_sha256_add(struct imp_sha256 *h, const void *bytes, size_t n);
struct imp_digest imp_sha256_end(struct imp_sha256 *h);

/* The digest of one piece of memory. */
bool imp_sha256_of(const void *bytes, size_t n, struct imp_digest *out,
                   struct imp_err *err);

bool imp_digest_same(const struct imp_digest *a, const struct imp_digest *b);

/* 64 lower-case digits and a NUL into `hex`. */
void imp_digest_hex(const struct imp_digest *d, char hex[IMP_SHA256_HEX]);

/* RFC 4648 4, with padding and a NUL. */
#define IMP_SHA256_BASE64 45
void imp_digest_base64(const struct imp_digest *d, char out[IMP_SHA256_BASE64]);

/* Read 64 hexadecimal digits; false if `hex` has anything else. */
bool imp_digest_parse(const char *hex, size_t n, struct imp_digest *out);

#endif
