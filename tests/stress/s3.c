// The threads that upload a group, and a store that fails at random: s3
// [IMAGES]. Each image is put once and told of once, whatever is lost on the
// way, and a cancel leaves what was not put with its owner. For ThreadSanitizer
// and DRD.
#include "expect.h"

#include "archive/target.h"
#include "base/sha256.h"
#include "net/http.h"
#include "sync/context.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP 64
#define NAME_MAX_HERE 32
#define LENGTH 64 // of an image: its number again and again

static struct {
    atomic_uint random;
    atomic_size_t puts;   // that were taken
    atomic_size_t faults; // of all kinds
    atomic_bool *held;    // by image
    size_t images;
} store;

static void make_image(size_t image, uint8_t bytes[LENGTH])
{
    for (size_t i = 0; i < LENGTH; i += sizeof image)
        memcpy(bytes + i, &image, sizeof image);
}

// --- The store: what is loaded in the place of http.so ---

struct imp_http {
    int unused;
};

static bool unlucky(unsigned one_in)
{
    unsigned x = atomic_fetch_add(&store.random, 0x9E3779B9U);
    x = (x ^ x >> 16) * 0x7FEB352DU;
    x = (x ^ x >> 15) * 0x846CA68BU;
    bool is = (x ^ x >> 16) % one_in == 0;
    if (is)
        atomic_fetch_add(&store.faults, 1);
    return is;
}

static bool answer(const struct imp_http_call *call, const char *body, size_t n,
                   struct imp_err *err)
{
    return call->on_body(call->self, 200, body, n, err);
}

static bool put(const struct imp_http_call *call, size_t image, long *status,
                struct imp_err *err)
{
    if (unlucky(12))
        return imp_fail(err, IMP_ERR_IO, "reset");
    *status = 503;
    if (unlucky(12))
        return true;
    *status = 412;
    if (!atomic_exchange(&store.held[image], true)) {
        *status = 200;
        atomic_fetch_add(&store.puts, 1);
    }
    if (unlucky(12))
        return imp_fail(err, IMP_ERR_IO, "the answer is lost");
    call->on_header(call->self, "etag", "\"1\"");
    return true;
}

static bool look(const struct imp_http_call *call, size_t image, long *status,
                 struct imp_err *err)
{
    uint8_t bytes[LENGTH];
    char length[24], checksum[IMP_SHA256_BASE64];
    struct imp_digest digest;
    *status = atomic_load(&store.held[image]) ? 200 : 404;
    if (*status == 404)
        return true;
    make_image(image, bytes);
    snprintf(length, sizeof length, "%d", LENGTH);
    call->on_header(call->self, "content-length", length);
    call->on_header(call->self, "etag", "\"1\"");
    if (strcmp(call->method, "GET") == 0)
        return answer(call, (const char *)bytes, LENGTH, err);
    if (image % 2 == 0 && imp_sha256_of(bytes, LENGTH, &digest, err)) {
        imp_digest_base64(&digest, checksum);
        call->on_header(call->self, "x-amz-checksum-sha256", checksum);
    }
    return true;
}

static bool store_call(struct imp_http *http, const struct imp_http_call *call,
                       struct imp_ctx *ctx, long *status, struct imp_err *err)
{
    static const char list[] = "<ListBucketResult/>";
    static const char uploads[] = "<ListMultipartUploadsResult/>";
    const char *data = strstr(call->url, "/data/");
    (void)http;
    sched_yield();
    if (imp_ctx_cancelled(ctx))
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    *status = 200;
    if (data && strcmp(call->method, "PUT") == 0)
        return put(call, strtoul(data + 6, NULL, 10), status, err);
    if (data)
        return look(call, strtoul(data + 6, NULL, 10), status, err);
    if (strstr(call->url, "list-type=2"))
        return answer(call, list, strlen(list), err);
    if (strstr(call->url, "uploads="))
        return answer(call, uploads, strlen(uploads), err);
    call->on_header(call->self, "etag", "\"1\""); // a tag file
    return true;
}

static struct imp_http *store_new(const char *agent, bool secure,
                                  struct imp_err *err)
{
    (void)agent, (void)secure, (void)err;
    return calloc(1, sizeof(struct imp_http));
}

static void store_free(struct imp_http *http)
{
    free(http);
}

