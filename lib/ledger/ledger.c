#include "ledger/ledger.h"

#include "base/file.h"
#include "base/place.h"
#include "ledger/entries.h"
#include "sync/context.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DATABASE IMP_LEDGER_DATABASE
#define LOCK "lock"

// --- Open and free ---

// What is in the state directory and ours.
static const char *const files[] = {DATABASE, DATABASE "-wal", DATABASE "-shm",
                                    LOCK};

// It holds paths, so nobody else may look in. A directory that we make is
// private; one that was there is the user's to close.
static bool make_state(const char *state, struct imp_err *err)
{
    return imp_dir_make_private(state, err) || imp_wrap(err, "state directory");
}

// Nor may its files be open to others, of whom one may have put them there.
int imp_ledger_open_state(const char *state, struct imp_err *err)
{
    int dir = imp_dir_open_private(state, err);
    if (dir < 0)
        imp_wrap(err, "state directory");
    for (size_t i = 0; dir >= 0 && i < sizeof files / sizeof *files; i++) {
        if (imp_file_private_at(dir, files[i], err))
            continue;
        imp_wrap(err, "state directory: %s", files[i]);
        close(dir);
        errno = EPERM;
        return -1;
    }
    return dir;
}

static bool lock(struct imp_ledger *l, int dir, struct imp_ctx *wait,
                 struct imp_err *err)
{
    l->lock = imp_file_open_private(dir, LOCK, O_RDWR | O_CREAT, err);
    if (l->lock < 0)
        return imp_wrap(err, "state directory: " LOCK);
    return imp_file_lock(l->lock, wait ? imp_ctx_pause : NULL, wait, err) ||
           imp_wrap(err, "state directory");
}

// Make the database file first, empty, so that it is private whatever the
// umask; SQLite gives its -wal and -shm the same mode.
static bool create_database(int dir, struct imp_err *err)
{
    int fd = imp_file_open_private(dir, DATABASE, O_RDWR | O_CREAT, err);
    if (fd < 0)
        return imp_wrap(err, "state directory: " DATABASE);
    close(fd);
    return true;
}

void imp_ledger_free(struct imp_ledger *l)
{
    if (!l)
        return;
    imp_db_clear(&l->db);
    imp_keys_free(l->keys);
    free(l->file);
    if (l->dir >= 0)
        close(l->dir);
    if (l->lock >= 0)
        close(l->lock); // unlocks
    if (l->scratch)
        imp_ledger_remove_scratch(l->scratch);
    free(l);
}

struct imp_ledger *imp_ledger_new(struct imp_err *err)
{
    struct imp_ledger *l = calloc(1, sizeof *l);
    if (!l) {
        imp_fail_errno(err, "ledger");
        return NULL;
    }
    l->lock = l->dir = -1;
    l->keys = imp_keys_new(err);
    if (l->keys)
        return l;
    imp_ledger_free(l);
    return NULL;
}

struct imp_ledger *imp_ledger_open(const char *state, struct imp_ctx *wait,
                                   struct imp_err *err)
{
    bool ok = false;
    struct imp_ledger *l = imp_ledger_new(err);
    if (!l || !make_state(state, err))
        goto out;
    l->dir = imp_ledger_open_state(state, err);
    if (l->dir < 0 || !lock(l, l->dir, wait, err) ||
        !create_database(l->dir, err))
        goto out;
    if (asprintf(&l->file, "%s/" DATABASE, state) < 0) {
        l->file = NULL;
        imp_fail_errno(err, "ledger");
        goto out;
    }
    ok = imp_db_open(&l->db, l->file, false, err) && imp_db_schema(&l->db, err);
out:
    if (ok)
        return l;
    imp_ledger_free(l);
    return NULL;
}

static struct imp_ledger *open_reader(const char *file, struct imp_err *err)
{
    struct imp_ledger *reader = imp_ledger_new(err);
    if (!reader)
        return NULL;
    reader->reader = true;
    if (imp_db_open(&reader->db, file, true, err))
        return reader;
    imp_ledger_free(reader);
    return NULL;
}

struct imp_ledger *imp_ledger_reader(struct imp_ledger *l, struct imp_err *err)
{
    return open_reader(l->file, err);
}

struct imp_ledger *imp_ledger_look(const char *state, struct imp_err *err)
{
    struct imp_ledger *l = NULL;
    char *file = NULL;
    if (asprintf(&file, "%s/" DATABASE, state) < 0) {
        imp_fail_errno(err, "ledger");
        return NULL;
    }
    // Beside a log SQLite does not even read what it may not write.
    l = access(file, W_OK) != 0 && errno == EROFS
            ? imp_ledger_open_scratch(state, NULL, err)
            : open_reader(file, err);
    free(file);
    return l;
}

