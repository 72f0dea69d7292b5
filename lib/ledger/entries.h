/* entries.h - what the recorder writes into the ledger. Inside of the module:
 * all on the ledger's own thread, the put ones between _begin and _commit. */
#ifndef IMP_LEDGER_ENTRIES_H
#define IMP_LEDGER_ENTRIES_H

#include "base/name.h"
#include "ledger/db.h"
#include "ledger/journal.h"
#include "ledger/key.h"
#include "ledger/ledger.h"
#include "ledger/recorder.h"

#include <stdbool.h>
#include <stdint.h>

#define IMP_LEDGER_DATABASE "ledger.db"

struct imp_ledger {
    struct imp_db db;
    struct imp_keys *keys;       /* of paths */
    char *file;                  /* for readers */
    int dir;                     /* the state directory; -1 in a reader */
    struct imp_journal *journal; /* borrowed; NULL: no audit log is kept */
    char *scratch;               /* a directory to remove, or NULL */
    int lock;                    /* -1 in a reader */
    bool reader;
    unsigned looked_up; /* in the reader's open transaction; 0: none open */
    bool dirty;         /* known to be set in the ledger */
};

/* Open the state directory and check that it and the files in it are private.
 * -1 with `err`; errno is ENOENT if it is not there. */
int imp_ledger_open_state(const char *state, struct imp_err *err);

/* A reader of the ledger in a state directory that has been checked, beside a
 * run. Only what it holds is asked, so its schema may be an older one. */
struct imp_ledger *imp_ledger_look(const char *state, struct imp_err *err);

/* One that is not open yet, for those who open: imp_ledger_free. */
struct imp_ledger *imp_ledger_new(struct imp_err *err);

/* Remove a scratch directory of _open_scratch, and free its path. */
void imp_ledger_remove_scratch(char *path);

bool imp_ledger_begin(struct imp_ledger *l, struct imp_err *err);
bool imp_ledger_commit(struct imp_ledger *l, struct imp_err *err);
void imp_ledger_rollback(struct imp_ledger *l);

/* The statement with the key and the path of an input as its parameters 1 and
 * 2; `path` is borrowed until it is reset. NULL with `err`. */
struct sqlite3_stmt *imp_ledger_by_path(struct imp_ledger *l,
                                        enum imp_sql which, const char *path,
                                        struct imp_err *err);

/* Bring the `sum` of row `id` up to date, by one of IMP_SQL_SUM_...; in the
 * transaction that has changed the row. */
bool imp_ledger_put_sum(struct imp_ledger *l, enum imp_sql which, int64_t id,
                        struct imp_err *err);

/* The row of an object, by its name. */
struct imp_object_row {
    bool found;
    int64_t id;
    struct imp_digest digest;
};
bool imp_ledger_find_object(struct imp_ledger *l, const char *name,
                            struct imp_object_row *row, struct imp_err *err);

/* Can an object of this name be unpacked beside all others, also where imp_fold
 * makes two names one? Not if an object has the name, or that of a directory
 * that it lies in; if the name is a directory's; or if a directory that it lies
 * in is spelt otherwise elsewhere: two subjects' would become one. The name is
 * one that imp_name_check lets pass. `beside` is another of which the answer
 * was yes in this transaction: what is the directory of both is not asked about
 * again. NULL: there is none. */
bool imp_ledger_name_is_apart(struct imp_ledger *l, const char *name,
                              const char *beside, bool *apart,
                              struct imp_err *err);

bool imp_ledger_put_object(struct imp_ledger *l,
                           const struct imp_object *object,
                           struct imp_err *err);

/* The object `id` lies where `object` says, if that says so. */
bool imp_ledger_place_object(struct imp_ledger *l, int64_t id,
                             const struct imp_object *object,
                             struct imp_err *err);

/* What the row of an input says besides its result. */
struct imp_input_row {
    int64_t run;
    int64_t object;    /* only if it is archived or a duplicate */
    uint64_t seq;      /* of its line in the audit log; 0: none */
    int64_t at;        /* seconds since the epoch */
    const char *after; /* of its line; static or NULL */
};

/* The row of a result's input, new or changed; `*id` is its, or 0: nothing is
 * written for a SKIPPED one, nor for a CANCELLED one whose input has a row, nor
 * for a FAILED one whose input was archived in this form, or is not there. */
bool imp_ledger_put_input(struct imp_ledger *l, const struct imp_input_row *row,
                          const struct imp_result *r, int64_t *id,
                          struct imp_err *err);

/* The row of the input at `path`; 0: it has none. */
bool imp_ledger_input_id(struct imp_ledger *l, const char *path, int64_t *id,
                         struct imp_err *err);

/* What the line of a row says, from the current row of IMP_SQL_LINES_SINCE,
 * from which all is borrowed; `says` points into this struct. */
struct imp_journal_row {
    struct imp_audit_entry says;
    struct imp_digest object, policy;
};
bool imp_journal_row(struct sqlite3_stmt *s, struct imp_journal_row *row,
                     struct imp_err *err);

/* Note that `name` is about to appear with this digest. `*clash` instead if
 * there is an intent for the name with another digest. */
bool imp_ledger_put_intent(struct imp_ledger *l, const char *name,
                           const struct imp_digest *digest, bool *clash,
                           struct imp_err *err);
bool imp_ledger_drop_intent(struct imp_ledger *l, const char *name,
                            struct imp_err *err);

bool imp_ledger_drop_all_intents(struct imp_ledger *l, struct imp_err *err);

/* The intent that was noted last before `*id`, into all three; start with
 * INT64_MAX. */
bool imp_ledger_last_intent(struct imp_ledger *l, int64_t *id,
                            char name[IMP_NAME_MAX], struct imp_digest *digest,
                            bool *found, struct imp_err *err);

/* meta: a NULL value if the key is not there; the caller frees it. */
bool imp_ledger_get_meta(struct imp_ledger *l, const char *key, char **value,
                         struct imp_err *err);
bool imp_ledger_put_meta(struct imp_ledger *l, const char *key,
                         const char *value, struct imp_err *err);

#endif
