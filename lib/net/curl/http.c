// All that knows libcurl. Built into http.so, not into the program.
#include "net/http.h"
#include "base/clock.h"
#include "names.h"
#include "net/pace.h"
#include "sync/context.h"
#include "trust.h"

#include <ctype.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// As many idle connections are kept as are ever asked for at once.
#define IDLE_MAX 16
#define FIELD_MAX 1024

#define CONNECT_MS 10000L

// While nothing moves we look up so often, to see whether the context has
// ended. http.h promises 50 ms.
#define SLICE_MS 20

// For one exchange at a time. The connection is the multi handle's, the TLS
// session the easy handle's, so the two stay together.
struct line {
    CURLM *multi;
    CURL *easy;
    curl_socket_t socket; // of the connection that is kept, if any
};

struct imp_http {
    char agent[64];
    struct imp_trust *trust; // NULL: no https
    struct imp_names names;
    pthread_mutex_t mu;
    struct line idle[IDLE_MAX]; // guarded by mu, and so is:
    size_t n_idle;
};

// --- Idle lines ---

static void hang_up(struct line line)
{
    curl_easy_cleanup(line.easy);
    curl_multi_cleanup(line.multi);
}

// Has the other side said anything since the last answer? That may be its end,
// or an answer too many: libcurl before 8.1 would take it for that to the next
// request.
static bool is_spoilt(struct line line)
{
    struct pollfd fd = {.fd = line.socket, .events = POLLIN};
    return line.socket != CURL_SOCKET_BAD && poll(&fd, 1, 0) != 0;
}

static bool pop(struct imp_http *http, struct line *line)
{
    pthread_mutex_lock(&http->mu);
    bool any = http->n_idle > 0;
    if (any)
        *line = http->idle[--http->n_idle];
    pthread_mutex_unlock(&http->mu);
    return any;
}

// False without memory.
static bool take(struct imp_http *http, struct line *line)
{
    while (pop(http, line)) {
        if (!is_spoilt(*line))
            return true;
        hang_up(*line);
    }
    *line = (struct line){curl_multi_init(), curl_easy_init(), CURL_SOCKET_BAD};
    // With one connection there is no other that could be taken for the next.
    if (line->multi && line->easy &&
        curl_multi_setopt(line->multi, CURLMOPT_MAXCONNECTS, 1L) == CURLM_OK)
        return true;
    hang_up(*line);
    return false;
}

static void give_back(struct imp_http *http, struct line line)
{
    curl_easy_reset(line.easy);
    pthread_mutex_lock(&http->mu);
    bool kept = http->n_idle < IDLE_MAX;
    if (kept)
        http->idle[http->n_idle++] = line;
    pthread_mutex_unlock(&http->mu);
    if (!kept)
        hang_up(line);
}

// --- An exchange under way ---

struct exchange {
    const struct imp_http_call *call;
    struct imp_ctx *ctx;
    CURL *easy;
    size_t sent; // of call->body
    bool slow;   // it was given up for it
    struct imp_names *names;
    bool resolving;     // a name
    struct imp_err err; // of call->on_body
};

static size_t on_header(char *line, size_t size, size_t n, void *self)
{
    struct exchange *x = self;
    char name[FIELD_MAX], *value;
    size_t len = size * n;
    char *colon = memchr(line, ':', len);
    if (!colon || len >= sizeof name || !x->call->on_header)
        return len;
    memcpy(name, line, len);
    while (len > 0 && isspace((unsigned char)name[len - 1]))
        len--;
    name[len] = '\0';
    size_t at = (size_t)(colon - line);
    for (size_t i = 0; i < at; i++)
        name[i] = (char)tolower((unsigned char)name[i]);
    name[at] = '\0';
    for (value = name + at + 1; isspace((unsigned char)*value); value++)
        ;
    if (at < len)
        x->call->on_header(x->call->self, name, value);
    return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *self)
{
    struct exchange *x = self;
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    if (x->call->on_body &&
        !x->call->on_body(x->call->self, status, bytes, size * n, &x->err))
        return CURL_WRITEFUNC_ERROR;
    return size * n;
}

