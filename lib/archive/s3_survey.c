// What is below a prefix: an archive of ours or not, what its manifest lists,
// and what lies in data/.
#include "archive/manifest.h"
#include "archive/s3_target.h"
#include "archive/tags.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// --- Whose prefix is this? ---

// A bag has a handful of entries at its top.
#define TOP_MAX 1000

struct top {
    size_t entries;
    bool declared, info, manifest, tagmanifest, data, foreign;
};

static bool see_top(struct imp_s3 *s3, struct top *top, struct imp_err *err)
{
    struct imp_s3_cursor *c = imp_s3_cursor_new(s3, "", true, err);
    const char *key = NULL;
    uint64_t length;
    bool ok;
    while ((ok = c && imp_s3_cursor_next(c, &key, &length, err)) && key) {
        if (!*key) // a console's mark for the folder itself
            continue;
        top->entries++;
        top->declared |= strcmp(key, IMP_TAG_DECLARATION) == 0;
        top->info |= strcmp(key, IMP_TAG_INFO) == 0;
        top->manifest |= strcmp(key, IMP_TAG_MANIFEST) == 0;
        top->tagmanifest |= strcmp(key, IMP_TAG_TAGMANIFEST) == 0;
        top->data |= strcmp(key, IMP_S3_PAYLOAD) == 0;
        top->foreign |= imp_tag_is_foreign(key);
        if (top->entries > TOP_MAX)
            break;
    }
    imp_s3_cursor_free(c);
    return ok;
}

// Its start, NUL-ended; empty if it is not there.
static bool read_start(struct imp_s3_target *t, const char *name, bool there,
                       struct imp_buf *text, struct imp_err *err)
{
    struct imp_digest digest;
    bool present;
    return (!there || imp_s3_tag(&t->target, name, IMP_TAG_START - 1, text,
                                 &digest, &present, err)) &&
           imp_buf_add(text, "", 1, err);
}

// Whoever only reads wants to hear what is wrong with a tag file.
static bool check(struct imp_s3_target *t, const struct top *top,
                  struct imp_err *err)
{
    if (t->reading)
        return imp_tags_check("", "", top->foreign, err);
    struct imp_buf declared = {0}, info = {0};
    bool ok =
        read_start(t, IMP_TAG_DECLARATION, top->declared, &declared, err) &&
        read_start(t, IMP_TAG_INFO, top->info, &info, err) &&
        imp_tags_check((const char *)declared.p, (const char *)info.p,
                       top->foreign, err);
    imp_buf_clear(&declared);
    imp_buf_clear(&info);
    return ok;
}

bool imp_s3_survey(struct imp_s3_target *t, struct imp_err *err)
{
    struct top top = {0};
    if (!see_top(t->s3, &top, err))
        return false;
    if (top.entries == 0 && t->reading)
        return imp_fail(err, IMP_ERR_CONFIG, "there is no archive");
    bool is_bag = top.declared || (t->reading && top.manifest);
    if (top.entries > TOP_MAX || (!is_bag && top.entries > 0))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the prefix is not empty and has "
                        "no " IMP_TAG_DECLARATION ": not a bag");
    if (!check(t, &top, err))
        return false;
    t->target.empty = !top.data;
    t->target.interrupted = (top.data || top.manifest) && !top.tagmanifest;
    return is_bag || imp_s3_declare(t, err);
}

bool imp_s3_beside(struct imp_target *target, imp_name_fn fn, void *fn_self,
                   struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    struct imp_s3_cursor *c = imp_s3_cursor_new(t->s3, "", true, err);
    const char *key = NULL;
    uint64_t length;
    bool ok;
    while ((ok = c && imp_s3_cursor_next(c, &key, &length, err)) && key) {
        ok = !*key || imp_tag_is_ours(key) ||
             strcmp(key, IMP_S3_PAYLOAD) == 0 || fn(fn_self, key, err);
        if (!ok)
            break;
    }
    imp_s3_cursor_free(c);
    return ok;
}

// --- The manifest ---

// Into a file without a name, hashed on the way: it may be long.
struct fetched {
    int fd;
    struct imp_sha256 *hasher;
};

static bool start_fetch(void *self, struct imp_err *err)
{
    struct fetched *f = self;
    imp_sha256_start(f->hasher);
    return (ftruncate(f->fd, 0) == 0 && lseek(f->fd, 0, SEEK_SET) == 0) ||
           imp_fail_errno(err, "temporary file");
}

static bool add_fetch(void *self, const void *bytes, size_t n,
                      struct imp_err *err)
{
    struct fetched *f = self;
    imp_sha256_add(f->hasher, bytes, n);
    return imp_file_write(f->fd, bytes, n, err);
}

