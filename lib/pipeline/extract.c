#include "pipeline/extract.h"

#include "base/file.h"
#include "base/name.h"
#include "base/place.h"
#include "sync/context.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct imp_extractor {
    struct imp_ctx *ctx; // borrowed
    struct imp_target *target;
    struct imp_sha256 *sha;
    bool listed;
    struct imp_err unlisted; // why the list cannot be read
    // Of the _each that is going on:
    const struct imp_extract_sink *sink;
    bool stopped;            // by `found`
    char last[IMP_NAME_MAX]; // that the list has told of
};

// Is it the archive that is at fault? Then there may be another way.
static bool is_theirs(const struct imp_err *err)
{
    return err->code != IMP_ERR_MEMORY && err->code != IMP_ERR_CANCELLED;
}

static bool open_list(struct imp_extractor *x, struct imp_err *err)
{
    struct imp_digest digest;
    if (x->target->ops->listing(x->target, &digest, &x->listed, &x->unlisted))
        return true;
    x->listed = false;
    if (x->unlisted.code == IMP_ERR_DAMAGED)
        return true;
    if (err)
        *err = x->unlisted;
    return false;
}

struct imp_extractor *imp_extractor_new(const struct imp_archive_at *at,
                                        struct imp_ctx *ctx, bool *listed,
                                        struct imp_err *err)
{
    struct imp_extractor *x = calloc(1, sizeof *x);
    if (!x) {
        imp_fail_errno(err, "extract");
        return NULL;
    }
    x->ctx = ctx;
    x->sha = imp_sha256_new(err);
    x->target = x->sha ? imp_target_open(at, IMP_TARGET_READ, NULL, err) : NULL;
    if (x->target && open_list(x, err)) {
        *listed = x->listed || x->unlisted.code;
        return x;
    }
    imp_extractor_free(x);
    return NULL;
}

void imp_extractor_free(struct imp_extractor *x)
{
    if (!x)
        return;
    imp_target_free(x->target);
    imp_sha256_free(x->sha);
    free(x);
}

// --- Which ---

static bool is_wanted(const struct imp_extractor *x, const char *name,
                      const char *digest)
{
    return !x->sink->wanted || x->sink->wanted(x->sink->self, name, digest);
}

static bool tell(struct imp_extractor *x, const struct imp_object *object,
                 struct imp_err *err)
{
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(&object->digest, hex);
    x->stopped = is_wanted(x, object->name, hex) &&
                 !x->sink->found(x->sink->self, object, err);
    return !x->stopped;
}

static bool tell_listed(void *self, const struct imp_object *object,
                        struct imp_err *err)
{
    struct imp_extractor *x = self;
    snprintf(x->last, sizeof x->last, "%s", object->name);
    return tell(x, object, err);
}

static const char *leaf_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static bool tells(const char *name, const struct imp_digest *digest)
{
    const char *dot = strrchr(name, '.');
    return imp_name_says(name, digest, dot ? dot + 1 : "") == IMP_NAME_TELLS;
}

// What the list has told of before it broke off is behind us.
static bool tell_found(void *self, const struct imp_object *file, bool regular,
                       struct imp_err *err)
{
    struct imp_extractor *x = self;
    struct imp_object object = *file;
    struct imp_err why = {0};
    char hex[IMP_NAME_MAX];
    if (!regular || !imp_name_check(object.name, NULL) ||
        strcmp(object.name, x->last) <= 0)
        return true;
    snprintf(hex, sizeof hex, "%s", leaf_of(object.name));
    hex[strcspn(hex, ".")] = '\0';
    if (!is_wanted(x, object.name, hex))
        return true;
    if (imp_ctx_cancelled(x->ctx))
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    if (x->target->ops->hash(x->target, &object, &object.digest, &object.length,
                             &why)) {
        if (tells(object.name, &object.digest))
            return tell(x, &object, err);
        imp_fail(&why, IMP_ERR_DAMAGED,
                 "data/%s: its bytes are not those that its name tells",
                 object.name);
    }
    if (is_theirs(&why))
        x->sink->odd(x->sink->self, object.name, &why);
    else if (err)
        *err = why;
    return is_theirs(&why);
}

