/* target.h - where archived images go: a table of targets, one file each.
 *
 * An image passes through three steps. Workers stage it: written, hashed, not
 * yet visible. The recorder then settles a group of staged images (their data
 * survives a power cut) and publishes each under its name. What is staged but
 * never published leaves no trace, at the latest after the next _open. */
#ifndef IMP_ARCHIVE_TARGET_H
#define IMP_ARCHIVE_TARGET_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct imp_ctx;

/* An image that is written but not visible. Owned by whoever holds it, until
 * published or discarded; never outlives its target. */
struct imp_staged {
    struct imp_digest digest;
    uint64_t length;
    uint64_t serial; /* the target's own key: of its temporary */
};

/* Called for each object that a manifest must list, ordered by name as bytes.
 * False stops the walk. */
typedef bool (*imp_object_fn)(void *self, const char *name,
                              const struct imp_digest *digest, uint64_t length,
                              struct imp_err *err);

/* Called for each file of the payload; not `regular` if it is anything else
 * than a regular file, or its name is too long (it is cut then). False stops
 * the walk. */
typedef bool (*imp_file_fn)(void *self, const char *name, bool regular,
                            struct imp_err *err);

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
};

struct imp_target; /* each kind begins with it */

struct imp_target_ops {
    const char *scheme; /* "bag", as in bag:DIR */

    /* Make or open the archive at `where`, lock it against other runs, and
     * remove what an interrupted run left staged. If another run has the lock:
     * IMP_ERR_BUSY if `wait` is NULL; else wait for it until `wait` is
     * cancelled (IMP_ERR_CANCELLED). IMP_ERR_CONFIG if `where` holds something
     * else than an archive of ours. NULL with `err`. */
    struct imp_target *(*open)(const char *where, struct imp_ctx *wait,
                               struct imp_err *err);

    /* See imp_target_identity. */
    char *(*identity)(const char *where, struct imp_err *err);

    /* Any worker thread: write the pieces to a place that no reader sees.
     * `hasher` is the worker's own. On false nothing is left. */
    bool (*stage)(struct imp_target *t, struct imp_sha256 *hasher,
                  const struct iovec *pieces, size_t n, struct imp_staged *out,
                  struct imp_err *err);

    /* Recorder thread: make the data of `n` staged images durable. */
    bool (*settle)(struct imp_target *t, const struct imp_staged *const *group,
                   size_t n, struct imp_err *err);

    /* Recorder thread: give it its name, relative to the archive's payload
     * ("ab/cd/abcd....jpg"; see base/name.h). Nothing is ever overwritten: if
     * the name is taken by the same bytes, that is success; by others,
     * IMP_ERR_IO. The staged image is used up on success; on failure it is
     * still the caller's. */
    bool (*publish)(struct imp_target *t, const struct imp_staged *staged,
                    const char *name, struct imp_err *err);

    /* Recorder thread: make the names published since the last call durable. */
    bool (*settle_names)(struct imp_target *t, struct imp_err *err);

    /* Any thread: give up a staged image. */
    void (*discard)(struct imp_target *t, const struct imp_staged *staged);

    /* Recorder thread: take back, durably, a name that was published (perhaps
     * by an interrupted run) and that the ledger does not hold. Only what has
     * this digest is removed: a name that is not there, or that other bytes
     * have, is left alone, and that is success. */
    bool (*retract)(struct imp_target *t, const char *name,
                    const struct imp_digest *digest, struct imp_err *err);

    /* The digest of the archive's own list of its objects (the manifest), which
     * tells whether it is the one that the ledger knows. */
    bool (*listing)(struct imp_target *t, struct imp_digest *out, bool *present,
                    struct imp_err *err);

    /* Call `fn` for each object that the archive's own manifest lists: for a
     * ledger that does not know this manifest. IMP_ERR_IO if a listed object is
     * missing. */
    bool (*each)(struct imp_target *t, imp_object_fn fn, void *fn_self,
                 struct imp_err *err);

    /* Call `fn` for each file in the payload, listed or not, in no order. */
    bool (*walk)(struct imp_target *t, imp_file_fn fn, void *fn_self,
                 struct imp_err *err);

    /* Recorder thread: the digest of what a name holds now, and its length.
     * The next _settle_names makes both durable: who put them there may not
     * have. IMP_ERR_IO if it is no regular file. */
    bool (*hash)(struct imp_target *t, const char *name,
                 struct imp_digest *digest, uint64_t *length,
                 struct imp_err *err);

    /* At the end, on the recorder's thread or after it: write what lists the
     * whole (manifests), durably. `changed` is false if nothing was published
     * since the last clean end. */
    bool (*finish)(struct imp_target *t, const struct imp_objects *objects,
                   bool changed, struct imp_err *err);

    /* Without opening the archive, and so beside a run: read the object `name`
     * of the one at `where` into `out` (emptied first). IMP_ERR_IO if it is not
     * there, IMP_ERR_LIMIT if it has more than `most` bytes. */
    bool (*read)(const char *where, const char *name, uint64_t most,
                 struct imp_buf *out, struct imp_err *err);

    /* Remove what is still staged, unlock and free. Not NULL. */
    void (*free)(struct imp_target *t);
};

struct imp_target {
    const struct imp_target_ops *ops;
    bool empty;       /* when it was opened, it held no object */
    bool interrupted; /* and the run before was killed, whosever it was */
};

/* Ends with NULL. */
extern const struct imp_target_ops *const imp_targets[];

/* Open "SCHEME:WHERE", or a plain path as "bag:PATH". What stands before a
 * colon and has no slash is a scheme; IMP_ERR_CONFIG if it is not in the table.
 * So a path whose first part has a colon is written "./a:b" or "bag:a:b".
 * `wait` as in the ops' open. */
struct imp_target *imp_target_open(const char *spec, struct imp_ctx *wait,
                                   struct imp_err *err);

/* A target that hashes what it is given and keeps nothing: for a dry run. It
 * has no identity, listing or objects to walk. NULL without memory. */
struct imp_target *imp_target_new_nowhere(struct imp_err *err);

/* The ops' read, for a `spec`. */
bool imp_target_read(const char *spec, const char *name, uint64_t most,
                     struct imp_buf *out, struct imp_err *err);

/* Calls the ops' free; NULL is fine. */
void imp_target_free(struct imp_target *t);

/* The absolute path or URL that `spec` means: the same archive gives the same
 * text, whether it exists yet or not. The caller frees it. */
char *imp_target_identity(const char *spec, struct imp_err *err);

#endif
