// A server that says more than it was asked for, on a connection that is kept:
// nobody may take that for the answer to the next question.
#include "http_server.h"

#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>

#define FIRST "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
#define SURPLUS "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsurplus"

static struct imp_ctx *ctx;
static struct client asks;

static void set_up(void)
{
    ctx = imp_ctx_new(NULL);
    asks = client();
}

static void tear_down(void)
{
    asks.ops->free(asks.http);
    imp_ctx_free(ctx);
}

TestSuite(http_surplus, .init = set_up, .fini = tear_down, .timeout = 20);

static const char *said(struct server *s)
{
    struct imp_err err = {0};
    cr_assert(ask(&asks, s->url, false, ctx, &err), "%s", err.msg);
    return asks.said;
}

// Until the client's kernel has it.
static void deliver(struct server *s, const char *bytes)
{
    int fd = atomic_load(&s->visitor), left = 1;
    size_t n = strlen(bytes);
    cr_assert_eq(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
    while (left > 0) {
        cr_assert_eq(ioctl(fd, SIOCOUTQ, &left), 0);
        sched_yield();
    }
}

Test(http_surplus, what_comes_with_an_answer_is_no_answer)
{
    struct server s = {.says = FIRST SURPLUS};
    start(&s, "http");
    for (unsigned i = 1; i <= 3; i++) {
        cr_expect_str_eq(said(&s), "first");
        cr_expect_eq(atomic_load(&s.connections), i);
    }
}

Test(http_surplus, what_comes_behind_an_answer_is_no_answer)
{
    struct server s = {.says = FIRST};
    start(&s, "http");
    for (unsigned i = 1; i <= 3; i++) {
        cr_expect_str_eq(said(&s), "first");
        cr_expect_eq(atomic_load(&s.connections), i);
        deliver(&s, SURPLUS);
    }
}

// It may be the half of an answer.
Test(http_surplus, a_byte_is_enough)
{
    struct server s = {.says = FIRST};
    start(&s, "http");
    cr_expect_str_eq(said(&s), "first");
    deliver(&s, "H");
    cr_expect_str_eq(said(&s), "first");
    cr_expect_eq(atomic_load(&s.connections), 2);
}

Test(http_surplus, a_connection_that_was_closed_is_made_again)
{
    struct server s = {.says = FIRST};
    start(&s, "http");
    for (unsigned i = 1; i <= 3; i++) {
        cr_expect_str_eq(said(&s), "first");
        cr_expect_eq(atomic_load(&s.connections), i);
        shutdown(atomic_load(&s.visitor), SHUT_RDWR);
    }
}

Test(http_surplus, whose_answer_is_doubted_is_not_asked_on_that_connection)
{
    struct server s = {.says = FIRST};
    struct imp_err err = {0};
    start(&s, "http");
    for (unsigned i = 1; i <= 3; i++) {
        asks.doubts = true;
        cr_expect_not(ask(&asks, s.url, false, ctx, &err));
        cr_expect_str_eq(err.msg, "doubts 200");
        cr_expect_eq(atomic_load(&s.connections), i);
    }
}
