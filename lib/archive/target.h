/* target.h - where archived images go: a table of targets, one file each.
 *
 * Every archive is a BagIt bag (RFC 8493), whatever holds it: a directory, one
 * tar.gz file (RFC 8493 4), or the keys below a prefix in an S3 store.
 *
 * An image passes through three steps. Workers stage it: made ready, not yet
 * visible. The recorder then settles a group of staged images (their data
 * survives a power cut) and publishes them under their names. What is staged
 * but never published leaves no trace, at the latest after the next _open. */
#ifndef IMP_ARCHIVE_TARGET_H
#define IMP_ARCHIVE_TARGET_H

#include "archive/sink.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/object.h"
#include "base/sha256.h"
#include "base/terms.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct imp_ctx;

/* How to reach an S3 store; for other archives all of it is NULL. Borrowed. */
struct imp_s3_access {
    const char *endpoint; /* "https://host:port"; NULL: AWS of the region */
    const char *region;   /* NULL: us-east-1 */
    bool path_style;      /* BUCKET in the path, not in the host's name */
    const char *key_file; /* of mode 0600; NULL: the environment has the keys */
    struct imp_ctx *stop; /* its cancel ends what waits for the store; NULL:
                             nothing does, before it gives up by itself */
};

/* Where an archive is. Borrowed by whoever is given it. */
struct imp_archive_at {
    const char *spec; /* "SCHEME:WHERE"; a plain path means "bag:PATH" */
    struct imp_s3_access s3;
};

/* What a worker has staged and the recorder publishes or discards. */
struct imp_staged {
    uint64_t serial; /* the target's own key: of its temporary */
    void *held;      /* the target's own memory, or NULL */
};

/* One image on its way to its name. */
struct imp_publication {
    struct imp_staged *staged;
    struct imp_object object; /* `place` and `stored` are the target's to set */
    struct imp_err err;       /* IMP_OK: it is visible, and `staged` used up */
};

/* Called for each object that a manifest must list, ordered by name as bytes.
 * False stops the walk. */
typedef bool (*imp_object_fn)(void *self, const struct imp_object *object,
                              struct imp_err *err);

/* Called for each file of the payload, of which name, place and stored are
 * known; not `regular` if it is anything else than a regular file, or its name
 * is too long (it is cut then). False stops the walk. */
typedef bool (*imp_file_fn)(void *self, const struct imp_object *file,
                            bool regular, struct imp_err *err);

/* Called for each name, perhaps a stranger's. False stops the walk. */
typedef bool (*imp_name_fn)(void *self, const char *name, struct imp_err *err);

/* Called for each policy that a manifest must name. False stops the walk. */
typedef bool (*imp_policy_fn)(void *self, const struct imp_digest *policy,
                              struct imp_err *err);

/* The ledger's side of _finish, so that targets know no ledger. */
struct imp_objects {
    void *self;
    /* Call `fn` for every object in the archive, ordered by name. */
    bool (*each)(void *self, imp_object_fn fn, void *fn_self,
                 struct imp_err *err);
    /* Call `fn` for the digest of each policy that the ledger's runs had,
     * ordered by digest; NULL: not known. */
    bool (*each_policy)(void *self, imp_policy_fn fn, void *fn_self,
                        struct imp_err *err);
    struct imp_terms terms; /* that a manifest must name */
};

enum imp_target_mode {
    IMP_TARGET_WRITE, /* for a run */
    IMP_TARGET_READ,  /* beside runs: no lock, nothing is made or removed; only
                         listing, each, walk, hash, read, stream, tag, beside,
                         check_end and free are called. What is wrong in tag
                         files is no reason to refuse: it is to be found out */
};

struct imp_target; /* each kind begins with it */

#define IMP_TARGET_END_MAX 160

struct imp_target_ops {
    const char *scheme; /* "bag", as in bag:DIR */

    /* Objects are to be published in the order of their inputs, whichever
     * worker was faster: it decides about the archive's bytes. */
    bool ordered;

    /* What is staged is a file that nobody has open: it takes neither memory
     * nor a descriptor, so that many may wait. */
    bool stages_files;

    /* The file or directory at the top of the bag by which it is known that a
     * run was killed, or has the archive: it is there then, or (S3) missing.
     * NULL: there is no such thing. */
    const char *sign;

