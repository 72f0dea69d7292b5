#include "lookup/csv_file.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/stamp.h"
#include "lookup/columns.h"
#include "sync/context.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 5000 // with a file that is being written

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S (1000 * NS_PER_MS)

// Where times are whole seconds, or every other one, two changes may have one.
#define COARSE_MS 2000

struct stamp {
    dev_t dev;
    struct imp_stamp file;
};

struct imp_csv_file {
    char *path, *key;
    const char **names;
    struct imp_csv_pace pace;
    struct imp_ctx *life; // ends with it

    // The reader's own, once it is started.
    struct stamp seen; // the file that `table` or `why` is about
    bool is_judged;    // it is, and need not be read again

    pthread_mutex_t mu;
    pthread_cond_t asked_to, looked;
    struct imp_csv *table; // NULL: see `why`; guarded by mu
    struct imp_err why;    // guarded by mu
    int64_t look_at;       // monotonic ms; guarded by mu
    uint64_t looks;        // so far; guarded by mu
    bool asked, ending;    // guarded by mu

    pthread_t reader;
    bool is_started;
};

// --- Reading ---

static struct stamp stamp_of(const struct stat *st)
{
    return (struct stamp){st->st_dev, imp_stamp_of(st)};
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
    return a->dev == b->dev && imp_stamp_untouched(&a->file, &b->file);
}

// How long until it counts as settled; 0: it does. From then on one more change
// would show in its times. A time to come is another machine's clock, and says
// nothing.
static int64_t settles_in_ms(const struct imp_csv_file *f,
                             const struct stamp *s)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    int64_t now = imp_time_ns(&t), changed = s->file.ctime_ns;
    int64_t settle = f->pace.settle_ms;
    if (changed % NS_PER_S == 0 && settle < COARSE_MS)
        settle = COARSE_MS;
    if (changed > now || changed < now - settle * NS_PER_MS)
        return 0;
    return (changed - now) / NS_PER_MS + settle + 1;
}

// Opened so that a pipe does not make it wait.
static int open_file(const char *path, struct stat *st, struct imp_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        imp_fail(err, IMP_ERR_CONFIG, "there is no such file");
        return -1;
    }
    if (fd < 0 || fstat(fd, st) != 0)
        imp_fail_errno(err, "open");
    else if (!S_ISREG(st->st_mode))
        imp_fail(err, IMP_ERR_CONFIG, "not a regular file");
    else if (st->st_size < 0 || (uint64_t)st->st_size > IMP_CSV_MAX)
        imp_fail(err, IMP_ERR_CONFIG, "%jd bytes: want %zu at most",
                 (intmax_t)st->st_size, IMP_CSV_MAX);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

// Does the path still mean the file with this stamp?
static bool is_there(const char *path, const struct stamp *s)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    struct stamp now = stamp_of(&st);
    return is_same(&now, s);
}

// The file's bytes, and which file that was; or in how many ms to try again.
static bool read_once(const struct imp_csv_file *f, struct imp_buf *text,
                      struct stamp *s, int64_t *again, struct imp_err *err)
{
    struct stat st;
    int fd = open_file(f->path, &st, err);
    if (fd < 0)
        return false;
    size_t want = (size_t)st.st_size;
    bool ok = true;
    *s = stamp_of(&st);
    *again = settles_in_ms(f, s);
    if (*again == 0) {
        // One more is for the table.
        ok = imp_buf_reserve(text, want + 1, err) &&
             imp_file_read(fd, text->p, want, &text->n, err);
        *again = !ok || text->n != want || !is_there(f->path, s);
    }
    close(fd);
    return ok;
}

static bool read_file(const struct imp_csv_file *f, struct imp_buf *text,
                      struct stamp *s, struct imp_err *err)
{
    const int64_t until = imp_now_ms() + PATIENCE_MS;
    int64_t again;
    while (read_once(f, text, s, &again, err)) {
        if (again == 0)
            return true;
        if (imp_now_ms() + again > until || imp_ctx_wait(f->life, again))
            return imp_fail(err, IMP_ERR_IO, "is still being written");
    }
    return false;
}

// The table as the file is now; NULL with `err`. What is known of it is in
// `seen` and `is_judged`.
static struct imp_csv *load(struct imp_csv_file *f, struct imp_err *err)
{
    struct imp_buf text = {0};
    struct imp_csv *table = NULL;
    struct imp_err why = {0};
    f->is_judged = false;
    if (read_file(f, &text, &f->seen, &why)) {
        table = imp_csv_new(&text, f->key, f->names, &why);
        f->is_judged = table || why.code == IMP_ERR_CONFIG;
    }
    imp_buf_clear(&text);
    if (!table)
        *err = why;
    return table;
}

// --- The thread that reads ---

