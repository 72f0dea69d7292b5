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
    enum imp_field field;
    size_t limit; // characters of a field's value; SIZE_MAX: all
    size_t at, n; // a run of text, in imp_template.text
};

struct imp_template {
    char *text; // literal text, with `{{` and `}}` already made one
    size_t text_len;
    struct piece *piece;
    size_t n;
};

static bool fail_known(struct imp_err *err, const char *name, int n)
{
    char known[100] = "";
    size_t len = 0;
    for (size_t i = 0; i < IMP_FIELDS && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s{%s}",
                                i ? ", " : "", FIELD_NAME[i]);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "template: no field {%.*s}: want one of %s", n, name,
                    known);
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
static bool parse_field(const char *inside, size_t n, struct piece *out,
                        struct imp_err *err)
{
    const char *colon = memchr(inside, ':', n);
    size_t name_len = colon ? (size_t)(colon - inside) : n;
    int shown = name_len > 40 ? 40 : (int)name_len;

    *out = (struct piece){.is_field = true, .limit = SIZE_MAX};
    if (colon && !parse_limit(colon + 1, n - name_len - 1, &out->limit))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "template: field {%.*s:N}: want N a number from 1 to "
                        "%d",
                        shown, inside, LIMIT_MAX);
    for (size_t i = 0; i < IMP_FIELDS; i++) {
        if (strlen(FIELD_NAME[i]) == name_len &&
            memcmp(FIELD_NAME[i], inside, name_len) == 0) {
            out->field = (enum imp_field)i;
            return true;
        }
    }
    return fail_known(err, inside, shown);
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

static bool parse(struct imp_template *t, const char *p, struct imp_err *err)
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
        if (!parse_field(p + 1, (size_t)(end - p - 1), &t->piece[t->n++], err))
            return false;
        p = end + 1;
    }
    return true;
}

struct imp_template *imp_template_new(const char *text, struct imp_err *err)
{
    // No text has more pieces, or literal characters, than characters.
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
    if (parse(t, text, err))
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

bool imp_template_uses(const struct imp_template *t, enum imp_field field)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->piece[i].is_field && t->piece[i].field == field)
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

static const char *value_of(enum imp_field field,
                            const char *const value[IMP_FIELDS])
{
    if (value[field])
        return value[field];
    imp_bug("template: no value for {%s}", FIELD_NAME[field]);
}

bool imp_template_expand(const struct imp_template *t,
                         const char *const value[IMP_FIELDS],
                         struct imp_buf *out, struct imp_err *err)
{
    size_t before = out->n;
    for (size_t i = 0; i < t->n; i++) {
        const struct piece *p = &t->piece[i];
        const char *from = t->text + p->at;
        size_t n = p->n;
        if (p->is_field) {
            from = value_of(p->field, value);
            n = prefix_len(from, p->limit);
        }
        if (!imp_buf_add(out, from, n, err)) {
            out->n = before;
            return false;
        }
    }
    return true;
}
