#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct imp_job *imp_job_new(const char *path, size_t len, size_t root_len,
                            const struct imp_stamp *stamp)
{
    struct imp_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->path = strndup(path, len);
    job->root_len = root_len;
    job->stamp = *stamp;
    if (!job->path) {
        free(job);
        return NULL;
    }
    return job;
}

void imp_job_free(struct imp_job *job)
{
    if (!job)
        return;
    free(job->subject);
    free(job->listed);
    free(job->path);
    free(job);
}

const char *imp_job_shown(const struct imp_job *job)
{
    return job->listed ? job->listed : job->path + job->root_len + 1;
}

// What openat says if a component is gone, or has become something else (a
// symbolic link, a file instead of a directory, a socket).
static bool open_failed(struct imp_err *err)
{
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO)
        return imp_fail(err, IMP_ERR_UNSETTLED,
                        "input is gone or was replaced since it was found");
    return imp_fail_errno(err, "open input");
}

static int open_root(const struct imp_job *job)
{
    char root[PATH_MAX];
    if (job->root_len >= sizeof root) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(root, job->path, job->root_len);
    root[job->root_len] = '\0';
    return open(job->root_len ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// Open the directory of `len` bytes' name in `dir`, and close that.
static int open_next(int dir, const char *component, size_t len)
{
    char name[NAME_MAX + 1];
    int fd = -1;
    if (len < sizeof name) {
        memcpy(name, component, len);
        name[len] = '\0';
        fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    } else {
        errno = ENAMETOOLONG;
    }
    int saved = errno;
    close(dir);
    errno = saved;
    return fd;
}

int imp_job_open_parent(const struct imp_job *job, const char **base,
                        struct imp_err *err)
{
    const char *at = job->path + job->root_len + 1;
    int fd = open_root(job);
    for (const char *slash; fd >= 0 && (slash = strchr(at, '/'));
         at = slash + 1)
        fd = open_next(fd, at, (size_t)(slash - at));
    if (fd < 0)
        open_failed(err);
    *base = at;
    return fd;
}

static int open_below_root(const struct imp_job *job, struct imp_err *err)
{
    const char *base;
    int dir = imp_job_open_parent(job, &base, err);
    if (dir < 0)
        return -1;
    // O_NONBLOCK: a FIFO that took the file's place must not block us.
    int fd = openat(dir, base,
                    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        open_failed(err);
    close(dir);
    return fd;
}

static bool look(int fd, struct stat *st, struct imp_err *err)
{
    if (fstat(fd, st) != 0)
        return imp_fail_errno(err, "look at input");
    return true;
}

// Opens, and says how the file is now.
static int open_and_look(const struct imp_job *job, struct stat *st,
                         struct imp_err *err)
{
    int fd = open_below_root(job, err);
    if (fd < 0)
        return -1;
    if (!look(fd, st, err))
        goto fail;
    struct imp_stamp now = imp_stamp_of(st);
    if (!S_ISREG(st->st_mode) || !imp_stamp_same_file(&now, &job->stamp)) {
        imp_fail(err, IMP_ERR_UNSETTLED,
                 "input is not the file that was found: size %llu, was %llu",
                 (unsigned long long)now.size,
                 (unsigned long long)job->stamp.size);
        goto fail;
    }
    return fd;
fail:
    close(fd);
    return -1;
}

int imp_job_open(const struct imp_job *job, struct imp_err *err)
{
    struct stat st;
    return open_and_look(job, &st, err);
}

// Read until the end of the file or until `buf` is full.
static bool read_all(int fd, struct imp_buf *buf, size_t want,
                     struct imp_err *err)
{
    while (buf->n < want) {
        ssize_t n = read(fd, buf->p + buf->n, want - buf->n);
        if (n == 0)
            return true;
        if (n > 0)
            buf->n += (size_t)n;
        else if (errno != EINTR)
            return imp_fail_errno(err, "read input at %zu of %zu", buf->n,
                                  want);
    }
    return true;
}

static bool still_the_same(int fd, const struct stat *before, uint64_t got,
                           struct imp_err *err)
{
    struct stat st;
    if (!look(fd, &st, err))
        return false;
    struct imp_stamp a = imp_stamp_of(before), b = imp_stamp_of(&st);
    if (got != a.size || !imp_stamp_untouched(&a, &b))
        return imp_fail(err, IMP_ERR_UNSETTLED,
                        "input changed while it was read: want %llu bytes, "
                        "have %llu",
                        (unsigned long long)a.size, (unsigned long long)got);
    return true;
}

bool imp_job_read(struct imp_job *job, uint64_t max, struct imp_buf *buf,
                  struct imp_err *err)
{
    bool ok = false;
    struct stat st;
    buf->n = 0;
    int fd = open_and_look(job, &st, err);
    if (fd < 0)
        return false;
    uint64_t size = (uint64_t)st.st_size;
    if (size > max || size >= SIZE_MAX) {
        imp_fail(err, IMP_ERR_LIMIT, "input of %llu bytes, limit is %llu",
                 (unsigned long long)size, (unsigned long long)max);
        goto out;
    }
    // One byte more than there should be, to see whether it grows.
    size_t want = (size_t)size + 1;
    if (!imp_buf_reserve(buf, want, err) || !read_all(fd, buf, want, err))
        goto out;
    ok = still_the_same(fd, &st, buf->n, err);
    if (ok)
        job->stamp = imp_stamp_of(&st);
out:
    close(fd);
    return ok;
}

static bool map_it(int fd, const struct stat *st, struct imp_job_map *out,
                   struct imp_err *err)
{
    *out = (struct imp_job_map){
        .fd = fd, .stamp = imp_stamp_of(st), .faults = imp_map_faults()};
    if (imp_map_open(&out->map, fd, (uint64_t)st->st_size, err))
        return true;
    close(fd);
    return false;
}

bool imp_job_map(struct imp_job *job, struct imp_job_map *out,
                 struct imp_err *err)
{
    struct stat st;
    *out = (struct imp_job_map){0};
    int fd = open_and_look(job, &st, err);
    if (fd < 0 || !map_it(fd, &st, out, err))
        return false;
    job->stamp = out->stamp;
    return true;
}

bool imp_job_map_file(int fd, struct imp_job_map *out, struct imp_err *err)
{
    struct stat st;
    *out = (struct imp_job_map){0};
    if (look(fd, &st, err))
        return map_it(fd, &st, out, err);
    close(fd);
    return false;
}

// Of a file that is far, another machine may have changed it since: the kernel
// is to ask, not to remember (NFS). Elsewhere it does nothing.
static void ask_again(int fd)
{
    struct statx st;
    statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st);
}

bool imp_job_map_check(const struct imp_job_map *m, struct imp_err *err)
{
    struct stat st;
    ask_again(m->fd);
    if (!look(m->fd, &st, err))
        return false;
    struct imp_stamp now = imp_stamp_of(&st);
    if (!imp_stamp_untouched(&m->stamp, &now))
        return imp_fail(err, IMP_ERR_UNSETTLED,
                        "input changed while it was looked at: %llu bytes, "
                        "were %llu",
                        (unsigned long long)now.size,
                        (unsigned long long)m->stamp.size);
    return imp_map_faults() == m->faults ||
           imp_fail(err, IMP_ERR_IO, "a part of the input cannot be read");
}

void imp_job_map_close(struct imp_job_map *m)
{
    if (!m->map.area)
        return;
    imp_map_close(&m->map);
    close(m->fd);
    *m = (struct imp_job_map){0};
}
