#include "ledger/entries.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool imp_ledger_begin(struct imp_ledger *l, struct imp_err *err)
{
    return imp_db_begin(&l->db, err);
}

bool imp_ledger_commit(struct imp_ledger *l, struct imp_err *err)
{
    return imp_db_commit(&l->db, err);
}

void imp_ledger_rollback(struct imp_ledger *l)
{
    imp_db_rollback(&l->db);
    imp_journal_undo(l->journal);
    l->dirty = false; // it may have been set in what is undone
}

bool imp_ledger_put_sum(struct imp_ledger *l, enum imp_sql which, int64_t id,
                        struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, which, err);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    return imp_db_run(&l->db, s, err);
}

// --- Objects ---

static bool column_name(struct sqlite3_stmt *s, int at, char name[IMP_NAME_MAX],
                        struct imp_err *err)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    if (!text || strlen(text) >= IMP_NAME_MAX)
        return imp_fail(err, IMP_ERR_IO, "ledger: no name, or too long a one");
    snprintf(name, IMP_NAME_MAX, "%s", text);
    return true;
}

bool imp_ledger_find_object(struct imp_ledger *l, const char *name,
                            struct imp_object_row *row, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_OBJECT, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, name);
    if (!imp_db_step(&l->db, s, &row->found, err))
        return false;
    if (!row->found)
        return true;
    row->id = sqlite3_column_int64(s, 0);
    bool ok = imp_db_column_digest(s, 1, &row->digest, err);
    imp_db_done(s);
    return ok;
}

bool imp_ledger_find_name(struct imp_ledger *l, const char *name, bool *found,
                          struct imp_digest *digest, struct imp_err *err)
{
    struct imp_object_row row;
    if (!imp_ledger_find_object(l, name, &row, err))
        return false;
    *found = row.found;
    if (row.found)
        *digest = row.digest;
    return true;
}

bool imp_ledger_put_object(struct imp_ledger *l,
                           const struct imp_object *object, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_ADD_OBJECT, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, object->name);
    imp_db_bind_digest(s, 2, &object->digest);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)object->length);
    if (object->stored) {
        sqlite3_bind_int64(s, 4, (sqlite3_int64)object->place);
        sqlite3_bind_int64(s, 5, (sqlite3_int64)object->stored);
    }
    return imp_db_run(&l->db, s, err) &&
           imp_ledger_put_sum(l, IMP_SQL_SUM_OBJECT,
                              sqlite3_last_insert_rowid(l->db.handle), err);
}

bool imp_ledger_place_object(struct imp_ledger *l, int64_t id,
                             const struct imp_object *object,
                             struct imp_err *err)
{
    bool there;
    if (!object->stored)
        return true;
    if (!imp_ledger_has_at(l, object, &there, err))
        return false;
    if (there)
        return true;
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_MOVE_OBJECT, err);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)object->place);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)object->stored);
    return imp_db_run(&l->db, s, err) &&
           imp_ledger_put_sum(l, IMP_SQL_SUM_OBJECT, id, err);
}

// --- Inputs ---

struct sqlite3_stmt *imp_ledger_by_path(struct imp_ledger *l,
                                        enum imp_sql which, const char *path,
                                        struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, which, err);
    if (s) {
        const struct imp_span bytes = {(const uint8_t *)path, strlen(path)};
        sqlite3_bind_int64(s, 1, imp_keys_of(l->keys, bytes));
        imp_db_bind_path(s, 2, path);
    }
    return s;
}

static bool parse_outcome(const char *name, enum imp_outcome *outcome,
                          struct imp_err *err)
{
    for (int i = 0; name && i < IMP_OUTCOMES; i++) {
        if (strcmp(name, imp_outcome_name((enum imp_outcome)i)) == 0) {
            *outcome = (enum imp_outcome)i;
            return true;
        }
    }
    return imp_fail(err, IMP_ERR_IO, "ledger: an outcome that is not known");
}

