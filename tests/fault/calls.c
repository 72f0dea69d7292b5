// The calls that imgpipe and its libraries make, each in front of the kernel's.
// __openat_2 and its like are what _FORTIFY_SOURCE makes of them, open64 and
// its like what SQLite calls.
#undef _FORTIFY_SOURCE
#include "shim.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

static bool is_file(int fd)
{
    return shim_fd_kind(fd) == SHIM_FILE;
}

// A write or read: of a file, or over a socket.
static struct shim_fault meet_fd(enum shim_class class, int fd)
{
    enum shim_kind kind = shim_fd_kind(fd);
    return shim_meet(kind == SHIM_SOCKET ? SHIM_net : class,
                     kind != SHIM_UNKNOWN);
}

// --- write ---

static size_t shortened(struct shim_fault fault, size_t n)
{
    return fault.half && n > 1 ? n / 2 : n;
}

// `offset` -1: where the file is.
static ssize_t write_at(int fd, const void *bytes, size_t n, off_t offset)
{
    struct shim_fault fault = meet_fd(SHIM_write, fd);
    if (shim_fails(fault))
        return -1;
    n = shortened(fault, n);
    bool log = is_file(fd);
    if (log)
        shim_log_begin();
    long wrote = offset < 0 ? syscall(SYS_write, fd, bytes, n)
                            : syscall(SYS_pwrite64, fd, bytes, n, offset);
    if (log && wrote > 0 && shim_logs()) {
        long at =
            offset < 0 ? syscall(SYS_lseek, fd, 0, SEEK_CUR) - wrote : offset;
        shim_log_data(fd, (uint64_t)at, bytes, (size_t)wrote);
    }
    if (log)
        shim_log_end();
    return shim_done(fault, wrote);
}

PUBLIC ssize_t write(int fd, const void *bytes, size_t n)
{
    return write_at(fd, bytes, n, -1);
}

PUBLIC ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    return write_at(fd, bytes, n, offset);
}

PUBLIC ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset)
{
    return write_at(fd, bytes, n, offset);
}

// As many of the pieces as `n` bytes are; each is logged where it went.
PUBLIC ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    if (!is_file(fd) || count < 1)
        return syscall(SYS_writev, fd, pieces, count);
    struct iovec one = pieces[0];
    struct shim_fault fault = meet_fd(SHIM_write, fd);
    if (shim_fails(fault))
        return -1;
    if (fault.half) {
        one.iov_len = shortened(fault, one.iov_len);
        pieces = &one;
        count = 1;
    }
    shim_log_begin();
    long wrote = syscall(SYS_writev, fd, pieces, count);
    if (wrote > 0 && shim_logs()) {
        uint64_t at = (uint64_t)(syscall(SYS_lseek, fd, 0, SEEK_CUR) - wrote);
        size_t left = (size_t)wrote;
        for (int i = 0; left > 0; i++) {
            size_t n = pieces[i].iov_len < left ? pieces[i].iov_len : left;
            shim_log_data(fd, at, pieces[i].iov_base, n);
            at += n;
            left -= n;
        }
    }
    shim_log_end();
    return shim_done(fault, wrote);
}

// --- read ---

static size_t at_most(int fd, size_t n)
{
    return is_file(fd) && n > shim_read_most ? shim_read_most : n;
}

PUBLIC ssize_t read(int fd, void *bytes, size_t n)
{
    struct shim_fault fault = meet_fd(SHIM_read, fd);
    if (fault.counts)
        shim_hook_fd("read", fd);
    if (shim_fails(fault))
        return -1;
    return shim_done(fault, syscall(SYS_read, fd, bytes, at_most(fd, n)));
}

static ssize_t read_at(int fd, void *bytes, size_t n, off_t offset)
{
    struct shim_fault fault = meet_fd(SHIM_read, fd);
    if (shim_fails(fault))
        return -1;
    return shim_done(fault, syscall(SYS_pread64, fd, bytes, n, offset));
}

PUBLIC ssize_t pread(int fd, void *bytes, size_t n, off_t offset)
{
    return read_at(fd, bytes, n, offset);
}

PUBLIC ssize_t pread64(int fd, void *bytes, size_t n, off64_t offset)
{
    return read_at(fd, bytes, n, offset);
}

