/* stamp.h - tells whether a file is still the one that was seen before. */
#ifndef IMP_BASE_STAMP_H
#define IMP_BASE_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct imp_stamp {
    uint64_t size;
    uint64_t inode;
    int64_t mtime_ns; /* since the epoch */
    int64_t ctime_ns; /* the kernel's own: cannot be set, but changes with a
                         link or a mode, so it is not compared across runs */
};

/* A sender can set any time on a file: one that does not fit (after the year
 * 2262) counts as the last that does. */
static inline int64_t imp_time_ns(const struct timespec *t)
{
    int64_t ns;
    if (__builtin_mul_overflow((int64_t)t->tv_sec, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, (int64_t)t->tv_nsec, &ns))
        return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static inline struct imp_stamp imp_stamp_of(const struct stat *st)
{
    return (struct imp_stamp){
        .size = (uint64_t)st->st_size,
        .inode = (uint64_t)st->st_ino,
        .mtime_ns = imp_time_ns(&st->st_mtim),
        .ctime_ns = imp_time_ns(&st->st_ctim),
    };
}

/* The same content, as far as a stat can tell across runs. */
static inline bool imp_stamp_same_file(const struct imp_stamp *a,
                                       const struct imp_stamp *b)
{
    return a->size == b->size && a->inode == b->inode &&
           a->mtime_ns == b->mtime_ns;
}

/* Untouched between two looks in one run. */
static inline bool imp_stamp_untouched(const struct imp_stamp *a,
                                       const struct imp_stamp *b)
{
    return imp_stamp_same_file(a, b) && a->ctime_ns == b->ctime_ns;
}

#endif
