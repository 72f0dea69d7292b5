#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool imp_file_write(int fd, const void *bytes, size_t n, struct imp_err *err)
{
    struct iovec piece = {(void *)bytes, n};
    return imp_file_writev(fd, &piece, 1, err);
}

bool imp_file_writev(int fd, struct iovec *pieces, size_t n,
                     struct imp_err *err)
{
    while (n > 0) {
        if (pieces->iov_len == 0) {
            pieces++;
            n--;
            continue;
        }
        int many = n < IOV_MAX ? (int)n : IOV_MAX;
        ssize_t wrote = writev(fd, pieces, many);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return imp_fail_errno(err, "write");
        size_t left = (size_t)wrote;
        while (n > 0 && left >= pieces->iov_len) {
            left -= pieces->iov_len;
            pieces++;
            n--;
        }
        if (left > 0) {
            pieces->iov_base = (char *)pieces->iov_base + left;
            pieces->iov_len -= left;
        }
    }
    return true;
}

bool imp_file_read(int fd, void *bytes, size_t n, size_t *got,
                   struct imp_err *err)
{
    *got = 0;
    while (*got < n) {
        ssize_t r = read(fd, (char *)bytes + *got, n - *got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return imp_fail_errno(err, "read");
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return true;
}

bool imp_file_pread(int fd, void *bytes, size_t n, uint64_t at, size_t *got,
                    struct imp_err *err)
{
    *got = 0;
    while (*got < n) {
        ssize_t r =
            pread(fd, (char *)bytes + *got, n - *got, (off_t)(at + *got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return imp_fail_errno(err, "read");
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return true;
}

bool imp_file_pwrite(int fd, const void *bytes, size_t n, uint64_t at,
                     struct imp_err *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t wrote = pwrite(fd, (const char *)bytes + done, n - done,
                               (off_t)(at + done));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return imp_fail_errno(err, "write");
        done += (size_t)wrote;
    }
    return true;
}

bool imp_file_sync(int fd, struct imp_err *err)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return imp_fail_errno(err, "fsync");
    return true;
}

// File systems that know no such flag (NFS) know hard links, which never
// overwrite either.
int imp_file_rename_new(int from_dir, const char *from, int to_dir,
                        const char *to)
{
    if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(from_dir, from, to_dir, to, 0) != 0)
        return -1;
    return unlinkat(from_dir, from, 0);
}

int imp_file_unnamed(struct imp_err *err)
{
    char path[PATH_MAX];
    const char *dir = getenv("TMPDIR");
    int n = snprintf(path, sizeof path, "%s/imgpipe-XXXXXX",
                     dir && *dir ? dir : "/tmp");
    if (n >= (int)sizeof path) {
        imp_fail(err, IMP_ERR_CONFIG, "$TMPDIR is too long");
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        imp_fail_errno(err, "make a temporary file");
    else
        unlink(path);
    return fd;
}

// The part of `path` before its last component, "." if there is none.
static bool above(const char *path, char parent[PATH_MAX], struct imp_err *err)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (slash && n == 0)
        n = 1; // the root itself
    if (n >= PATH_MAX)
        return imp_fail(err, IMP_ERR_IO, "path too long");
    if (n == 0)
        path = ".", n = 1;
    memcpy(parent, path, n);
    parent[n] = '\0';
    return true;
}

bool imp_dir_open_above(int dirfd, const char *path, int *out,
                        struct imp_err *err)
{
    char parent[PATH_MAX];
    if (!above(path, parent, err))
        return false;
    *out = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out >= 0 || imp_fail_errno(err, "open the directory above");
}

bool imp_file_is_at(int fd, const char *path, struct imp_err *err)
{
    struct stat have, there;
    if (fstat(fd, &have) != 0)
        return imp_fail_errno(err, "stat");
    if (stat(path, &there) != 0)
        return imp_fail_errno(err, "look for it at its path");
    return (have.st_dev == there.st_dev && have.st_ino == there.st_ino) ||
           imp_fail(err, IMP_ERR_IO,
                    "another one is at its path now: it was moved away or "
                    "replaced while it was open");
}

bool imp_file_sync_system(int fd, struct imp_err *err)
{
    return syncfs(fd) == 0 || imp_fail_errno(err, "syncfs");
}

bool imp_file_sync_above(int dirfd, const char *path, struct imp_err *err)
{
    int fd;
    if (!imp_dir_open_above(dirfd, path, &fd, err))
        return false;
    bool ok = imp_file_sync(fd, err);
    close(fd);
    return ok;
}

bool imp_dir_make_above(int dirfd, const char *path, mode_t mode,
                        struct imp_err *err)
{
    char parent[PATH_MAX];
    return above(path, parent, err) && imp_dir_make(dirfd, parent, mode, err);
}

// As mkdir -p does (POSIX): what is made on the way can be entered by its
// owner, whatever the umask.
static bool open_way(int dirfd, const char *path, struct imp_err *err)
{
    struct stat st;
    if (fstatat(dirfd, path, &st, 0) != 0)
        return imp_fail_errno(err, "stat");
    mode_t have = st.st_mode & 07777;
    return (have & S_IRWXU) == S_IRWXU ||
           fchmodat(dirfd, path, have | S_IRWXU, 0) == 0 ||
           imp_fail_errno(err, "chmod");
}

bool imp_dir_make(int dirfd, const char *path, mode_t mode, struct imp_err *err)
{
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return imp_fail(err, IMP_ERR_IO, "path of %zu bytes: want 1 to %d", n,
                        PATH_MAX - 1);
    memcpy(part, path, n + 1);

    for (size_t at = 1; at <= n; at++) {
        bool ends = part[at] == '\0' || part[at] == '/';
        if (!ends || part[at - 1] == '/')
            continue;
        part[at] = '\0';
        if (mkdirat(dirfd, part, mode) == 0) {
            if ((path[at] && !open_way(dirfd, part, err)) ||
                !imp_file_sync_above(dirfd, part, err))
                return false;
        } else if (errno != EEXIST && errno != EISDIR) {
            return imp_fail_errno(err, "mkdir");
        }
        part[at] = path[at];
    }

    struct stat st;
    if (fstatat(dirfd, path, &st, 0) != 0)
        return imp_fail_errno(err, "stat");
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return imp_fail_errno(err, "mkdir");
    }
    return true;
}

static bool is_private(const struct stat *st, struct imp_err *err)
{
    if (!S_ISREG(st->st_mode))
        return imp_fail(err, IMP_ERR_CONFIG, "not a regular file");
    if (st->st_uid != geteuid())
        return imp_fail(err, IMP_ERR_CONFIG, "owned by user %lu: want %lu",
                        (unsigned long)st->st_uid, (unsigned long)geteuid());
    if (st->st_mode & 077)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "open to others: mode %04o, want 0600",
                        (unsigned)st->st_mode & 07777);
    return true;
}