static size_t more_body(char *to, size_t size, size_t n, void *self)
{
    struct exchange *x = self;
    size_t left = x->call->body.n - x->sent;
    size_t now = left < size * n ? left : size * n;
    if (now > 0)
        memcpy(to, x->call->body.p + x->sent, now);
    x->sent += now;
    return now;
}

// libcurl sends again on a fresh connection if the idle one was closed.
static int seek_body(void *self, curl_off_t at, int origin)
{
    struct exchange *x = self;
    if (origin != SEEK_SET || at < 0 || (size_t)at > x->call->body.n)
        return CURL_SEEKFUNC_FAIL;
    x->sent = (size_t)at;
    return CURL_SEEKFUNC_OK;
}

static int before_name(void *resolver, void *reserved, void *self)
{
    struct exchange *x = self;
    (void)resolver, (void)reserved;
    x->resolving = true;
    return 0;
}

// Before a socket connects: the name has been resolved.
static int behind_name(void *self, curl_socket_t fd, curlsocktype purpose)
{
    struct exchange *x = self;
    (void)fd, (void)purpose;
    if (x->resolving)
        imp_names_resolved(x->names);
    x->resolving = false;
    return CURL_SOCKOPT_OK;
}

// libcurl's own limit of this kind (CURLOPT_LOW_SPEED_LIMIT) looks at some
// seconds at a time, and starts its clock anew after each that was fast enough.
static bool is_slow(const struct exchange *x, struct imp_pace *pace)
{
    curl_off_t down = 0, up = 0;
    curl_easy_getinfo(x->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(x->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    return !imp_pace_keeps(pace, imp_now_ms(), (uint64_t)(down + up));
}

static CURLcode result_of(CURLM *multi)
{
    int left;
    const CURLMsg *msg = curl_multi_info_read(multi, &left);
    return msg && msg->msg == CURLMSG_DONE ? msg->data.result
                                           : CURLE_FAILED_INIT;
}

// Until it is through, too slow, or `ctx` has ended. curl_multi_poll returns at
// once when there is something to do.
static CURLcode perform(struct line *line, struct exchange *x)
{
    CURLM *multi = line->multi;
    struct imp_pace pace;
    int running = 1;
    CURLMcode code = curl_multi_add_handle(multi, x->easy);
    imp_pace_init(&pace, imp_now_ms());
    while (code == CURLM_OK && !x->slow && !imp_ctx_cancelled(x->ctx)) {
        code = curl_multi_perform(multi, &running);
        if (code != CURLM_OK || running == 0 || imp_ctx_cancelled(x->ctx))
            break;
        code = curl_multi_poll(multi, NULL, 0, SLICE_MS, NULL);
        x->slow = is_slow(x, &pace);
    }
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    if (code == CURLM_OUT_OF_MEMORY)
        result = CURLE_OUT_OF_MEMORY;
    else if (code != CURLM_OK)
        result = CURLE_FAILED_INIT;
    else if (running == 0)
        result = result_of(multi);
    line->socket = CURL_SOCKET_BAD;
    if (result == CURLE_OK)
        curl_easy_getinfo(x->easy, CURLINFO_ACTIVESOCKET, &line->socket);
    curl_multi_remove_handle(multi, x->easy); // closes what is not through
    if (result == CURLE_COULDNT_RESOLVE_HOST) // that is an answer, too
        imp_names_resolved(x->names);
    else if (x->resolving && (result == CURLE_ABORTED_BY_CALLBACK ||
                              result == CURLE_OPERATION_TIMEDOUT))
        imp_names_left(x->names, imp_now_ms());
    return result;
}

static bool set_method(CURL *easy, struct exchange *x)
{
    const char *method = x->call->method;
    bool uploads = strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0;
    bool ok = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    if (strcmp(method, "HEAD") == 0)
        ok = ok && curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (uploads)
        ok = ok && curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
                              (curl_off_t)x->call->body.n) == CURLE_OK;
    return ok;
}

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *trust)
{
    (void)easy;
    imp_trust_give(trust, ssl_ctx);
    return CURLE_OK;
}

