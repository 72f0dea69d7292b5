#include "sqlite_case.h"

#include <sys/wait.h>

TestSuite(from_sqlite, .init = set_up, .fini = tear_down, .timeout = 30);

Test(from_sqlite, it_says_what_the_row_has)
{
    run(path, SIMPLE);
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(ask(l, "p1", "code"), "S-1");
    cr_expect_str_eq(ask(l, "p2", "site"), "", "an empty text is a word");
    cr_expect_str_eq(ask(l, "p3", "code"), "?");
    cr_expect_str_eq(ask(l, "", "code"), "?");
}

Test(from_sqlite, numbers_are_words_and_null_is_none)
{
    run(path, "CREATE TABLE s(subject, i INTEGER, r REAL, code TEXT);"
              "INSERT INTO s VALUES('p', -7, 1.5, NULL)");
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(ask(l, "p", "i"), "-7");
    cr_expect_str_eq(ask(l, "p", "r"), "1.5");
    cr_expect_str_eq(ask(l, "p", "code"), "-");
}

// Composed, as keys are asked for, or decomposed, as a Mac writes them.
Test(from_sqlite, a_key_is_found_in_two_forms)
{
    run(path,
        "CREATE TABLE s(subject TEXT PRIMARY KEY, code TEXT);"
        "INSERT INTO s VALUES('M\xC3\xBCller', 'S-1'),"
        "('Mo\xCC\x88ller', 'S-2'),"
        "('Ma\xCC\x88\xC3\xBC', 'S-3'), (' Me', 'S-4'), ('\xC2\xA0Mi', 5)");
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(ask(l, "M\xC3\xBCller", "code"), "S-1");
    cr_expect_str_eq(ask(l, "M\xC3\xB6ller", "code"), "S-2");
    cr_expect_str_eq(ask(l, "Moller", "code"), "?");
    // What the manual says is not found.
    cr_expect_str_eq(ask(l, "M\xC3\xA4\xC3\xBC", "code"), "?");
    cr_expect_str_eq(ask(l, "Me", "code"), "?");
    cr_expect_str_eq(ask(l, "Mi", "code"), "?");
}

Test(from_sqlite, a_key_in_both_forms_is_there_twice)
{
    run(path, "CREATE TABLE s(subject TEXT PRIMARY KEY, code TEXT);"
              "INSERT INTO s VALUES('M\xC3\xBCller', 'S-1'),"
              "('Mu\xCC\x88ller', 'S-2')");
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(ask(l, "M\xC3\xBCller", "code"),
                     "SQLite database: the key is there twice");
}

Test(from_sqlite, the_key_is_not_in_an_answer)
{
    run(path, SIMPLE);
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(names_of(l), "code site");
    cr_expect_str_eq(ask(l, "p1", "subject"), "-");
    l = opened("S&key=CODE");
    cr_expect_str_eq(names_of(l), "subject site");
    cr_expect_str_eq(ask(l, "S-2", "subject"), "p2");
}

Test(from_sqlite, a_view_does_too_and_so_do_generated_columns)
{
    run(path, SIMPLE ";CREATE TABLE g(subject, code AS ('G-' || subject));"
                     "INSERT INTO g VALUES('p1');"
                     "CREATE VIEW v AS SELECT subject, lower(code) AS c FROM "
                     "s WHERE site <> ''");
    struct imp_lookup *l = opened("v");
    cr_expect_str_eq(ask(l, "p1", "c"), "s-1");
    cr_expect_str_eq(ask(l, "p2", "c"), "?");
    l = opened("g");
    cr_expect_str_eq(ask(l, "p1", "code"), "G-p1");
}

Test(from_sqlite, a_name_may_be_anything)
{
    run(path, "CREATE TABLE \"a \"\"b\"\" ]; --\"(\"the \"\"key\"\"\", "
              "\"or 1=1 --\");"
              "INSERT INTO \"a \"\"b\"\" ]; --\" VALUES('p1', 'S-1')");
    struct imp_lookup *l = opened("a%20\"b\"%20];%20--&key=the%20\"key\"");
    cr_expect_str_eq(ask(l, "p1", "or 1=1 --"), "S-1");
    cr_expect_str_eq(ask(l, "p2", "or 1=1 --"), "?");
}

Test(from_sqlite, a_file_name_is_no_uri)
{
    cr_assert_eq(chdir(dir), 0);
    struct imp_err err;
    run("./file:a.db", SIMPLE);
    struct imp_lookup *l =
        open_at(&imp_lookup_sqlite, "sqlite:file:a.db?table=s", &err);
    cr_assert(l, "%s", err.msg);
    cr_expect_str_eq(ask(l, "p1", "code"), "S-1");
    l->ops->free(l);
    cr_expect_str_eq(not_opened(&imp_lookup_sqlite, "sqlite::memory:?table=s"),
                     "SQLite database: there is no such file");
}

