#include "archive/bag.h"
#include "archive/tags.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// --- Whose directory is this? ---

#define NO_BAG                            \
    "the directory is not empty and has " \
    "no " IMP_TAG_DECLARATION ": not a bag"

// The first bytes of a small file, NUL-ended. Not there: empty.
static bool read_start(int dirfd, const char *name, char *text, size_t cap,
                       struct imp_err *err)
{
    size_t got = 0;
    int fd;
    text[0] = '\0';
    if (!imp_bag_open_tag(dirfd, name, &fd, err))
        return false;
    bool ok = fd < 0 || imp_file_read(fd, text, cap - 1, &got, err);
    text[got] = '\0';
    if (fd >= 0)
        close(fd);
    return ok;
}

struct listing {
    size_t entries;
    bool staging, foreign;
};

static bool list(int root, struct listing *seen, struct imp_err *err)
{
    DIR *dir = imp_bag_opendir(root, ".");
    if (!dir)
        return imp_fail_errno(err, "list");
    errno = 0;
    for (struct dirent *e; (e = readdir(dir)); errno = 0) {
        if (imp_bag_is_dot(e->d_name))
            continue;
        seen->entries++;
        seen->staging |= strcmp(e->d_name, IMP_BAG_STAGING) == 0;
        seen->foreign |= imp_tag_is_foreign(e->d_name);
    }
    bool ok = errno == 0 || imp_fail_errno(err, "list");
    closedir(dir);
    return ok;
}

// Whoever only reads wants to hear what is wrong with a tag file; but a bag
// with other manifests is not only ours to judge.
static bool check_to_read(int root, const struct listing *seen,
                          struct imp_err *err)
{
    return imp_bag_exists(root, IMP_TAG_DECLARATION) ||
                   imp_bag_exists(root, IMP_TAG_MANIFEST) || seen->staging
               ? imp_tags_check("", "", seen->foreign, err)
               : imp_fail(err, IMP_ERR_CONFIG, NO_BAG);
}

bool imp_bag_check(int root, enum imp_target_mode mode, struct imp_err *err)
{
    struct listing seen = {0};
    char declared[IMP_TAG_START], info[IMP_TAG_START];
    if (!list(root, &seen, err))
        return false;
    if (mode == IMP_TARGET_READ)
        return check_to_read(root, &seen, err);
    if (!read_start(root, IMP_TAG_DECLARATION, declared, sizeof declared,
                    err) ||
        !read_start(root, IMP_TAG_INFO, info, sizeof info, err))
        return false;

    if (!declared[0] && seen.entries > 0 && !seen.staging)
        return imp_fail(err, IMP_ERR_CONFIG, NO_BAG);
    return imp_tags_check(declared, info, seen.foreign, err);
}

// --- Writing ---

struct writer {
    struct imp_bag *bag;
    struct imp_outfile *out; // of the tag file under way; or NULL
};

static bool start(void *self, const char *name, struct imp_err *err)
{
    struct writer *w = self;
    w->out =
        imp_outfile_open(w->bag->root, name, IMP_BAG_STAGING "/tag", 0644, err);
    return w->out;
}

static bool add(void *self, const void *bytes, size_t n, struct imp_err *err)
{
    struct writer *w = self;
    return imp_outfile_add(w->out, bytes, n, err);
}

static bool end(void *self, const struct imp_digest *digest,
                struct imp_err *err)
{
    struct writer *w = self;
    (void)digest;
    bool ok = imp_outfile_commit(w->out, err);
    imp_outfile_free(w->out);
    w->out = NULL;
    return ok;
}

static struct imp_tag_sink sink_of(struct writer *w)
{
    return (struct imp_tag_sink){
        .self = w, .start = start, .add = add, .end = end};
}

bool imp_bag_declare(struct imp_bag *bag, struct imp_err *err)
{
    struct writer w = {.bag = bag};
    struct imp_tag_sink sink = sink_of(&w);
    bool ok = imp_bag_exists(bag->root, IMP_TAG_DECLARATION) ||
              imp_tags_declare(&sink, bag->hasher, err);
    imp_outfile_free(w.out);
    return ok;
}

bool imp_bag_finish(struct imp_target *t, const struct imp_objects *objects,
                    bool changed, struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    struct writer w = {.bag = bag};
    struct imp_tag_sink sink = sink_of(&w);
    bool ok = !changed && imp_bag_exists(bag->root, IMP_TAG_MANIFEST) &&
              imp_bag_exists(bag->root, IMP_TAG_INFO) &&
              imp_bag_exists(bag->root, IMP_TAG_TAGMANIFEST);
    if (!ok) {
        ok = imp_tags_write(&sink, bag->hasher, objects, err);
        imp_outfile_free(w.out);
    }
    bag->unlisted &= !ok;
    return ok;
}
