#include "source/leave.h"

#include "base/file.h"
#include "base/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPS ".imgpipe-moving"
#define PENDING 16

// A directory that lost or got a name, and is not synced yet.
struct pending {
    int fd;
    dev_t device;
    ino_t inode;
};

struct imp_leaver {
    enum imp_after what;
    char *archive;         // nothing in it is touched; NULL: there is none
    char *path;            // of the directory to move to, resolved
    int dir;               // it; -1 if nothing is moved
    int temps;             // TEMPS in it; -1 until a file is copied
    bool begun;            // what it had before is durable
    char synced[PATH_MAX]; // the last directory below it that is durable
    struct pending pending[PENDING];
    size_t n;
    struct imp_err unsettled; // of a sync before the caller asked for one
};

// One source on its way.
struct leaving {
    struct imp_leaver *l;
    const struct imp_job *job;
    const char *base; // its name in its directory, and in the one it moves to
    int from, to;     // these directories; -1: not open
    struct imp_err *err;
};

// --- Making removals durable ---

static bool sync_all(struct imp_leaver *l, struct imp_err *err)
{
    bool ok = true;
    for (size_t i = 0; i < l->n; i++) {
        ok = imp_file_sync(l->pending[i].fd, ok ? err : NULL) && ok;
        close(l->pending[i].fd);
    }
    l->n = 0;
    return ok || imp_wrap(err, "make a source's removal durable");
}

bool imp_leaver_settle(struct imp_leaver *l, struct imp_err *err)
{
    bool ok = sync_all(l, err);
    if (ok && l->unsettled.code != IMP_OK && err)
        *err = l->unsettled;
    ok = ok && l->unsettled.code == IMP_OK;
    l->unsettled = (struct imp_err){0};
    return ok;
}

// Before a name in `dir` changes: so that no change goes unsynced.
static bool note(struct imp_leaver *l, int dir, struct imp_err *err)
{
    struct stat st;
    if (fstat(dir, &st) != 0)
        return imp_fail_errno(err, "look at a directory");
    for (size_t i = 0; i < l->n; i++)
        if (l->pending[i].inode == st.st_ino &&
            l->pending[i].device == st.st_dev)
            return true;
    // What is O_PATH cannot be synced.
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return imp_fail_errno(err, "open a directory");
    if (l->n == PENDING && l->unsettled.code == IMP_OK)
        sync_all(l, &l->unsettled);
    else if (l->n == PENDING)
        sync_all(l, NULL);
    l->pending[l->n++] = (struct pending){fd, st.st_dev, st.st_ino};
    return true;
}

// --- Is it still the one? ---

static enum imp_left failed(const struct leaving *m, const char *step)
{
    imp_fail_errno(m->err, "%s", step);
    return IMP_LEFT_FAILED;
}

static enum imp_left changed(const struct leaving *m)
{
    imp_fail(m->err, IMP_ERR_UNSETTLED,
             "the source has changed since it was read");
    return IMP_LEFT_CHANGED;
}

static bool is_the_one(const struct leaving *m, const struct stat *st)
{
    struct imp_stamp now = imp_stamp_of(st);
    return S_ISREG(st->st_mode) && imp_stamp_untouched(&now, &m->job->stamp);
}

