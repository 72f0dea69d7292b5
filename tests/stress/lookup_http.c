// Threads that ask one source over HTTP, and a server that fails at random:
// lookup_http [QUESTIONS]. Each gets the answer to its own question, whatever
// is lost on the way; a cancel ends what waits, and nothing else. For
// ThreadSanitizer and DRD.
#include "expect.h"

#include "lookup/kinds.h"
#include "net/http.h"
#include "sync/context.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define ABSENT 5 // each so manieth key is not known

// --- The server: what is loaded in the place of http.so ---

static struct {
    atomic_uint random;
    atomic_size_t asked, faults;
    atomic_bool down; // it fails for ever
} server;

struct imp_http {
    int unused;
};

static bool unlucky(unsigned one_in)
{
    unsigned x = atomic_fetch_add(&server.random, 0x9E3779B9U);
    x = (x ^ x >> 16) * 0x7FEB352DU;
    x = (x ^ x >> 15) * 0x846CA68BU;
    bool is = (x ^ x >> 16) % one_in == 0;
    if (is)
        atomic_fetch_add(&server.faults, 1);
    return is;
}

static bool answer(const struct imp_http_call *call, struct imp_ctx *ctx,
                   long *status, struct imp_err *err)
{
    unsigned long key = strtoul(strrchr(call->url, '/') + 1, NULL, 10);
    char body[64];
    atomic_fetch_add(&server.asked, 1);
    sched_yield();
    if (imp_ctx_cancelled(ctx))
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    *status = 503;
    if (atomic_load(&server.down) || unlucky(10))
        return true;
    if (unlucky(10))
        return imp_fail(err, IMP_ERR_IO, "reset");
    *status = 404;
    if (key % ABSENT == 0)
        return true;
    *status = 200;
    call->on_header(call->self, "content-type", "application/json");
    snprintf(body, sizeof body, "{\"code\":%lu}", key);
    size_t n = strlen(body);
    if (!call->on_body(call->self, 200, body, n / 2, err))
        return false;
    if (unlucky(10))
        return imp_fail(err, IMP_ERR_IO, "half an answer");
    return call->on_body(call->self, 200, body + n / 2, n - n / 2, err);
}

static bool server_call(struct imp_http *http, const struct imp_http_call *call,
                        struct imp_ctx *ctx, long *status, struct imp_err *err)
{
    (void)http;
    return answer(call, ctx, status, err) &&
           call->on_end(call->self, *status, err);
}

static struct imp_http *server_new(const char *agent, bool secure,
                                   struct imp_err *err)
{
    (void)agent, (void)secure, (void)err;
    return calloc(1, sizeof(struct imp_http));
}

static void server_free(struct imp_http *http)
{
    free(http);
}

const struct imp_http_ops *imp_http_load(struct imp_err *err)
{
    static const struct imp_http_ops ops = {IMP_HTTP_VERSION, server_new,
                                            server_call, server_free};
    (void)err;
    return &ops;
}

// --- Those who ask ---

static struct {
    struct imp_lookup *source;
    struct imp_ctx *ctx;
    size_t questions;
    atomic_size_t next, right, cancelled, wrong;
} all;

static bool is_right(const struct imp_answer *answer, size_t key)
{
    char want[24];
    if (!answer || key % ABSENT == 0)
        return !answer && key % ABSENT == 0;
    const char *said = imp_answer_get(answer, "code");
    snprintf(want, sizeof want, "%zu", key);
    return said && strcmp(said, want) == 0;
}

static void *ask(void *unused)
{
    size_t key;
    (void)unused;
    while ((key = atomic_fetch_add(&all.next, 1)) < all.questions) {
        char text[24];
        struct imp_err err = {0};
        struct imp_answer *answer = NULL;
        snprintf(text, sizeof text, "%zu", key);
        struct imp_span span = {(const uint8_t *)text, strlen(text)};
        bool ok =
            all.source->ops->find(all.source, span, all.ctx, &answer, &err);
        if (ok && is_right(answer, key))
            atomic_fetch_add(&all.right, 1);
        else if (!ok && err.code == IMP_ERR_CANCELLED)
            atomic_fetch_add(&all.cancelled, 1);
        else
            atomic_fetch_add(&all.wrong, 1);
        imp_answer_unref(answer);
    }
    return NULL;
}

static void start(pthread_t threads[THREADS])
{
    atomic_store(&all.next, 0);
    atomic_store(&all.right, 0);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, ask, NULL) != 0)
            abort();
}

static void join(pthread_t threads[THREADS])
{
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void ask_all(void)
{
    pthread_t threads[THREADS];
    start(threads);
    join(threads);
    expect(atomic_load(&all.right) == all.questions,
           "each has the answer to its question");
    expect(atomic_load(&all.cancelled) == 0, "none was cancelled");
    expect(atomic_load(&server.faults) > 0, "faults came up");
}

// A cancel while the server is down and all of them wait.
static void ask_cancelled(void)
{
    pthread_t threads[THREADS];
    atomic_store(&server.asked, 0);
    atomic_store(&server.down, true);
    start(threads);
    while (atomic_load(&server.asked) < (size_t)2 * THREADS)
        sched_yield();
    imp_ctx_cancel(all.ctx, IMP_CAUSE_SIGINT);
    join(threads);
    expect(atomic_load(&all.cancelled) == all.questions, "all are cancelled");
    expect(atomic_load(&all.right) == 0, "none was answered");
}

int main(int argc, char **argv)
{
    const struct imp_lookup_at at = {.spec = "http://h.example/{key}"};
    struct imp_err err = {0};
    all.questions = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    all.ctx = imp_ctx_new(NULL);
    all.source = imp_lookup_http.open(&at, &err);
    if (!all.source) {
        printf("cannot start: %s\n0 passed, 1 failed\n", err.msg);
        return 1;
    }
    ask_all();
    printf("%zu questions, %zu faults\n", all.questions,
           atomic_load(&server.faults));
    ask_cancelled();
    expect(atomic_load(&all.wrong) == 0, "no other answer");
    all.source->ops->free(all.source);
    imp_ctx_free(all.ctx);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
