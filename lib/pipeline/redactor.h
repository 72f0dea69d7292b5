/* redactor.h - the rules' answer for the object at hand, kept until it is
 * carried out. One thread. */
#ifndef IMP_PIPELINE_REDACTOR_H
#define IMP_PIPELINE_REDACTOR_H

#include "deid/policy.h"
#include "mark/redact.h"
#include "mark/redact_rules.h"

#include <stdbool.h>

struct imp_redactor {
    struct imp_deid_redactor asked; /* by imp_deid_redact_by */
    const struct imp_redact_rules *rules;
    struct imp_rect rect[IMP_REDACT_RECTS]; /* of the object at hand */
    size_t n;
    struct imp_dicom_patches patches; /* memory for it */
};

/* `rules` are borrowed; `r` stays at its address. */
void imp_redactor_init(struct imp_redactor *r,
                       const struct imp_redact_rules *rules);
void imp_redactor_clear(struct imp_redactor *r);

#endif
