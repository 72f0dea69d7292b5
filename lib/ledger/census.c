#include "ledger/census.h"

#include "base/bytes.h"
#include "ledger/db.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define TABLE                   \
    "CREATE TABLE census("      \
    " name TEXT NOT NULL,"      \
    " source INTEGER NOT NULL," \
    " digest BLOB,"             \
    " length INTEGER NOT NULL," \
    " place INTEGER NOT NULL,"  \
    " stored INTEGER NOT NULL) STRICT"

struct imp_census {
    struct imp_db db;
};

struct imp_census *imp_census_new(struct imp_ctx *ctx, struct imp_err *err)
{
    struct imp_census *c = calloc(1, sizeof *c);
    if (!c) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a census");
        return NULL;
    }
    // One transaction for all: nothing here outlives the program.
    if (imp_db_open_temporary(&c->db, err) && imp_db_exec(&c->db, TABLE, err) &&
        imp_db_begin(&c->db, err)) {
        imp_db_heed(&c->db, ctx);
        return c;
    }
    imp_wrap(err, "census");
    imp_census_free(c);
    return NULL;
}

void imp_census_free(struct imp_census *c)
{
    if (c)
        imp_db_clear(&c->db);
    free(c);
}

bool imp_census_add(struct imp_census *c, enum imp_census_source source,
                    const struct imp_object *object, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(&c->db, IMP_SQL_CENSUS_ADD, err);
    if (!s)
        return imp_wrap(err, "census");
    imp_db_bind_text(s, 1, object->name);
    sqlite3_bind_int(s, 2, (int)source);
    imp_db_bind_digest(s, 3, &object->digest);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)object->length);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)object->place);
    sqlite3_bind_int64(s, 6, (sqlite3_int64)object->stored);
    return imp_db_run(&c->db, s, err) || imp_wrap(err, "census");
}

// Rows of one source come in order of digests: equal ones are neighbours.
static bool take_row(struct imp_census_entry *e, struct sqlite3_stmt *s,
                     struct imp_err *err)
{
    int source = sqlite3_column_int(s, 1);
    struct imp_object *as = &e->as[source];
    struct imp_digest digest;
    if (!imp_db_column_digest(s, 2, &digest, err))
        return false;
    bool again =
        e->times[source]++ > 0 && imp_digest_same(&digest, &as->digest);
    *as = (struct imp_object){
        .digest = digest,
        .length = (uint64_t)sqlite3_column_int64(s, 3),
        .place = (uint64_t)sqlite3_column_int64(s, 4),
        .stored = (uint64_t)sqlite3_column_int64(s, 5),
    };
    if (source == IMP_CENSUS_MADE_BY && !again &&
        e->n_policies < IMP_CENSUS_POLICIES)
        e->policy[e->n_policies++] = digest;
    return true;
}

// The rows from the current one on that have its name. `*row`: there is one
// behind them. `name` keeps the name for `e`.
static bool take_name(struct imp_census *c, struct sqlite3_stmt *s,
                      struct imp_buf *name, struct imp_census_entry *e,
                      bool *row, struct imp_err *err)
{
    const char *text = (const char *)sqlite3_column_text(s, 0);
    *e = (struct imp_census_entry){0};
    name->n = 0;
    if (!text || !imp_buf_add(name, text, strlen(text) + 1, err))
        return text || imp_fail(err, IMP_ERR_IO, "a row without a name");
    e->name = (const char *)name->p;
    do {
        if (!take_row(e, s, err) || !imp_db_step(&c->db, s, row, err))
            return false;
        text = *row ? (const char *)sqlite3_column_text(s, 0) : NULL;
    } while (text && strcmp(text, e->name) == 0);
    for (int i = 0; i < IMP_CENSUS_SOURCES; i++)
        e->as[i].name = e->name;
    return true;
}

bool imp_census_each(struct imp_census *c, imp_census_fn fn, void *self,
                     struct imp_err *err)
{
    struct imp_buf name = {0};
    bool row, ok;
    struct sqlite3_stmt *s = imp_db_get(&c->db, IMP_SQL_CENSUS_EACH, err);
    ok = s && imp_db_step(&c->db, s, &row, err);
    while (ok && row) {
        struct imp_census_entry e;
        ok = take_name(c, s, &name, &e, &row, err) && fn(self, &e, err);
    }
    if (s)
        imp_db_done(s);
    imp_buf_clear(&name);
    return ok;
}
