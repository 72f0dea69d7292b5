// A copy of the ledger for a run that must leave no trace.
#include "base/file.h"
#include "ledger/entries.h"
#include "sync/context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATABASE IMP_LEDGER_DATABASE

// What SQLite and we may have put into a scratch directory.
static const char *const files[] = {DATABASE, DATABASE "-wal", DATABASE "-shm",
                                    "lock"};

static char *make_directory(struct imp_err *err)
{
    const char *base = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/imgpipe-dry-XXXXXX",
                 base && base[0] == '/' ? base : "/tmp") < 0) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a path");
        return NULL;
    }
    if (mkdtemp(path)) // mode 0700
        return path;
    imp_fail_errno(err, "make a scratch directory");
    free(path);
    return NULL;
}

void imp_ledger_remove_scratch(char *path)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; dir >= 0 && i < sizeof files / sizeof *files; i++)
        unlinkat(dir, files[i], 0);
    if (dir >= 0)
        close(dir);
    rmdir(path);
    free(path);
}

static bool copy_bytes(int from, int to, struct imp_err *err)
{
    char block[64 * 1024];
    size_t got;
    do {
        if (!imp_file_read(from, block, sizeof block, &got, err) ||
            !imp_file_write(to, block, got, err))
            return false;
    } while (got == sizeof block);
    return true;
}

// A file that is not there has nothing to copy.
static bool copy_file(int from_dir, int to_dir, const char *name,
                      struct imp_err *err)
{
    bool ok = false;
    int to = -1,
        from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0)
        return errno == ENOENT || imp_fail_errno(err, "open the ledger");
    to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        imp_fail_errno(err, "copy the ledger");
    else
        ok = copy_bytes(from, to, err);
    if (to >= 0)
        close(to);
    close(from);
    return ok;
}

// While another run writes, a copy would be torn: its lock is waited for. A
// state without a lock has never had a run.
static bool copy_locked(int from, int to, struct imp_ctx *wait,
                        struct imp_err *err)
{
    int lock = openat(from, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0 && errno == EROFS)
        lock = openat(from, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0)
        return errno == ENOENT ||
               imp_fail_errno(err, "open the state directory's lock");
    // The database and its log; the shared memory is made anew.
    bool ok = imp_file_lock(lock, wait ? imp_ctx_pause : NULL, wait, err) &&
              copy_file(from, to, files[0], err) &&
              copy_file(from, to, files[1], err);
    close(lock);
    return ok;
}

static bool copy_state(const char *state, const char *scratch,
                       struct imp_ctx *wait, struct imp_err *err)
{
    struct imp_err why = {0};
    int from = imp_ledger_open_state(state, &why);
    if (from < 0)
        return errno == ENOENT || imp_fail(err, why.code, "%s", why.msg);
    int to = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = to >= 0 ? copy_locked(from, to, wait, err)
                      : imp_fail_errno(err, "open the scratch directory");
    if (to >= 0)
        close(to);
    close(from);
    return ok;
}

struct imp_ledger *imp_ledger_open_scratch(const char *state,
                                           struct imp_ctx *wait,
                                           struct imp_err *err)
{
    struct imp_ledger *l = NULL;
    char *scratch = make_directory(err);
    if (!scratch)
        return NULL;
    if (!state || copy_state(state, scratch, wait, err))
        l = imp_ledger_open(scratch, NULL, err);
    if (l)
        l->scratch = scratch;
    else
        imp_ledger_remove_scratch(scratch);
    return l;
}
