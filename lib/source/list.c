#include "source/entry.h"

#include "sync/context.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_NAME ((size_t)2 * PATH_MAX)

/* Turns a context's cancel into something that poll() sees: a thread waits for
 * the cancel and writes to an eventfd. */
struct alarm {
    struct imp_ctx *ctx; // a child, so that we can end the wait, too
    pthread_t thread;
    int fd;
};

static void *ring(void *self)
{
    struct alarm *alarm = self;
    imp_ctx_wait(alarm->ctx, -1);
    // Adding 1 to an eventfd of 0 neither blocks nor fails.
    if (eventfd_write(alarm->fd, 1) != 0)
        imp_bug("eventfd_write failed");
    return NULL;
}

static bool alarm_init(struct alarm *alarm, struct imp_ctx *ctx,
                       struct imp_err *err)
{
    alarm->fd = eventfd(0, EFD_CLOEXEC);
    if (alarm->fd < 0)
        return imp_fail_errno(err, "make an eventfd");
    alarm->ctx = imp_ctx_new(ctx);
    errno = pthread_create(&alarm->thread, NULL, ring, alarm);
    if (errno) {
        imp_fail_errno(err, "start a thread");
        imp_ctx_free(alarm->ctx);
        close(alarm->fd);
        return false;
    }
    return true;
}

static void alarm_clear(struct alarm *alarm)
{
    imp_ctx_cancel(alarm->ctx, IMP_CAUSE_CANCEL);
    pthread_join(alarm->thread, NULL);
    imp_ctx_free(alarm->ctx);
    close(alarm->fd);
}

struct list {
    struct imp_ctx *ctx;
    const struct imp_source_rules *rules;
    const struct imp_source_sink *sink;
    int fd, cancel_fd;
    char end;      // of a name: NUL or newline
    bool overlong; // dropping the rest of a name that was too long
    struct imp_named named;
    size_t n; // bytes in buf
    char buf[8 * MAX_NAME];
};

enum got { GOT_BYTES, GOT_END, GOT_CANCEL, GOT_ERROR };

// Wait for input or a cancel, whichever is first.
static enum got fill(struct list *l, struct imp_err *err)
{
    struct pollfd fds[] = {
        {.fd = l->fd, .events = POLLIN},
        {.fd = l->cancel_fd, .events = POLLIN},
    };
    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            imp_fail_errno(err, "wait for the list");
            return GOT_ERROR;
        }
        if (imp_ctx_cancelled(l->ctx))
            return GOT_CANCEL;
        ssize_t n = read(l->fd, l->buf + l->n, sizeof l->buf - l->n);
        if (n > 0)
            l->n += (size_t)n;
        if (n >= 0)
            return n > 0 ? GOT_BYTES : GOT_END;
        if (errno != EINTR && errno != EAGAIN) {
            imp_fail_errno(err, "read the list");
            return GOT_ERROR;
        }
    }
}

static bool too_long(struct list *l, char *name)
{
    struct imp_err err = {0};
    name[MAX_NAME] = '\0';
    imp_fail(&err, IMP_ERR_LIMIT, "name in a list of over %zu bytes", MAX_NAME);
    return l->sink->failed(l->sink->self, name, &err);
}

// `name` has `len` bytes and room for a NUL behind them.
static bool one_name(struct list *l, char *name, size_t len)
{
    if (l->end == '\n' && len > 0 && name[len - 1] == '\r')
        len--;
    if (len == 0)
        return true;
    if (len > MAX_NAME)
        return too_long(l, name);
    name[len] = '\0';
    char *tab = l->rules->columns ? strchr(name, '\t') : NULL;
    if (tab)
        *tab = '\0';
    return imp_named_tell(&l->named, name, true, tab ? tab + 1 : NULL, l->rules,
                          l->sink);
}

// Tell all complete names in the buffer; the rest moves to its front.
static bool tell_names(struct list *l)
{
    char *at = l->buf, *stop = l->buf + l->n, *end;
    bool more = true;
    while (more && (end = memchr(at, l->end, (size_t)(stop - at)))) {
        if (imp_ctx_cancelled(l->ctx))
            return false;
        if (!l->overlong)
            more = one_name(l, at, (size_t)(end - at));
        l->overlong = false;
        at = end + 1;
    }
    if (!more)
        return false;
    l->n = (size_t)(stop - at);
    if (l->overlong) {
        l->n = 0;
    } else if (l->n > MAX_NAME + 1) { // + 1: it may yet end in CR LF
        l->overlong = true;
        l->n = 0;
        return too_long(l, at);
    }
    memmove(l->buf, at, l->n);
    return true;
}

static bool read_list(struct list *l, struct imp_err *err)
{
    for (;;) {
        size_t old = l->n;
        enum got got = fill(l, err);
        if (got == GOT_ERROR)
            return false;
        if (got == GOT_CANCEL)
            return true;
        if (got == GOT_END) {
            if (!l->overlong)
                one_name(l, l->buf, l->n);
            return true;
        }
        if (l->end == '\n' && memchr(l->buf + old, '\0', l->n - old))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "NUL byte in a list of lines: is it NUL-ended?");
        // We may have waited long: what a directory's name stands for can
        // have changed.
        imp_named_clear(&l->named);
        if (!tell_names(l))
            return true;
    }
}

bool imp_source_list(struct imp_ctx *ctx, int fd, bool nul_ended,
                     const struct imp_source_rules *rules,
                     const struct imp_source_sink *sink, struct imp_err *err)
{
    struct alarm alarm;
    if (!alarm_init(&alarm, ctx, err))
        return false;
    struct list list = {
        .ctx = ctx,
        .rules = rules,
        .sink = sink,
        .fd = fd,
        .cancel_fd = alarm.fd,
        .end = nul_ended ? '\0' : '\n',
    };
    bool ok = read_list(&list, err);
    imp_named_clear(&list.named);
    alarm_clear(&alarm);
    return ok;
}
