// One object: looked at, read, put, deleted.
#include "archive/s3_request.h"

#include <stdlib.h>
#include <string.h>

static bool fill(struct imp_s3_head *head, const struct imp_s3_answer *a)
{
    *head = (struct imp_s3_head){.found = true, .length = a->length};
    memcpy(head->etag, a->etag, sizeof head->etag);
    head->has_digest =
        imp_digest_parse(a->sha256, strlen(a->sha256), &head->digest);
    return true;
}

bool imp_s3_head(struct imp_s3 *s3, const char *key, struct imp_s3_head *out,
                 struct imp_err *err)
{
    const struct imp_s3_request request = {.method = "HEAD", .key = key};
    struct imp_s3_answer answer = {0};
    *out = (struct imp_s3_head){0};
    bool ok = imp_s3_ask(s3, &request, &answer, err);
    if (ok && answer.status != 404)
        ok = answer.status == 200 ? fill(out, &answer)
                                  : imp_s3_refused(&answer, err);
    imp_buf_clear(&answer.body);
    return ok;
}

bool imp_s3_get(struct imp_s3 *s3, const char *key, uint64_t most,
                const struct imp_sink *sink, bool *found,
                char etag[IMP_S3_ETAG_MAX], struct imp_err *err)
{
    const struct imp_s3_request request = {
        .method = "GET", .key = key, .sink = sink, .most = most};
    struct imp_s3_answer answer = {0};
    *found = false;
    bool ok = imp_s3_ask(s3, &request, &answer, err);
    bool missing =
        answer.status == 404 && strcmp(answer.code, "NoSuchBucket") != 0;
    if (ok && !missing) {
        *found = answer.status == 200;
        ok = *found || imp_s3_refused(&answer, err);
    }
    if (etag)
        memcpy(etag, answer.etag, IMP_S3_ETAG_MAX);
    imp_buf_clear(&answer.body);
    return ok;
}

bool imp_s3_delete(struct imp_s3 *s3, const char *key, struct imp_err *err)
{
    const struct imp_s3_request request = {.method = "DELETE", .key = key};
    struct imp_s3_answer answer = {0};
    bool ok =
        imp_s3_ask(s3, &request, &answer, err) &&
        (answer.status / 100 == 2 ||
         (answer.status == 404 && strcmp(answer.code, "NoSuchKey") == 0) ||
         imp_s3_refused(&answer, err));
    imp_buf_clear(&answer.body);
    return ok;
}

// --- Does the key hold these bytes? ---

// For what another program has put there: no digest in its metadata.
static bool hash_it(struct imp_s3 *s3, const char *key, uint64_t length,
                    bool *found, struct imp_digest *digest, struct imp_err *err)
{
    struct imp_sha256 *hasher = imp_sha256_new(err);
    const struct imp_sink sink = imp_sink_sha256(hasher);
    bool ok = hasher && imp_s3_get(s3, key, length, &sink, found, NULL, err);
    if (ok && *found)
        *digest = imp_sha256_end(hasher);
    imp_sha256_free(hasher);
    return ok;
}

bool imp_s3_holds(struct imp_s3 *s3, const char *key,
                  const struct imp_digest *digest, uint64_t length, bool *holds,
                  char *etag, struct imp_err *err)
{
    struct imp_s3_head head;
    bool known = true;
    *holds = false;
    if (!imp_s3_head(s3, key, &head, err))
        return false;
    memcpy(etag, head.etag, IMP_S3_ETAG_MAX);
    if (!head.found || head.length != length)
        return true;
    if (!head.has_digest &&
        !hash_it(s3, key, length, &known, &head.digest, err))
        return false;
    *holds = known && memcmp(&head.digest, digest, sizeof *digest) == 0;
    return true;
}

// --- Put ---

enum put {
    PUT_DONE,
    PUT_REFUSED, // by its condition
    PUT_FAILED,
};

