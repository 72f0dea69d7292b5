// Whole members, made by the workers: in memory, or in a file without a name.
#include "archive/tar.h"
#include "base/file.h"
#include "base/map.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A small image is held in memory. Large ones would add up: dozens may wait for
// one that comes before them in the order of the inputs.
#define HELD_MOST ((uint64_t)1 << 20)

static const uint8_t zeros[IMP_TAR_BLOCK];

// --- Where they go ---

bool imp_tar_put_in_buf(void *self, uint64_t at, const void *bytes, size_t n,
                        struct imp_err *err)
{
    struct imp_buf *buf = self;
    uint64_t end;
    if (!imp_add_u64(at, n, &end) || end > SIZE_MAX ||
        !imp_buf_reserve(buf, (size_t)end, err))
        return false;
    if (n > 0)
        memcpy(buf->p + at, bytes, n);
    if (buf->n < end)
        buf->n = (size_t)end;
    return true;
}

static bool put(void *self, uint64_t at, const void *bytes, size_t n,
                struct imp_err *err)
{
    struct imp_tar_held *held = self;
    if (held->length < at + n)
        held->length = at + n;
    return held->fd < 0 ? imp_tar_put_in_buf(&held->bytes, at, bytes, n, err)
                        : imp_file_pwrite(held->fd, bytes, n, at, err);
}

// A file that goes when it is closed, whatever happens; elsewhere, if the file
// system has no such thing (NFS).
static bool choose_place(const struct imp_tar *tar, uint64_t length,
                         struct imp_tar_held *held, struct imp_err *err)
{
    *held = (struct imp_tar_held){.fd = -1};
    if (length <= HELD_MOST)
        return true;
    held->fd = openat(tar->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (held->fd < 0)
        held->fd = imp_file_unnamed(err);
    return held->fd >= 0;
}

// --- Making them ---

static uint64_t length_of(const struct iovec *pieces, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += pieces[i].iov_len;
    return total;
}

// What a member takes that holds `length` bytes, head and padding included, in
// stored blocks.
static uint64_t stored_size(size_t head, uint64_t length)
{
    size_t run;
    return imp_gz_stored_at(head, length, &run) + IMP_GZ_TRAILER;
}

// Step by step: it may lie in a map, and be larger than memory.
static bool add_piece(struct imp_gz_writer *w, const struct iovec *piece,
                      struct imp_err *err)
{
    struct imp_span left = {piece->iov_base, piece->iov_len}, step = {0};
    while (imp_map_step(&left, &step))
        if (!imp_gz_add(w, step.p, step.n, err))
            return false;
    return true;
}

bool imp_tar_make_member(const struct imp_gz_put *to, const uint8_t *head,
                         size_t size, const struct iovec *pieces, size_t n,
                         bool deflate, enum imp_gz_kind kind,
                         struct imp_err *err)
{
    struct imp_gz_header h = {.kind = kind};
    struct imp_gz_writer *w = imp_gz_writer_new(to, size, deflate, err);
    bool ok = w;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_piece(w, &pieces[i], err);
    ok = ok &&
         imp_gz_add(w, zeros, imp_tar_padding(length_of(pieces, n)), err) &&
         imp_gz_end(w, head, &h, err);
    imp_gz_writer_free(w);
    return ok;
}

static bool make_object(struct imp_tar_held *out, const char *name,
                        const struct iovec *pieces, size_t n,
                        struct imp_err *err)
{
    char path[IMP_TAR_PATH_MAX];
    uint8_t head[IMP_TAR_HEAD_MAX];
    const struct imp_gz_put to = {out, put};
    uint64_t length = length_of(pieces, n);
    snprintf(path, sizeof path, IMP_TAR_DATA "%s", name);
    size_t size = imp_tar_head_size(path);
    uint64_t most = stored_size(size, length + imp_tar_padding(length));
    if (!imp_tar_head(head, path, length, err))
        return false;
    if (imp_gz_shrinks(pieces, n)) {
        if (!imp_tar_make_member(&to, head, size, pieces, n, true,
                                 IMP_GZ_OBJECT, err))
            return false;
        if (out->length < most)
            return true;
    }
    out->length = 0;
    return (out->fd >= 0 || imp_buf_reserve(&out->bytes, (size_t)most, err)) &&
           imp_tar_make_member(&to, head, size, pieces, n, false, IMP_GZ_OBJECT,
                               err);
}

static void free_held(struct imp_tar_held *held)
{
    if (held->fd >= 0)
        close(held->fd);
    imp_buf_clear(&held->bytes);
    free(held);
}

bool imp_tar_stage(struct imp_target *t, const struct imp_object *object,
                   const struct iovec *pieces, size_t n, struct imp_staged *out,
                   struct imp_err *err)
{
    struct imp_tar_held *held = malloc(sizeof *held);
    if (!held)
        return imp_fail_errno(err, "stage");
    if (!choose_place((struct imp_tar *)t, length_of(pieces, n), held, err) ||
        !imp_name_check(object->name, err) ||
        !make_object(held, object->name, pieces, n, err)) {
        free_held(held);
        return imp_wrap(err, "stage");
    }
    *out = (struct imp_staged){.held = held};
    return true;
}

void imp_tar_discard(struct imp_target *t, struct imp_staged *staged)
{
    (void)t;
    free_held(staged->held);
    staged->held = NULL;
}

// --- Into the archive ---

bool imp_tar_copy_held(const struct imp_tar_held *held, int fd, uint64_t at,
                       struct imp_err *err)
{
    uint8_t bytes[64 * 1024];
    if (held->fd < 0)
        return imp_file_pwrite(fd, held->bytes.p, (size_t)held->length, at,
                               err);
    for (uint64_t done = 0; done < held->length;) {
        uint64_t left = held->length - done;
        size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes, got;
        if (!imp_file_pread(held->fd, bytes, n, done, &got, err))
            return false;
        if (got < n)
            return imp_fail(err, IMP_ERR_IO, "what was staged is cut off");
        if (!imp_file_pwrite(fd, bytes, n, at + done, err))
            return false;
        done += n;
    }
    return true;
}
