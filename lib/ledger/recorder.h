/* recorder.h - makes results durable, in groups, in an order that no crash
 * can turn into a lie.
 *
 * One thread receives results and commits them in groups:
 *   1. the data of all staged images is made durable;
 *   2. the ledger notes the names about to appear (the intent), and whom
 *      codes in them stand for;
 *   3. each image becomes visible under its name, and the names durable;
 *   4. the ledger transaction: objects and inputs in, intents out;
 *   5. their lines in the audit log (see journal.h), if one is kept.
 * A crash before 2 leaves staged files that the target sweeps; between 2 and 4
 * names that the next start takes up as objects: so the ledger never claims
 * what the disk does not hold, and nothing stays visible that the ledger does
 * not know. Nothing is taken back then: another ledger may have taken it up in
 * between, and have let its source go.
 *
 * A step that fails: 1, 2: nothing is visible, the images are discarded. 3: an
 * image that cannot be published fails alone; if the names cannot be made
 * durable, all are retracted. What cannot be retracted keeps its intent. 4:
 * whether SQLite's failed commit comes to light again after a crash is not
 * known, so the names stay, and the next start takes them up. 5: the same; the
 * next start writes the lines.
 *
 * The recorder knows no archive: it is handed functions. */
#ifndef IMP_LEDGER_RECORDER_H
#define IMP_LEDGER_RECORDER_H

#include "base/area.h"
#include "base/name.h"
#include "base/outcome.h"
#include "base/sha256.h"
#include "base/stamp.h"
#include "ledger/ledger.h"
#include "ledger/subjects.h"
#include "sync/chan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of one input, made by a worker, freed by the recorder.
 *
 * All but SKIPPED ones get a row in the ledger; a CANCELLED one only if the
 * input has none yet, and a FAILED one not in the place of one that says that
 * the file, in this form or until it left, was archived. */
struct imp_result {
    char *path;               /* absolute; the ledger's key */
    uint64_t number;          /* of the job */
    size_t root_len;          /* of the path: as in struct imp_job */
    struct imp_stamp stamp;   /* of the bytes that were read */
    enum imp_outcome outcome; /* ARCHIVED until the recorder knows better; a
                                 worker never says DUPLICATE */
    struct imp_err err;       /* the reason, unless archived */
    const char *skip;         /* static; only if SKIPPED: why. It was archived
                                 before, and `after` is still to be done */
    const char *format;       /* static; NULL if not recognised */
    const char *route;        /* static: how it was marked, "splice",
                                 "coefficients", "pixels", or "none" */
    struct imp_area mark;
    uint64_t bytes_in;
    char *removed; /* the names of the parts that went, each but the last
                      followed by a newline; owned; NULL: none */
    char *subject; /* the key of whose it is; owned; NULL: not known */
    bool made_code;
    char code[IMP_CODE_ROOM]; /* of the subject, if there is one */
    bool keyed;               /* UIDs in it were made with the key */
    /* Only if ARCHIVED: */
    char name[IMP_NAME_MAX]; /* of two results with one name and digest either
                                may win; of two with another digest each, one
                                fails */
    struct imp_digest digest;
    uint64_t length;
    uint64_t place, stored; /* as in struct imp_object; told by publish */
    void *staged; /* the target's; published or discarded by the recorder; NULL:
                     the ledger has an object of this name and digest */
};

/* Copies `path`; NULL without memory. */
struct imp_result *imp_result_new(const char *path);
void imp_result_free(struct imp_result *r); /* not `staged`; NULL is fine */

/* Handed in by pipeline/; a fault test hands in ones that fail. All run on the
 * recorder's thread and mean what struct imp_target_ops says. */
struct imp_commit_ops {
    void *self;
    bool (*settle)(void *self, struct imp_result *const *group, size_t n,
                   struct imp_err *err);
    /* For each of the group, in the order in which they came: `why[i]` stays as
     * it is if it is visible, `staged` is used up then and set to NULL by the
     * recorder; else it says why not, and `staged` will be discarded. */
    void (*publish)(void *self, struct imp_result *const *group, size_t n,
                    struct imp_err *why);
    bool (*settle_names)(void *self, struct imp_err *err);
    /* Frees `r->staged`; the recorder sets it to NULL. */
    void (*discard)(void *self, struct imp_result *r);
    /* Take back a name that may be visible, if it has this digest; of several,
     * the last one first. */
    bool (*retract)(void *self, const struct imp_object *object,
                    struct imp_err *err);
    /* Told once for each result, after its outcome is final and, if it has a
     * row in the ledger, durable, as is its line in the audit log. So this is
     * the place to leave a source. `r` is freed on return. */
    void (*done)(void *self, const struct imp_result *r);
};

/* When a group is committed: at so many results (1 at least), so many staged
 * bytes, or so long after its first result. */
struct imp_group_limits {
    size_t results;
    uint64_t bytes;
    int64_t ms;
};
struct imp_group_limits imp_group_limits_default(void);

/* Tell `fn` each name that an interrupted run may have left visible and has not
 * recorded, the last one first; but not what is an object by now, taken up from
 * the archive's listing. Before the first result. */
typedef bool (*imp_recover_fn)(void *self, const struct imp_object *object,
                               struct imp_err *err);
bool imp_recorder_recover(struct imp_ledger *ledger, imp_recover_fn fn,
                          void *self, struct imp_err *err);

/* What the recorder writes into, and as whose. */
struct imp_record {
    struct imp_ledger *ledger;
    int64_t run;
    const struct imp_digest *policy; /* of the run, for the audit log */
    struct imp_terms terms; /* which the ledger is held to from the first
                               subject on; to the key from the first image
                               that is keyed, too */
    const char *after; /* what is to become of sources that are archived, for
                          the audit log: "move", "delete"; NULL: they stay */
};

/* Receive `struct imp_result *` until the channel is closed; commit them all.
 * Takes each result. A duplicate (same name and digest in the ledger, or
 * earlier in the run) is discarded and recorded as such. If a commit fails, the
 * group's images become FAILED with the reason and their staged data is
 * discarded; the run goes on. False, with `err`, if the ledger itself cannot be
 * written: from then on results are still received, become FAILED and are
 * discarded, so that no sender blocks; a manifest must not be written then.
 * Only the closing of the channel ends it. */
bool imp_recorder_run(const struct imp_record *record,
                      struct imp_chan_rx results,
                      const struct imp_commit_ops *ops,
                      const struct imp_group_limits *limits,
                      struct imp_err *err);

#endif
