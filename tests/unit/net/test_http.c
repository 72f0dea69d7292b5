// http.so over real sockets, against servers that go wrong.
#include "../../lib/tempdir.h"
#include "http_server.h"

#include <dlfcn.h>
#include <netdb.h>

#define DEADLINE_MS 60
#define PROMISED_MS 50
#define TRIES 8

#define HALF "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{"

// --- A name that no resolver answers for, until names are resolved again ---

static atomic_bool resolves;
static atomic_uint hanging;

__attribute__((visibility("default"))) int
getaddrinfo(const char *restrict node, const char *restrict service,
            const struct addrinfo *restrict hints,
            struct addrinfo **restrict found)
{
    int (*next)(const char *, const char *, const struct addrinfo *,
                struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && strcmp(node, "hangs.test") == 0) {
        if (atomic_load(&resolves))
            node = "127.0.0.1";
        else
            atomic_fetch_add(&hanging, 1);
        while (!atomic_load(&resolves))
            pause();
    }
    memcpy(&next, &symbol, sizeof next);
    return next(node, service, hints, found);
}

// How long after its deadline an exchange ends: the shortest of some, for a
// machine that has other things to do makes any one of them late. What does not
// look up is late in all.
static double lateness(const char *url)
{
    struct client c = client();
    double least = 1e9;
    for (int i = 0; i < TRIES && least >= PROMISED_MS; i++) {
        struct imp_err err = {0};
        double late = now_ms() + DEADLINE_MS;
        struct imp_ctx *ctx = imp_ctx_new_timeout(NULL, DEADLINE_MS);
        cr_expect_not(ask(&c, url, false, ctx, &err));
        late = now_ms() - late;
        cr_expect_eq(err.code, IMP_ERR_CANCELLED, "%s", err.msg);
        cr_expect(late >= 0, "it ended %.1f ms early", -late);
        least = late < least ? late : least;
        imp_ctx_free(ctx);
    }
    c.ops->free(c.http);
    return least;
}

static void expect_in_time(const char *url)
{
    double late = lateness(url);
    cr_expect(late < PROMISED_MS, "%.1f ms late", late);
}

Test(http, a_deadline_ends_the_wait_for_an_answer, .timeout = 30)
{
    struct server s = {.says = ""};
    start(&s, "http");
    expect_in_time(s.url);
}

Test(http, a_deadline_ends_the_wait_for_the_rest, .timeout = 30)
{
    struct server s = {.says = HALF};
    start(&s, "http");
    expect_in_time(s.url);
}

Test(http, a_deadline_ends_what_drips, .timeout = 30)
{
    struct server s = {.says = HALF, .then = DRIP};
    start(&s, "http");
    expect_in_time(s.url);
}

Test(http, a_deadline_ends_a_handshake, .timeout = 30)
{
    struct server s = {.says = ""};
    start(&s, "https");
    expect_in_time(s.url);
}

// A full queue of connections that nobody accepts: the kernel drops the rest.
Test(http, a_deadline_ends_a_connect, .timeout = 30)
{
    struct server s = {0};
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons((uint16_t)listen_on(&s, "http", 0));
    for (int i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fd, (struct sockaddr *)&at, sizeof at);
    }
    expect_in_time(s.url);
}

Test(http, a_deadline_ends_the_look_up_of_a_name, .timeout = 30)
{
    expect_in_time("http://hangs.test/");
}

static bool ask_briefly(struct client *c, const char *url, struct imp_err *err)
{
    struct imp_ctx *ctx = imp_ctx_new_timeout(NULL, 20);
    bool ok = ask(c, url, false, ctx, err);
    imp_ctx_free(ctx);
    return ok;
}

