/* A find takes a connection for itself and gives it back; one more is opened
 * when all are taken, so there are as many as finds at one time, and none waits
 * for another's slow view or for another's lock longer than its own context
 * lives. A connection per thread would need threads that tell when they end;
 * one for all would make every find as slow as the slowest. */
#include "lookup/columns.h"
#include "lookup/kinds.h"
#include "lookup/sqlite_db.h"
#include "lookup/tidy.h"
#include "sync/context.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MS 5000 // for a lock, while the run is not started yet
#define TABLES_MAX 100

struct source {
    struct imp_lookup base;
    char *file;         // begins with '/' or "./": no URI, no ":memory:"
    const char **names; // in the statement's order
    char *sql;

    pthread_mutex_t mu;
    struct imp_sqlite *idle; // guarded by mu
};

// --- The table and its columns, as they are when it is opened ---

// Virtual tables are code, which trusts what it finds in its file less well.
#define TABLES                                                      \
    "SELECT name FROM pragma_table_list WHERE schema = 'main' "     \
    "AND type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' " \
    "ESCAPE '\\' "

static bool list_tables(struct imp_sqlite *c, char out[IMP_COLUMNS_LIST],
                        struct imp_err *err)
{
    sqlite3_stmt *s = NULL;
    char *name[TABLES_MAX];
    size_t n = 0;
    bool ok = imp_sqlite_prepare(c, TABLES "ORDER BY name", &s, err);
    while (ok && n < TABLES_MAX && sqlite3_step(s) == SQLITE_ROW) {
        const char *own = (const char *)sqlite3_column_text(s, 0);
        // Names may be anything: here they go to a terminal.
        if (own && !imp_field_fault(own, strlen(own)) &&
            !strpbrk(own, "\t\r\n") && (name[n] = strdup(own)))
            n++;
    }
    sqlite3_finalize(s);
    imp_columns_list((const char *const *)name, n, out);
    while (n > 0)
        free(name[--n]);
    return ok;
}

static bool has_table(struct imp_sqlite *c, const char *table,
                      struct imp_err *err)
{
    sqlite3_stmt *s = NULL;
    char list[IMP_COLUMNS_LIST];
    if (!imp_sqlite_prepare(c, TABLES "AND name = ?1 COLLATE NOCASE", &s, err))
        return false;
    sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || imp_sqlite_fail(c, err);
    sqlite3_finalize(s);
    if (!ok || rc == SQLITE_ROW)
        return ok;
    return list_tables(c, list, err) &&
           imp_fail(err, IMP_ERR_CONFIG, "no table \"%.60s\": want one of %s",
                    table, list);
}

// `SELECT * ...` has a view's columns and generated ones, too.
static bool prepare_all(struct imp_sqlite *c, const char *table,
                        sqlite3_stmt **s, struct imp_err *err)
{
    char *sql = sqlite3_mprintf("SELECT * FROM main.\"%w\"", table);
    bool ok = sql ? imp_sqlite_prepare(c, sql, s, err)
                  : imp_fail(err, IMP_ERR_MEMORY, "no memory for a statement");
    sqlite3_free(sql);
    return ok;
}

// SQLite takes no notice of ASCII's case in names, and so it is here.
static bool find_key(const char *const *names, size_t n, const char *key,
                     size_t *at, struct imp_err *err)
{
    char list[IMP_COLUMNS_LIST];
    for (*at = 0; *at < n; ++*at)
        if (sqlite3_stricmp(names[*at], key) == 0)
            return true;
    imp_columns_list(names, n, list);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "no column \"%.60s\" for the key: want &key=COLUMN, one of "
                    "%s",
                    key, list);
}

// Names are written with the table's, for SQLite takes a quoted name that it
// does not know for a text. A column of numbers equals a text that is the same
// number, "01" or "1.0" that of 1, and another may take no notice of case: the
// second comparison, of bytes, leaves only what is spelt as it was asked. The
// first is there for an index. Both forms of a key are asked for at once: a
// table that has both has it twice.
static char *write_sql(const char *table, const char *key,
                       const char *const *names)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendall(sql, "SELECT ");
    for (; *names; names++)
        sqlite3_str_appendf(sql, "t.\"%w\", ", *names);
    sqlite3_str_appendf(sql,
                        "NULL FROM main.\"%w\" AS t WHERE t.\"%w\" IN (?1, "
                        "?2) AND CAST(t.\"%w\" AS TEXT) COLLATE BINARY IN "
                        "(?1, ?2) LIMIT 2",
                        table, key, key);
    return sqlite3_str_finish(sql); // NULL if memory was short anywhere
}

