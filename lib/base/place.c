#include "base/place.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_PREFIX ".imgpipe-temp-"
#define BLOCK ((size_t)64 * 1024)
#define AT_ONCE ((size_t)1 << 30)

// --- Copying and comparing ---

// What copy_file_range says of a pair of files that it cannot serve: between
// file systems, from those without blocks of their own, into a swap file...
static bool not_in_the_kernel(void)
{
    return errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
           errno == EOPNOTSUPP || errno == EPERM || errno == EBADF;
}

static bool copy_by_hand(int from, int to, uint64_t n, uint64_t *copied,
                         struct imp_err *err)
{
    char block[BLOCK];
    size_t got, want;
    do {
        uint64_t left = n - *copied;
        want = left < sizeof block ? (size_t)left : sizeof block;
        if (!imp_file_read(from, block, want, &got, err) ||
            !imp_file_write(to, block, got, err))
            return false;
        *copied += got;
    } while (got == want && *copied < n);
    return true;
}

bool imp_file_copy(int from, int to, uint64_t n, uint64_t *copied,
                   struct imp_err *err)
{
    *copied = 0;
    while (*copied < n) {
        uint64_t left = n - *copied;
        size_t most = left < AT_ONCE ? (size_t)left : AT_ONCE;
        ssize_t got = copy_file_range(from, NULL, to, NULL, most, 0);
        if (got > 0)
            *copied += (uint64_t)got;
        else if (got == 0 || not_in_the_kernel())
            break; // 0 is the end, or a file system that cannot tell it
        else if (errno != EINTR)
            return imp_fail_errno(err, "copy");
    }
    return copy_by_hand(from, to, n, copied, err);
}

bool imp_file_same(int a, int b, bool *same, struct imp_err *err)
{
    char one[BLOCK / 2], other[BLOCK / 2];
    size_t n, m;
    if (lseek(a, 0, SEEK_SET) != 0 || lseek(b, 0, SEEK_SET) != 0)
        return imp_fail_errno(err, "seek");
    do {
        if (!imp_file_read(a, one, sizeof one, &n, err) ||
            !imp_file_read(b, other, sizeof other, &m, err))
            return false;
        *same = n == m && memcmp(one, other, n) == 0;
    } while (*same && n == sizeof one);
    return true;
}

// --- Private directories ---

bool imp_dir_make_private(const char *path, struct imp_err *err)
{
    bool is_new = access(path, F_OK) != 0 && errno == ENOENT;
    return imp_dir_make(AT_FDCWD, path, 0700, err) &&
           (!is_new || chmod(path, 0700) == 0 ||
            imp_fail_errno(err, "close it to others"));
}

int imp_dir_open_private(const char *path, struct imp_err *err)
{
    struct stat st;
    int why = EPERM;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        why = errno;
        imp_fail_errno(err, "open");
    } else if (st.st_mode & 077) {
        imp_fail(err, IMP_ERR_CONFIG, "open to others: mode %04o, want 0700",
                 (unsigned)st.st_mode & 07777);
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

// --- Temporaries ---

// Locked, and has still a name: a sweep may have come between its making and
// its locking.
static bool is_ours(int fd)
{
    struct stat st;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0)
        if (errno != EINTR)
            return errno != EWOULDBLOCK; // it cannot be locked: see sweep
    return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

int imp_temp_open(int dirfd, char name[IMP_TEMP_NAME], struct imp_err *err)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        uint64_t number;
        if (getrandom(&number, sizeof number, 0) != sizeof number) {
            imp_fail_errno(err, "name a temporary");
            return -1;
        }
        snprintf(name, IMP_TEMP_NAME, TEMP_PREFIX "%016llx",
                 (unsigned long long)number);
        int fd =
            openat(dirfd, name,
                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST) {
            imp_fail_errno(err, "make a temporary");
            return -1;
        }
        if (fd >= 0 && is_ours(fd))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    imp_fail(err, IMP_ERR_IO, "no name is free for a temporary");
    return -1;
}

// For writing, since NFS locks nothing else; but its last mode may be any.
static int open_temp(int dirfd, const char *name)
{
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(dirfd, name, O_RDWR | flags);
    return fd < 0 && errno == EACCES ? openat(dirfd, name, O_RDONLY | flags)
                                     : fd;
}

static bool sweep_one(int dirfd, const char *name, struct imp_err *err)
{
    int fd = open_temp(dirfd, name);
    if (fd < 0) // gone by now, or not a file of ours
        return errno == ENOENT || errno == ELOOP || errno == ENXIO ||
               errno == EISDIR || imp_fail_errno(err, "open a temporary");
    bool left = flock(fd, LOCK_EX | LOCK_NB) == 0;
    bool ok = !left || unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ||
              imp_fail_errno(err, "remove a temporary");
    close(fd);
    return ok;
}

bool imp_temp_sweep(int dirfd, struct imp_err *err)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        imp_fail_errno(err, "list temporaries");
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(dir));)
        if (strncmp(e->d_name, TEMP_PREFIX, strlen(TEMP_PREFIX)) == 0)
            ok = sweep_one(dirfd, e->d_name, err);
    closedir(dir);
    return ok;
}
