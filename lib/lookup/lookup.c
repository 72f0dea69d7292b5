#include "lookup/kinds.h"

#include <string.h>

static const struct imp_lookup_ops *const kinds[] = {
#define POINT_AT(name) &imp_lookup_##name,
    IMP_LOOKUP_KINDS(POINT_AT)
#undef POINT_AT
};

// The kind that `spec` is of, or NULL.
static const struct imp_lookup_ops *kind_of(const char *spec)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(spec, kinds[i]->prefix, strlen(kinds[i]->prefix)) == 0)
            return kinds[i];
    return NULL;
}

static struct imp_lookup *open_as(const struct imp_lookup_ops *kind,
                                  const struct imp_lookup_at *at,
                                  struct imp_err *err)
{
    if (!at->token_file || kind->takes_token)
        return kind->open(at, err);
    imp_fail(err, IMP_ERR_CONFIG,
             "look-up source: want no token for %s, which cannot send one",
             kind->prefix);
    return NULL;
}

struct imp_lookup *imp_lookup_open(const struct imp_lookup_at *at,
                                   struct imp_err *err)
{
    const struct imp_lookup_ops *kind = kind_of(at->spec);
    if (kind)
        return open_as(kind, at, err);
    imp_fail(err, IMP_ERR_CONFIG,
             "look-up source: want csv:FILE, sqlite:FILE?table=T, "
             "http://HOST/{key} or https://HOST/{key}");
    return NULL;
}

bool imp_lookup_file(const char *spec, char **file, struct imp_err *err)
{
    const struct imp_lookup_ops *kind = kind_of(spec);
    *file = NULL;
    if (!kind || kind->takes_token) // it is asked elsewhere
        return true;
    *file = imp_lookup_file_of(spec + strlen(kind->prefix), err);
    return *file;
}

void imp_lookup_free(struct imp_lookup *l)
{
    if (l)
        l->ops->free(l);
}

bool imp_lookup_is_slow(const struct imp_lookup *l)
{
    return l->ops->slow;
}

bool imp_lookup_is_in_memory(const struct imp_lookup *l)
{
    return l->ops->in_memory;
}

const char *const *imp_lookup_names(const struct imp_lookup *l)
{
    return l->ops->names(l);
}

bool imp_lookup_find(struct imp_lookup *l, struct imp_span key,
                     struct imp_ctx *ctx, struct imp_answer **answer,
                     struct imp_err *err)
{
    *answer = NULL;
    return l->ops->find(l, key, ctx, answer, err);
}
