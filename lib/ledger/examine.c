#include "ledger/examine.h"

#include "base/file.h"
#include "ledger/entries.h"
#include "ledger/journal.h"
#include "ledger/reconcile.h"
#include "sync/context.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// --- Open ---

// So that memory does not grow with what is sorted.
#define SORT_ON_DISK "PRAGMA temp_store = FILE"

// One that was never used has no lock, or no database.
static bool open_lock(struct imp_ledger *l, bool *present, struct imp_err *err)
{
    l->lock = openat(l->dir, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    *present = l->lock >= 0;
    return *present || errno == ENOENT ||
           imp_fail_errno(err, "open the state directory's lock");
}

// `*copy`: it cannot be asked where it is.
static bool open_database(struct imp_ledger *l, const char *state, bool *copy,
                          struct imp_err *err)
{
    int64_t version;
    *copy =
        faccessat(l->dir, IMP_LEDGER_DATABASE, W_OK, 0) != 0 && errno == EROFS;
    if (*copy)
        return true;
    if (asprintf(&l->file, "%s/" IMP_LEDGER_DATABASE, state) < 0) {
        l->file = NULL;
        return imp_fail_errno(err, "ledger");
    }
    // Not as SQLite's read-only: that leaves its log's files behind. The first
    // question decides which state of the ledger is seen.
    if (!imp_db_open(&l->db, l->file, false, err) ||
        !imp_db_exec(&l->db, "PRAGMA query_only = ON", err) ||
        !imp_db_exec(&l->db, SORT_ON_DISK, err) ||
        !imp_db_begin_read(&l->db, err) ||
        !imp_db_number(&l->db, "PRAGMA user_version", &version, err))
        return false;
    if (version <= 0)
        return imp_fail(err, IMP_ERR_IO, "ledger of schema %" PRId64, version);
    *copy = version < IMP_LEDGER_SCHEMA;
    return *copy || imp_db_schema(&l->db, err);
}

// An empty one is what a crash at the very first start leaves.
static bool has_database(const struct imp_ledger *l)
{
    struct stat st;
    return fstatat(l->dir, IMP_LEDGER_DATABASE, &st, AT_SYMLINK_NOFOLLOW) ==
               0 &&
           st.st_size > 0;
}

static bool has_log(const struct imp_ledger *l)
{
    return faccessat(l->dir, IMP_AUDIT_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// None is there, or it was removed: the log is made after the ledger, and the
// lock before it.
static bool is_none(const struct imp_ledger *l, bool lock, struct imp_err *err)
{
    bool database = has_database(l), log = has_log(l);
    if (log && !database)
        return imp_fail(err, IMP_ERR_IO,
                        "it is missing, and its audit log is there");
    if ((log || database) && !lock)
        return imp_fail(err, IMP_ERR_IO,
                        "the state directory's lock is missing");
    return !database;
}

static bool open_locked(struct imp_ledger *l, const char *state,
                        struct imp_ctx *wait, bool *copy, struct imp_err *err)
{
    bool lock;
    struct imp_err why = {0};
    if (!open_lock(l, &lock, err))
        return false;
    if (lock && !imp_file_lock(l->lock, wait ? imp_ctx_pause : NULL, wait, err))
        return imp_wrap(err, "state directory");
    bool none = is_none(l, lock, &why);
    if (why.code)
        *err = why;
    bool ok = !none && !why.code && open_database(l, state, copy, err);
    if (lock)
        close(l->lock);
    l->lock = -1;
    return ok;
}

// Its lock and its log stay where they are.
static struct imp_ledger *open_copy(const char *state, struct imp_ctx *wait,
                                    struct imp_err *err)
{
    struct imp_ledger *l = imp_ledger_open_scratch(state, wait, err);
    bool ok = l && imp_db_exec(&l->db, SORT_ON_DISK, err);
    int dir = ok ? imp_ledger_open_state(state, err) : -1;
    if (dir < 0) {
        imp_ledger_free(l);
        return NULL;
    }
    close(l->dir);
    l->dir = dir;
    return l;
}

struct imp_ledger *imp_ledger_open_reading(const char *state,
                                           struct imp_ctx *wait,
                                           struct imp_err *err)
{
    bool copy = false;
    struct imp_ledger *l = imp_ledger_new(err);
    if (!l)
        return NULL;
    bool there = access(state, F_OK) == 0 || errno != ENOENT;
    l->dir = there ? imp_ledger_open_state(state, err) : -1;
    if (l->dir >= 0 && open_locked(l, state, wait, &copy, err) && !copy)
        return l;
    imp_ledger_free(l);
    return copy ? open_copy(state, wait, err) : NULL;
}

bool imp_ledger_in_use(const struct imp_ledger *l)
{
    struct imp_err err = {0};
    int lock = openat(l->dir, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool used = lock >= 0 && !imp_file_lock(lock, NULL, NULL, &err) &&
                err.code == IMP_ERR_BUSY;
    if (lock >= 0)
        close(lock);
    return used;
}

// --- What it says ---

bool imp_ledger_bound(struct imp_ledger *l, char **identity, bool *sound,
                      struct imp_err *err)
{
    bool row;
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_BOUND, err);
    *identity = NULL;
    *sound = false;
    if (!s || !imp_db_step(&l->db, s, &row, err))
        return false;
    if (!row)
        return true;
    const char *text = (const char *)sqlite3_column_text(s, 0);
    *identity = strdup(text ? text : "");
    *sound = sqlite3_column_int(s, 1) != 0;
    imp_db_done(s);
    return *identity || imp_fail_errno(err, "ledger");
}

bool imp_ledger_finished(struct imp_ledger *l, bool *finished,
                         struct imp_err *err)
{
    bool dirty;
    uint64_t intents;
    char *listing = NULL;
    if (!imp_ledger_dirty(l, &dirty, err) ||
        !imp_ledger_count_intents(l, &intents, err) ||
        !imp_ledger_get_meta(l, "listing", &listing, err))
        return false;
    // The digest of a manifest: there was one.
    *finished = !dirty && intents == 0 && listing &&
                strlen(listing) == IMP_SHA256_HEX - 1;
    free(listing);
    return true;
}

bool imp_ledger_count_intents(struct imp_ledger *l, uint64_t *n,
                              struct imp_err *err)
{
    bool row;
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_INTENTS, err);
    if (!s || !imp_db_step(&l->db, s, &row, err))
        return false;
    *n = (uint64_t)sqlite3_column_int64(s, 0);
    imp_db_done(s);
    return true;
}

bool imp_ledger_each_made(struct imp_ledger *l, imp_ledger_made_fn fn,
                          void *self, struct imp_err *err)
{
    bool row, ok;
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_EACH_MADE, err);
    if (!s)
        return false;
    while ((ok = imp_db_step(&l->db, s, &row, err)) && row) {
        struct imp_digest policy;
        const char *name = (const char *)sqlite3_column_text(s, 0);
        ok = imp_db_column_digest(s, 1, &policy, err) &&
             fn(self, name ? name : "", &policy,
                (const char *)sqlite3_column_text(s, 2), err);
        if (!ok)
            break;
    }
    imp_db_done(s);
    return ok;
}

bool imp_ledger_each_text(struct imp_ledger *l, imp_ledger_text_fn fn,
                          void *self, struct imp_err *err)
{
    bool row, ok;
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_EACH_TEXT, err);
    if (!s)
        return false;
    while ((ok = imp_db_step(&l->db, s, &row, err)) && row) {
        struct imp_digest policy;
        ok = imp_db_column_digest(s, 0, &policy, err) &&
             fn(self, &policy, (const char *)sqlite3_column_text(s, 1), err);
        if (!ok)
            break;
    }
    imp_db_done(s);
    return ok;
}

