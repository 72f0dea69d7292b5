// Ledger and audit log, ended between the transaction and the lines.
#include "opened.h"

#include "ledger/journal.h"
#include "ledger/recorder.h"

#include <fcntl.h>

TestSuite(journal, .init = set_up, .fini = tear_down, .timeout = 60);

static struct imp_journal *open_journal(void)
{
    struct imp_err err = {0};
    struct imp_journal *j = imp_journal_open(ledger, &err);
    cr_assert(j, "%s", err.msg);
    return j;
}

// What the recorder's transaction does with one input, and no line told.
static void record_without_line(struct imp_journal *j, int64_t run,
                                const char *path, enum imp_outcome outcome)
{
    struct imp_err err = {0};
    struct imp_result *r = imp_result_new(path);
    const struct imp_input_row row = {
        .run = run,
        .object = 1,
        .seq = imp_journal_next(j),
        .at = 1000,
        .after = outcome == IMP_ARCHIVED ? "delete" : NULL};
    int64_t id;
    r->outcome = outcome;
    r->format = "jpeg";
    r->removed = strdup("EXIF\nXMP");
    if (outcome != IMP_ARCHIVED)
        imp_fail(&r->err, IMP_ERR_DAMAGED, "torn");
    cr_assert(imp_ledger_begin(ledger, &err) &&
                  imp_ledger_put_input(ledger, &row, r, &id, &err),
              "%s", err.msg);
    imp_journal_take(j);
    cr_assert(imp_journal_note(j, &err) && imp_ledger_commit(ledger, &err),
              "%s", err.msg);
    imp_result_free(r);
}

static char *lines(void)
{
    return file_text(text("%s/audit.log", state));
}

static int count_of(const char *what)
{
    int n = 0;
    for (const char *at = lines(); (at = strstr(at, what)); at++)
        n++;
    return n;
}

static bool count_fault(void *self, const struct imp_audit_finding *f,
                        struct imp_err *err)
{
    (void)f, (void)err;
    ++*(int *)self;
    return true;
}

static int faults(const struct imp_audit_mark *expect)
{
    int n = 0;
    struct imp_err err = {0};
    struct imp_audit_summary sum;
    int fd = open(state, O_RDONLY | O_DIRECTORY);
    cr_assert(imp_audit_verify(fd, expect, count_fault, &n, NULL, &sum, &err),
              "%s", err.msg);
    close(fd);
    return n;
}

Test(journal, lines_that_a_crash_kept_back_are_written_by_the_next_start)
{
    struct imp_journal *j = open_journal();
    int64_t run = start_run();
    put_object("x");
    record_without_line(j, run, "/a", IMP_ARCHIVED);
    record_without_line(j, run, "/b", IMP_QUARANTINED);
    cr_assert(imp_journal_close(j, NULL));
    cr_expect_eq(count_of("\"op\":\"image\""), 0);

    j = open_journal();
    cr_expect_eq(count_of("\"op\":\"image\""), 2);
    cr_expect(strstr(lines(), "{\"seq\":2,\"time\":\"1970-01-01T00:16:40Z\""));
    cr_expect(
        strstr(
            lines(),
            "\"run\":1,\"op\":\"image\",\"input\":1,\"outcome\":"
            "\"archived\",\"after\":\"delete\",\"object\":\"2d711642b726b044"),
        "%s", lines());
    cr_expect(strstr(lines(), "\"removed\":[\"EXIF\",\"XMP\"]"));
    cr_expect(strstr(lines(), "\"input\":2,\"outcome\":\"quarantined\","
                              "\"code\":\"damaged\""));
    cr_assert(imp_journal_close(j, NULL));
    cr_assert(imp_journal_close(open_journal(), NULL));
    cr_expect_eq(count_of("\"op\":\"image\""), 2, "not twice");
    cr_expect_eq(faults(NULL), 0);
}

