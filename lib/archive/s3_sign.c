#include "archive/s3_sign.h"

#include "base/hmac.h"
#include "net/url.h"

#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DAY 8 // of the time's characters: 20130524

bool imp_s3_time(time_t now, char out[IMP_S3_TIME_MAX])
{
    struct tm tm;
    return gmtime_r(&now, &tm) &&
           strftime(out, IMP_S3_TIME_MAX, "%Y%m%dT%H%M%SZ", &tm) > 0;
}

static bool add(struct imp_buf *out, const char *text, struct imp_err *err)
{
    return imp_buf_add(out, text, strlen(text), err);
}

static bool add_digest(struct imp_buf *out, const struct imp_digest *digest,
                       struct imp_err *err)
{
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(digest, hex);
    return add(out, hex, err);
}

// --- Encoding ---

bool imp_s3_encode(const char *text, bool path, struct imp_buf *out,
                   struct imp_err *err)
{
    struct imp_span span = {(const uint8_t *)text, strlen(text)};
    return imp_url_encode(span, path ? "/" : "", out, err);
}

bool imp_s3_encode_query(const struct imp_s3_pair *query, size_t n,
                         struct imp_buf *out, struct imp_err *err)
{
    for (size_t i = 0; i < n; i++)
        if ((i > 0 && !add(out, "&", err)) ||
            !imp_s3_encode(query[i].name, false, out, err) ||
            !add(out, "=", err) ||
            !imp_s3_encode(query[i].value, false, out, err))
            return false;
    return true;
}

// --- The four steps of the reference ---

static bool add_signed_headers(const struct imp_s3_signed *what,
                               struct imp_buf *out, struct imp_err *err)
{
    for (size_t i = 0; i < what->n_headers; i++)
        if ((i > 0 && !add(out, ";", err)) ||
            !add(out, what->headers[i].name, err))
            return false;
    return true;
}

// 1. The canonical request.
static bool canonical(const struct imp_s3_signed *what, struct imp_buf *out,
                      struct imp_err *err)
{
    bool ok = add(out, what->method, err) && add(out, "\n", err) &&
              add(out, what->path, err) && add(out, "\n", err) &&
              imp_s3_encode_query(what->query, what->n_query, out, err) &&
              add(out, "\n", err);
    for (size_t i = 0; ok && i < what->n_headers; i++)
        ok = add(out, what->headers[i].name, err) && add(out, ":", err) &&
             add(out, what->headers[i].value, err) && add(out, "\n", err);
    return ok && add(out, "\n", err) && add_signed_headers(what, out, err) &&
           add(out, "\n", err) && add(out, what->payload, err);
}

static bool add_scope(const struct imp_s3_signed *what, struct imp_buf *out,
                      struct imp_err *err)
{
    return imp_buf_add(out, what->time, DAY, err) && add(out, "/", err) &&
           add(out, what->region, err) && add(out, "/s3/aws4_request", err);
}

// 2. The string to sign.
static bool string_to_sign(const struct imp_s3_signed *what,
                           const struct imp_digest *request,
                           struct imp_buf *out, struct imp_err *err)
{
    return add(out, ALGORITHM "\n", err) && add(out, what->time, err) &&
           add(out, "\n", err) && add_scope(what, out, err) &&
           add(out, "\n", err) && add_digest(out, request, err);
}

// 3. The signing key, and with it the signature.
static bool sign(const struct imp_s3_signed *what, const char *secret,
                 struct imp_span text, struct imp_digest *out,
                 struct imp_err *err)
{
    struct imp_buf first = {0};
    struct imp_digest key = {{0}};
    const size_t n = sizeof key.b;
    bool ok = add(&first, "AWS4", err) && add(&first, secret, err) &&
              imp_hmac_sha256(first.p, first.n, what->time, DAY, &key, err) &&
              imp_hmac_sha256(key.b, n, what->region, strlen(what->region),
                              &key, err) &&
              imp_hmac_sha256(key.b, n, "s3", 2, &key, err) &&
              imp_hmac_sha256(key.b, n, "aws4_request", 12, &key, err) &&
              imp_hmac_sha256(key.b, n, text.p, text.n, out, err);
    if (first.p)
        explicit_bzero(first.p, first.n);
    explicit_bzero(&key, sizeof key);
    imp_buf_clear(&first);
    return ok;
}

// 4. The header.
static bool authorization(const struct imp_s3_signed *what, const char *id,
                          const struct imp_digest *signature,
                          struct imp_buf *out, struct imp_err *err)
{
    return add(out, ALGORITHM " Credential=", err) && add(out, id, err) &&
           add(out, "/", err) && add_scope(what, out, err) &&
           add(out, ",SignedHeaders=", err) &&
           add_signed_headers(what, out, err) && add(out, ",Signature=", err) &&
           add_digest(out, signature, err) && imp_buf_add(out, "", 1, err);
}

bool imp_s3_sign(const struct imp_s3_signed *what,
                 const struct imp_s3_keys *keys, struct imp_buf *out,
                 struct imp_err *err)
{
    struct imp_buf text = {0};
    struct imp_digest digest, signature;
    bool ok = canonical(what, &text, err) &&
              imp_sha256_of(text.p, text.n, &digest, err);
    text.n = 0;
    ok = ok && string_to_sign(what, &digest, &text, err) &&
         sign(what, keys->secret, imp_buf_span(&text), &signature, err) &&
         authorization(what, keys->id, &signature, out, err);
    imp_buf_clear(&text);
    return ok;
}
