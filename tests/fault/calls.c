// The calls that imgpipe and its libraries make on files, each in front of the
// kernel's. pwrite64 and its like are what SQLite calls.
#undef _FORTIFY_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// A write or read: of a file, or over a socket.
static struct shim_fault meet_fd(enum shim_class class, int fd)
{
    enum shim_kind kind = shim_fd_kind(fd);
    return shim_meet(kind == SHIM_SOCKET ? SHIM_net : class,
                     kind != SHIM_UNKNOWN);
}

// --- write ---

// `offset` -1: where the file is.
static ssize_t write_at(int fd, const void *bytes, size_t n, off_t offset)
{
    struct shim_fault fault = meet_fd(SHIM_write, fd);
    if (shim_fails(fault))
        return -1;
    n = shim_shortened(fault, n);
    bool log = shim_is_file(fd);
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
    if (!shim_is_file(fd) || count < 1)
        return syscall(SYS_writev, fd, pieces, count);
    struct iovec one = pieces[0];
    struct shim_fault fault = meet_fd(SHIM_write, fd);
    if (shim_fails(fault))
        return -1;
    if (fault.half) {
        one.iov_len = shim_shortened(fault, one.iov_len);
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

// Between two files, one of which may be far.
PUBLIC ssize_t copy_file_range(int from, off64_t *from_at, int to,
                               off64_t *to_at, size_t n, unsigned flags)
{
    struct shim_fault fault = shim_meet(SHIM_write, shim_is_file(to));
    if (shim_fails(fault))
        return -1;
    n = shim_shortened(fault, n);
    if (fault.counts)
        shim_log_begin();
    long copied =
        syscall(SYS_copy_file_range, from, from_at, to, to_at, n, flags);
    if (fault.counts && copied > 0 && shim_logs()) {
        long at =
            (to_at ? *to_at : syscall(SYS_lseek, to, 0, SEEK_CUR)) - copied;
        shim_log_copied(to, (uint64_t)at, (size_t)copied);
    }
    if (fault.counts)
        shim_log_end();
    return shim_done(fault, copied);
}

// --- read ---

static size_t at_most(int fd, size_t n)
{
    return shim_is_file(fd) && n > shim_read_most ? shim_read_most : n;
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
    struct shim_fault fault = shim_meet(SHIM_sync, shim_is_file(fd));
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
    if (shim_fails(fault) || shim_crosses(from_dir, from, to_dir, to))
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
    if (shim_fails(fault) || shim_crosses(from_dir, from, to_dir, to))
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

// --- size, map, lock ---

static int set_size(int fd, off_t size)
{
    struct shim_fault fault = shim_meet(SHIM_size, shim_is_file(fd));
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

// It returns what the others put into errno.
PUBLIC int posix_fallocate(int fd, off_t offset, off_t n)
{
    struct stat st;
    struct shim_fault fault = shim_meet(SHIM_size, shim_is_file(fd));
    if (fault.error)
        return fault.error;
    if (fault.counts)
        shim_log_begin();
    long result = syscall(SYS_fallocate, fd, 0, offset, n);
    int error = result == 0 ? 0 : errno;
    if (fault.counts && error == 0 && fstat(fd, &st) == 0)
        shim_log_path('t', fd, NULL, (uint64_t)st.st_size);
    if (fault.counts)
        shim_log_end();
    return (int)shim_done(fault, error);
}

static void *map(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    struct shim_fault fault = shim_meet(SHIM_map, shim_is_file(fd));
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
    struct shim_fault fault = shim_meet(SHIM_lock, shim_is_file(fd));
    if (shim_fails(fault))
        return -1;
    return (int)shim_done(fault, syscall(SYS_flock, fd, operation));
}

static int control(int fd, int command, void *argument)
{
    bool locks = command == F_SETLK || command == F_SETLKW;
    struct shim_fault fault = shim_meet(SHIM_lock, locks && shim_is_file(fd));
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
