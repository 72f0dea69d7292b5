#include "lookup/columns.h"
#include "lookup/csv_file.h"
#include "lookup/kinds.h"

#include <stdlib.h>
#include <string.h>

// A find whose time is 800 ms can still wait for a file to settle.
static const struct imp_csv_pace pace = {.look_ms = 1000, .settle_ms = 200};

struct source {
    struct imp_lookup base;
    struct imp_csv_file *file;
};

static void csv_free(struct imp_lookup *l)
{
    struct source *s = (struct source *)l;
    imp_csv_file_free(s->file);
    free(s);
}

static bool open_source(struct source *s, const char *rest, struct imp_err *err)
{
    struct imp_lookup_param key = {.name = "key"};
    char *file;
    if (imp_lookup_split(rest, &file, &key, 1, err))
        s->file = imp_csv_file_open(
            file, key.value ? key.value : IMP_KEY_COLUMN, &pace, err);
    free(file);
    free(key.value);
    return s->file;
}

static struct imp_lookup *csv_open(const struct imp_lookup_at *at,
                                   struct imp_err *err)
{
    struct source *s = calloc(1, sizeof *s);
    if (!s) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a look-up source");
        return NULL;
    }
    s->base.ops = &imp_lookup_csv;
    if (open_source(s, at->spec + strlen(imp_lookup_csv.prefix), err))
        return &s->base;
    imp_wrap(err, "CSV file");
    csv_free(&s->base);
    return NULL;
}

static const char *const *csv_names(const struct imp_lookup *l)
{
    return imp_csv_file_names(((const struct source *)l)->file);
}

static struct imp_span span_of(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

// What a row says, but for the key, which is not the trial's word.
static struct imp_answer *answer_of(const struct imp_csv *table,
                                    const char *field, struct imp_err *err)
{
    struct imp_said said[IMP_COLUMNS_MAX];
    size_t columns, key, n = 0;
    const char *const *names = imp_csv_names(table, &columns, &key);
    for (size_t i = 0; i < columns; i++) {
        struct imp_span value = span_of(field);
        field += value.n + 1;
        if (i != key)
            said[n++] = (struct imp_said){span_of(names[i]), value};
    }
    return imp_answer_new(said, n, err);
}

static bool csv_find(struct imp_lookup *l, struct imp_span key,
                     struct imp_ctx *ctx, struct imp_answer **answer,
                     struct imp_err *err)
{
    struct source *s = (struct source *)l;
    struct imp_csv *table = imp_csv_file_get(s->file, ctx, err);
    *answer = NULL;
    if (!table)
        return imp_wrap(err, "CSV file");
    const char *row = imp_csv_find(table, key);
    if (row)
        *answer = answer_of(table, row, err);
    imp_csv_unref(table);
    return !row || *answer;
}

const struct imp_lookup_ops imp_lookup_csv = {
    .prefix = "csv:",
    .slow = false,
    .in_memory = true,
    .open = csv_open,
    .names = csv_names,
    .find = csv_find,
    .free = csv_free,
};
