// The HTTP kind against a server that is played here, in the place of http.so.
#include "../../lib/tempdir.h"
#include "lookup/kinds.h"
#include "net/http.h"
#include "sync/context.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define JSON "application/json"
#define AT "http://h.example/who/{key}"

// --- The server ---

struct play {
    enum imp_code fails; // or IMP_OK, and it answers
    long status;
    const char *type, *body, *retry_after;
};

// Acts in its order; the last again and again. By one thread.
static struct {
    struct play acts[8];
    size_t n_acts, asked;
    unsigned loads, opened, freed;
    char url[4000], headers[5000];
    bool secure, direct;
    struct imp_ctx *ends; // with the call number `ends_at`; NULL: none
    size_t ends_at;
} server;

struct imp_http {
    int unused;
};

static struct imp_http *server_new(const char *agent, bool secure,
                                   struct imp_err *err)
{
    (void)err;
    cr_expect_eq(strncmp(agent, "imgpipe/", 8), 0);
    server.opened++;
    server.secure = secure;
    return calloc(1, sizeof(struct imp_http));
}

static void server_free(struct imp_http *http)
{
    server.freed += http != NULL;
    free(http);
}

static void note(const struct imp_http_call *call)
{
    cr_expect_str_eq(call->method, "GET");
    cr_expect_eq(call->body.n, 0);
    snprintf(server.url, sizeof server.url, "%s", call->url);
    server.headers[0] = '\0';
    for (size_t i = 0; call->headers[i]; i++) {
        strcat(server.headers, call->headers[i]);
        strcat(server.headers, "\n");
    }
    server.direct = call->direct;
}

static bool server_call(struct imp_http *http, const struct imp_http_call *call,
                        struct imp_ctx *ctx, long *status, struct imp_err *err)
{
    size_t at = server.asked < server.n_acts ? server.asked : server.n_acts - 1;
    const struct play *act = &server.acts[at];
    (void)http;
    *status = 0;
    note(call);
    server.asked++;
    if (server.ends && server.asked == server.ends_at)
        imp_ctx_cancel(server.ends, IMP_CAUSE_SIGINT);
    if (imp_ctx_cancelled(ctx))
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    if (act->type)
        call->on_header(call->self, "content-type", act->type);
    if (act->retry_after)
        call->on_header(call->self, "retry-after", act->retry_after);
    // In two pieces, as it may come.
    size_t n = act->body ? strlen(act->body) : 0;
    if (n > 1 && !call->on_body(call->self, act->status, act->body, 1, err))
        return false;
    size_t first = n > 1;
    if (n > 0 && !call->on_body(call->self, act->status, act->body + first,
                                n - first, err))
        return false;
    if (act->fails)
        return imp_fail(err, act->fails, "it broke");
    *status = act->status;
    return call->on_end(call->self, act->status, err);
}

const struct imp_http_ops *imp_http_load(struct imp_err *err)
{
    static const struct imp_http_ops ops = {IMP_HTTP_VERSION, server_new,
                                            server_call, server_free};
    (void)err;
    server.loads++;
    return &ops;
}

static void plays(const struct play *acts, size_t n)
{
    memcpy(server.acts, acts, n * sizeof *acts);
    server.n_acts = n;
    server.asked = 0;
}

#define PLAYS(...)                            \
    plays((const struct play[]){__VA_ARGS__}, \
          sizeof((const struct play[]){__VA_ARGS__}) / sizeof(struct play))

static const struct play good = {
    .status = 200, .type = JSON, .body = "{\"code\":\"S-1\",\"site\":7}"};

// --- Asking ---

static struct imp_lookup *try_open(const char *spec, const char *token_file,
                                   struct imp_err *err)
{
    const struct imp_lookup_at at = {spec, token_file};
    bool tls = strncmp(spec, "https:", 6) == 0;
    return (tls ? imp_lookup_https : imp_lookup_http).open(&at, err);
}

static struct imp_lookup *open_at(const char *spec)
{
    struct imp_err err = {0};
    struct imp_lookup *l = try_open(spec, NULL, &err);
    cr_assert(l, "%s: %s", spec, err.msg);
    return l;
}

struct found {
    bool ok;
    struct imp_answer *answer;
    struct imp_err err;
};

