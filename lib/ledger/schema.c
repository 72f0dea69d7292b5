#include "ledger/db.h"

#include <inttypes.h>

#define SCHEMA IMP_LEDGER_SCHEMA
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

// `inputs.key` is a number made of the path, see key.h: an index of numbers is
// a tenth of one of paths and stays in the page cache.
//
// An object's name is unique: the same bytes are archived once under one name.
// `folded` is what it is called where case and the coding of accents do not
// count; NULL: the same. So an index of it is small where names are made of
// digits alone.
//
// `sum` is that of the other columns: see db.h.
//
// The tables that a schema after the first brought in have a name here, for the
// upgrade makes them, too.
#define OBJECTS_COLUMNS                                       \
    " id INTEGER PRIMARY KEY,"                                \
    " name TEXT NOT NULL UNIQUE,"                             \
    " digest BLOB NOT NULL CHECK(length(digest) = 32),"       \
    " length INTEGER NOT NULL CHECK(length >= 0),"            \
    " place INTEGER, stored INTEGER," /* see OBJECTS_PLACE */ \
    " folded TEXT,"                                           \
    " sum INTEGER) STRICT;"
#define OBJECTS_FOLDED \
    "CREATE INDEX objects_folded ON objects(folded) WHERE folded NOT NULL;"

// Where it lies in an archive that is one file; NULL in others.
#define OBJECTS_PLACE \
    "CREATE INDEX objects_place ON objects(place) WHERE place NOT NULL;"

// What the policies say whose digests the runs have; '' of those that only the
// archive names.
#define POLICIES                                           \
    "CREATE TABLE policies("                               \
    " digest BLOB PRIMARY KEY CHECK(length(digest) = 32)," \
    " text TEXT NOT NULL,"                                 \
    " sum INTEGER) STRICT, WITHOUT ROWID;"

// Whom the codes in the archive stand for; `made`: by the key, not by others.
// Code and key are folded, too, as an object's name; here never NULL.
#define SUBJECTS                                    \
    "CREATE TABLE subjects("                        \
    " id INTEGER PRIMARY KEY,"                      \
    " subject TEXT NOT NULL UNIQUE,"                \
    " code TEXT NOT NULL,"                          \
    " made INTEGER NOT NULL CHECK(made IN (0, 1))," \
    " folded TEXT, subject_folded TEXT,"            \
    " sum INTEGER) STRICT;" SUBJECTS_FOLDED
#define SUBJECTS_FOLDED                                 \
    "CREATE INDEX subjects_folded ON subjects(folded);" \
    "CREATE INDEX subjects_subject_folded ON subjects(subject_folded);"

// Ids grow in the order in which names are to appear.
#define INTENTS                   \
    "CREATE TABLE intents("       \
    " id INTEGER PRIMARY KEY,"    \
    " name TEXT NOT NULL UNIQUE," \
    " digest BLOB NOT NULL CHECK(length(digest) = 32)) STRICT;"

// Inputs that were in a worker's hands when the program died.
#define SUSPECTS                  \
    "CREATE TABLE suspects("      \
    " key INTEGER NOT NULL,"      \
    " path BLOB NOT NULL,"        \
    " size INTEGER NOT NULL,"     \
    " inode INTEGER NOT NULL,"    \
    " mtime_ns INTEGER NOT NULL," \
    " tries INTEGER NOT NULL,"    \
    " PRIMARY KEY(key, path)) STRICT, WITHOUT ROWID;"

