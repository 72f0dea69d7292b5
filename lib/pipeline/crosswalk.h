/* crosswalk.h - the ledger's subjects and codes as a file, and back: for the
 * data manager, who keeps it where only the site's own people see it. */
#ifndef IMP_PIPELINE_CROSSWALK_H
#define IMP_PIPELINE_CROSSWALK_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Write the subjects of the ledger in the directory `state` as CSV (RFC 4180),
 * with the columns subject, code and made ("by key" or "imported"): into the
 * new file `path`, of mode 0600, whole or not at all; or, if that is NULL, to
 * standard output. IMP_ERR_CONFIG if `path` would lie inside of the ledger's
 * archive, or is there already. `*n` is their number. */
bool imp_crosswalk_export(const char *state, const char *path, uint64_t *n,
                          struct imp_err *err);

/* Take the CSV file `path`, with the columns subject and code, and made or not,
 * into the ledger, all of it or nothing. Runs take these codes before they make
 * any. Waits for no run: IMP_ERR_BUSY. IMP_ERR_CONFIG, with the line, if a row
 * does not fit: see subjects.h. `*n` is the number of rows. */
bool imp_crosswalk_import(const char *state, const char *path, uint64_t *n,
                          struct imp_err *err);

#endif