Test(from_sqlite, a_key_is_what_is_spelt_the_same)
{
    run(path, "CREATE TABLE n(subject INTEGER PRIMARY KEY, code);"
              "INSERT INTO n VALUES(1, 'one');"
              "CREATE TABLE c(subject TEXT PRIMARY KEY COLLATE NOCASE, code);"
              "INSERT INTO c VALUES('Ab', 'a');"
              "CREATE TABLE r(subject TEXT COLLATE RTRIM, code);"
              "INSERT INTO r VALUES('a ', 'blank'), ('a', 'none');"
              "CREATE TABLE b(subject BLOB, code);"
              "INSERT INTO b VALUES(x'61', 'bytes')");
    struct imp_lookup *l = opened("n");
    cr_expect_str_eq(ask(l, "1", "code"), "one");
    cr_expect_str_eq(ask(l, "01", "code"), "?");
    cr_expect_str_eq(ask(l, "1.0", "code"), "?");
    cr_expect_str_eq(ask(l, " 1", "code"), "?");
    l = opened("c");
    cr_expect_str_eq(ask(l, "Ab", "code"), "a");
    cr_expect_str_eq(ask(l, "ab", "code"), "?");
    l = opened("r");
    cr_expect_str_eq(ask(l, "a", "code"), "none");
    cr_expect_str_eq(ask(l, "a ", "code"), "blank");
    l = opened("b");
    cr_expect_str_eq(ask(l, "a", "code"), "?");
}

Test(from_sqlite, a_key_that_is_no_text_is_nobodys)
{
    run(path, "PRAGMA encoding = 'UTF-16le';"
              "CREATE TABLE s(subject, code);"
              "INSERT INTO s VALUES('\xEF\xBF\xBD', 'S-1')");
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(ask(l, "\xEF\xBF\xBD", "code"), "S-1");
    cr_expect_str_eq(ask(l, "\xFF", "code"), "?");
}

Test(from_sqlite, a_key_that_is_there_twice_is_an_error)
{
    run(path, "CREATE TABLE s(subject, code);"
              "INSERT INTO s VALUES('p1', 'a'), ('p2', 'b'), ('p1', 'a')");
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_err err;
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(ask_under(ctx, l, "p1", "code", &err),
                     "SQLite database: the key is there twice");
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_str_eq(ask(l, "p2", "code"), "b");
    imp_ctx_free(ctx);
}

Test(from_sqlite, what_is_no_text_is_an_error_that_names_the_column)
{
    run(path, "CREATE TABLE s(subject, code, site);"
              "INSERT INTO s VALUES('blob', x'00', 'a'),"
              "('nul', 'a', 'a' || char(0) || 'b'),"
              "('latin', 'a', CAST(x'FC' AS TEXT)),"
              "('escape', char(27) || '[2J', 'b'),"
              "('long', 'a', hex(zeroblob(70000))),"
              "('lines', 'a' || char(10) || 'b', 'c')");
    static const char *const want[][2] = {
        {"blob", "SQLite database: column \"code\" has a blob: want text"},
        {"nul", "SQLite database: a value of column \"site\" has a NUL byte"},
        {"latin", "SQLite database: a value of column \"site\" is not UTF-8"},
        {"escape", "SQLite database: a value of column \"code\" has a control "
                   "character"},
        {"long", "SQLite database: a value of column \"site\" is longer than "
                 "131072 bytes"},
    };
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_err err;
    struct imp_lookup *l = opened("s");
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        cr_expect_str_eq(ask_under(ctx, l, want[i][0], "site", &err),
                         want[i][1]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
    }
    cr_expect_str_eq(ask(l, "lines", "code"), "a\nb");
    imp_ctx_free(ctx);
}

Test(from_sqlite, what_is_not_there_is_told_with_what_is)
{
    run(path, SIMPLE ";CREATE VIEW v AS SELECT 1 AS a;"
                     "CREATE TABLE \"bad\x1B\"(subject);"
                     "CREATE VIRTUAL TABLE f USING fts5(subject)");
    cr_expect_str_eq(refused("t"),
                     "SQLite database: no table \"t\": want one of s, v");
    cr_expect_str_eq(refused("v"), "SQLite database: no column \"subject\" for "
                                   "the key: want &key=COLUMN, one of a");
    cr_expect_str_eq(refused("s&key=x"),
                     "SQLite database: no column \"x\" for the key: want "
                     "&key=COLUMN, one of subject, code, site");
    cr_expect_str_eq(not_opened(&imp_lookup_sqlite, text("sqlite:%s", path)),
                     "SQLite database: want sqlite:FILE?table=TABLE");
    cr_expect_str_eq(refused("s&keys=x"),
                     "SQLite database: look-up source: no parameter keys");
    refused("sqlite_schema");
    refused("f");
}

