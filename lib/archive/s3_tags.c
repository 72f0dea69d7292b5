// The tag files: each is written to a file without a name and sent from there.
#include "archive/s3_target.h"
#include "archive/tags.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// --- Reading ---

bool imp_s3_tag(struct imp_target *target, const char *name, size_t most,
                struct imp_buf *out, struct imp_digest *digest, bool *present,
                struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    struct imp_intake intake = {
        .hasher = t->hasher, .front = out, .most = most};
    const struct imp_sink sink = imp_sink_intake(&intake);
    bool is_manifest = strcmp(name, IMP_TAG_MANIFEST) == 0;
    uint64_t limit = is_manifest ? IMP_S3_MANIFEST_MAX : IMP_S3_TAG_MAX;
    out->n = 0;
    if (!imp_s3_get(t->s3, name, limit, &sink, present, NULL, err))
        return imp_wrap(err, "%s", name);
    if (*present)
        *digest = imp_sha256_end(t->hasher);
    return true;
}

// --- Writing ---

struct writer {
    struct imp_s3_target *t;
    FILE *file; // of the tag file under way
    const char *name;
    /* What each replaces; "": nothing. */
    char info_etag[IMP_S3_ETAG_MAX], tagmanifest_etag[IMP_S3_ETAG_MAX];
};

static bool start(void *self, const char *name, struct imp_err *err)
{
    struct writer *w = self;
    w->name = name;
    rewind(w->file);
    return ftruncate(fileno(w->file), 0) == 0 ||
           imp_fail_errno(err, "temporary file");
}

static bool add(void *self, const void *bytes, size_t n, struct imp_err *err)
{
    struct writer *w = self;
    return fwrite(bytes, 1, n, w->file) == n ||
           imp_fail_errno(err, "temporary file");
}

static const char *replaces(const struct writer *w)
{
    if (strcmp(w->name, IMP_TAG_MANIFEST) == 0)
        return w->t->manifest_etag;
    if (strcmp(w->name, IMP_TAG_INFO) == 0)
        return w->info_etag;
    if (strcmp(w->name, IMP_TAG_TAGMANIFEST) == 0)
        return w->tagmanifest_etag;
    return "";
}

static bool send(struct writer *w, const struct imp_digest *digest, bool *held,
                 struct imp_err *err)
{
    struct stat st;
    if (fflush(w->file) != 0 || fstat(fileno(w->file), &st) != 0)
        return imp_fail_errno(err, "temporary file");
    size_t n = (size_t)st.st_size;
    void *bytes =
        n == 0 ? NULL
               : mmap(NULL, n, PROT_READ, MAP_PRIVATE, fileno(w->file), 0);
    if (bytes == MAP_FAILED)
        return imp_fail_errno(err, "temporary file");
    bool ok = imp_s3_put_over(w->t->s3, w->name, (struct imp_span){bytes, n},
                              digest, replaces(w), held, err);
    if (bytes)
        munmap(bytes, n);
    return ok;
}

static bool end(void *self, const struct imp_digest *digest,
                struct imp_err *err)
{
    struct writer *w = self;
    struct imp_s3_target *t = w->t;
    bool held = false;
    // Something may be there that is not listed: the next start is to look.
    if (t->left && strcmp(w->name, IMP_TAG_TAGMANIFEST) == 0)
        return imp_s3_delete(t->s3, w->name, err);
    if (!send(w, digest, &held, err))
        return false;
    if (!held)
        return imp_fail(err, IMP_ERR_BUSY,
                        "another run has written it meanwhile: what this run "
                        "has archived stays, and the next run lists it");
    if (strcmp(w->name, IMP_TAG_MANIFEST) == 0) {
        t->listed = t->has_manifest = true;
        t->manifest = *digest;
    }
    return true;
}

static bool make_file(struct writer *w, struct imp_err *err)
{
    int fd = imp_file_unnamed(err);
    if (fd < 0)
        return false;
    w->file = fdopen(fd, "w+");
    if (w->file)
        return true;
    imp_fail_errno(err, "temporary file");
    close(fd);
    return false;
}

bool imp_s3_declare(struct imp_s3_target *t, struct imp_err *err)
{
    struct writer w = {.t = t};
    const struct imp_tag_sink sink = {&w, start, add, end};
    bool ok = make_file(&w, err) && imp_tags_declare(&sink, t->hasher, err);
    if (w.file)
        fclose(w.file);
    return ok;
}

// The two that follow the manifest are as they are before it is written: who
// replaces them after that has another manifest, too.
static bool see_others(struct writer *w, struct imp_err *err)
{
    struct imp_s3_head info, tagmanifest;
    if (!imp_s3_head(w->t->s3, IMP_TAG_INFO, &info, err) ||
        !imp_s3_head(w->t->s3, IMP_TAG_TAGMANIFEST, &tagmanifest, err))
        return false;
    memcpy(w->info_etag, info.etag, sizeof w->info_etag);
    memcpy(w->tagmanifest_etag, tagmanifest.etag, sizeof w->tagmanifest_etag);
    return true;
}

bool imp_s3_finish(struct imp_target *target, const struct imp_objects *objects,
                   bool changed, struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    struct writer w = {.t = t};
    const struct imp_tag_sink sink = {&w, start, add, end};
    struct imp_digest digest;
    bool present;
    if (!imp_s3_listing(target, &digest, &present, err))
        return false;
    // A tag manifest that is missing is then somebody else's to write.
    if (!changed && !t->begun && present)
        return true;
    bool ok = make_file(&w, err) && see_others(&w, err) &&
              imp_tags_write(&sink, t->hasher, objects, err);
    if (w.file)
        fclose(w.file);
    return ok;
}
