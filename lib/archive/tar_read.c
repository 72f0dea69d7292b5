// What the file holds, member by member.
#include "archive/tar.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- The start of a member ---

static bool damaged(uint64_t place, const char *what, struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_DAMAGED,
                    "the gzip member at %" PRIu64 " of the archive %s", place,
                    what);
}

// The first block after the header is stored and holds the head: `*n` bytes.
static bool head_block(struct imp_span in, size_t *n)
{
    const uint8_t *p = in.p + IMP_GZ_HEADER;
    if (in.n < IMP_GZ_HEADER + IMP_GZ_BLOCK || p[0] != 0)
        return false;
    *n = imp_le16(p + 1);
    return (*n ^ imp_le16(p + 3)) == 0xFFFF;
}

bool imp_tar_look(const struct imp_tar *tar, uint64_t place, uint64_t end,
                  struct imp_tar_member *out, struct imp_err *err)
{
    uint8_t start[IMP_GZ_HEADER + IMP_GZ_BLOCK + IMP_TAR_HEAD_MAX];
    struct imp_span head;
    size_t got, n;
    uint64_t left = place < end ? end - place : 0;
    out->place = place;
    if (!imp_file_pread(tar->fd, start,
                        left < sizeof start ? (size_t)left : sizeof start,
                        place, &got, err))
        return imp_wrap(err, "the gzip member at %" PRIu64, place);
    if (got < IMP_GZ_HEADER || !imp_gz_parse_header(start, &out->gz))
        return damaged(place, "is not there", err);
    if (out->gz.length > left)
        return damaged(place, "is cut off", err);
    if (out->gz.kind != IMP_GZ_OBJECT && out->gz.kind != IMP_GZ_TAG)
        return true;
    const struct imp_span in = {start, got};
    if (!head_block(in, &n) ||
        !imp_span_sub(in, IMP_GZ_HEADER + IMP_GZ_BLOCK, n, &head))
        return damaged(place, "does not begin with a tar header", err);
    if (!imp_tar_parse(head, &out->entry, err))
        return imp_wrap(err, "the gzip member at %" PRIu64, place);
    // Deflate packs 258 bytes into two bits at best.
    if (out->entry.head != n || out->entry.length / 1032 > out->gz.length)
        return damaged(place, "has a tar header that cannot be", err);
    return true;
}

bool imp_tar_name(const struct imp_tar_member *m, const char **name,
                  struct imp_err *err)
{
    size_t n = strlen(IMP_TAR_DATA);
    if (m->gz.kind != IMP_GZ_OBJECT)
        return damaged(m->place, "is no object", err);
    *name = m->entry.path + n;
    if (strncmp(m->entry.path, IMP_TAR_DATA, n) != 0 ||
        !imp_name_check(*name, NULL))
        return damaged(m->place, "has no name of ours", err);
    return true;
}

static bool is_cut_off(const struct imp_tar *tar, uint64_t at, uint64_t end,
                       bool *cut, struct imp_err *err)
{
    struct imp_gz_reader *r = imp_gz_reader_new(tar->fd, err);
    bool ok = r && imp_gz_is_cut_off(r, at, end, cut, err);
    imp_gz_reader_free(r);
    return ok;
}

static bool search(const struct imp_tar *tar, uint64_t at, uint64_t end,
                   uint64_t *found, struct imp_err *err)
{
    uint8_t bytes[64 * 1024];
    struct imp_gz_header h;
    while (at < end && end - at > IMP_GZ_HEADER) {
        uint64_t left = end - at;
        size_t want = left < sizeof bytes ? (size_t)left : sizeof bytes, got;
        if (!imp_file_pread(tar->fd, bytes, want, at, &got, err))
            return imp_wrap(err, "the gzip member behind %" PRIu64, at);
        if (got < IMP_GZ_HEADER)
            break;
        for (const uint8_t *p = bytes, *stop = bytes + got - IMP_GZ_HEADER;
             p <= stop &&
             (p = memmem(p, (size_t)(bytes + got - p), imp_gz_magic,
                         IMP_GZ_MAGIC_BYTES)) &&
             p <= stop;
             p++) {
            uint64_t place = at + (size_t)(p - bytes);
            if (imp_gz_parse_header(p, &h) && h.kind == IMP_GZ_OBJECT &&
                h.length <= end - place) {
                *found = place;
                return true;
            }
        }
        at += got - IMP_GZ_HEADER + 1;
    }
    *found = end;
    return true;
}

