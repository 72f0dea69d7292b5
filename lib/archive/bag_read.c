// What a bag holds: what its manifest lists, and what lies in data/.
#include "archive/bag.h"
#include "archive/manifest.h"
#include "archive/tags.h"
#include "base/file.h"

#include <errno.h>
#include <sys/stat.h>

static bool pour_fd(int fd, const struct imp_sink *sink, struct imp_err *err)
{
    uint8_t bytes[64 * 1024];
    size_t got;
    if (!sink->start(sink->self, err))
        return false;
    do {
        if (!imp_file_read(fd, bytes, sizeof bytes, &got, err) ||
            !sink->add(sink->self, bytes, got, err))
            return false;
    } while (got == sizeof bytes);
    return true;
}

bool imp_bag_hash_fd(struct imp_bag *bag, int fd, struct imp_digest *digest,
                     uint64_t *length, struct imp_err *err)
{
    struct imp_intake intake = {.hasher = bag->hasher};
    const struct imp_sink sink = imp_sink_intake(&intake);
    if (!pour_fd(fd, &sink, err))
        return false;
    *digest = imp_sha256_end(bag->hasher);
    *length = intake.length;
    return true;
}

// --- One object ---

static bool stat_regular(int fd, struct stat *st, struct imp_err *err)
{
    return fstat(fd, st) == 0 ? S_ISREG(st->st_mode) ||
                                    imp_fail(err, IMP_ERR_IO, "no regular file")
                              : imp_fail_errno(err, "look at it");
}

static bool read_fd(int fd, uint64_t most, struct imp_buf *out,
                    struct imp_err *err)
{
    struct stat st;
    size_t got;
    if (!stat_regular(fd, &st, err))
        return false;
    if ((uint64_t)st.st_size > most)
        return imp_fail(err, IMP_ERR_LIMIT, "%jd bytes, limit is %ju",
                        (intmax_t)st.st_size, (uintmax_t)most);
    if (!imp_buf_reserve(out, (size_t)st.st_size + 1, err) ||
        !imp_file_read(fd, out->p, (size_t)st.st_size, &got, err))
        return false;
    out->n = got;
    return true;
}