static struct found find_n(struct imp_lookup *l, const char *key, size_t n,
                           struct imp_ctx *ctx)
{
    struct found f = {0};
    struct imp_span span = {(const uint8_t *)key, n};
    f.ok = l->ops->find(l, span, ctx, &f.answer, &f.err);
    cr_expect(f.ok || !f.answer);
    cr_expect(f.ok == (f.err.code == IMP_OK));
    return f;
}

// Asks AT for "k", with no deadline.
static struct found find(void)
{
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_lookup *l = open_at(AT);
    struct found f = find_n(l, "k", 1, ctx);
    l->ops->free(l);
    imp_ctx_free(ctx);
    return f;
}

static void expect_url(const char *spec, const char *key, const char *url)
{
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_lookup *l = open_at(spec);
    PLAYS(good);
    struct found f = find_n(l, key, strlen(key), ctx);
    cr_expect(f.ok && f.answer);
    cr_expect_str_eq(server.url, url);
    imp_answer_unref(f.answer);
    l->ops->free(l);
    imp_ctx_free(ctx);
}

Test(from_http, the_key_is_encoded_into_the_url)
{
    expect_url(AT, "P-1", "http://h.example/who/P-1");
    expect_url("https://h/a?b={key}&c", "a b", "https://h/a?b=a%20b&c");
    expect_url("http://h/{key}/x.json", "a/b", "http://h/a%2Fb/x.json");
    expect_url("http://h?{key}", "?&=#%+", "http://h?%3F%26%3D%23%25%2B");
    expect_url("http://h/{key}", "\xC3\xA9\x01\xFF\"<>\\",
               "http://h/%C3%A9%01%FF%22%3C%3E%5C");
    expect_url("http://h/{key}", "{key}", "http://h/%7Bkey%7D");
    expect_url("http://h/{key}", "a..b", "http://h/a..b");
    expect_url("http://h/{key}", "...", "http://h/...");
}

Test(from_http, an_answer_is_what_the_server_says)
{
    PLAYS(good);
    struct found f = find();
    cr_assert(f.ok && f.answer);
    cr_expect_str_eq(imp_answer_get(f.answer, "code"), "S-1");
    cr_expect_str_eq(imp_answer_get(f.answer, "site"), "7");
    cr_expect_eq(server.asked, 1);
    cr_expect_str_eq(server.headers, "Accept: application/json\n");
    imp_answer_unref(f.answer);
}

Test(from_http, an_answer_that_repeats_the_key_repeats_this_one)
{
    static const struct {
        const char *body;
        bool is_about;
    } says[] = {
        {"{\"subject\":\"M\xC3\xBC\"}", true},
        {"{\"subject\":\" Mu\xCC\x88\"}", true},
        {"{\"subject\":\"Mu\"}", false},
        {"{\"subject\":\"hush\"}", false},
        {"{\"subject\":\"\"}", false},
        {"{\"Subject\":\"hush\"}", true},
    };
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_lookup *l = open_at(AT);
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        PLAYS({.status = 200, .type = JSON, .body = says[i].body});
        struct found f = find_n(l, "M\xC3\xBC", 3, ctx);
        cr_expect_eq(f.ok, says[i].is_about, "%s", says[i].body);
        if (!f.ok)
            cr_expect_str_eq(f.err.msg, "the answer is about another subject");
        imp_answer_unref(f.answer);
    }
    l->ops->free(l);
    imp_ctx_free(ctx);
}

Test(from_http, a_key_that_is_not_there_is_no_error)
{
    static const long statuses[] = {404, 410};
    for (size_t i = 0; i < 2; i++) {
        PLAYS({.status = statuses[i], .type = "text/html", .body = "<p>no"});
        struct found f = find();
        cr_expect(f.ok);
        cr_expect_null(f.answer);
        cr_expect_eq(server.asked, 1);
    }
}

Test(from_http, a_key_that_would_lead_elsewhere_is_not_asked_for)
{
    static char large[1002];
    static const char *const keys[] = {"",      ".",      "..",    "../admin",
                                       "a/..",  "a/../b", "a/./b", "..\\x",
                                       "a\\..", large};
    struct imp_lookup *l = open_at(AT);
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    memset(large, 'k', 1001);
    PLAYS(good);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct found f = find_n(l, keys[i], strlen(keys[i]), ctx);
        cr_expect(f.ok && !f.answer, "%s", keys[i]);
    }
    cr_expect_eq(server.asked, 0);
    struct found f = find_n(l, large, 1000, ctx);
    cr_expect(f.ok && f.answer);
    imp_answer_unref(f.answer);
    l->ops->free(l);
    imp_ctx_free(ctx);
}

