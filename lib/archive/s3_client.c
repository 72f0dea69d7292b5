#include "archive/s3_client.h"

#include "archive/s3_request.h"
#include "archive/xml.h"
#include "base/clock.h"
#include "net/backoff.h"
#include "sync/context.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 10
#define TRIES_AT_FIRST 5
#define PATIENCE_MS 120000
#define PATIENCE_AT_FIRST_MS 15000
#define PAUSE_MS 250 // the first; doubles
#define PAUSE_MAX_MS 20000

#define BODY_MAX ((size_t)16 << 20) // of an answer that we read as XML

// --- Birth and death ---

struct imp_s3 *imp_s3_new(const char *where, const struct imp_s3_access *access,
                          struct imp_err *err)
{
    struct imp_s3 *s3 = calloc(1, sizeof *s3);
    if (!s3) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a store");
        return NULL;
    }
    s3->owns_stop = !access->stop;
    s3->stop = access->stop ? access->stop : imp_ctx_new(NULL);
    if (imp_s3_place_init(&s3->place, where, access, err) &&
        imp_s3_keys_init(&s3->keys, access->key_file, err) &&
        (s3->http = imp_http_load(err)) &&
        (s3->connections =
             s3->http->new ("imgpipe/" IMP_VERSION,
                            strncmp(s3->place.root, "https:", 6) == 0, err)))
        return s3;
    imp_s3_free(s3);
    return NULL;
}

void imp_s3_free(struct imp_s3 *s3)
{
    if (!s3)
        return;
    if (s3->http)
        s3->http->free(s3->connections);
    if (s3->owns_stop)
        imp_ctx_free(s3->stop);
    imp_s3_keys_clear(&s3->keys);
    imp_s3_place_clear(&s3->place);
    free(s3);
}

// --- One try ---

struct attempt {
    const struct imp_s3_request *request;
    struct imp_s3_answer *answer;
    bool sunk;   // the sink was started
    uint64_t n;  // and has got so much
    bool spoilt; // what came is not to be had again: the sink's error, or ours
};

static void keep(char *to, size_t cap, const char *value)
{
    if (strlen(value) < cap)
        strcpy(to, value);
}

static void on_header(void *self, const char *name, const char *value)
{
    struct imp_s3_answer *a = ((struct attempt *)self)->answer;
    if (strcmp(name, "etag") == 0)
        keep(a->etag, sizeof a->etag, value);
    else if (strcmp(name, "x-amz-checksum-sha256") == 0)
        keep(a->checksum, sizeof a->checksum, value);
    else if (strcmp(name, "date") == 0)
        keep(a->date, sizeof a->date, value);
    else if (strcmp(name, "retry-after") == 0)
        a->retry_after_ms = imp_retry_after_ms(value);
    else if (strcmp(name, "content-length") == 0)
        a->length = strtoull(value, NULL, 10);
}

static bool sink_body(struct attempt *t, const void *bytes, size_t n,
                      struct imp_err *err)
{
    const struct imp_sink *sink = t->request->sink;
    uint64_t most = t->request->most;
    if (t->answer->length > most || n > most - t->n)
        return imp_fail(err, IMP_ERR_LIMIT, "more than %ju bytes, the limit",
                        (uintmax_t)most);
    bool ok = t->sunk || sink->start(sink->self, err);
    t->sunk = true;
    t->n += n;
    return ok && sink->add(sink->self, bytes, n, err);
}

static bool on_body(void *self, long status, const void *bytes, size_t n,
                    struct imp_err *err)
{
    struct attempt *t = self;
    struct imp_buf *body = &t->answer->body;
    bool ok;
    if (t->request->sink && status == 200) {
        ok = sink_body(t, bytes, n, err);
    } else {
        ok = body->n + n <= BODY_MAX
                 ? imp_buf_add(body, bytes, n, err)
                 : imp_fail(err, IMP_ERR_IO, "the store's answer is too long");
    }
    t->spoilt |= !ok;
    return ok;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct imp_s3_pair *)a)->name,
                  ((const struct imp_s3_pair *)b)->name);
}

#define SIGNED_MAX (IMP_S3_HEADERS_MAX + 4)

// The fields that are signed, sorted; how many.
static size_t fields(const struct imp_s3 *s3, const struct imp_s3_request *r,
                     const char *payload, const char *now,
                     struct imp_s3_pair out[SIGNED_MAX])
{
    size_t n = 0;
    if (r->n_headers > IMP_S3_HEADERS_MAX)
        imp_bug("an S3 request with %zu header fields", r->n_headers);
    out[n++] = (struct imp_s3_pair){"host", s3->place.host};
    out[n++] = (struct imp_s3_pair){"x-amz-content-sha256", payload};
    out[n++] = (struct imp_s3_pair){"x-amz-date", now};
    if (s3->keys.token)
        out[n++] = (struct imp_s3_pair){"x-amz-security-token", s3->keys.token};
    for (size_t i = 0; i < r->n_headers; i++)
        out[n++] = r->headers[i];
    qsort(out, n, sizeof *out, by_name);
    return n;
}

