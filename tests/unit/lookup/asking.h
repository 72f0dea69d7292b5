/* asking.h - a source, its questions and answers, for tests. */
#ifndef IMP_TEST_ASKING_H
#define IMP_TEST_ASKING_H

#include "lookup/kinds.h"
#include "sync/context.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static inline struct imp_lookup *open_at(const struct imp_lookup_ops *kind,
                                         const char *spec, struct imp_err *err)
{
    *err = (struct imp_err){0};
    return kind->open(&(struct imp_lookup_at){.spec = spec}, err);
}

/* What opening it fails with; it must be IMP_ERR_CONFIG. */
static inline const char *not_opened(const struct imp_lookup_ops *kind,
                                     const char *spec)
{
    static struct imp_err err;
    cr_assert_null(open_at(kind, spec, &err), "%s", spec);
    cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", err.msg);
    return err.msg;
}

/* The value of `name` for `key`; "?": no such key, "-": nothing of that name,
 * else what went wrong. */
static inline const char *ask_under(struct imp_ctx *ctx, struct imp_lookup *l,
                                    const char *key, const char *name,
                                    struct imp_err *err)
{
    static char said[400];
    struct imp_span span = {(const uint8_t *)key, strlen(key)};
    struct imp_answer *answer;
    *err = (struct imp_err){0};
    if (!l->ops->find(l, span, ctx, &answer, err)) {
        cr_expect_null(answer);
        return err->msg;
    }
    const char *value = answer ? imp_answer_get(answer, name) : "?";
    snprintf(said, sizeof said, "%s", value ? value : "-");
    imp_answer_unref(answer);
    return said;
}

static inline const char *ask(struct imp_lookup *l, const char *key,
                              const char *name)
{
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_err err;
    const char *said = ask_under(ctx, l, key, name, &err);
    static char kept[400];
    snprintf(kept, sizeof kept, "%s", said);
    imp_ctx_free(ctx);
    return kept;
}

/* The names of its answers, divided by blanks. */
static inline const char *names_of(const struct imp_lookup *l)
{
    static char list[400];
    list[0] = '\0';
    for (const char *const *n = l->ops->names(l); *n; n++)
        strcat(strcat(list, list[0] ? " " : ""), *n);
    return list;
}

#endif