    /* Make or open the archive at `where`, lock it against other runs, and
     * remove what an interrupted run left staged. If another run has the lock:
     * IMP_ERR_BUSY if `wait` is NULL; else wait for it until `wait` is
     * cancelled (IMP_ERR_CANCELLED), which also ends waiting for a store, then
     * and later. IMP_ERR_CONFIG if `where` holds something else than an archive
     * of ours, or (READ) nothing. NULL with `err`. */
    struct imp_target *(*open)(const char *where,
                               const struct imp_archive_at *at,
                               enum imp_target_mode mode, struct imp_ctx *wait,
                               struct imp_err *err);

    /* See imp_target_identity. */
    char *(*identity)(const char *where, const struct imp_archive_at *at,
                      struct imp_err *err);

    /* All that the ledger knows lies before the end of `last` (NULL: it knows
     * none); behind it an interrupted run may have left something. Once, before
     * anything but `listing`. IMP_ERR_CONFIG if the archive does not have it
     * there. NULL where no object lies behind another. */
    bool (*resume)(struct imp_target *t, const struct imp_object *last,
                   struct imp_err *err);

    /* Any worker thread: make the pieces, whose name, digest and length
     * `object` has, ready where no reader sees them. On false nothing is left.
     */
    bool (*stage)(struct imp_target *t, const struct imp_object *object,
                  const struct iovec *pieces, size_t n, struct imp_staged *out,
                  struct imp_err *err);

    /* Recorder thread, at the start of each group: make the data of `n` staged
     * images durable, as far as it can be before they have names. */
    bool (*settle)(struct imp_target *t, const struct imp_staged *const *group,
                   size_t n, struct imp_err *err);

    /* Recorder thread: give each its name, relative to the archive's payload
     * ("ab/cd/abcd....jpg"; see base/name.h); in this order, if `ordered`.
     * Nothing is ever overwritten: if the name is taken by the same bytes, that
     * is success; by others, IMP_ERR_IO. (In an archive that is one file no
     * name is looked for: the ledger, which holds all of them, has done that.)
     * One that fails does not keep the others back. What is staged is used up
     * on success; on failure it is still the caller's. */
    void (*publish)(struct imp_target *t, struct imp_publication *group,
                    size_t n);

    /* Recorder thread: make the names published since the last call durable. */
    bool (*settle_names)(struct imp_target *t, struct imp_err *err);

    /* Any thread: give up a staged image. */
    void (*discard)(struct imp_target *t, struct imp_staged *staged);

    /* Recorder thread: take back, durably, a name that was published and that
     * the ledger does not hold; of several, the one published last comes first.
     * Only what has this digest is removed: a name that is not there, or that
     * other bytes have, is left alone, and that is success. So is, in an
     * archive that is one file, what has something behind it. Only name and
     * digest of `object` are set. */
    bool (*retract)(struct imp_target *t, const struct imp_object *object,
                    struct imp_err *err);

    /* Recorder thread, behind `resume`: of an object that an interrupted run
     * was about to publish and that the ledger does not hold, the last first,
     * remove what could not be taken up: parts of it, or all of it if it lies
     * behind something torn. A whole one stays: another ledger may have taken
     * it up since. NULL: `open` has done all that is to be done. */
    bool (*recover)(struct imp_target *t, const struct imp_object *object,
                    struct imp_err *err);

    /* Recorder thread: is the file at `path` (absolute) a file of the archive,
     * reached by whatever way? `name` is that of the object that it became.
     * NULL where no object is a file. */
    bool (*owns)(struct imp_target *t, const char *path, const char *name);

    /* The digest of the archive's own list of its objects (the manifest, and
     * the index where there are places), which tells whether it is the one that
     * the ledger knows. */
    bool (*listing)(struct imp_target *t, struct imp_digest *out, bool *present,
                    struct imp_err *err);

    /* Call `fn` for each object that the archive's own manifest lists: for a
     * ledger that does not know this manifest. IMP_ERR_IO if a listed object is
     * missing; READ tells it with a length of 0, and goes on. */
    bool (*each)(struct imp_target *t, imp_object_fn fn, void *fn_self,
                 struct imp_err *err);

    /* Call `fn` for each file in the payload, listed or not, in no order. */
    bool (*walk)(struct imp_target *t, imp_file_fn fn, void *fn_self,
                 struct imp_err *err);

