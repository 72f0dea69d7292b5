/* ledger.h - what was done: an SQLite database in the state directory.
 *
 * It maps each input (by absolute path) to its outcome, and each outcome to an
 * object in the archive. It holds paths, so it never leaves the state directory
 * (mode 0700, files 0600).
 *
 * A `struct imp_ledger` belongs to one thread; a second thread opens its own
 * _reader. */
#ifndef IMP_LEDGER_LEDGER_H
#define IMP_LEDGER_LEDGER_H

#include "base/area.h"
#include "base/name.h"
#include "base/object.h"
#include "base/outcome.h"
#include "base/sha256.h"
#include "base/stamp.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_ctx;
struct imp_ledger; /* opaque */

/* Open or create the ledger in the directory `state` (made if missing), and
 * lock it against other runs. If another run has the lock: IMP_ERR_BUSY if
 * `wait` is NULL; else wait for it until `wait` is cancelled
 * (IMP_ERR_CANCELLED). IMP_ERR_CONFIG if others than its owner may enter
 * `state`, or if a newer imgpipe made the ledger. NULL with `err`. */
struct imp_ledger *imp_ledger_open(const char *state, struct imp_ctx *wait,
                                   struct imp_err *err);

/* A ledger that knows what the one in `state` does (NULL, or nothing there:
 * nothing), in a private directory below $TMPDIR that _free removes; `state` is
 * only read. For a dry run. `wait` as for _open. NULL with `err`. */
struct imp_ledger *imp_ledger_open_scratch(const char *state,
                                           struct imp_ctx *wait,
                                           struct imp_err *err);

/* A read-only view for another thread, made on the ledger's own. It sees what
 * was committed, at most IMP_LEDGER_READ_MANY calls of _known late. Free it
 * before its ledger. */
#define IMP_LEDGER_READ_MANY 256
struct imp_ledger *imp_ledger_reader(struct imp_ledger *l, struct imp_err *err);

/* Close, which unlocks; NULL is fine. */
void imp_ledger_free(struct imp_ledger *l);

/* Hold this ledger to one archive: the first call notes `identity` (of
 * imp_target_identity), later ones compare. IMP_ERR_CONFIG if it is another
 * archive, or if the archive is `empty` while the ledger holds objects: inputs
 * would be skipped that are archived nowhere. */
bool imp_ledger_bind(struct imp_ledger *l, const char *identity, bool empty,
                     struct imp_err *err);

/* --- runs --- */

/* How a run makes its outputs. */
struct imp_recipe {
    struct imp_digest digest; /* of policy, mark and name template */
    struct imp_digest policy; /* of the policy alone */
    const char *policy_text;  /* which imp_policy_parse reads; NULL: not kept */
    const char *mark;         /* template of the mark's text; NULL: no mark */
};

/* Note the start of a run. `*other_recipe` tells if an earlier run used another
 * recipe. */
bool imp_ledger_start_run(struct imp_ledger *l, const struct imp_recipe *recipe,
                          int64_t *run, bool *other_recipe,
                          struct imp_err *err);

/* Note its end, with the counts. */
bool imp_ledger_end_run(struct imp_ledger *l, int64_t run,
                        const uint64_t count[IMP_OUTCOMES],
                        struct imp_err *err);

/* Note a policy that something in the archive was made under by another ledger,
 * which has its text. */
bool imp_ledger_name_policy(struct imp_ledger *l,
                            const struct imp_digest *policy,
                            struct imp_err *err);

/* Walk the policies of the runs that archived something, of those that have not
 * ended, and the named ones, each once, ordered by digest. */
typedef bool (*imp_ledger_policy_fn)(void *self,
                                     const struct imp_digest *policy,
                                     struct imp_err *err);
bool imp_ledger_each_policy(struct imp_ledger *l, imp_ledger_policy_fn fn,
                            void *self, struct imp_err *err);

/* --- inputs --- */

struct imp_known {
    bool found;   /* the rest is set only then */
    bool changed; /* the file is not the one that was seen: size, inode or
                     modification time differ */
    bool touched; /* its change time is another, or none is known: it may have
                     been written to all the same, by one who sets times */
    enum imp_outcome outcome;
};