bool imp_tar_search(const struct imp_tar *tar, uint64_t at, uint64_t end,
                    uint64_t *found, struct imp_err *err)
{
    bool cut;
    *found = end;
    return is_cut_off(tar, at, end, &cut, err) &&
           (cut || search(tar, at + 1, end, found, err));
}

// --- All of it ---

bool imp_tar_open_member(struct imp_gz_reader *r, struct imp_tar_member *m,
                         struct imp_err *err)
{
    uint8_t head[IMP_TAR_HEAD_MAX];
    struct imp_tar_entry again;
    size_t got;
    if (!imp_gz_start(r, m->place, m->place + m->gz.length, &m->gz, err) ||
        !imp_gz_read(r, head, m->entry.head, &got, err))
        return false;
    if (!imp_tar_parse((struct imp_span){head, got}, &again, err) ||
        again.head != m->entry.head || again.length != m->entry.length ||
        strcmp(again.path, m->entry.path) != 0)
        return damaged(m->place, "has changed while it was read", err);
    return true;
}

bool imp_tar_end_member(struct imp_gz_reader *r, const struct imp_tar_member *m,
                        struct imp_err *err)
{
    uint8_t padding[IMP_TAR_BLOCK];
    size_t n = imp_tar_padding(m->entry.length), got;
    if (!imp_gz_read(r, padding, n + 1, &got, err))
        return false;
    if (got != n || !imp_span_is_zero((struct imp_span){padding, n}))
        return damaged(m->place, "has something behind its data", err);
    return true;
}

static bool pour(struct imp_gz_reader *r, struct imp_tar_member *m,
                 const struct imp_sink *sink, struct imp_err *err)
{
    uint8_t bytes[32 * 1024];
    if (!imp_tar_open_member(r, m, err) || !sink->start(sink->self, err))
        return false;
    for (uint64_t left = m->entry.length; left > 0;) {
        size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes, got;
        if (!imp_gz_read(r, bytes, n, &got, err))
            return false;
        if (got < n)
            return damaged(m->place, "ends early", err);
        if (!sink->add(sink->self, bytes, n, err))
            return false;
        left -= n;
    }
    return imp_tar_end_member(r, m, err);
}

bool imp_tar_pour(const struct imp_tar *tar, struct imp_tar_member *m,
                  const struct imp_sink *sink, struct imp_err *err)
{
    struct imp_gz_reader *r = imp_gz_reader_new(tar->fd, err);
    bool ok = r && pour(r, m, sink, err);
    imp_gz_reader_free(r);
    return ok;
}

bool imp_tar_hash_member(const struct imp_tar *tar, struct imp_tar_member *m,
                         struct imp_sha256 *hasher, struct imp_digest *out,
                         struct imp_err *err)
{
    struct imp_intake intake = {.hasher = hasher};
    const struct imp_sink sink = imp_sink_intake(&intake);
    bool ok = imp_tar_pour(tar, m, &sink, err);
    if (ok)
        *out = imp_sha256_end(hasher);
    return ok;
}

// --- Every object ---

// Is what stands at `at` only the torn end of a run, killed or still going on?
static bool is_torn_end(const struct imp_tar *tar, uint64_t at, uint64_t end,
                        bool *torn, struct imp_err *err)
{
    uint64_t next;
    if (!imp_tar_search(tar, at, end, &next, err))
        return false;
    *torn = next == end;
    return true;
}

