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

/* Fields that every image has. */
enum imp_field {
    IMP_FIELD_DIGEST, /* 64 hexadecimal digits */
    IMP_FIELD_DATE,   /* 2026-11-22 */
    IMP_FIELD_EXT,    /* jpg */
    IMP_FIELDS,
};

/* The fields besides: what look-ups tell of an image. */
struct imp_more_fields {
    const char *const *name; /* NULL-ended, or NULL: none */
    const char *const *also; /* the same: more of them */
    bool any; /* other names may turn out to be fields, too, image by image */
};

struct imp_template; /* opaque */

/* NULL, with `err` (IMP_ERR_CONFIG, naming the field and listing the known
 * ones), if `text` does not parse. Copies `text`. `more` may be NULL: none. */
struct imp_template *imp_template_new(const char *text,
                                      const struct imp_more_fields *more,
                                      struct imp_err *err);
void imp_template_free(struct imp_template *t);

/* Does it use the field of this name? So that nothing is computed in vain. */
bool imp_template_uses(const struct imp_template *t, const char *name);

/* What the fields stand for. */
struct imp_values {
    const char *fixed[IMP_FIELDS];
    /* The value of another field, or NULL: it has none. NULL: none has. */
    const char *(*other)(void *self, const char *name);
    void *self;
};

/* May this value be there? False with `err`, without a name in front. */
typedef bool imp_value_check(const char *value, struct imp_err *err);

/* Append the expansion to `out` (no NUL). Each value is shown to `check` first,
 * unless that is NULL. On failure `out` is as before: IMP_ERR_CONFIG, naming
 * the field, if one has no value or `check` says so; IMP_ERR_MEMORY. */
bool imp_template_expand(const struct imp_template *t,
                         const struct imp_values *values,
                         imp_value_check *check, struct imp_buf *out,
                         struct imp_err *err);

#endif
