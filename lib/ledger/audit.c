// Writing the audit log: one thread, fed by a channel.
#include "ledger/audit.h"

#include "base/file.h"
#include "ledger/audit_internal.h"
#include "sync/chan.h"
#include "sync/context.h"
#include "sync/waitgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE 256
#define BUFFER ((size_t)64 << 10) // written when it holds so much

// A line, or somebody who waits for the lines before.
struct message {
    bool waits;
    uint64_t seq;        // of a line
    struct imp_buf text; // up to the hash of the line before
    // Of one who waits, and whose message this is:
    struct imp_waitgroup *done;
    struct imp_err *why;
};

struct imp_audit {
    struct imp_audit_author who; // fixed at birth
    uint64_t rotate_at;
    struct imp_ctx *forever;
    struct imp_chan *messages;
    pthread_t thread;

    // The writing thread's alone, once it runs.
    int dir, fd;
    struct imp_sha256 *hasher;
    struct imp_buf pending;        // lines that have not been written
    struct imp_audit_mark written; // the last line, pending ones included
    uint64_t size, durable_size;   // of the file
    bool stopped;

    pthread_mutex_t mu;
    struct imp_audit_mark durable; // guarded by mu
    struct imp_err broken;         // guarded by mu; the first reason stays
};

static void set_broken(struct imp_audit *a, const struct imp_err *why)
{
    pthread_mutex_lock(&a->mu);
    if (a->broken.code == IMP_OK)
        a->broken = *why;
    pthread_mutex_unlock(&a->mu);
}

static struct imp_err why_broken(struct imp_audit *a)
{
    pthread_mutex_lock(&a->mu);
    struct imp_err why = a->broken;
    pthread_mutex_unlock(&a->mu);
    return why;
}

// --- The writing thread ---

// What came after the last good fsync is cut off. A failed fsync is never tried
// again: the kernel has then dropped the error and marked the pages as clean,
// so the next one would succeed with data that never reached the disk. Nor may
// such lines stay: the next start would read them from the page cache, believe
// that they are there, and write on behind them. The ledger has them all, so
// cut off, they are written anew.
static void stop(struct imp_audit *a)
{
    a->stopped = true;
    a->pending.n = 0;
    // A disk that fails may refuse this, too: there is nobody to tell.
    if (a->fd >= 0 && ftruncate(a->fd, (off_t)a->durable_size) == 0)
        imp_file_sync(a->fd, NULL);
}

static void stop_because(struct imp_audit *a, struct imp_err *why)
{
    imp_wrap(why, "audit log");
    set_broken(a, why);
    stop(a);
}

// A sender that could not send has broken it: then no later line may be
// written, or the next start would not see that one is missing.
static bool is_stopped(struct imp_audit *a)
{
    if (!a->stopped && why_broken(a).code != IMP_OK)
        stop(a);
    return a->stopped;
}

static bool write_pending(struct imp_audit *a, struct imp_err *err)
{
    size_t n = a->pending.n;
    a->pending.n = 0;
    if (!imp_file_write(a->fd, a->pending.p, n, err))
        return false;
    a->size += n;
    return true;
}

// Chain it to the line before.
static bool add_line(struct imp_audit *a, const struct message *m,
                     struct imp_err *err)
{
    char rest[IMP_AUDIT_REST + 1];
    if (m->seq <= a->written.seq)
        return imp_fail(err, IMP_ERR_IO,
                        "number %" PRIu64 " behind %" PRIu64
                        ": want a larger one",
                        m->seq, a->written.seq);
    imp_audit_end_line(&a->written.hash, rest);
    size_t start = a->pending.n;
    if (!imp_buf_add(&a->pending, m->text.p, m->text.n, err) ||
        !imp_buf_add(&a->pending, rest, IMP_AUDIT_REST, err))
        return false;
    imp_sha256_start(a->hasher);
    imp_sha256_add(a->hasher, a->pending.p + start, a->pending.n - start - 1);
    a->written.hash = imp_sha256_end(a->hasher);
    a->written.seq = m->seq;
    return a->pending.n < BUFFER || write_pending(a, err);
}

static bool make_durable(struct imp_audit *a, struct imp_err *err)
{
    if (!write_pending(a, err))
        return false;
    if (a->size == a->durable_size)
        return true;
    if (!imp_file_sync(a->fd, err))
        return false;
    a->durable_size = a->size;
    pthread_mutex_lock(&a->mu);
    a->durable = a->written;
    pthread_mutex_unlock(&a->mu);
    return true;
}

