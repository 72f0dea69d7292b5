// bag:DIR, a BagIt bag (RFC 8493): DIR/data/NAME for each object, listed in
// DIR/manifest-sha256.txt. Temporaries are DIR/.imgpipe-staging/SERIAL.
#include "archive/bag.h"
#include "archive/tags.h"
#include "base/file.h"
#include "base/map.h"
#include "base/place.h"
#include "sync/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PIECES_AT_ONCE 64
#define PART ((size_t)8 << 20) // of a long object

// --- Open and free ---

static bool lock(int root, struct imp_ctx *wait, struct imp_err *err)
{
    struct imp_err why = {0};
    if (imp_file_lock(root, wait ? imp_ctx_pause : NULL, wait, &why))
        return true;
    // The lock in the state directory is then the only one.
    if (why.code == IMP_ERR_UNSUPPORTED)
        return true;
    if (err)
        *err = why;
    return false;
}

// Before Linux 5.8 syncfs was silent about failed writes: see syncfs(2).
static bool kernel_syncfs_tells(void)
{
    struct utsname kernel;
    int major, minor;
    return uname(&kernel) == 0 &&
           sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
           (major > 5 || (major == 5 && minor >= 8));
}

// Remove what is staged: nobody will ask for it again.
static bool sweep(int staging, struct imp_err *err)
{
    DIR *dir = imp_bag_opendir(staging, ".");
    if (!dir)
        return imp_fail_errno(err, "list " IMP_BAG_STAGING);
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(dir));)
        if (!imp_bag_is_dot(e->d_name) && unlinkat(staging, e->d_name, 0) != 0)
            ok = imp_fail_errno(err, "sweep " IMP_BAG_STAGING);
    closedir(dir);
    return ok;
}

static bool is_empty(int dirfd, bool *empty, struct imp_err *err)
{
    DIR *dir = imp_bag_opendir(dirfd, ".");
    if (!dir)
        return imp_fail_errno(err, "list data");
    *empty = true;
    for (struct dirent *e; *empty && (e = readdir(dir));)
        *empty = imp_bag_is_dot(e->d_name);
    closedir(dir);
    return true;
}

static int open_dir(int dirfd, const char *name, struct imp_err *err)
{
    int fd =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        imp_fail_errno(err, "open %s", name);
    return fd;
}

// The order makes a half-made bag known as ours: staging, bagit.txt, data.
static bool furnish(struct imp_bag *bag, struct imp_err *err)
{
    bool declared = imp_bag_exists(bag->root, IMP_TAG_DECLARATION);
    bag->target.interrupted = imp_bag_exists(bag->root, IMP_BAG_STAGING);
    bag->unlisted = bag->target.interrupted;
    // That a killed run has made a directory does not mean that it is durable.
    if ((!declared || bag->target.interrupted) &&
        !imp_file_sync_system(bag->root, err))
        return false;
    if (!imp_dir_make(bag->root, IMP_BAG_STAGING, 0755, err))
        return imp_wrap(err, IMP_BAG_STAGING);
    bag->staging = open_dir(bag->root, IMP_BAG_STAGING, err);
    if (bag->staging < 0 || !sweep(bag->staging, err) ||
        !imp_bag_declare(bag, err))
        return false;
    if (!imp_dir_make(bag->root, "data", 0755, err))
        return imp_wrap(err, "data");
    bag->data = open_dir(bag->root, "data", err);
    return bag->data >= 0 && is_empty(bag->data, &bag->target.empty, err);
}

static void bag_free(struct imp_target *t)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    if (bag->staging >= 0) {
        sweep(bag->staging, NULL);
        close(bag->staging);
        if (!bag->unlisted)
            unlinkat(bag->root, IMP_BAG_STAGING, AT_REMOVEDIR);
    }
    if (bag->data >= 0)
        close(bag->data);
    if (bag->root >= 0)
        close(bag->root); // unlocks
    imp_sha256_free(bag->hasher);
    free(bag->where);
    free(bag);
}

// Beside a run: what is there, and nothing else.
static bool look_at(struct imp_bag *bag, struct imp_err *err)
{
    if (!imp_bag_check(bag->root, IMP_TARGET_READ, err))
        return false;
    bag->target.interrupted = imp_bag_exists(bag->root, IMP_BAG_STAGING);
    bag->data = open_dir(bag->root, "data", err);
    return bag->data >= 0 && is_empty(bag->data, &bag->target.empty, err);
}

static struct imp_target *bag_open(const char *where,
                                   const struct imp_archive_at *at,
                                   enum imp_target_mode mode,
                                   struct imp_ctx *wait, struct imp_err *err)
{
    (void)at;
    bool reading = mode == IMP_TARGET_READ;
    struct imp_bag *bag = calloc(1, sizeof *bag);
    if (!bag) {
        imp_fail_errno(err, "bag");
        return NULL;
    }
    bag->target.ops = &imp_target_bag;
    bag->root = bag->data = bag->staging = -1;
    bag->syncfs_tells = kernel_syncfs_tells();
    bag->hasher = imp_sha256_new(err);
    bag->where = strdup(where);
    if (!bag->where)
        imp_fail_errno(err, "bag");
    if (!bag->where || !bag->hasher ||
        !(reading || imp_dir_make(AT_FDCWD, where, 0755, err)))
        goto fail;
    bag->root = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (bag->root < 0) {
        imp_fail_errno(err, "open");
        goto fail;
    }
    if (reading ? look_at(bag, err)
                : lock(bag->root, wait, err) &&
                      imp_file_is_at(bag->root, where, err) &&
                      imp_bag_check(bag->root, IMP_TARGET_WRITE, err) &&
                      furnish(bag, err))
        return &bag->target;
fail:
    bag_free(&bag->target);
    return NULL;
}