Test(journal, the_start_of_a_run_that_a_crash_kept_back_is_written_too)
{
    start_run(); // without a journal: before there was a log
    struct imp_journal *j = open_journal();
    start_run();
    cr_assert(imp_journal_close(j, NULL));
    cr_assert_eq(truncate(text("%s/audit.log", state), 0), 0);
    cr_assert(imp_journal_close(open_journal(), NULL));
    cr_expect_eq(count_of("\"op\":\"run\""), 1);
    cr_expect_eq(count_of("\"run\":2,"), 1);
}

Test(journal, an_undone_transaction_gives_its_numbers_back)
{
    struct imp_err err = {0};
    struct imp_journal *j = open_journal();
    start_run();
    uint64_t next = imp_journal_next(j);
    cr_assert(imp_ledger_begin(ledger, &err));
    imp_journal_take(j);
    imp_ledger_rollback(ledger);
    cr_expect_eq(imp_journal_next(j), next);
    cr_assert(imp_journal_close(j, NULL));
}

Test(journal, a_log_that_is_ahead_is_gone_on_with)
{
    struct imp_err err = {0};
    struct imp_journal *j = open_journal();
    int64_t run = start_run();
    cr_assert(imp_journal_end(j, run, "complete", &err), "%s", err.msg);
    cr_assert(imp_journal_close(j, NULL));
    judge("UPDATE meta SET value = '1' WHERE key = 'audit_seq'");
    j = open_journal();
    cr_expect_eq(imp_journal_next(j), 3);
    cr_assert(imp_journal_close(j, NULL));
    cr_expect_eq(faults(NULL), 0);
}

Test(journal, a_log_without_its_last_line_is_not_what_the_ledger_expects)
{
    struct imp_err err = {0};
    struct imp_audit_mark mark;
    uint64_t highest;
    struct imp_journal *j = open_journal();
    int64_t run = start_run();
    cr_assert(imp_journal_end(j, run, "complete", &err), "%s", err.msg);
    cr_assert(imp_journal_close(j, NULL));
    cr_assert(imp_journal_expected(ledger, &mark, &highest, &err), "%s",
              err.msg);
    cr_expect_eq(mark.seq, 2);
    cr_expect_eq(highest, 2);
    cr_expect_eq(faults(&mark), 0);
    char *all = lines();
    char *second = strchr(all, '\n') + 1;
    cr_assert_eq(truncate(text("%s/audit.log", state), second - all), 0);
    cr_expect_gt(faults(&mark), 0);
}

static void expect_not_gone_on_with(const char *words)
{
    struct imp_err err = {0};
    cr_expect_null(imp_journal_open(ledger, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, words), "want \"%s\": %s", words, err.msg);
}

Test(journal, no_run_goes_on_behind_an_end_that_the_ledger_does_not_know)
{
    struct imp_err err = {0};
    struct imp_journal *j = open_journal();
    int64_t run = start_run();
    cr_assert(imp_journal_end(j, run, "complete", &err), "%s", err.msg);
    cr_assert(imp_journal_close(j, NULL));
    char *log = text("%s/audit.log", state), *all = lines();
    *(strchr(all, '\n') + 1) = '\0';
    put_file(log, all);
    expect_not_gone_on_with("line 1, the ledger knows of a later line 2");
    cr_expect_str_eq(lines(), all, "the evidence stays");

    // Another line of this number, chained as it should be.
    int dir_fd = open(state, O_RDONLY | O_DIRECTORY);
    struct imp_audit *a = imp_audit_open(dir_fd, 0, &err);
    cr_assert(a, "%s", err.msg);
    imp_audit_send(a, &(struct imp_audit_entry){.seq = 2, .op = "other"});
    cr_assert(imp_audit_close(a, &err), "%s", err.msg);
    expect_not_gone_on_with("line 2, the ledger knows of another line 2");

    unlink(log);
    expect_not_gone_on_with("line 0, the ledger knows of a later line 2");
    close(dir_fd);
}

static bool note_fault(void *self, const struct imp_audit_finding *f,
                       struct imp_err *err)
{
    (void)err;
    *(enum imp_audit_fault *)self = f->fault;
    return true;
}