// --- sync ---

static int sync_with(long call, char op, int fd)
{
    struct shim_fault fault = shim_meet(SHIM_sync, is_file(fd));
    if (shim_fails(fault))
        return -1;
    if (fault.counts)
        shim_log_begin();
    long result = syscall(call, fd);
    if (fault.counts && result == 0)
        shim_log_path(op, fd, NULL, 0);
    if (fault.counts)
        shim_log_end();
    return (int)shim_done(fault, result);
}

PUBLIC int fsync(int fd)
{
    return sync_with(SYS_fsync, 's', fd);
}

PUBLIC int fdatasync(int fd)
{
    return sync_with(SYS_fdatasync, 's', fd);
}

PUBLIC int syncfs(int fd)
{
    return sync_with(SYS_syncfs, 'f', fd);
}

// --- names ---

static int rename_with(int from_dir, const char *from, int to_dir,
                       const char *to, unsigned flags)
{
    struct shim_fault fault =
        shim_meet(SHIM_name, shim_path_counts(to_dir, to) ||
                                 shim_path_counts(from_dir, from));
    if (shim_fails(fault))
        return -1;
    if (fault.counts)
        shim_log_begin();
    long result = syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
    if (fault.counts && result == 0)
        shim_log_two('r', from_dir, from, to_dir, to);
    if (fault.counts)
        shim_log_end();
    return (int)shim_done(fault, result);
}

PUBLIC int rename(const char *from, const char *to)
{
    return rename_with(AT_FDCWD, from, AT_FDCWD, to, 0);
}

PUBLIC int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return rename_with(from_dir, from, to_dir, to, 0);
}

PUBLIC int renameat2(int from_dir, const char *from, int to_dir, const char *to,
                     unsigned flags)
{
    return rename_with(from_dir, from, to_dir, to, flags);
}

PUBLIC int linkat(int from_dir, const char *from, int to_dir, const char *to,
                  int flags)
{
    struct shim_fault fault =
        shim_meet(SHIM_name, shim_path_counts(to_dir, to));
    if (shim_fails(fault))
        return -1;
    if (fault.counts)
        shim_log_begin();
    long result = syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
    if (fault.counts && result == 0)
        shim_log_two('l', from_dir, from, to_dir, to);
    if (fault.counts)
        shim_log_end();
    return (int)shim_done(fault, result);
}

PUBLIC int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

PUBLIC int unlinkat(int dirfd, const char *path, int flags)
{
    struct shim_fault fault =
        shim_meet(SHIM_name, shim_path_counts(dirfd, path));
    if (shim_fails(fault))
        return -1;
    if (fault.counts)
        shim_log_begin();
    long result = syscall(SYS_unlinkat, dirfd, path, flags);
    if (fault.counts && result == 0)
        shim_log_path('u', dirfd, path, 0);
    if (fault.counts)
        shim_log_end();
    return (int)shim_done(fault, result);
}

PUBLIC int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

PUBLIC int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static int make_dir(int dirfd, const char *path, mode_t mode)
{
    struct shim_fault fault =
        shim_meet(SHIM_mkdir, shim_path_counts(dirfd, path));
    if (shim_fails(fault))
        return -1;
    if (fault.counts)
        shim_log_begin();
    long result = syscall(SYS_mkdirat, dirfd, path, mode);
    if (fault.counts && result == 0)
        shim_log_path('m', dirfd, path, mode);
    if (fault.counts)
        shim_log_end();
    return (int)shim_done(fault, result);
}

PUBLIC int mkdirat(int dirfd, const char *path, mode_t mode)
{
    return make_dir(dirfd, path, mode);
}

PUBLIC int mkdir(const char *path, mode_t mode)
{
    return make_dir(AT_FDCWD, path, mode);
}

// --- open and close ---