// Text that lives as long as the try does.
static char *join(struct imp_arena *arena, const char *a, const char *b,
                  const char *c)
{
    char *text = imp_arena_alloc(arena, strlen(a) + strlen(b) + strlen(c) + 1);
    if (text)
        stpcpy(stpcpy(stpcpy(text, a), b), c);
    return text;
}

// What is sent: all of it in `arena` and `text`.
struct letter {
    struct imp_arena arena;
    struct imp_buf path, query, authorization;
    const char *headers[SIGNED_MAX + 4];
};

static bool write_path(struct letter *l, const struct imp_s3 *s3,
                       const struct imp_s3_request *r, struct imp_err *err)
{
    const char *bucket = s3->place.path;
    bool ok = imp_buf_add(&l->path, bucket, strlen(bucket), err);
    if (r->key)
        ok = ok && imp_buf_add(&l->path, "/", 1, err) &&
             imp_s3_encode(s3->place.prefix, true, &l->path, err) &&
             imp_s3_encode(r->key, true, &l->path, err);
    else if (!*bucket)
        ok = ok && imp_buf_add(&l->path, "/", 1, err);
    return ok && imp_buf_add(&l->path, "", 1, err) &&
           imp_s3_encode_query(r->query, r->n_query, &l->query, err) &&
           imp_buf_add(&l->query, "", 1, err);
}

static bool write_headers(struct letter *l, const struct imp_s3 *s3,
                          const struct imp_s3_request *r, struct imp_err *err)
{
    struct imp_s3_pair pairs[SIGNED_MAX];
    char payload[IMP_SHA256_HEX], now[IMP_S3_TIME_MAX];
    struct imp_digest digest;
    if (r->digest)
        digest = *r->digest;
    else if (!imp_sha256_of(r->body.p, r->body.n, &digest, err))
        return false;
    imp_digest_hex(&digest, payload);
    if (!imp_s3_time(time(NULL), now))
        return imp_fail(err, IMP_ERR_CONFIG, "the clock's time is none");
    size_t n = fields(s3, r, payload, now, pairs);
    struct imp_s3_signed what = {.method = r->method,
                                 .path = (const char *)l->path.p,
                                 .query = r->query,
                                 .n_query = r->n_query,
                                 .headers = pairs,
                                 .n_headers = n,
                                 .payload = payload,
                                 .time = now,
                                 .region = s3->place.region};
    if (!imp_s3_sign(&what, &s3->keys, &l->authorization, err))
        return false;
    bool ok = true;
    for (size_t i = 0; i < n; i++) { // host is among them
        l->headers[i] = join(&l->arena, pairs[i].name, ": ", pairs[i].value);
        ok = ok && l->headers[i];
    }
    l->headers[n] = join(&l->arena, "Authorization: ", "",
                         (const char *)l->authorization.p);
    ok = ok && l->headers[n++];
    l->headers[n++] = "Content-Type: application/octet-stream";
    l->headers[n] = NULL;
    return ok || imp_fail(err, IMP_ERR_MEMORY, "no memory for a request");
}

static void letter_clear(struct letter *l)
{
    imp_buf_clear(&l->authorization);
    imp_buf_clear(&l->query);
    imp_buf_clear(&l->path);
    imp_arena_clear(&l->arena);
}

static bool take_code(void *self, const char *parent, const char *name,
                      const char *text, struct imp_err *err)
{
    struct imp_s3_answer *a = self;
    (void)err;
    if (strcmp(parent, "Error") == 0 && strcmp(name, "Code") == 0)
        keep(a->code, sizeof a->code, text);
    return true;
}

// The store's word for what is wrong, cut to letters: it is printed.
static void read_code(struct imp_s3_answer *a)
{
    const struct imp_xml_fn fn = {a, take_code};
    imp_xml_read(imp_buf_span(&a->body), &fn, NULL);
    a->code[strspn(a->code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz0123456789.")] = '\0';
}

static bool ask_once(struct imp_s3 *s3, struct attempt *t, struct imp_err *err)
{
    const struct imp_s3_request *r = t->request;
    struct letter l = {0};
    struct imp_buf body = t->answer->body;
    body.n = 0;
    *t->answer = (struct imp_s3_answer){.body = body};
    t->sunk = t->spoilt = false;
    t->n = 0;
    bool ok = false;
    char *url = NULL;
    if (!write_path(&l, s3, r, err) || !write_headers(&l, s3, r, err))
        goto out;
    const char *query = (const char *)l.query.p;
    char *path =
        join(&l.arena, (const char *)l.path.p, *query ? "?" : "", query);
    url = path ? join(&l.arena, s3->place.root, path, "") : NULL;
    if (!url) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a request");
        goto out;
    }
    struct imp_http_call call = {.method = r->method,
                                 .url = url,
                                 .headers = l.headers,
                                 .body = r->body,
                                 .self = t,
                                 .on_header = on_header,
                                 .on_body = on_body};
    ok = s3->http->call(s3->connections, &call, s3->stop, &t->answer->status,
                        err);
    // An object without a byte has a body that never comes.
    if (ok && r->sink && t->answer->status == 200 && !t->sunk) {
        ok = r->sink->start(r->sink->self, err);
        t->spoilt = !ok;
    }
    if (ok && t->answer->status >= 300 && t->answer->body.n > 0)
        read_code(t->answer);
out:
    letter_clear(&l);
    return ok;
}

// --- Again and again ---

static bool is_among(const char *code, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(code, *codes) == 0)
            return true;
    return false;
}

