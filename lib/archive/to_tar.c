// tar.gz:FILE, a BagIt bag in a tar archive in gzip members: see tar.h.
#include "archive/tar.h"
#include "base/file.h"
#include "sync/context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// --- START ---

static bool keep_text(void *self, const void *text, size_t n,
                      struct imp_err *err)
{
    return imp_buf_add(self, text, n, err);
}

static bool start_text(void *self, const char *name, struct imp_err *err)
{
    (void)self, (void)name, (void)err;
    return true;
}

static bool end_text(void *self, const struct imp_digest *digest,
                     struct imp_err *err)
{
    (void)self, (void)digest, (void)err;
    return true;
}

// A bag has a payload directory even if it holds nothing (RFC 8493 2.1.2).
bool imp_tar_start(struct imp_buf *out, struct imp_err *err)
{
    uint8_t head[2 * IMP_TAR_HEAD_MAX];
    struct imp_buf text = {0};
    const struct imp_tag_sink sink = {&text, start_text, keep_text, end_text,
                                      NULL};
    struct imp_sha256 *hasher = imp_sha256_new(err);
    bool ok = hasher && imp_tags_declare(&sink, hasher, err) &&
              imp_tar_head(head, IMP_TAR_DATA, 0, err) &&
              imp_tar_head(head + IMP_TAR_BLOCK,
                           IMP_TAR_TOP IMP_TAG_DECLARATION, text.n, err);
    const struct iovec piece = {text.p, text.n};
    const struct imp_gz_put put = {out, imp_tar_put_in_buf};
    out->n = 0;
    ok = ok && imp_tar_make_member(&put, head, (size_t)2 * IMP_TAR_BLOCK,
                                   &piece, 1, false, IMP_GZ_START, err);
    imp_sha256_free(hasher);
    imp_buf_clear(&text);
    return ok;
}

// --- Open and free ---

static void tar_free(struct imp_target *t)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    if (tar->dir >= 0)
        close(tar->dir);
    if (tar->fd >= 0)
        close(tar->fd); // unlocks
    imp_buf_clear(&tar->recent);
    imp_sha256_free(tar->hasher);
    free(tar->where);
    free(tar);
}

bool imp_tar_size(const struct imp_tar *tar, uint64_t *size,
                  struct imp_err *err)
{
    struct stat st;
    if (fstat(tar->fd, &st) != 0)
        return imp_fail_errno(err, "look at the file");
    *size = (uint64_t)st.st_size;
    return true;
}

static bool open_file(struct imp_tar *tar, const char *where,
                      struct imp_err *err)
{
    struct stat st;
    int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC; // a pipe is refused at once
    if (tar->reading)
        tar->fd = open(where, O_RDONLY | flags);
    else if (imp_dir_make_above(AT_FDCWD, where, 0755, err) &&
             imp_dir_open_above(AT_FDCWD, where, &tar->dir, err))
        tar->fd = open(where, O_RDWR | O_CREAT | flags, 0644);
    else
        return false;
    if (tar->fd < 0 && errno == ENOENT)
        return imp_fail(err, IMP_ERR_CONFIG, "there is no such file");
    if (tar->fd < 0 || fstat(tar->fd, &st) != 0)
        return imp_fail_errno(err, "open");
    return S_ISREG(st.st_mode) ||
           imp_fail(err, IMP_ERR_CONFIG, "it is no regular file");
}

static bool lock(struct imp_tar *tar, struct imp_ctx *wait, struct imp_err *err)
{
    struct imp_err why = {0};
    if (imp_file_lock(tar->fd, wait ? imp_ctx_pause : NULL, wait, &why))
        return true;
    // The lock in the state directory is then the only one.
    if (why.code == IMP_ERR_UNSUPPORTED)
        return true;
    return imp_tar_pass(err, &why);
}