static bool open_file(struct imp_audit *a, struct imp_err *err)
{
    a->size = a->durable_size = 0;
    a->fd = imp_file_open_private(a->dir, IMP_AUDIT_FILE,
                                  O_RDWR | O_APPEND | O_CREAT, err);
    return a->fd >= 0 || imp_wrap(err, IMP_AUDIT_FILE);
}

// The full file gets the next number. A crash before the rename is durable
// leaves the file where it is, one behind it no current file: then _open finds
// the end in the file with the highest number.
static bool move_away(struct imp_audit *a, struct imp_err *err)
{
    struct imp_audit_files files;
    char name[IMP_AUDIT_NAME_MAX];
    if (!imp_audit_list(a->dir, &files, err))
        return false;
    imp_audit_file_name(files.n ? files.number[files.n - 1] + 1 : 1, name);
    imp_audit_files_clear(&files);
    if (renameat(a->dir, IMP_AUDIT_FILE, a->dir, name) != 0)
        return imp_fail_errno(err, "rename to %s", name);
    return imp_file_sync(a->dir, err);
}

static bool rotate(struct imp_audit *a, struct imp_err *err)
{
    if (!move_away(a, err))
        return false;
    close(a->fd); // durable to its last byte
    return open_file(a, err);
}

static void write_line(struct imp_audit *a, struct message *m)
{
    struct imp_err err = {0};
    if (!is_stopped(a) && !add_line(a, m, &err))
        stop_because(a, &err);
    imp_buf_clear(&m->text);
    free(m);
}

// The answer comes before another file is begun, which may fail: what was
// waited for is durable all the same.
static void answer(struct imp_audit *a, struct message *m)
{
    struct imp_err err = {0};
    if (!is_stopped(a) && !make_durable(a, &err))
        stop_because(a, &err);
    *m->why = why_broken(a);
    imp_waitgroup_done(m->done);
    if (!a->stopped && a->size >= a->rotate_at && !rotate(a, &err))
        stop_because(a, &err);
}

static void *write_all(void *self)
{
    struct imp_audit *a = self;
    struct imp_chan_rx rx = {a->messages};
    void *item;
    while (imp_chan_recv(a->forever, rx, &item) == IMP_RECV_ITEM) {
        struct message *m = item;
        if (m->waits)
            answer(a, m);
        else
            write_line(a, m);
    }
    return NULL;
}

// --- Sending ---

struct imp_audit_mark imp_audit_last(struct imp_audit *a)
{
    pthread_mutex_lock(&a->mu);
    struct imp_audit_mark last = a->durable;
    pthread_mutex_unlock(&a->mu);
    return last;
}

static struct message *message_of(struct imp_audit *a,
                                  const struct imp_audit_entry *e,
                                  struct imp_err *err)
{
    struct message *m = calloc(1, sizeof *m);
    if (!m) {
        imp_fail_errno(err, "a line");
        return NULL;
    }
    m->seq = e->seq;
    if (imp_audit_begin_line(&m->text, e, &a->who, err))
        return m;
    imp_buf_clear(&m->text);
    free(m);
    return NULL;
}

void imp_audit_send(struct imp_audit *a, const struct imp_audit_entry *e)
{
    struct imp_err err = {0};
    struct message *m = message_of(a, e, &err);
    if (m) {
        imp_chan_send(a->forever, (struct imp_chan_tx){a->messages}, m);
    } else {
        imp_wrap(&err, "audit log");
        set_broken(a, &err);
    }
}

bool imp_audit_flush(struct imp_audit *a, struct imp_err *err)
{
    struct imp_waitgroup done;
    struct imp_err why = {0};
    struct message m = {.waits = true, .done = &done, .why = &why};
    imp_waitgroup_init(&done);
    imp_waitgroup_add(&done, 1);
    imp_chan_send(a->forever, (struct imp_chan_tx){a->messages}, &m);
    imp_waitgroup_wait(a->forever, &done);
    imp_waitgroup_clear(&done);
    if (why.code == IMP_OK)
        return true;
    if (err)
        *err = why;
    return false;
}

// --- Open and close ---

