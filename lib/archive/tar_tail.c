// The tail, found and read.
#include "archive/tar.h"
#include "base/file.h"

#include <string.h>

#define TAGS_MOST 16 /* members in a tail, END not counted */

// --- END ---

// Two blocks of zeros end a tar archive (POSIX.1-2017, pax).
bool imp_tar_make_end(struct imp_buf *out, uint64_t tail, struct imp_err *err)
{
    static const uint8_t zeros[2 * IMP_TAR_BLOCK];
    struct imp_gz_header h = {.kind = IMP_GZ_END, .tail = tail};
    const struct imp_gz_put put = {out, imp_tar_put_in_buf};
    out->n = 0;
    struct imp_gz_writer *w = imp_gz_writer_new(&put, sizeof zeros, false, err);
    bool ok = w && imp_gz_end(w, zeros, &h, err);
    imp_gz_writer_free(w);
    return ok;
}

// --- Finding it ---

// From the end of the file: END tells where the tail begins. `*found` stays
// false if there is none.
static bool find_end(const struct imp_tar *tar, uint64_t *tail, uint64_t *end,
                     bool *found, struct imp_err *err)
{
    uint8_t have[IMP_GZ_HEADER + 3 * IMP_TAR_BLOCK];
    struct imp_buf want = {0};
    struct imp_gz_header h;
    uint64_t size;
    size_t got;
    bool ok = imp_tar_make_end(&want, 0, err) && imp_tar_size(tar, &size, err);
    if (!ok || size < want.n)
        goto out;
    *end = size - want.n;
    ok = imp_file_pread(tar->fd, have, want.n, *end, &got, err) ||
         imp_wrap(err, "the archive's end");
    if (!ok || got < want.n || !imp_gz_parse_header(have, &h) || h.tail >= *end)
        goto out;
    *tail = h.tail;
    ok = imp_tar_make_end(&want, h.tail, err);
    *found = ok && memcmp(have, want.p, want.n) == 0;
out:
    imp_buf_clear(&want);
    return ok;
}

// The tag files, from the tail's start to END.
static bool list_tags(const struct imp_tar *tar, uint64_t end,
                      struct imp_tar_tail *out, bool *found,
                      struct imp_err *err)
{
    bool manifest = false, index = false;
    uint64_t at = out->at;
    for (int i = 0; i < TAGS_MOST && at < end; i++) {
        struct imp_tar_member m;
        if (!imp_tar_look(tar, at, end, &m, err))
            return false;
        if (m.gz.kind != IMP_GZ_TAG)
            return true;
        if (strcmp(m.entry.path, IMP_TAR_TOP IMP_TAG_MANIFEST) == 0) {
            out->manifest = m;
            manifest = true;
        } else if (strcmp(m.entry.path, IMP_TAR_TOP IMP_TAG_INDEX) == 0) {
            out->index = m;
            index = true;
        }
        at += m.gz.length;
    }
    *found = at == end && manifest && index;
    return true;
}

bool imp_tar_find_tail(const struct imp_tar *tar, struct imp_tar_tail *out,
                       bool *found, struct imp_err *err)
{
    struct imp_err why = {0};
    uint64_t end;
    bool ended = false;
    *found = false;
    if (!find_end(tar, &out->at, &end, &ended, err))
        return false;
    if (!ended || list_tags(tar, end, out, found, &why) ||
        why.code == IMP_ERR_DAMAGED)
        return true;
    return imp_tar_pass(err, &why);
}

bool imp_tar_listing(struct imp_target *t, struct imp_digest *out,
                     bool *present, struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    struct imp_tar_tail tail;
    struct imp_digest both[2]; // the places of the objects count, too
    if (!imp_tar_find_tail(tar, &tail, present, err))
        return false;
    if (!*present)
        return true;
    if (!imp_tar_hash_member(tar, &tail.manifest, tar->hasher, &both[0], err))
        return imp_wrap(err, IMP_TAG_MANIFEST);
    if (!imp_tar_hash_member(tar, &tail.index, tar->hasher, &both[1], err))
        return imp_wrap(err, IMP_TAG_INDEX);
    return imp_sha256_of(both, sizeof both, out, err);
}

// --- One tag file ---

static bool find_tag(const struct imp_tar *tar, const char *name,
                     struct imp_tar_member *m, bool *found, struct imp_err *err)
{
    struct imp_tar_tail tail;
    bool whole;
    *found = false;
    if (!imp_tar_find_tail(tar, &tail, &whole, err))
        return false;
    for (uint64_t at = tail.at, i = 0; whole && !*found && i < TAGS_MOST; i++) {
        if (!imp_tar_look(tar, at, UINT64_MAX, m, err))
            return false;
        if (m->gz.kind != IMP_GZ_TAG)
            return true;
        *found = strcmp(m->entry.path + strlen(IMP_TAR_TOP), name) == 0;
        at += m->gz.length;
    }
    return true;
}

bool imp_tar_tag(struct imp_target *t, const char *name, size_t most,
                 struct imp_buf *out, struct imp_digest *digest, bool *present,
                 struct imp_err *err)
{
    static const char declared[] = IMP_TAG_DECLARED;
    struct imp_tar *tar = (struct imp_tar *)t;
    struct imp_tar_member m;
    size_t n = strlen(declared);
    out->n = 0;
    // It is in START, whose bytes have been compared.
    *present = strcmp(name, IMP_TAG_DECLARATION) == 0;
    if (*present)
        return imp_sha256_of(declared, n, digest, err) &&
               imp_buf_add(out, declared, n < most ? n : most, err);
    if (!find_tag(tar, name, &m, present, err))
        return false;
    if (!*present)
        return true;
    struct imp_intake intake = {
        .hasher = tar->hasher, .front = out, .most = most};
    const struct imp_sink sink = imp_sink_intake(&intake);
    if (!imp_tar_pour(tar, &m, &sink, err))
        return imp_wrap(err, "%s", name);
    *digest = imp_sha256_end(tar->hasher);
    return true;
}
