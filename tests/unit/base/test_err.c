#include "base/err.h"
#include "base/outcome.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

Test(err, the_failing_line_is_the_returning_line)
{
    struct imp_err err = {0};
    cr_expect_not(imp_fail(&err, IMP_ERR_LIMIT, "want %d, have %d", 1, 2));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect_str_eq(err.msg, "want 1, have 2");
    cr_expect_not(err.has_at);
}

Test(err, an_offset_is_kept_beside_the_message)
{
    struct imp_err err = {0};
    imp_fail_at(&err, IMP_ERR_DAMAGED, UINT64_MAX, "segment");
    cr_expect(err.has_at);
    cr_expect_eq(err.at, UINT64_MAX);
}

Test(err, wrapping_keeps_code_and_offset)
{
    struct imp_err err = {0};
    imp_fail_at(&err, IMP_ERR_DAMAGED, 7, "bad");
    cr_expect_not(imp_wrap(&err, "%s", "jpeg"));
    cr_expect_str_eq(err.msg, "jpeg: bad");
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    cr_expect_eq(err.at, 7);
}

Test(err, messages_too_long_are_cut_not_overrun)
{
    struct imp_err err = {0};
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t n = 250; n < 310; n++) {
        imp_fail(&err, IMP_ERR_IO, "%.*s", (int)n, text);
        imp_wrap(&err, "%.*s", (int)(n / 2), text);
        cr_expect_lt(strlen(err.msg), sizeof err.msg);
    }
    imp_wrap(&err, "%s", text);
    cr_expect_eq(strlen(err.msg), sizeof err.msg - 1);
}

Test(err, errno_is_told_in_words_and_kept)
{
    struct imp_err err = {0};
    errno = ENOSPC;
    imp_fail_errno(&err, "write");
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_str_eq(err.msg, "write: No space left on device");
    cr_expect_eq(errno, ENOSPC);
    errno = ENOMEM;
    imp_fail_errno(&err, "map");
    cr_expect_eq(err.code, IMP_ERR_MEMORY);
}

Test(err, null_is_fine)
{
    cr_expect_not(imp_fail(NULL, IMP_ERR_IO, "x"));
    cr_expect_not(imp_fail_at(NULL, IMP_ERR_IO, 1, "x"));
    cr_expect_not(imp_fail_errno(NULL, "x"));
    cr_expect_not(imp_wrap(NULL, "x"));
}

Test(err, without_memory_the_program_ends_and_does_not_crash, .exit_code = 1)
{
    imp_no_memory("a test");
}

Test(err, a_bug_aborts, .signal = SIGABRT)
{
    imp_bug("on purpose");
}

Test(outcome, the_inputs_fault_is_quarantined_and_ours_is_failed)
{
    static const enum imp_outcome want[] = {
        [IMP_OK] = IMP_ARCHIVED,
        [IMP_ERR_DAMAGED] = IMP_QUARANTINED,
        [IMP_ERR_UNSUPPORTED] = IMP_QUARANTINED,
        [IMP_ERR_LIMIT] = IMP_QUARANTINED,
        [IMP_ERR_INVARIANT] = IMP_QUARANTINED,
        [IMP_ERR_RESIDUAL] = IMP_QUARANTINED,
        [IMP_ERR_CRASHED] = IMP_QUARANTINED,
        [IMP_ERR_UNKNOWN_SUBJECT] = IMP_QUARANTINED,
        [IMP_ERR_IO] = IMP_FAILED,
        [IMP_ERR_MEMORY] = IMP_FAILED,
        [IMP_ERR_TIMEOUT] = IMP_FAILED,
        [IMP_ERR_BUSY] = IMP_FAILED,
        [IMP_ERR_CONFIG] = IMP_FAILED,
        [IMP_ERR_UNSETTLED] = IMP_SKIPPED,
        [IMP_ERR_CANCELLED] = IMP_CANCELLED,
    };
    for (int code = 0; code <= IMP_ERR_CANCELLED; code++)
        cr_expect_eq(imp_outcome_of((enum imp_code)code), want[code], "%s",
                     imp_code_name((enum imp_code)code));
}

Test(outcome, every_code_and_outcome_has_a_name_of_its_own)
{
    for (int a = 0; a <= IMP_ERR_CANCELLED; a++) {
        cr_expect_str_neq(imp_code_name((enum imp_code)a), "unknown");
        for (int b = 0; b < a; b++)
            cr_expect_str_neq(imp_code_name((enum imp_code)a),
                              imp_code_name((enum imp_code)b));
    }
    for (int a = 0; a < IMP_OUTCOMES; a++)
        cr_expect_str_neq(imp_outcome_name((enum imp_outcome)a), "unknown");
}