// End the reader's transaction: while it is open, the WAL cannot start over.
static bool stop_reading(struct imp_ledger *l, struct imp_err *err)
{
    if (!l->reader || l->looked_up == 0)
        return true;
    l->looked_up = 0;
    return imp_db_commit(&l->db, err);
}

// A read transaction costs several system calls, so a reader keeps one for many
// look-ups.
static bool keep_reading(struct imp_ledger *l, struct imp_err *err)
{
    if (!l->reader)
        return true;
    if (l->looked_up == IMP_LEDGER_READ_MANY && !stop_reading(l, err))
        return false;
    if (l->looked_up == 0 && !imp_db_begin_read(&l->db, err))
        return false;
    l->looked_up++;
    return true;
}

bool imp_ledger_known(struct imp_ledger *l, const char *path,
                      const struct imp_stamp *stamp, struct imp_known *out,
                      struct imp_err *err)
{
    *out = (struct imp_known){0};
    if (!keep_reading(l, err))
        return false;
    struct sqlite3_stmt *s = imp_ledger_by_path(l, IMP_SQL_KNOWN, path, err);
    if (!s || !imp_db_step(&l->db, s, &out->found, err))
        return false;
    if (!out->found)
        return stop_reading(l, err);
    struct imp_stamp seen = {
        .size = (uint64_t)sqlite3_column_int64(s, 0),
        .inode = (uint64_t)sqlite3_column_int64(s, 1),
        .mtime_ns = sqlite3_column_int64(s, 2),
    };
    out->changed = !imp_stamp_same_file(&seen, stamp);
    out->touched = sqlite3_column_type(s, 4) != SQLITE_INTEGER ||
                   sqlite3_column_int64(s, 4) != stamp->ctime_ns;
    bool ok = parse_outcome((const char *)sqlite3_column_text(s, 3),
                            &out->outcome, err);
    imp_db_done(s);
    if (!ok)
        return false;
    // Is there work to do? Then the caller may wait long before it asks again.
    bool work = out->changed || out->outcome == IMP_FAILED ||
                out->outcome == IMP_CANCELLED;
    return !work || stop_reading(l, err);
}

static void column_text(struct sqlite3_stmt *s, int at, char *out, size_t cap)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    snprintf(out, cap, "%s", text ? text : "");
}

// Columns from `at` on; all are NULL if there is no mark.
static struct imp_area column_area(struct sqlite3_stmt *s, int at)
{
    uint32_t n[8];
    for (int i = 0; i < 8; i++)
        n[i] = (uint32_t)sqlite3_column_int64(s, at + i);
    return (struct imp_area){n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]};
}

bool imp_ledger_archived(struct imp_ledger *l, const char *path,
                         const struct imp_stamp *stamp, bool *found,
                         struct imp_archived *out, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_ledger_by_path(l, IMP_SQL_ARCHIVED, path, err);
    *out = (struct imp_archived){0};
    if (!s || !imp_db_step(&l->db, s, found, err))
        return false;
    if (!*found)
        return true;
    struct imp_stamp seen = {
        .size = (uint64_t)sqlite3_column_int64(s, 2),
        .inode = (uint64_t)sqlite3_column_int64(s, 3),
        .mtime_ns = sqlite3_column_int64(s, 4),
    };
    out->changed = !imp_stamp_same_file(&seen, stamp);
    column_text(s, 5, out->format, sizeof out->format);
    column_text(s, 6, out->route, sizeof out->route);
    out->mark = column_area(s, 7);
    out->length = (uint64_t)sqlite3_column_int64(s, 15);
    out->place = (uint64_t)sqlite3_column_int64(s, 16);
    out->stored = (uint64_t)sqlite3_column_int64(s, 17);
    bool ok = column_name(s, 0, out->name, err) &&
              imp_db_column_digest(s, 1, &out->digest, err);
    imp_db_done(s);
    return ok;
}