// Whether a file with O_CREAT is new is known only afterwards: what was there
// and is not emptied is as it was, and the log's reader knows it.
static int open_with(int dirfd, const char *path, int flags, mode_t mode)
{
    bool counts = shim_path_counts(dirfd, path);
    bool changes = flags & (O_CREAT | O_TRUNC);
    struct shim_fault fault =
        shim_meet(changes ? SHIM_create : SHIM_open, counts);
    if (counts)
        shim_hook("open", path);
    if (shim_fails(fault))
        return -1;
    bool log = counts && changes;
    if (log)
        shim_log_begin();
    long fd = syscall(SYS_openat, dirfd, path, flags, mode);
    if (fd >= 0)
        shim_fd_is((int)fd, counts ? SHIM_FILE : SHIM_UNKNOWN);
    if (log && fd >= 0) {
        shim_log_path('c', dirfd, path, mode);
        if (flags & O_TRUNC)
            shim_log_path('t', dirfd, path, 0);
    }
    if (log)
        shim_log_end();
    return (int)shim_done(fault, fd);
}

#define MODE_ARGUMENT(flags, mode)         \
    mode_t mode = 0;                       \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list args;                      \
        va_start(args, flags);             \
        mode = va_arg(args, mode_t);       \
        va_end(args);                      \
    }

PUBLIC int open(const char *path, int flags, ...)
{
    MODE_ARGUMENT(flags, mode)
    return open_with(AT_FDCWD, path, flags, mode);
}

PUBLIC int open64(const char *path, int flags, ...)
{
    MODE_ARGUMENT(flags, mode)
    return open_with(AT_FDCWD, path, flags, mode);
}

PUBLIC int openat(int dirfd, const char *path, int flags, ...)
{
    MODE_ARGUMENT(flags, mode)
    return open_with(dirfd, path, flags, mode);
}

PUBLIC int openat64(int dirfd, const char *path, int flags, ...)
{
    MODE_ARGUMENT(flags, mode)
    return open_with(dirfd, path, flags, mode);
}

PUBLIC int __open_2(const char *path, int flags);
PUBLIC int __open_2(const char *path, int flags)
{
    return open_with(AT_FDCWD, path, flags, 0);
}

PUBLIC int __open64_2(const char *path, int flags);
PUBLIC int __open64_2(const char *path, int flags)
{
    return open_with(AT_FDCWD, path, flags, 0);
}

PUBLIC int __openat_2(int dirfd, const char *path, int flags);
PUBLIC int __openat_2(int dirfd, const char *path, int flags)
{
    return open_with(dirfd, path, flags, 0);
}

PUBLIC int __openat64_2(int dirfd, const char *path, int flags);
PUBLIC int __openat64_2(int dirfd, const char *path, int flags)
{
    return open_with(dirfd, path, flags, 0);
}

// The descriptor is gone, whatever close says.
PUBLIC int close(int fd)
{
    struct shim_fault fault = shim_meet(SHIM_close, is_file(fd));
    shim_fd_is(fd, SHIM_UNKNOWN);
    long result = syscall(SYS_close, fd);
    if (shim_fails(fault))
        return -1;
    return (int)shim_done(fault, result);
}

// The two that close without calling close.
PUBLIC int closedir(DIR *dir)
{
    int (*next)(DIR *) = (int (*)(DIR *))dlsym(RTLD_NEXT, "closedir");
    shim_fd_is(dirfd(dir), SHIM_UNKNOWN);
    return next(dir);
}

PUBLIC int fclose(FILE *file)
{
    int (*next)(FILE *) = (int (*)(FILE *))dlsym(RTLD_NEXT, "fclose");
    shim_fd_is(fileno(file), SHIM_UNKNOWN);
    return next(file);
}

PUBLIC FILE *fopen(const char *path, const char *mode)
{
    FILE *(*next)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
    bool counts = shim_path_counts(AT_FDCWD, path);
    struct shim_fault fault =
        shim_meet(mode[0] == 'r' ? SHIM_open : SHIM_create, counts);
    if (shim_fails(fault))
        return NULL;
    FILE *file = next(path, mode);
    if (file)
        shim_fd_is(fileno(file), counts ? SHIM_FILE : SHIM_UNKNOWN);
    shim_done(fault, 0);
    return file;
}

PUBLIC FILE *fdopen(int fd, const char *mode)
{
    FILE *(*next)(int, const char *) =
        (FILE * (*)(int, const char *)) dlsym(RTLD_NEXT, "fdopen");
    struct shim_fault fault = shim_meet(SHIM_open, is_file(fd));
    if (shim_fails(fault))
        return NULL;
    FILE *file = next(fd, mode);
    shim_done(fault, 0);
    return file;
}

