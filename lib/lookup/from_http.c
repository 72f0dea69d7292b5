/* A server that is asked with GET and answers JSON: "https://HOST/who/{key}".
 *
 * The URL has {key} once, in its path or query; the key stands there percent-
 * encoded. A key that a server might take for another resource (empty, with "."
 * or ".." as a part of a path) or of more than KEY_MAX bytes is not asked for:
 * no source knows it.
 *
 * 200 is an answer if its type is JSON and json_answer.h takes it, 404 and 410
 * say that there is none. 429, 5xx and broken connections are tried again, with
 * pauses that grow, as long as there is time; all else will not change by
 * itself. Redirects are not followed: the key and the token are for one server.
 *
 * If the answer has a member "subject", it must be the key that was asked, in
 * any form that tidy.h makes one of. Nothing else ties an answer to its
 * question: http.h has what becomes of an answer too many, and those that come
 * when the next question has been sent are told by that member alone. */
#include "base/file.h"
#include "lookup/json_answer.h"
#include "lookup/kinds.h"
#include "lookup/tidy.h"
#include "net/backoff.h"
#include "net/http.h"
#include "net/url.h"
#include "sync/context.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define KEY "{key}"
#define KEY_MAX 1000
#define URL_MAX 2000
#define TOKEN_MAX 4096
#define BODY_MAX ((size_t)64 * 1024)

#define PAUSE_MS 20 // the first; doubles
#define PAUSE_MAX_MS 1000

#define AUTHORIZATION "Authorization: Bearer "

struct source {
    struct imp_lookup base;
    // Fixed at birth.
    const struct imp_http_ops *http;
    struct imp_http *connections;
    char *before, *after; // {key} in the URL
    bool local;           // it is asked on this machine, past any proxy
    char *authorization;  // the header field; NULL: none
};

// --- What is asked ---

// "http://h/a/{key}?b" becomes `before` and `after`. It is checked with a key
// in the place of "{key}", which is no URL itself.
static bool read_spec(struct source *s, const char *spec, struct imp_url *url,
                      struct imp_err *err)
{
    const char *at = strstr(spec, KEY);
    if (!at || strstr(at + 1, KEY))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "want " KEY " once in the URL, where the key belongs");
    size_t before = (size_t)(at - spec);
    if (strlen(spec) > URL_MAX)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "URL of %zu bytes: want %d at most", strlen(spec),
                        URL_MAX);
    char sample[URL_MAX + 1];
    snprintf(sample, sizeof sample, "%.*sk%s", (int)before, spec,
             at + strlen(KEY));
    if (!imp_url_check(sample, url, err))
        return false;
    if (before < url->path)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "URL: want " KEY " in the path or query");
    s->before = strndup(spec, before);
    s->after = strdup(at + strlen(KEY));
    return (s->before && s->after) ||
           imp_fail(err, IMP_ERR_MEMORY, "no memory for a URL");
}

static bool is_dots(const char *part, size_t n)
{
    return (n == 1 || n == 2) && memcmp(part, "..", n) == 0;
}

// May a server be asked for it? Many decode a path before they take it apart,
// and a name with dots would lead to what is elsewhere.
static bool can_be_asked(struct imp_span key)
{
    const char *text = (const char *)key.p;
    if (key.n == 0 || key.n > KEY_MAX)
        return false;
    for (size_t at = 0, i = 0; i <= key.n; i++) {
        if (i < key.n && text[i] != '/' && text[i] != '\\')
            continue;
        if (is_dots(text + at, i - at))
            return false;
        at = i + 1;
    }
    return true;
}

static bool write_url(const struct source *s, struct imp_span key,
                      struct imp_buf *url, struct imp_err *err)
{
    return imp_buf_add(url, s->before, strlen(s->before), err) &&
           imp_url_encode(key, "", url, err) &&
           imp_buf_add(url, s->after, strlen(s->after) + 1, err);
}

// --- The token ---

// b64token of RFC 6750 2.1, on a line that may lack its end.
static size_t token_length(const char *text, size_t n)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789-._~+/");
    if (len > 0)
        len += strspn(text + len, "=");
    size_t end = len;
    end += text[end] == '\r';
    end += text[end] == '\n';
    return end == n ? len : 0;
}

