/* json_answer.h - an answer that came as JSON (RFC 8259). Inside of the module.
 *
 * Whoever sent it is not trusted. Its values end up in names and on marks, so
 * what is taken is held to be clean; and it may say more than we need, which
 * must not fail an image. */
#ifndef IMP_LOOKUP_JSON_ANSWER_H
#define IMP_LOOKUP_JSON_ANSWER_H

#include "lookup/answer.h"

#define IMP_JSON_MEMBERS_MAX 64
#define IMP_JSON_NAME_MAX 100   /* bytes */
#define IMP_JSON_VALUE_MAX 4096 /* bytes */

/* Draw the secret of jansson's hash tables, which it else does with the first
 * answer, and not safely if several threads read theirs. Call it before; twice
 * is fine. */
void imp_json_answer_init(void);

/* The members of the object `json`: a string as it is, an integer and a boolean
 * as text ("42", "true"). Null, a number with a fraction or exponent, an array
 * and an object are passed over, as if they were not said, and count for
 * nothing.
 *
 * NULL with IMP_ERR_MEMORY, or with IMP_ERR_CONFIG: it is no JSON object, or
 * not UTF-8, is nested by more than 2048, has an integer beyond 64 bits, or one
 * name twice in one object; or of what is taken, more than
 * IMP_JSON_MEMBERS_MAX members, a name that is empty or longer than
 * IMP_JSON_NAME_MAX, a value longer than IMP_JSON_VALUE_MAX, or a control
 * character (NUL to U+001F, U+007F to U+009F) in either. Messages tell the
 * member's number, from 1, or the offset where no member is known yet, and
 * nothing that the answer says. Takes up to a hundred times the memory of
 * `json`, so the caller limits that. Any thread. */
struct imp_answer *imp_answer_from_json(struct imp_span json,
                                        struct imp_err *err);

#endif