static bool take_columns(struct source *s, sqlite3_stmt *all, const char *table,
                         const char *key, struct imp_err *err)
{
    const char *names[IMP_COLUMNS_MAX];
    size_t n = (size_t)sqlite3_column_count(all), at;
    for (size_t i = 0; i < n && i < IMP_COLUMNS_MAX; i++)
        if (!(names[i] = sqlite3_column_name(all, (int)i)))
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for a name");
    if (!imp_columns_check(names, n, err) || !find_key(names, n, key, &at, err))
        return false;
    s->names = imp_columns_dup(names, n, at, err);
    if (!s->names)
        return false;
    s->sql = write_sql(table, names[at], s->names);
    return s->sql || imp_fail(err, IMP_ERR_MEMORY, "no memory for a statement");
}

static bool take_table(struct source *s, struct imp_sqlite *c,
                       const char *table, const char *key, struct imp_err *err)
{
    sqlite3_stmt *all = NULL;
    bool ok = has_table(c, table, err) && prepare_all(c, table, &all, err) &&
              take_columns(s, all, table, key, err);
    sqlite3_finalize(all);
    return ok && imp_sqlite_prepare(c, s->sql, &c->find, err);
}

// --- Connections, taken and given back ---

static struct imp_sqlite *pop(struct source *s)
{
    pthread_mutex_lock(&s->mu);
    struct imp_sqlite *c = s->idle;
    if (c)
        s->idle = c->next;
    pthread_mutex_unlock(&s->mu);
    return c;
}

static void push(struct source *s, struct imp_sqlite *c)
{
    c->ctx = NULL;
    pthread_mutex_lock(&s->mu);
    c->next = s->idle;
    s->idle = c;
    pthread_mutex_unlock(&s->mu);
}

static struct imp_sqlite *take(struct source *s, struct imp_ctx *ctx,
                               struct imp_err *err)
{
    struct imp_sqlite *c;
    while ((c = pop(s))) {
        c->ctx = ctx;
        if (imp_sqlite_is_current(c))
            return c;
        imp_sqlite_free(c);
    }
    return imp_sqlite_open(s->file, ctx, err);
}

// --- A question ---

static bool said_of(struct imp_sqlite *c, const char *name, int at,
                    struct imp_said *said, bool *any, struct imp_err *err)
{
    int type = sqlite3_column_type(c->find, at);
    *any = type != SQLITE_NULL;
    if (!*any)
        return true;
    if (type == SQLITE_BLOB)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "column \"%s\" has a blob: want text", name);
    const char *value = (const char *)sqlite3_column_text(c->find, at);
    if (!value)
        return imp_sqlite_fail(c, err);
    size_t n = (size_t)sqlite3_column_bytes(c->find, at);
    const char *fault = imp_field_fault(value, n);
    *said = (struct imp_said){{(const uint8_t *)name, strlen(name)},
                              {(const uint8_t *)value, n}};
    return !fault || imp_fail(err, IMP_ERR_CONFIG,
                              "a value of column \"%s\" %s", name, fault);
}

// NULL is no word at all, and not the empty one.
static struct imp_answer *
answer_of(struct imp_sqlite *c, const char *const *names, struct imp_err *err)
{
    struct imp_said said[IMP_COLUMNS_MAX];
    size_t n = 0;
    for (int i = 0; names[i]; i++) {
        bool any;
        if (!said_of(c, names[i], i, &said[n], &any, err))
            return NULL;
        n += any;
    }
    return imp_answer_new(said, n, err);
}

// What is asked for: a key in its forms.
#define FORMS 2
struct forms {
    struct imp_span form[FORMS];
};

static bool bind(struct imp_sqlite *c, const struct forms *key,
                 struct imp_err *err)
{
    for (int i = 0; i < FORMS; i++)
        if (sqlite3_bind_text(c->find, i + 1, (const char *)key->form[i].p,
                              (int)key->form[i].n, SQLITE_STATIC) != SQLITE_OK)
            return imp_sqlite_fail(c, err);
    return true;
}

static bool ask(const struct source *s, struct imp_sqlite *c,
                const struct forms *key, struct imp_answer **answer,
                struct imp_err *err)
{
    if (!c->find && !imp_sqlite_prepare(c, s->sql, &c->find, err))
        return false;
    if (!bind(c, key, err))
        return false;
    int rc = sqlite3_step(c->find);
    if (rc == SQLITE_ROW) {
        *answer = answer_of(c, s->names, err);
        if (!*answer)
            return false;
        rc = sqlite3_step(c->find);
    }
    if (rc == SQLITE_ROW)
        return imp_fail(err, IMP_ERR_CONFIG, "the key is there twice");
    return rc == SQLITE_DONE || imp_sqlite_fail(c, err);
}

