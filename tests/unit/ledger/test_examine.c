#include "opened.h"

#include "ledger/examine.h"
#include "ledger/subjects.h"

TestSuite(ledger_examine, .init = set_up, .fini = tear_down, .timeout = 60);

// What is wrong with the ledger, a line each.
static bool note(void *self, const char *what, struct imp_err *err)
{
    char *list = self;
    (void)err;
    cr_assert_lt(strlen(list) + strlen(what) + 2, 4000);
    strcat(strcat(list, what), "\n");
    return true;
}

static struct imp_ledger *look(void)
{
    struct imp_err err = {0};
    struct imp_ledger *l = imp_ledger_open_reading(state, NULL, &err);
    cr_assert(l, "%s", err.msg);
    return l;
}

static const char *faults(void)
{
    static char list[4096];
    struct imp_err err = {0};
    struct imp_ledger *l = look();
    list[0] = '\0';
    cr_assert(imp_ledger_examine(l, NULL, note, list, &err), "%s", err.msg);
    imp_ledger_free(l);
    return list;
}

// One row at least in each table that has sums.
static void fill(void)
{
    int64_t run = start_run();
    put_object("x");
    put(run, "/a", IMP_ARCHIVED, stamp);
    put(run, "/b", IMP_QUARANTINED, stamp);
    put(run, "/b", IMP_FAILED, stamp); // changed
    cr_assert(
        imp_ledger_end_run(ledger, run, (uint64_t[IMP_OUTCOMES]){1}, NULL));
    cr_assert(imp_ledger_set_clean(ledger, NULL, NULL));
}

static void close_ledger(void)
{
    imp_ledger_free(ledger);
    ledger = NULL;
}

Test(ledger_examine, a_ledger_as_it_was_written_has_no_fault)
{
    fill();
    close_ledger();
    cr_expect_str_eq(faults(), "");
}