Test(from_http, the_type_is_json)
{
    static const char *const types[] = {
        JSON,       "Application/JSON",      JSON "; charset=utf-8",
        JSON " ;x", "application/fhir+json", "application/problem+JSON;v=1"};
    static const char *const others[] = {NULL,
                                         "",
                                         "text/html",
                                         "text/plain",
                                         "application/jsonx",
                                         "+json",
                                         "text/html; application/json",
                                         "application/json-seq",
                                         "json"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        PLAYS({.status = 200, .type = types[i], .body = "{}"});
        struct found f = find();
        cr_expect(f.ok && f.answer, "%s", types[i]);
        imp_answer_unref(f.answer);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        PLAYS({.status = 200, .type = others[i], .body = "{}"});
        struct found f = find();
        cr_expect_not(f.ok, "%s", others[i]);
        cr_expect_eq(f.err.code, IMP_ERR_CONFIG);
    }
}

Test(from_http, what_will_not_change_is_not_asked_again)
{
    static const struct {
        struct play act;
        const char *tells;
    } final[] = {
        {{.status = 301}, "301: redirects"},
        {{.status = 302, .type = JSON, .body = "{}"}, "302: redirects"},
        {{.status = 307}, "307: redirects"},
        {{.status = 304}, "304: redirects"},
        {{.status = 401}, "401: the token"},
        {{.status = 403}, "403: the token"},
        {{.status = 400}, "400"},
        {{.status = 405}, "405"},
        {{.status = 418}, "418"},
        {{.status = 204}, "204"},
        {{.status = 206, .type = JSON, .body = "{}"}, "206"},
        {{.status = 600}, "600"},
        {{.status = 200, .type = JSON, .body = "{\"code\":\"hush"}, "byte"},
        {{.status = 200, .type = JSON, .body = "[\"hush\"]"}, "no JSON object"},
        {{.status = 200, .type = JSON}, "no JSON object"},
        {{.fails = IMP_ERR_CONFIG}, "it broke"},
    };
    for (size_t i = 0; i < sizeof final / sizeof *final; i++) {
        plays(&final[i].act, 1);
        struct found f = find();
        cr_expect_not(f.ok, "%s", final[i].tells);
        cr_expect_eq(f.err.code, IMP_ERR_CONFIG, "%s", f.err.msg);
        cr_expect(strstr(f.err.msg, final[i].tells), "%s", f.err.msg);
        cr_expect_null(strstr(f.err.msg, "hush"));
        cr_expect_eq(server.asked, 1);
    }
    PLAYS({.fails = IMP_ERR_MEMORY});
    struct found f = find();
    cr_expect_eq(f.err.code, IMP_ERR_MEMORY);
    cr_expect_eq(server.asked, 1);
}

Test(from_http, what_may_pass_is_asked_again, .timeout = 20)
{
    static const struct play passing[] = {
        {.status = 429},
        {.status = 500},
        {.status = 503, .type = "text/html", .body = "<h1>later</h1>"},
        {.status = 599},
        {.fails = IMP_ERR_IO},
        {.fails = IMP_ERR_TIMEOUT},
        // Half an answer: it is not put before the next.
        {.fails = IMP_ERR_IO, .type = JSON, .body = "{\"code\":"},
    };
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        PLAYS(passing[i], passing[i], good);
        struct found f = find();
        cr_expect(f.ok && f.answer, "%zu: %s", i, f.err.msg);
        cr_expect_eq(server.asked, 3);
        if (f.answer)
            cr_expect_str_eq(imp_answer_get(f.answer, "code"), "S-1");
        imp_answer_unref(f.answer);
    }
}

Test(from_http, an_earlier_answers_type_counts_for_nothing)
{
    PLAYS({.status = 503, .type = JSON}, {.status = 200, .body = "{}"});
    struct found f = find();
    cr_expect_not(f.ok);
    cr_expect(strstr(f.err.msg, "Content-Type"), "%s", f.err.msg);
}

