// Reading gzip members. zlib reads the whole of each, header and trailer
// included, so that nothing of it rests on what gz_member.c thinks.
#include "archive/gz_member.h"
#include "base/file.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct imp_gz_reader {
    int fd; // borrowed
    z_stream z;
    uint64_t place;    // of the member
    uint64_t at, left; // in the file: of what z has not been given yet
    bool ended;
    uint8_t in[32 * 1024];
};

struct imp_gz_reader *imp_gz_reader_new(int fd, struct imp_err *err)
{
    struct imp_gz_reader *r = malloc(sizeof *r);
    if (!r) {
        imp_fail_errno(err, "gzip");
        return NULL;
    }
    r->fd = fd;
    r->z = (z_stream){0};
    r->ended = true;
    if (inflateInit2(&r->z, 16 + MAX_WBITS) == Z_OK)
        return r;
    free(r);
    imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate");
    return NULL;
}

void imp_gz_reader_free(struct imp_gz_reader *r)
{
    if (r)
        inflateEnd(&r->z);
    free(r);
}

static bool damaged(const struct imp_gz_reader *r, const char *what,
                    struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_DAMAGED,
                    "the gzip member at %" PRIu64 " of the archive %s",
                    r->place, what);
}

// `h` is what the header says, if there is one.
static bool start(struct imp_gz_reader *r, uint64_t place, uint64_t end,
                  struct imp_gz_header *h, struct imp_err *err)
{
    uint8_t start[IMP_GZ_HEADER];
    size_t got = 0;
    r->place = place;
    r->ended = true;
    if (place <= end && end - place >= sizeof start &&
        !imp_file_pread(r->fd, start, sizeof start, place, &got, err))
        return imp_wrap(err, "the gzip member at %" PRIu64, place);
    if (got < sizeof start || !imp_gz_parse_header(start, h))
        return damaged(r, "is not there", err);
    r->at = place;
    r->left = h->length < end - place ? h->length : end - place;
    r->ended = false;
    r->z.avail_in = 0;
    return inflateReset(&r->z) == Z_OK || damaged(r, "cannot be inflated", err);
}

bool imp_gz_start(struct imp_gz_reader *r, uint64_t place, uint64_t end,
                  struct imp_gz_header *h, struct imp_err *err)
{
    if (!start(r, place, end, h, err))
        return false;
    r->ended = h->length > end - place;
    return !r->ended || damaged(r, "is cut off", err);
}

static bool feed(struct imp_gz_reader *r, struct imp_err *err)
{
    size_t n = r->left < sizeof r->in ? (size_t)r->left : sizeof r->in, got;
    if (n == 0)
        return damaged(r, "is longer than it says", err);
    if (!imp_file_pread(r->fd, r->in, n, r->at, &got, err))
        return imp_wrap(err, "the gzip member at %" PRIu64, r->place);
    if (got < n)
        return damaged(r, "is cut off", err);
    r->z.next_in = r->in;
    r->z.avail_in = (uInt)n;
    r->at += n;
    r->left -= n;
    return true;
}

// One step of zlib, which has input and room.
static bool step(struct imp_gz_reader *r, struct imp_err *err)
{
    switch (inflate(&r->z, Z_NO_FLUSH)) {
    case Z_OK:
    case Z_BUF_ERROR: // no progress: it wants more of one of both
        return true;
    case Z_STREAM_END:
        r->ended = true;
        return (r->left == 0 && r->z.avail_in == 0) ||
               damaged(r, "is shorter than it says", err);
    case Z_MEM_ERROR:
        return imp_fail(err, IMP_ERR_MEMORY, "no memory to inflate");
    default:
        return damaged(r, r->z.msg ? r->z.msg : "is damaged", err);
    }
}

bool imp_gz_read(struct imp_gz_reader *r, void *bytes, size_t n, size_t *got,
                 struct imp_err *err)
{
    *got = 0;
    while (*got < n && !r->ended) {
        uInt room = n - *got < UINT_MAX ? (uInt)(n - *got) : UINT_MAX;
        if (r->z.avail_in == 0 && !feed(r, err))
            return false;
        r->z.next_out = (uint8_t *)bytes + *got;
        r->z.avail_out = room;
        if (!step(r, err))
            return false;
        *got += room - r->z.avail_out;
    }
    return true;
}

bool imp_gz_is_cut_off(struct imp_gz_reader *r, uint64_t place, uint64_t end,
                       bool *cut, struct imp_err *err)
{
    uint8_t bytes[32 * 1024];
    struct imp_gz_header h;
    struct imp_err why = {0};
    size_t got;
    *cut = false;
    bool ok = start(r, place, end, &h, &why);
    if (ok && h.length <= end - place)
        return true;
    while (ok && !r->ended && !*cut) {
        ok = imp_gz_read(r, bytes, sizeof bytes, &got, &why);
        *cut = r->left == 0 && r->z.avail_in == 0 && !r->ended;
    }
    if (*cut || ok || why.code == IMP_ERR_DAMAGED)
        return true;
    if (err)
        *err = why;
    return false;
}