static const char tables[] =
    "CREATE TABLE meta("
    " key TEXT PRIMARY KEY,"
    " value TEXT NOT NULL,"
    " sum INTEGER) STRICT, WITHOUT ROWID;"

    "CREATE TABLE runs("
    " id INTEGER PRIMARY KEY,"
    " recipe BLOB NOT NULL CHECK(length(recipe) = 32),"
    " policy BLOB CHECK(length(policy) = 32)," // NULL: of before schema 2
    " mark TEXT,"                              // its template; NULL: no mark
    " started INTEGER NOT NULL,"               // seconds since the epoch
    " ended INTEGER,"
    " archived INTEGER, duplicate INTEGER, skipped INTEGER,"
    " quarantined INTEGER, failed INTEGER, cancelled INTEGER,"
    " seq INTEGER," // as that of an input
    " sum INTEGER) STRICT;"

    "CREATE TABLE objects(" OBJECTS_COLUMNS OBJECTS_PLACE OBJECTS_FOLDED
        POLICIES

            SUBJECTS

    "CREATE TABLE inputs("
    " id INTEGER PRIMARY KEY,"
    " key INTEGER NOT NULL,"
    " path BLOB NOT NULL,"
    " size INTEGER NOT NULL,"
    " inode INTEGER NOT NULL,"
    " mtime_ns INTEGER NOT NULL,"
    " outcome TEXT NOT NULL CHECK(outcome IN ('archived', 'duplicate',"
    "  'quarantined', 'failed', 'cancelled')),"
    " code TEXT, reason TEXT, offset INTEGER," // why not archived
    " format TEXT, route TEXT,"
    // Where the mark is, in stored pixels; NULL: there is none.
    " mark_x INTEGER, mark_y INTEGER,"
    " mark_width INTEGER, mark_height INTEGER,"
    // How often it is repeated, and how far apart.
    " mark_across INTEGER, mark_down INTEGER,"
    " mark_step_x INTEGER, mark_step_y INTEGER,"
    " object INTEGER REFERENCES objects(id),"
    " run INTEGER NOT NULL REFERENCES runs(id),"
    " removed TEXT," // the names of the parts that went, one on a line
    // Its line in the audit log, and when; NULL: of before schema 4.
    " seq INTEGER, at INTEGER,"
    " ctime_ns INTEGER," // NULL: of before schema 4
    " after TEXT,"       // what was to become of the source: 'move', 'delete'
    " subject INTEGER REFERENCES subjects(id)," // whose it is; NULL: not known
    " sum INTEGER,"
    " CHECK((outcome IN ('archived', 'duplicate')) = (object IS NOT NULL))"
    ") STRICT;"
    "CREATE INDEX inputs_key ON inputs(key);"

    INTENTS SUSPECTS

    "PRAGMA user_version = " TEXT(SCHEMA) ";";

static const char note_schema[] =
    "INSERT INTO meta(key, value) VALUES('schema', " IMP_SUM_OF_SCHEMA ") "
    "ON CONFLICT DO UPDATE SET value = excluded.value;"
    "UPDATE meta SET sum = " IMP_SUM_OF_META " WHERE key = 'schema';";

static bool create(struct imp_db *db, struct imp_err *err)
{
    bool ok = imp_db_begin(db, err) && imp_db_exec(db, tables, err) &&
              imp_db_exec(db, note_schema, err) && imp_db_commit(db, err);
    if (!ok)
        imp_db_rollback(db);
    return ok;
}

// What was so up to schema 5.
#define OBJECTS_COLUMNS_5                               \
    " id INTEGER PRIMARY KEY,"                          \
    " name TEXT NOT NULL UNIQUE,"                       \
    " digest BLOB NOT NULL CHECK(length(digest) = 32)," \
    " length INTEGER NOT NULL CHECK(length >= 0),"      \
    " place INTEGER, stored INTEGER, sum INTEGER) STRICT;"
#define SUBJECTS_5                                  \
    "CREATE TABLE subjects("                        \
    " id INTEGER PRIMARY KEY,"                      \
    " subject TEXT NOT NULL UNIQUE,"                \
    " code TEXT NOT NULL,"                          \
    " made INTEGER NOT NULL CHECK(made IN (0, 1))," \
    " sum INTEGER) STRICT;"                         \
    "CREATE INDEX subjects_code ON subjects(code);"
#define SUM_OF_OBJECT_5 "row_sum(id, name, digest, length, place, stored)"
#define SUM_OF_INPUT_5                                                         \
    "row_sum(id, key, path, size, inode, mtime_ns, outcome, code, reason, "    \
    "offset, format, route, mark_x, mark_y, mark_width, mark_height, "         \
    "mark_across, mark_down, mark_step_x, mark_step_y, object, run, removed, " \
    "seq, at, after, ctime_ns)"