// The manifest as a file to be read from its start; the caller closes it. -1 if
// there is none, or with `err`.
static int fetch(struct imp_s3_target *t, struct imp_err *err)
{
    struct fetched f = {imp_file_unnamed(err), t->hasher};
    const struct imp_sink sink = {&f, start_fetch, add_fetch};
    char etag[IMP_S3_ETAG_MAX] = "";
    bool found = false;
    bool ok =
        f.fd >= 0 && (imp_s3_get(t->s3, IMP_TAG_MANIFEST, IMP_S3_MANIFEST_MAX,
                                 &sink, &found, etag, err) ||
                      imp_wrap(err, IMP_TAG_MANIFEST));
    struct imp_digest digest = {{0}};
    if (ok && found)
        digest = imp_sha256_end(t->hasher);
    if (ok && t->listed &&
        (found != t->has_manifest ||
         memcmp(&digest, &t->manifest, sizeof digest) != 0))
        ok = imp_fail(err, IMP_ERR_BUSY,
                      "another run has just written " IMP_TAG_MANIFEST
                      ": run it again");
    if (ok) {
        t->listed = true;
        t->has_manifest = found;
        t->manifest = digest;
        memcpy(t->manifest_etag, found ? etag : "", found ? sizeof etag : 1);
    }
    if (ok && found && lseek(f.fd, 0, SEEK_SET) == 0)
        return f.fd;
    if (ok && found)
        imp_fail_errno(err, "temporary file");
    if (f.fd >= 0)
        close(f.fd);
    return -1;
}

bool imp_s3_listing(struct imp_target *target, struct imp_digest *out,
                    bool *present, struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    if (!t->listed) {
        int fd = fetch(t, err);
        if (fd >= 0)
            close(fd);
        if (!t->listed)
            return false;
    }
    *present = t->has_manifest;
    *out = t->manifest;
    return true;
}

// The object of this line, and how long it is: both lists are in order. `all`:
// also what is not there.
static bool tell_line(struct imp_s3_cursor *c, const char **key,
                      uint64_t *length, const char *line, bool all,
                      imp_object_fn fn, void *fn_self, struct imp_err *err)
{
    char name[IMP_NAME_MAX];
    struct imp_object object = {.name = name};
    const size_t n = strlen(IMP_S3_PAYLOAD);
    if (!imp_manifest_parse(line, name, &object.digest, err))
        return false;
    while (*key && strcmp(*key + n, name) < 0)
        if (!imp_s3_cursor_next(c, key, length, err))
            return false;
    bool there = *key && strcmp(*key + n, name) == 0;
    if (!there && !all)
        return imp_fail(err, IMP_ERR_IO,
                        "%s is listed and not there (or not in order)", name);
    object.length = there ? *length : 0;
    return fn(fn_self, &object, err);
}

static bool each_line(FILE *file, struct imp_s3_cursor *c, bool all,
                      imp_object_fn fn, void *fn_self, struct imp_err *err)
{
    char line[IMP_MANIFEST_LINE_MAX + 1];
    const char *key = NULL;
    uint64_t length = 0;
    bool ok = imp_s3_cursor_next(c, &key, &length, err);
    for (size_t n = 1; ok && fgets(line, sizeof line, file); n++)
        ok = tell_line(c, &key, &length, line, all, fn, fn_self, err) ||
             imp_wrap(err, IMP_TAG_MANIFEST " line %zu", n);
    if (ok && ferror(file))
        ok = imp_fail_errno(err, "read " IMP_TAG_MANIFEST);
    return ok;
}

bool imp_s3_each(struct imp_target *target, imp_object_fn fn, void *fn_self,
                 struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    struct imp_err why = {0};
    int fd = fetch(t, &why);
    if (why.code != IMP_OK) {
        if (err)
            *err = why;
        return false;
    }
    if (fd < 0) // there is none
        return true;
    FILE *file = fdopen(fd, "r");
    struct imp_s3_cursor *c =
        file ? imp_s3_cursor_new(t->s3, IMP_S3_PAYLOAD, false, err) : NULL;
    bool ok = file ? c && each_line(file, c, t->reading, fn, fn_self, err)
                   : imp_fail_errno(err, "temporary file");
    imp_s3_cursor_free(c);
    if (file)
        fclose(file);
    else
        close(fd);
    return ok;
}

// --- data/ ---

// Consoles make objects without a byte to stand for a folder, which a download
// makes a directory.
static bool is_folder(const char *name, uint64_t length)
{
    size_t n = strlen(name);
    return length == 0 && (n == 0 || name[n - 1] == '/');
}

bool imp_s3_walk(struct imp_target *target, imp_file_fn fn, void *fn_self,
                 struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    struct imp_s3_cursor *c =
        imp_s3_cursor_new(t->s3, IMP_S3_PAYLOAD, false, err);
    const char *key = NULL;
    uint64_t length;
    bool ok;
    while ((ok = c && imp_s3_cursor_next(c, &key, &length, err)) && key) {
        char name[IMP_NAME_MAX];
        const char *whole = key + strlen(IMP_S3_PAYLOAD);
        struct imp_object file = {.name = name, .length = length};
        if (is_folder(whole, length))
            continue;
        int n = snprintf(name, sizeof name, "%s", whole);
        ok = fn(fn_self, &file, n < (int)sizeof name, err);
        if (!ok)
            break;
    }
    imp_s3_cursor_free(c);
    if (ok)
        t->left = false; // whoever walks takes up what is there
    return ok;
}
