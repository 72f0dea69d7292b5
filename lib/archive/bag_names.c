// The names in a bag: given, made durable, taken back. Recorder thread only.
#include "archive/bag.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// --- Durability ---

bool imp_bag_sync_below(int dirfd, const char *name, struct imp_err *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return imp_fail_errno(err, "open for fsync");
    bool ok = imp_file_sync(fd, err);
    close(fd);
    return ok;
}

static void touch(struct imp_bag *bag, const char *dir)
{
    size_t n = bag->n_touched;
    for (size_t i = 0; i < n && i < IMP_BAG_FEW; i++)
        if (strcmp(bag->touched[i], dir) == 0)
            return;
    if (n > IMP_BAG_FEW)
        return;
    if (n < IMP_BAG_FEW)
        snprintf(bag->touched[n], IMP_NAME_MAX, "%s", dir);
    bag->n_touched++;
}

bool imp_bag_settle_names(struct imp_target *t, struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    if (!imp_file_is_at(bag->root, bag->where, err))
        return imp_wrap(err, "settle names");
    if (bag->n_touched > IMP_BAG_FEW) {
        if (syncfs(bag->root) != 0)
            return imp_fail_errno(err, "settle names: syncfs");
    } else {
        for (size_t i = 0; i < bag->n_touched; i++) {
            const char *dir = bag->touched[i];
            // A directory that a retract emptied may be gone again.
            if (!imp_bag_exists(bag->data, *dir ? dir : "."))
                continue;
            if (!imp_bag_sync_below(bag->data, *dir ? dir : ".", err))
                return imp_wrap(err, "settle names");
        }
    }
    bag->n_touched = 0;
    return true;
}

// --- Publish and retract ---

