/* template.h - "{protocol} {digest:8}": text with fields, parsed once per run
 * and expanded per image. Names (--name) and marks (--mark-text) share it.
 *
 * `{name}` is a field, `{name:N}` its first N characters (1 or more), `{{` and
 * `}}` are literal braces, any other brace is an error. An unknown field is an
 * error when parsing, before the first image. A parsed template is read-only:
 * any thread may expand it. */
#ifndef IMP_BASE_TEMPLATE_H
#define IMP_BASE_TEMPLATE_H

#include "base/bytes.h"

/* The fields a template may take; a field without a value for this run is
 * unknown when parsing. */
enum imp_field {
    IMP_FIELD_DIGEST, /* 64 hexadecimal digits */
    IMP_FIELD_DATE,   /* 2026-11-22 */
    IMP_FIELD_EXT,    /* jpg */
    IMP_FIELDS,
};

struct imp_template; /* opaque */

/* NULL, with `err` (IMP_ERR_CONFIG, naming the field and listing the known
 * ones), if `text` does not parse. Copies `text`. */
struct imp_template *imp_template_new(const char *text, struct imp_err *err);
void imp_template_free(struct imp_template *t);

/* Does it use `field`? So that nothing is computed in vain. */
bool imp_template_uses(const struct imp_template *t, enum imp_field field);

/* Append the expansion to `out` (no NUL); on failure (IMP_ERR_MEMORY) `out` is
 * as before. Each value that the template uses must be given: a NULL there is
 * a bug and aborts. */
bool imp_template_expand(const struct imp_template *t,
                         const char *const value[IMP_FIELDS],
                         struct imp_buf *out, struct imp_err *err);

#endif
