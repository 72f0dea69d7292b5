/* stencil.h - marks that are ready to be drawn: most pictures of a run have one
 * of a few sizes, and a mark is rendered once for each. Any thread may use a
 * cache. */
#ifndef IMP_MARK_STENCIL_H
#define IMP_MARK_STENCIL_H

#include "base/area.h"
#include "mark/ink.h"
#include "mark/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a mark depends on, besides what all marks of a run have in common. */
struct imp_stencil_key {
    const char *text;        /* UTF-8, its fields filled in */
    struct imp_size picture; /* as stored */
    unsigned orientation;    /* 1..8 */
};

/* Ink as it lies in the stored picture. */
struct imp_stencil {
    struct imp_ink ink;
    struct imp_spot *spot; /* as in struct imp_inked; of malloc */
    size_t n;
    struct imp_area area; /* of all of it */
};

/* Render: `out` is empty. */
typedef bool imp_stencil_make(void *self, const struct imp_stencil_key *key,
                              struct imp_stencil *out, struct imp_err *err);

struct imp_stencils; /* opaque: the cache */

/* One that keeps at most `max_bytes` of ink and spots; beyond that, what was
 * used longest ago goes, but nothing that is taken. A stencil for which there
 * is no room lives until it is put back. NULL with IMP_ERR_MEMORY. */
struct imp_stencils *imp_stencils_new(size_t max_bytes, struct imp_err *err);

/* All that was taken must have been put back. NULL is fine. */
void imp_stencils_free(struct imp_stencils *s);

/* Take the stencil for `key`, made by `make` if it is not there: two threads
 * that miss it at the same time both make one. It stays as it is until it is
 * put back. NULL with the error of `make`, or IMP_ERR_MEMORY. */
const struct imp_stencil *imp_stencils_take(struct imp_stencils *s,
                                            const struct imp_stencil_key *key,
                                            imp_stencil_make *make, void *self,
                                            struct imp_err *err);
void imp_stencils_put(struct imp_stencils *s, const struct imp_stencil *taken);

#endif