#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

// What libcurl would read by itself is ours already.
static bool set_trust(CURL *easy, struct imp_trust *trust)
{
    return SET(CURLOPT_PROTOCOLS_STR, trust ? "http,https" : "http") &&
           (!trust || (SET(CURLOPT_CAINFO, NULL) && SET(CURLOPT_CAPATH, NULL) &&
                       SET(CURLOPT_SSL_CTX_FUNCTION, on_tls) &&
                       SET(CURLOPT_SSL_CTX_DATA, trust)));
}

static bool set_up(CURL *easy, struct imp_http *http, struct exchange *x,
                   struct curl_slist *headers, char *why)
{
    return SET(CURLOPT_ERRORBUFFER, why) && SET(CURLOPT_URL, x->call->url) &&
           set_trust(easy, http->trust) && SET(CURLOPT_FOLLOWLOCATION, 0L) &&
           SET(CURLOPT_PATH_AS_IS, 1L) &&
           // A proxy's answer to CONNECT is no part of the store's.
           SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
           SET(CURLOPT_NOSIGNAL, 1L) &&
           // Who gives up does not wait for the thread that resolves a name.
           SET(CURLOPT_QUICK_EXIT, 1L) &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           SET(CURLOPT_USERAGENT, http->agent) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) &&
           SET(CURLOPT_TCP_KEEPALIVE, 1L) &&
           SET(CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024) &&
           SET(CURLOPT_BUFFERSIZE, 256L * 1024) &&
           SET(CURLOPT_HTTPHEADER, headers) &&
           SET(CURLOPT_HEADERFUNCTION, on_header) &&
           SET(CURLOPT_HEADERDATA, x) && SET(CURLOPT_WRITEFUNCTION, on_body) &&
           SET(CURLOPT_WRITEDATA, x) && SET(CURLOPT_READFUNCTION, more_body) &&
           SET(CURLOPT_READDATA, x) && SET(CURLOPT_SEEKFUNCTION, seek_body) &&
           SET(CURLOPT_SEEKDATA, x) &&
           SET(CURLOPT_RESOLVER_START_FUNCTION, before_name) &&
           SET(CURLOPT_RESOLVER_START_DATA, x) &&
           SET(CURLOPT_SOCKOPTFUNCTION, behind_name) &&
           SET(CURLOPT_SOCKOPTDATA, x) && set_method(easy, x) &&
           (!x->call->direct || SET(CURLOPT_NOPROXY, "*"));
}
#undef SET

// Is asking again of no use?
static bool is_final(CURLcode code)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ENGINE_NOTFOUND:
        return true;
    default:
        return false;
    }
}

static bool no_memory(struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_MEMORY, "no memory for an HTTP exchange");
}

static bool tell(const struct exchange *x, CURLcode code, const char *why,
                 struct imp_err *err)
{
    if (code == CURLE_OK)
        return true;
    if (x->err.code != IMP_OK) {
        if (err)
            *err = x->err;
        return false;
    }
    if (imp_ctx_cancelled(x->ctx))
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    if (x->slow)
        return imp_fail(err, IMP_ERR_TIMEOUT,
                        "the line or the other side is slower than 1 kB a "
                        "second");
    if (!why[0])
        why = curl_easy_strerror(code);
    if (code == CURLE_OUT_OF_MEMORY)
        return no_memory(err);
    if (is_final(code))
        return imp_fail(err, IMP_ERR_CONFIG, "%s", why);
    return imp_fail(
        err, code == CURLE_OPERATION_TIMEDOUT ? IMP_ERR_TIMEOUT : IMP_ERR_IO,
        "%s", why);
}

