// The log of what a disk was told, in the order in which it was: powercut.py
// builds from it what a power cut would have left.
//
// Records follow each other: op (1 byte), lengths of two byte strings (4 + 4),
// a number (8), all little-endian, then the strings:
//   c PATH "" MODE      created, or emptied by opening
//   w PATH DATA OFFSET  written
//   t PATH "" SIZE      made this long
//   m PATH "" MODE      directory made
//   s PATH "" 0         fsync or fdatasync
//   f PATH "" 0         syncfs of the file system that PATH is on
//   r FROM TO 0         renamed
//   l FROM TO 0         linked
//   u PATH "" 0         unlinked, or directory removed
#undef _FORTIFY_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int log_fd = -1;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

struct record {
    char op;
    uint32_t lengths[2];
    uint64_t number;
} __attribute__((packed));

void shim_log_open(const char *file)
{
    long fd =
        syscall(SYS_openat, AT_FDCWD, file,
                O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    // Out of the way: the numbers of imgpipe's own descriptors stay.
    log_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, fd);
}

bool shim_logs(void)
{
    return log_fd >= 0;
}

void shim_log_begin(void)
{
    if (log_fd >= 0)
        pthread_mutex_lock(&log_lock);
}

void shim_log_end(void)
{
    if (log_fd >= 0)
        pthread_mutex_unlock(&log_lock);
}

static void put(char op, const char *a, const void *b, size_t b_len,
                uint64_t number)
{
    struct record r = {op, {(uint32_t)strlen(a), (uint32_t)b_len}, number};
    struct iovec parts[] = {{&r, sizeof r},
                            {(void *)(uintptr_t)a, r.lengths[0]},
                            {(void *)(uintptr_t)b, b_len}};
    syscall(SYS_writev, log_fd, parts, 3);
}

void shim_log_path(char op, int dirfd, const char *path, uint64_t number)
{
    char a[SHIM_PATH_MAX];
    if (log_fd >= 0 && shim_path(dirfd, path, a))
        put(op, a, NULL, 0, number);
}

void shim_log_two(char op, int from_dir, const char *from, int to_dir,
                  const char *to)
{
    char a[SHIM_PATH_MAX], b[SHIM_PATH_MAX];
    if (log_fd >= 0 && shim_path(from_dir, from, a) && shim_path(to_dir, to, b))
        put(op, a, b, strlen(b), 0);
}

void shim_log_data(int fd, uint64_t offset, const void *bytes, size_t n)
{
    char a[SHIM_PATH_MAX];
    if (log_fd >= 0 && shim_path(fd, NULL, a))
        put('w', a, bytes, n, offset);
}

void shim_log_copied(int fd, uint64_t offset, size_t n)
{
    char bytes[4096], link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long again = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
    while (n > 0) {
        long got = syscall(SYS_pread64, again, bytes,
                           n < sizeof bytes ? n : sizeof bytes, offset);
        if (got <= 0)
            break;
        shim_log_data(fd, offset, bytes, (size_t)got);
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    syscall(SYS_close, again);
}