bool imp_file_private(int fd, struct imp_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return imp_fail_errno(err, "stat");
    return is_private(&st, err);
}

bool imp_file_private_at(int dirfd, const char *name, struct imp_err *err)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || imp_fail_errno(err, "stat");
    return is_private(&st, err);
}

// O_NONBLOCK: a FIFO at its place must not keep us waiting for a writer. It has
// no effect on a regular file.
#define PRIVATE_FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

static int create_private(int dirfd, const char *name, int flags,
                          struct imp_err *err)
{
    int fd =
        openat(dirfd, name, flags | O_CREAT | O_EXCL | PRIVATE_FLAGS, 0600);
    if (fd < 0) {
        imp_fail_errno(err, "create");
        return -1;
    }
    if (fchmod(fd, 0600) != 0) { // the umask may have taken more away
        imp_fail_errno(err, "chmod");
    } else if (imp_file_sync(fd, err) &&
               imp_file_sync_above(dirfd, name, err)) {
        return fd;
    }
    close(fd);
    return -1;
}

int imp_file_open_private(int dirfd, const char *name, int flags,
                          struct imp_err *err)
{
    int fd = openat(dirfd, name, (flags & ~O_CREAT) | PRIVATE_FLAGS);
    if (fd < 0 && errno == ENOENT && (flags & O_CREAT))
        return create_private(dirfd, name, flags, err);
    if (fd < 0) {
        imp_fail_errno(err, "open");
        return -1;
    }
    if (imp_file_private(fd, err))
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

bool imp_file_lock(int fd, bool (*again)(void *self), void *self,
                   struct imp_err *err)
{
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        switch (errno) {
        case EINTR:
            break;
        case EWOULDBLOCK:
            if (!again)
                return imp_fail(err, IMP_ERR_BUSY,
                                "another run holds the lock");
            if (!again(self))
                return imp_fail(err, IMP_ERR_CANCELLED,
                                "cancelled while another run held the lock");
            break;
        // NFS emulates flock with fcntl locks, which need a descriptor open
        // for writing: a directory's never is (EBADF). See flock(2).
        case EBADF:
        case EINVAL:
        case ENOLCK:
        case ENOSYS:
        case EOPNOTSUPP:
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "the file system cannot lock this");
        default:
            return imp_fail_errno(err, "lock");
        }
    }
    return true;
}