// --- Staging: any worker ---

// Step by step: it may lie in a map, and be larger than memory.
static bool write_steps(int fd, struct imp_span left, struct imp_err *err)
{
    struct imp_span step = {0};
    while (imp_map_step(&left, &step))
        if (!imp_file_write(fd, step.p, step.n, err))
            return false;
    return true;
}

static bool copy(int fd, const struct imp_map_place *from, size_t n,
                 struct imp_err *err)
{
    uint64_t copied;
    if (lseek(from->fd, (off_t)from->at, SEEK_SET) < 0)
        return imp_fail_errno(err, "seek");
    return imp_file_copy(from->fd, fd, n, &copied, err) &&
           (copied == n || imp_fail(err, IMP_ERR_UNSETTLED,
                                    "a file that is mapped was cut short"));
}

// Inside of the kernel what lies in a file. The disk begins while there is more
// to write, so that there is less to wait for when it is settled, which is also
// when a failure is told.
static bool write_long(int fd, struct imp_span left, struct imp_err *err)
{
    size_t waiting = 0; // for the disk
    while (left.n > 0) {
        const struct imp_map_place from = imp_map_place_of(left);
        struct imp_span part = {left.p, from.n < PART ? from.n : PART};
        if (!(from.fd >= 0 ? copy(fd, &from, part.n, err)
                           : write_steps(fd, part, err)))
            return false;
        waiting += part.n;
        if (waiting >= PART) {
            sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
            waiting = 0;
        }
        left.p += part.n;
        left.n -= part.n;
    }
    return true;
}

static bool write_pieces(int fd, const struct iovec *pieces, size_t n,
                         struct imp_err *err)
{
    struct iovec some[PIECES_AT_ONCE];
    for (size_t at = 0; at < n;) {
        size_t take = 0;
        while (take < PIECES_AT_ONCE && at + take < n &&
               pieces[at + take].iov_len <= IMP_MAP_STEP)
            some[take] = pieces[at + take], take++;
        struct imp_span next = {pieces[at].iov_base, pieces[at].iov_len};
        if (!(take ? imp_file_writev(fd, some, take, err)
                   : write_long(fd, next, err)))
            return false;
        at += take ? take : 1;
    }
    return true;
}

static bool bag_stage(struct imp_target *t, const struct imp_object *object,
                      const struct iovec *pieces, size_t n,
                      struct imp_staged *out, struct imp_err *err)
{
    (void)object;
    struct imp_bag *bag = (struct imp_bag *)t;
    struct imp_staged staged = {
        .serial = atomic_fetch_add(&bag->next_serial, 1),
    };
    struct imp_bag_temp temp = imp_bag_temp(staged.serial);
    int fd = openat(bag->staging, temp.s,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return imp_fail_errno(err, "stage: create");
    bool ok = write_pieces(fd, pieces, n, err) || imp_wrap(err, "stage");
    // NFS and quotas may tell of a failed write only here.
    if (close(fd) != 0 && ok)
        ok = imp_fail_errno(err, "stage: close");
    if (ok)
        *out = staged;
    else
        unlinkat(bag->staging, temp.s, 0);
    return ok;
}

void imp_bag_discard(struct imp_target *t, struct imp_staged *staged)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    unlinkat(bag->staging, imp_bag_temp(staged->serial).s, 0);
}

// --- Durability: the recorder ---

// One syncfs does for a group what takes fsync twenty times as long, file by
// file (256 files of 50 kB on ext4: 20 ms against 500 ms). But it also writes
// what others have left unwritten on that file system, so that a single image
// might wait for gigabytes of theirs: a few files are synced by themselves.
static bool bag_settle(struct imp_target *t,
                       const struct imp_staged *const *group, size_t n,
                       struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    bool many = n > IMP_BAG_FEW;
    if (many && syncfs(bag->root) != 0)
        return imp_fail_errno(err, "settle: syncfs");
    if (many && bag->syncfs_tells)
        return true;
    for (size_t i = 0; i < n; i++)
        if (!imp_bag_sync_below(bag->staging, imp_bag_temp(group[i]->serial).s,
                                err))
            return imp_wrap(err, "settle");
    return true;
}

const struct imp_target_ops imp_target_bag = {
    .scheme = "bag",
    .stages_files = true,
    .sign = IMP_BAG_STAGING,
    .open = bag_open,
    .identity = imp_target_path,
    .stage = bag_stage,
    .settle = bag_settle,
    .publish = imp_bag_publish,
    .settle_names = imp_bag_settle_names,
    .discard = imp_bag_discard,
    .retract = imp_bag_retract,
    .owns = imp_bag_owns,
    .listing = imp_bag_listing,
    .each = imp_bag_each,
    .walk = imp_bag_walk,
    .hash = imp_bag_hash,
    .read = imp_bag_read,
    .stream = imp_bag_stream,
    .file = imp_bag_file,
    .tag = imp_bag_tag,
    .beside = imp_bag_beside,
    .finish = imp_bag_finish,
    .free = bag_free,
};
