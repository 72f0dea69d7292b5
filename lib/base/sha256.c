#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct imp_sha256 {
    EVP_MD *md; // fetched once: EVP_sha256() looks it up on every start
    EVP_MD_CTX *ctx;
};

struct imp_sha256 *imp_sha256_new(struct imp_err *err)
{
    struct imp_sha256 *h = calloc(1, sizeof *h);
    if (!h) {
        imp_fail_errno(err, "SHA-256");
        return NULL;
    }
    h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->ctx = EVP_MD_CTX_new();
    if (h->md && h->ctx)
        return h;
    imp_sha256_free(h);
    imp_fail(err, IMP_ERR_CONFIG, "libcrypto offers no SHA-256");
    return NULL;
}

void imp_sha256_free(struct imp_sha256 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    EVP_MD_free(h->md);
    free(h);
}

void imp_sha256_start(struct imp_sha256 *h)
{
    if (EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1)
        imp_bug("EVP_DigestInit_ex2 failed");
}

void imp_sha256_add(struct imp_sha256 *h, const void *bytes, size_t n)
{
    if (EVP_DigestUpdate(h->ctx, bytes, n) != 1)
        imp_bug("EVP_DigestUpdate failed");
}

struct imp_digest imp_sha256_end(struct imp_sha256 *h)
{
    struct imp_digest d;
    if (EVP_DigestFinal_ex(h->ctx, d.b, NULL) != 1)
        imp_bug("EVP_DigestFinal_ex failed");
    return d;
}

bool imp_sha256_of(const void *bytes, size_t n, struct imp_digest *out,
                   struct imp_err *err)
{
    struct imp_sha256 *h = imp_sha256_new(err);
    if (!h)
        return false;
    imp_sha256_start(h);
    imp_sha256_add(h, bytes, n);
    *out = imp_sha256_end(h);
    imp_sha256_free(h);
    return true;
}

bool imp_digest_same(const struct imp_digest *a, const struct imp_digest *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void imp_digest_hex(const struct imp_digest *d, char hex[IMP_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < IMP_SHA256_BYTES; i++) {
        hex[2 * i] = digits[d->b[i] >> 4];
        hex[2 * i + 1] = digits[d->b[i] & 15];
    }
    hex[IMP_SHA256_HEX - 1] = '\0';
}

void imp_digest_base64(const struct imp_digest *d, char out[IMP_SHA256_BASE64])
{
    EVP_EncodeBlock((unsigned char *)out, d->b, sizeof d->b);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool imp_digest_parse(const char *hex, size_t n, struct imp_digest *out)
{
    if (n != 2 * (size_t)IMP_SHA256_BYTES)
        return false;
    for (size_t i = 0; i < IMP_SHA256_BYTES; i++) {
        int hi = hex_value(hex[2 * i]), lo = hex_value(hex[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out->b[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}