static void expect_given_up(struct imp_ctx *ctx, enum imp_code code,
                            const char *tells)
{
    struct imp_lookup *l = open_at(AT);
    struct found f = find_n(l, "hush", 4, ctx);
    cr_expect_not(f.ok);
    cr_expect_eq(f.err.code, code, "%s", f.err.msg);
    cr_expect_str_eq(f.err.msg, tells);
    l->ops->free(l);
    imp_ctx_free(ctx);
}

static void expect_ended(struct imp_ctx *ctx, const char *tells)
{
    expect_given_up(ctx, IMP_ERR_CANCELLED, tells);
}

Test(from_http, it_gives_up_before_its_context_ends_and_tells_why,
     .timeout = 20)
{
    PLAYS({.status = 503});
    expect_given_up(imp_ctx_new_timeout(NULL, 100), IMP_ERR_IO,
                    "HTTP status 503");
    cr_expect(server.asked > 1);
    PLAYS({.fails = IMP_ERR_IO});
    expect_given_up(imp_ctx_new_timeout(NULL, 100), IMP_ERR_IO, "it broke");
    PLAYS({.status = 503});
    expect_ended(imp_ctx_new_timeout(NULL, 0), "no answer in time");
    cr_expect_eq(server.asked, 1);
}

Test(from_http, a_cancel_ends_the_tries, .timeout = 20)
{
    server.ends = imp_ctx_new(NULL);
    server.ends_at = 3;
    PLAYS({.status = 500}, {.status = 502});
    expect_ended(server.ends, "cancelled: last: HTTP status 502");
    cr_expect_eq(server.asked, 3);
    server.ends = imp_ctx_new(NULL);
    server.ends_at = 1;
    PLAYS({.status = 500});
    expect_ended(server.ends, "cancelled");
}

// An hour would be too long for this test, and a moment for the promise.
Test(from_http, retry_after_is_kept_to, .timeout = 20)
{
    PLAYS({.status = 503, .retry_after = "3600"}, good);
    expect_given_up(imp_ctx_new_timeout(NULL, 300), IMP_ERR_IO,
                    "HTTP status 503");
    cr_expect_eq(server.asked, 1);
    // It was of an answer that is past.
    PLAYS({.status = 503, .retry_after = "0"}, {.status = 500}, good);
    struct found f = find();
    cr_expect(f.ok && f.answer);
    imp_answer_unref(f.answer);
}

Test(from_http, an_answer_has_an_end)
{
    static char body[(64 << 10) + 2];
    memset(body, ' ', sizeof body - 1);
    memcpy(body, "{}", 2);
    body[64 << 10] = '\0';
    PLAYS({.status = 200, .type = JSON, .body = body});
    struct found f = find();
    cr_expect(f.ok && f.answer, "%s", f.err.msg);
    imp_answer_unref(f.answer);
    body[64 << 10] = ' ';
    PLAYS({.status = 200, .type = JSON, .body = body});
    f = find();
    cr_expect_eq(f.err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(f.err.msg, "65536"), "%s", f.err.msg);
    cr_expect_eq(server.asked, 1);
}

// --- Opening ---

static void expect_not_opened(const char *spec, const char *token_file,
                              const char *tells)
{
    struct imp_err err = {0};
    struct imp_lookup *l = try_open(spec, token_file, &err);
    cr_expect_null(l, "%s", spec);
    cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", spec);
    cr_expect(strstr(err.msg, tells), "%s: %s", spec, err.msg);
    cr_expect_null(strstr(err.msg, "hush"), "%s", err.msg);
    cr_expect_eq(server.loads, 0, "%s", spec);
}

