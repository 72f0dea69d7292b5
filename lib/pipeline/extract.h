/* extract.h - objects out of an archive, beside runs: found by what the archive
 * lists, checked against it, and written below a directory.
 *
 * An object goes through memory in pieces, however long it is. No ledger is
 * asked. Not thread-safe. */
#ifndef IMP_PIPELINE_EXTRACT_H
#define IMP_PIPELINE_EXTRACT_H

#include "archive/target.h"

#include <stdbool.h>
#include <stddef.h>

struct imp_ctx;
struct imp_extractor; /* opaque */

/* Open the archive at `at`; both are borrowed. A cancel of `ctx` ends what is
 * going on, with IMP_ERR_CANCELLED. `*listed` is false if the archive has no
 * list of its objects, because its first run is still going on or was killed,
 * or, if it is one file, any. NULL with `err`. */
struct imp_extractor *imp_extractor_new(const struct imp_archive_at *at,
                                        struct imp_ctx *ctx, bool *listed,
                                        struct imp_err *err);
void imp_extractor_free(struct imp_extractor *x); /* NULL is fine */

/* Who is told of the objects. */
struct imp_extract_sink {
    void *self;
    /* Is this one wanted? NULL: all are. `digest` is that part of it that the
     * name tells, if there is no list. */
    bool (*wanted)(void *self, const char *name, const char *digest);
    /* One that is; in order of names if there is a list. False ends all. */
    imp_object_fn found;
    /* One that cannot be read, or without a name the list, behind which the
     * archive is walked for the rest. */
    void (*odd)(void *self, const char *name, const struct imp_err *why);
};

/* Tell of each object. Without a list each is read to find its digest, which
 * its name must tell, or it is odd; what has no name of ours is passed over.
 * False with `err` if `found` said
 * so, or if the archive could not be walked to its end. */
bool imp_extractor_each(struct imp_extractor *x,
                        const struct imp_extract_sink *sink,
                        struct imp_err *err);

/* What became of an object. */
enum imp_extracted {
    IMP_EXTRACT_DONE,
    IMP_EXTRACT_THERE,  /* the same bytes were there already */
    IMP_EXTRACT_FAILED, /* `err` says why; others may do better */
    IMP_EXTRACT_OVER, /* and so would any other: a full disk, a closed pipe, no
                         memory, a cancel */
};

/* Write an object, as told by _each, to its name in the directory `into`;
 * directories above it are made, links below `into` not followed. It appears
 * whole and with the digest that the archive lists (else: IMP_ERR_DAMAGED), or
 * not at all, and nothing is overwritten: IMP_ERR_IO if the name is taken by
 * other bytes. Not durable before a sync. */
enum imp_extracted imp_extractor_write(struct imp_extractor *x,
                                       const struct imp_object *object,
                                       int into, struct imp_err *err);

/* Write it to the descriptor `to`, once all of it has proven to be right: until
 * then it is in a file without a name. */
enum imp_extracted imp_extractor_send(struct imp_extractor *x,
                                      const struct imp_object *object, int to,
                                      struct imp_err *err);

#endif