Test(http, names_that_hang_leave_few_threads, .timeout = 30)
{
    struct server s = {.says = WHOLE};
    struct client c = client();
    struct imp_err err = {0};
    unsigned refused = 0;
    start(&s, "http");
    char *url = text("http://hangs.test%s", strrchr(s.url, ':'));
    double began = now_ms();
    for (int i = 0; i < 200; i++) {
        cr_expect_not(ask_briefly(&c, url, &err));
        if (err.code == IMP_ERR_TIMEOUT)
            refused++;
        else
            cr_expect_eq(err.code, IMP_ERR_CANCELLED, "%s", err.msg);
    }
    unsigned probes = (unsigned)((now_ms() - began) / 1000) + 1;
    cr_expect_leq(atomic_load(&hanging), 16 + probes);
    cr_expect_geq(refused, 200 - 16 - probes);
    // One try is due within a second, and then all are. None keeps its
    // connection.
    atomic_store(&resolves, true);
    c.doubts = true;
    do
        ask_briefly(&c, url, &err);
    while (err.code != IMP_ERR_CONFIG);
    for (int i = 0; i < 3; i++) {
        ask_briefly(&c, url, &err);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", err.msg);
    }
    c.ops->free(c.http);
}

struct cancel {
    struct imp_ctx *ctx;
    struct server *server;
    double at;
};

static void *cancel_once_asked(void *self)
{
    struct cancel *c = self;
    while (atomic_load(&c->server->requests) == 0)
        sched_yield();
    c->at = now_ms();
    imp_ctx_cancel(c->ctx, IMP_CAUSE_SIGINT);
    return NULL;
}

Test(http, a_cancel_ends_the_wait_for_an_answer, .timeout = 30)
{
    struct client c = client();
    double least = 1e9;
    for (int i = 0; i < TRIES && least >= PROMISED_MS; i++) {
        struct server s = {.says = ""};
        struct imp_err err = {0};
        pthread_t thread;
        start(&s, "http");
        struct cancel cancel = {.ctx = imp_ctx_new(NULL), .server = &s};
        pthread_create(&thread, NULL, cancel_once_asked, &cancel);
        cr_expect_not(ask(&c, s.url, false, cancel.ctx, &err));
        double now = now_ms();
        cr_expect_eq(err.code, IMP_ERR_CANCELLED, "%s", err.msg);
        pthread_join(thread, NULL);
        least = now - cancel.at < least ? now - cancel.at : least;
        imp_ctx_free(cancel.ctx);
        shutdown(s.fd, SHUT_RDWR);
        pthread_join(s.thread, NULL);
    }
    cr_expect(least < PROMISED_MS, "%.1f ms late", least);
    c.ops->free(c.http);
}

Test(http, a_connection_is_kept_for_the_next, .timeout = 30)
{
    struct server s = {.says = WHOLE};
    struct client c = client();
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    start(&s, "http");
    for (int i = 0; i < 50; i++) {
        struct imp_err err = {0};
        cr_expect(ask(&c, s.url, false, ctx, &err), "%s", err.msg);
    }
    cr_expect_eq(atomic_load(&s.requests), 50);
    cr_expect_eq(atomic_load(&s.connections), 1);
    c.ops->free(c.http);
    imp_ctx_free(ctx);
}

Test(http, a_line_is_good_after_a_deadline, .timeout = 30)
{
    struct server hangs = {.says = ""}, answers = {.says = WHOLE};
    struct client c = client();
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    start(&hangs, "http");
    start(&answers, "http");
    for (int i = 0; i < 5; i++) {
        struct imp_err err = {0};
        struct imp_ctx *soon = imp_ctx_new_timeout(ctx, 20);
        cr_expect_not(ask(&c, hangs.url, false, soon, &err));
        cr_expect(ask(&c, answers.url, false, ctx, &err), "%s", err.msg);
        imp_ctx_free(soon);
    }
    c.ops->free(c.http);
    imp_ctx_free(ctx);
}

Test(http, what_is_direct_passes_no_proxy, .timeout = 30)
{
    struct server proxy = {.says = WHOLE}, server = {.says = WHOLE};
    struct client c = client();
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_err err = {0};
    start(&proxy, "http");
    start(&server, "http");
    setenv("http_proxy", proxy.url, 1);
    cr_expect(ask(&c, server.url, true, ctx, &err), "%s", err.msg);
    cr_expect_eq(atomic_load(&server.requests), 1);
    cr_expect_eq(atomic_load(&proxy.requests), 0);
    cr_expect(ask(&c, server.url, false, ctx, &err), "%s", err.msg);
    cr_expect_eq(atomic_load(&proxy.requests), 1);
    c.ops->free(c.http);
    imp_ctx_free(ctx);
}