// May another try be answered differently? A body that does not have its
// SHA-256 was damaged on its way.
static bool may_pass(const struct imp_s3_answer *a)
{
    static const char *const codes[] = {"SlowDown",
                                        "InternalError",
                                        "ServiceUnavailable",
                                        "RequestTimeout",
                                        "OperationAborted",
                                        "ConditionalRequestConflict",
                                        "XAmzContentSHA256Mismatch",
                                        "BadDigest",
                                        NULL};
    switch (a->status) {
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
        return true;
    default:
        return a->status >= 300 && is_among(a->code, codes);
    }
}

// How long to wait before the next try; -1: there is none. Whoever was told
// when to come back does so then, and at the very end if that is later.
static int64_t wait_ms(struct imp_s3 *s3, const struct imp_s3_answer *answer,
                       unsigned tries, int64_t since)
{
    bool known = atomic_load(&s3->settled_in);
    int64_t left =
        since + (known ? PATIENCE_MS : PATIENCE_AT_FIRST_MS) - imp_now_ms();
    int64_t pause = imp_backoff_ms(tries, PAUSE_MS, PAUSE_MAX_MS);
    bool told = answer->status == 503 || answer->status == 429;
    if (told && answer->retry_after_ms > 0) {
        pause += answer->retry_after_ms;
        if (pause > left)
            pause = left;
    }
    bool over = tries >= (known ? TRIES : TRIES_AT_FIRST) || left <= 0 ||
                pause > left || atomic_load(&s3->down);
    return over ? -1 : pause;
}

static void answered(struct imp_s3 *s3)
{
    atomic_store(&s3->down, false);
    atomic_store(&s3->settled_in, true);
}

bool imp_s3_ask(struct imp_s3 *s3, const struct imp_s3_request *request,
                struct imp_s3_answer *answer, struct imp_err *err)
{
    struct attempt t = {.request = request, .answer = answer};
    const int64_t since = imp_now_ms();
    for (unsigned tries = 1;; tries++) {
        struct imp_err why = {0};
        bool ok = ask_once(s3, &t, &why);
        if (ok && !may_pass(answer)) {
            answered(s3);
            return true;
        }
        bool passing = ok || (!t.spoilt && (why.code == IMP_ERR_IO ||
                                            why.code == IMP_ERR_TIMEOUT));
        if (ok)
            imp_s3_refused(answer, &why);
        int64_t pause = wait_ms(s3, answer, tries, since);
        if (passing && pause >= 0) {
            if (!imp_ctx_wait(s3->stop, pause))
                continue;
            return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
        }
        if (passing)
            atomic_store(&s3->down, true);
        if (err)
            *err = why;
        return false;
    }
}

// --- What an answer means ---

static bool skewed(const struct imp_s3_answer *a, struct imp_err *err)
{
    char here[40] = "";
    time_t now = time(NULL);
    struct tm tm;
    if (gmtime_r(&now, &tm))
        strftime(here, sizeof here, "%Y-%m-%d %H:%M:%S GMT", &tm);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "the clocks differ by more than the store allows: here it "
                    "is %s, there %s",
                    here, a->date[0] ? a->date : "some other time");
}

bool imp_s3_refused(const struct imp_s3_answer *a, struct imp_err *err)
{
    static const struct {
        const char *code, *meaning;
    } known[] = {
        {"SignatureDoesNotMatch", "the secret access key is wrong"},
        {"InvalidAccessKeyId", "the access key id is not known"},
        {"ExpiredToken", "the session token has expired"},
        {"InvalidToken", "the session token is wrong"},
        {"AccessDenied", "these keys do not permit it"},
        {"NoSuchBucket", "there is no such bucket"},
        {"AuthorizationHeaderMalformed", "want another --s3-region"},
        {"PermanentRedirect", "want another --s3-region or --s3-endpoint"},
        {"TemporaryRedirect", "want another --s3-endpoint"},
    };
    if (strcmp(a->code, "RequestTimeTooSkewed") == 0)
        return skewed(a, err);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(a->code, known[i].code) == 0)
            return imp_fail(err, IMP_ERR_CONFIG, "%s (HTTP %ld %s)",
                            known[i].meaning, a->status, a->code);
    if (a->status == 401 || a->status == 403)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the keys are wrong or do not permit it (HTTP %ld)",
                        a->status);
    if (a->status >= 300 && a->status < 400)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "want another --s3-region or --s3-endpoint (HTTP %ld)",
                        a->status);
    if (a->status == 501)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the store does not know such a request (HTTP 501)");
    return imp_fail(err, IMP_ERR_IO, "the store answers HTTP %ld%s%s",
                    a->status, a->code[0] ? " " : "", a->code);
}
