/* bag.h - shared by to_bag.c (the target), bag_names.c (the payload's names),
 * bag_tags.c (the tag files) and bag_read.c (what a bag holds). */
#ifndef IMP_ARCHIVE_BAG_H
#define IMP_ARCHIVE_BAG_H

#include "archive/target.h"
#include "base/name.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Temporaries live here: outside data/, on the same file system. Also the mark
 * of a bag that is half made: it comes before bagit.txt. */
#define IMP_BAG_STAGING ".imgpipe-staging"

/* Up to so many directories or files are synced one by one; more, by syncfs. */
#define IMP_BAG_FEW 4

struct imp_bag {
    struct imp_target target; /* first: a target is cast to its bag */
    int root, data, staging;  /* descriptors; -1 if not open, as staging is in
                                 a bag that is only read */
    _Atomic uint64_t next_serial;
    char *where;       /* its path */
    bool syncfs_tells; /* syncfs reports write errors */
    bool unlisted;     /* data/ may have what no manifest lists: the staging
                          directory then stays as a sign of it */
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

static inline bool imp_bag_exists(int dirfd, const char *name)
{
    return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The directory `name` in `dirfd`, to be read and closed; a link is not
 * followed. NULL with errno. */
static inline DIR *imp_bag_opendir(int dirfd, const char *name)
{
    int fd =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

static inline bool imp_bag_is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The digest and length of all that `fd` still has to read; with bag->hasher.
 */
bool imp_bag_hash_fd(struct imp_bag *bag, int fd, struct imp_digest *digest,
                     uint64_t *length, struct imp_err *err);

/* fsync the file or directory `name` in `dirfd`. */
bool imp_bag_sync_below(int dirfd, const char *name, struct imp_err *err);

/* Open the tag file `name` to read; `*fd` is -1 if it is not there. IMP_ERR_IO
 * if it is no regular file: a FIFO would be waited for. */
bool imp_bag_open_tag(int root, const char *name, int *fd, struct imp_err *err);

/* Is the bag at `root` ours, or (WRITE) still empty? IMP_ERR_CONFIG if not. */
bool imp_bag_check(int root, enum imp_target_mode mode, struct imp_err *err);

/* Write bagit.txt unless it is there. */
bool imp_bag_declare(struct imp_bag *bag, struct imp_err *err);

/* The ops that have a file of their own. */
void imp_bag_discard(struct imp_target *t, struct imp_staged *staged);
void imp_bag_publish(struct imp_target *t, struct imp_publication *group,
                     size_t n);
bool imp_bag_settle_names(struct imp_target *t, struct imp_err *err);
bool imp_bag_owns(struct imp_target *t, const char *path, const char *name);
bool imp_bag_retract(struct imp_target *t, const struct imp_object *object,
                     struct imp_err *err);
bool imp_bag_finish(struct imp_target *t, const struct imp_objects *objects,
                    bool changed, struct imp_err *err);
bool imp_bag_listing(struct imp_target *t, struct imp_digest *out,
                     bool *present, struct imp_err *err);
bool imp_bag_walk(struct imp_target *t, imp_file_fn fn, void *fn_self,
                  struct imp_err *err);
bool imp_bag_read(struct imp_target *t, const struct imp_object *object,
                  uint64_t most, struct imp_buf *out, struct imp_err *err);
int imp_bag_file(struct imp_target *t, const struct imp_object *object,
                 struct imp_err *err);
bool imp_bag_stream(struct imp_target *t, const struct imp_object *object,
                    const struct imp_sink *sink, struct imp_err *err);
bool imp_bag_tag(struct imp_target *t, const char *name, size_t most,
                 struct imp_buf *out, struct imp_digest *digest, bool *present,
                 struct imp_err *err);
bool imp_bag_beside(struct imp_target *t, imp_name_fn fn, void *fn_self,
                    struct imp_err *err);
bool imp_bag_hash(struct imp_target *t, const struct imp_object *object,
                  struct imp_digest *digest, uint64_t *length,
                  struct imp_err *err);
bool imp_bag_each(struct imp_target *t, imp_object_fn fn, void *fn_self,
                  struct imp_err *err);

#endif