// Whatever went wrong, the next find starts afresh. `*again`: the file has been
// replaced meanwhile. SQLite takes a journal of the new one for that of the
// old: then it fails, or answers with rows of either.
static bool take_and_ask(struct source *s, const struct forms *key,
                         struct imp_ctx *ctx, struct imp_answer **answer,
                         bool *again, struct imp_err *err)
{
    *again = false;
    struct imp_sqlite *c = take(s, ctx, err);
    if (!c)
        return false;
    bool ok = ask(s, c, key, answer, err);
    sqlite3_reset(c->find);
    *again = !imp_sqlite_is_current(c);
    if (ok && !*again) {
        sqlite3_clear_bindings(c->find);
        push(s, c);
        return true;
    }
    imp_sqlite_free(c);
    imp_answer_unref(*answer);
    *answer = NULL;
    return !ok ? false
               : imp_fail(err, IMP_ERR_IO, "it is replaced again and again");
}

static bool ask_until_current(struct source *s, const struct forms *key,
                              struct imp_ctx *ctx, struct imp_answer **answer,
                              struct imp_err *err)
{
    struct imp_err why = {0};
    bool again;
    int tries = 0;
    do {
        if (take_and_ask(s, key, ctx, answer, &again, &why))
            return true;
    } while (again && ++tries < IMP_SQLITE_TRIES);
    if (err)
        *err = why;
    return imp_wrap(err, "SQLite database");
}

static bool sqlite_find(struct imp_lookup *l, struct imp_span key,
                        struct imp_ctx *ctx, struct imp_answer **answer,
                        struct imp_err *err)
{
    *answer = NULL;
    if (key.n == 0 || key.n > IMP_FIELD_MAX)
        return true;
    char *text = malloc(key.n + 1);
    if (!text)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a key");
    memcpy(text, key.p, key.n);
    text[key.n] = '\0';
    // What is no text SQLite might make one that somebody has.
    bool is_text = !imp_field_fault(text, key.n);
    free(text);
    if (!is_text)
        return true;
    struct imp_tidy apart;
    imp_tidy_init_decomposed(&apart, key);
    const struct forms forms = {{key, apart.key}};
    bool ok = ask_until_current((struct source *)l, &forms, ctx, answer, err);
    imp_tidy_clear(&apart);
    return ok;
}

// --- Birth and death ---

static void sqlite_free(struct imp_lookup *l)
{
    struct source *s = (struct source *)l;
    struct imp_sqlite *c;
    while ((c = pop(s)))
        imp_sqlite_free(c);
    sqlite3_free(s->sql);
    free(s->names);
    free(s->file);
    pthread_mutex_destroy(&s->mu);
    free(s);
}

// SQLite takes "file:..." for a URI, if it was built so, and ":memory:" for
// itself.
static char *plain_path(const char *file, struct imp_err *err)
{
    char *path = malloc(strlen(file) + 3);
    if (path)
        stpcpy(stpcpy(path, *file == '/' ? "" : "./"), file);
    else
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a look-up source");
    return path;
}

static bool open_file(struct source *s, const char *file, const char *table,
                      const char *key, struct imp_err *err)
{
    if (!table)
        return imp_fail(err, IMP_ERR_CONFIG, "want sqlite:FILE?table=TABLE");
    s->file = plain_path(file, err);
    if (!s->file)
        return false;
    struct imp_ctx *ctx = imp_ctx_new_timeout(NULL, OPEN_MS);
    struct imp_sqlite *c = imp_sqlite_open(s->file, ctx, err);
    bool ok = c && take_table(s, c, table, key, err);
    if (ok)
        push(s, c);
    else
        imp_sqlite_free(c);
    if (!ok && imp_ctx_cancelled(ctx))
        imp_fail(err, IMP_ERR_IO, "locked by another program for %d ms",
                 OPEN_MS);
    imp_ctx_free(ctx);
    return ok;
}

static struct imp_lookup *sqlite_open(const struct imp_lookup_at *at,
                                      struct imp_err *err)
{
    struct imp_lookup_param param[] = {{.name = "table"}, {.name = "key"}};
    struct source *s = calloc(1, sizeof *s);
    char *file;
    if (!s) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a look-up source");
        return NULL;
    }
    s->base.ops = &imp_lookup_sqlite;
    pthread_mutex_init(&s->mu, NULL);
    const char *rest = at->spec + strlen(imp_lookup_sqlite.prefix);
    bool ok = imp_lookup_split(rest, &file, param, 2, err) &&
              open_file(s, file, param[0].value,
                        param[1].value ? param[1].value : IMP_KEY_COLUMN, err);
    free(file);
    free(param[0].value);
    free(param[1].value);
    if (ok)
        return &s->base;
    imp_wrap(err, "SQLite database");
    sqlite_free(&s->base);
    return NULL;
}

static const char *const *sqlite_names(const struct imp_lookup *l)
{
    return ((const struct source *)l)->names;
}

const struct imp_lookup_ops imp_lookup_sqlite = {
    .prefix = "sqlite:",
    .slow = false,
    .open = sqlite_open,
    .names = sqlite_names,
    .find = sqlite_find,
    .free = sqlite_free,
};
