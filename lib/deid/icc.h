/* icc.h - an ICC profile (ISO 15076-1) reduced to its colours.
 *
 * A profile can carry names, serial numbers, dates and any private tag. What
 * leaves is a fresh profile: a neutral header, the tags that a colour
 * transform needs, each checked for its type and extent, and neutral text
 * where the standard demands one. A profile whose colour data is known by its
 * hash gets the common name of that colour space. */
#ifndef IMP_DEID_ICC_H
#define IMP_DEID_ICC_H

#include "base/bytes.h"

#include <stdbool.h>

/* What becomes of profiles. */
enum imp_icc_mode {
    IMP_ICC_NEUTRAL = 0, /* rebuilt, known or not */
    IMP_ICC_KEEP_KNOWN,  /* rebuilt if its colour data is known, else dropped */
    IMP_ICC_DROP,
};

/* Rebuild `profile` into `out` (emptied first). `out` is empty if the profile
 * is broken or of a class that cannot describe an image: it is then dropped.
 * The result is never much larger than the profile, and rebuilding it gives it
 * again. `profile` must not lie in `out`. False only without memory or without
 * libcrypto. Any thread may call. */
bool imp_icc_rebuild(struct imp_span profile, enum imp_icc_mode mode,
                     struct imp_buf *out, struct imp_err *err);

/* Append the allow-list as text to `out`: what a policy's digest is made of.
 * On failure `out` holds part of it. */
bool imp_icc_describe(enum imp_icc_mode mode, struct imp_buf *out,
                      struct imp_err *err);

#endif
