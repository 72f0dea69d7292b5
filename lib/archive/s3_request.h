/* s3_request.h - one request to the store: signed, sent, and sent again while
 * that may help. For s3_*.c. */
#ifndef IMP_ARCHIVE_S3_REQUEST_H
#define IMP_ARCHIVE_S3_REQUEST_H

#include "archive/s3_client.h"
#include "archive/s3_place.h"
#include "archive/s3_sign.h"
#include "base/bytes.h"
#include "base/sha256.h"
#include "net/http.h"

#include <stdatomic.h>

struct imp_s3 {
    /* Fixed at birth. */
    struct imp_s3_place place;
    struct imp_s3_keys keys;
    const struct imp_http_ops *http;
    struct imp_http *connections;
    struct imp_ctx *stop;
    bool owns_stop;

    _Atomic bool settled_in; /* it has answered once: wait longer for it */
    _Atomic bool down;       /* it was given up: no request waits any more,
                                until one is answered */
};

#define IMP_S3_HEADERS_MAX                            \
    8 /* of a request, besides those of the signature \
       */

struct imp_s3_request {
    const char *method;
    const char *key; /* below the prefix; NULL: the bucket itself */
    const struct imp_s3_pair *query; /* sorted by name */
    size_t n_query;
    const struct imp_s3_pair *headers; /* names in lower case */
    size_t n_headers;
    struct imp_span body;
    const struct imp_digest *digest; /* of the body; NULL: not known yet */
    const struct imp_sink *sink;     /* of a 200's body; NULL: the answer's */
    uint64_t most;                   /* bytes that the sink may get */
};

#define IMP_S3_CODE_MAX 64

struct imp_s3_answer {
    long status;
    char code[IMP_S3_CODE_MAX];       /* the store's word for an error, or "" */
    char etag[IMP_S3_ETAG_MAX];       /* or "" */
    char checksum[IMP_SHA256_BASE64]; /* x-amz-checksum-sha256, or "" */
    char date[40];                    /* the store's clock, or "" */
    int64_t retry_after_ms; /* when it wants to be asked again, or 0 */
    uint64_t length;        /* Content-Length, or 0 */
    struct imp_buf body;
};

/* True: it was answered, whatever the status, if it is none that trying again
 * may change. The caller clears `answer->body` in both cases. */
bool imp_s3_ask(struct imp_s3 *s3, const struct imp_s3_request *request,
                struct imp_s3_answer *answer, struct imp_err *err);

/* The error that this answer is; returns false. */
bool imp_s3_refused(const struct imp_s3_answer *answer, struct imp_err *err);

/* Is this what the key holds? `*etag` (size IMP_S3_ETAG_MAX) is what it has
 * now,
 * "" if nothing is there. It does if `ours`, the ETag under which the store has
 * just taken these bytes from us ("": it has not), is still there; or by the
 * SHA-256 that the store has worked out; else it is read and hashed. */
bool imp_s3_holds(struct imp_s3 *s3, const char *key,
                  const struct imp_digest *digest, uint64_t length,
                  const char *ours, bool *holds, char *etag,
                  struct imp_err *err);

/* imp_s3_put for more than IMP_S3_SIMPLE_MAX bytes at a key of which
 * imp_s3_holds has said that nothing is there. `etag` is what the store has
 * taken them under, or "". */
bool imp_s3_put_parts(struct imp_s3 *s3, const char *key, struct imp_span body,
                      const struct imp_digest *digest,
                      char etag[IMP_S3_ETAG_MAX], struct imp_err *err);

/* Give up an upload in parts; that it is not there is success. */
bool imp_s3_abort_upload(struct imp_s3 *s3, const char *key, const char *id,
                         struct imp_err *err);

#endif