// --- The whole ---

bool imp_ledger_bind(struct imp_ledger *l, const char *identity, bool empty,
                     struct imp_err *err)
{
    bool objects;
    char *bound = NULL;
    if (!imp_db_ask(&l->db, imp_db_get(&l->db, IMP_SQL_HAS_OBJECTS, err),
                    &objects, err) ||
        !imp_ledger_get_meta(l, "archive", &bound, err))
        return false;
    bool is_bound = bound != NULL;
    bool other = bound && strcmp(bound, identity) != 0;
    free(bound);
    if (other)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the state directory belongs to another archive");
    if (empty && objects)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the archive is empty, but the ledger holds objects: "
                        "was it moved or emptied?");
    return is_bound || imp_ledger_put_meta(l, "archive", identity, err);
}

// --- Agreement with the archive ---

// The meta value `listing`; "" agrees with nothing.
static void listing_text(const struct imp_digest *listing,
                         char text[IMP_SHA256_HEX])
{
    if (listing)
        imp_digest_hex(listing, text);
    else
        strcpy(text, "none");
}

bool imp_ledger_agrees(struct imp_ledger *l, const struct imp_digest *listing,
                       bool *agrees, struct imp_err *err)
{
    char text[IMP_SHA256_HEX], *agreed = NULL;
    if (!imp_ledger_get_meta(l, "listing", &agreed, err))
        return false;
    listing_text(listing, text);
    *agrees = agreed && strcmp(agreed, text) == 0;
    free(agreed);
    return true;
}

bool imp_ledger_set_apart(struct imp_ledger *l, struct imp_err *err)
{
    return imp_ledger_put_meta(l, "listing", "", err);
}

static bool agree(struct imp_ledger *l, const struct imp_digest *listing,
                  bool clean, struct imp_err *err)
{
    char text[IMP_SHA256_HEX];
    listing_text(listing, text);
    l->dirty = false; // not known any more
    bool ok = imp_ledger_begin(l, err) &&
              imp_ledger_put_meta(l, "listing", text, err) &&
              imp_ledger_put_meta(l, "dirty", clean ? "0" : "1", err) &&
              (clean || imp_ledger_drop_all_intents(l, err)) &&
              imp_ledger_commit(l, err);
    if (!ok)
        imp_ledger_rollback(l);
    return ok;
}

bool imp_ledger_set_taken_up(struct imp_ledger *l,
                             const struct imp_digest *listing,
                             struct imp_err *err)
{
    return agree(l, listing, false, err);
}

bool imp_ledger_set_clean(struct imp_ledger *l,
                          const struct imp_digest *listing, struct imp_err *err)
{
    return agree(l, listing, true, err);
}

bool imp_ledger_dirty(struct imp_ledger *l, bool *dirty, struct imp_err *err)
{
    char *value = NULL;
    if (!imp_ledger_get_meta(l, "dirty", &value, err))
        return false;
    *dirty = value && strcmp(value, "1") == 0;
    free(value);
    return true;
}

// --- Runs ---

static bool put_policy(struct imp_ledger *l, const struct imp_digest *policy,
                       const char *text, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_PUT_POLICY, err);
    if (!s)
        return false;
    imp_db_bind_digest(s, 1, policy);
    imp_db_bind_text(s, 2, text);
    return imp_db_run(&l->db, s, err);
}

bool imp_ledger_name_policy(struct imp_ledger *l,
                            const struct imp_digest *policy,
                            struct imp_err *err)
{
    return put_policy(l, policy, "", err);
}

static bool put_run(struct imp_ledger *l, const struct imp_recipe *recipe,
                    struct imp_audit_entry *e, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_START_RUN, err);
    if (!s)
        return false;
    imp_db_bind_digest(s, 1, &recipe->digest);
    imp_db_bind_digest(s, 2, &recipe->policy);
    imp_db_bind_text(s, 3, recipe->mark);
    sqlite3_bind_int64(s, 4, e->at);
    if (e->seq)
        sqlite3_bind_int64(s, 5, (sqlite3_int64)e->seq);
    if (!imp_db_run(&l->db, s, err))
        return false;
    e->run = sqlite3_last_insert_rowid(l->db.handle);
    imp_journal_take(l->journal);
    return imp_ledger_put_sum(l, IMP_SQL_SUM_RUN, e->run, err);
}