Test(from_http, the_key_has_its_place_once)
{
    static const char *const wrong[] = {
        "http://{key}/",    "http://h{key}/x", "http://h:{key}/x",
        "http://h:8{key}",  "http:{key}",      "http://h/x#{key}",
        "http://h/{key}#x", "http://h/%{key}", "http://h/%4{key}",
        "http://h/ {key}",  "http://h/{key}{",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_not_opened(wrong[i], NULL, "look-up source: URL: ");
    expect_not_opened("http://h/", NULL, "once");
    expect_not_opened("http://h/{Key}", NULL, "once");
    expect_not_opened("http://h/{key}/{key}", NULL, "once");
    expect_not_opened("http://h/{key}?{key}", NULL, "once");
    expect_not_opened("https://me:hush@h/{key}", NULL, "file of its own");
    expect_not_opened("https://{key}@h/", NULL, "file of its own");
    char *large = text("http://h/{key}/%02000d", 0);
    expect_not_opened(large, NULL, "2000");
}

Test(from_http, names_are_known_with_an_answer_only)
{
    struct imp_lookup *l = open_at(AT);
    cr_expect_null(l->ops->names(l));
    cr_expect(l->ops->slow);
    cr_expect_str_eq(l->ops->prefix, "http:");
    cr_expect_eq(server.opened, 1);
    l->ops->free(l);
    cr_expect_eq(server.freed, 1);
}

// --- The token ---

static char *token_file(const char *content)
{
    char *path = text("%s/token", tempdir_make());
    put_file(path, content);
    chmod(path, 0600);
    return path;
}

static void expect_token(const char *spec, const char *content,
                         const char *token)
{
    struct imp_err err = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_lookup *l = try_open(spec, token_file(content), &err);
    cr_assert(l, "%s: %s", spec, err.msg);
    PLAYS(good);
    struct found f = find_n(l, "k", 1, ctx);
    cr_expect(f.ok);
    cr_expect_str_eq(server.headers, text("Accept: application/json\n"
                                          "Authorization: Bearer %s\n",
                                          token));
    imp_answer_unref(f.answer);
    l->ops->free(l);
    imp_ctx_free(ctx);
}

Test(from_http, a_token_is_sent_over_tls_or_to_this_machine)
{
    expect_token("https://h/{key}", "abc\n", "abc");
    cr_expect(server.secure && !server.direct);
    expect_token("http://localhost:80/{key}", "abc\n", "abc");
    cr_expect(!server.secure && server.direct);
    expect_token("http://127.1.2.3/{key}", "abc\n", "abc");
    cr_expect(server.direct);
    expect_token("http://[::1]:8080?{key}", "abc\n", "abc");
    cr_expect(server.direct);
}

Test(from_http, a_token_is_sent_to_no_other_in_the_clear)
{
    static const char *const others[] = {
        "http://h/{key}",           "http://localhost.example/{key}",
        "http://127.0.0.1.h/{key}", "http://128.0.0.1/{key}",
        "http://[::2]/{key}",       "http://10.0.0.1/localhost/{key}",
    };
    char *file = token_file("hush\n");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect_not_opened(others[i], file, "https only");
}

Test(from_http, a_token_is_a_line_of_its_characters)
{
    char *longest = text("%04096d", 1);
    expect_token("https://h/{key}", "a", "a");
    expect_token("https://h/{key}", "a\r", "a");
    expect_token("https://h/{key}", "aZ09-._~+/==\r\n", "aZ09-._~+/==");
    expect_token("https://h/{key}", longest, longest);
    expect_token("https://h/{key}", text("%s\r\n", longest), longest);
    const char *const wrong[] = {
        "",
        "\n",
        "=",
        "hush hush\n",
        " hush\n",
        "hush \n",
        "hush\n\n",
        "hush\nhush",
        "hu=sh\n",
        "hush\n\r",
        "hush\t",
        "hush\xC3\xA9",
        "\"hush\"",
        "hush:",
        text("%s1\n", longest),
        text("%s\r\nhush", longest),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        server.loads = 0;
        expect_not_opened("https://h/{key}", token_file(wrong[i]),
                          "token file: want one line");
    }
}

Test(from_http, a_token_file_is_private)
{
    char *file = token_file("hush\n");
    chmod(file, 0640);
    expect_not_opened("https://h/{key}", file, "open to others");
    chmod(file, 0600);
    char *link = text("%s-link", file);
    cr_assert_eq(symlink(file, link), 0);
    expect_not_opened("https://h/{key}", link, "token file: ");
    expect_not_opened("https://h/{key}", text("%s-not", file), "token file: ");
    expect_not_opened("https://h/{key}", "/dev/zero", "token file: ");
    expect_not_opened("https://h/{key}", "/", "token file: ");
}