    /* Recorder thread: the digest and length of what is there now, by name and
     * place. The next _settle_names makes both durable: who put them there may
     * not have. IMP_ERR_IO if it is no regular file, IMP_ERR_LIMIT if a store
     * sends more than the object's length, which its list has told. */
    bool (*hash)(struct imp_target *t, const struct imp_object *object,
                 struct imp_digest *digest, uint64_t *length,
                 struct imp_err *err);

    /* Any thread, several at once: read what is there, by name and place, into
     * `out` (emptied first). IMP_ERR_IO if it is not there, IMP_ERR_DAMAGED if
     * what holds it is, IMP_ERR_LIMIT if it has more than `most` bytes. */
    bool (*read)(struct imp_target *t, const struct imp_object *object,
                 uint64_t most, struct imp_buf *out, struct imp_err *err);

    /* Any thread, several at once: the same, of whatever length, into `sink`.
     * False also if the sink says so. Only on true was what it got right. */
    bool (*stream)(struct imp_target *t, const struct imp_object *object,
                   const struct imp_sink *sink, struct imp_err *err);

    /* Any thread: open, to read, the file that the object is, by name; a
     * regular one, or IMP_ERR_IO. The caller closes it; -1 with `err`. NULL
     * where no object is a file: see imp_target_fetch. */
    int (*file)(struct imp_target *t, const struct imp_object *object,
                struct imp_err *err);

    /* READ, or before the first image, one thread: a tag file ("bag-info.txt"):
     * the digest of all of it, and its first `most` bytes in `out` (emptied
     * first). `*present` is false if there is none. */
    bool (*tag)(struct imp_target *t, const char *name, size_t most,
                struct imp_buf *out, struct imp_digest *digest, bool *present,
                struct imp_err *err);

    /* READ: call `fn` for what lies at the top of the bag and no run puts
     * there, in no order. NULL: there is no such thing. */
    bool (*beside)(struct imp_target *t, imp_name_fn fn, void *fn_self,
                   struct imp_err *err);

    /* READ, one thread: does an archive that is one file end as a finished run
     * leaves it? If not, `what` says so in words, "the archive has ...", and no
     * tag file is to be found; else it is empty. NULL: it is no one file. */
    bool (*check_end)(struct imp_target *t, char what[IMP_TARGET_END_MAX],
                      struct imp_err *err);

    /* At the end, on the recorder's thread or after it: write what lists the
     * whole (manifests), durably. `changed` is false if nothing was published
     * since the last clean end. */
    bool (*finish)(struct imp_target *t, const struct imp_objects *objects,
                   bool changed, struct imp_err *err);

    /* Remove what is still staged, unlock and free. Not NULL. */
    void (*free)(struct imp_target *t);
};

struct imp_target {
    const struct imp_target_ops *ops;
    bool empty;       /* when it was opened, it held no object */
    bool interrupted; /* and the run before was killed, whosever it was; READ:
                         or a run has it now */
};

/* The ops' identity, for a target that is a file or a directory. */
char *imp_target_path(const char *where, const struct imp_archive_at *at,
                      struct imp_err *err);

/* Ends with NULL. */
extern const struct imp_target_ops *const imp_targets[];

/* Open the archive at `at`: "SCHEME:WHERE", or a plain path as "bag:PATH". What
 * stands before a colon and has no slash is a scheme; IMP_ERR_CONFIG if it is
 * not in the table. So a path whose first part has a colon is written "./a:b"
 * or "bag:a:b". `mode` and `wait` as in the ops' open. */
struct imp_target *imp_target_open(const struct imp_archive_at *at,
                                   enum imp_target_mode mode,
                                   struct imp_ctx *wait, struct imp_err *err);

/* A target that keeps nothing: for a dry run. It has no identity, listing or
 * objects to walk. NULL without memory. */
struct imp_target *imp_target_new_nowhere(struct imp_err *err);

/* Any thread: a file that has what is there, to be mapped, as an object may be
 * larger than memory: the object itself or, where none is a file, a copy
 * without a name, which has `most` bytes at most (IMP_ERR_LIMIT). The caller
 * closes it; -1 with `err`. */
int imp_target_fetch(struct imp_target *t, const struct imp_object *object,
                     uint64_t most, struct imp_err *err);

/* Calls the ops' free; NULL is fine. */
void imp_target_free(struct imp_target *t);

/* The absolute path or URL that `at` means: the same archive gives the same
 * text, whether it exists yet or not. A path begins with a slash, and nothing
 * else does. The caller frees it. */
char *imp_target_identity(const struct imp_archive_at *at, struct imp_err *err);

#endif
