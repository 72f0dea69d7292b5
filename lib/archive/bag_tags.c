#include "archive/bag.h"
#include "archive/manifest.h"
#include "base/bytes.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DECLARATION "bagit.txt"
#define INFO "bag-info.txt"
#define MANIFEST IMP_BAG_MANIFEST
#define TAGMANIFEST "tagmanifest-sha256.txt"
#define AGENT "Bag-Software-Agent: imgpipe "
#define POLICY "Imgpipe-Policy-SHA256: " // one line for each policy

// RFC 8493 2.1.1: exactly these two lines.
static const char declaration[] = "BagIt-Version: 1.0\n"
                                  "Tag-File-Character-Encoding: UTF-8\n";

// --- Whose directory is this? ---

// The first bytes of a small file, NUL-ended. Not there: empty.
static bool read_start(int dirfd, const char *name, char *text, size_t cap,
                       struct imp_err *err)
{
    size_t got = 0;
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return imp_fail_errno(err, "open %s", name);
    bool ok = fd < 0 || imp_file_read(fd, text, cap - 1, &got, err);
    text[got] = '\0';
    if (fd >= 0)
        close(fd);
    return ok;
}

// Files that we would not keep up to date: other digests, files to fetch.
static bool is_foreign_tag(const char *name)
{
    if (strcmp(name, "fetch.txt") == 0)
        return true;
    bool lists = strncmp(name, "manifest-", 9) == 0 ||
                 strncmp(name, "tagmanifest-", 12) == 0;
    return lists && strcmp(name, MANIFEST) != 0 &&
           strcmp(name, TAGMANIFEST) != 0;
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
        seen->foreign |= is_foreign_tag(e->d_name);
    }
    bool ok = errno == 0 || imp_fail_errno(err, "list");
    closedir(dir);
    return ok;
}

bool imp_bag_check(int root, struct imp_err *err)
{
    struct listing seen = {0};
    char text[sizeof declaration + 1], info[4096];
    if (!list(root, &seen, err) ||
        !read_start(root, DECLARATION, text, sizeof text, err) ||
        !read_start(root, INFO, info, sizeof info, err))
        return false;

    if (!text[0] && seen.entries > 0 && !seen.staging)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the directory is not empty and has no " DECLARATION
                        ": not a bag");
    if (text[0] && strcmp(text, declaration) != 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        DECLARATION " is not of BagIt 1.0 with UTF-8");
    if (seen.foreign || (info[0] && !strstr(info, AGENT)))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the bag was made or extended by another program");
    return true;
}

// --- Writing ---

// A tag file under way: hashed as it is written.
struct tag {
    struct imp_outfile *out;
    const char *name;
    struct imp_sha256 *hasher; // borrowed
};

static bool tag_open(struct tag *tag, struct imp_bag *bag, const char *name,
                     struct imp_err *err)
{
    tag->name = name;
    tag->hasher = bag->hasher;
    imp_sha256_start(tag->hasher);
    tag->out =
        imp_outfile_open(bag->root, name, IMP_BAG_STAGING "/tag", 0644, err);
    return tag->out || imp_wrap(err, "%s", name);
}

static bool tag_add(struct tag *tag, const char *text, size_t n,
                    struct imp_err *err)
{
    imp_sha256_add(tag->hasher, text, n);
    return imp_outfile_add(tag->out, text, n, err) ||
           imp_wrap(err, "%s", tag->name);
}

static bool tag_commit(struct tag *tag, struct imp_digest *digest,
                       struct imp_err *err)
{
    *digest = imp_sha256_end(tag->hasher);
    return imp_outfile_commit(tag->out, err) || imp_wrap(err, "%s", tag->name);
}

static bool write_tag(struct imp_bag *bag, const char *name, const char *text,
                      struct imp_digest *digest, struct imp_err *err)
{
    struct tag tag = {0};
    bool ok = tag_open(&tag, bag, name, err) &&
              tag_add(&tag, text, strlen(text), err) &&
              tag_commit(&tag, digest, err);
    imp_outfile_free(tag.out);
    return ok;
}

