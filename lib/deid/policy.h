/* policy.h - what may stay. Everything else goes; there is no deny-list.
 *
 * A policy is read-only once made: any thread may use it. An editor made from
 * it serves one image at a time and belongs to one thread. */
#ifndef IMP_DEID_POLICY_H
#define IMP_DEID_POLICY_H

#include "base/sha256.h"
#include "image/part.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_policy; /* opaque */

/* The strict preset: only what is needed to show the picture. */
struct imp_policy *imp_policy_new_strict(struct imp_err *err);
void imp_policy_free(struct imp_policy *p);

/* SHA-256 of the preset, its allow-lists and the version of what is done with
 * them: of all that decides about an output. Goes into the ledger. */
struct imp_digest imp_policy_digest(const struct imp_policy *p);

struct imp_deid; /* opaque: an editor with its memory */

/* An editor for the policy, to be reused image after image. The policy must
 * outlive it. */
struct imp_deid *imp_deid_new(const struct imp_policy *p, struct imp_err *err);
void imp_deid_free(struct imp_deid *d);

/* Make ready for the next image. */
void imp_deid_start(struct imp_deid *d);

/* What a format handler asks. Borrowed from `d`. EXIF and ICC are rebuilt and
 * replaced, or kept if that changes nothing, or dropped if nothing is left;
 * every other kind is dropped. Asked about structure or coded data, it refuses
 * with IMP_ERR_INVARIANT. */
struct imp_editor *imp_deid_editor(struct imp_deid *d);

#endif