static void look(struct imp_csv_file *f)
{
    struct imp_err why = {0};
    if (f->is_judged && is_there(f->path, &f->seen))
        return;
    struct imp_csv *table = load(f, &why), *old;
    pthread_mutex_lock(&f->mu);
    old = f->table;
    f->table = table;
    f->why = why;
    pthread_mutex_unlock(&f->mu);
    imp_csv_unref(old);
}

static void *look_when_asked(void *arg)
{
    struct imp_csv_file *f = arg;
    pthread_mutex_lock(&f->mu);
    while (!f->ending) {
        if (!f->asked) {
            pthread_cond_wait(&f->asked_to, &f->mu);
            continue;
        }
        pthread_mutex_unlock(&f->mu);
        look(f);
        pthread_mutex_lock(&f->mu);
        f->asked = false;
        f->looks++;
        f->look_at = imp_now_ms() + f->pace.look_ms;
        pthread_cond_broadcast(&f->looked);
    }
    pthread_mutex_unlock(&f->mu);
    return NULL;
}

// Signals are for the program's own threads.
static bool start(struct imp_csv_file *f, struct imp_err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&f->reader, NULL, look_when_asked, f);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    f->is_started = rc == 0;
    return rc == 0 || imp_fail(err, IMP_ERR_MEMORY, "cannot start a thread: %s",
                               strerror(rc));
}

// --- Birth and death ---

static bool take_names(struct imp_csv_file *f, struct imp_err *err)
{
    size_t n, key;
    const char *const *names = imp_csv_names(f->table, &n, &key);
    f->names = imp_columns_dup(names, n, key, err);
    return f->names;
}

struct imp_csv_file *imp_csv_file_open(const char *path, const char *key,
                                       const struct imp_csv_pace *pace,
                                       struct imp_err *err)
{
    struct imp_csv_file *f = calloc(1, sizeof *f);
    if (!f) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a table");
        return NULL;
    }
    pthread_mutex_init(&f->mu, NULL);
    imp_cond_init(&f->asked_to);
    imp_cond_init(&f->looked);
    f->path = strdup(path);
    f->key = strdup(key);
    f->pace = *pace;
    f->life = imp_ctx_new(NULL);
    if (!f->path || !f->key) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a table");
        goto fail;
    }
    f->table = load(f, err);
    f->look_at = imp_now_ms() + pace->look_ms;
    if (f->table && take_names(f, err) && start(f, err))
        return f;
fail:
    imp_csv_file_free(f);
    return NULL;
}

void imp_csv_file_free(struct imp_csv_file *f)
{
    if (!f)
        return;
    if (f->is_started) {
        imp_ctx_cancel(f->life, IMP_CAUSE_CANCEL);
        pthread_mutex_lock(&f->mu);
        f->ending = true;
        pthread_cond_signal(&f->asked_to);
        pthread_mutex_unlock(&f->mu);
        pthread_join(f->reader, NULL);
    }
    imp_csv_unref(f->table);
    imp_ctx_free(f->life);
    free(f->names);
    free(f->key);
    free(f->path);
    pthread_cond_destroy(&f->looked);
    pthread_cond_destroy(&f->asked_to);
    pthread_mutex_destroy(&f->mu);
    free(f);
}

const char *const *imp_csv_file_names(const struct imp_csv_file *f)
{
    return f->names;
}

// --- Asking ---

static bool is_due_locked(const struct imp_csv_file *f)
{
    return f->asked || imp_now_ms() >= f->look_at;
}

static struct imp_csv *take_locked(struct imp_csv_file *f, struct imp_err *err)
{
    if (f->table)
        return imp_csv_ref(f->table);
    if (err)
        *err = f->why;
    return NULL;
}

static struct imp_csv *wait_and_take(struct imp_csv_file *f,
                                     struct imp_ctx *ctx, struct imp_err *err)
{
    struct imp_csv *table = NULL;
    struct imp_ctx_watch watch;
    imp_ctx_watch(ctx, &watch, &f->mu, &f->looked);
    pthread_mutex_lock(&f->mu);
    uint64_t before = f->looks;
    bool due = is_due_locked(f); // another may have asked, and been told
    if (due) {
        f->asked = true;
        pthread_cond_signal(&f->asked_to);
    }
    while (due && !imp_ctx_cancelled(ctx)) {
        imp_ctx_cond_wait(ctx, &f->looked, &f->mu);
        due = f->looks == before;
    }
    if (due)
        imp_fail(err, IMP_ERR_CANCELLED, "cancelled while the table was read");
    else
        table = take_locked(f, err);
    pthread_mutex_unlock(&f->mu);
    imp_ctx_unwatch(ctx, &watch);
    return table;
}

struct imp_csv *imp_csv_file_get(struct imp_csv_file *f, struct imp_ctx *ctx,
                                 struct imp_err *err)
{
    struct imp_csv *table = NULL;
    pthread_mutex_lock(&f->mu);
    bool due = is_due_locked(f);
    if (!due)
        table = take_locked(f, err);
    pthread_mutex_unlock(&f->mu);
    return due ? wait_and_take(f, ctx, err) : table;
}
