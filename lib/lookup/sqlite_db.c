#include "lookup/sqlite_db.h"

#include "lookup/columns.h"
#include "sync/context.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PAUSE_MS 10 // between two tries at a lock
#define EVERY 100   // of SQLite's own instructions: far less than 1 ms
// Bytes of a value, a row or a statement: what one instruction, which nothing
// interrupts, can take long for. LIKE and GLOB take the time of value and
// pattern multiplied.
#define LENGTH_MAX ((int)(2 * IMP_FIELD_MAX))
#define PATTERN_MAX 100 // bytes; longest 0.1 s

// --- Until the context ends ---

static int wait_for_lock(void *self, int tries)
{
    struct imp_sqlite *c = self;
    (void)tries;
    return c->ctx && !imp_ctx_wait(c->ctx, PAUSE_MS);
}

static int is_over(void *self)
{
    struct imp_sqlite *c = self;
    return c->ctx && imp_ctx_cancelled(c->ctx);
}

// --- What went wrong ---

// Nothing is written to the database, but to read one SQLite may have to write
// beside it.
static const char *why_readonly(int extended)
{
    switch (extended) {
    case SQLITE_READONLY_DIRECTORY:
    case SQLITE_READONLY_CANTINIT:
    case SQLITE_READONLY_CANTLOCK:
        return "it is in WAL mode, for which SQLite needs to write files into "
               "its directory";
    default:
        return "a program that was writing has died: open it once for writing, "
               "to undo what it left";
    }
}

// A lock is waited for until the context ends.
bool imp_sqlite_fail(struct imp_sqlite *c, struct imp_err *err)
{
    static const char *const gone =
        "the table or a column is not there any more, or its view fails";
    int code = sqlite3_errcode(c->handle) & 0xFF;
    // Its own text could have a value in it, of which a view has made a path
    // or a pattern.
    const char *why = sqlite3_errstr(code);
    enum imp_code as = IMP_ERR_IO;
    switch (code) {
    case SQLITE_NOMEM:
        as = IMP_ERR_MEMORY;
        break;
    case SQLITE_INTERRUPT:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        if (is_over(c))
            as = IMP_ERR_CANCELLED;
        break;
    case SQLITE_READONLY:
        why = why_readonly(sqlite3_extended_errcode(c->handle));
        break;
    case SQLITE_CANTOPEN:
        why = "it, or a file that SQLite has beside it (-wal, -shm, -journal), "
              "cannot be opened or made";
        break;
    case SQLITE_ERROR:
        why = gone;
        as = IMP_ERR_CONFIG;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        as = IMP_ERR_CONFIG;
        break;
    default:
        break;
    }
    return imp_fail(err, as, "%s", why);
}

// --- A connection ---

void imp_sqlite_free(struct imp_sqlite *c)
{
    if (!c)
        return;
    sqlite3_finalize(c->find);
    sqlite3_close(c->handle);
    free(c);
}

// Who made the file is not trusted: its schema runs no function with effects,
// and nothing of it is kept in a file of SQLite's own.
static bool configure(struct imp_sqlite *c, struct imp_err *err)
{
    static const int off[] = {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
                              SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                              SQLITE_DBCONFIG_ENABLE_TRIGGER};
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        sqlite3_db_config(c->handle, off[i], 0, NULL);
    sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_limit(c->handle, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(c->handle, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_MAX);
    sqlite3_limit(c->handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_busy_handler(c->handle, wait_for_lock, c);
    sqlite3_progress_handler(c->handle, EVERY, is_over, c);
    return sqlite3_exec(c->handle,
                        "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                        "PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY",
                        NULL, NULL, NULL) == SQLITE_OK ||
           imp_sqlite_fail(c, err);
}

// SQLite would wait for a pipe's other end.
static bool is_regular(const char *file, struct imp_err *err)
{
    struct stat st;
    if (stat(file, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? imp_fail(err, IMP_ERR_CONFIG, "there is no such file")
                   : imp_fail_errno(err, "stat");
    return S_ISREG(st.st_mode) ||
           imp_fail(err, IMP_ERR_CONFIG, "not a regular file");
}

// A file that was replaced stays open, with what it said before.
bool imp_sqlite_is_current(struct imp_sqlite *c)
{
    int moved = 0;
    return sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_HAS_MOVED,
                                &moved) == SQLITE_OK &&
           !moved;
}

// `*again`: the file was replaced meanwhile.
static struct imp_sqlite *open_once(const char *file, struct imp_ctx *ctx,
                                    bool *again, struct imp_err *err)
{
    struct imp_sqlite *c = calloc(1, sizeof *c);
    *again = false;
    if (!c) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a connection");
        return NULL;
    }
    c->ctx = ctx;
    // Whoever has it is alone with it: no mutex.
    if (is_regular(file, err)) {
        int rc = sqlite3_open_v2(
            file, &c->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
        if (!c->handle)
            imp_fail(err, IMP_ERR_MEMORY, "no memory for a connection");
        else if (rc != SQLITE_OK)
            imp_sqlite_fail(c, err);
        else if (configure(c, err))
            return c;
        else
            *again = !imp_sqlite_is_current(c);
    }
    imp_sqlite_free(c);
    return NULL;
}

struct imp_sqlite *imp_sqlite_open(const char *file, struct imp_ctx *ctx,
                                   struct imp_err *err)
{
    struct imp_err why = {0};
    struct imp_sqlite *c;
    bool again;
    int tries = 0;
    do
        c = open_once(file, ctx, &again, &why);
    while (again && ++tries < IMP_SQLITE_TRIES);
    if (!c && err)
        *err = why;
    return c;
}

bool imp_sqlite_prepare(struct imp_sqlite *c, const char *sql, sqlite3_stmt **s,
                        struct imp_err *err)
{
    return sqlite3_prepare_v3(c->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, s,
                              NULL) == SQLITE_OK ||
           imp_sqlite_fail(c, err);
}
