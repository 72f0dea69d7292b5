#include "ledger/subjects.h"

#include "ledger/entries.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_code(struct sqlite3_stmt *s, int at, char code[IMP_CODE_ROOM],
                      struct imp_err *err)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    if (!text || strlen(text) >= IMP_CODE_ROOM)
        return imp_fail(err, IMP_ERR_IO, "ledger: no code, or too long a one");
    snprintf(code, IMP_CODE_ROOM, "%s", text);
    return true;
}

bool imp_ledger_subject(struct imp_ledger *l, const char *subject, bool *found,
                        char code[IMP_CODE_ROOM], bool *made,
                        struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_SUBJECT, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, subject);
    if (!imp_db_step(&l->db, s, found, err))
        return false;
    if (!*found)
        return true;
    *made = sqlite3_column_int(s, 1) != 0;
    bool ok = take_code(s, 0, code, err);
    imp_db_done(s);
    return ok;
}

bool imp_ledger_subject_of(struct imp_ledger *l, const char *path,
                           const struct imp_stamp *stamp, char **subject,
                           struct imp_err *err)
{
    bool row;
    struct sqlite3_stmt *s =
        imp_ledger_by_path(l, IMP_SQL_SUBJECT_OF_INPUT, path, err);
    *subject = NULL;
    if (!s)
        return false;
    sqlite3_bind_int64(s, 3, (sqlite3_int64)stamp->size);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)stamp->inode);
    sqlite3_bind_int64(s, 5, stamp->mtime_ns);
    if (!imp_db_step(&l->db, s, &row, err))
        return false;
    if (!row)
        return true;
    const char *text = (const char *)sqlite3_column_text(s, 0);
    *subject = strdup(text ? text : "");
    imp_db_done(s);
    return *subject || imp_fail_errno(err, "ledger");
}

// A code that somebody has said may be of several subjects: two names of one
// person.
static bool is_anothers(struct imp_ledger *l, const struct imp_coded *coded,
                        bool *is, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_OTHERS_CODE, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, coded->code);
    imp_db_bind_text(s, 2, coded->subject);
    sqlite3_bind_int(s, 3, coded->made);
    return imp_db_ask(&l->db, s, is, err);
}

static bool add_subject(struct imp_ledger *l, const struct imp_coded *coded,
                        struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_ADD_SUBJECT, err);
    if (!s)
        return false;
    imp_db_bind_text(s, 1, coded->subject);
    imp_db_bind_text(s, 2, coded->code);
    sqlite3_bind_int(s, 3, coded->made);
    return imp_db_run(&l->db, s, err) &&
           imp_ledger_put_sum(l, IMP_SQL_SUM_SUBJECT,
                              sqlite3_last_insert_rowid(l->db.handle), err);
}

bool imp_ledger_put_subject(struct imp_ledger *l, const struct imp_coded *coded,
                            enum imp_coding *says, struct imp_err *err)
{
    char code[IMP_CODE_ROOM];
    bool found, made, taken;
    if (!imp_ledger_subject(l, coded->subject, &found, code, &made, err))
        return false;
    *says = found && strcmp(code, coded->code) != 0 ? IMP_CODE_OTHER
                                                    : IMP_CODE_FITS;
    if (found)
        return true;
    if (!is_anothers(l, coded, &taken, err))
        return false;
    if (!taken)
        return add_subject(l, coded, err);
    *says = IMP_CODE_OTHERS;
    return true;
}

bool imp_ledger_each_subject(struct imp_ledger *l, imp_coded_fn fn, void *self,
                             struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&l->db, IMP_SQL_EACH_SUBJECT, err);
    if (!s)
        return false;
    for (;;) {
        bool row;
        char code[IMP_CODE_ROOM];
        if (!imp_db_step(&l->db, s, &row, err))
            return false;
        if (!row)
            return true;
        const struct imp_coded coded = {(const char *)sqlite3_column_text(s, 0),
                                        code, sqlite3_column_int(s, 2) != 0};
        if (!coded.subject || !take_code(s, 1, code, err) ||
            !fn(self, &coded, err)) {
            imp_db_done(s);
            return false;
        }
    }
}

static bool import_one(void *self, const struct imp_coded *coded,
                       struct imp_err *err)
{
    enum imp_coding says;
    if (!imp_ledger_put_subject(self, coded, &says, err))
        return false;
    return says == IMP_CODE_FITS ||
           imp_fail(err, IMP_ERR_CONFIG, "%s",
                    says == IMP_CODE_OTHER
                        ? "the ledger has another code for the subject"
                        : "the code is that of another subject, or its key");
}

bool imp_ledger_import_subjects(struct imp_ledger *l,
                                bool (*each)(void *self, imp_coded_fn fn,
                                             void *fn_self,
                                             struct imp_err *err),
                                void *self, struct imp_err *err)
{
    bool ok = imp_ledger_begin(l, err) && each(self, import_one, l, err) &&
              imp_ledger_commit(l, err);
    if (!ok)
        imp_ledger_rollback(l);
    return ok;
}

// --- The terms ---

// Meta values.
#define KEY "key"
#define SHIFT "shift"

static bool get_term(struct imp_ledger *l, const char *name, char *value,
                     size_t cap, struct imp_err *err)
{
    char *bound = NULL;
    if (!imp_ledger_get_meta(l, name, &bound, err))
        return false;
    snprintf(value, cap, "%s", bound ? bound : "");
    free(bound);
    return true;
}

bool imp_ledger_terms(struct imp_ledger *l, struct imp_terms *terms,
                      struct imp_err *err)
{
    return get_term(l, KEY, terms->key, sizeof terms->key, err) &&
           get_term(l, SHIFT, terms->shift, sizeof terms->shift, err);
}

static bool differ(const char *bound, const char *now)
{
    return *bound && *now && strcmp(bound, now) != 0;
}

static bool compare(const struct imp_terms *bound, const struct imp_terms *now,
                    struct imp_err *err)
{
    if (differ(bound->key, now->key))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "another key than that which the codes or UIDs in this "
                        "archive were made with");
    if (differ(bound->shift, now->shift))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the dates in this archive were put back by %s days: "
                        "want the same shift-days, have %s",
                        bound->shift, now->shift);
    return true;
}

bool imp_ledger_check_terms(struct imp_ledger *l, const struct imp_terms *terms,
                            struct imp_err *err)
{
    struct imp_terms bound;
    return imp_ledger_terms(l, &bound, err) && compare(&bound, terms, err);
}

static bool put_term(struct imp_ledger *l, const char *name, const char *bound,
                     const char *now, struct imp_err *err)
{
    return *bound || !*now || imp_ledger_put_meta(l, name, now, err);
}

bool imp_ledger_bind_terms(struct imp_ledger *l, const struct imp_terms *terms,
                           struct imp_err *err)
{
    struct imp_terms bound;
    return imp_ledger_terms(l, &bound, err) && compare(&bound, terms, err) &&
           put_term(l, KEY, bound.key, terms->key, err) &&
           put_term(l, SHIFT, bound.shift, terms->shift, err);
}