/* What is known of the input at `path` that has this stamp now? Made for
 * millions of calls. */
bool imp_ledger_known(struct imp_ledger *l, const char *path,
                      const struct imp_stamp *stamp, struct imp_known *out,
                      struct imp_err *err);

/* What is archived of an input. */
struct imp_archived {
    char name[IMP_NAME_MAX]; /* of the object */
    struct imp_digest digest;
    uint64_t length, place, stored; /* as in struct imp_object */
    bool changed;    /* the input is not the one that was archived any more */
    char format[16]; /* "jpeg" */
    char route[16];  /* how it was marked: "splice", ... "none" */
    struct imp_area mark;
};

/* Of the input at `path` that has this stamp now; `*found` is false if nothing
 * is. */
bool imp_ledger_archived(struct imp_ledger *l, const char *path,
                         const struct imp_stamp *stamp, bool *found,
                         struct imp_archived *out, struct imp_err *err);

/* --- objects --- */

/* Walk the objects ordered by name as bytes. */
typedef bool (*imp_ledger_object_fn)(void *self,
                                     const struct imp_object *object,
                                     struct imp_err *err);
bool imp_ledger_each_object(struct imp_ledger *l, imp_ledger_object_fn fn,
                            void *self, struct imp_err *err);

/* Has an object this name? Then `*digest` is its. */
bool imp_ledger_find_name(struct imp_ledger *l, const char *name, bool *found,
                          struct imp_digest *digest, struct imp_err *err);

/* Did a run that was interrupted mean to give this name to an object? Then
 * `*digest` is that one's. */
bool imp_ledger_find_intent(struct imp_ledger *l, const char *name, bool *found,
                            struct imp_digest *digest, struct imp_err *err);

/* Has an object this name, and this place in an archive that is one file? */
bool imp_ledger_has_at(struct imp_ledger *l, const struct imp_object *object,
                       bool *has, struct imp_err *err);

/* How many objects it holds. Takes as long as reading them. */
bool imp_ledger_count_objects(struct imp_ledger *l, uint64_t *n,
                              struct imp_err *err);

/* Take up all objects that `each` tells, in one transaction: those that the
 * archive has and this ledger may not know. Known ones are passed over;
 * IMP_ERR_CONFIG if one contradicts another (same name, other digest). `each`
 * may ask this ledger what it knows. */
bool imp_ledger_adopt(struct imp_ledger *l,
                      bool (*each)(void *self, imp_ledger_object_fn fn,
                                   void *fn_self, struct imp_err *err),
                      void *self, struct imp_err *err);

/* The object that lies last in an archive that is one file; its name into
 * `name`, which `*out` borrows. In others none is `*found`. */
bool imp_ledger_last_placed(struct imp_ledger *l, struct imp_object *out,
                            char name[IMP_NAME_MAX], bool *found,
                            struct imp_err *err);

/* --- agreement with the archive ---
 *
 * The archive's own list of its objects (its manifest) is known by its digest;
 * NULL: it has none. The ledger remembers the one that it last agreed with, so
 * that it notices what another ledger has written since. */

/* Is `listing` the one that this ledger agreed with? A new one has not. */
bool imp_ledger_agrees(struct imp_ledger *l, const struct imp_digest *listing,
                       bool *agrees, struct imp_err *err);

/* Agree with none, until one of the two below. */
bool imp_ledger_set_apart(struct imp_ledger *l, struct imp_err *err);

/* What the archive has besides `listing` may be more, and is taken up: agree,
 * be dirty, and forget the intents of interrupted runs. */
bool imp_ledger_set_taken_up(struct imp_ledger *l,
                             const struct imp_digest *listing,
                             struct imp_err *err);

/* `listing` was just written from this ledger: agree, and be clean. */
bool imp_ledger_set_clean(struct imp_ledger *l,
                          const struct imp_digest *listing,
                          struct imp_err *err);

/* From now on the listing may lack something that this ledger holds. */
bool imp_ledger_set_dirty(struct imp_ledger *l, struct imp_err *err);

/* May it? */
bool imp_ledger_dirty(struct imp_ledger *l, bool *dirty, struct imp_err *err);

#endif
