// The tail: found, read, searched and written.
#include "archive/manifest.h"
#include "archive/tar.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAGS_MOST 16 /* members in a tail, END not counted */
/* "PLACE STORED LENGTH NAME\n" with the NUL. */
#define INDEX_LINE_MAX (3 * 21 + IMP_NAME_MAX + 1)

static bool damaged(const char *what, struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_DAMAGED, "the archive's tail: %s", what);
}

// --- END ---

// Two blocks of zeros end a tar archive (POSIX.1-2017, pax).
static bool make_end(struct imp_buf *out, uint64_t tail, struct imp_err *err)
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
    bool ok = make_end(&want, 0, err) && imp_tar_size(tar, &size, err);
    if (!ok || size < want.n)
        goto out;
    *end = size - want.n;
    ok = imp_file_pread(tar->fd, have, want.n, *end, &got, err) ||
         imp_wrap(err, "the archive's end");
    if (!ok || got < want.n || !imp_gz_parse_header(have, &h) || h.tail >= *end)
        goto out;
    *tail = h.tail;
    ok = make_end(&want, h.tail, err);
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
    if (!imp_tar_find_tail(tar, &tail, present, err))
        return false;
    return !*present ||
           imp_tar_hash_member(tar, &tail.manifest, tar->hasher, out, err) ||
           imp_wrap(err, IMP_TAG_MANIFEST);
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

static bool read_tag(struct imp_gz_reader *r, struct imp_tar_member *m,
                     size_t most, struct imp_buf *out,
                     struct imp_sha256 *hasher, struct imp_err *err)
{
    uint8_t bytes[32 * 1024];
    if (!imp_tar_open_member(r, m, err))
        return false;
    for (uint64_t left = m->entry.length; left > 0;) {
        size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes, got;
        if (!imp_gz_read(r, bytes, n, &got, err))
            return false;
        if (got < n)
            return damaged("a tag file ends early", err);
        imp_sha256_add(hasher, bytes, n);
        size_t room = most - out->n;
        if (!imp_buf_add(out, bytes, n < room ? n : room, err))
            return false;
        left -= n;
    }
    return imp_tar_end_member(r, m, err);
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
    struct imp_gz_reader *r = imp_gz_reader_new(tar->fd, err);
    imp_sha256_start(tar->hasher);
    bool ok = r && read_tag(r, &m, most, out, tar->hasher, err);
    *digest = imp_sha256_end(tar->hasher);
    imp_gz_reader_free(r);
    return ok || imp_wrap(err, "%s", name);
}

// --- Line by line ---

struct lines {
    struct imp_gz_reader *r;
    struct imp_tar_member *m;
    uint64_t left; // of the data, not read yet
    size_t at, n;
    char text[16 * 1024];
};

static struct lines *lines_new(const struct imp_tar *tar,
                               struct imp_tar_member *m, struct imp_err *err)
{
    struct lines *l = malloc(sizeof *l);
    if (!l) {
        imp_fail_errno(err, "lines");
        return NULL;
    }
    l->r = imp_gz_reader_new(tar->fd, err);
    l->m = m;
    l->left = m->entry.length;
    l->at = l->n = 0;
    if (l->r && imp_tar_open_member(l->r, m, err))
        return l;
    imp_gz_reader_free(l->r);
    free(l);
    return NULL;
}

static void lines_free(struct lines *l)
{
    if (l)
        imp_gz_reader_free(l->r);
    free(l);
}

static bool refill(struct lines *l, struct imp_err *err)
{
    memmove(l->text, l->text + l->at, l->n - l->at);
    l->n -= l->at;
    l->at = 0;
    size_t room = sizeof l->text - l->n, got;
    size_t want = l->left < room ? (size_t)l->left : room;
    if (!imp_gz_read(l->r, l->text + l->n, want, &got, err))
        return false;
    if (got < want)
        return damaged("a list ends early", err);
    l->n += want;
    l->left -= want;
    return true;
}

// The next line, its newline made a NUL; NULL at the end, when the whole has
// proven to be undamaged, or with `err`.
static char *next_line(struct lines *l, struct imp_err *err)
{
    char *end = memchr(l->text + l->at, '\n', l->n - l->at);
    if (!end && l->left > 0) {
        if (!refill(l, err))
            return NULL;
        end = memchr(l->text, '\n', l->n);
    }
    if (!end) {
        if (l->at < l->n || l->left > 0)
            damaged("a line does not end", err);
        else
            imp_tar_end_member(l->r, l->m, err);
        return NULL;
    }
    char *line = l->text + l->at;
    *end = '\0';
    l->at = (size_t)(end + 1 - l->text);
    return line;
}

// --- The index ---

static bool parse_number(const char **p, uint64_t *out)
{
    *out = 0;
    const char *start = *p;
    for (; **p >= '0' && **p <= '9'; ++*p)
        if (!imp_mul_u64(*out, 10, out) ||
            !imp_add_u64(*out, (uint64_t)(**p - '0'), out))
            return false;
    return *p > start && *(*p)++ == ' ';
}

