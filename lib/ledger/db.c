#include "ledger/db.h"

#include "base/bytes.h"
#include "base/fold.h"
#include "ledger/key.h"
#include "sync/context.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BUSY_MS 10000

// Small, so that a run over a million inputs needs no more memory than one over
// a thousand: what is not in here is in the system's page cache.
#define READER_CACHE "PRAGMA cache_size = -768"
#define WRITER_CACHE "PRAGMA cache_size = -512"
#define TEMPORARY_CACHE "PRAGMA cache_size = -4096"

#define STATEMENT_TEXT(name, sql) sql,
static const char *const statements[] = {IMP_STATEMENTS(STATEMENT_TEXT)};

static bool fail(struct imp_db *db, struct imp_err *err)
{
    int code = sqlite3_errcode(db->handle) & 0xFF;
    enum imp_code as = code == SQLITE_NOMEM       ? IMP_ERR_MEMORY
                       : code == SQLITE_INTERRUPT ? IMP_ERR_CANCELLED
                                                  : IMP_ERR_IO;
    return imp_fail(err, as, "ledger: %s", sqlite3_errmsg(db->handle));
}

// --- The sum of a row ---

static uLong sum_value(uLong sum, sqlite3_value *value)
{
    uint8_t head[9] = {(uint8_t)sqlite3_value_type(value)};
    const void *bytes = NULL;
    size_t n = 0;
    if (head[0] == SQLITE_INTEGER) {
        imp_put_le64(head + 1, (uint64_t)sqlite3_value_int64(value));
    } else if (head[0] != SQLITE_NULL) {
        bytes = head[0] == SQLITE_BLOB ? sqlite3_value_blob(value)
                                       : sqlite3_value_text(value);
        n = (size_t)sqlite3_value_bytes(value);
        imp_put_le64(head + 1, n);
    }
    sum = crc32_z(sum, head, sizeof head);
    return n ? crc32_z(sum, bytes, n) : sum;
}

// The CRC-32 (ISO/IEC 13239) of all values, each behind its type and length:
// it finds every flipped bit, costs less than a microsecond for a row, and the
// lines of the audit log have the same.
static void row_sum(sqlite3_context *to, int n, sqlite3_value **values)
{
    uLong sum = crc32_z(0, NULL, 0);
    for (int i = 0; i < n; i++)
        sum = sum_value(sum, values[i]);
    sqlite3_result_int64(to, (sqlite3_int64)sum);
}

// For ledgers whose keys were made in another way.
static void path_key(sqlite3_context *to, int n, sqlite3_value **values)
{
    (void)n;
    struct imp_keys *keys = sqlite3_user_data(to);
    const uint8_t *bytes = sqlite3_value_blob(values[0]);
    size_t len = (size_t)sqlite3_value_bytes(values[0]);
    sqlite3_result_int64(to, imp_keys_of(keys, (struct imp_span){bytes, len}));
}

static void fold(sqlite3_context *to, int n, sqlite3_value **values)
{
    (void)n;
    const char *text = (const char *)sqlite3_value_text(values[0]);
    char *folded = text ? imp_fold(text) : NULL;
    if (folded)
        sqlite3_result_text(to, folded, -1, free);
    else
        sqlite3_result_error_nomem(to);
}

static void free_keys(void *keys)
{
    imp_keys_free(keys);
}

static bool add_functions(struct imp_db *db, struct imp_err *err)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    struct imp_keys *keys = imp_keys_new(err);
    if (!keys)
        return false;
    // SQLite frees the keys, also if it fails.
    bool ok =
        sqlite3_create_function_v2(db->handle, "path_key", 1, flags, keys,
                                   path_key, NULL, NULL,
                                   free_keys) == SQLITE_OK &&
        sqlite3_create_function_v2(db->handle, "row_sum", -1, flags, NULL,
                                   row_sum, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_create_function_v2(db->handle, "fold", 1, flags, NULL, fold,
                                   NULL, NULL, NULL) == SQLITE_OK;
    return ok || fail(db, err);
}

bool imp_db_exec(struct imp_db *db, const char *sql, struct imp_err *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
           fail(db, err);
}

bool imp_db_number(struct imp_db *db, const char *sql, int64_t *value,
                   struct imp_err *err)
{
    sqlite3_stmt *s = NULL;
    bool ok = sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL) == SQLITE_OK &&
              sqlite3_step(s) == SQLITE_ROW;
    if (ok)
        *value = sqlite3_column_int64(s, 0);
    else
        fail(db, err);
    sqlite3_finalize(s);
    return ok;
}

// WAL: readers and the writer do not wait for each other. FULL: a commit that
// was reported survives a power cut, which NORMAL does not promise in WAL mode.
static bool configure(struct imp_db *db, bool read_only, struct imp_err *err)
{
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (read_only)
        return imp_db_exec(db, READER_CACHE, err);
    return imp_db_exec(db, WRITER_CACHE, err) &&
           imp_db_exec(db, "PRAGMA journal_mode = WAL", err) &&
           imp_db_exec(db, "PRAGMA synchronous = FULL", err) &&
           imp_db_exec(db, "PRAGMA foreign_keys = ON", err);
}