// One step of a walk; `*done` at the end. Only where no tail says where the
// objects end, something `torn` may.
static bool walk_step(const struct imp_tar *tar, uint64_t *at, uint64_t end,
                      bool torn, imp_file_fn fn, void *fn_self, bool *done,
                      struct imp_err *err)
{
    struct imp_tar_member m;
    struct imp_err why = {0};
    const char *name;
    if (!imp_tar_look(tar, *at, end, &m, &why)) {
        if (torn && why.code == IMP_ERR_DAMAGED &&
            !is_torn_end(tar, *at, end, done, err))
            return false;
        return *done || imp_tar_pass(err, &why);
    }
    *done = torn && m.gz.kind == IMP_GZ_TAG;
    if (*done)
        return true;
    *at += m.gz.length;
    if (!imp_tar_name(&m, &name, err))
        return false;
    const struct imp_object file = {.name = name,
                                    .length = m.entry.length,
                                    .place = m.place,
                                    .stored = m.gz.length};
    return fn(fn_self, &file, true, err);
}

static bool walk(const struct imp_tar *tar, uint64_t end, bool torn,
                 imp_file_fn fn, void *fn_self, struct imp_err *err)
{
    bool ok = true, done = false;
    for (uint64_t at = tar->first; ok && !done && at < end;)
        ok = walk_step(tar, &at, end, torn, fn, fn_self, &done, err);
    return ok;
}

// As the file is now, for whoever does not have the lock.
static bool walk_now(const struct imp_tar *tar, imp_file_fn fn, void *fn_self,
                     struct imp_err *err)
{
    struct imp_tar_tail tail;
    uint64_t size;
    bool found;
    return imp_tar_size(tar, &size, err) &&
           imp_tar_find_tail(tar, &tail, &found, err) &&
           walk(tar, found ? tail.at : size, !found, fn, fn_self, err);
}

bool imp_tar_walk(struct imp_target *t, imp_file_fn fn, void *fn_self,
                  struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    if (tar->reading)
        return walk_now(tar, fn, fn_self, err);
    return imp_tar_ready(tar, NULL, err) &&
           walk(tar, tar->end, false, fn, fn_self, err);
}

// --- Its end ---

// From member to member, up to the one that ends the archive, or to where none
// begins that is whole; `*at` is behind the last.
static bool pass_members(const struct imp_tar *tar, uint64_t size, uint64_t *at,
                         bool *ended, struct imp_err *err)
{
    struct imp_tar_member m;
    struct imp_err why = {0};
    *ended = false;
    for (*at = tar->first; !*ended && *at < size; *at += m.gz.length) {
        if (!imp_tar_look(tar, *at, size, &m, &why))
            return why.code == IMP_ERR_DAMAGED || imp_tar_pass(err, &why);
        *ended = m.gz.kind == IMP_GZ_END;
    }
    return true;
}

bool imp_tar_check_end(struct imp_target *t, char what[IMP_TARGET_END_MAX],
                       struct imp_err *err)
{
    const struct imp_tar *tar = (const struct imp_tar *)t;
    const size_t most = IMP_TARGET_END_MAX;
    struct imp_tar_tail tail;
    uint64_t size, at;
    bool whole, ended;
    what[0] = '\0';
    if (!imp_tar_size(tar, &size, err) ||
        !imp_tar_find_tail(tar, &tail, &whole, err))
        return false;
    if (whole)
        return true;
    if (!pass_members(tar, size, &at, &ended, err))
        return false;
    if (at == size)
        snprintf(what, most,
                 ended ? "the archive has an end that is damaged, before "
                         "offset %" PRIu64
                       : "the archive has no end: it is cut off at offset "
                         "%" PRIu64,
                 at);
    else if (ended)
        snprintf(what, most,
                 "the archive has something behind its end: %" PRIu64
                 " bytes at offset %" PRIu64,
                 size - at, at);
    else
        snprintf(what, most,
                 "the archive has no end: of its %" PRIu64
                 " bytes, those from offset %" PRIu64
                 " on are no whole part of one",
                 size, at);
    return true;
}