// Columns that are added later, too: each must be part of its row's sum.
Test(ledger_examine, a_changed_value_in_any_column_is_a_fault)
{
    fill();
    close_ledger();
    char *columns = judge("SELECT m.name || '.' || p.name || '.' || p.type "
                          "FROM sqlite_master m, pragma_table_info(m.name) p "
                          "WHERE m.name IN ('meta', 'runs', 'policies', "
                          "'objects', 'inputs')");
    size_t n = 0;
    for (char *at, *line = strtok_r(columns, "\n", &at); line;
         line = strtok_r(NULL, "\n", &at), n++) {
        char table[20], column[20], type[20];
        cr_assert_eq(
            sscanf(line, "%19[a-z].%19[a-z_].%19s", table, column, type), 3);
        const char *other = strcmp(type, "INTEGER") == 0
                                ? "coalesce(%s, 0) + 1000"
                            : strcmp(type, "TEXT") == 0
                                ? "coalesce(%s, '') || 'x'"
                                : "CAST(coalesce(%s, '') || 'x' AS BLOB)";
        char *kept = text("%s/kept", dir);
        cr_assert_eq(system(text("cp '%s/ledger.db' '%s'", state, kept)), 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        const char *value = text(other, column);
#pragma GCC diagnostic pop
        judge(text("PRAGMA ignore_check_constraints = 1; UPDATE %s SET %s = %s "
                   "WHERE sum = (SELECT min(sum) FROM %s)",
                   table, column, value, table));
        cr_expect(strstr(faults(), table), "%s: %s", line, faults());
        cr_assert_eq(system(text("cp '%s' '%s/ledger.db'", kept, state)), 0);
    }
    cr_expect_geq(n, 50);
}

Test(ledger_examine, what_refers_to_nothing_is_a_fault)
{
    fill();
    close_ledger();
    judge("DELETE FROM objects");
    cr_expect(strstr(faults(), "inputs row 1: what it refers to in objects is "
                               "missing"),
              "%s", faults());
}

// In schema 4 a digest could be there once.
Test(ledger_examine, a_table_that_others_refer_to_is_made_anew)
{
    fill();
    close_ledger();
    char *before = judge("SELECT i.path, o.name FROM inputs i "
                         "JOIN objects o ON o.id = i.object ORDER BY 1");
    cr_assert(strlen(before) > 0);
    judge("DROP INDEX objects_folded; "
          "ALTER TABLE objects DROP COLUMN folded; "
          "ALTER TABLE inputs DROP COLUMN subject; "
          "DROP TABLE subjects; PRAGMA user_version = 4; "
          "CREATE UNIQUE INDEX once ON objects(digest);");
    ledger = open_ledger();
    close_ledger();
    cr_expect_str_eq(judge("SELECT i.path, o.name FROM inputs i "
                           "JOIN objects o ON o.id = i.object ORDER BY 1"),
                     before);
    cr_expect_str_eq(judge("PRAGMA foreign_key_check; PRAGMA user_version; "
                           "SELECT count(*) FROM sqlite_master "
                           "WHERE name = 'once' OR name = 'objects5'"),
                     "6\n0\n");
    cr_expect_str_eq(faults(), "");
}

// As schema 5 had it; one sum is wrong.
static const char back_to_5[] =
    "UPDATE objects SET sum = (id = 2) + "
    "row_sum(id, name, digest, length, place, stored);"
    "UPDATE subjects SET sum = row_sum(id, subject, code, made);"
    "UPDATE inputs SET sum = row_sum(id, key, path, size, inode, mtime_ns, "
    "outcome, code, reason, offset, format, route, mark_x, mark_y, mark_width, "
    "mark_height, mark_across, mark_down, mark_step_x, mark_step_y, object, "
    "run, removed, seq, at, after, ctime_ns);"
    "DROP INDEX objects_folded; ALTER TABLE objects DROP COLUMN folded;"
    "DROP INDEX subjects_folded; DROP INDEX subjects_subject_folded;"
    "ALTER TABLE subjects DROP COLUMN folded;"
    "ALTER TABLE subjects DROP COLUMN subject_folded;"
    "ALTER TABLE inputs DROP COLUMN subject;"
    "CREATE INDEX subjects_code ON subjects(code);"
    "PRAGMA user_version = 5;";

Test(ledger_examine, what_schema_5_had_is_folded_and_keeps_its_faults)
{
    struct imp_err err = {0};
    const struct imp_coded coded = {"1001", "Code", false};
    enum imp_coding says;
    fill();
    put_object("Code/0a/1b/0a1b2c3d4E");
    put_object("p2/x");
    cr_assert(imp_ledger_put_subject(ledger, &coded, &says, &err));
    cr_assert(imp_db_exec(&ledger->db,
                          "UPDATE inputs SET object = 2 "
                          "WHERE object NOT NULL;",
                          &err));
    cr_assert(imp_db_exec(&ledger->db, back_to_5, &err), "%s", err.msg);
    close_ledger();
    ledger = open_ledger();
    close_ledger();
    cr_expect_str_eq(judge("SELECT name, folded FROM objects ORDER BY id; "
                           "SELECT code, folded FROM subjects; "
                           "SELECT object, subject FROM inputs;"),
                     "x|\nCode/0a/1b/0a1b2c3d4E|code/0a/1b/0a1b2c3d4e\np2/"
                     "x|\nCode|code\n2|1\n|\n");
    cr_expect_str_eq(faults(),
                     "objects 2: the row's sum is another, it was changed\n");
}

Test(ledger_examine, a_ledger_of_an_older_schema_is_looked_at_in_a_copy)
{
    fill();
    close_ledger();
    judge("ALTER TABLE meta DROP COLUMN sum; "
          "ALTER TABLE runs DROP COLUMN sum; "
          "ALTER TABLE objects DROP COLUMN sum; "
          "ALTER TABLE inputs DROP COLUMN sum; "
          "ALTER TABLE runs DROP COLUMN seq; "
          "DROP TABLE policies; DROP TABLE suspects; "
          "DROP INDEX objects_place; "
          "ALTER TABLE objects DROP COLUMN place; "
          "ALTER TABLE objects DROP COLUMN stored; "
          "ALTER TABLE inputs DROP COLUMN removed; "
          "ALTER TABLE inputs DROP COLUMN seq; "
          "ALTER TABLE inputs DROP COLUMN at; "
          "ALTER TABLE inputs DROP COLUMN after; "
          "ALTER TABLE inputs DROP COLUMN ctime_ns; "
          "DROP INDEX objects_folded; "
          "ALTER TABLE objects DROP COLUMN folded; "
          "ALTER TABLE inputs DROP COLUMN subject; "
          "DROP TABLE subjects; "
          "UPDATE inputs SET key = 0; PRAGMA user_version = 3;");
    cr_expect_str_eq(faults(), "");
    cr_expect_str_eq(judge("PRAGMA user_version"), "3\n", "it was changed");
    struct imp_ledger *l = look();
    cr_expect_not(imp_ledger_in_use(l), "by whoever looks at it");
    imp_ledger_free(l);
    ledger = open_ledger();
    cr_expect(known(ledger, "/a", stamp).found, "by the keys of now");
}

Test(ledger_examine, a_reader_sees_one_state_and_holds_up_no_run)
{
    struct imp_err err = {0};
    uint64_t n;
    fill();
    close_ledger();
    struct imp_ledger *l = look();
    cr_expect_not(imp_ledger_in_use(l));
    ledger = open_ledger(); // a run begins
    cr_expect(imp_ledger_in_use(l));
    cr_assert(imp_ledger_put_intent(ledger, "ab/x", &(struct imp_digest){{0}},
                                    &(bool){false}, &err));
    cr_assert(imp_ledger_count_intents(l, &n, &err), "%s", err.msg);
    cr_expect_eq(n, 0);
    struct imp_audit_summary sum;
    bool kept;
    cr_assert(
        imp_ledger_examine_log(l, NULL, note, NULL, NULL, &kept, &sum, &err),
        "%s", err.msg);
    cr_expect_not(kept);
    cr_assert(imp_ledger_count_intents(l, &n, &err), "%s", err.msg);
    cr_expect_eq(n, 1);
    imp_ledger_free(l);
}

Test(ledger_examine, nothing_is_left_beside_the_ledger)
{
    fill();
    close_ledger();
    imp_ledger_free(look());
    cr_expect_eq(access(text("%s/ledger.db", state), F_OK), 0);
    cr_expect_neq(access(text("%s/ledger.db-wal", state), F_OK), 0);
    cr_expect_neq(access(text("%s/ledger.db-shm", state), F_OK), 0);
}

Test(ledger_examine, a_run_that_has_it_is_told_of_or_waited_for)
{
    struct imp_err err = {0};
    cr_expect_null(imp_ledger_open_reading(state, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_BUSY);
    struct imp_ctx *ctx = imp_ctx_new_timeout(NULL, 20);
    err = (struct imp_err){0};
    cr_expect_null(imp_ledger_open_reading(state, ctx, &err));
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    imp_ctx_free(ctx);
}

Test(ledger_examine, no_ledger_is_no_error_and_none_is_made)
{
    struct imp_err err = {0};
    char *none = text("%s/none", dir);
    cr_expect_null(imp_ledger_open_reading(none, NULL, &err));
    cr_expect_eq(err.code, IMP_OK);
    cr_expect_neq(access(none, F_OK), 0);
}

Test(ledger_examine, what_is_no_database_is_an_error_of_its_own)
{
    struct imp_err err = {0};
    close_ledger();
    cr_assert_eq(
        system(text("echo 'no database at all' > '%s/ledger.db'", state)), 0);
    cr_expect_null(imp_ledger_open_reading(state, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
}

Test(ledger_examine,
     the_archive_it_belongs_to_is_told_with_whether_that_is_sound)
{
    char *identity;
    bool sound;
    cr_assert(imp_ledger_bind(ledger, "/archive", true, NULL));
    close_ledger();
    struct imp_ledger *l = look();
    cr_assert(imp_ledger_bound(l, &identity, &sound, NULL));
    cr_expect_str_eq(identity, "/archive");
    cr_expect(sound);
    free(identity);
    imp_ledger_free(l);
    judge("UPDATE meta SET value = '/brchive' WHERE key = 'archive'");
    l = look();
    cr_assert(imp_ledger_bound(l, &identity, &sound, NULL));
    cr_expect_str_eq(identity, "/brchive");
    cr_expect_not(sound);
    free(identity);
    imp_ledger_free(l);
}

Test(ledger_examine, a_cancelled_look_ends)
{
    struct imp_err err = {0};
    char list[4096] = "";
    int64_t run = start_run();
    cr_assert(imp_ledger_begin(ledger, NULL));
    for (int i = 0; i < 3000; i++)
        put(run, text("/%d", i), IMP_FAILED, stamp);
    cr_assert(imp_ledger_commit(ledger, NULL));
    close_ledger();
    struct imp_ledger *l = look();
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    cr_expect_not(imp_ledger_examine(l, ctx, note, list, &err));
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    cr_expect(imp_ledger_examine(l, NULL, note, list, &err), "%s", err.msg);
    imp_ctx_free(ctx);
    imp_ledger_free(l);
}
