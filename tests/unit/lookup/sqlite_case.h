/* sqlite_case.h - a test's database, and the source that is asked. */
#ifndef IMP_TEST_SQLITE_CASE_H
#define IMP_TEST_SQLITE_CASE_H

#include "../../lib/tempdir.h"
#include "asking.h"

#include <sqlite3.h>

static char *dir, *path;
static struct imp_lookup *source; /* the one that is open */

static inline void set_up(void)
{
    dir = tempdir_make();
    path = text("%s/s.db", dir);
}

static inline void close_source(void)
{
    if (source)
        source->ops->free(source);
    source = NULL;
}

static inline void tear_down(void)
{
    close_source();
    tempdir_remove(dir);
}

static inline sqlite3 *connected(const char *file)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
    return db;
}

static inline void run_in(sqlite3 *db, const char *sql)
{
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s: %s",
                 sql, sqlite3_errmsg(db));
}

static inline void run(const char *file, const char *sql)
{
    sqlite3 *db = connected(file);
    run_in(db, sql);
    sqlite3_close(db);
}

/* The table of the test's database, in place of the source before; closed in
 * the end. */
static inline struct imp_lookup *opened(const char *table)
{
    struct imp_err err;
    close_source();
    source = open_at(&imp_lookup_sqlite,
                     text("sqlite:%s?table=%s", path, table), &err);
    cr_assert(source, "%s", err.msg);
    return source;
}

static inline const char *refused(const char *table)
{
    return not_opened(&imp_lookup_sqlite,
                      text("sqlite:%s?table=%s", path, table));
}

#define SIMPLE                                                   \
    "CREATE TABLE s(subject TEXT PRIMARY KEY, code TEXT, site);" \
    "INSERT INTO s VALUES('p1', 'S-1', 'Ulm'), ('p2', 'S-2', '')"

#endif
