/* tags.h - the tag files of a bag (RFC 8493 2.1, 2.2): their text, wherever it
 * goes. */
#ifndef IMP_ARCHIVE_TAGS_H
#define IMP_ARCHIVE_TAGS_H

#include "archive/target.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_TAG_DECLARATION "bagit.txt"
#define IMP_TAG_INFO "bag-info.txt"
#define IMP_TAG_MANIFEST "manifest-sha256.txt"
#define IMP_TAG_TAGMANIFEST "tagmanifest-sha256.txt"
#define IMP_TAG_INDEX "imgpipe-index.txt" /* of an archive that is one file */

/* Takes a part of a tag file's text. */
typedef bool (*imp_tag_text_fn)(void *self, const void *text, size_t n,
                                struct imp_err *err);

/* RFC 8493 2.1.1: exactly these two lines. */
#define IMP_TAG_DECLARED   \
    "BagIt-Version: 1.0\n" \
    "Tag-File-Character-Encoding: UTF-8\n"

/* Labels in bag-info.txt; of the policy, one line for each. */
#define IMP_TAG_OXUM "Payload-Oxum: "
#define IMP_TAG_POLICY "Imgpipe-Policy-SHA256: "
#define IMP_TAG_KEY "Imgpipe-Key-Id: "
#define IMP_TAG_SHIFT "Imgpipe-Shift-Days: "

/* Where tag files go, one after the other. After a call that fails no other
 * comes: the sink's owner gives up what was started. */
struct imp_tag_sink {
    void *self;
    /* A file at the top of the bag; `name` is a literal. */
    bool (*start)(void *self, const char *name, struct imp_err *err);
    bool (*add)(void *self, const void *bytes, size_t n, struct imp_err *err);
    /* All of it was added, and has this digest. */
    bool (*end)(void *self, const struct imp_digest *digest,
                struct imp_err *err);
    /* Tell the text of IMP_TAG_INDEX; NULL: there is none. */
    bool (*index)(void *self, imp_tag_text_fn add, void *add_self,
                  struct imp_err *err);
};

/* Write bagit.txt. `hasher` is borrowed, here and below. */
bool imp_tags_declare(const struct imp_tag_sink *sink,
                      struct imp_sha256 *hasher, struct imp_err *err);

/* Write the files that list `objects`: the manifest, bag-info.txt, the index if
 * the sink has one, the tag manifest. The tag manifest comes last: until then
 * the bag does not pass for whole. */
bool imp_tags_write(const struct imp_tag_sink *sink, struct imp_sha256 *hasher,
                    const struct imp_objects *objects, struct imp_err *err);

/* Is `name`, at the top of a bag, a tag file that we would not keep up to date:
 * other digests, files to fetch? */
bool imp_tag_is_foreign(const char *name);

/* Is it one that a run writes? */
bool imp_tag_is_ours(const char *name);

/* So much of a tag file's start is enough for imp_tags_check, with the NUL. */
#define IMP_TAG_START 4096

/* Are bagit.txt and bag-info.txt, which start like this (NUL-ended; empty: not
 * there), those of a bag of ours? `foreign`: it has a file of that kind.
 * IMP_ERR_CONFIG if not. */
bool imp_tags_check(const char *declared, const char *info, bool foreign,
                    struct imp_err *err);

/* What is wrong with a tag file, in words. False stops it. */
typedef bool (*imp_tag_fault_fn)(void *self, const char *name, const char *what,
                                 struct imp_err *err);

/* The payload as it was found: Payload-Oxum of RFC 8493 2.2.2. */
struct imp_payload {
    uint64_t bytes, files;
};

/* Tell what is wrong with the tag files of an archive opened for reading: one
 * that is missing, that is not what the tag manifest says, or what it should
 * say. `payload` is NULL if it is not known. False only if `fn` was, without
 * memory or cancelled. */
bool imp_tags_verify(struct imp_target *t, const struct imp_payload *payload,
                     imp_tag_fault_fn fn, void *self, struct imp_err *err);

/* Call `fn` for each policy that bag-info.txt names, if it is there. For a run
 * only before its first image. */
bool imp_tags_each_policy(struct imp_target *t, imp_policy_fn fn, void *self,
                          struct imp_err *err);

/* The terms that bag-info.txt names, if it is there. IMP_ERR_CONFIG if it
 * has a line for one that does not say what it should. The same. */
bool imp_tags_terms(struct imp_target *t, struct imp_terms *terms,
                    struct imp_err *err);

#endif
