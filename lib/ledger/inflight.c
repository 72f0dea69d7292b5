// The file is blocks of SLOT bytes: a header, then the slots. Numbers are
// little endian.
//
//   header: magic (8), run (8), slots (8)
//   slot:   check of what follows (8), length of the path (8; 0: empty),
//           size (8), inode (8), mtime_ns (8), path
#include "ledger/inflight.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "in-flight"
#define MAGIC UINT64_C(0x31746c6669706d69) // "impiflt1"
#define SLOT 8192
#define HEAD 40
#define MAX_PATH (SLOT - HEAD - 1)
#define MAX_SLOTS 65536

struct imp_inflight {
    int fd;
    uint8_t *map; // of the whole file; NULL before _start
    size_t n;
    bool ended;
};

// What lies behind the end of the file reads as zeros.
static bool read_at(const struct imp_inflight *f, void *bytes, size_t n,
                    uint64_t at, struct imp_err *err)
{
    size_t got;
    if (lseek(f->fd, (off_t)at, SEEK_SET) < 0 ||
        !imp_file_read(f->fd, bytes, n, &got, NULL))
        return imp_fail_errno(err, "read " FILE_NAME);
    memset((char *)bytes + got, 0, n - got);
    return true;
}

struct imp_inflight *imp_inflight_open(const char *state, struct imp_err *err)
{
    struct imp_inflight *f = calloc(1, sizeof *f);
    if (!f) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for " FILE_NAME);
        return NULL;
    }
    int dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        imp_fail_errno(err, "open the state directory");
    f->fd = dir < 0
                ? -1
                : imp_file_open_private(dir, FILE_NAME, O_RDWR | O_CREAT, err);
    if (dir >= 0)
        close(dir);
    if (f->fd >= 0)
        return f;
    imp_wrap(err, FILE_NAME);
    free(f);
    return NULL;
}

static bool empty(const struct imp_inflight *f, struct imp_err *err)
{
    while (ftruncate(f->fd, 0) != 0)
        if (errno != EINTR)
            return imp_fail_errno(err, "empty " FILE_NAME);
    return true;
}

void imp_inflight_free(struct imp_inflight *f)
{
    if (!f)
        return;
    if (f->map)
        imp_map_notes_close(f->map, f->n);
    // If it stays as long as it was, it still says that there is nothing in it.
    if (f->ended)
        empty(f, NULL);
    close(f->fd);
    free(f);
}

// --- What was left ---

static bool read_header(const struct imp_inflight *f, int64_t *run,
                        uint64_t *slots, struct imp_err *err)
{
    uint8_t h[24];
    if (!read_at(f, h, sizeof h, 0, err))
        return false;
    bool ours = imp_le64(h) == MAGIC;
    uint64_t n = imp_le64(h + 16);
    *run = ours ? (int64_t)imp_le64(h + 8) : 0;
    *slots = ours && n <= MAX_SLOTS ? n : 0;
    return true;
}

bool imp_inflight_left_by(struct imp_inflight *f, int64_t *run,
                          struct imp_err *err)
{
    uint64_t slots;
    return read_header(f, run, &slots, err);
}

// FNV-1a (draft-eastlake-fnv), of 64 bits: finds what is half written.
static uint64_t check_of(const uint8_t *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

// `b` is a slot and a NUL behind it. False: it is empty, or half written.
static bool parse(const uint8_t *b, struct imp_stamp *stamp)
{
    uint64_t len = imp_le64(b + 8);
    if (len == 0 || len > MAX_PATH ||
        imp_le64(b) != check_of(b + 8, HEAD - 8 + (size_t)len) ||
        strlen((const char *)b + HEAD) != len)
        return false;
    *stamp = (struct imp_stamp){.size = imp_le64(b + 16),
                                .inode = imp_le64(b + 24),
                                .mtime_ns = (int64_t)imp_le64(b + 32)};
    return true;
}

bool imp_inflight_each(struct imp_inflight *f, imp_inflight_fn fn, void *self,
                       struct imp_err *err)
{
    uint8_t b[SLOT + 1] = {0};
    struct imp_stamp stamp;
    int64_t run;
    uint64_t slots;
    if (!read_header(f, &run, &slots, err))
        return false;
    for (uint64_t i = 1; i <= slots; i++) {
        if (!read_at(f, b, SLOT, i * SLOT, err))
            return false;
        if (parse(b, &stamp) && !fn(self, (char *)b + HEAD, &stamp, err))
            return false;
    }
    return true;
}

// --- A run ---

static bool make_room(const struct imp_inflight *f, struct imp_err *err)
{
    do
        errno = posix_fallocate(f->fd, 0, (off_t)f->n);
    while (errno == EINTR);
    return errno == 0 || imp_fail_errno(err, "make room in " FILE_NAME);
}

bool imp_inflight_start(struct imp_inflight *f, int64_t run, unsigned slots,
                        struct imp_err *err)
{
    f->n = SLOT * ((size_t)slots + 1);
    if (!empty(f, err) || !make_room(f, err))
        return false;
    f->map = imp_map_notes(f->fd, f->n, err);
    if (!f->map)
        return imp_wrap(err, FILE_NAME);
    imp_put_le64(f->map + 8, (uint64_t)run);
    imp_put_le64(f->map + 16, slots);
    imp_put_le64(f->map, MAGIC);
    return true;
}

void imp_inflight_end(struct imp_inflight *f)
{
    imp_put_le64(f->map, 0);
    f->ended = true;
}

static uint8_t *slot_of(const struct imp_inflight *f, unsigned slot)
{
    return f->map + SLOT * ((size_t)slot + 1);
}

void imp_inflight_hold(struct imp_inflight *f, unsigned slot, const char *path,
                       const struct imp_stamp *stamp)
{
    uint8_t *b = slot_of(f, slot);
    size_t len = strlen(path);
    if (len > MAX_PATH)
        return;
    imp_put_le64(b + 8, len);
    imp_put_le64(b + 16, stamp->size);
    imp_put_le64(b + 24, stamp->inode);
    imp_put_le64(b + 32, (uint64_t)stamp->mtime_ns);
    memcpy(b + HEAD, path, len + 1);
    imp_put_le64(b, check_of(b + 8, HEAD - 8 + len));
}

void imp_inflight_release(struct imp_inflight *f, unsigned slot)
{
    // The check, too: else the next length might make the old one whole again.
    imp_put_le64(slot_of(f, slot), 0);
    imp_put_le64(slot_of(f, slot) + 8, 0);
}
