/* s3_target.h - shared by to_s3.c (the target), s3_survey.c (what is there) and
 * s3_tags.c (the tag files). */
#ifndef IMP_ARCHIVE_S3_TARGET_H
#define IMP_ARCHIVE_S3_TARGET_H

#include "archive/s3_client.h"
#include "archive/target.h"
#include "base/name.h"

#include <stdbool.h>

#define IMP_S3_PAYLOAD "data/"
#define IMP_S3_KEY_MAX (sizeof IMP_S3_PAYLOAD - 1 + IMP_NAME_MAX)

/* What is longer was not written by us: a manifest goes in one PUT, which can
 * have so much; each other tag file has some lines. */
#define IMP_S3_MANIFEST_MAX ((uint64_t)5 << 30)
#define IMP_S3_TAG_MAX ((uint64_t)16 << 20)

struct imp_s3_target {
    struct imp_target target; /* first: a target is cast to it */
    struct imp_s3 *s3;
    bool reading;
    /* The rest is the recorder thread's. */
    struct imp_sha256 *hasher;

    /* The manifest that this run knows: read once, or written by itself. What
     * others write meanwhile is noticed by its ETag. */
    bool listed; /* it has been read, and so: */
    bool has_manifest;
    struct imp_digest manifest;          /* its digest */
    char manifest_etag[IMP_S3_ETAG_MAX]; /* "" if there is none */

    bool begun;   /* the tag manifest is out of the way */
    bool left;    /* something may be in data/ that no ledger knows */
    bool pending; /* uploads in parts were under way when it was opened */
};

extern const struct imp_target_ops imp_target_s3;

/* Look at what is below the prefix: `empty` and `interrupted`, and is it ours?
 * Unless it is only read, it is made an archive of ours if nothing is there.
 * IMP_ERR_CONFIG if it is none. */
bool imp_s3_survey(struct imp_s3_target *t, struct imp_err *err);

/* Read the object at `key` (not longer than `most`) into `out`. */
bool imp_s3_read(struct imp_s3 *s3, const char *key, uint64_t most,
                 struct imp_buf *out, bool *found, struct imp_err *err);

/* The ops that have a file of their own. */
bool imp_s3_listing(struct imp_target *target, struct imp_digest *out,
                    bool *present, struct imp_err *err);
bool imp_s3_each(struct imp_target *target, imp_object_fn fn, void *fn_self,
                 struct imp_err *err);
bool imp_s3_walk(struct imp_target *target, imp_file_fn fn, void *fn_self,
                 struct imp_err *err);
bool imp_s3_tag(struct imp_target *target, const char *name, size_t most,
                struct imp_buf *out, struct imp_digest *digest, bool *present,
                struct imp_err *err);
bool imp_s3_beside(struct imp_target *target, imp_name_fn fn, void *fn_self,
                   struct imp_err *err);
bool imp_s3_finish(struct imp_target *target, const struct imp_objects *objects,
                   bool changed, struct imp_err *err);

/* Write bagit.txt unless somebody else has by now. */
bool imp_s3_declare(struct imp_s3_target *t, struct imp_err *err);

#endif
