/* extract.h - objects out of an archive, beside runs: found by what the archive
 * lists, checked against it, and written below a directory.
 *
 * No ledger is asked. Not thread-safe. */
#ifndef IMP_PIPELINE_EXTRACT_H
#define IMP_PIPELINE_EXTRACT_H

#include "archive/target.h"

#include <stdbool.h>
#include <stddef.h>

struct imp_extractor; /* opaque */

/* Open the archive at `at`, borrowed. `*listed` is false if it has no list of
 * its objects, because its first run is still going on or was killed, or, if it
 * is one file, any. NULL with `err`. */
struct imp_extractor *imp_extractor_new(const struct imp_archive_at *at,
                                        bool *listed, struct imp_err *err);
void imp_extractor_free(struct imp_extractor *x); /* NULL is fine */

/* Call `fn` for each object that `wanted` (NULL: all) takes, in order of names
 * if there is a list. `wanted` is asked by name and, if there is a list, by
 * digest: else by that part of it that the name tells. Without a list each
 * object is read to find its digest, which its name must tell, or it is passed
 * over. */
typedef bool (*imp_wanted_fn)(void *self, const char *name, const char *digest);
bool imp_extractor_each(struct imp_extractor *x, imp_wanted_fn wanted,
                        imp_object_fn fn, void *self, struct imp_err *err);

/* Read an object, as told by _each, into `out` (emptied first): IMP_ERR_DAMAGED
 * if its length or digest is another. */
bool imp_extractor_read(struct imp_extractor *x,
                        const struct imp_object *object, struct imp_buf *out,
                        struct imp_err *err);

/* Write `bytes` to `name` in the directory `into`; directories above it are
 * made, links below `into` not followed. It appears whole or not at all, and
 * nothing is overwritten: `*there` tells if the same bytes were there already,
 * IMP_ERR_IO if others. Not durable before a sync. */
bool imp_extract_write(int into, const char *name, struct imp_span bytes,
                       bool *there, struct imp_err *err);

#endif
