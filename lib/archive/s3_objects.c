// One object: looked at, read, put, deleted.
#include "archive/s3_request.h"

#include <stdlib.h>
#include <string.h>

// The answer's body is the caller's to clear, in both cases.
static bool look(struct imp_s3 *s3, const struct imp_s3_request *request,
                 struct imp_s3_head *out, struct imp_s3_answer *answer,
                 struct imp_err *err)
{
    *out = (struct imp_s3_head){0};
    if (!imp_s3_ask(s3, request, answer, err))
        return false;
    if (answer->status == 404)
        return true;
    if (answer->status != 200)
        return imp_s3_refused(answer, err);
    *out = (struct imp_s3_head){.found = true, .length = answer->length};
    memcpy(out->etag, answer->etag, sizeof out->etag);
    return true;
}

bool imp_s3_head(struct imp_s3 *s3, const char *key, struct imp_s3_head *out,
                 struct imp_err *err)
{
    const struct imp_s3_request request = {.method = "HEAD", .key = key};
    struct imp_s3_answer answer = {0};
    bool ok = look(s3, &request, out, &answer, err);
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

static bool hash_it(struct imp_s3 *s3, const char *key, uint64_t length,
                    bool *found, struct imp_digest *digest, struct imp_err *err)
{
    struct imp_sha256 *hasher = imp_sha256_new(err);
    struct imp_intake intake = {.hasher = hasher};
    const struct imp_sink sink = imp_sink_intake(&intake);
    bool ok = hasher && imp_s3_get(s3, key, length, &sink, found, NULL, err);
    if (ok && *found)
        *digest = imp_sha256_end(hasher);
    imp_sha256_free(hasher);
    return ok;
}

// A store tells the SHA-256 that it has worked out only to whoever asks, and to
// ask may need a right to the key that it is encrypted with. Of an object in
// parts it has one of the parts' digests, with their number behind it.
static bool look_closely(struct imp_s3 *s3, const char *key,
                         struct imp_s3_head *out,
                         char checksum[IMP_SHA256_BASE64], struct imp_err *err)
{
    const struct imp_s3_pair header = {"x-amz-checksum-mode", "ENABLED"};
    const struct imp_s3_request request = {
        .method = "HEAD", .key = key, .headers = &header, .n_headers = 1};
    struct imp_s3_answer answer = {0};
    bool ok = look(s3, &request, out, &answer, err);
    memcpy(checksum, answer.checksum, IMP_SHA256_BASE64);
    imp_buf_clear(&answer.body);
    return ok;
}

// RFC 9110 8.8.3 has quotes around an ETag; not every store does, everywhere.
static void strip(const char *etag, char bare[IMP_S3_ETAG_MAX])
{
    size_t n = strlen(etag);
    bool quoted = n > 2 && etag[0] == '"' && etag[n - 1] == '"';
    memcpy(bare, etag + quoted, n - 2 * quoted);
    bare[n - 2 * quoted] = '\0';
}

static bool same_etag(const char *a, const char *b)
{
    char bare_a[IMP_S3_ETAG_MAX], bare_b[IMP_S3_ETAG_MAX];
    strip(a, bare_a);
    strip(b, bare_b);
    return *bare_a && strcmp(bare_a, bare_b) == 0;
}

bool imp_s3_holds(struct imp_s3 *s3, const char *key,
                  const struct imp_digest *digest, uint64_t length,
                  const char *ours, bool *holds, char *etag,
                  struct imp_err *err)
{
    struct imp_s3_head head;
    struct imp_digest found;
    char checksum[IMP_SHA256_BASE64], want[IMP_SHA256_BASE64];
    *holds = false;
    if (!look_closely(s3, key, &head, checksum, err))
        return false;
    memcpy(etag, head.etag, IMP_S3_ETAG_MAX);
    if (!head.found || head.length != length)
        return true;
    imp_digest_base64(digest, want);
    if (same_etag(head.etag, ours) || strcmp(checksum, want) == 0) {
        *holds = true;
        return true;
    }
    bool there;
    if (!hash_it(s3, key, length, &there, &found, err))
        return false;
    *holds = there && imp_digest_same(&found, digest);
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
    char now[IMP_S3_ETAG_MAX], bare[IMP_S3_ETAG_MAX];
    struct imp_s3_pair condition = {"if-none-match", "*"};
    if (*over)
        condition = (struct imp_s3_pair){"if-match", over};
    enum put put = put_once(s3, key, body, digest, &condition, err);
    if (put == PUT_REFUSED) {
        if (!imp_s3_holds(s3, key, digest, body.n, "", held, now, err))
            return false;
        if (*held || !*over || strcmp(now, over) != 0)
            return true;
        // It does have that ETag. Ceph before version 18 compares it without
        // the quotes.
        strip(over, bare);
        condition.value = bare;
        put = put_once(s3, key, body, digest, &condition, err);
        if (put == PUT_REFUSED)
            return imp_s3_holds(s3, key, digest, body.n, "", held, now, err);
    }
    *held = put == PUT_DONE;
    return *held;
}

bool imp_s3_put_new(struct imp_s3 *s3, const char *key, struct imp_span body,
                    const struct imp_digest *digest, bool *held,
                    struct imp_err *err)
{
    char now[IMP_S3_ETAG_MAX], ours[IMP_S3_ETAG_MAX];
    if (body.n <= IMP_S3_SIMPLE_MAX)
        return imp_s3_put_over(s3, key, body, digest, "", held, err);
    // Not every store takes a condition for an upload in parts, so it is asked
    // before, too. Names tell the digest: whoever else puts something here in
    // between puts the same.
    if (!imp_s3_holds(s3, key, digest, body.n, "", held, now, err))
        return false;
    if (*held || now[0])
        return true;
    struct imp_err why = {0};
    bool sent = imp_s3_put_parts(s3, key, body, digest, ours, &why);
    if (why.code == IMP_ERR_CANCELLED) {
        if (err)
            *err = why;
        return false;
    }
    if (!imp_s3_holds(s3, key, digest, body.n, ours, held, now, err))
        return false;
    if (*held || now[0])
        return true;
    if (!sent && err)
        *err = why;
    return sent ? imp_fail(err, IMP_ERR_IO, "the store lost what it took")
                : false;
}