// --- One object ---

struct wanted {
    const char *name;
    struct imp_object *out;
    bool found;
};

static bool is_wanted(void *self, const struct imp_object *file, bool regular,
                      struct imp_err *err)
{
    struct wanted *w = self;
    (void)regular, (void)err;
    w->found = strcmp(file->name, w->name) == 0;
    if (w->found) {
        w->out->place = file->place;
        w->out->stored = file->stored;
    }
    return !w->found;
}

// Fill in the place of an object by its name. Any thread: by the file alone.
static bool find(const struct imp_tar *tar, struct imp_object *object,
                 struct imp_err *err)
{
    struct imp_tar_tail tail;
    struct wanted w = {.name = object->name, .out = object};
    bool has_tail;
    if (!imp_tar_find_tail(tar, &tail, &has_tail, err))
        return false;
    if (has_tail ? !imp_tar_find(tar, &tail, w.name, object, &w.found, err)
                 : !walk_now(tar, is_wanted, &w, err) && !w.found)
        return false;
    return w.found || imp_fail(err, IMP_ERR_IO, "it is not in the archive");
}

static bool find_member(const struct imp_tar *tar, const struct imp_object *o,
                        struct imp_tar_member *m, struct imp_err *err)
{
    struct imp_object object = *o;
    uint64_t size;
    const char *name;
    if (!imp_name_check(o->name, err) ||
        (!o->stored && !find(tar, &object, err)) ||
        !imp_tar_size(tar, &size, err) ||
        !imp_tar_look(tar, object.place, size, m, err) ||
        !imp_tar_name(m, &name, err))
        return false;
    if (m->gz.length != object.stored || strcmp(name, o->name) != 0)
        return damaged(object.place, "is another object", err);
    return true;
}

bool imp_tar_hash(struct imp_target *t, const struct imp_object *object,
                  struct imp_digest *digest, uint64_t *length,
                  struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    struct imp_tar_member m;
    tar->unsynced = true;
    if (!find_member(tar, object, &m, err) ||
        !imp_tar_hash_member(tar, &m, tar->hasher, digest, err))
        return imp_wrap(err, "data/%s", object->name);
    *length = m.entry.length;
    return true;
}

static bool read_data(struct imp_gz_reader *r, struct imp_tar_member *m,
                      struct imp_buf *out, struct imp_err *err)
{
    size_t n = (size_t)m->entry.length;
    if (!imp_tar_open_member(r, m, err) || !imp_buf_reserve(out, n + 1, err) ||
        !imp_gz_read(r, out->p, n, &out->n, err))
        return false;
    if (out->n < n)
        return damaged(m->place, "ends early", err);
    return imp_tar_end_member(r, m, err);
}

bool imp_tar_read(struct imp_target *t, const struct imp_object *object,
                  uint64_t most, struct imp_buf *out, struct imp_err *err)
{
    const struct imp_tar *tar = (const struct imp_tar *)t;
    struct imp_tar_member m;
    out->n = 0;
    if (!find_member(tar, object, &m, err))
        return imp_wrap(err, "data/%s", object->name);
    if (m.entry.length > most)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "data/%s: %" PRIu64 " bytes, limit is %" PRIu64,
                        object->name, m.entry.length, most);
    struct imp_gz_reader *r = imp_gz_reader_new(tar->fd, err);
    bool ok = r && read_data(r, &m, out, err);
    imp_gz_reader_free(r);
    if (!ok)
        out->n = 0;
    return ok || imp_wrap(err, "data/%s", object->name);
}

bool imp_tar_stream(struct imp_target *t, const struct imp_object *object,
                    const struct imp_sink *sink, struct imp_err *err)
{
    const struct imp_tar *tar = (const struct imp_tar *)t;
    struct imp_tar_member m;
    return (find_member(tar, object, &m, err) &&
            imp_tar_pour(tar, &m, sink, err)) ||
           imp_wrap(err, "data/%s", object->name);
}
