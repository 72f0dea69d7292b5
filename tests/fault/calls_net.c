// Sockets and threads.
#undef _FORTIFY_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

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
    n = shim_shortened(fault, n);
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
