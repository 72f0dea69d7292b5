#include "base/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const FIELD_NAME[IMP_FIELDS] = {
    [IMP_FIELD_DIGEST] = "digest",
    [IMP_FIELD_DATE] = "date",
    [IMP_FIELD_EXT] = "ext",
};

#define LIMIT_MAX 1000000 // of {name:N}: keeps the sum of digits in range

// A run of text, or a field.
struct piece {
    bool is_field;
    size_t limit; // characters of a field's value; SIZE_MAX: all
    size_t at, n; // of the text or the name, in imp_template.text
};

struct imp_template {
    char *text; // literal text, with `{{` and `}}` already made one, and the
                // names of fields, each with a NUL behind
    size_t text_len;
    struct piece *piece;
    size_t n;
};

static void add_known(char *known, size_t cap, size_t *len, const char *name)
{
    if (*len < cap)
        *len += (size_t)snprintf(known + *len, cap - *len, "%s{%s}",
                                 *len ? ", " : "", name);
}

static bool fail_known(struct imp_err *err, const struct imp_more_fields *more,
                       const char *name, int n)
{
    char known[200] = "";
    size_t len = 0;
    for (size_t i = 0; i < IMP_FIELDS; i++)
        add_known(known, sizeof known, &len, FIELD_NAME[i]);
    for (size_t i = 0; more->name && more->name[i]; i++)
        add_known(known, sizeof known, &len, more->name[i]);
    for (size_t i = 0; more->also && more->also[i]; i++)
        add_known(known, sizeof known, &len, more->also[i]);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "template: no field {%.*s}: want one of %s", n, name,
                    known);
}

static bool is_name(const char *known, const char *name, size_t n)
{
    return strlen(known) == n && memcmp(known, name, n) == 0;
}

static bool is_among(const char *const *names, const char *name, size_t n)
{
    for (size_t i = 0; names && names[i]; i++)
        if (is_name(names[i], name, n))
            return true;
    return false;
}

static bool is_known(const struct imp_more_fields *more, const char *name,
                     size_t n)
{
    if (n == 0)
        return false;
    for (size_t i = 0; i < IMP_FIELDS; i++)
        if (is_name(FIELD_NAME[i], name, n))
            return true;
    return is_among(more->name, name, n) || is_among(more->also, name, n) ||
           (more->any && !memchr(name, '{', n));
}

static bool parse_limit(const char *digits, size_t n, size_t *limit)
{
    size_t value = 0;
    for (size_t i = 0; i < n; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        value = value * 10 + (size_t)(digits[i] - '0');
        if (value > LIMIT_MAX)
            return false;
    }
    *limit = value;
    return n > 0 && value > 0;
}

// What stands between the braces: NAME or NAME:N.
static bool parse_field(struct imp_template *t,
                        const struct imp_more_fields *more, const char *inside,
                        size_t n, struct imp_err *err)
{
    const char *colon = memchr(inside, ':', n);
    size_t name_len = colon ? (size_t)(colon - inside) : n;
    int shown = name_len > 40 ? 40 : (int)name_len;
    struct piece *out = &t->piece[t->n++];

    *out = (struct piece){
        .is_field = true, .limit = SIZE_MAX, .at = t->text_len, .n = name_len};
    if (colon && !parse_limit(colon + 1, n - name_len - 1, &out->limit))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "template: field {%.*s:N}: want N a number from 1 to "
                        "%d",
                        shown, inside, LIMIT_MAX);
    if (!is_known(more, inside, name_len))
        return fail_known(err, more, inside, shown);
    memcpy(t->text + t->text_len, inside, name_len);
    t->text_len += name_len;
    t->text[t->text_len++] = '\0';
    return true;
}

// One more character of literal text; neighbours share a piece.
static void add_literal(struct imp_template *t, char c)
{
    struct piece *last = t->n ? &t->piece[t->n - 1] : NULL;
    if (!last || last->is_field) {
        last = &t->piece[t->n++];
        *last = (struct piece){.at = t->text_len};
    }
    t->text[t->text_len++] = c;
    last->n++;
}

static bool parse(struct imp_template *t, const struct imp_more_fields *more,
                  const char *p, struct imp_err *err)
{
    while (*p) {
        if (*p != '{' && *p != '}') {
            add_literal(t, *p++);
            continue;
        }
        if (p[1] == *p) {
            add_literal(t, *p);
            p += 2;
            continue;
        }
        if (*p == '}')
            return imp_fail(err, IMP_ERR_CONFIG,
                            "template: `}` without `{`: write `}}` for a "
                            "brace");
        const char *end = strchr(p, '}');
        if (!end)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "template: `{` without `}`: write `{{` for a "
                            "brace");
        if (!parse_field(t, more, p + 1, (size_t)(end - p - 1), err))
            return false;
        p = end + 1;
    }
    return true;
}

struct imp_template *imp_template_new(const char *text,
                                      const struct imp_more_fields *more,
                                      struct imp_err *err)
{
    static const struct imp_more_fields none;
    // No text has more pieces than characters, and the braces of a field have
    // room for its NUL.
    size_t most = strlen(text) + 1;
    struct imp_template *t = calloc(1, sizeof *t);
    if (t) {
        t->text = malloc(most);
        t->piece = calloc(most, sizeof *t->piece);
    }
    if (!t || !t->text || !t->piece) {
        imp_fail(err, IMP_ERR_MEMORY, "template: no memory for %zu bytes",
                 most);
        goto failed;
    }
    if (parse(t, more ? more : &none, text, err))
        return t;
failed:
    imp_template_free(t);
    return NULL;
}

void imp_template_free(struct imp_template *t)
{
    if (!t)
        return;
    free(t->piece);
    free(t->text);
    free(t);
}

bool imp_template_uses(const struct imp_template *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->piece[i].is_field && strcmp(t->text + t->piece[i].at, name) == 0)
            return true;
    return false;
}

// Bytes in the first `limit` characters of UTF-8: a character is never cut.
static size_t prefix_len(const char *value, size_t limit)
{
    size_t at = 0, chars = 0;
    for (; value[at]; at++) {
        bool starts = ((unsigned char)value[at] & 0xC0) != 0x80;
        if (starts && chars++ == limit)
            break;
    }
    return at;
}

static const char *value_of(const char *name, const struct imp_values *values)
{
    for (size_t i = 0; i < IMP_FIELDS; i++)
        if (strcmp(FIELD_NAME[i], name) == 0)
            return values->fixed[i];
    return values->other ? values->other(values->self, name) : NULL;
}

static bool expand_field(const struct imp_template *t, const struct piece *p,
                         const struct imp_values *values,
                         imp_value_check *check, struct imp_buf *out,
                         struct imp_err *err)
{
    const char *name = t->text + p->at, *value = value_of(name, values);
    if (!value)
        return imp_fail(err, IMP_ERR_CONFIG, "no value for {%s}", name);
    if (check && !check(value, err))
        return imp_wrap(err, "{%s}", name);
    return imp_buf_add(out, value, prefix_len(value, p->limit), err);
}

bool imp_template_expand(const struct imp_template *t,
                         const struct imp_values *values,
                         imp_value_check *check, struct imp_buf *out,
                         struct imp_err *err)
{
    size_t before = out->n;
    for (size_t i = 0; i < t->n; i++) {
        const struct piece *p = &t->piece[i];
        bool ok = p->is_field ? expand_field(t, p, values, check, out, err)
                              : imp_buf_add(out, t->text + p->at, p->n, err);
        if (ok)
            continue;
        out->n = before;
        return false;
    }
    return true;
}
