/* csv.h - a table of comma-separated values, found by one of its columns.
 *
 * csv_read.h has the dialect. Read-only once made, and counted: any thread may
 * hold a reference. It takes the memory of its file, and 16 to 32 bytes for
 * each row. */
#ifndef IMP_LOOKUP_CSV_H
#define IMP_LOOKUP_CSV_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct imp_csv; /* opaque */

#define IMP_CSV_MAX ((size_t)1 << 30) /* bytes of text */

/* A table of `text`, which is taken, on failure too, and left empty.
 * IMP_ERR_CONFIG if it is not of that form, has no column `key`, or a key, in
 * the form of tidy.h, is empty or there twice: also in rows that say the same,
 * for the one who corrects a row would have to know of the other. `names`,
 * NULL-ended, are columns that must be there, too; NULL: which there are is not
 * known yet, and the message lists them if the key's is missing. The caller has
 * the one reference. */
struct imp_csv *imp_csv_new(struct imp_buf *text, const char *key,
                            const char *const *names, struct imp_err *err);

/* One more reference, which is returned, and one less; the last frees it, and
 * NULL is fine. */
struct imp_csv *imp_csv_ref(struct imp_csv *t);
void imp_csv_unref(struct imp_csv *t);

/* Names of the columns, borrowed; `*key` is the key's number. */
const char *const *imp_csv_names(const struct imp_csv *t, size_t *n,
                                 size_t *key);
size_t imp_csv_rows(const struct imp_csv *t); /* without the header */

/* Walk the rows in the file's order; `row` is as _find gives it. False if `fn`
 * says so, with the row's line in front of its message. */
typedef bool (*imp_csv_row_fn)(void *self, const char *row,
                               struct imp_err *err);
bool imp_csv_each(const struct imp_csv *t, imp_csv_row_fn fn, void *self,
                  struct imp_err *err);

/* The fields of the row with this key, which is in the form of tidy.h, as many
 * as there are columns, as the file has them, each with a NUL behind it;
 * borrowed. NULL: there is none. */
const char *imp_csv_find(const struct imp_csv *t, struct imp_span key);

#endif
