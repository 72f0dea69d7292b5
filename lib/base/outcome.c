#include "base/outcome.h"

const char *imp_outcome_name(enum imp_outcome outcome)
{
    switch (outcome) {
    case IMP_ARCHIVED:
        return "archived";
    case IMP_DUPLICATE:
        return "duplicate";
    case IMP_SKIPPED:
        return "skipped";
    case IMP_QUARANTINED:
        return "quarantined";
    case IMP_FAILED:
        return "failed";
    case IMP_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}

enum imp_outcome imp_outcome_of(enum imp_code code)
{
    switch (code) {
    case IMP_OK:
        return IMP_ARCHIVED;
    case IMP_ERR_DAMAGED:
    case IMP_ERR_UNSUPPORTED:
    case IMP_ERR_LIMIT:
    case IMP_ERR_INVARIANT:
    case IMP_ERR_RESIDUAL:
    case IMP_ERR_CRASHED:
    case IMP_ERR_UNKNOWN_SUBJECT:
        return IMP_QUARANTINED;
    case IMP_ERR_UNSETTLED:
        return IMP_SKIPPED;
    case IMP_ERR_CANCELLED:
        return IMP_CANCELLED;
    case IMP_ERR_IO:
    case IMP_ERR_MEMORY:
    case IMP_ERR_TIMEOUT:
    case IMP_ERR_BUSY:
    case IMP_ERR_CONFIG:
        return IMP_FAILED;
    }
    return IMP_FAILED;
}
