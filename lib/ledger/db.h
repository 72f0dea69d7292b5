/* db.h - the ledger's statements, prepared once each, and how they fail.
 *
 * SQLite's messages name tables and columns, never values, so they may be
 * passed on. */
#ifndef IMP_LEDGER_DB_H
#define IMP_LEDGER_DB_H

#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_ctx;
struct sqlite3;
struct sqlite3_stmt;

/* The sum of a row, over all its other columns: what `sum` must be. It tells
 * bit rot and clumsy edits, not somebody who can compute it; for that there is
 * the audit log. row_sum is a function of ours: see db.c. */
#define IMP_SUM_OF_META "row_sum(key, value)"
#define IMP_SUM_OF_RUN                                                        \
    "row_sum(id, recipe, policy, mark, started, ended, archived, duplicate, " \
    "skipped, quarantined, failed, cancelled, seq)"
#define IMP_SUM_OF_POLICY "row_sum(digest, text)"
#define IMP_SUM_OF_SUBJECT \
    "row_sum(id, subject, code, made, folded, subject_folded)"
#define IMP_SUM_OF_OBJECT \
    "row_sum(id, name, digest, length, place, stored, folded)"
#define IMP_SUM_OF_INPUT                                                       \
    "row_sum(id, key, path, size, inode, mtime_ns, outcome, code, reason, "    \
    "offset, format, route, mark_x, mark_y, mark_width, mark_height, "         \
    "mark_across, mark_down, mark_step_x, mark_step_y, object, run, removed, " \
    "seq, at, after, ctime_ns, subject)"

/* The same of the tables' own definitions; its text is the meta value "schema".
 */
#define IMP_SUM_OF_SCHEMA                                              \
    "(SELECT CAST(row_sum(group_concat(type || ' ' || name || ' ' || " \
    "tbl_name || ' ' || coalesce(sql, ''))) AS TEXT) "                 \
    "FROM (SELECT * FROM sqlite_master ORDER BY name))"

/* And that of all suspects together, which are few: the meta value "suspects",
 * written with them; while there have never been any it is missing. */
#define IMP_SUM_OF_SUSPECTS                                            \
    "(SELECT CAST(row_sum(group_concat(key || ' ' || hex(path) || "    \
    "' ' || size || ' ' || inode || ' ' || mtime_ns || ' ' || tries))" \
    " AS TEXT) FROM (SELECT * FROM suspects ORDER BY key, path))"

/* What Windows and macOS would call it is a function of ours, too: fold(text),
 * as imp_fold. */