static bool read_token(struct source *s, const char *path, struct imp_err *err)
{
    char text[TOKEN_MAX + 4]; // CR, LF, one too many, NUL
    size_t n = 0, len = 0;
    int fd = imp_file_open_private(AT_FDCWD, path, O_RDONLY, err);
    if (fd < 0) {
        // What is not there, or may not be read, is not what it should be.
        if (err && err->code == IMP_ERR_IO)
            err->code = IMP_ERR_CONFIG;
        return imp_wrap(err, "token file");
    }
    bool ok = imp_file_read(fd, text, sizeof text - 1, &n, err) ||
              imp_wrap(err, "token file");
    close(fd);
    text[n] = '\0';
    if (ok)
        len = token_length(text, n);
    if (ok && (len == 0 || len > TOKEN_MAX))
        ok = imp_fail(err, IMP_ERR_CONFIG,
                      "token file: want one line of %d letters, digits and "
                      "-._~+/ at most, then any =",
                      TOKEN_MAX);
    if (ok && !(s->authorization = calloc(1, sizeof AUTHORIZATION + len)))
        ok = imp_fail(err, IMP_ERR_MEMORY, "no memory for a token");
    if (ok)
        memcpy(stpcpy(s->authorization, AUTHORIZATION), text, len);
    explicit_bzero(text, sizeof text);
    return ok;
}

// --- One try ---

struct attempt {
    struct imp_span key;
    long status;
    bool is_json; // by its Content-Type
    int64_t retry_after_ms;
    struct imp_answer *answer;
    struct imp_buf body; // kept from try to try
};

// "application/json", or another type's "+json" (RFC 6839 3.1).
static bool names_json(const char *type)
{
    size_t n = strcspn(type, "; \t");
    return (n == 16 && strncasecmp(type, "application/json", n) == 0) ||
           (n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0);
}

static void on_header(void *self, const char *name, const char *value)
{
    struct attempt *t = self;
    if (strcmp(name, "content-type") == 0)
        t->is_json = names_json(value);
    else if (strcmp(name, "retry-after") == 0)
        t->retry_after_ms = imp_retry_after_ms(value);
}

static bool on_body(void *self, long status, const void *bytes, size_t n,
                    struct imp_err *err)
{
    struct attempt *t = self;
    (void)status;
    if (n > BODY_MAX - t->body.n)
        return imp_fail(err, IMP_ERR_CONFIG, "an answer of more than %zu bytes",
                        BODY_MAX);
    return imp_buf_add(&t->body, bytes, n, err);
}

static bool may_pass(long status)
{
    return status == 429 || (status >= 500 && status < 600);
}

// An answer that repeats the key must repeat this one: with a server or a proxy
// that loses count, it may be the answer to the question before.
static bool is_about(const struct imp_answer *answer, struct imp_span key)
{
    const char *said = imp_answer_get(answer, "subject");
    return !said ||
           imp_tidy_is((struct imp_span){(const uint8_t *)said, strlen(said)},
                       key);
}

// What an answer says that will be no other when we ask again.
static bool settle(struct attempt *t, struct imp_err *err)
{
    if (t->status == 404 || t->status == 410)
        return true;
    if (t->status >= 300 && t->status < 400)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "HTTP status %ld: redirects are not followed",
                        t->status);
    if (t->status == 401 || t->status == 403)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "HTTP status %ld: the token is missing, wrong, or does "
                        "not permit it",
                        t->status);
    if (t->status != 200)
        return imp_fail(err, IMP_ERR_CONFIG, "HTTP status %ld, want 200 or 404",
                        t->status);
    if (!t->is_json)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the answer's Content-Type is not JSON");
    t->answer = imp_answer_from_json(imp_buf_span(&t->body), err);
    return t->answer && (is_about(t->answer, t->key) ||
                         imp_fail(err, IMP_ERR_CONFIG,
                                  "the answer is about another subject"));
}

static bool on_end(void *self, long status, struct imp_err *err)
{
    struct attempt *t = self;
    t->status = status;
    return may_pass(status) || settle(t, err);
}

static bool ask_once(struct source *s, const char *url, struct attempt *t,
                     struct imp_ctx *ctx, struct imp_err *err)
{
    const char *headers[] = {"Accept: application/json", s->authorization,
                             NULL};
    const struct imp_http_call call = {.method = "GET",
                                       .url = url,
                                       .headers = headers,
                                       .direct = s->local,
                                       .self = t,
                                       .on_header = on_header,
                                       .on_body = on_body,
                                       .on_end = on_end};
    t->body.n = 0;
    *t = (struct attempt){.key = t->key, .body = t->body};
    return s->http->call(s->connections, &call, ctx, &t->status, err);
}

// --- Again and again ---