bool imp_extractor_each(struct imp_extractor *x,
                        const struct imp_extract_sink *sink,
                        struct imp_err *err)
{
    const struct imp_target_ops *ops = x->target->ops;
    struct imp_err why = x->unlisted;
    x->sink = sink;
    x->stopped = false;
    x->last[0] = '\0';
    if (x->listed && ops->each(x->target, tell_listed, x, &why))
        return true;
    if (x->stopped || !is_theirs(&why)) {
        if (err)
            *err = why;
        return false;
    }
    if (why.code)
        sink->odd(sink->self, NULL, &why);
    return ops->walk(x->target, tell_found, x, err);
}

// --- One object ---

struct pouring {
    struct imp_extractor *x;
    const struct imp_object *object;
    int fd;
    uint64_t n;
    bool over; // it is the writing that failed
};

static bool start_pouring(void *self, struct imp_err *err)
{
    struct pouring *p = self;
    p->n = 0;
    imp_sha256_start(p->x->sha);
    return (ftruncate(p->fd, 0) == 0 && lseek(p->fd, 0, SEEK_SET) == 0) ||
           imp_fail_errno(err, "begin a temporary");
}

static bool add_pouring(void *self, const void *bytes, size_t n,
                        struct imp_err *err)
{
    struct pouring *p = self;
    if (imp_ctx_cancelled(p->x->ctx))
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    if (n > p->object->length - p->n)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "it has more than the %" PRIu64
                        " bytes that the archive lists",
                        p->object->length);
    p->n += n;
    imp_sha256_add(p->x->sha, bytes, n);
    if (imp_file_write(p->fd, bytes, n, err))
        return true;
    p->over = errno != EFBIG; // which is about the one file
    return false;
}

// The object's bytes into the file `fd`, which is empty. `*over`: no other
// would fare better.
static bool fetch(struct imp_extractor *x, const struct imp_object *object,
                  int fd, bool *over, struct imp_err *err)
{
    struct pouring p = {.x = x, .object = object, .fd = fd};
    const struct imp_sink sink = {&p, start_pouring, add_pouring};
    struct imp_err why = {0};
    bool ok = x->target->ops->stream(x->target, object, &sink, &why);
    *over = p.over || !is_theirs(&why);
    if (!ok && err)
        *err = why;
    if (!ok)
        return false;
    struct imp_digest digest = imp_sha256_end(x->sha);
    if (p.n == object->length && imp_digest_same(&digest, &object->digest))
        return true;
    return imp_fail(err, IMP_ERR_DAMAGED,
                    "data/%s: its bytes are not those that the archive lists",
                    object->name);
}

static enum imp_extracted ended(bool ok, bool over)
{
    return ok ? IMP_EXTRACT_DONE : over ? IMP_EXTRACT_OVER : IMP_EXTRACT_FAILED;
}

enum imp_extracted imp_extractor_send(struct imp_extractor *x,
                                      const struct imp_object *object, int to,
                                      struct imp_err *err)
{
    bool over = true;
    uint64_t copied;
    int fd = imp_file_unnamed(err);
    bool ok = fd >= 0 && fetch(x, object, fd, &over, err);
    if (ok) {
        over = true;
        ok = (lseek(fd, 0, SEEK_SET) == 0
                  ? imp_file_copy(fd, to, object->length, &copied, err)
                  : imp_fail_errno(err, "read a temporary")) ||
             imp_wrap(err, "data/%s: hand it on", object->name);
    }
    if (fd >= 0)
        close(fd);
    return ended(ok, over);
}

// --- Where to ---

