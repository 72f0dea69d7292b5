/* columns.h - what sources that are tables share: what a column may be called,
 * what a field may hold, and which names their answers have. Inside of the
 * module; any thread.
 *
 * Names of columns may stand in a message, what is in the rows never. */
#ifndef IMP_LOOKUP_COLUMNS_H
#define IMP_LOOKUP_COLUMNS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define IMP_KEY_COLUMN "subject" /* the key's, unless one says another */
#define IMP_COLUMNS_MAX 1000
#define IMP_COLUMN_NAME_MAX 200 /* bytes */
/* Bytes of a field: what a cell of a spreadsheet can have, 32,767 characters.
 */
#define IMP_FIELD_MAX ((size_t)131072)

/* What is wrong with a field of `n` bytes (a NUL behind them), as the end of a
 * message; NULL: nothing. It is UTF-8 without control characters but for tab
 * and line breaks, which a remark of several lines has. */
const char *imp_field_fault(const char *text, size_t n);

/* The names of a table's columns: 1 to IMP_COLUMNS_MAX, and each has 1 to
 * IMP_COLUMN_NAME_MAX bytes, is UTF-8 without any control character, and is
 * there once. IMP_ERR_CONFIG. */
bool imp_columns_check(const char *const *names, size_t n, struct imp_err *err);

/* Copies of all but number `key`, which is the subject's own and not the
 * trial's: NULL-ended, in one piece, which the caller frees. NULL without
 * memory. */
const char **imp_columns_dup(const char *const *names, size_t n, size_t key,
                             struct imp_err *err);

/* "a, b, c", for a message; what does not fit becomes "...". */
#define IMP_COLUMNS_LIST 160
void imp_columns_list(const char *const *names, size_t n,
                      char out[IMP_COLUMNS_LIST]);

#endif
