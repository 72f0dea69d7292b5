/* sqlite_db.h - a connection to somebody else's SQLite database, for reading.
 * Inside of the module; one thread at a time.
 *
 * Nothing in it is trusted, and nothing is written, also not to SQLite's own
 * temporary files. Messages name neither path nor value: SQLite's own are not
 * passed on. */
#ifndef IMP_LOOKUP_SQLITE_DB_H
#define IMP_LOOKUP_SQLITE_DB_H

#include "base/err.h"

#include <stdbool.h>

struct imp_ctx;
struct sqlite3;
struct sqlite3_stmt;

struct imp_sqlite {
    struct sqlite3 *handle;
    struct sqlite3_stmt *find; /* the owner's; finalized with it; may be NULL */
    /* What runs or waits for a lock ends with it, within 50 ms: the owner sets
     * it anew for each question, to NULL in between. SQLite asks between
     * instructions, so that one which takes long is waited for: to sort what a
     * view had read by then (some times as long as to read it), to count a
     * whole table, a function of a value of some 100 kB. */
    struct imp_ctx *ctx;
    struct imp_sqlite *next; /* the owner's */
};

/* At a file that is replaced while it is opened or asked. SQLite takes a
 * journal of the new one for that of the old, which then looks broken. */
#define IMP_SQLITE_TRIES 10

/* Open `file`, a path that SQLite cannot take for a URI. NULL with
 * IMP_ERR_CONFIG, _IO or _MEMORY. Whether it is a database shows at the first
 * question. */
struct imp_sqlite *imp_sqlite_open(const char *file, struct imp_ctx *ctx,
                                   struct imp_err *err);
void imp_sqlite_free(struct imp_sqlite *c); /* NULL is fine */

/* Is the file that it has open still the one at that path? */
bool imp_sqlite_is_current(struct imp_sqlite *c);

/* A statement that the caller finalizes. */
bool imp_sqlite_prepare(struct imp_sqlite *c, const char *sql,
                        struct sqlite3_stmt **s, struct imp_err *err);

/* False, with what went wrong last: IMP_ERR_CANCELLED if the context has ended,
 * _CONFIG if trying again would not help, else _IO or _MEMORY. */
bool imp_sqlite_fail(struct imp_sqlite *c, struct imp_err *err);

#endif
