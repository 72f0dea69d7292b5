/* csv_read.h - comma-separated values (RFC 4180) made rows, in the memory that
 * they were read into. Inside of the module.
 *
 * The dialect: fields in quotes or not, a quote in quotes doubled; commas and
 * line breaks in quotes; lines ended by CRLF or LF, the last one or not; a
 * UTF-8 byte order mark is passed over; fields are as columns.h has them. A
 * line in which every field is empty (",,,") is passed over wherever it stands:
 * spreadsheets write such for rows that somebody has cleared. Everything else
 * that is not of this form is an error, for a row that is read wrongly gives
 * somebody another one's code.
 *
 * One thread at a time; once read, any. */
#ifndef IMP_LOOKUP_CSV_READ_H
#define IMP_LOOKUP_CSV_READ_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stands where a line was passed over; in no field. */
#define IMP_CSV_PASSED '\x01'

/* Each row is `columns` fields, each with a NUL behind it, the header first. */
struct imp_csv_rows {
    char *text; /* borrowed */
    size_t n;   /* bytes */
    size_t columns;
    size_t count; /* without the header */
};

/* Read text[0..n); text[n] must be there and be NUL. False is IMP_ERR_CONFIG,
 * with the line and what was wanted there, and the text is spoilt. */
bool imp_csv_read(char *text, size_t n, struct imp_csv_rows *rows,
                  struct imp_err *err);

/* The line of the file, from 1, in which the row at text[at] begins. Slow: for
 * messages. */
uint64_t imp_csv_line(const struct imp_csv_rows *rows, size_t at);

#endif
