// Counting, and deciding what a call shall meet. The calls are in calls.c.
#undef _FORTIFY_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What FAULT_DO names; a number is an errno.
enum what { NOTHING, KILL, KILL_AFTER, KILL_HALF, SHORT, ERROR };

static struct {
    char root[SHIM_PATH_MAX];
    size_t root_len;
    bool numbered[SHIM_CLASS_COUNT];
    unsigned long at, from; // 0: never
    enum what what;
    int error;
    const char *count_file;
} plan;

static atomic_ulong calls[SHIM_CLASS_COUNT];
static atomic_ulong number; // of those in a numbered class

#define FDS 4096
static _Atomic unsigned char fds[FDS];

size_t shim_read_most = SIZE_MAX;

#define SHIM_CLASS_NAME(name) #name,
static const char *const class_names[] = {SHIM_CLASSES(SHIM_CLASS_NAME)};

// --- The plan ---

static unsigned long number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text ? strtoul(text, NULL, 10) : 0;
}

static bool lists(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += n)
        if ((at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return false;
}

static void read_what(const char *text)
{
    static const char *const words[] = {
        [KILL] = "kill",
        [KILL_AFTER] = "kill-after",
        [KILL_HALF] = "kill-half",
        [SHORT] = "short",
    };
    for (enum what w = KILL; w <= SHORT; w++)
        if (strcmp(text, words[w]) == 0)
            plan.what = w;
    if (plan.what == NOTHING) {
        plan.what = ERROR;
        plan.error = (int)strtol(text, NULL, 10);
    }
}

__attribute__((constructor)) static void read_plan(void)
{
    const char *root = getenv("FAULT_ROOT"), *list = getenv("FAULT_CLASS");
    const char *what = getenv("FAULT_DO"), *log = getenv("FAULT_LOG");
    if (root && strlen(root) < sizeof plan.root) {
        plan.root_len = strlen(root);
        memcpy(plan.root, root, plan.root_len + 1);
    }
    for (int i = 0; list && i < SHIM_CLASS_COUNT; i++)
        plan.numbered[i] = lists(list, class_names[i]);
    plan.at = number_of("FAULT_AT");
    plan.from = number_of("FAULT_FROM");
    plan.count_file = getenv("FAULT_COUNT");
    if (what)
        read_what(what);
    if (log)
        shim_log_open(log);
    if (number_of("FAULT_READ_MOST"))
        shim_read_most = number_of("FAULT_READ_MOST");
}

__attribute__((destructor)) static void tell_counts(void)
{
    char line[100];
    if (!plan.count_file)
        return;
    long fd = syscall(SYS_openat, AT_FDCWD, plan.count_file,
                      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (int i = 0; i < SHIM_CLASS_COUNT; i++) {
        int n = snprintf(line, sizeof line, "%s %lu\n", class_names[i],
                         atomic_load(&calls[i]));
        syscall(SYS_write, fd, line, (size_t)n);
    }
    syscall(SYS_close, fd);
}

// --- A call ---

static void die(void)
{
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;)
        pause();
}

struct shim_fault shim_meet(enum shim_class class, bool counts)
{
    struct shim_fault fault = {.counts = counts};
    if (!counts)
        return fault;
    atomic_fetch_add(&calls[class], 1);
    if (!plan.numbered[class] || plan.what == NOTHING)
        return fault;
    unsigned long n = atomic_fetch_add(&number, 1) + 1;
    if (n != plan.at && (plan.from == 0 || n < plan.from))
        return fault;
    if (plan.what == KILL)
        die();
    fault.error = plan.error;
    fault.half = plan.what == KILL_HALF || plan.what == SHORT;
    fault.kill = plan.what == KILL_HALF || plan.what == KILL_AFTER;
    return fault;
}

long shim_done(struct shim_fault fault, long result)
{
    if (fault.kill)
        die();
    return result;
}

bool shim_fails(struct shim_fault fault)
{
    if (fault.error)
        errno = fault.error;
    return fault.error != 0;
}

// --- What is below the root ---

enum shim_kind shim_fd_kind(int fd)
{
    return fd >= 0 && fd < FDS ? atomic_load(&fds[fd]) : SHIM_UNKNOWN;
}

void shim_fd_is(int fd, enum shim_kind kind)
{
    if (fd >= 0 && fd < FDS)
        atomic_store(&fds[fd], (unsigned char)kind);
}

static bool below_root(const char *path)
{
    return plan.root_len && strncmp(path, plan.root, plan.root_len) == 0 &&
           (path[plan.root_len] == '/' || path[plan.root_len] == '\0');
}

bool shim_path_counts(int dirfd, const char *path)
{
    if (path[0] == '/')
        return below_root(path);
    return shim_fd_kind(dirfd) == SHIM_FILE;
}

bool shim_path(int dirfd, const char *path, char out[SHIM_PATH_MAX])
{
    char link[40];
    if (path && path[0] == '/') {
        snprintf(out, SHIM_PATH_MAX, "%s", path);
        return below_root(out);
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
    long n = syscall(SYS_readlink, link, out, SHIM_PATH_MAX - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    if (path && strcmp(path, ".") != 0)
        snprintf(out + n, (size_t)(SHIM_PATH_MAX - n), "/%s", path);
    return below_root(out);
}

static bool is_far(int dirfd, const char *path, const char *far)
{
    char full[SHIM_PATH_MAX];
    return shim_path(dirfd, path, full) &&
           strncmp(full, far, strlen(far)) == 0 &&
           (full[strlen(far)] == '/' || full[strlen(far)] == '\0');
}

bool shim_crosses(int from_dir, const char *from, int to_dir, const char *to)
{
    const char *far = getenv("FAULT_FAR");
    if (!far || is_far(from_dir, from, far) == is_far(to_dir, to, far))
        return false;
    errno = EXDEV;
    return true;
}

// --- The hook ---

// CALL:NAME:N:COMMAND, cut at its colons into what is left of it.
static bool field(const char **text, char *out, size_t cap)
{
    size_t n = strcspn(*text, ":");
    if ((*text)[n] != ':' || n >= cap)
        return false;
    memcpy(out, *text, n);
    out[n] = '\0';
    *text += n + 1;
    return true;
}

static void run(const char *command)
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    char *envp[] = {"PATH=/usr/bin:/bin", NULL};
    pid_t pid;
    int status;
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, envp) == 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
}

void shim_hook(const char *call, const char *path)
{
    static atomic_ulong seen;
    char what[16], name[256], count[16];
    const char *hook = getenv("FAULT_HOOK");
    if (!hook || !field(&hook, what, sizeof what) ||
        !field(&hook, name, sizeof name) || !field(&hook, count, sizeof count))
        return;
    const char *slash = strrchr(path, '/');
    if (strcmp(what, call) == 0 &&
        strcmp(slash ? slash + 1 : path, name) == 0 &&
        atomic_fetch_add(&seen, 1) + 1 == strtoul(count, NULL, 10))
        run(hook);
}

void shim_hook_fd(const char *call, int fd)
{
    char path[SHIM_PATH_MAX];
    if (getenv("FAULT_HOOK") && shim_path(fd, NULL, path))
        shim_hook(call, path);
}
