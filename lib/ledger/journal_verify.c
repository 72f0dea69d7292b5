// The audit log against the ledger beside it.
#include "base/file.h"
#include "ledger/entries.h"
#include "ledger/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_ledger(int dir, bool *there, struct imp_err *err)
{
    struct stat st;
    *there = fstatat(dir, IMP_LEDGER_DATABASE, &st, AT_SYMLINK_NOFOLLOW) == 0;
    return *there || errno == ENOENT || imp_fail_errno(err, "ledger");
}

static bool ask_ledger(const char *state, int dir, struct imp_audit_mark *mark,
                       struct imp_journal_check *out, struct imp_err *err)
{
    if (!has_ledger(dir, &out->by_ledger, err))
        return false;
    if (!out->by_ledger)
        return true;
    struct imp_ledger *l = imp_ledger_look(state, err);
    bool ok = l && imp_journal_expected(l, mark, &out->highest, err);
    imp_ledger_free(l);
    return ok;
}

bool imp_journal_verify(const char *state, imp_audit_finding_fn fn, void *self,
                        struct imp_ctx *ctx, struct imp_journal_check *out,
                        struct imp_err *err)
{
    struct imp_audit_mark mark = {0};
    *out = (struct imp_journal_check){0};
    int dir = imp_ledger_open_state(state, err);
    // What is asked first can only be behind what is read next.
    bool ok = dir >= 0 && ask_ledger(state, dir, &mark, out, err) &&
              imp_audit_verify(dir, &mark, fn, self, ctx, &out->log, err);
    if (dir >= 0)
        close(dir);
    return ok;
}
