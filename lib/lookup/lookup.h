/* lookup.h - a source that is asked what it knows of a key: a CSV file, a table
 * of an SQLite database, an HTTP endpoint.
 *
 * A kind of source is one file, from_NAME.c, and one row of the table in
 * lookup.c. This header is what the rest sees of all of them; kinds.h is what
 * they implement.
 *
 * Keys are identifying: none is in a message. */
#ifndef IMP_LOOKUP_LOOKUP_H
#define IMP_LOOKUP_LOOKUP_H

#include "lookup/answer.h"

#include <stdbool.h>

struct imp_ctx;
struct imp_lookup; /* opaque */

/* Where to ask, and how to be let in. */
struct imp_lookup_at {
    /* "csv:FILE", "sqlite:FILE?table=T", "http://HOST/{key}", "https://..."; of
     * the first two the key's column is called "subject", or ?key=NAME,
     * &key=NAME. A literal '?' or '%' of a file's name is written %3F, %25. */
    const char *spec;
    /* A file of mode 0600 with a bearer token (RFC 6750), for HTTP; NULL: none.
     * It is sent over TLS only, or to this machine itself. A source that cannot
     * send one is not opened with it. */
    const char *token_file;
};

/* Open it and check all that can be checked without a key. NULL with
 * IMP_ERR_CONFIG (it is not what it should be: no such file, column or table)
 * or IMP_ERR_IO, _MEMORY. Copies what it needs. */
struct imp_lookup *imp_lookup_open(const struct imp_lookup_at *at,
                                   struct imp_err *err);
void imp_lookup_free(struct imp_lookup *l); /* NULL is fine */

/* The file of this machine that `spec` names, into `*file`, which the caller
 * frees; NULL if it names none. */
bool imp_lookup_file(const char *spec, char **file, struct imp_err *err);

/* Is it asked outside of this process, so that answers are worth keeping? */
bool imp_lookup_is_slow(const struct imp_lookup *l);

/* Is all that it knows in memory, so that asking costs next to nothing? */
bool imp_lookup_is_in_memory(const struct imp_lookup *l);

/* The names that answers have, NULL-ended, borrowed; NULL: known only once
 * there is an answer. */
const char *const *imp_lookup_names(const struct imp_lookup *l);

/* Ask for `key` (no NUL byte in it), as imp_subject_tidy makes it. What a CSV
 * file has for keys is brought into that form, too. An SQLite table is asked
 * for it and for the decomposed one (NFD): a key that has blanks around it
 * there, or is composed in one letter and not in another, is not found.
 *
 * On true `*answer` is a reference of the caller's, or NULL: the source knows
 * no such key. Waits until there is an answer or `ctx` ends, which it notices
 * within 50 ms: IMP_ERR_CANCELLED. IMP_ERR_IO, _TIMEOUT, _MEMORY if the source
 * cannot be asked now, after trying again, where that is of use, until the next
 * pause would outlast `ctx`; _CONFIG if trying again would not help: what it
 * says is not what it should be. Any thread, several at once. */
bool imp_lookup_find(struct imp_lookup *l, struct imp_span key,
                     struct imp_ctx *ctx, struct imp_answer **answer,
                     struct imp_err *err);

#endif
