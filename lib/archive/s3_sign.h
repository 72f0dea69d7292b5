/* s3_sign.h - AWS Signature Version 4, in the Authorization header.
 *
 * See "Authenticating Requests: Using the Authorization Header" in the Amazon
 * S3 API reference. Any thread; nothing is kept. */
#ifndef IMP_ARCHIVE_S3_SIGN_H
#define IMP_ARCHIVE_S3_SIGN_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* A name and its value, neither encoded. */
struct imp_s3_pair {
    const char *name, *value;
};

struct imp_s3_keys {
    char *id, *secret, *token; /* token: NULL if there is none */
};

/* The time as a request has it: 20130524T000000Z. */
#define IMP_S3_TIME_MAX 17
bool imp_s3_time(time_t now, char out[IMP_S3_TIME_MAX]);

/* What is signed. All borrowed. */
struct imp_s3_signed {
    const char *method;
    const char *path;                /* encoded; begins with a slash */
    const struct imp_s3_pair *query; /* sorted by name as bytes */
    size_t n_query;
    const struct imp_s3_pair *headers; /* names in lower case, sorted; host,
                                          x-amz-date and x-amz-content-sha256
                                          are among them */
    size_t n_headers;
    const char *payload; /* SHA-256 of the body, in hex */
    const char *time;    /* of imp_s3_time; the same as x-amz-date */
    const char *region;
};

/* Append the value of the Authorization header, with a NUL, to `out`. It is as
 * good as a key for a quarter of an hour: never to be logged. */
bool imp_s3_sign(const struct imp_s3_signed *what,
                 const struct imp_s3_keys *keys, struct imp_buf *out,
                 struct imp_err *err);

/* Append `text` with all but RFC 3986's unreserved characters percent-encoded;
 * with `path` the slash stays, too. No NUL. */
bool imp_s3_encode(const char *text, bool path, struct imp_buf *out,
                   struct imp_err *err);

/* Append "a=1&b=2", encoded. No NUL. */
bool imp_s3_encode_query(const struct imp_s3_pair *query, size_t n,
                         struct imp_buf *out, struct imp_err *err);

#endif
