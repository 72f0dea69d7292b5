/* newfile.h - a private file that appears whole, and never in the place of
 * another. One thread each. */
#ifndef IMP_BASE_NEWFILE_H
#define IMP_BASE_NEWFILE_H

#include "base/err.h"

#include <stdbool.h>

struct imp_newfile; /* opaque */

/* Start a file of mode 0600 that _commit will put at `path`. Its directory must
 * be there. NULL with `err`. Messages name the step, never the path. */
struct imp_newfile *imp_newfile_open(const char *path, struct imp_err *err);

/* To write into; the file's own. */
int imp_newfile_fd(const struct imp_newfile *f);

/* Make it durable under its name. IMP_ERR_CONFIG if something is there already.
 * Call it once; then only _free. */
bool imp_newfile_commit(struct imp_newfile *f, struct imp_err *err);

/* Leaves nothing behind unless committed; NULL is fine. */
void imp_newfile_free(struct imp_newfile *f);

#endif
