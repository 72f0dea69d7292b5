/* plugin.h - shared objects of ours that are loaded only when they are needed,
 * for what they bring takes longer to load than the program itself. */
#ifndef IMP_BASE_PLUGIN_H
#define IMP_BASE_PLUGIN_H

#include "base/err.h"

/* The address of `symbol` in ../lib/imgpipe/`file`, as seen from the program's
 * own directory: no search path and no environment variable has a say. It stays
 * loaded. Any thread. NULL with IMP_ERR_CONFIG. */
void *imp_plugin_load(const char *file, const char *symbol,
                      struct imp_err *err);

#endif
