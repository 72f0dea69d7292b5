#include "archive/tags.h"

#include "archive/manifest.h"
#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AGENT "Bag-Software-Agent: imgpipe "

static const char declaration[] = IMP_TAG_DECLARED;

// --- Whose bag is this? ---

bool imp_tag_is_foreign(const char *name)
{
    if (strcmp(name, "fetch.txt") == 0)
        return true;
    bool lists = strncmp(name, "manifest-", 9) == 0 ||
                 strncmp(name, "tagmanifest-", 12) == 0;
    return lists && strcmp(name, IMP_TAG_MANIFEST) != 0 &&
           strcmp(name, IMP_TAG_TAGMANIFEST) != 0;
}

bool imp_tag_is_ours(const char *name)
{
    static const char *const ours[] = {IMP_TAG_DECLARATION, IMP_TAG_INFO,
                                       IMP_TAG_MANIFEST, IMP_TAG_TAGMANIFEST};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    return false;
}

bool imp_tags_check(const char *declared, const char *info, bool foreign,
                    struct imp_err *err)
{
    if (*declared && strcmp(declared, declaration) != 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        IMP_TAG_DECLARATION " is not of BagIt 1.0 with UTF-8");
    if (foreign || (*info && !strstr(info, AGENT)))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the bag was made or extended by another program");
    return true;
}

// --- Writing ---

// A tag file under way: hashed as it goes to the sink.
struct tag {
    const struct imp_tag_sink *sink;
    const char *name;
    struct imp_sha256 *hasher; // borrowed
};

static bool start(struct tag *tag, const char *name, struct imp_err *err)
{
    tag->name = name;
    imp_sha256_start(tag->hasher);
    return tag->sink->start(tag->sink->self, name, err) ||
           imp_wrap(err, "%s", name);
}

static bool add(struct tag *tag, const void *text, size_t n,
                struct imp_err *err)
{
    imp_sha256_add(tag->hasher, text, n);
    return tag->sink->add(tag->sink->self, text, n, err) ||
           imp_wrap(err, "%s", tag->name);
}

static bool end(struct tag *tag, struct imp_digest *digest, struct imp_err *err)
{
    *digest = imp_sha256_end(tag->hasher);
    return tag->sink->end(tag->sink->self, digest, err) ||
           imp_wrap(err, "%s", tag->name);
}

static bool write_tag(struct tag *tag, const char *name, const char *text,
                      struct imp_digest *digest, struct imp_err *err)
{
    return start(tag, name, err) && add(tag, text, strlen(text), err) &&
           end(tag, digest, err);
}

struct payload {
    struct tag *tag;
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
    return add(payload->tag, line, n, err);
}

static bool write_manifest(struct tag *tag, const struct imp_objects *objects,
                           struct payload *payload, struct imp_digest *digest,
                           struct imp_err *err)
{
    payload->tag = tag;
    return start(tag, IMP_TAG_MANIFEST, err) &&
           objects->each(objects->self, add_line, payload, err) &&
           end(tag, digest, err);
}

static bool add_policy(void *self, const struct imp_digest *policy,
                       struct imp_err *err)
{
    char line[sizeof IMP_TAG_POLICY + IMP_SHA256_HEX], hex[IMP_SHA256_HEX];
    imp_digest_hex(policy, hex);
    int n = snprintf(line, sizeof line, IMP_TAG_POLICY "%s\n", hex);
    return imp_buf_add(self, line, (size_t)n, err);
}

static bool add_term(const char *label, const char *value, struct imp_buf *text,
                     struct imp_err *err)
{
    return !*value || (imp_buf_add(text, label, strlen(label), err) &&
                       imp_buf_add(text, value, strlen(value), err) &&
                       imp_buf_add(text, "\n", 1, err));
}

// No Bagging-Date (RFC 8493 2.2.2 makes it optional): the archive's bytes are a
// function of its inputs, not of the day.
static bool write_info(struct tag *tag, const struct imp_objects *objects,
                       const struct payload *payload, struct imp_digest *digest,
                       struct imp_err *err)
{
    char oxum[200];
    struct imp_buf text = {0};
    int n = snprintf(oxum, sizeof oxum,
                     AGENT IMP_VERSION "\n" IMP_TAG_OXUM "%" PRIu64 ".%" PRIu64
                                       "\n",
                     payload->bytes, payload->files);
    bool ok = imp_buf_add(&text, oxum, (size_t)n, err) &&
              (!objects->each_policy ||
               objects->each_policy(objects->self, add_policy, &text, err)) &&
              add_term(IMP_TAG_KEY, objects->terms.key, &text, err) &&
              add_term(IMP_TAG_SHIFT, objects->terms.shift, &text, err) &&
              imp_buf_add(&text, "", 1, err) &&
              write_tag(tag, IMP_TAG_INFO, (const char *)text.p, digest, err);
    imp_buf_clear(&text);
    return ok;
}

static bool add_text(void *self, const void *text, size_t n,
                     struct imp_err *err)
{
    return add(self, text, n, err);
}

static bool write_index(struct tag *tag, struct imp_digest *digest,
                        struct imp_err *err)
{
    return start(tag, IMP_TAG_INDEX, err) &&
           tag->sink->index(tag->sink->self, add_text, tag, err) &&
           end(tag, digest, err);
}

// What the tag manifest lists, in the order of the names.
enum listed { INFO, DECLARATION, INDEX, MANIFEST, LISTED };

static const char *const listed_names[LISTED] = {
    [INFO] = IMP_TAG_INFO,
    [DECLARATION] = IMP_TAG_DECLARATION,
    [INDEX] = IMP_TAG_INDEX,
    [MANIFEST] = IMP_TAG_MANIFEST,
};

static bool write_tagmanifest(struct tag *tag,
                              const struct imp_digest digests[LISTED],
                              struct imp_err *err)
{
    char text[LISTED * 100], hex[IMP_SHA256_HEX];
    size_t n = 0;
    struct imp_digest digest;
    for (int i = 0; i < LISTED; i++) {
        if (i == INDEX && !tag->sink->index)
            continue;
        imp_digest_hex(&digests[i], hex);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s  %s\n", hex,
                              listed_names[i]);
    }
    return write_tag(tag, IMP_TAG_TAGMANIFEST, text, &digest, err);
}

bool imp_tags_declare(const struct imp_tag_sink *sink,
                      struct imp_sha256 *hasher, struct imp_err *err)
{
    struct tag tag = {.sink = sink, .hasher = hasher};
    struct imp_digest digest;
    return write_tag(&tag, IMP_TAG_DECLARATION, declaration, &digest, err);
}

bool imp_tags_write(const struct imp_tag_sink *sink, struct imp_sha256 *hasher,
                    const struct imp_objects *objects, struct imp_err *err)
{
    struct tag tag = {.sink = sink, .hasher = hasher};
    struct payload payload = {0};
    struct imp_digest digests[LISTED];
    return imp_sha256_of(declaration, strlen(declaration),
                         &digests[DECLARATION], err) &&
           write_manifest(&tag, objects, &payload, &digests[MANIFEST], err) &&
           write_info(&tag, objects, &payload, &digests[INFO], err) &&
           (!sink->index || write_index(&tag, &digests[INDEX], err)) &&
           write_tagmanifest(&tag, digests, err);
}