static struct curl_slist *list_of(const char *const *headers, bool *ok)
{
    struct curl_slist *list = NULL;
    // No "100-continue": it costs a round trip, and we know what we send.
    *ok = (list = curl_slist_append(NULL, "Expect:"));
    for (size_t i = 0; *ok && headers[i]; i++)
        *ok = curl_slist_append(list, headers[i]);
    return list;
}

// A field may be a token. Copies of libcurl's own, of what it has sent, are
// freed and not wiped: it has no way to.
static void free_list(struct curl_slist *list)
{
    for (struct curl_slist *one = list; one; one = one->next)
        explicit_bzero(one->data, strlen(one->data));
    curl_slist_free_all(list);
}

static bool talk(struct imp_http *http, struct line *line, struct exchange *x,
                 long *status, struct imp_err *err)
{
    char why[CURL_ERROR_SIZE] = "";
    bool listed;
    struct curl_slist *headers = list_of(x->call->headers, &listed);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (listed && set_up(line->easy, http, x, headers, why))
        code = perform(line, x);
    bool ok = tell(x, code, why, err);
    if (ok)
        curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, status);
    free_list(headers);
    return ok;
}

static bool http_call(struct imp_http *http, const struct imp_http_call *call,
                      struct imp_ctx *ctx, long *status, struct imp_err *err)
{
    struct line line;
    bool sound = true, ok;
    *status = 0;
    if (imp_ctx_cancelled(ctx))
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    if (!take(http, &line))
        return no_memory(err);
    if (line.socket == CURL_SOCKET_BAD &&
        !imp_names_try(&http->names, imp_now_ms())) {
        give_back(http, line);
        return imp_fail(err, IMP_ERR_TIMEOUT,
                        "the host's name is not resolved: %d tries hang",
                        IMP_NAMES_HUNG);
    }
    struct exchange x = {
        .call = call, .ctx = ctx, .easy = line.easy, .names = &http->names};
    ok = talk(http, &line, &x, status, err);
    if (ok && call->on_end)
        ok = sound = call->on_end(call->self, *status, err);
    if (sound)
        give_back(http, line);
    else
        hang_up(line);
    return ok;
}

// --- Set-up ---

// libcurl's own file is a path that was built in, so OpenSSL's variable does
// nothing by itself; curl(1) reads it as we do.
static struct imp_trust *system_trust(struct imp_err *err)
{
    const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);
    const char *file = getenv("SSL_CERT_FILE");
    return imp_trust_new(file && *file ? file : built->cainfo, built->capath,
                         err);
}

static struct imp_http *http_new(const char *agent, bool secure,
                                 struct imp_err *err)
{
    struct imp_http *http = calloc(1, sizeof *http);
    if (!http) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for HTTP");
        return NULL;
    }
    if (secure && !(http->trust = system_trust(err))) {
        free(http);
        return NULL;
    }
    strncat(http->agent, agent, sizeof http->agent - 1);
    pthread_mutex_init(&http->mu, NULL);
    imp_names_init(&http->names);
    return http;
}

static void http_free(struct imp_http *http)
{
    if (!http)
        return;
    for (size_t i = 0; i < http->n_idle; i++)
        hang_up(http->idle[i]);
    imp_names_clear(&http->names);
    pthread_mutex_destroy(&http->mu);
    imp_trust_free(http->trust);
    free(http);
}

static const struct imp_http_ops ops = {
    .version = IMP_HTTP_VERSION,
    .new = http_new,
    .call = http_call,
    .free = http_free,
};

// The process's own: libcurl wants to be set up once, and is never taken down.
static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode set_up_code;

static void set_up_curl(void)
{
    set_up_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

__attribute__((visibility("default"))) imp_http_get_fn imp_http_get;

const struct imp_http_ops *imp_http_get(struct imp_err *err)
{
    pthread_once(&once, set_up_curl);
    if (set_up_code == CURLE_OK)
        return &ops;
    imp_fail(err, IMP_ERR_CONFIG, "libcurl: %s",
             curl_easy_strerror(set_up_code));
    return NULL;
}
