/* list.h - lists that semicolons divide, as key files have them. */
#ifndef IMP_BASE_LIST_H
#define IMP_BASE_LIST_H

#include "base/err.h"

#include <stdbool.h>

/* Call `take` for each entry of `list`, in order, without blanks around it,
 * until it returns false: so does this. What is empty is no entry. The entry is
 * borrowed for the call. Any thread. */
bool imp_list_each(const char *list,
                   bool (*take)(void *self, const char *entry,
                                struct imp_err *err),
                   void *self, struct imp_err *err);

#endif
