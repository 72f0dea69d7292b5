/* http_server.h - a server on a real socket that does one thing, and a client
 * of http.so. */
#ifndef IMP_TEST_HTTP_SERVER_H
#define IMP_TEST_HTTP_SERVER_H

#include "net/http.h"
#include "sync/context.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WHOLE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

// --- A server: it says one thing to whoever asks ---

enum then { KEEP, DRIP };

struct server {
    const char *says;
    enum then then; // behind that
    int fd;
    atomic_int visitor; // the socket of the connection made last
    atomic_uint connections, requests;
    pthread_t thread;
    char url[64];
};

static inline int listen_on(struct server *s, const char *scheme, int backlog)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(s->fd >= 0);
    cr_assert_eq(bind(s->fd, (struct sockaddr *)&at, n), 0);
    cr_assert_eq(listen(s->fd, backlog), 0);
    cr_assert_eq(getsockname(s->fd, (struct sockaddr *)&at, &n), 0);
    snprintf(s->url, sizeof s->url, "%s://127.0.0.1:%u/", scheme,
             ntohs(at.sin_port));
    return ntohs(at.sin_port);
}

struct visit {
    struct server *server;
    int fd;
};

static inline void *attend(void *self)
{
    struct visit *v = self;
    struct server *s = v->server;
    char in[4096];
    // A request here is one piece, for it is small.
    while (recv(v->fd, in, sizeof in, 0) > 0) {
        atomic_fetch_add(&s->requests, 1);
        if (send(v->fd, s->says, strlen(s->says), MSG_NOSIGNAL) < 0)
            break;
        while (s->then == DRIP && send(v->fd, " ", 1, MSG_NOSIGNAL) == 1)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    close(v->fd);
    free(v);
    return NULL;
}

static inline void *serve(void *self)
{
    struct server *s = self;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        struct visit *v = malloc(sizeof *v);
        pthread_t thread;
        atomic_fetch_add(&s->connections, 1);
        if (!v)
            abort();
        *v = (struct visit){s, fd};
        atomic_store(&s->visitor, fd);
        if (pthread_create(&thread, NULL, attend, v) != 0)
            abort();
        pthread_detach(thread);
    }
    return NULL;
}

static inline void start(struct server *s, const char *scheme)
{
    listen_on(s, scheme, 64);
    cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

// --- Asking ---

struct client {
    const struct imp_http_ops *ops;
    struct imp_http *http;
    bool doubts;    // an answer that is whole
    char said[100]; // the body of the answer it got last, or its beginning
};

static inline struct client client(void)
{
    struct imp_err err = {0};
    struct client c = {.ops = imp_http_load(&err)};
    cr_assert(c.ops, "%s", err.msg);
    c.http = c.ops->new ("test", true, &err);
    cr_assert(c.http);
    return c;
}

static inline bool note_body(void *self, long status, const void *bytes,
                             size_t n, struct imp_err *err)
{
    struct client *c = self;
    size_t before = strlen(c->said);
    (void)status, (void)err;
    if (n < sizeof c->said - before)
        memcpy(c->said + before, bytes, n);
    return true;
}

static inline bool judge(void *self, long status, struct imp_err *err)
{
    const struct client *c = self;
    return !c->doubts || imp_fail(err, IMP_ERR_CONFIG, "doubts %ld", status);
}

static inline bool ask(struct client *c, const char *url, bool direct,
                       struct imp_ctx *ctx, struct imp_err *err)
{
    static const char *const headers[] = {NULL};
    struct imp_http_call call = {.method = "GET",
                                 .url = url,
                                 .headers = headers,
                                 .direct = direct,
                                 .self = c,
                                 .on_body = note_body,
                                 .on_end = judge};
    long status = 0;
    memset(c->said, 0, sizeof c->said);
    return c->ops->call(c->http, &call, ctx, &status, err) &&
           (status == 200 || imp_fail(err, IMP_ERR_IO, "HTTP %ld", status));
}

static inline double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#endif
