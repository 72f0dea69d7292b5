/* prove_redacted.h - what rules say of a DICOM object's source, and whether
 * that was done: for the prover. One thread. */
#ifndef IMP_PIPELINE_PROVE_REDACTED_H
#define IMP_PIPELINE_PROVE_REDACTED_H

#include "mark/compare.h"
#include "mark/redact.h"

#include <stdbool.h>

struct imp_redact_rules;

/* The rectangles of the rules (NULL: there are none) that match `source`; none
 * if it has no picture, or is deflated. */
bool imp_redacted_find(struct imp_span source,
                       const struct imp_redact_rules *rules,
                       struct imp_rect rect[IMP_REDACT_RECTS], size_t *n,
                       struct imp_err *err);

/* Does the object say that its pixels were cleaned: code 113101? */
bool imp_redacted_says(struct imp_span made, bool *says, struct imp_err *err);

/* Does `made` look in the rectangles of `meant` as `source` does when they are
 * blacked out, but for the mark? Their kind must be the same. */
bool imp_redacted_is_black(struct imp_span source, struct imp_span made,
                           const struct imp_meant *meant, bool *black,
                           struct imp_err *err);

#endif