static enum put put_once(struct imp_s3 *s3, const char *key,
                         struct imp_span body, const struct imp_digest *digest,
                         const struct imp_s3_pair *condition,
                         struct imp_err *err)
{
    char hex[IMP_SHA256_HEX], base64[IMP_SHA256_BASE64];
    imp_digest_hex(digest, hex);
    imp_digest_base64(digest, base64);
    const struct imp_s3_pair headers[] = {
        *condition,
        {"x-amz-checksum-sha256", base64},
        {"x-amz-meta-sha256", hex},
    };
    const struct imp_s3_request request = {.method = "PUT",
                                           .key = key,
                                           .headers = headers,
                                           .n_headers = 3,
                                           .body = body,
                                           .digest = digest};
    struct imp_s3_answer answer = {0};
    enum put put = PUT_FAILED;
    if (!imp_s3_ask(s3, &request, &answer, err))
        ;
    // 404: what "if-match" speaks of is not there.
    else if (answer.status == 412 ||
             (answer.status == 404 && strcmp(answer.code, "NoSuchKey") == 0))
        put = PUT_REFUSED;
    else if (answer.status != 200)
        imp_s3_refused(&answer, err);
    else if (!answer.etag[0]) // what answers all with 200 is no store
        imp_fail(err, IMP_ERR_IO, "the store's answer has no ETag");
    else if (answer.checksum[0] && strcmp(answer.checksum, base64) != 0)
        imp_fail(err, IMP_ERR_IO, "the store holds other bytes than were sent");
    else
        put = PUT_DONE;
    imp_buf_clear(&answer.body);
    return put;
}

bool imp_s3_put_over(struct imp_s3 *s3, const char *key, struct imp_span body,
                     const struct imp_digest *digest, const char *over,
                     bool *held, struct imp_err *err)
{
    char now[IMP_S3_ETAG_MAX], bare[IMP_S3_ETAG_MAX] = "";
    struct imp_s3_pair condition = {"if-none-match", "*"};
    if (*over)
        condition = (struct imp_s3_pair){"if-match", over};
    enum put put = put_once(s3, key, body, digest, &condition, err);
    if (put == PUT_REFUSED) {
        if (!imp_s3_holds(s3, key, digest, body.n, held, now, err))
            return false;
        if (*held || !*over || strcmp(now, over) != 0)
            return true;
        // It does have that ETag. Ceph before version 18 compares it without
        // the quotes that RFC 9110 8.8.3 has around it.
        size_t n = strlen(over);
        if (n > 2 && over[0] == '"' && over[n - 1] == '"')
            memcpy(bare, over + 1, n - 2);
        condition.value = bare;
        put = put_once(s3, key, body, digest, &condition, err);
        if (put == PUT_REFUSED)
            return imp_s3_holds(s3, key, digest, body.n, held, now, err);
    }
    *held = put == PUT_DONE;
    return *held;
}

bool imp_s3_put_new(struct imp_s3 *s3, const char *key, struct imp_span body,
                    const struct imp_digest *digest, bool *held,
                    struct imp_err *err)
{
    char now[IMP_S3_ETAG_MAX];
    if (body.n <= IMP_S3_SIMPLE_MAX)
        return imp_s3_put_over(s3, key, body, digest, "", held, err);
    // Not every store takes a condition for an upload in parts, so it is asked
    // before, too. Names tell the digest: whoever else puts something here in
    // between puts the same.
    if (!imp_s3_holds(s3, key, digest, body.n, held, now, err))
        return false;
    if (*held || now[0])
        return true;
    struct imp_err why = {0};
    bool sent = imp_s3_put_parts(s3, key, body, digest, &why);
    if (why.code == IMP_ERR_CANCELLED) {
        if (err)
            *err = why;
        return false;
    }
    if (!imp_s3_holds(s3, key, digest, body.n, held, now, err))
        return false;
    if (*held || now[0])
        return true;
    if (!sent && err)
        *err = why;
    return sent ? imp_fail(err, IMP_ERR_IO, "the store lost what it took")
                : false;
}