// `ctx` has ended: say so, and what `last` went wrong before that, if anything.
static bool ended(struct imp_ctx *ctx, const struct imp_err *last,
                  struct imp_err *err)
{
    const char *how = imp_ctx_cause(ctx) == IMP_CAUSE_DEADLINE
                          ? "no answer in time"
                          : "cancelled";
    if (last->code == IMP_OK)
        return imp_fail(err, IMP_ERR_CANCELLED, "%s", how);
    return imp_fail(err, IMP_ERR_CANCELLED, "%s: last: %s", how, last->msg);
}

static bool ask(struct source *s, const char *url, struct attempt *t,
                struct imp_ctx *ctx, struct imp_err *err)
{
    struct imp_err last = {0};
    for (unsigned tries = 1;; tries++) {
        struct imp_err why = {0};
        bool ok = ask_once(s, url, t, ctx, &why);
        if (ok && !may_pass(t->status))
            return true;
        if (ok)
            imp_fail(&why, IMP_ERR_IO, "HTTP status %ld", t->status);
        if (why.code == IMP_ERR_CANCELLED)
            return ended(ctx, &last, err);
        if (why.code != IMP_ERR_IO && why.code != IMP_ERR_TIMEOUT) {
            if (err)
                *err = why;
            return false;
        }
        last = why;
        int64_t pause = imp_backoff_ms(tries, PAUSE_MS, PAUSE_MAX_MS) +
                        (ok ? t->retry_after_ms : 0);
        // Nobody hears of what was wrong after the deadline.
        if (pause >= imp_ctx_left_ms(ctx)) {
            if (err)
                *err = why;
            return false;
        }
        if (imp_ctx_wait(ctx, pause))
            return ended(ctx, &last, err);
    }
}

static bool find(struct imp_lookup *l, struct imp_span key, struct imp_ctx *ctx,
                 struct imp_answer **answer, struct imp_err *err)
{
    struct source *s = (struct source *)l;
    struct imp_buf url = {0};
    struct attempt t = {.key = key};
    *answer = NULL;
    if (!can_be_asked(key))
        return true;
    bool ok = write_url(s, key, &url, err) &&
              ask(s, (const char *)url.p, &t, ctx, err);
    imp_buf_clear(&t.body);
    imp_buf_clear(&url);
    if (ok)
        *answer = t.answer;
    else
        imp_answer_unref(t.answer);
    return ok;
}

// --- Birth and death ---

static void source_free(struct imp_lookup *l)
{
    struct source *s = (struct source *)l;
    if (!s)
        return;
    if (s->http)
        s->http->free(s->connections);
    if (s->authorization)
        explicit_bzero(s->authorization, strlen(s->authorization));
    free(s->authorization);
    free(s->after);
    free(s->before);
    free(s);
}

static bool set_up(struct source *s, const struct imp_lookup_at *at,
                   struct imp_err *err)
{
    struct imp_url url;
    if (!read_spec(s, at->spec, &url, err))
        return false;
    s->local = url.local;
    if (at->token_file && !url.secure && !url.local)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "a token is sent over https only, or to this machine "
                        "itself");
    if (at->token_file && !read_token(s, at->token_file, err))
        return false;
    imp_json_answer_init();
    return (s->http = imp_http_load(err)) &&
           (s->connections =
                s->http->new ("imgpipe/" IMP_VERSION, url.secure, err));
}

static struct imp_lookup *open_as(const struct imp_lookup_ops *ops,
                                  const struct imp_lookup_at *at,
                                  struct imp_err *err)
{
    struct source *s = calloc(1, sizeof *s);
    if (!s) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a look-up source");
        return NULL;
    }
    s->base.ops = ops;
    if (set_up(s, at, err))
        return &s->base;
    imp_wrap(err, "look-up source");
    source_free(&s->base);
    return NULL;
}

static struct imp_lookup *open_http(const struct imp_lookup_at *at,
                                    struct imp_err *err)
{
    return open_as(&imp_lookup_http, at, err);
}

static struct imp_lookup *open_https(const struct imp_lookup_at *at,
                                     struct imp_err *err)
{
    return open_as(&imp_lookup_https, at, err);
}

static const char *const *names(const struct imp_lookup *l)
{
    (void)l;
    return NULL;
}

const struct imp_lookup_ops imp_lookup_http = {
    .prefix = "http:",
    .slow = true,
    .takes_token = true,
    .open = open_http,
    .names = names,
    .find = find,
    .free = source_free,
};

const struct imp_lookup_ops imp_lookup_https = {
    .prefix = "https:",
    .slow = true,
    .takes_token = true,
    .open = open_https,
    .names = names,
    .find = find,
    .free = source_free,
};
