/* census.h - three lists of an archive's objects brought together by name: what
 * its manifest lists, what its payload has, what the ledger has recorded.
 *
 * They come in any order and are sorted on disk ($TMPDIR), so that memory does
 * not grow with their number. A census belongs to one thread. */
#ifndef IMP_LEDGER_CENSUS_H
#define IMP_LEDGER_CENSUS_H

#include "base/object.h"

#include <stdbool.h>
#include <stddef.h>

struct imp_ctx;
struct imp_census; /* opaque */

enum imp_census_source {
    IMP_CENSUS_LISTED,   /* in the manifest: its digest, length, place */
    IMP_CENSUS_PRESENT,  /* a file in the payload: its place */
    IMP_CENSUS_OTHER,    /* in the payload, and no regular file */
    IMP_CENSUS_RECORDED, /* in the ledger: its digest, length, place */
    IMP_CENSUS_MADE_BY,  /* `digest` is a policy that it was made by */
    IMP_CENSUS_OVERLAID, /* in the ledger: its mark is an overlay */
};
#define IMP_CENSUS_SOURCES 6
#define IMP_CENSUS_POLICIES 4

/* What all of them say of one name. */
struct imp_census_entry {
    const char *name;                 /* borrowed for the call */
    size_t times[IMP_CENSUS_SOURCES]; /* how often it was told */
    /* As it was told last; those of MADE_BY are in `policy`. */
    struct imp_object as[IMP_CENSUS_SOURCES];
    /* Different ones, the first few. */
    struct imp_digest policy[IMP_CENSUS_POLICIES];
    size_t n_policies;
};

/* A cancel of `ctx`, which must outlive it, ends what takes long with
 * IMP_ERR_CANCELLED. NULL with `err`. */
struct imp_census *imp_census_new(struct imp_ctx *ctx, struct imp_err *err);
void imp_census_free(struct imp_census *c); /* NULL is fine */

bool imp_census_add(struct imp_census *c, enum imp_census_source source,
                    const struct imp_object *object, struct imp_err *err);

/* Call `fn` for every name, in the order of their bytes. False stops it. */
typedef bool (*imp_census_fn)(void *self, const struct imp_census_entry *entry,
                              struct imp_err *err);
bool imp_census_each(struct imp_census *c, imp_census_fn fn, void *self,
                     struct imp_err *err);

#endif