const struct imp_http_ops *imp_http_load(struct imp_err *err)
{
    static const struct imp_http_ops ops = {IMP_HTTP_VERSION, store_new,
                                            store_call, store_free};
    (void)err;
    return &ops;
}

// --- The recorder's side ---

struct group {
    struct imp_target *target;
    struct imp_staged staged[GROUP];
    struct imp_publication p[GROUP];
    char name[GROUP][NAME_MAX_HERE];
    size_t n;
};

static bool stage(struct group *g, size_t first, size_t n)
{
    uint8_t bytes[LENGTH];
    g->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct imp_object *object = &g->p[i].object;
        struct iovec piece = {bytes, LENGTH};
        make_image(first + i, bytes);
        snprintf(g->name[i], sizeof g->name[i], "%zu.png", first + i);
        g->p[i] = (struct imp_publication){.staged = &g->staged[i]};
        *object = (struct imp_object){.name = g->name[i], .length = LENGTH};
        if (!imp_sha256_of(bytes, LENGTH, &object->digest, NULL) ||
            !g->target->ops->stage(g->target, object, &piece, 1, &g->staged[i],
                                   NULL))
            return false;
        g->n++;
    }
    return true;
}

static void *publish(void *self)
{
    struct group *g = self;
    g->target->ops->publish(g->target, g->p, g->n);
    return NULL;
}

// How many ended with this code. What is still staged is discarded.
static size_t count(struct group *g, enum imp_code code)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++) {
        n += g->p[i].err.code == code;
        if (g->p[i].err.code != IMP_OK)
            g->target->ops->discard(g->target, &g->staged[i]);
    }
    return n;
}

static void publish_all(struct group *g)
{
    size_t well = 0, staged = 0;
    for (size_t at = 0; at < store.images; at += GROUP) {
        size_t left = store.images - at;
        if (!stage(g, at, left < GROUP ? left : GROUP))
            break;
        staged += g->n;
        publish(g);
        well += count(g, IMP_OK);
    }
    expect(staged == store.images, "all were staged");
    expect(well == store.images, "all are told to be there");
    expect(atomic_load(&store.puts) == store.images, "each was put once");
    expect(atomic_load(&store.faults) > 0, "faults came up");
}

// A cancel while a group is under way.
static void publish_cancelled(struct group *g, struct imp_ctx *stop)
{
    pthread_t thread;
    for (size_t i = 0; i < store.images; i++)
        atomic_store(&store.held[i], false);
    atomic_store(&store.puts, 0);
    size_t n = store.images < GROUP ? store.images : GROUP;
    if (!stage(g, 0, n) || pthread_create(&thread, NULL, publish, g) != 0) {
        expect(false, "a group to be cancelled");
        return;
    }
    while (atomic_load(&store.puts) < n / 8)
        sched_yield();
    imp_ctx_cancel(stop, IMP_CAUSE_SIGINT);
    pthread_join(thread, NULL);
    size_t well = 0;
    for (size_t i = 0; i < n; i++)
        well += g->p[i].err.code == IMP_OK;
    expect(well <= atomic_load(&store.puts), "what is told to be there is");
    expect(count(g, IMP_ERR_CANCELLED) == n - well, "the rest is cancelled");
}

int main(int argc, char **argv)
{
    store.images = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    store.held = calloc(store.images + 1, sizeof *store.held);
    setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret", 1);
    struct imp_ctx *stop = imp_ctx_new(NULL);
    const struct imp_archive_at at = {.spec = "s3://bucket/p",
                                      .s3 = {.endpoint = "http://127.0.0.1",
                                             .path_style = true,
                                             .stop = stop}};
    struct imp_err err = {0};
    struct group *g = calloc(1, sizeof *g);
    if (g && store.held)
        g->target = imp_target_open(&at, IMP_TARGET_WRITE, NULL, &err);
    if (!g || !g->target) {
        printf("cannot start: %s\n0 passed, 1 failed\n", err.msg);
        return 1;
    }
    publish_all(g);
    printf("%zu images, %zu faults\n", store.images,
           atomic_load(&store.faults));
    publish_cancelled(g, stop);
    imp_target_free(g->target);
    imp_ctx_free(stop);
    free(g);
    free(store.held);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