// What each schema added to the one before it; [1] leads from 1 to 2. Before 3
// an image without a mark had the route "cut".
static const char *const upgrades[SCHEMA] = {
    [1] = "ALTER TABLE runs"
          " ADD COLUMN policy BLOB CHECK(length(policy) = 32);",
    [2] = "ALTER TABLE runs ADD COLUMN mark TEXT;"
          "ALTER TABLE inputs ADD COLUMN mark_x INTEGER;"
          "ALTER TABLE inputs ADD COLUMN mark_y INTEGER;"
          "ALTER TABLE inputs ADD COLUMN mark_width INTEGER;"
          "ALTER TABLE inputs ADD COLUMN mark_height INTEGER;"
          "ALTER TABLE inputs ADD COLUMN mark_across INTEGER;"
          "ALTER TABLE inputs ADD COLUMN mark_down INTEGER;"
          "ALTER TABLE inputs ADD COLUMN mark_step_x INTEGER;"
          "ALTER TABLE inputs ADD COLUMN mark_step_y INTEGER;"
          "UPDATE inputs SET route = 'none' WHERE route = 'cut';",
    [3] = "ALTER TABLE objects ADD COLUMN place INTEGER;"
          "ALTER TABLE objects ADD COLUMN stored INTEGER;" OBJECTS_PLACE
          "ALTER TABLE runs ADD COLUMN seq INTEGER;"
          "ALTER TABLE inputs ADD COLUMN removed TEXT;"
          "ALTER TABLE inputs ADD COLUMN seq INTEGER;"
          "ALTER TABLE inputs ADD COLUMN at INTEGER;"
          "ALTER TABLE inputs ADD COLUMN after TEXT;"
          "ALTER TABLE inputs ADD COLUMN ctime_ns INTEGER;"
          "ALTER TABLE intents RENAME TO intents3;" INTENTS
          "INSERT INTO intents(name, digest) SELECT name, digest FROM intents3;"
          "DROP TABLE intents3;" POLICIES SUSPECTS
          "UPDATE inputs SET key = path_key(path);"
          "ALTER TABLE meta ADD COLUMN sum INTEGER;"
          "ALTER TABLE runs ADD COLUMN sum INTEGER;"
          "ALTER TABLE objects ADD COLUMN sum INTEGER;"
          "ALTER TABLE inputs ADD COLUMN sum INTEGER;"
          "UPDATE meta SET sum = " IMP_SUM_OF_META ";"
          "UPDATE runs SET sum = " IMP_SUM_OF_RUN ";"
          "UPDATE objects SET sum = " SUM_OF_OBJECT_5 ";"
          "UPDATE inputs SET sum = " SUM_OF_INPUT_5 ";",
    // As sqlite.org/lang_altertable.html has it, section 7.
    [4] = "CREATE TABLE objects5(" OBJECTS_COLUMNS_5
          "INSERT INTO objects5 SELECT id, name, digest, length, place, stored,"
          " sum FROM objects;"
          "DROP TABLE objects;"
          "ALTER TABLE objects5 RENAME TO objects;" OBJECTS_PLACE SUBJECTS_5,
    // A row whose sum was wrong before stays one whose sum is wrong.
    [5] = "ALTER TABLE objects ADD COLUMN folded TEXT;"
          "ALTER TABLE subjects ADD COLUMN folded TEXT;"
          "ALTER TABLE inputs ADD COLUMN"
          " subject INTEGER REFERENCES subjects(id);"
          "UPDATE objects SET folded = nullif(fold(name), name);"
          "ALTER TABLE subjects ADD COLUMN subject_folded TEXT;"
          "UPDATE subjects SET folded = fold(code), "
          "subject_folded = fold(subject);"
          // Whose an input is, if its object has the name that it has without
          // a template, in the directory of a code of one subject alone.
          "UPDATE inputs SET subject = "
          "(SELECT min(s.id) FROM objects o JOIN subjects s "
          "ON s.code = substr(o.name, 1, instr(o.name, '/') - 1) "
          "WHERE o.id = inputs.object AND substr(o.name, "
          "instr(o.name, '/') + 1) GLOB '[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/"
          "[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]*' "
          "HAVING count(*) = 1) "
          "WHERE EXISTS(SELECT 1 FROM subjects);" OBJECTS_FOLDED SUBJECTS_FOLDED
          "DROP INDEX subjects_code;"
          "UPDATE objects SET sum = " IMP_SUM_OF_OBJECT
          " WHERE sum IS " SUM_OF_OBJECT_5 ";"
          "UPDATE subjects SET sum = " IMP_SUM_OF_SUBJECT
          " WHERE sum IS row_sum(id, subject, code, made);"
          "UPDATE inputs SET sum = " IMP_SUM_OF_INPUT
          " WHERE sum IS " SUM_OF_INPUT_5 ";",
};

static bool upgrade(struct imp_db *db, int64_t version, struct imp_err *err)
{
    static const char set[] = "PRAGMA user_version = " TEXT(SCHEMA);
    // A table may be put in the place of one that others refer to.
    bool ok = imp_db_exec(db, "PRAGMA foreign_keys = OFF", err) &&
              imp_db_begin(db, err);
    for (; ok && version < SCHEMA; version++)
        ok = imp_db_exec(db, upgrades[version], err);
    ok = ok && imp_db_exec(db, set, err) && imp_db_exec(db, note_schema, err) &&
         imp_db_commit(db, err);
    if (!ok)
        imp_db_rollback(db);
    return ok && imp_db_exec(db, "PRAGMA foreign_keys = ON", err);
}

bool imp_db_schema(struct imp_db *db, struct imp_err *err)
{
    int64_t version = 0;
    if (!imp_db_number(db, "PRAGMA user_version", &version, err))
        return false;
    if (version == SCHEMA)
        return true;
    if (version == 0)
        return create(db, err);
    if (version > 0 && version < SCHEMA)
        return upgrade(db, version, err);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "ledger of schema %" PRId64
                    ": this imgpipe knows up to %d; use the newer one",
                    version, SCHEMA);
}
