// The ledger's rows by what the audit log says of them.
#include "opened.h"

#include "ledger/examine.h"
#include "ledger/journal.h"
#include "ledger/recorder.h"

static struct imp_journal *journal;
static int64_t run;

static void open_journal(void)
{
    struct imp_err err = {0};
    journal = imp_journal_open(ledger, &err);
    cr_assert(journal, "%s", err.msg);
}

// What was recorded since and has no line gets one.
static void write_lines(void)
{
    cr_assert(imp_journal_close(journal, NULL));
    open_journal();
}

static void record(const char *path, enum imp_outcome outcome)
{
    struct imp_err err = {0};
    struct imp_result *r = imp_result_new(path);
    bool archived = outcome == IMP_ARCHIVED;
    const struct imp_input_row row = {.run = run,
                                      .object = 1,
                                      .seq = imp_journal_next(journal),
                                      .at = 1000000000,
                                      .after = archived ? "delete" : NULL};
    int64_t id;
    r->outcome = outcome;
    r->format = "jpeg";
    r->route = "splice";
    r->removed = strdup("EXIF\nXMP");
    if (!archived)
        imp_fail(&r->err, IMP_ERR_DAMAGED, "torn");
    cr_assert(imp_ledger_begin(ledger, &err) &&
                  imp_ledger_put_input(ledger, &row, r, &id, &err),
              "%s", err.msg);
    imp_journal_take(journal);
    cr_assert(imp_journal_note(journal, &err) &&
                  imp_ledger_commit(ledger, &err),
              "%s", err.msg);
    imp_result_free(r);
}

// Two inputs of a run that has ended: lines 1 to 4.
static void fill(void)
{
    set_up();
    open_journal();
    run = start_run();
    put_object("x");
    record("/a", IMP_ARCHIVED);
    record("/b", IMP_QUARANTINED);
    write_lines();
    cr_assert(imp_journal_end(journal, run, "complete", NULL));
}

static void close_all(void)
{
    cr_assert(imp_journal_close(journal, NULL));
    imp_ledger_free(ledger);
    journal = NULL;
    ledger = NULL;
}

static void empty(void)
{
    imp_journal_close(journal, NULL);
    tear_down();
}

TestSuite(reconcile, .init = fill, .fini = empty, .timeout = 60);

struct told {
    char rows[4096];
    int log;
};

static bool note_row(void *self, const char *what, struct imp_err *err)
{
    struct told *t = self;
    (void)err;
    cr_assert_lt(strlen(t->rows) + strlen(what) + 2, sizeof t->rows);
    strcat(strcat(t->rows, what), "\n");
    return true;
}

static bool note_log(void *self, const struct imp_audit_finding *f,
                     struct imp_err *err)
{
    struct told *t = self;
    (void)f, (void)err;
    t->log++;
    return true;
}

static struct told look(void)
{
    struct told t = {0};
    struct imp_err err = {0};
    struct imp_audit_summary sum;
    bool kept;
    struct imp_ledger *l = imp_ledger_open_reading(state, NULL, &err);
    cr_assert(l, "%s", err.msg);
    cr_assert(imp_ledger_examine_log(l, NULL, note_row, note_log, &t, &kept,
                                     &sum, &err),
              "%s", err.msg);
    cr_expect(kept);
    imp_ledger_free(l);
    return t;
}

#define EXPECT_ROWS(want)                   \
    do {                                    \
        struct told told_ = look();         \
        cr_expect_str_eq(told_.rows, want); \
    } while (0)

Test(reconcile, rows_and_lines_as_they_were_written_have_no_fault)
{
    close_all();
    struct told t = look();
    cr_expect_str_eq(t.rows, "");
    cr_expect_eq(t.log, 0);
}

Test(reconcile, a_line_about_a_row_that_has_a_later_one_is_none)
{
    record("/b", IMP_FAILED);
    write_lines();
    record("/b", IMP_FAILED); // a crash takes the first of the two lines
    record("/b", IMP_ARCHIVED);
    write_lines();
    close_all();
    cr_expect(strstr(file_text(text("%s/audit.log", state)),
                     "\"outcome\":\"failed\""));
    EXPECT_ROWS("");
}

Test(reconcile, nor_is_a_row_whose_line_a_crash_kept_back)
{
    record("/c", IMP_ARCHIVED);
    record("/a", IMP_ARCHIVED);
    close_all();
    EXPECT_ROWS("");
}

Test(reconcile, nor_a_row_of_before_there_was_a_log)
{
    close_all();
    judge("INSERT INTO inputs(key, path, size, inode, mtime_ns, outcome, run) "
          "VALUES(1, x'2f78', 1, 1, 1, 'failed', 1)");
    EXPECT_ROWS("");
}