bool imp_ledger_input_id(struct imp_ledger *l, const char *path, int64_t *id,
                         struct imp_err *err)
{
    bool found;
    struct sqlite3_stmt *s = imp_ledger_by_path(l, IMP_SQL_INPUT_ID, path, err);
    *id = 0;
    if (!s || !imp_db_step(&l->db, s, &found, err))
        return false;
    if (found) {
        *id = sqlite3_column_int64(s, 0);
        imp_db_done(s);
    }
    return true;
}

// Parameters 3 to 27, which ADD_INPUT and SET_INPUT share.
static void bind_result(struct sqlite3_stmt *s, const struct imp_input_row *row,
                        const struct imp_result *r)
{
    bool in_archive = r->outcome == IMP_ARCHIVED || r->outcome == IMP_DUPLICATE;
    sqlite3_bind_int64(s, 3, (sqlite3_int64)r->stamp.size);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)r->stamp.inode);
    sqlite3_bind_int64(s, 5, r->stamp.mtime_ns);
    imp_db_bind_text(s, 6, imp_outcome_name(r->outcome));
    if (!in_archive) {
        imp_db_bind_text(s, 7, imp_code_name(r->err.code));
        imp_db_bind_text(s, 8, r->err.msg);
        if (r->err.has_at)
            sqlite3_bind_int64(s, 9, (sqlite3_int64)r->err.at);
    }
    imp_db_bind_text(s, 10, r->format);
    imp_db_bind_text(s, 11, r->route);
    if (in_archive)
        sqlite3_bind_int64(s, 12, row->object);
    sqlite3_bind_int64(s, 13, row->run);
    const struct imp_area *m = &r->mark;
    const uint32_t mark[] = {m->x,      m->y,    m->width,  m->height,
                             m->across, m->down, m->step_x, m->step_y};
    for (int i = 0; in_archive && m->width && i < 8; i++)
        sqlite3_bind_int64(s, 14 + i, mark[i]);
    imp_db_bind_text(s, 22, r->removed);
    if (row->seq)
        sqlite3_bind_int64(s, 23, (sqlite3_int64)row->seq);
    sqlite3_bind_int64(s, 24, row->at);
    imp_db_bind_text(s, 25, row->after);
    sqlite3_bind_int64(s, 26, r->stamp.ctime_ns);
    imp_db_bind_text(s, 27, in_archive ? r->subject : NULL);
}

// Does the result say less than the row that its input has? A file that was not
// there, or that could not be read, was archived all the same: it may have left
// since, or have been named twice.
static bool says_less(struct imp_ledger *l, const struct imp_result *r,
                      bool *less, struct imp_err *err)
{
    bool found;
    struct imp_archived archived;
    *less = r->outcome == IMP_CANCELLED;
    if (r->outcome != IMP_FAILED)
        return true;
    if (!imp_ledger_archived(l, r->path, &r->stamp, &found, &archived, err))
        return false;
    *less = found && (r->stamp.inode == 0 || !archived.changed);
    return true;
}

bool imp_ledger_put_input(struct imp_ledger *l, const struct imp_input_row *row,
                          const struct imp_result *r, int64_t *id,
                          struct imp_err *err)
{
    int64_t known;
    bool less;
    *id = 0;
    if (r->outcome == IMP_SKIPPED)
        return true;
    if (!imp_ledger_input_id(l, r->path, &known, err) ||
        !says_less(l, r, &less, err))
        return false;
    if (known && less)
        return true;

    struct sqlite3_stmt *s;
    if (known) {
        s = imp_db_get(&l->db, IMP_SQL_SET_INPUT, err);
        if (s)
            sqlite3_bind_int64(s, 28, known);
    } else {
        s = imp_ledger_by_path(l, IMP_SQL_ADD_INPUT, r->path, err);
    }
    if (!s)
        return false;
    bind_result(s, row, r);
    if (!imp_db_run(&l->db, s, err))
        return false;
    *id = known ? known : sqlite3_last_insert_rowid(l->db.handle);
    return imp_ledger_put_sum(l, IMP_SQL_SUM_INPUT, *id, err);
}

