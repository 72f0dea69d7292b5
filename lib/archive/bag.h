/* bag.h - shared by to_bag.c (the target), bag_names.c (the payload's
 * names) and bag_tags.c (the tag files). */
#ifndef IMP_ARCHIVE_BAG_H
#define IMP_ARCHIVE_BAG_H

#include "archive/target.h"
#include "base/name.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Temporaries live here: outside data/, on the same file system. Also the mark
 * of a bag that is half made: it comes before bagit.txt. */
#define IMP_BAG_STAGING ".imgpipe-staging"

/* Up to so many directories or files are synced one by one; more, by syncfs. */
#define IMP_BAG_FEW 4

struct imp_bag {
    struct imp_target target; /* first: a target is cast to its bag */
    int root, data, staging;  /* descriptors; -1 if not open */
    _Atomic uint64_t next_serial;
    bool syncfs_tells; /* syncfs reports write errors */
    /* The rest is the recorder thread's. */
    struct imp_sha256 *hasher;
    char touched[IMP_BAG_FEW][IMP_NAME_MAX]; /* directories with new names,
                                                below data/; "" is data/ */
    size_t n_touched; /* more than IMP_BAG_FEW: not all are listed */
};

extern const struct imp_target_ops imp_target_bag;

/* The temporary's name in the staging directory. */
struct imp_bag_temp {
    char s[24];
};

static inline struct imp_bag_temp imp_bag_temp(uint64_t serial)
{
    struct imp_bag_temp temp;
    snprintf(temp.s, sizeof temp.s, "%" PRIu64, serial);
    return temp;
}

/* fsync the file or directory `name` in `dirfd`. */
bool imp_bag_sync_below(int dirfd, const char *name, struct imp_err *err);

/* Is the bag at `root` ours, or still empty? IMP_ERR_CONFIG if not. */
bool imp_bag_check(int root, struct imp_err *err);

/* Write bagit.txt unless it is there. */
bool imp_bag_declare(struct imp_bag *bag, struct imp_err *err);

/* The ops that have a file of their own. */
void imp_bag_discard(struct imp_target *t, const struct imp_staged *staged);
bool imp_bag_publish(struct imp_target *t, const struct imp_staged *staged,
                     const char *name, struct imp_err *err);
bool imp_bag_settle_names(struct imp_target *t, struct imp_err *err);
bool imp_bag_retract(struct imp_target *t, const char *name,
                     const struct imp_digest *digest, struct imp_err *err);
bool imp_bag_finish(struct imp_target *t, const struct imp_objects *objects,
                    bool changed, struct imp_err *err);
bool imp_bag_each(struct imp_target *t, imp_object_fn fn, void *fn_self,
                  struct imp_err *err);

#endif
