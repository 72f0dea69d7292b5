/* outcome.h - what becomes of an input; each ends in exactly one of these. */
#ifndef IMP_BASE_OUTCOME_H
#define IMP_BASE_OUTCOME_H

#include "base/err.h"

enum imp_outcome {
    IMP_ARCHIVED,    /* durable, named, in the ledger */
    IMP_DUPLICATE,   /* the same output is in the archive already */
    IMP_SKIPPED,     /* done before, not settled, or excluded */
    IMP_QUARANTINED, /* the input's fault */
    IMP_FAILED,      /* our fault; the next run tries again */
    IMP_CANCELLED,   /* a cancel came first; the input is untouched */
};
#define IMP_OUTCOMES 6

/* "archived", "duplicate", ...: as in the summary, the ledger and --json. */
const char *imp_outcome_name(enum imp_outcome outcome);

/* The outcome of an input that ended with an error of this code. */
enum imp_outcome imp_outcome_of(enum imp_code code);

#endif