// Each connection has one thread: no mutex.
static bool connect_to(struct imp_db *db, const char *file, int flags,
                       struct imp_err *err)
{
    *db = (struct imp_db){0};
    bool ok = sqlite3_open_v2(file, &db->handle, flags | SQLITE_OPEN_NOMUTEX,
                              NULL) == SQLITE_OK;
    if (!db->handle)
        return imp_fail(err, IMP_ERR_MEMORY, "ledger: no memory");
    return (ok || fail(db, err)) && add_functions(db, err);
}

bool imp_db_open(struct imp_db *db, const char *file, bool read_only,
                 struct imp_err *err)
{
    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    bool ok = connect_to(db, file, flags, err);
    // What SQLite may not open for writing it opens for reading.
    if (ok && !read_only && sqlite3_db_readonly(db->handle, "main") == 1)
        ok = imp_fail(err, IMP_ERR_IO, "ledger: cannot be opened for writing");
    ok = ok && configure(db, read_only, err);
    if (!ok)
        imp_db_clear(db);
    return ok;
}

bool imp_db_open_temporary(struct imp_db *db, struct imp_err *err)
{
    // "" is a file without a name: see sqlite3_open_v2.
    bool ok =
        connect_to(db, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err) &&
        imp_db_exec(db, TEMPORARY_CACHE, err) &&
        imp_db_exec(db, "PRAGMA journal_mode = OFF", err) &&
        imp_db_exec(db, "PRAGMA temp_store = FILE", err);
    if (!ok)
        imp_db_clear(db);
    return ok;
}

static int is_cancelled(void *ctx)
{
    return imp_ctx_cancelled(ctx);
}

void imp_db_heed(struct imp_db *db, struct imp_ctx *ctx)
{
    const int every = 10000; // of SQLite's own instructions: under 1 ms
    sqlite3_progress_handler(db->handle, ctx ? every : 0, is_cancelled, ctx);
}

void imp_db_clear(struct imp_db *db)
{
    for (size_t i = 0; i < IMP_SQL_COUNT; i++)
        sqlite3_finalize(db->stmt[i]);
    sqlite3_close(db->handle);
    *db = (struct imp_db){0};
}

struct sqlite3_stmt *imp_db_get(struct imp_db *db, enum imp_sql which,
                                struct imp_err *err)
{
    if (!db->stmt[which] &&
        sqlite3_prepare_v3(db->handle, statements[which], -1,
                           SQLITE_PREPARE_PERSISTENT, &db->stmt[which],
                           NULL) != SQLITE_OK)
        fail(db, err);
    return db->stmt[which];
}

void imp_db_bind_text(struct sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

// Paths are bytes, not always UTF-8.
void imp_db_bind_path(struct sqlite3_stmt *s, int at, const char *path)
{
    sqlite3_bind_blob64(s, at, path, strlen(path), SQLITE_STATIC);
}

void imp_db_bind_digest(struct sqlite3_stmt *s, int at,
                        const struct imp_digest *digest)
{
    sqlite3_bind_blob(s, at, digest->b, sizeof digest->b, SQLITE_STATIC);
}

bool imp_db_column_digest(struct sqlite3_stmt *s, int at,
                          struct imp_digest *digest, struct imp_err *err)
{
    const void *bytes = sqlite3_column_blob(s, at);
    int n = sqlite3_column_bytes(s, at);
    if (!bytes || n != (int)sizeof digest->b)
        return imp_fail(err, IMP_ERR_IO, "ledger: digest of %d bytes: want %zu",
                        n, sizeof digest->b);
    memcpy(digest->b, bytes, sizeof digest->b);
    return true;
}

bool imp_db_step(struct imp_db *db, struct sqlite3_stmt *s, bool *row,
                 struct imp_err *err)
{
    int code = sqlite3_step(s);
    *row = code == SQLITE_ROW;
    if (*row)
        return true;
    bool ok = code == SQLITE_DONE || fail(db, err);
    imp_db_done(s);
    return ok;
}

void imp_db_done(struct sqlite3_stmt *s)
{
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

bool imp_db_ask(struct imp_db *db, struct sqlite3_stmt *s, bool *answer,
                struct imp_err *err)
{
    bool row;
    if (!s || !imp_db_step(db, s, &row, err))
        return false;
    *answer = row && sqlite3_column_int(s, 0) != 0;
    imp_db_done(s);
    return true;
}

bool imp_db_run(struct imp_db *db, struct sqlite3_stmt *s, struct imp_err *err)
{
    bool row;
    return imp_db_step(db, s, &row, err);
}

static bool run(struct imp_db *db, enum imp_sql which, struct imp_err *err)
{
    struct sqlite3_stmt *s = imp_db_get(db, which, err);
    return s && imp_db_run(db, s, err);
}

bool imp_db_begin(struct imp_db *db, struct imp_err *err)
{
    return run(db, IMP_SQL_BEGIN, err);
}

bool imp_db_begin_read(struct imp_db *db, struct imp_err *err)
{
    return run(db, IMP_SQL_READ, err);
}

bool imp_db_commit(struct imp_db *db, struct imp_err *err)
{
    return run(db, IMP_SQL_COMMIT, err);
}

void imp_db_rollback(struct imp_db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}
