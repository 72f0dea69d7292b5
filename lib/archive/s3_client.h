/* s3_client.h - what an S3 store is asked for: objects below one prefix.
 *
 * Keys are relative to the prefix. Each object that is put has the SHA-256 of
 * its bytes in its metadata (x-amz-meta-sha256), for others to look at: whoever
 * may write to the bucket can put anything there, so it is never believed. Any
 * thread, several at once: each uses a connection of its own.
 *
 * A request that fails for a reason that may pass (5xx, 429, SlowDown, a broken
 * connection) is sent again, up to 10 times within 2 minutes (before the first
 * answer: 5 times within 15 seconds), after a pause that is drawn at random
 * from a span that doubles each time. To that is added what a 503 or 429 has as
 * Retry-After in seconds, but nobody waits longer than those 2 minutes: a last
 * try is made at their end. A store that was given up is then asked
 * just once per request, until it answers. What waits ends within a second of
 * the cancel of `stop`, with IMP_ERR_CANCELLED.
 *
 * Errors: IMP_ERR_CONFIG for wrong keys, no such bucket, another region, a
 * clock that differs, a certificate that does not verify; IMP_ERR_IO and
 * IMP_ERR_TIMEOUT for the rest. No message has a key or a signature. */
#ifndef IMP_ARCHIVE_S3_CLIENT_H
#define IMP_ARCHIVE_S3_CLIENT_H

#include "archive/target.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stdint.h>

/* What is longer goes in parts of a quarter of it. */
#define IMP_S3_SIMPLE_MAX ((uint64_t)64 << 20)

#define IMP_S3_ETAG_MAX 130 /* with quotes and NUL */

struct imp_s3; /* opaque */

/* For the bucket and prefix that `where` names; see imp_s3_place_init. Asks the
 * store nothing. NULL with `err`. */
struct imp_s3 *imp_s3_new(const char *where, const struct imp_s3_access *access,
                          struct imp_err *err);
void imp_s3_free(struct imp_s3 *s3); /* NULL is fine */

/* --- objects --- */

struct imp_s3_head {
    bool found; /* the rest is set only then */
    uint64_t length;
    char etag[IMP_S3_ETAG_MAX];
};
bool imp_s3_head(struct imp_s3 *s3, const char *key, struct imp_s3_head *out,
                 struct imp_err *err);

/* Read it into the sink. `*found` is false, and the sink not called, if it is
 * not there. `etag` (may be NULL) becomes that of what was read. IMP_ERR_LIMIT
 * if the store has more than `most` bytes for it, or says so: the sink never
 * gets more. */
bool imp_s3_get(struct imp_s3 *s3, const char *key, uint64_t most,
                const struct imp_sink *sink, bool *found,
                char etag[IMP_S3_ETAG_MAX], struct imp_err *err);

/* Make the key hold these bytes, of this digest; what it held before, if
 * anything, stays. If it holds these bytes already, which is so after an answer
 * that was lost, that is success: the store has then said which SHA-256 it has
 * worked out, or all was read back. `*held` is false if it holds others. What
 * is longer than IMP_S3_SIMPLE_MAX goes in parts. The store checks what arrives
 * by its SHA-256. */
bool imp_s3_put_new(struct imp_s3 *s3, const char *key, struct imp_span body,
                    const struct imp_digest *digest, bool *held,
                    struct imp_err *err);

/* The same, over what has the ETag `over` (""; nothing is there), and in one
 * piece, which stores allow up to 5 GB. `*held` is false if something else is
 * there by now. */
bool imp_s3_put_over(struct imp_s3 *s3, const char *key, struct imp_span body,
                     const struct imp_digest *digest, const char *over,
                     bool *held, struct imp_err *err);

/* Not being there is success. */
bool imp_s3_delete(struct imp_s3 *s3, const char *key, struct imp_err *err);

/* --- lists --- */

/* A walk over the objects whose keys begin with `begin`, ordered by key as
 * bytes. With `folders`, all keys with a slash behind `begin` are told as one,
 * which ends with the slash; then in no order. NULL without memory. */
struct imp_s3_cursor;
struct imp_s3_cursor *imp_s3_cursor_new(struct imp_s3 *s3, const char *begin,
                                        bool folders, struct imp_err *err);

/* `*key` is borrowed until the next call, and NULL at the end. */
bool imp_s3_cursor_next(struct imp_s3_cursor *c, const char **key,
                        uint64_t *length, struct imp_err *err);
void imp_s3_cursor_free(struct imp_s3_cursor *c); /* NULL is fine */

/* --- uploads in parts that were not completed --- */

/* Abort those whose keys begin with `begin` and that are older than
 * `age_s`; `*left` is how many are not. */
bool imp_s3_abort_uploads(struct imp_s3 *s3, const char *begin, int64_t age_s,
                          uint64_t *left, struct imp_err *err);

#endif