static int open_object(const struct imp_target *t, const char *name,
                       struct imp_err *err)
{
    const struct imp_bag *bag = (const struct imp_bag *)t;
    int fd =
        openat(bag->data, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        imp_fail_errno(err, "open it");
    return fd;
}

bool imp_bag_read(struct imp_target *t, const struct imp_object *object,
                  uint64_t most, struct imp_buf *out, struct imp_err *err)
{
    int fd = open_object(t, object->name, err);
    out->n = 0;
    bool ok = fd >= 0 && read_fd(fd, most, out, err);
    if (fd >= 0)
        close(fd);
    return ok || imp_wrap(err, "data/%s", object->name);
}

bool imp_bag_stream(struct imp_target *t, const struct imp_object *object,
                    const struct imp_sink *sink, struct imp_err *err)
{
    struct stat st;
    int fd = open_object(t, object->name, err);
    bool ok = fd >= 0 && stat_regular(fd, &st, err) && pour_fd(fd, sink, err);
    if (fd >= 0)
        close(fd);
    return ok || imp_wrap(err, "data/%s", object->name);
}

int imp_bag_file(struct imp_target *t, const struct imp_object *object,
                 struct imp_err *err)
{
    struct stat st;
    int fd = open_object(t, object->name, err);
    if (fd >= 0 && stat_regular(fd, &st, err))
        return fd;
    if (fd >= 0)
        close(fd);
    imp_wrap(err, "data/%s", object->name);
    return -1;
}

// --- Tag files ---

bool imp_bag_open_tag(int root, const char *name, int *fd, struct imp_err *err)
{
    struct stat st;
    *fd = openat(root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0)
        return errno == ENOENT || imp_fail_errno(err, "open %s", name);
    if (stat_regular(*fd, &st, err))
        return true;
    close(*fd);
    *fd = -1;
    return imp_wrap(err, "%s", name);
}

bool imp_bag_tag(struct imp_target *t, const char *name, size_t most,
                 struct imp_buf *out, struct imp_digest *digest, bool *present,
                 struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    int fd;
    out->n = 0;
    bool ok = imp_bag_open_tag(bag->root, name, &fd, err);
    *present = fd >= 0;
    if (fd < 0)
        return ok;
    struct imp_intake intake = {
        .hasher = bag->hasher, .front = out, .most = most};
    const struct imp_sink sink = imp_sink_intake(&intake);
    ok = pour_fd(fd, &sink, err) || imp_wrap(err, "%s", name);
    if (ok)
        *digest = imp_sha256_end(bag->hasher);
    close(fd);
    return ok;
}

// --- The manifest ---

bool imp_bag_listing(struct imp_target *t, struct imp_digest *out,
                     bool *present, struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    uint64_t length;
    int fd;
    bool ok = imp_bag_open_tag(bag->root, IMP_TAG_MANIFEST, &fd, err);
    *present = fd >= 0;
    if (fd < 0)
        return ok;
    ok = imp_bag_hash_fd(bag, fd, out, &length, err) ||
         imp_wrap(err, IMP_TAG_MANIFEST);
    close(fd);
    return ok;
}

static bool tell_line(struct imp_bag *bag, const char *line, imp_object_fn fn,
                      void *fn_self, struct imp_err *err)
{
    char name[IMP_NAME_MAX];
    struct imp_digest digest;
    struct stat st;
    if (!imp_manifest_parse(line, name, &digest, err))
        return false;
    bool reading = bag->staging < 0;
    bool there = fstatat(bag->data, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && !(reading && (errno == ENOENT || errno == ENOTDIR)))
        return imp_fail_errno(err, "%s, which the manifest lists", name);
    bool regular = there && S_ISREG(st.st_mode);
    if (!regular && !reading)
        return imp_fail(err, IMP_ERR_IO, "%s is not a regular file", name);
    const struct imp_object object = {.name = name,
                                      .digest = digest,
                                      .length =
                                          regular ? (uint64_t)st.st_size : 0};
    return fn(fn_self, &object, err);
}

bool imp_bag_each(struct imp_target *t, imp_object_fn fn, void *fn_self,
                  struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    char line[IMP_MANIFEST_LINE_MAX + 1];
    int fd;
    bool ok = imp_bag_open_tag(bag->root, IMP_TAG_MANIFEST, &fd, err);
    if (fd < 0)
        return ok;
    FILE *file = fdopen(fd, "r");
    if (!file) {
        imp_fail_errno(err, "open " IMP_TAG_MANIFEST);
        close(fd);
        return false;
    }

    for (size_t n = 1; ok && fgets(line, sizeof line, file); n++)
        ok = tell_line(bag, line, fn, fn_self, err) ||
             imp_wrap(err, IMP_TAG_MANIFEST " line %zu", n);
    if (ok && ferror(file))
        ok = imp_fail_errno(err, "read " IMP_TAG_MANIFEST);
    fclose(file);
    return ok;
}

// --- Beside data/ ---

bool imp_bag_beside(struct imp_target *t, imp_name_fn fn, void *fn_self,
                    struct imp_err *err)
{
    const struct imp_bag *bag = (const struct imp_bag *)t;
    DIR *dir = imp_bag_opendir(bag->root, ".");
    if (!dir)
        return imp_fail_errno(err, "list the bag");
    bool ok = true;
    errno = 0;
    for (struct dirent *e; ok && (e = readdir(dir)); errno = 0)
        ok = imp_bag_is_dot(e->d_name) || imp_tag_is_ours(e->d_name) ||
             strcmp(e->d_name, "data") == 0 ||
             strcmp(e->d_name, IMP_BAG_STAGING) == 0 ||
             fn(fn_self, e->d_name, err);
    if (ok && errno != 0)
        ok = imp_fail_errno(err, "list the bag");
    closedir(dir);
    return ok;
}

// --- data/ ---

struct walk {
    imp_file_fn fn;
    void *fn_self;
    char path[IMP_NAME_MAX]; // below data/, of where the walk is
};

static unsigned char kind_of(int dirfd, const struct dirent *e)
{
    struct stat st;
    if (e->d_type != DT_UNKNOWN)
        return e->d_type;
    if (fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return DT_UNKNOWN;
    return (unsigned char)IFTODT(st.st_mode);
}

// One directory is open for each component of the path, whose length is
// limited: so are they.
static bool walk_dir(struct walk *w, int parent, const char *name, size_t at,
                     struct imp_err *err)
{
    DIR *dir = imp_bag_opendir(parent, name);
    if (!dir)
        return imp_fail_errno(err, "list a directory in data");
    bool ok = true;
    errno = 0;
    for (struct dirent *e; ok && (e = readdir(dir)); errno = 0) {
        if (imp_bag_is_dot(e->d_name))
            continue;
        size_t room = sizeof w->path - at;
        size_t n = (size_t)snprintf(w->path + at, room, "%s%s", at ? "/" : "",
                                    e->d_name);
        unsigned char kind = kind_of(dirfd(dir), e);
        if (kind == DT_DIR && n < room)
            ok = walk_dir(w, dirfd(dir), e->d_name, at + n, err);
        else
            ok = w->fn(w->fn_self, &(struct imp_object){.name = w->path},
                       kind == DT_REG && n < room, err);
    }
    if (ok && errno != 0)
        ok = imp_fail_errno(err, "list a directory in data");
    closedir(dir);
    return ok;
}

bool imp_bag_walk(struct imp_target *t, imp_file_fn fn, void *fn_self,
                  struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    struct walk w = {.fn = fn, .fn_self = fn_self};
    return walk_dir(&w, bag->data, ".", 0, err);
}