// `line` is NUL-ended; the name is borrowed from it.
static bool parse_index(const char *line, struct imp_object *out,
                        struct imp_err *err)
{
    if (!parse_number(&line, &out->place) ||
        !parse_number(&line, &out->stored) ||
        !parse_number(&line, &out->length) || !imp_name_check(line, NULL))
        return damaged("a line of the index is none of ours", err);
    out->name = line;
    return true;
}

// `n` bytes of the index, which has them, from its byte `from` on.
static bool index_bytes(const struct imp_tar *tar,
                        const struct imp_tar_member *index, uint64_t from,
                        char *out, size_t n, struct imp_err *err)
{
    while (n > 0) {
        size_t run, got;
        uint64_t at = imp_gz_stored_at(index->entry.head, from, &run);
        size_t take = n < run ? n : run;
        if (at > index->gz.length || take > index->gz.length - at)
            return damaged("the index is shorter than it says", err);
        if (!imp_file_pread(tar->fd, out, take, index->place + at, &got, err))
            return false;
        if (got < take)
            return damaged("the index is cut off", err);
        out += take;
        from += take;
        n -= take;
    }
    return true;
}

// The line that byte `at` of the index is in: begins at `*start`, ends before
// `*next`. `low` is the start of a line, `high` its end or a line's start.
static bool line_at(const struct imp_tar *tar,
                    const struct imp_tar_member *index, uint64_t low,
                    uint64_t at, uint64_t high, char line[INDEX_LINE_MAX],
                    uint64_t *start, uint64_t *next, struct imp_err *err)
{
    char text[2 * INDEX_LINE_MAX];
    uint64_t from = at - low > INDEX_LINE_MAX ? at - INDEX_LINE_MAX : low;
    size_t n = high - from < sizeof text ? (size_t)(high - from) : sizeof text;
    size_t middle = (size_t)(at - from);
    if (!index_bytes(tar, index, from, text, n, err))
        return false;
    const char *before = memrchr(text, '\n', middle);
    const char *end = memchr(text + middle, '\n', n - middle);
    const char *begin = before ? before + 1 : text;
    if (!end || (!before && from > low) || end - begin >= INDEX_LINE_MAX)
        return damaged("a line of the index is too long", err);
    memcpy(line, begin, (size_t)(end - begin));
    line[end - begin] = '\0';
    *start = from + (uint64_t)(begin - text);
    *next = from + (uint64_t)(end - text) + 1;
    return true;
}

bool imp_tar_find(const struct imp_tar *tar, const struct imp_tar_tail *tail,
                  const char *name, struct imp_object *out, bool *found,
                  struct imp_err *err)
{
    uint64_t low = 0, high = tail->index.entry.length;
    *found = false;
    while (low < high) {
        char line[INDEX_LINE_MAX];
        struct imp_object have;
        uint64_t start = 0, next = 0;
        if (!line_at(tar, &tail->index, low, low + (high - low) / 2, high, line,
                     &start, &next, err) ||
            !parse_index(line, &have, err))
            return false;
        int order = strcmp(have.name, name);
        if (order == 0) {
            out->place = have.place;
            out->stored = have.stored;
            *found = true;
            return true;
        }
        if (order < 0)
            low = next;
        else
            high = start;
    }
    return true;
}

// --- What it lists ---

// The manifest and the index go in step: a line of each.
static bool tell_pair(const struct imp_tar_tail *tail, const char *listed,
                      const char *indexed, imp_object_fn fn, void *fn_self,
                      struct imp_err *err)
{
    char name[IMP_NAME_MAX];
    struct imp_object object = {0};
    if (!imp_manifest_parse(listed, name, &object.digest, err) ||
        !parse_index(indexed, &object, err))
        return false;
    if (strcmp(name, object.name) != 0)
        return damaged("manifest and index list different objects", err);
    if (object.place > tail->at || object.stored > tail->at - object.place)
        return imp_fail(err, IMP_ERR_IO,
                        "%s, which the manifest lists, is not "
                        "there",
                        name);
    return fn(fn_self, &object, err);
}

static bool each_line(const struct imp_tar_tail *tail, struct lines *manifest,
                      struct lines *index, imp_object_fn fn, void *fn_self,
                      struct imp_err *err)
{
    struct imp_err why = {0};
    for (;;) {
        const char *listed = next_line(manifest, &why);
        const char *indexed = why.code ? NULL : next_line(index, &why);
        if (listed && indexed) {
            if (!tell_pair(tail, listed, indexed, fn, fn_self, err))
                return false;
            continue;
        }
        if (why.code == IMP_OK && (listed || indexed))
            damaged("manifest and index differ in length", &why);
        return why.code == IMP_OK || imp_tar_pass(err, &why);
    }
}