Test(from_sqlite, what_is_no_database_is_refused_and_not_waited_for)
{
    cr_expect_str_eq(refused("s"), "SQLite database: there is no such file");
    mkfifo(path, 0600);
    cr_expect_str_eq(refused("s"), "SQLite database: not a regular file");
    unlink(path);
    put_file(path, "subject,code\np1,S-1\n");
    cr_expect_str_eq(refused("s"), "SQLite database: file is not a database");
    put_file(path, "");
    cr_expect_str_eq(refused("s"),
                     "SQLite database: no table \"s\": want one of ");
}

// What opening it fails with for someone who may read it, and not write beside
// it. Root can.
static const char *unreadable(void)
{
    struct imp_err err;
    cr_assert_eq(chmod(path, 0444), 0);
    cr_assert_eq(chmod(dir, 0555), 0);
    if (getuid() == 0)
        cr_assert_eq(seteuid(65534), 0);
    const char *spec = text("sqlite:%s?table=s", path);
    cr_expect_null(open_at(&imp_lookup_sqlite, spec, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    if (getuid() == 0)
        cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(chmod(dir, 0700), 0);
    cr_assert_eq(chmod(path, 0600), 0);
    return text("%s", err.msg);
}

Test(from_sqlite, one_that_cannot_be_read_without_writing_says_why)
{
    run(path, "PRAGMA journal_mode = WAL;" SIMPLE);
    cr_expect_str_eq(unreadable(),
                     "SQLite database: it is in WAL mode, for which "
                     "SQLite needs to write files into its directory");

    // A program that writes has died, with a page or more in the file.
    pid_t writer = fork();
    if (writer == 0) {
        run(path, "PRAGMA journal_mode = DELETE");
        sqlite3 *db = connected(path);
        run_in(db, "PRAGMA cache_size = 1; BEGIN;"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                   "FROM n WHERE i < 2000) INSERT INTO s(subject) SELECT "
                   "i || hex(zeroblob(100)) FROM n");
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(writer, &status, 0), writer);
    cr_assert_eq(status, 0);
    chmod(text("%s-journal", path), 0444);
    cr_expect_str_eq(unreadable(),
                     "SQLite database: a program that was writing has "
                     "died: open it once for writing, to undo what it "
                     "left");
}

Test(from_sqlite, a_file_beside_it_that_cannot_be_opened_is_told)
{
    run(path, "PRAGMA journal_mode = WAL;" SIMPLE);
    put_file(text("%s-wal", path), "x");
    cr_expect_str_eq(unreadable(),
                     "SQLite database: it, or a file that SQLite has "
                     "beside it (-wal, -shm, -journal), cannot be opened "
                     "or made");
}

Test(from_sqlite, a_view_is_not_trusted)
{
    run(path, "CREATE VIEW e AS SELECT 'p1' AS subject, "
              "load_extension('/tmp/x.so') AS code;"
              "CREATE VIEW p AS SELECT name AS subject, file AS code "
              "FROM pragma_database_list");
    static const char fails[] = "SQLite database: the table or a column is not "
                                "there any more, or its view fails";
    cr_expect_str_eq(refused("e"), fails);
    cr_expect_str_eq(refused("p"), fails);
}

Test(from_sqlite, what_another_program_writes_is_seen)
{
    run(path, SIMPLE);
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(ask(l, "p1", "code"), "S-1");
    run(path, "UPDATE s SET code = 'S-9' WHERE subject = 'p1'");
    cr_expect_str_eq(ask(l, "p1", "code"), "S-9");
    run(path, "ALTER TABLE s ADD COLUMN more DEFAULT 'x'");
    cr_expect_str_eq(ask(l, "p1", "code"), "S-9");
    cr_expect_str_eq(ask(l, "p1", "more"), "-", "names stay");
    run(path, "ALTER TABLE s RENAME COLUMN site TO place");
    cr_expect_str_eq(ask(l, "p1", "code"),
                     "SQLite database: the table or a column is not "
                     "there any more, or its view fails");
    run(path, "ALTER TABLE s RENAME COLUMN place TO site");
    cr_expect_str_eq(ask(l, "p1", "site"), "Ulm");
}

Test(from_sqlite, a_file_that_is_replaced_is_opened_again)
{
    char *other = text("%s/new.db", dir);
    run(path, SIMPLE);
    struct imp_lookup *l = opened("s");
    cr_expect_str_eq(ask(l, "p1", "code"), "S-1");
    run(other, SIMPLE "; UPDATE s SET code = 'new'");
    cr_assert_eq(rename(other, path), 0);
    cr_expect_str_eq(ask(l, "p1", "code"), "new");
    unlink(path);
    cr_expect_str_eq(ask(l, "p1", "code"),
                     "SQLite database: there is no such file");
}