// How many bytes of START the file begins with, if it has nothing else there. A
// power cut may have left zeros of what was written and never synced.
static bool check_start(struct imp_tar *tar, const struct imp_buf *start,
                        size_t *have, struct imp_err *err)
{
    uint8_t found[IMP_GZ_HEADER + 4 * IMP_TAR_BLOCK];
    size_t n, nothing;
    uint64_t size = 0;
    if (start->n > sizeof found)
        imp_bug("START of %zu bytes", start->n);
    if (!imp_file_pread(tar->fd, found, start->n, 0, &n, err) ||
        !imp_tar_size(tar, &size, err))
        return false;
    for (*have = 0; *have < n && found[*have] == start->p[*have];)
        ++*have;
    for (nothing = *have; nothing < n && found[nothing] == 0;)
        nothing++;
    return *have == n || (nothing == n && size == n) ||
           imp_fail(err, IMP_ERR_CONFIG, "the file is no archive of imgpipe's");
}

// Write START, unless it is there: a run that made the file may have been
// killed before it had.
static bool begin(struct imp_tar *tar, struct imp_err *err)
{
    struct imp_buf start = {0};
    size_t have;
    bool ok =
        imp_tar_start(&start, err) && check_start(tar, &start, &have, err);
    if (ok && have < start.n && tar->reading)
        ok = imp_fail(err, IMP_ERR_CONFIG, "the file is no archive yet");
    if (ok && have < start.n)
        ok = imp_file_pwrite(tar->fd, start.p, start.n, 0, err) &&
             imp_file_sync(tar->fd, err) && imp_file_sync(tar->dir, err);
    if (ok)
        tar->first = start.n;
    tar->target.interrupted = ok && have > 0;
    imp_buf_clear(&start);
    return ok;
}

static bool look_around(struct imp_tar *tar, struct imp_err *err)
{
    struct imp_tar_tail tail;
    struct imp_tar_member m;
    struct imp_err why = {0};
    uint64_t size = 0;
    bool found;
    if (!imp_tar_size(tar, &size, err) ||
        !imp_tar_find_tail(tar, &tail, &found, err))
        return false;
    tar->target.interrupted &= !found;
    // That a killed run has made the file does not mean that its name, and
    // those of the directories above it, are durable.
    if (!found && !tar->reading && !imp_file_sync_system(tar->fd, err))
        return false;
    tar->target.empty = !imp_tar_look(tar, tar->first, size, &m, &why) ||
                        m.gz.kind != IMP_GZ_OBJECT;
    if (why.code == IMP_OK || why.code == IMP_ERR_DAMAGED)
        return true;
    return imp_tar_pass(err, &why);
}

static struct imp_target *tar_open(const char *where,
                                   const struct imp_archive_at *at,
                                   enum imp_target_mode mode,
                                   struct imp_ctx *wait, struct imp_err *err)
{
    (void)at;
    struct imp_err why = {0};
    struct imp_tar *tar = calloc(1, sizeof *tar);
    if (!tar) {
        imp_fail_errno(err, "archive");
        return NULL;
    }
    tar->target.ops = &imp_target_tar;
    tar->fd = tar->dir = -1;
    tar->reading = mode == IMP_TARGET_READ;
    tar->hasher = imp_sha256_new(&why);
    tar->where = strdup(where);
    if (!tar->where)
        imp_fail_errno(&why, "archive");
    if (tar->where && tar->hasher && open_file(tar, where, &why) &&
        (tar->reading ||
         (lock(tar, wait, &why) && imp_file_is_at(tar->fd, where, &why))) &&
        begin(tar, &why) && look_around(tar, &why))
        return &tar->target;
    imp_tar_pass(err, &why);
    tar_free(&tar->target);
    return NULL;
}

const struct imp_target_ops imp_target_tar = {
    .scheme = "tar.gz",
    .ordered = true,
    .open = tar_open,
    .identity = imp_target_path,
    .resume = imp_tar_resume,
    .stage = imp_tar_stage,
    .settle = imp_tar_settle,
    .publish = imp_tar_publish,
    .settle_names = imp_tar_settle_names,
    .discard = imp_tar_discard,
    .retract = imp_tar_retract,
    .recover = imp_tar_recover,
    .listing = imp_tar_listing,
    .each = imp_tar_each,
    .walk = imp_tar_walk,
    .hash = imp_tar_hash,
    .read = imp_tar_read,
    .stream = imp_tar_stream,
    .tag = imp_tar_tag,
    .check_end = imp_tar_check_end,
    .finish = imp_tar_finish,
    .free = tar_free,
};