bool imp_bag_declare(struct imp_bag *bag, struct imp_err *err)
{
    struct imp_digest digest;
    return imp_bag_exists(bag->root, DECLARATION) ||
           write_tag(bag, DECLARATION, declaration, &digest, err);
}

struct payload {
    struct tag tag;
    uint64_t files, bytes;
};

static bool add_line(void *self, const struct imp_object *object,
                     struct imp_err *err)
{
    struct payload *payload = self;
    char line[IMP_MANIFEST_LINE_MAX];
    size_t n = imp_manifest_line(line, object->name, &object->digest);
    payload->files++;
    payload->bytes += object->length;
    return tag_add(&payload->tag, line, n, err);
}

static bool write_manifest(struct imp_bag *bag,
                           const struct imp_objects *objects,
                           struct payload *payload, struct imp_digest *digest,
                           struct imp_err *err)
{
    bool ok = tag_open(&payload->tag, bag, MANIFEST, err) &&
              objects->each(objects->self, add_line, payload, err) &&
              tag_commit(&payload->tag, digest, err);
    imp_outfile_free(payload->tag.out);
    return ok;
}

static bool add_policy(void *self, const struct imp_digest *policy,
                       struct imp_err *err)
{
    char line[sizeof POLICY + IMP_SHA256_HEX], hex[IMP_SHA256_HEX];
    imp_digest_hex(policy, hex);
    int n = snprintf(line, sizeof line, POLICY "%s\n", hex);
    return imp_buf_add(self, line, (size_t)n, err);
}

// No Bagging-Date (RFC 8493 2.2.2 makes it optional): the archive's bytes are a
// function of its inputs, not of the day.
static bool write_info(struct imp_bag *bag, const struct imp_objects *objects,
                       const struct payload *payload, struct imp_digest *digest,
                       struct imp_err *err)
{
    char oxum[200];
    struct imp_buf text = {0};
    int n =
        snprintf(oxum, sizeof oxum,
                 AGENT IMP_VERSION "\n"
                                   "Payload-Oxum: %" PRIu64 ".%" PRIu64 "\n",
                 payload->bytes, payload->files);
    bool ok = imp_buf_add(&text, oxum, (size_t)n, err) &&
              (!objects->each_policy ||
               objects->each_policy(objects->self, add_policy, &text, err)) &&
              imp_buf_add(&text, "", 1, err) &&
              write_tag(bag, INFO, (const char *)text.p, digest, err);
    imp_buf_clear(&text);
    return ok;
}

static bool write_tagmanifest(struct imp_bag *bag,
                              const struct imp_digest *info,
                              const struct imp_digest *manifest,
                              struct imp_err *err)
{
    char text[400], hex[3][IMP_SHA256_HEX];
    struct imp_digest declared, digest;
    if (!imp_sha256_of(declaration, strlen(declaration), &declared, err))
        return false;
    imp_digest_hex(info, hex[0]);
    imp_digest_hex(&declared, hex[1]);
    imp_digest_hex(manifest, hex[2]);
    snprintf(text, sizeof text,
             "%s  " INFO "\n%s  " DECLARATION "\n%s  " MANIFEST "\n", hex[0],
             hex[1], hex[2]);
    return write_tag(bag, TAGMANIFEST, text, &digest, err);
}

bool imp_bag_finish(struct imp_target *t, const struct imp_objects *objects,
                    bool changed, struct imp_err *err)
{
    struct imp_bag *bag = (struct imp_bag *)t;
    struct payload payload = {0};
    struct imp_digest manifest, info;
    if (!changed && imp_bag_exists(bag->root, MANIFEST) &&
        imp_bag_exists(bag->root, INFO) &&
        imp_bag_exists(bag->root, TAGMANIFEST))
        return true;
    // The tag manifest comes last: until then the bag does not pass for whole.
    return write_manifest(bag, objects, &payload, &manifest, err) &&
           write_info(bag, objects, &payload, &info, err) &&
           write_tagmanifest(bag, &info, &manifest, err);
}
