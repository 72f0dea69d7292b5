/* profiles.h - whether an output's colours mean what they did in its source:
 * numbers are colours by a profile only. */
#ifndef IMP_PIPELINE_PROFILES_H
#define IMP_PIPELINE_PROFILES_H

#include "base/bytes.h"

#include <stdbool.h>

/* `*same`: the ICC profiles of `made` are those of `source`, reduced to their
 * colours and in the same order, but for those that a policy has dropped. Both
 * are whole files of the format ("jpeg", ...). False with `err` if one of them
 * is not read: IMP_ERR_DAMAGED, _LIMIT, _UNSUPPORTED, _MEMORY. Any thread. */
bool imp_profiles_same(const char *format, struct imp_span source,
                       struct imp_span made, bool *same, struct imp_err *err);

#endif