PUBLIC DIR *fdopendir(int fd)
{
    DIR *(*next)(int) = (DIR * (*)(int)) dlsym(RTLD_NEXT, "fdopendir");
    struct shim_fault fault = shim_meet(SHIM_open, is_file(fd));
    if (shim_fails(fault))
        return NULL;
    DIR *dir = next(fd);
    shim_done(fault, 0);
    return dir;
}

// --- size, map, lock ---

static int set_size(int fd, off_t size)
{
    struct shim_fault fault = shim_meet(SHIM_size, is_file(fd));
    if (shim_fails(fault))
        return -1;
    if (fault.counts)
        shim_log_begin();
    long result = syscall(SYS_ftruncate, fd, size);
    if (fault.counts && result == 0)
        shim_log_path('t', fd, NULL, (uint64_t)size);
    if (fault.counts)
        shim_log_end();
    return (int)shim_done(fault, result);
}

PUBLIC int ftruncate(int fd, off_t size)
{
    return set_size(fd, size);
}

PUBLIC int ftruncate64(int fd, off64_t size)
{
    return set_size(fd, size);
}

static void *map(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    struct shim_fault fault = shim_meet(SHIM_map, is_file(fd));
    if (shim_fails(fault))
        return MAP_FAILED;
    return (void *)shim_done(fault,
                             syscall(SYS_mmap, at, n, prot, flags, fd, offset));
}

PUBLIC void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    return map(at, n, prot, flags, fd, offset);
}

PUBLIC void *mmap64(void *at, size_t n, int prot, int flags, int fd,
                    off64_t offset)
{
    return map(at, n, prot, flags, fd, offset);
}

PUBLIC int flock(int fd, int operation)
{
    struct shim_fault fault = shim_meet(SHIM_lock, is_file(fd));
    if (shim_fails(fault))
        return -1;
    return (int)shim_done(fault, syscall(SYS_flock, fd, operation));
}

static int control(int fd, int command, void *argument)
{
    bool locks = command == F_SETLK || command == F_SETLKW;
    struct shim_fault fault = shim_meet(SHIM_lock, locks && is_file(fd));
    if (shim_fails(fault))
        return -1;
    long result = syscall(SYS_fcntl, fd, command, argument);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        shim_fd_is((int)result, shim_fd_kind(fd));
    return (int)shim_done(fault, result);
}

PUBLIC int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    return control(fd, command, argument);
}

PUBLIC int fcntl64(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    return control(fd, command, argument);
}

// --- net ---

PUBLIC int socket(int domain, int type, int protocol)
{
    bool counts = domain == AF_INET || domain == AF_INET6;
    struct shim_fault fault = shim_meet(SHIM_net, counts);
    if (shim_fails(fault))
        return -1;
    long fd = syscall(SYS_socket, domain, type, protocol);
    shim_fd_is((int)fd, counts ? SHIM_SOCKET : SHIM_UNKNOWN);
    return (int)shim_done(fault, fd);
}

static struct shim_fault meet_socket(int fd)
{
    return shim_meet(SHIM_net, shim_fd_kind(fd) == SHIM_SOCKET);
}

PUBLIC int connect(int fd, const struct sockaddr *to, socklen_t n)
{
    struct shim_fault fault = meet_socket(fd);
    if (shim_fails(fault))
        return -1;
    return (int)shim_done(fault, syscall(SYS_connect, fd, to, n));
}

PUBLIC ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    struct shim_fault fault = meet_socket(fd);
    if (shim_fails(fault))
        return -1;
    n = shortened(fault, n);
    return shim_done(fault, syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0));
}

PUBLIC ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
    struct shim_fault fault = meet_socket(fd);
    if (shim_fails(fault))
        return -1;
    return shim_done(fault,
                     syscall(SYS_recvfrom, fd, bytes, n, flags, NULL, NULL));
}

// --- thread ---

PUBLIC int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *arg)
{
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                void *) =
        (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                 void *))dlsym(RTLD_NEXT, "pthread_create");
    struct shim_fault fault = shim_meet(SHIM_thread, true);
    if (fault.error)
        return fault.error;
    return (int)shim_done(fault, next(thread, attr, start, arg));
}