bool imp_ledger_start_run(struct imp_ledger *l, const struct imp_recipe *recipe,
                          int64_t *run, bool *other_recipe, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_OTHER_RECIPE, err);
    if (!s)
        return false;
    imp_db_bind_digest(s, 1, &recipe->digest);
    if (!imp_db_ask(&l->db, s, other_recipe, err))
        return false;

    struct imp_audit_entry e = {.seq = imp_journal_next(l->journal),
                                .at = time(NULL),
                                .op = "run",
                                .policy = &recipe->policy};
    bool ok = imp_ledger_begin(l, err) &&
              (!recipe->policy_text ||
               put_policy(l, &recipe->policy, recipe->policy_text, err)) &&
              put_run(l, recipe, &e, err) &&
              imp_journal_note(l->journal, err) && imp_ledger_commit(l, err);
    if (ok)
        imp_journal_tell(l->journal, &e);
    else
        imp_ledger_rollback(l);
    *run = e.run;
    return ok;
}

static bool put_counts(struct imp_ledger *l, int64_t run,
                       const uint64_t count[IMP_OUTCOMES], struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_END_RUN, err);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, run);
    for (int i = 0; i < IMP_OUTCOMES; i++)
        sqlite3_bind_int64(s, 2 + i, (sqlite3_int64)count[i]);
    return imp_db_run(&l->db, s, err) &&
           imp_ledger_put_sum(l, IMP_SQL_SUM_RUN, run, err);
}

bool imp_ledger_end_run(struct imp_ledger *l, int64_t run,
                        const uint64_t count[IMP_OUTCOMES], struct imp_err *err)
{
    bool ok = imp_ledger_begin(l, err) && put_counts(l, run, count, err) &&
              imp_ledger_commit(l, err);
    if (!ok)
        imp_ledger_rollback(l);
    return ok;
}

// --- Objects ---

bool imp_ledger_has_at(struct imp_ledger *l, const struct imp_object *object,
                       bool *has, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_HAS_AT, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, object->name);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)object->place);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)object->stored);
    return imp_db_ask(&l->db, s, has, err);
}

bool imp_ledger_count_objects(struct imp_ledger *l, uint64_t *n,
                              struct imp_err *err)
{
    bool row;
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_COUNT_OBJECTS, err);
    *n = 0;
    if (!s || !imp_db_step(&l->db, s, &row, err))
        return false;
    if (row) {
        *n = (uint64_t)sqlite3_column_int64(s, 0);
        imp_db_done(s);
    }
    return true;
}

bool imp_ledger_each_object(struct imp_ledger *l, imp_ledger_object_fn fn,
                            void *self, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_EACH_OBJECT, err);
    if (!s)
        return false;
    for (;;) {
        bool row;
        if (!imp_db_step(&l->db, s, &row, err))
            return false;
        if (!row)
            return true;
        struct imp_object object = {
            .name = (const char *)sqlite3_column_text(s, 0),
            .length = (uint64_t)sqlite3_column_int64(s, 2),
            .place = (uint64_t)sqlite3_column_int64(s, 3),
            .stored = (uint64_t)sqlite3_column_int64(s, 4),
        };
        if (!object.name || !imp_db_column_digest(s, 1, &object.digest, err) ||
            !fn(self, &object, err)) {
            imp_db_done(s);
            return false;
        }
    }
}

bool imp_ledger_each_policy(struct imp_ledger *l, imp_ledger_policy_fn fn,
                            void *self, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_EACH_POLICY, err);
    if (!s)
        return false;
    for (;;) {
        bool row;
        struct imp_digest digest;
        if (!imp_db_step(&l->db, s, &row, err))
            return false;
        if (!row)
            return true;
        if (!imp_db_column_digest(s, 0, &digest, err) ||
            !fn(self, &digest, err)) {
            imp_db_done(s);
            return false;
        }
    }
}

static bool adopt_one(void *self, const struct imp_object *object,
                      struct imp_err *err)
{
    struct imp_ledger *l = self;
    struct imp_object_row row;
    if (!imp_ledger_find_object(l, object->name, &row, err))
        return false;
    if (!row.found)
        return imp_ledger_put_object(l, object, err);
    if (imp_digest_same(&row.digest, &object->digest))
        return imp_ledger_place_object(l, row.id, object, err);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "adopt %s: the ledger has its name for another object",
                    object->name);
}

bool imp_ledger_adopt(struct imp_ledger *l,
                      bool (*each)(void *self, imp_ledger_object_fn fn,
                                   void *fn_self, struct imp_err *err),
                      void *self, struct imp_err *err)
{
    bool ok = imp_ledger_begin(l, err) && each(self, adopt_one, l, err) &&
              imp_ledger_commit(l, err);
    if (!ok)
        imp_ledger_rollback(l);
    return ok;
}
