/* csv_file.h - a table that follows its file. Inside of the module.
 *
 * Once in a while, and only when it is asked, it looks whether the file is
 * still the one that was read. If not, whoever asks waits until the new one has
 * been read: no answer comes from a table that has been replaced for longer
 * than that while. A new one that cannot be read, or is wrong, is an error for
 * all until it is right. Both tables are in memory while the new one is read.
 *
 * A file is not read before nobody has touched it for a moment: half of a list
 * may be a list, too, and its last row end in half of a code.
 *
 * It has a thread of its own, which reads, so that no caller waits on a file
 * system for longer than its context lives. */
#ifndef IMP_LOOKUP_CSV_FILE_H
#define IMP_LOOKUP_CSV_FILE_H

#include "lookup/csv.h"

#include <stdint.h>

struct imp_ctx;
struct imp_csv_file; /* opaque; any thread */

struct imp_csv_pace {
    int64_t look_ms;   /* at least so long between two looks */
    int64_t settle_ms; /* at least so long since the last touch */
};

/* Read it, and from then on follow it. `key` is the key's column. NULL with
 * IMP_ERR_CONFIG, _IO (also if it does not settle) or _MEMORY. Copies all. */
struct imp_csv_file *imp_csv_file_open(const char *path, const char *key,
                                       const struct imp_csv_pace *pace,
                                       struct imp_err *err);
/* NULL is fine. Waits for a file that is just being read. */
void imp_csv_file_free(struct imp_csv_file *f);

/* Names of the columns without the key's, as it was opened; a file without one
 * of them is wrong from then on. NULL-ended, borrowed. */
const char *const *imp_csv_file_names(const struct imp_csv_file *f);

/* The table, as a reference of the caller's. NULL with IMP_ERR_CANCELLED if
 * `ctx` ended first, or with what is wrong with the file. */
struct imp_csv *imp_csv_file_get(struct imp_csv_file *f, struct imp_ctx *ctx,
                                 struct imp_err *err);

#endif
