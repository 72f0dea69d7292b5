/* prove.h - that an archived image is its source, but for the mark and for what
 * was redacted: found out anew from both files. What is taken from the ledger
 * is which object was made of which source, its digest, and where the mark
 * lies. */
#ifndef IMP_PIPELINE_PROVE_H
#define IMP_PIPELINE_PROVE_H

#include "archive/target.h"
#include "ledger/ledger.h"
#include "mark/compare.h"
#include "source/source.h"

#include <stdbool.h>

struct imp_redact_rules;

enum imp_proof {
    IMP_PROVEN,       /* nothing differs outside of what is meant */
    IMP_DISPROVEN,    /* something does, or the object is not what the ledger
                         says: see `err` */
    IMP_NOT_PROVEN,   /* it cannot be told: see `err` */
    IMP_NOT_ARCHIVED, /* the ledger knows of no output */
};

struct imp_proven {
    enum imp_proof proof;
    struct imp_err err;
    struct imp_archived archived; /* unless NOT_ARCHIVED */
    bool compared;                /* `difference` is set */
    struct imp_difference difference;
};

struct imp_prover; /* opaque; one thread */

/* `archive` and `state` as for a run; both are only read. `rules`, borrowed,
 * are those that DICOM objects were redacted by: their rectangles must be
 * black, and may differ. NULL: there are none. NULL with `err` (IMP_ERR_CONFIG,
 * _BUSY, _IO). */
struct imp_prover *imp_prover_new(const struct imp_archive_at *archive,
                                  const char *state,
                                  const struct imp_redact_rules *rules,
                                  struct imp_err *err);
void imp_prover_free(struct imp_prover *p);

/* Compare an input with what was archived of it. `job` stays the caller's. */
void imp_prover_look(struct imp_prover *p, const struct imp_job *job,
                     struct imp_proven *out);

#endif
