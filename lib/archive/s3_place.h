/* s3_place.h - which store, which bucket, which prefix, and the keys to it. */
#ifndef IMP_ARCHIVE_S3_PLACE_H
#define IMP_ARCHIVE_S3_PLACE_H

#include "archive/s3_sign.h"
#include "archive/target.h"

#include <stdbool.h>

/* Where a bucket is reached. `= {0}` is empty. */
struct imp_s3_place {
    char *root; /* URL before the path: "https://bucket.host:port" */
    char *host; /* as the Host field has it; the port only if it is none of
                   the scheme's */
    char *path; /* encoded, of the bucket: "/bucket", or "" */
    char *bucket;
    char *prefix; /* of all keys: "a/b/", or "" */
    char *region;
    char *store; /* host and port of the endpoint */
};

/* `where` is "//BUCKET/PREFIX" or "//BUCKET". IMP_ERR_CONFIG if that is no
 * bucket, prefix, endpoint or region. On false `out` is empty. */
bool imp_s3_place_init(struct imp_s3_place *out, const char *where,
                       const struct imp_s3_access *access, struct imp_err *err);
void imp_s3_place_clear(struct imp_s3_place *place);

/* Read the keys from the file `key_file`, or, if it is NULL, from
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. The file is
 * an AWS credentials file, of which the profile [default] counts; it must be a
 * regular file that is ours and that nobody else may read: IMP_ERR_CONFIG, with
 * the mode found and wanted. On false `out` is empty. No message ever has a
 * part of a key. */
bool imp_s3_keys_init(struct imp_s3_keys *out, const char *key_file,
                      struct imp_err *err);
void imp_s3_keys_clear(struct imp_s3_keys *keys); /* wipes them */

#endif