struct imp_outfile {
    int dirfd; // borrowed
    int fd;
    char *name, *tmp;
    bool made; // something is at `tmp`
    size_t n;  // bytes in the buffer
    char buffer[64 * 1024];
};

struct imp_outfile *imp_outfile_open(int dirfd, const char *name,
                                     const char *tmp, mode_t mode,
                                     struct imp_err *err)
{
    struct imp_outfile *out = calloc(1, sizeof *out);
    if (!out) {
        imp_fail_errno(err, "outfile");
        return NULL;
    }
    out->dirfd = dirfd;
    out->fd = -1;
    out->name = strdup(name);
    out->tmp = strdup(tmp);
    if (!out->name || !out->tmp) {
        imp_fail_errno(err, "outfile");
        goto fail;
    }
    if (unlinkat(dirfd, tmp, 0) != 0 && errno != ENOENT) {
        imp_fail_errno(err, "remove an old temporary");
        goto fail;
    }
    out->fd = openat(
        dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (out->fd < 0) {
        imp_fail_errno(err, "create");
        goto fail;
    }
    out->made = true;
    return out;
fail:
    imp_outfile_free(out);
    return NULL;
}

static bool flush(struct imp_outfile *out, struct imp_err *err)
{
    size_t n = out->n;
    out->n = 0;
    return imp_file_write(out->fd, out->buffer, n, err);
}

bool imp_outfile_add(struct imp_outfile *out, const void *bytes, size_t n,
                     struct imp_err *err)
{
    if (n > sizeof out->buffer - out->n && !flush(out, err))
        return false;
    if (n > sizeof out->buffer)
        return imp_file_write(out->fd, bytes, n, err);
    if (n > 0)
        memcpy(out->buffer + out->n, bytes, n);
    out->n += n;
    return true;
}

bool imp_outfile_commit(struct imp_outfile *out, struct imp_err *err)
{
    if (!flush(out, err) || !imp_file_sync(out->fd, err))
        return false;
    int fd = out->fd;
    out->fd = -1;
    if (close(fd) != 0)
        return imp_fail_errno(err, "close");
    if (renameat(out->dirfd, out->tmp, out->dirfd, out->name) != 0)
        return imp_fail_errno(err, "rename");
    out->made = false;
    return imp_file_sync_above(out->dirfd, out->name, err);
}

void imp_outfile_free(struct imp_outfile *out)
{
    if (!out)
        return;
    if (out->fd >= 0)
        close(out->fd);
    if (out->made)
        unlinkat(out->dirfd, out->tmp, 0);
    free(out->tmp);
    free(out->name);
    free(out);
}

// --- Paths ---

// The longest part of `path` that exists, resolved; `*n` is how much that was.
static char *resolve_existing(const char *path, size_t *n, struct imp_err *err)
{
    char head[PATH_MAX], *real;
    *n = strlen(path);
    if (*n >= sizeof head) {
        imp_fail(err, IMP_ERR_CONFIG, "path of %zu bytes: too long", *n);
        return NULL;
    }
    memcpy(head, path, *n + 1);
    while (!(real = realpath(*n ? head : ".", NULL)) && errno == ENOENT && *n) {
        while (*n && head[*n - 1] == '/')
            --*n;
        while (*n && head[*n - 1] != '/')
            --*n;
        head[*n] = '\0';
    }
    if (!real)
        imp_fail_errno(err, "resolve a path");
    return real;
}

// `part` as given, but for empty components and ".".
static bool tidy(const char *part, char rest[PATH_MAX], struct imp_err *err)
{
    size_t len = 0;
    rest[0] = '\0';
    while (*part) {
        size_t n = strcspn(part, "/");
        if (n == 2 && strncmp(part, "..", 2) == 0)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "\"..\" below a directory that does not exist");
        if (n > 0 && !(n == 1 && *part == '.'))
            len += (size_t)snprintf(rest + len, PATH_MAX - len, "/%.*s", (int)n,
                                    part);
        part += n + (part[n] == '/');
    }
    return true;
}

char *imp_path_resolve(const char *path, struct imp_err *err)
{
    char rest[PATH_MAX], *absolute = NULL;
    size_t n;
    char *real = resolve_existing(path, &n, err);
    if (!real)
        return NULL;
    if (tidy(path + n, rest, err)) {
        bool root = strcmp(real, "/") == 0 && rest[0];
        if (asprintf(&absolute, "%s%s", root ? "" : real, rest) < 0) {
            absolute = NULL;
            imp_fail(err, IMP_ERR_MEMORY, "no memory for a path");
        }
    }
    free(real);
    return absolute;
}

bool imp_path_lies_in(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    if (n && dir[n - 1] == '/')
        n--;
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}