// The directory that `name` is in, opened without following a link; its last
// component in `*leaf`. With `make`, missing directories are made. -1 with
// errno; the caller closes.
static int open_parent(struct imp_bag *bag, const char *name, bool make,
                       const char **leaf)
{
    char path[IMP_NAME_MAX] = "";
    const char *part = name;
    int dir = openat(bag->data, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (const char *slash; dir >= 0 && (slash = strchr(part, '/'));
         part = slash + 1) {
        char step[IMP_NAME_MAX];
        snprintf(step, sizeof step, "%.*s", (int)(slash - part), part);
        bool made = make && mkdirat(dir, step, 0755) == 0;
        if (made)
            touch(bag, path);
        // Another reason than that it is there is the one to tell.
        int next = made || !make || errno == EEXIST
                       ? openat(dir, step,
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                       : -1;
        int saved = errno;
        close(dir);
        errno = saved;
        dir = next;
        snprintf(path, sizeof path, "%.*s", (int)(slash - name), name);
    }
    if (dir >= 0 && make)
        touch(bag, path);
    *leaf = part;
    return dir;
}

// Is the file at `leaf` there, regular, and of this digest? If so it is made
// durable, too: whoever put it there may not have.
static bool has_digest(struct imp_bag *bag, int dir, const char *leaf,
                       const struct imp_digest *digest, bool *same,
                       struct imp_err *err)
{
    struct stat st;
    struct imp_digest found;
    uint64_t length;
    *same = false;
    int fd = openat(dir, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP || imp_fail_errno(err, "open");
    bool ok = true;
    if (fstat(fd, &st) != 0)
        ok = imp_fail_errno(err, "stat");
    else if (S_ISREG(st.st_mode)) {
        ok = imp_bag_hash_fd(bag, fd, &found, &length, err);
        *same = ok && memcmp(found.b, digest->b, sizeof found.b) == 0;
        ok = ok && (!*same || imp_file_sync(fd, err));
    }
    close(fd);
    return ok;
}

// Directories that the group's last objects went into: those of a few series,
// which come as the source's directory has them, in no order.
enum { PARENTS = 32 };

struct parents {
    struct parent {
        int dir;
        size_t n;
        char path[IMP_NAME_MAX]; // of `n` bytes, with the slash at its end
    } of[PARENTS];
    size_t n;      // that are open
    size_t oldest; // once all are
};

static struct parent *find_parent(struct parents *parents, const char *name,
                                  size_t n)
{
    for (size_t i = 0; i < parents->n; i++)
        if (parents->of[i].n == n && memcmp(parents->of[i].path, name, n) == 0)
            return &parents->of[i];
    return NULL;
}

// The one that was opened first makes room.
static struct parent *room_for_parent(struct parents *parents)
{
    if (parents->n < PARENTS)
        return &parents->of[parents->n++];
    struct parent *oldest = &parents->of[parents->oldest];
    parents->oldest = (parents->oldest + 1) % PARENTS;
    close(oldest->dir);
    return oldest;
}

// The directory of `name`, which stays `parents`'; -1 with `err`.
static int enter(struct imp_bag *bag, struct parents *parents, const char *name,
                 const char **leaf, struct imp_err *err)
{
    const char *slash = strrchr(name, '/');
    size_t n = slash ? (size_t)(slash + 1 - name) : 0;
    struct parent *parent = find_parent(parents, name, n);
    *leaf = name + n;
    if (parent)
        return parent->dir;
    int dir = open_parent(bag, name, true, leaf);
    if (dir < 0) {
        imp_fail_errno(err, "publish: make the directories");
        return -1;
    }
    parent = room_for_parent(parents);
    parent->dir = dir;
    parent->n = n;
    memcpy(parent->path, name, n);
    return dir;
}

static void leave(struct parents *parents)
{
    for (size_t i = 0; i < parents->n; i++)
        close(parents->of[i].dir);
}

static bool publish_one(struct imp_bag *bag, struct parents *parents,
                        struct imp_staged *staged,
                        const struct imp_object *object, struct imp_err *err)
{
    const char *leaf, *name = object->name;
    struct imp_bag_temp temp = imp_bag_temp(staged->serial);
    bool ok = false, same = false;
    if (!imp_name_check(name, err))
        return imp_wrap(err, "publish");
    int dir = enter(bag, parents, name, &leaf, err);
    if (dir < 0)
        return false;
    if (imp_file_rename_new(bag->staging, temp.s, dir, leaf) == 0)
        ok = true;
    else if (errno != EEXIST)
        imp_fail_errno(err, "publish: rename");
    else if (!has_digest(bag, dir, leaf, &object->digest, &same, err))
        imp_wrap(err, "publish: compare");
    else if (!same)
        imp_fail(err, IMP_ERR_IO, "publish: the name is taken by other bytes");
    else {
        imp_bag_discard(&bag->target, staged);
        ok = true;
    }
    return ok;
}

void imp_bag_publish(struct imp_target *t, struct imp_publication *group,
                     size_t n)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    struct parents parents;
    parents.n = parents.oldest = 0;
    bag->unlisted = true;
    for (size_t i = 0; i < n; i++)
        publish_one(bag, &parents, group[i].staged, &group[i].object,
                    &group[i].err);
    leave(&parents);
}

// Remove the directories above `name` that are empty now.
static void prune(struct imp_bag *bag, const char *name)
{
    char path[IMP_NAME_MAX];
    snprintf(path, sizeof path, "%s", name);
    for (char *slash; (slash = strrchr(path, '/'));) {
        *slash = '\0';
        if (unlinkat(bag->data, path, AT_REMOVEDIR) != 0 && errno != ENOENT)
            return;
    }
}

bool imp_bag_retract(struct imp_target *t, const struct imp_object *object,
                     struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    const char *leaf, *name = object->name;
    bool ours = false;
    if (!imp_name_check(name, err))
        return imp_wrap(err, "retract");
    int dir = open_parent(bag, name, false, &leaf);
    if (dir < 0 && errno != ENOENT)
        return imp_fail_errno(err, "retract: open the directory");

    bool ok =
        dir < 0 || has_digest(bag, dir, leaf, &object->digest, &ours, err);
    if (ok && ours && unlinkat(dir, leaf, 0) != 0)
        ok = imp_fail_errno(err, "retract: unlink");
    if (ok && ours)
        ok = imp_file_sync(dir, err);
    if (dir >= 0)
        close(dir);
    if (ok)
        prune(bag, name);
    return ok;
}

// --- What a name holds ---

// Below whatever directory of the archive the path is by way of another mount:
// the end of it is the object's name, or the end of that, which is `name`.
bool imp_bag_owns(struct imp_target *t, const char *path, const char *name)
{
    const struct imp_bag *bag = (const struct imp_bag *)t;
    struct stat source, own;
    if (lstat(path, &source) != 0)
        return false; // it is gone, then
    for (const char *end = path + strlen(path); end > path; end--) {
        if (end[-1] != '/' || *end == '\0')
            continue;
        if (strlen(end) >= IMP_NAME_MAX)
            break;
        if (fstatat(bag->data, end, &own, AT_SYMLINK_NOFOLLOW) == 0 &&
            own.st_dev == source.st_dev && own.st_ino == source.st_ino)
            return true;
    }
    return fstatat(bag->data, name, &own, AT_SYMLINK_NOFOLLOW) == 0 &&
           own.st_dev == source.st_dev && own.st_ino == source.st_ino;
}

bool imp_bag_hash(struct imp_target *t, const struct imp_object *object,
                  struct imp_digest *digest, uint64_t *length,
                  struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    struct stat st;
    const char *leaf, *name = object->name;
    bool ok = false;
    if (!imp_name_check(name, err))
        return imp_wrap(err, "hash");
    int dir = open_parent(bag, name, false, &leaf);
    int fd = dir < 0 ? -1
                     : openat(dir, leaf,
                              O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        imp_fail_errno(err, "data/%s: open", name);
    else if (!S_ISREG(st.st_mode))
        imp_fail(err, IMP_ERR_IO, "data/%s is not a regular file", name);
    else
        ok = (imp_bag_hash_fd(bag, fd, digest, length, err) &&
              (bag->syncfs_tells || imp_file_sync(fd, err))) ||
             imp_wrap(err, "data/%s", name);
    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
    bag->n_touched = IMP_BAG_FEW + 1; // the directories above it, all of them
    return ok;
}
