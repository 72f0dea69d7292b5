/* shim.h - faults in imgpipe's own calls: preloaded (LD_PRELOAD) by
 * campaign.py, never linked.
 *
 * Calls are counted by class, from the environment on:
 *   FAULT_ROOT=DIR       only what concerns files below DIR (absolute)
 *   FAULT_CLASS=A,B      the classes that are numbered, from 1 on
 *   FAULT_AT=N           what happens at number N ...
 *   FAULT_FROM=N         ... or from N on
 *   FAULT_DO=WHAT        kill: SIGKILL before the call; kill-after; kill-half:
 *                        after half of a write; short: half of a write; or a
 *                        number: the call fails with that errno
 *   FAULT_COUNT=FILE     at exit: "CLASS CALLS" for every class
 *   FAULT_LOG=FILE       each call that changes what a disk holds: see log.c
 *   FAULT_HOOK=CALL:NAME:N:COMMAND
 *                        before the Nth CALL (open or read) of a file of this
 *                        name, COMMAND is run by the shell, and waited for
 *   FAULT_FAR=DIR        what is below DIR is as if on another file system
 *   FAULT_READ_MOST=N    no read gives more bytes
 *
 * alloc counts only allocations by the text of imgpipe and of pixels.so
 * themselves: a library that gives up without memory is not ours to judge.
 *
 * Numbers are the same from run to run as far as threads allow: with --jobs 1
 * the producer, the one worker and the recorder still take turns as they like
 * until the last group is committed. A number that no call reaches does
 * nothing.
 *
 * Nothing here allocates; any thread may call. */
#ifndef IMP_TESTS_FAULT_SHIM_H
#define IMP_TESTS_FAULT_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Everything else is hidden from imgpipe. */
#define PUBLIC __attribute__((visibility("default")))

#define SHIM_CLASSES(ROW) \
    ROW(write)            \
    ROW(sync)             \
    ROW(name)             \
    ROW(open)             \
    ROW(create)           \
    ROW(mkdir)            \
    ROW(size)             \
    ROW(close)            \
    ROW(read)             \
    ROW(map)              \
    ROW(lock)             \
    ROW(net)              \
    ROW(thread)           \
    ROW(alloc)
#define SHIM_CLASS(name) SHIM_##name,
enum shim_class { SHIM_CLASSES(SHIM_CLASS) SHIM_CLASS_COUNT };
#undef SHIM_CLASS

/* What a call shall meet. All zero: nothing. */
struct shim_fault {
    bool counts; /* it concerns a file below FAULT_ROOT */
    int error;   /* fail with this, without doing anything */
    bool half;   /* of a write: do half of it */
    bool kill;   /* afterwards */
};

/* Count a call and decide; not back if it is killed before. */
struct shim_fault shim_meet(enum shim_class class, bool counts);

/* After the call: `result`, or the end. errno stays. */
long shim_done(struct shim_fault fault, long result);

/* If the call shall fail: errno is set. */
bool shim_fails(struct shim_fault fault);

/* How much of `n` bytes to write. */
static inline size_t shim_shortened(struct shim_fault fault, size_t n)
{
    return fault.half && n > 1 ? n / 2 : n;
}

/* --- what is below FAULT_ROOT --- */

enum shim_kind { SHIM_UNKNOWN, SHIM_FILE, SHIM_SOCKET };

enum shim_kind shim_fd_kind(int fd);
static inline bool shim_is_file(int fd)
{
    return shim_fd_kind(fd) == SHIM_FILE;
}

void shim_fd_is(int fd, enum shim_kind kind); /* negative: nothing */
bool shim_path_counts(int dirfd, const char *path);

/* Would a rename or link go from one file system to another? errno is set. */
bool shim_crosses(int from_dir, const char *from, int to_dir, const char *to);

/* The absolute path of `path` in `dirfd` (NULL: of `dirfd` itself); false if it
 * is none that counts. */
#define SHIM_PATH_MAX 4096
bool shim_path(int dirfd, const char *path, char out[SHIM_PATH_MAX]);

/* --- the rest of the environment --- */

extern size_t shim_read_most; /* SIZE_MAX: no limit */

/* Run the hook, if it is for this call on the file at `path`. */
void shim_hook(const char *call, const char *path);
void shim_hook_fd(const char *call, int fd);

/* --- the log --- */

/* Between the two, with no other logged call in between, the call is done and
 * told about. Without FAULT_LOG they do nothing. */
void shim_log_begin(void);
void shim_log_end(void);
bool shim_logs(void);

void shim_log_open(const char *file);
void shim_log_path(char op, int dirfd, const char *path, uint64_t number);
void shim_log_two(char op, int from_dir, const char *from, int to_dir,
                  const char *to);
void shim_log_data(int fd, uint64_t offset, const void *bytes, size_t n);
/* The same, of bytes that are read from the file, wherever it is open. */
void shim_log_copied(int fd, uint64_t offset, size_t n);

#endif