// The end of the file with the highest number, which must be whole.
static bool end_of_full_file(struct imp_audit *a, uint32_t number,
                             struct imp_err *err)
{
    struct imp_audit_end end = {0};
    char name[IMP_AUDIT_NAME_MAX];
    imp_audit_file_name(number, name);
    int fd = imp_file_open_private(a->dir, name, O_RDONLY, err);
    bool ok = fd >= 0 && imp_audit_find_end(fd, &end, err);
    if (ok && (end.end == 0 || end.end != end.size))
        ok = imp_fail(err, IMP_ERR_CONFIG,
                      "its end is not that of a line; 'imgpipe audit verify' "
                      "tells more");
    if (fd >= 0)
        close(fd);
    a->written = end.last;
    return ok || imp_wrap(err, "%s", name);
}

static bool end_of_full_files(struct imp_audit *a, struct imp_err *err)
{
    struct imp_audit_files files;
    if (!imp_audit_list(a->dir, &files, err))
        return false;
    bool ok =
        files.n == 0 || end_of_full_file(a, files.number[files.n - 1], err);
    imp_audit_files_clear(&files);
    return ok;
}

static bool cut_torn_line(int fd, const struct imp_audit_end *end,
                          struct imp_err *err)
{
    return end->end == end->size || ftruncate(fd, (off_t)end->end) == 0 ||
           imp_fail_errno(err, "cut off a torn line");
}

// Nothing is changed before all that is looked at is well. What is there may be
// a killed run's that was never flushed: the fsync makes it what it seems.
static bool take_up(struct imp_audit *a, struct imp_err *err)
{
    struct imp_audit_end end = {0};
    if (!imp_audit_find_end(a->fd, &end, err))
        return imp_wrap(err, IMP_AUDIT_FILE);
    a->written = end.last;
    if (end.end == 0 && !end_of_full_files(a, err))
        return false;
    if (!cut_torn_line(a->fd, &end, err) || !imp_file_sync(a->fd, err))
        return imp_wrap(err, IMP_AUDIT_FILE);
    a->size = a->durable_size = end.end;
    return true;
}

static bool find_end(struct imp_audit *a, struct imp_err *err)
{
    bool ok;
    struct imp_err why = {0};
    a->fd =
        imp_file_open_private(a->dir, IMP_AUDIT_FILE, O_RDWR | O_APPEND, &why);
    if (a->fd >= 0)
        ok = take_up(a, err);
    else if (errno == ENOENT)
        ok = end_of_full_files(a, err) && open_file(a, err);
    else
        ok = imp_fail(err, why.code, IMP_AUDIT_FILE ": %s", why.msg);
    a->durable = a->written;
    return ok;
}

static void audit_free(struct imp_audit *a)
{
    imp_chan_free(a->messages, NULL);
    imp_ctx_free(a->forever);
    pthread_mutex_destroy(&a->mu);
    imp_sha256_free(a->hasher);
    imp_buf_clear(&a->pending);
    if (a->fd >= 0)
        close(a->fd);
    if (a->dir >= 0)
        close(a->dir);
    free(a);
}

static bool start(struct imp_audit *a, int state_dir, struct imp_err *err)
{
    a->dir = fcntl(state_dir, F_DUPFD_CLOEXEC, 0);
    if (a->dir < 0)
        return imp_fail_errno(err, "keep the state directory open");
    a->hasher = imp_sha256_new(err);
    if (!a->hasher || !find_end(a, err))
        return false;
    imp_audit_who(&a->who);
    int rc = pthread_create(&a->thread, NULL, write_all, a);
    return rc == 0 || imp_fail(err, IMP_ERR_MEMORY, "cannot start a thread: %s",
                               strerror(rc));
}

struct imp_audit *imp_audit_open(int state_dir, uint64_t rotate_at,
                                 struct imp_err *err)
{
    struct imp_audit *a = calloc(1, sizeof *a);
    if (!a) {
        imp_fail_errno(err, "audit log");
        return NULL;
    }
    pthread_mutex_init(&a->mu, NULL);
    a->dir = a->fd = -1;
    a->rotate_at = rotate_at ? rotate_at : IMP_AUDIT_ROTATE_AT;
    a->forever = imp_ctx_new(NULL);
    a->messages = imp_chan_new(QUEUE);
    if (start(a, state_dir, err))
        return a;
    imp_wrap(err, "audit log");
    audit_free(a);
    return NULL;
}

bool imp_audit_close(struct imp_audit *a, struct imp_err *err)
{
    if (!a)
        return true;
    bool ok = imp_audit_flush(a, err);
    imp_chan_close((struct imp_chan_tx){a->messages});
    pthread_join(a->thread, NULL);
    audit_free(a);
    return ok;
}
