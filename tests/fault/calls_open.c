// Calls that open and close: what is below FAULT_ROOT is known from then on.
// __openat_2 and its like are what _FORTIFY_SOURCE makes of them.
#undef _FORTIFY_SOURCE
#include "shim.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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
    struct shim_fault fault = shim_meet(SHIM_close, shim_is_file(fd));
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
    struct shim_fault fault = shim_meet(SHIM_open, shim_is_file(fd));
    if (shim_fails(fault))
        return NULL;
    FILE *file = next(fd, mode);
    shim_done(fault, 0);
    return file;
}

PUBLIC DIR *fdopendir(int fd)
{
    DIR *(*next)(int) = (DIR * (*)(int)) dlsym(RTLD_NEXT, "fdopendir");
    struct shim_fault fault = shim_meet(SHIM_open, shim_is_file(fd));
    if (shim_fails(fault))
        return NULL;
    DIR *dir = next(fd);
    shim_done(fault, 0);
    return dir;
}