bool imp_ledger_last_placed(struct imp_ledger *l, struct imp_object *out,
                            char name[IMP_NAME_MAX], bool *found,
                            struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_LAST_PLACED, err);
    if (!s || !imp_db_step(&l->db, s, found, err))
        return false;
    if (!*found)
        return true;
    *out = (struct imp_object){
        .name = name,
        .length = (uint64_t)sqlite3_column_int64(s, 2),
        .place = (uint64_t)sqlite3_column_int64(s, 3),
        .stored = (uint64_t)sqlite3_column_int64(s, 4),
    };
    bool ok = column_name(s, 0, name, err) &&
              imp_db_column_digest(s, 1, &out->digest, err);
    imp_db_done(s);
    return ok;
}

// --- Intents ---

bool imp_ledger_find_intent(struct imp_ledger *l, const char *name, bool *found,
                            struct imp_digest *digest, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_INTENT, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, name);
    if (!imp_db_step(&l->db, s, found, err))
        return false;
    if (!*found)
        return true;
    bool ok = imp_db_column_digest(s, 0, digest, err);
    imp_db_done(s);
    return ok;
}

bool imp_ledger_put_intent(struct imp_ledger *l, const char *name,
                           const struct imp_digest *digest, bool *clash,
                           struct imp_err *err)
{
    struct imp_digest other;
    bool found;
    if (!imp_ledger_find_intent(l, name, &found, &other, err))
        return false;
    *clash = found && memcmp(other.b, digest->b, sizeof other.b) != 0;
    if (found)
        return true;

    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_ADD_INTENT, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, name);
    imp_db_bind_digest(s, 2, digest);
    return imp_db_run(&l->db, s, err);
}

bool imp_ledger_drop_intent(struct imp_ledger *l, const char *name,
                            struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_DROP_INTENT, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, name);
    return imp_db_run(&l->db, s, err);
}

bool imp_ledger_drop_all_intents(struct imp_ledger *l, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_DROP_INTENTS, err);
    return s && imp_db_run(&l->db, s, err);
}

bool imp_ledger_last_intent(struct imp_ledger *l, int64_t *id,
                            char name[IMP_NAME_MAX], struct imp_digest *digest,
                            bool *found, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_LAST_INTENT, err);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, *id);
    if (!imp_db_step(&l->db, s, found, err))
        return false;
    if (!*found)
        return true;
    *id = sqlite3_column_int64(s, 0);
    bool ok =
        column_name(s, 1, name, err) && imp_db_column_digest(s, 2, digest, err);
    imp_db_done(s);
    return ok;
}

// --- Meta ---

bool imp_ledger_get_meta(struct imp_ledger *l, const char *key, char **value,
                         struct imp_err *err)
{
    bool row;
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_GET_META, err);
    if (!s)
        return false;
    *value = NULL;
    imp_db_bind_text(s, 1, key);
    if (!imp_db_step(&l->db, s, &row, err))
        return false;
    if (!row)
        return true;
    const char *text = (const char *)sqlite3_column_text(s, 0);
    *value = strdup(text ? text : "");
    imp_db_done(s);
    return *value || imp_fail_errno(err, "ledger");
}

bool imp_ledger_put_meta(struct imp_ledger *l, const char *key,
                         const char *value, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_PUT_META, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, key);
    imp_db_bind_text(s, 2, value);
    return imp_db_run(&l->db, s, err);
}

bool imp_ledger_set_dirty(struct imp_ledger *l, struct imp_err *err)
{
    l->dirty = l->dirty || imp_ledger_put_meta(l, "dirty", "1", err);
    return l->dirty;
}