Test(reconcile, a_value_that_the_line_has_another_of_is)
{
    static const char *const changes[][2] = {
        {"outcome = 'duplicate'", "outcome"},
        {"at = at + 1", "time"},
        {"at = 999999999999", "time"},
        {"run = 2", "run"},
        {"id = 7", "input"},
        {"after = NULL", "after"},
        {"after = 'move'", "after"},
        {"code = 'damaged'", "code"},
        {"object = 2", "object"},
        {"format = 'jpe'", "format"},
        {"format = 'jpegs'", "format"},
        {"route = NULL", "route"},
        {"removed = 'EXIF'", "removed"},
        {"removed = NULL", "removed"},
    };
    put_object("y");
    start_run();
    write_lines();
    close_all();
    // Another run that seems to be the same one.
    judge("UPDATE runs SET seq = NULL WHERE id = 2");
    char *kept = text("%s/kept", dir);
    cr_assert_eq(system(text("cp '%s/ledger.db' '%s'", state, kept)), 0);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        judge(text("UPDATE inputs SET %s WHERE id = 1", changes[i][0]));
        cr_expect(strstr(look().rows,
                         text("line 2 of the audit log has another \"%s\"",
                              changes[i][1])),
                  "%s: %s", changes[i][0], look().rows);
        cr_assert_eq(system(text("cp '%s' '%s/ledger.db'", kept, state)), 0);
    }
    judge("UPDATE runs SET policy = randomblob(32) WHERE id = 1");
    EXPECT_ROWS("runs row 1: line 1 of the audit log has another \"policy\"\n"
                "inputs row 1: line 2 of the audit log has another \"policy\"\n"
                "inputs row 2: line 3 of the audit log has another "
                "\"policy\"\n"
                "runs row 2 is that of line 0 of the audit log, which has a "
                "later one about it, 5\n");
}

Test(reconcile, a_row_that_was_removed_is_one_even_if_it_was_the_last)
{
    record("/c", IMP_FAILED);
    write_lines();
    record("/c", IMP_ARCHIVED);
    write_lines();
    start_run();
    write_lines();
    close_all();
    judge("DELETE FROM inputs WHERE id = 3");
    judge("DELETE FROM runs WHERE id = 2");
    EXPECT_ROWS("inputs row 3 is missing: line 5 of the audit log is about it\n"
                "inputs row 3 is missing: line 6 of the audit log is about it\n"
                "runs row 2 is missing: line 7 of the audit log is about it\n");
}

Test(reconcile, a_row_that_was_put_back_to_an_earlier_one_is_one)
{
    close_all();
    char *kept = text("%s/kept", dir);
    cr_assert_eq(system(text("cp '%s/ledger.db' '%s'", state, kept)), 0);
    ledger = open_ledger();
    open_journal();
    record("/b", IMP_ARCHIVED);
    write_lines();
    record("/c", IMP_ARCHIVED);
    write_lines();
    close_all();
    judge(text("ATTACH '%s' AS old; DELETE FROM inputs WHERE id = 2; "
               "INSERT INTO inputs SELECT * FROM old.inputs WHERE id = 2",
               kept));
    EXPECT_ROWS("inputs row 2 is that of line 3 of the audit log, which has a "
                "later one about it, 5\n");
    judge("UPDATE inputs SET seq = -seq WHERE id = 2");
    cr_expect(strstr(look().rows, "inputs row 2 is that of line 0"));
}

Test(reconcile, a_row_whose_line_is_not_there_is_one)
{
    close_all();
    char *log = text("%s/audit.log", state);
    cr_assert_eq(system(text("sed -i 2d '%s'", log)), 0);
    struct told t = look();
    cr_expect_str_eq(t.rows,
                     "inputs row 1: line 2 is not in the audit log, or not in "
                     "its place\n");
    cr_expect_eq(t.log, 1);
}

Test(reconcile, a_row_of_a_number_that_was_never_given_is_one)
{
    close_all();
    judge("UPDATE inputs SET seq = 100 WHERE id = 1");
    EXPECT_ROWS("inputs row 1: it is of line 100, and the ledger has given 4 "
                "numbers\n");
}

Test(reconcile, the_first_of_many_alike_are_told_and_the_others_counted)
{
    for (int i = 0; i < 25; i++)
        record(text("/%d", i), IMP_FAILED);
    write_lines();
    close_all();
    judge("DELETE FROM inputs WHERE id > 3; UPDATE inputs SET route = 'x'");
    char *rows = look().rows;
    int lines = 0;
    for (const char *at = rows; (at = strchr(at, '\n')); at++)
        lines++;
    cr_expect_eq(lines, 3 + 10 + 1, "%s", rows);
    cr_expect(strstr(rows, "14 more lines of the audit log whose row is "
                           "missing or older\n"),
              "%s", rows);
}

Test(reconcile, rows_that_cannot_be_read_are_told_and_the_log_is_read_on)
{
    close_all();
    judge("PRAGMA ignore_check_constraints = 1; "
          "UPDATE objects SET digest = x'0102030405'");
    cr_assert_eq(system(text("sed -i 3d '%s/audit.log'", state)), 0);
    struct told t = look();
    cr_expect_str_eq(t.rows, "ledger: digest of 5 bytes: want 32\n");
    cr_expect_eq(t.log, 1);
}