// The directory that `name` is in, made if it is missing. -1 with `err`; the
// caller closes.
static int open_above(int into, const char *name, bool *over,
                      struct imp_err *err)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int dir = openat(into, ".", flags);
    for (const char *slash; dir >= 0 && (slash = strchr(name, '/'));
         name = slash + 1) {
        char step[IMP_NAME_MAX];
        snprintf(step, sizeof step, "%.*s", (int)(slash - name), name);
        int next = mkdirat(dir, step, 0777) == 0 || errno == EEXIST
                       ? openat(dir, step, flags)
                       : -1;
        int saved = errno;
        close(dir);
        errno = saved;
        dir = next;
    }
    if (dir >= 0)
        return dir;
    *over = errno == ENOSPC || errno == EDQUOT || errno == EROFS;
    imp_fail_errno(err, "make the directories");
    return -1;
}

// The digest of a regular file; false: it is something else, or unreadable.
static bool hash_there(struct imp_extractor *x, int dir, const char *leaf,
                       struct imp_digest *out)
{
    uint8_t bytes[32 * 1024];
    struct stat st;
    size_t got = 0;
    int fd = openat(dir, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    imp_sha256_start(x->sha);
    do {
        ok = ok && !imp_ctx_cancelled(x->ctx) &&
             imp_file_read(fd, bytes, sizeof bytes, &got, NULL);
        if (ok)
            imp_sha256_add(x->sha, bytes, got);
    } while (ok && got == sizeof bytes);
    *out = imp_sha256_end(x->sha);
    if (fd >= 0)
        close(fd);
    return ok;
}

// Something has the name: is it the object?
static enum imp_extracted check_there(struct imp_extractor *x,
                                      const struct imp_object *object, int dir,
                                      struct imp_err *err)
{
    struct imp_digest have;
    if (hash_there(x, dir, leaf_of(object->name), &have) &&
        imp_digest_same(&have, &object->digest))
        return IMP_EXTRACT_THERE;
    imp_fail(err, IMP_ERR_IO,
             "%s: the name is taken by something else: left alone",
             object->name);
    return IMP_EXTRACT_FAILED;
}

static int make_temporary(int dirfd, const char *name, struct imp_err *err)
{
    if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT) {
        imp_fail_errno(err, "remove an old temporary");
        return -1;
    }
    int fd = openat(dirfd, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        imp_fail_errno(err, "create a temporary");
    return fd;
}

static enum imp_extracted write_new(struct imp_extractor *x,
                                    const struct imp_object *object, int into,
                                    int dir, struct imp_err *err)
{
    char temporary[40];
    bool over = true;
    snprintf(temporary, sizeof temporary, ".imgpipe-extract-%jd",
             (intmax_t)getpid());
    int fd = make_temporary(into, temporary, err);
    if (fd < 0)
        return IMP_EXTRACT_OVER;
    bool ok = fetch(x, object, fd, &over, err);
    if (close(fd) != 0 && ok) {
        over = true;
        ok = imp_fail_errno(err, "%s: close a temporary", object->name);
    }
    if (ok)
        ok = imp_file_rename_new(into, temporary, dir, leaf_of(object->name)) ==
                 0 ||
             imp_fail_errno(err, "%s: rename", object->name);
    if (!ok)
        unlinkat(into, temporary, 0);
    return ended(ok, over);
}

enum imp_extracted imp_extractor_write(struct imp_extractor *x,
                                       const struct imp_object *object,
                                       int into, struct imp_err *err)
{
    struct stat st;
    bool over = false;
    if (!imp_name_check(object->name, err))
        return IMP_EXTRACT_FAILED;
    int dir = open_above(into, object->name, &over, err);
    if (dir < 0) {
        imp_wrap(err, "%s", object->name);
        return ended(false, over);
    }
    enum imp_extracted end =
        fstatat(dir, leaf_of(object->name), &st, AT_SYMLINK_NOFOLLOW) == 0
            ? check_there(x, object, dir, err)
            : write_new(x, object, into, dir, err);
    close(dir);
    return end;
}
