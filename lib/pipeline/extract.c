#include "pipeline/extract.h"

#include "base/file.h"
#include "base/name.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct imp_extractor {
    struct imp_target *target;
    struct imp_sha256 *sha;
    bool listed;
    // Of the _each that is going on:
    imp_wanted_fn wanted;
    imp_object_fn fn;
    void *self;
};

struct imp_extractor *imp_extractor_new(const struct imp_archive_at *at,
                                        bool *listed, struct imp_err *err)
{
    struct imp_digest digest;
    struct imp_extractor *x = calloc(1, sizeof *x);
    if (!x) {
        imp_fail_errno(err, "extract");
        return NULL;
    }
    x->sha = imp_sha256_new(err);
    x->target = x->sha ? imp_target_open(at, IMP_TARGET_READ, NULL, err) : NULL;
    if (x->target &&
        x->target->ops->listing(x->target, &digest, &x->listed, err)) {
        *listed = x->listed;
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

static bool tell_listed(void *self, const struct imp_object *object,
                        struct imp_err *err)
{
    struct imp_extractor *x = self;
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(&object->digest, hex);
    return (x->wanted && !x->wanted(x->self, object->name, hex)) ||
           x->fn(x->self, object, err);
}

static const char *leaf_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static bool tells(const char *name, const struct imp_digest *digest)
{
    char want[IMP_NAME_MAX];
    const char *dot = strrchr(name, '.');
    if (!dot)
        return false;
    imp_name_of_digest(digest, dot + 1, want);
    return strcmp(name, want) == 0;
}

static bool tell_found(void *self, const struct imp_object *file, bool regular,
                       struct imp_err *err)
{
    struct imp_extractor *x = self;
    struct imp_object object = *file;
    char hex[IMP_NAME_MAX];
    if (!regular || !imp_name_check(object.name, NULL))
        return true;
    snprintf(hex, sizeof hex, "%s", leaf_of(object.name));
    hex[strcspn(hex, ".")] = '\0';
    if (x->wanted && !x->wanted(x->self, object.name, hex))
        return true;
    if (!x->target->ops->hash(x->target, &object, &object.digest,
                              &object.length, err))
        return false;
    return !tells(object.name, &object.digest) || x->fn(x->self, &object, err);
}

bool imp_extractor_each(struct imp_extractor *x, imp_wanted_fn wanted,
                        imp_object_fn fn, void *self, struct imp_err *err)
{
    const struct imp_target_ops *ops = x->target->ops;
    x->wanted = wanted;
    x->fn = fn;
    x->self = self;
    return x->listed ? ops->each(x->target, tell_listed, x, err)
                     : ops->walk(x->target, tell_found, x, err);
}

bool imp_extractor_read(struct imp_extractor *x,
                        const struct imp_object *object, struct imp_buf *out,
                        struct imp_err *err)
{
    if (!x->target->ops->read(x->target, object, object->length, out, err))
        return false;
    imp_sha256_start(x->sha);
    imp_sha256_add(x->sha, out->p, out->n);
    struct imp_digest digest = imp_sha256_end(x->sha);
    if (out->n == object->length &&
        memcmp(&digest, &object->digest, sizeof digest) == 0)
        return true;
    out->n = 0;
    return imp_fail(err, IMP_ERR_DAMAGED,
                    "data/%s: its bytes are not those that the archive lists",
                    object->name);
}

// --- Where to ---

// The directory that `name` is in, made if it is missing. -1 with `err`; the
// caller closes.
static int open_above(int into, const char *name, struct imp_err *err)
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
    if (dir < 0)
        imp_fail_errno(err, "make the directories");
    return dir;
}

static bool has_bytes(int fd, struct imp_span want, bool *same,
                      struct imp_err *err)
{
    uint8_t have[32 * 1024];
    size_t at = 0, got;
    struct stat st;
    *same = false;
    if (fstat(fd, &st) != 0)
        return imp_fail_errno(err, "look at what is there");
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != want.n)
        return true;
    do {
        if (!imp_file_read(fd, have, sizeof have, &got, err))
            return false;
        if (got > want.n - at || memcmp(have, want.p + at, got) != 0)
            return true;
        at += got;
    } while (got == sizeof have);
    *same = at == want.n;
    return true;
}

// Something has the name: the same bytes?
static bool check_there(int dir, const char *leaf, struct imp_span want,
                        struct imp_err *err)
{
    bool same = false;
    int fd = openat(dir, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !has_bytes(fd, want, &same, err)) {
        close(fd);
        return false;
    }
    if (fd >= 0)
        close(fd);
    return same || imp_fail(err, IMP_ERR_IO,
                            "the name is taken by something else: left alone");
}

static bool write_temporary(int dirfd, const char *name, struct imp_span bytes,
                            struct imp_err *err)
{
    if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT)
        return imp_fail_errno(err, "remove an old temporary");
    int fd = openat(dirfd, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return imp_fail_errno(err, "create a temporary");
    bool ok = imp_file_write(fd, bytes.p, bytes.n, err);
    if (close(fd) != 0 && ok)
        ok = imp_fail_errno(err, "close a temporary");
    return ok;
}

bool imp_extract_write(int into, const char *name, struct imp_span bytes,
                       bool *there, struct imp_err *err)
{
    char temporary[40];
    struct stat st;
    const char *leaf = leaf_of(name);
    *there = false;
    if (!imp_name_check(name, err))
        return false;
    int dir = open_above(into, name, err);
    if (dir < 0)
        return imp_wrap(err, "%s", name);
    snprintf(temporary, sizeof temporary, ".imgpipe-extract-%jd",
             (intmax_t)getpid());
    bool ok = fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0;
    if (!ok) {
        ok = *there = check_there(dir, leaf, bytes, err);
    } else {
        ok = write_temporary(into, temporary, bytes, err) &&
             (imp_file_rename_new(into, temporary, dir, leaf) == 0 ||
              imp_fail_errno(err, "rename"));
        if (!ok)
            unlinkat(into, temporary, 0);
    }
    close(dir);
    return ok || imp_wrap(err, "%s", name);
}
