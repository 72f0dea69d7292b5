// The tail, written.
#include "archive/tar.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
    char line[IMP_TAR_INDEX_LINE_MAX];
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
    bool ok = imp_tar_make_end(&bytes, w->tar->end, err) &&
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