// DONE: it is.
static enum imp_left look(const struct leaving *m)
{
    struct stat st;
    if (fstatat(m->from, m->base, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? IMP_LEFT_GONE
                               : failed(m, "look at the source");
    return is_the_one(m, &st) ? IMP_LEFT_DONE : changed(m);
}

static enum imp_left unlink_source(const struct leaving *m)
{
    enum imp_left seen = look(m);
    if (seen != IMP_LEFT_DONE)
        return seen;
    if (unlinkat(m->from, m->base, 0) != 0)
        return failed(m, "remove the source");
    return IMP_LEFT_DONE;
}

// --- The directory to move to ---

// Open `part` in `dir`, made if missing, and close `dir`. With `sync` its name
// there becomes durable, whoever made it.
static int step(int dir, const char *part, size_t len, bool sync)
{
    char name[NAME_MAX + 1];
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = -1;
    if (len >= sizeof name) {
        errno = ENAMETOOLONG;
        goto out;
    }
    memcpy(name, part, len);
    name[len] = '\0';
    fd = openat(dir, name, flags);
    if (fd < 0 && errno == ENOENT &&
        (mkdirat(dir, name, 0700) == 0 || errno == EEXIST)) {
        fd = openat(dir, name, flags);
        sync = true;
    }
    if (fd >= 0 && sync && !imp_file_sync(dir, NULL)) {
        int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
out:;
    int saved = errno;
    close(dir);
    errno = saved;
    return fd;
}

// The directory below DIR that `path`, below the uploads, goes to.
static int open_to(struct imp_leaver *l, const char *path, bool sync)
{
    int fd = openat(l->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (const char *slash; fd >= 0 && (slash = strchr(path, '/'));
         path = slash + 1)
        fd = step(fd, path, (size_t)(slash - path), sync);
    return fd;
}

// A list may name what lies there already: moving that onto itself would end
// with the source unlinked.
static bool is_elsewhere(const struct leaving *m)
{
    struct stat a, b;
    if (fstat(m->from, &a) != 0 || fstat(m->to, &b) != 0)
        return imp_fail_errno(m->err, "look at a directory");
    if (imp_path_lies_in(m->job->path, m->l->path) ||
        (a.st_dev == b.st_dev && a.st_ino == b.st_ino))
        return imp_fail(m->err, IMP_ERR_CONFIG,
                        "the source lies in the directory that sources are "
                        "moved to");
    return true;
}

// --- The name there is taken ---

// Are these two open files the same, in whatever way? `*linked`: one file.
static bool same_file(int a, int b, bool *linked, bool *same,
                      struct imp_err *err)
{
    struct stat x, y;
    *linked = *same = false;
    if (fstat(a, &x) != 0 || fstat(b, &y) != 0)
        return imp_fail_errno(err, "look at both files");
    *linked = *same = x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    if (*linked || !S_ISREG(x.st_mode) || !S_ISREG(y.st_mode) ||
        x.st_size != y.st_size)
        return true;
    return imp_file_same(a, b, same, err);
}

// Two names of one file: the one goes, whatever its times are by now, for a
// link changes them.
static enum imp_left unlink_second_name(const struct leaving *m, int fd)
{
    struct stat st, now;
    if (fstat(fd, &st) != 0 ||
        fstatat(m->from, m->base, &now, AT_SYMLINK_NOFOLLOW) != 0)
        return failed(m, "look at the source");
    if (now.st_ino != st.st_ino || now.st_dev != st.st_dev)
        return changed(m);
    if (unlinkat(m->from, m->base, 0) != 0)
        return failed(m, "remove the source");
    return IMP_LEFT_DONE;
}

// What has the name may be our own work, of a run that was killed.
static enum imp_left finish_taken(const struct leaving *m)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    enum imp_left end = IMP_LEFT_FAILED;
    bool linked, same;
    int ours = openat(m->from, m->base, flags);
    int theirs = openat(m->to, m->base, flags);
    if (ours < 0 && errno == ENOENT)
        end = IMP_LEFT_GONE;
    else if (ours < 0)
        end = errno == ELOOP ? changed(m) : failed(m, "open the source");
    else if (theirs < 0 && errno != ELOOP && errno != ENXIO)
        end = failed(m, "open what has the source's name there");
    else if (theirs >= 0 && !same_file(ours, theirs, &linked, &same, m->err))
        imp_wrap(m->err, "compare");
    else if (theirs < 0 || !same)
        imp_fail(m->err, IMP_ERR_IO,
                 "another file has the source's name in the directory that it "
                 "is to be moved to");
    else if (!imp_file_sync(theirs, m->err) || !imp_file_sync(m->to, m->err))
        imp_wrap(m->err, "make the moved file durable");
    else
        end = linked ? unlink_second_name(m, ours) : unlink_source(m);
    if (ours >= 0)
        close(ours);
    if (theirs >= 0)
        close(theirs);
    return end;
}

// --- To another file system ---

static bool open_temps(struct imp_leaver *l, struct imp_err *err)
{
    if (l->temps >= 0)
        return true;
    if (mkdirat(l->dir, TEMPS, 0700) != 0 && errno != EEXIST)
        return imp_fail_errno(err, "make " TEMPS);
    l->temps =
        openat(l->dir, TEMPS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return l->temps >= 0 || imp_fail_errno(err, "open " TEMPS);
}

// Owner, mode and times. Only root may give a file away; the mode comes after
// it, for a new owner clears bits of it.
static bool keep_looks(int fd, const struct stat *st, struct imp_err *err)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};
    if (fchown(fd, st->st_uid, st->st_gid) != 0 && errno != EPERM)
        return imp_fail_errno(err, "keep the owner");
    if (fchmod(fd, st->st_mode & 0777) != 0 || futimens(fd, times) != 0)
        return imp_fail_errno(err, "keep mode and times");
    return true;
}

// The source's bytes into the temporary `copy`, durably.
static enum imp_left copy_bytes(const struct leaving *m, int copy)
{
    struct stat st;
    uint64_t copied = 0;
    enum imp_left end = IMP_LEFT_FAILED;
    int fd = openat(m->from, m->base,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP ? changed(m) : failed(m, "open the source");
    if (fstat(fd, &st) != 0)
        end = failed(m, "look at the source");
    else if (!is_the_one(m, &st))
        end = changed(m);
    else if (imp_file_copy(fd, copy, (uint64_t)st.st_size, &copied, m->err) &&
             keep_looks(copy, &st, m->err) && imp_file_sync(copy, m->err))
        end = copied == (uint64_t)st.st_size ? look(m) : changed(m);
    close(fd);
    return end;
}

// Another run that shares DIR may have removed TEMPS at its end.
static int open_copy(struct leaving *m, char name[IMP_TEMP_NAME])
{
    struct imp_leaver *l = m->l;
    if (!open_temps(l, m->err))
        return -1;
    int copy = imp_temp_open(l->temps, name, m->err);
    if (copy >= 0 || errno != ENOENT)
        return copy;
    close(l->temps);
    l->temps = -1;
    return open_temps(l, m->err) ? imp_temp_open(l->temps, name, m->err) : -1;
}

// Nothing is copied that could not be removed afterwards.
static bool may_unlink(const struct leaving *m)
{
    return faccessat(m->from, ".", W_OK | X_OK, AT_EACCESS) == 0 ||
           imp_fail_errno(m->err, "remove the source");
}

static bool open_durably(struct leaving *m)
{
    struct imp_leaver *l = m->l;
    const char *path = m->job->path + m->job->root_len + 1;
    char parent[PATH_MAX];
    size_t n = (size_t)(m->base - path);
    if (n >= sizeof parent)
        return imp_fail(m->err, IMP_ERR_IO, "path too long");
    memcpy(parent, path, n);
    parent[n] = '\0';
    if (strcmp(parent, l->synced) == 0)
        return true; // in `m->to` already, and durable: the root always is
    int fd = open_to(l, path, true);
    if (fd < 0)
        return imp_fail_errno(m->err, "make the directory to move to durable");
    close(m->to);
    m->to = fd;
    memcpy(l->synced, parent, n + 1);
    return true;
}

// The copy is whole and durable; the source goes once its name is, too.
static enum imp_left place(const struct leaving *m, const char *temp)
{
    if (imp_file_rename_new(m->l->temps, temp, m->to, m->base) != 0)
        return errno == EEXIST ? finish_taken(m)
                               : failed(m, "give the copy its name");
    if (!imp_file_sync(m->to, m->err))
        return IMP_LEFT_FAILED;
    enum imp_left end = unlink_source(m);
    if (end == IMP_LEFT_CHANGED) // so what we have is a copy of nothing
        unlinkat(m->to, m->base, 0);
    return end;
}

static enum imp_left move_by_copy(struct leaving *m)
{
    char name[IMP_TEMP_NAME];
    if (!may_unlink(m) || !open_durably(m))
        return IMP_LEFT_FAILED;
    int copy = open_copy(m, name);
    if (copy < 0)
        return IMP_LEFT_FAILED;
    enum imp_left end = copy_bytes(m, copy);
    if (end == IMP_LEFT_DONE)
        end = place(m, name);
    unlinkat(m->l->temps, name, 0); // if it still has that name
    close(copy);
    return end;
}

// A file system that knows no such flag (NFS) may know links, and one that
// knows neither can still be written to.
static enum imp_left move_by_link(struct leaving *m)
{
    if (linkat(m->from, m->base, m->to, m->base, 0) == 0 || errno == EEXIST)
        return finish_taken(m);
    switch (errno) {
    case ENOENT:
        return IMP_LEFT_GONE;
    case EXDEV:
    case EPERM:
    case EOPNOTSUPP:
    case EMLINK:
        return move_by_copy(m);
    }
    return failed(m, "link the source");
}

// --- The whole ---

// A directory there that a killed run has made may not be durable yet.
static bool sync_once(struct imp_leaver *l, struct imp_err *err)
{
    if (!l->begun && !imp_file_sync_system(l->dir, err))
        return imp_wrap(err, "directory to move sources to");
    l->begun = true;
    return true;
}

static enum imp_left move(struct leaving *m)
{
    if (!sync_once(m->l, m->err))
        return IMP_LEFT_FAILED;
    m->to = open_to(m->l, m->job->path + m->job->root_len + 1, false);
    if (m->to < 0)
        return failed(m, "open the directory to move to");
    if (!is_elsewhere(m) || !note(m->l, m->to, m->err) ||
        !note(m->l, m->from, m->err))
        return IMP_LEFT_FAILED;
    enum imp_left seen = look(m);
    if (seen != IMP_LEFT_DONE)
        return seen;
    if (renameat2(m->from, m->base, m->to, m->base, RENAME_NOREPLACE) == 0)
        return IMP_LEFT_DONE;
    switch (errno) {
    case EEXIST:
        return finish_taken(m);
    case ENOENT:
        return IMP_LEFT_GONE;
    case EXDEV:
        return move_by_copy(m);
    case EINVAL:
    case ENOSYS:
        return move_by_link(m);
    }
    return failed(m, "rename the source");
}

// No directory to find it in.
static enum imp_left no_parent(const struct leaving *m, int why)
{
    if (m->err->code != IMP_ERR_UNSETTLED)
        return IMP_LEFT_FAILED;
    return why == ENOENT ? IMP_LEFT_GONE : changed(m);
}

// It would be the very image that the source is to leave for.
static bool is_outside(const struct leaving *m)
{
    return !m->l->archive || !imp_path_lies_in(m->job->path, m->l->archive) ||
           imp_fail(m->err, IMP_ERR_CONFIG, "the source lies in the archive");
}

enum imp_left imp_leave(struct imp_leaver *l, const struct imp_job *job,
                        struct imp_err *err)
{
    struct imp_err why = {0};
    struct leaving m = {.l = l, .job = job, .from = -1, .to = -1, .err = &why};
    enum imp_left end = IMP_LEFT_FAILED;
    if (!is_outside(&m))
        goto out;
    m.from = imp_job_open_parent(job, &m.base, &why);
    if (m.from < 0)
        end = no_parent(&m, errno);
    else if (l->what == IMP_AFTER_MOVE)
        end = move(&m);
    else if (note(l, m.from, &why))
        end = unlink_source(&m);
out:
    if (m.to >= 0)
        close(m.to);
    if (m.from >= 0)
        close(m.from);
    if (err && (end == IMP_LEFT_CHANGED || end == IMP_LEFT_FAILED))
        *err = why;
    return end;
}

// Only if a run has left it: most moves need none.
static bool sweep(struct imp_leaver *l, struct imp_err *err)
{
    l->temps =
        openat(l->dir, TEMPS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (l->temps < 0)
        return errno == ENOENT || imp_fail_errno(err, "open " TEMPS);
    return imp_temp_sweep(l->temps, err);
}

static bool open_dir(struct imp_leaver *l, const char *dir, struct imp_err *err)
{
    if (!imp_dir_make(AT_FDCWD, dir, 0700, err) ||
        !(l->path = imp_path_resolve(dir, err)))
        return false;
    l->dir = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l->dir < 0)
        return imp_fail_errno(err, "open");
    return sweep(l, err);
}

struct imp_leaver *imp_leaver_new(const struct imp_after_rule *rule,
                                  struct imp_err *err)
{
    if (rule->what == IMP_AFTER_KEEP)
        imp_bug("a leaver that leaves sources alone");
    struct imp_leaver *l = calloc(1, sizeof *l);
    if (!l) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a leaver");
        return NULL;
    }
    l->what = rule->what;
    l->dir = l->temps = -1;
    if (rule->archive && !(l->archive = strdup(rule->archive)))
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a leaver");
    else if (rule->what == IMP_AFTER_DELETE || open_dir(l, rule->dir, err))
        return l;
    imp_wrap(err, "directory to move sources to");
    imp_leaver_free(l);
    return NULL;
}

void imp_leaver_free(struct imp_leaver *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++)
        close(l->pending[i].fd);
    if (l->temps >= 0) {
        close(l->temps);
        unlinkat(l->dir, TEMPS, AT_REMOVEDIR); // unless another run uses it
    }
    if (l->dir >= 0)
        close(l->dir);
    free(l->path);
    free(l->archive);
    free(l);
}
