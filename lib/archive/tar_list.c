// What the tail lists: the manifest and the index, line by line, and the index
// searched in place.
#include "archive/manifest.h"
#include "archive/tar.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool damaged(const char *what, struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_DAMAGED, "the archive's tail: %s", what);
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
                    uint64_t at, uint64_t high,
                    char line[IMP_TAR_INDEX_LINE_MAX], uint64_t *start,
                    uint64_t *next, struct imp_err *err)
{
    char text[2 * IMP_TAR_INDEX_LINE_MAX];
    uint64_t from =
        at - low > IMP_TAR_INDEX_LINE_MAX ? at - IMP_TAR_INDEX_LINE_MAX : low;
    size_t n = high - from < sizeof text ? (size_t)(high - from) : sizeof text;
    size_t middle = (size_t)(at - from);
    if (!index_bytes(tar, index, from, text, n, err))
        return false;
    const char *before = memrchr(text, '\n', middle);
    const char *end = memchr(text + middle, '\n', n - middle);
    const char *begin = before ? before + 1 : text;
    if (!end || (!before && from > low) ||
        end - begin >= IMP_TAR_INDEX_LINE_MAX)
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
        char line[IMP_TAR_INDEX_LINE_MAX];
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
