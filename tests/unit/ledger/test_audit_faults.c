// The audit log on a disk that fails: what was flushed stays, what was not is
// cut off, and nothing is ever tried again.
#include "audit_log.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

// This program's own fsync, which fails when a test says so.
static _Atomic int good_fsyncs = -1; // so many, then one fails; -1: none

int fsync(int fd)
{
    if (good_fsyncs >= 0 && good_fsyncs-- == 0) {
        good_fsyncs = -1; // the next one would succeed, as the kernel's does
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static void set_up_faults(void)
{
    good_fsyncs = -1;
    signal(SIGXFSZ, SIG_IGN);
    set_up();
}

TestSuite(audit_faults, .init = set_up_faults, .fini = tear_down,
          .timeout = 60);

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// The log is broken for the reason that has these words, and for good; then it
// ends with line `seq` and is taken up there.
static void expect_broken_after(struct imp_audit *a, uint64_t seq,
                                const char *words)
{
    struct imp_err err = {0}, again = {0};
    cr_expect_not(imp_audit_flush(a, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect(strstr(err.msg, words), "want \"%s\": %s", words, err.msg);
    limit_files(RLIM_INFINITY);
    send_line(a, 1000);
    cr_expect_not(imp_audit_flush(a, &again), "the disk is well again");
    cr_expect_str_eq(again.msg, err.msg);
    struct imp_audit_mark last = imp_audit_last(a);
    cr_expect_eq(last.seq, seq);
    cr_expect_not(imp_audit_close(a, &again));
    cr_expect_str_eq(again.msg, err.msg);
    cr_expect_str_eq(judged(), mark_text(seq, &last));

    last = write_log(seq + 1, seq + 3, 0);
    cr_expect_str_eq(judged(), mark_text(seq + 3, &last));
    cr_expect_eq(verify(&last).n, 0);
}

Test(audit_faults, a_full_disk_leaves_what_was_flushed)
{
    struct imp_audit *a = open_log(0);
    for (uint64_t seq = 1; seq <= 3; seq++)
        send_line(a, seq);
    flush_log(a);
    limit_files((rlim_t)size_of("audit.log") + 600); // one line and a half
    for (uint64_t seq = 4; seq <= 9; seq++)
        send_line(a, seq);
    expect_broken_after(a, 3, "write: File too large");
}

Test(audit_faults, a_full_disk_is_noticed_before_the_flush_too)
{
    struct imp_audit *a = open_log(0);
    send_line(a, 1);
    flush_log(a);
    limit_files((rlim_t)size_of("audit.log") + 600);
    for (uint64_t seq = 2; seq <= 900; seq++) // more than the buffer holds
        send_line(a, seq);
    expect_broken_after(a, 1, "write: File too large");
}

Test(audit_faults, a_failed_fsync_is_for_good)
{
    struct imp_audit *a = open_log(0);
    send_line(a, 1);
    flush_log(a);
    good_fsyncs = 0;
    send_line(a, 2);
    expect_broken_after(a, 1, "fsync: Input/output error");
}

Test(audit_faults, a_rotation_that_fails_at_any_fsync_loses_nothing)
{
    for (int good = 1; good <= 3; good++) {
        struct imp_err err = {0};
        struct imp_audit *a = open_log(1000);
        for (uint64_t seq = 1; seq <= 3; seq++)
            send_line(a, seq);
        // The lines' own; the directory's; the new file's.
        good_fsyncs = good;
        flush_log(a);
        send_line(a, 4);
        cr_expect_not(imp_audit_flush(a, &err), "good: %d", good);
        cr_expect(strstr(err.msg, "fsync"), "%s", err.msg);
        struct imp_audit_mark last = imp_audit_last(a);
        cr_expect_eq(last.seq, 3);
        cr_expect_not(imp_audit_close(a, NULL));
        cr_expect_str_eq(judged(), mark_text(3, &last));
        // No new file before the old one's new name is durable.
        cr_expect(is_there(in_dir("audit.log.000001")));
        cr_expect_eq(is_there(in_dir("audit.log")), good > 1);
        last = write_log(4, 5, 0);
        cr_expect_str_eq(judged(), mark_text(5, &last));
        cr_expect_eq(verify(&last).n, 0);
        tear_down();
        set_up();
    }
}

Test(audit_faults, a_log_that_cannot_be_made_durable_is_not_taken_up)
{
    struct imp_err err = {0};
    write_log(1, 2, 0);
    good_fsyncs = 0;
    cr_expect_null(imp_audit_open(dirfd_, 0, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_eq(verify(NULL).n, 0);
}
