/* json.h - text as it stands inside of a JSON string (RFC 8259 7). */
#ifndef IMP_BASE_JSON_H
#define IMP_BASE_JSON_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

#define IMP_JSON_PIECE 8 /* bytes, with the NUL */

/* The next character of `*text` as a piece of a JSON string, without quotes:
 * escaped if it must be; a byte that is no UTF-8 becomes U+FFFD. `*text` moves
 * on. Returns the piece's length; 0 at the end. Needs no memory. Any thread. */
size_t imp_json_next(const char **text, char piece[IMP_JSON_PIECE]);

/* Append `text` as a JSON string, with quotes. On failure `out` is as before.
 */
bool imp_json_add(struct imp_buf *out, const char *text, struct imp_err *err);

#endif