// --- What is wrong with it ---

struct examiner {
    struct imp_ledger *l;
    imp_ledger_fault_fn fn;
    void *self;
};

static void text_of(struct sqlite3_stmt *s, int at, char *out, size_t cap)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    snprintf(out, cap, "%s", text ? text : "?");
}

typedef bool (*describe_fn)(struct sqlite3_stmt *s, char *out, size_t cap);

// SQLite says "ok" if it has nothing to tell.
static bool describe_said(struct sqlite3_stmt *s, char *out, size_t cap)
{
    text_of(s, 0, out, cap);
    return strcmp(out, "ok") != 0;
}

static bool describe_reference(struct sqlite3_stmt *s, char *out, size_t cap)
{
    char table[40], parent[40];
    text_of(s, 0, table, sizeof table);
    text_of(s, 2, parent, sizeof parent);
    snprintf(out, cap, "%s row %" PRId64 ": what it refers to in %s is missing",
             table, (int64_t)sqlite3_column_int64(s, 1), parent);
    return true;
}

static bool describe_sum(struct sqlite3_stmt *s, char *out, size_t cap)
{
    char row[120];
    text_of(s, 0, row, sizeof row);
    snprintf(out, cap, "%s: the row's sum is another, it was changed", row);
    return true;
}

static bool tell_each(struct examiner *x, enum imp_sql which,
                      describe_fn describe, struct imp_err *err)
{
    bool row, ok;
    struct sqlite3_stmt *s = imp_db_get(&x->l->db, which, err);
    if (!s)
        return false;
    while ((ok = imp_db_step(&x->l->db, s, &row, err)) && row) {
        char what[200];
        if (describe(s, what, sizeof what) && !(ok = x->fn(x->self, what, err)))
            break;
    }
    imp_db_done(s);
    return ok;
}