Test(journal, verifying_asks_the_ledger_beside_a_run_or_does_without)
{
    struct imp_err err = {0};
    struct imp_journal_check check;
    enum imp_audit_fault fault = IMP_AUDIT_FAULTS;
    struct imp_journal *j = open_journal(); // the run, which has the lock
    int64_t run = start_run();
    cr_assert(imp_journal_end(j, run, "complete", &err), "%s", err.msg);
    put_object("x");
    record_without_line(j, run, "/a", IMP_ARCHIVED);
    cr_assert(imp_journal_verify(state, note_fault, &fault, NULL, &check, &err),
              "%s", err.msg);
    cr_expect(check.by_ledger);
    cr_expect_eq(check.log.findings, 0);
    cr_expect_eq(check.log.last.seq, 2);
    cr_expect_eq(check.highest, 3, "and one line still to come");
    cr_assert(imp_journal_close(j, NULL));

    char *all = lines();
    *(strchr(all, '\n') + 1) = '\0';
    put_file(text("%s/audit.log", state), all);
    cr_assert(imp_journal_verify(state, note_fault, &fault, NULL, &check, &err),
              "%s", err.msg);
    cr_expect_eq(check.log.findings, 1);
    cr_expect_eq(fault, IMP_AUDIT_BEHIND);

    imp_ledger_free(ledger);
    ledger = NULL;
    unlink(text("%s/ledger.db", state));
    cr_assert(imp_journal_verify(state, note_fault, &fault, NULL, &check, &err),
              "%s", err.msg);
    cr_expect_not(check.by_ledger);
    cr_expect_eq(check.log.findings, 0);
    chmod(state, 0750);
    cr_expect_not(
        imp_journal_verify(state, note_fault, &fault, NULL, &check, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

// --- What the recorder tells, and when ---

static void done(void *self, const struct imp_result *r)
{
    cr_expect_str_eq(r->path, "/a");
    cr_expect_eq(count_of(self), 1, "its line is written by then");
}

static void record_one(struct imp_result *r, const char *want)
{
    struct imp_err err = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_chan *ch = imp_chan_new(1);
    struct imp_digest policy = digest_of("policy");
    const struct imp_commit_ops ops = {.self = (void *)(uintptr_t)want,
                                       .done = done};
    const struct imp_record record = {
        .ledger = ledger, .run = 1, .policy = &policy, .after = "delete"};
    const struct imp_group_limits limits = imp_group_limits_default();
    imp_chan_send(ctx, (struct imp_chan_tx){ch}, r);
    imp_chan_close((struct imp_chan_tx){ch});
    cr_expect(imp_recorder_run(&record, (struct imp_chan_rx){ch}, &ops, &limits,
                               &err),
              "%s", err.msg);
    imp_chan_free(ch, NULL);
    imp_ctx_free(ctx);
}

Test(journal, a_result_is_told_once_its_line_is_durable)
{
    struct imp_journal *j = open_journal();
    start_run();
    struct imp_result *r = imp_result_new("/a");
    r->outcome = IMP_QUARANTINED;
    imp_fail(&r->err, IMP_ERR_DAMAGED, "torn");
    record_one(r, "\"op\":\"image\",\"input\":1,\"outcome\":"
                  "\"quarantined\",\"code\":\"damaged\"");
    cr_expect_eq(count_of("\"after\""), 0, "a source in quarantine stays");
    cr_assert(imp_journal_close(j, NULL));
}

Test(journal, that_a_source_of_an_earlier_run_is_left_is_written_before_it_is)
{
    struct imp_journal *j = open_journal();
    int64_t run = start_run();
    put_object("x");
    record_without_line(j, run, "/a", IMP_ARCHIVED);
    struct imp_result *r = imp_result_new("/a");
    r->outcome = IMP_SKIPPED;
    r->skip = "done before";
    record_one(r, "\"op\":\"source\",\"input\":1,\"after\":\"delete\"");
    cr_expect_str_eq(judge("SELECT outcome FROM inputs"), "archived\n");
    cr_assert(imp_journal_close(j, NULL));
}