bool imp_tar_each(struct imp_target *t, imp_object_fn fn, void *fn_self,
                  struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    struct imp_tar_tail tail;
    bool found;
    if (!imp_tar_find_tail(tar, &tail, &found, err))
        return false;
    if (!found)
        return true;
    struct lines *manifest = lines_new(tar, &tail.manifest, err);
    struct lines *index = manifest ? lines_new(tar, &tail.index, err) : NULL;
    bool ok = index && each_line(&tail, manifest, index, fn, fn_self, err);
    lines_free(index);
    lines_free(manifest);
    return ok;
}

// --- Writing ---

struct writer {
    struct imp_tar *tar;
    const struct imp_objects *objects;
    uint64_t place; // of the member under way
    // Of the tag file under way:
    struct imp_gz_writer *w;
    char path[IMP_TAR_PATH_MAX];
    uint64_t length;
    // Of the index:
    imp_tag_text_fn add;
    void *add_self;
    uint64_t stored; // by the objects so far
};

static bool put_in_file(void *self, uint64_t at, const void *bytes, size_t n,
                        struct imp_err *err)
{
    struct writer *w = self;
    return imp_file_pwrite(w->tar->fd, bytes, n, w->place + at, err);
}

static bool start(void *self, const char *name, struct imp_err *err)
{
    struct writer *w = self;
    const struct imp_gz_put put = {w, put_in_file};
    snprintf(w->path, sizeof w->path, IMP_TAR_TOP "%s", name);
    w->length = 0;
    w->w = imp_gz_writer_new(&put, imp_tar_head_size(w->path),
                             strcmp(name, IMP_TAG_INDEX) != 0, err);
    return w->w;
}

static bool add(void *self, const void *bytes, size_t n, struct imp_err *err)
{
    struct writer *w = self;
    w->length += n;
    return imp_gz_add(w->w, bytes, n, err);
}

static bool end(void *self, const struct imp_digest *digest,
                struct imp_err *err)
{
    static const uint8_t zeros[IMP_TAR_BLOCK];
    struct writer *w = self;
    struct imp_gz_header h = {.kind = IMP_GZ_TAG};
    uint8_t head[IMP_TAR_HEAD_MAX];
    (void)digest;
    if (!imp_gz_add(w->w, zeros, imp_tar_padding(w->length), err) ||
        !imp_tar_head(head, w->path, w->length, err) ||
        !imp_gz_end(w->w, head, &h, err))
        return false;
    imp_gz_writer_free(w->w);
    w->w = NULL;
    w->place += h.length;
    return true;
}

static bool add_to_index(void *self, const struct imp_object *object,
                         struct imp_err *err)
{
    struct writer *w = self;
    char line[INDEX_LINE_MAX];
    int n =
        snprintf(line, sizeof line, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
                 object->place, object->stored, object->length, object->name);
    w->stored += object->stored;
    return w->add(w->add_self, line, (size_t)n, err);
}

// A bag with a file that its manifest does not list is none: so all that lies
// in the archive must be the ledger's.
static bool index_objects(void *self, imp_tag_text_fn add_text, void *add_self,
                          struct imp_err *err)
{
    struct writer *w = self;
    w->add = add_text;
    w->add_self = add_self;
    if (!w->objects->each(w->objects->self, add_to_index, w, err))
        return false;
    uint64_t have = w->tar->end - w->tar->first;
    return w->stored == have ||
           imp_fail(err, IMP_ERR_IO,
                    "the archive has %" PRIu64 " bytes of images, of which the "
                    "ledger knows %" PRIu64 ": run imgpipe verify",
                    have, w->stored);
}

static bool write_end(struct writer *w, struct imp_err *err)
{
    struct imp_buf bytes = {0};
    bool ok = make_end(&bytes, w->tar->end, err) &&
              put_in_file(w, 0, bytes.p, bytes.n, err);
    imp_buf_clear(&bytes);
    return ok;
}

// END comes when the rest is durable: where it is, all is.
static bool write_tail(struct imp_tar *tar, const struct imp_objects *objects,
                       struct imp_err *err)
{
    struct writer w = {.tar = tar, .objects = objects, .place = tar->end};
    const struct imp_tag_sink sink = {&w, start, add, end, index_objects};
    bool ok = imp_tags_write(&sink, tar->hasher, objects, err) &&
              imp_file_sync(tar->fd, err) && write_end(&w, err) &&
              imp_file_sync(tar->fd, err);
    imp_gz_writer_free(w.w);
    return ok;
}

bool imp_tar_finish(struct imp_target *t, const struct imp_objects *objects,
                    bool changed, struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    if (!imp_tar_ready(tar, NULL, err))
        return false;
    if (!changed && tar->listed)
        return true;
    tar->more |= tar->listed;
    tar->listed = false;
    if (!imp_tar_cut(tar, err))
        return false;
    tar->more = true;
    if (!write_tail(tar, objects, err)) {
        imp_tar_cut(tar, NULL); // or at the next start
        return imp_wrap(err, "finish");
    }
    tar->listed = true;
    tar->more = false;
    return true;
}