bool imp_ledger_examine(struct imp_ledger *l, struct imp_ctx *ctx,
                        imp_ledger_fault_fn fn, void *self, struct imp_err *err)
{
    struct examiner x = {l, fn, self};
    imp_db_heed(&l->db, ctx);
    bool ok = tell_each(&x, IMP_SQL_PAGES, describe_said, err) &&
              tell_each(&x, IMP_SQL_REFERENCES, describe_reference, err) &&
              tell_each(&x, IMP_SQL_WRONG_SUMS, describe_sum, err) &&
              tell_each(&x, IMP_SQL_MISSING_ROWS, describe_said, err);
    imp_db_heed(&l->db, NULL);
    return ok;
}

// The ledger has a number before the log has its line, but for that of a run's
// end. It is asked again: a run may be going on.
static bool tell_older(struct imp_ledger *l,
                       const struct imp_audit_summary *log,
                       imp_audit_finding_fn fn, void *self, struct imp_err *err)
{
    struct imp_audit_mark expect;
    uint64_t highest;
    if (!imp_journal_expected(l, &expect, &highest, err))
        return false;
    if (log->last.seq <= highest + 1)
        return true;
    struct imp_audit_finding finding = {
        .fault = IMP_AUDIT_OTHER, .file = IMP_AUDIT_FILE, .seq = log->last.seq};
    snprintf(finding.text, sizeof finding.text,
             "the log ends with line %" PRIu64
             ", and the ledger has given %" PRIu64
             " numbers: it is older than its log",
             log->last.seq, highest);
    return fn(self, &finding, err);
}

static bool verify_log(struct imp_ledger *l,
                       const struct imp_audit_mark *expect, uint64_t highest,
                       struct imp_ctx *ctx, imp_ledger_fault_fn row,
                       imp_audit_finding_fn fn, void *self,
                       struct imp_audit_summary *out, struct imp_err *err)
{
    imp_db_heed(&l->db, ctx);
    struct imp_reconcile *r = imp_reconcile_new(l, highest, row, self, err);
    const struct imp_audit_reader reader = {r, imp_reconcile_line};
    bool ok =
        r &&
        imp_audit_verify_to(&reader, l->dir, expect, fn, self, ctx, out, err) &&
        imp_reconcile_end(r, err);
    imp_reconcile_free(r);
    imp_db_heed(&l->db, NULL);
    return ok;
}

bool imp_ledger_examine_log(struct imp_ledger *l, struct imp_ctx *ctx,
                            imp_ledger_fault_fn row, imp_audit_finding_fn fn,
                            void *self, bool *kept,
                            struct imp_audit_summary *out, struct imp_err *err)
{
    struct imp_audit_mark expect;
    uint64_t highest;
    *out = (struct imp_audit_summary){0};
    *kept = true;
    bool ok = imp_journal_expected(l, &expect, &highest, err);
    if (ok)
        *kept = highest > 0 || has_log(l); // not before schema 4
    ok = ok && (!*kept ||
                verify_log(l, &expect, highest, ctx, row, fn, self, out, err));
    imp_db_rollback(&l->db);
    return ok && (!*kept || tell_older(l, out, fn, self, err));
}