/* Every statement that is run more than once or takes a parameter. */
#define IMP_STATEMENTS(ROW)                                                    \
    ROW(PUT_SUSPECT, "INSERT OR REPLACE INTO suspects(key, path, size, "       \
                     "inode, mtime_ns, tries) "                                \
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                         \
    ROW(DROP_SUSPECT, "DELETE FROM suspects WHERE key = ?1 AND path = ?2")     \
    ROW(SUM_SUSPECTS, "INSERT INTO meta(key, value, sum) "                     \
                      "SELECT 'suspects', s, row_sum('suspects', s) "          \
                      "FROM (SELECT " IMP_SUM_OF_SUSPECTS " AS s) "            \
                      "WHERE true ON CONFLICT DO UPDATE "                      \
                      "SET value = excluded.value, sum = excluded.sum")        \
    ROW(EACH_SUSPECT, "SELECT path, size, inode, mtime_ns, tries "             \
                      "FROM suspects")                                         \
    ROW(BEGIN, "BEGIN IMMEDIATE")                                              \
    ROW(READ, "BEGIN DEFERRED")                                                \
    ROW(COMMIT, "COMMIT")                                                      \
    ROW(GET_META, "SELECT value FROM meta WHERE key = ?1")                     \
    ROW(PUT_META, "INSERT INTO meta(key, value, sum) "                         \
                  "VALUES(?1, ?2, row_sum(?1, ?2)) ON CONFLICT DO UPDATE "     \
                  "SET value = excluded.value, sum = excluded.sum")            \
    ROW(SUM_RUN, "UPDATE runs SET sum = " IMP_SUM_OF_RUN " WHERE id = ?1")     \
    ROW(SUM_OBJECT,                                                            \
        "UPDATE objects SET sum = " IMP_SUM_OF_OBJECT " WHERE id = ?1")        \
    ROW(SUM_INPUT,                                                             \
        "UPDATE inputs SET sum = " IMP_SUM_OF_INPUT " WHERE id = ?1")          \
    ROW(HAS_OBJECTS, "SELECT EXISTS(SELECT 1 FROM objects)")                   \
    ROW(COUNT_OBJECTS, "SELECT count(*) FROM objects")                         \
    ROW(HAS_AT, "SELECT EXISTS(SELECT 1 FROM objects WHERE name = ?1 "         \
                "AND ifnull(place, 0) = ?2 AND ifnull(stored, 0) = ?3)")       \
    ROW(OTHER_RECIPE, "SELECT EXISTS(SELECT 1 FROM runs WHERE recipe <> ?1)")  \
    ROW(START_RUN, "INSERT INTO runs(recipe, policy, mark, started, seq) "     \
                   "VALUES(?1, ?2, ?3, ?4, ?5)")                               \
    ROW(EACH_POLICY, "SELECT policy FROM runs WHERE policy NOT NULL "          \
                     "AND (archived > 0 OR ended IS NULL) "                    \
                     "UNION SELECT digest FROM policies WHERE text = '' "      \
                     "ORDER BY 1")                                             \
    ROW(END_RUN, "UPDATE runs SET ended = unixepoch(), archived = ?2, "        \
                 "duplicate = ?3, skipped = ?4, quarantined = ?5, "            \
                 "failed = ?6, cancelled = ?7 WHERE id = ?1")                  \
    ROW(KNOWN, "SELECT size, inode, mtime_ns, outcome, ctime_ns FROM inputs "  \
               "WHERE key = ?1 AND path = ?2")                                 \
    ROW(SEQ_OF_INPUT, "SELECT seq FROM inputs WHERE id = ?1")                  \
    ROW(SEQ_OF_RUN, "SELECT seq FROM runs WHERE id = ?1")                      \
    ROW(INPUT_ID, "SELECT id FROM inputs WHERE key = ?1 AND path = ?2")        \
    ROW(ADD_INPUT,                                                             \
        "INSERT INTO inputs(key, path, size, inode, mtime_ns, outcome, "       \
        "code, reason, offset, format, route, object, run, mark_x, mark_y, "   \
        "mark_width, mark_height, mark_across, mark_down, mark_step_x, "       \
        "mark_step_y, removed, seq, at, after, ctime_ns, subject) "            \
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "      \
        "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, "    \
        "(SELECT id FROM subjects WHERE subject = ?27))")                      \
    ROW(SET_INPUT,                                                             \
        "UPDATE inputs SET size = ?3, inode = ?4, mtime_ns = ?5, "             \
        "outcome = ?6, code = ?7, reason = ?8, offset = ?9, format = ?10, "    \
        "route = ?11, object = ?12, run = ?13, mark_x = ?14, mark_y = ?15, "   \
        "mark_width = ?16, mark_height = ?17, mark_across = ?18, "             \
        "mark_down = ?19, mark_step_x = ?20, mark_step_y = ?21, "              \
        "removed = ?22, seq = ?23, at = ?24, after = ?25, "                    \
        "ctime_ns = ?26, "                                                     \
        "subject = (SELECT id FROM subjects WHERE subject = ?27) "             \
        "WHERE id = ?28")                                                      \
    ROW(LINES_SINCE,                                                           \
        "SELECT i.seq, 'image', i.at, i.run, i.id, i.outcome, i.code, "        \
        "o.digest, i.format, i.route, i.removed, r.policy, i.after "           \
        "FROM inputs i "                                                       \
        "LEFT JOIN objects o ON o.id = i.object JOIN runs r ON r.id = i.run "  \
        "WHERE i.seq > ?1 UNION ALL "                                          \
        "SELECT seq, 'run', started, id, NULL, NULL, NULL, NULL, NULL, NULL, " \
        "NULL, policy, NULL FROM runs WHERE seq > ?1 ORDER BY 1")              \
    ROW(ARCHIVED,                                                              \
        "SELECT o.name, o.digest, i.size, i.inode, i.mtime_ns, i.format, "     \
        "i.route, mark_x, mark_y, mark_width, mark_height, mark_across, "      \
        "mark_down, mark_step_x, mark_step_y, o.length, o.place, o.stored "    \
        "FROM inputs i JOIN objects o ON o.id = i.object "                     \
        "WHERE i.key = ?1 AND i.path = ?2")                                    \
    ROW(OBJECT, "SELECT id, digest FROM objects WHERE name = ?1")              \
    ROW(ADD_OBJECT,                                                            \
        "INSERT INTO objects(name, folded, digest, length, place, stored) "    \
        "VALUES(?1, nullif(fold(?1), ?1), ?2, ?3, ?4, ?5)")                    \
    ROW(MOVE_OBJECT, "UPDATE objects SET place = ?2, stored = ?3 "             \
                     "WHERE id = ?1")                                          \
    ROW(EACH_OBJECT, "SELECT name, digest, length, place, stored "             \
                     "FROM objects ORDER BY name")                             \
    ROW(LAST_PLACED,                                                           \
        "SELECT name, digest, length, place, stored FROM objects "             \
        "WHERE place NOT NULL ORDER BY place DESC LIMIT 1")                    \
    ROW(SUBJECT, "SELECT code, made FROM subjects WHERE subject = ?1")         \
    ROW(OTHERS_CODE,                                                           \
        "SELECT EXISTS(SELECT 1 FROM subjects WHERE folded = fold(?1) "        \
        "AND subject <> ?2 AND (made OR ?3 OR code <> ?1)) "                   \
        "OR EXISTS(SELECT 1 FROM subjects WHERE subject_folded = fold(?1)) "   \
        "OR EXISTS(SELECT 1 FROM subjects WHERE folded = fold(?2))")           \
    ROW(SOME_ALIKE,                                                            \
        "SELECT name FROM objects WHERE name = ?1 "                            \
        "UNION ALL SELECT name FROM objects WHERE folded = ?1 "                \
        "UNION ALL SELECT name FROM (SELECT name FROM objects WHERE "          \
        "name > ?1 || '/' AND name < ?1 || '0' LIMIT 1) "                      \
        "UNION ALL SELECT name FROM (SELECT name FROM objects WHERE "          \
        "folded > ?1 || '/' AND folded < ?1 || '0' LIMIT 1)")                  \
    ROW(ADD_SUBJECT,                                                           \
        "INSERT INTO subjects(subject, code, made, folded, subject_folded) "   \
        "VALUES(?1, ?2, ?3, fold(?2), fold(?1))")                              \
    ROW(SUBJECT_OF_INPUT, "SELECT s.subject FROM inputs i "                    \
                          "JOIN subjects s ON s.id = i.subject "               \
                          "WHERE i.key = ?1 AND i.path = ?2 AND i.size = ?3 "  \
                          "AND i.inode = ?4 AND i.mtime_ns = ?5")              \
    ROW(SUM_SUBJECT,                                                           \
        "UPDATE subjects SET sum = " IMP_SUM_OF_SUBJECT " WHERE id = ?1")      \
    ROW(EACH_SUBJECT, "SELECT subject, code, made FROM subjects "              \
                      "ORDER BY subject")                                      \
    ROW(PUT_POLICY, "INSERT INTO policies(digest, text, sum) "                 \
                    "VALUES(?1, ?2, row_sum(?1, ?2)) ON CONFLICT DO UPDATE "   \
                    "SET text = excluded.text, sum = excluded.sum "            \
                    "WHERE text = '' AND excluded.text <> ''")                 \
    ROW(INTENT, "SELECT digest FROM intents WHERE name = ?1")                  \
    ROW(ADD_INTENT, "INSERT INTO intents(name, digest) VALUES(?1, ?2)")        \
    ROW(DROP_INTENT, "DELETE FROM intents WHERE name = ?1")                    \
    ROW(DROP_INTENTS, "DELETE FROM intents")                                   \
    ROW(LAST_INTENT, "SELECT id, name, digest FROM intents WHERE id < ?1 "     \
                     "ORDER BY id DESC LIMIT 1")                               \
    ROW(PAGES, "PRAGMA integrity_check(1000)")                                 \
    ROW(REFERENCES, "PRAGMA foreign_key_check")                                \
    ROW(WRONG_SUMS,                                                            \
        "SELECT 'meta ' || key FROM meta WHERE sum IS NOT " IMP_SUM_OF_META    \
        " UNION ALL SELECT 'policies ' || lower(hex(digest)) FROM policies "   \
        "WHERE sum IS NOT " IMP_SUM_OF_POLICY                                  \
        " UNION ALL SELECT 'runs ' || id FROM runs WHERE sum IS "              \
        "NOT " IMP_SUM_OF_RUN                                                  \
        " UNION ALL SELECT 'objects ' || id FROM objects WHERE sum IS "        \
        "NOT " IMP_SUM_OF_OBJECT                                               \
        " UNION ALL SELECT 'subjects ' || id FROM subjects WHERE sum IS "      \
        "NOT " IMP_SUM_OF_SUBJECT                                              \
        " UNION ALL SELECT 'inputs ' || id FROM inputs WHERE sum IS "          \
        "NOT " IMP_SUM_OF_INPUT                                                \
        " UNION ALL SELECT 'the schema' WHERE " IMP_SUM_OF_SCHEMA              \
        " IS NOT (SELECT value FROM meta WHERE key = 'schema') "               \
        "UNION ALL SELECT 'suspects' WHERE " IMP_SUM_OF_SUSPECTS " IS NOT "    \
        "coalesce((SELECT value FROM meta WHERE key = 'suspects'), "           \
        "CAST(row_sum(NULL) AS TEXT))")                                        \
    ROW(MISSING_ROWS,                                                          \
        "SELECT printf('inputs: %d of %d rows are there', n, top) FROM "       \
        "(SELECT count(*) AS n, max(id) AS top FROM inputs) WHERE n <> top "   \
        "UNION ALL SELECT printf('objects: %d of %d rows are there', n, top) " \
        "FROM (SELECT count(*) AS n, max(id) AS top FROM objects) "            \
        "WHERE n <> top "                                                      \
        "UNION ALL SELECT printf('subjects: %d of %d rows are there', n, "     \
        "top) "                                                                \
        "FROM (SELECT count(*) AS n, max(id) AS top FROM subjects) "           \
        "WHERE n <> top "                                                      \
        "UNION ALL SELECT printf('runs: %d of %d rows are there', n, top) "    \
        "FROM (SELECT count(*) AS n, max(id) AS top FROM runs) "               \
        "WHERE n <> top "                                                      \
        "UNION ALL SELECT printf('policies: that of run %d is missing', id) "  \
        "FROM runs WHERE seq NOT NULL AND policy NOT NULL "                    \
        "AND policy NOT IN (SELECT digest FROM policies) "                     \
        "UNION ALL SELECT printf('meta %s: is missing', k) "                   \
        "FROM (SELECT 'audit_seq' AS k UNION ALL SELECT 'audit_mark' "         \
        "UNION ALL SELECT 'archive' UNION ALL SELECT 'listing' "               \
        "UNION ALL SELECT 'dirty') "                                           \
        "WHERE EXISTS(SELECT 1 FROM runs WHERE seq NOT NULL) "                 \
        "AND k NOT IN (SELECT key FROM meta)")                                 \
    ROW(BOUND, "SELECT value, sum IS row_sum(key, value) FROM meta "           \
               "WHERE key = 'archive'")                                        \
    ROW(INTENTS, "SELECT count(*) FROM intents")                               \
    ROW(EACH_MADE, "SELECT o.name, r.policy, i.route FROM inputs i "           \
                   "JOIN objects o ON o.id = i.object "                        \
                   "JOIN runs r ON r.id = i.run WHERE r.policy NOT NULL")      \
    ROW(EACH_TEXT, "SELECT DISTINCT r.policy, p.text FROM runs r "             \
                   "LEFT JOIN policies p ON p.digest = r.policy "              \
                   "WHERE r.policy NOT NULL ORDER BY r.policy")                \
    ROW(CENSUS_ADD, "INSERT INTO census VALUES(?1, ?2, ?3, ?4, ?5, ?6)")       \
    ROW(CENSUS_EACH, "SELECT name, source, digest, length, place, stored "     \
                     "FROM census ORDER BY name, source, digest")

#define IMP_STATEMENT_NAME(name, sql) IMP_SQL_##name,
enum imp_sql { IMP_STATEMENTS(IMP_STATEMENT_NAME) IMP_SQL_COUNT };
#undef IMP_STATEMENT_NAME

/* A connection and its prepared statements; one thread. */
struct imp_db {
    struct sqlite3 *handle;
    struct sqlite3_stmt *stmt[IMP_SQL_COUNT]; /* NULL until first used */
};

/* Open `file`, which must exist (it may be empty). On false nothing is held. */
bool imp_db_open(struct imp_db *db, const char *file, bool read_only,
                 struct imp_err *err);
void imp_db_clear(struct imp_db *db);

/* A database of its own that goes with it: on disk, once it is large. */
bool imp_db_open_temporary(struct imp_db *db, struct imp_err *err);

/* From now on a statement that takes long ends with IMP_ERR_CANCELLED once
 * `ctx` is cancelled, which must outlive it; NULL: none does. */
void imp_db_heed(struct imp_db *db, struct imp_ctx *ctx);

/* Run SQL text without parameters or rows. */
bool imp_db_exec(struct imp_db *db, const char *sql, struct imp_err *err);

/* The first column of the first row of `sql`, as a number. */
bool imp_db_number(struct imp_db *db, const char *sql, int64_t *value,
                   struct imp_err *err);

/* The statement, ready to bind; borrowed. NULL with `err`. */
struct sqlite3_stmt *imp_db_get(struct imp_db *db, enum imp_sql which,
                                struct imp_err *err);

/* Text or bytes as a parameter, borrowed until the statement is reset; NULL
 * binds NULL. Too long for SQLite leaves NULL, which the schema refuses. */
void imp_db_bind_text(struct sqlite3_stmt *s, int at, const char *text);
void imp_db_bind_path(struct sqlite3_stmt *s, int at, const char *path);
void imp_db_bind_digest(struct sqlite3_stmt *s, int at,
                        const struct imp_digest *digest);

/* A column that must hold a digest. */
bool imp_db_column_digest(struct sqlite3_stmt *s, int at,
                          struct imp_digest *digest, struct imp_err *err);

/* Step: `*row` tells whether there is one; reset it with imp_db_done. On false
 * it has been reset. */
bool imp_db_step(struct imp_db *db, struct sqlite3_stmt *s, bool *row,
                 struct imp_err *err);
void imp_db_done(struct sqlite3_stmt *s);

/* Run a statement that gives one truth value. False, too, if `s` is NULL. */
bool imp_db_ask(struct imp_db *db, struct sqlite3_stmt *s, bool *answer,
                struct imp_err *err);

/* Run a statement that gives no row. */
bool imp_db_run(struct imp_db *db, struct sqlite3_stmt *s, struct imp_err *err);

bool imp_db_begin(struct imp_db *db, struct imp_err *err);
bool imp_db_begin_read(struct imp_db *db, struct imp_err *err);
bool imp_db_commit(struct imp_db *db, struct imp_err *err);

/* Undo the open transaction, if any; errors do not matter any more. */
void imp_db_rollback(struct imp_db *db);

#define IMP_LEDGER_SCHEMA 6

/* Create the tables in an empty database; IMP_ERR_CONFIG if a newer imgpipe
 * made them. */
bool imp_db_schema(struct imp_db *db, struct imp_err *err);

#endif
