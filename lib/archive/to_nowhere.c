// A target that keeps nothing: what a dry run archives to. Not in
// the table, for nobody should archive to it by name.
#include "archive/target.h"

#include <stdlib.h>
#include <string.h>

static bool stage(struct imp_target *t, const struct imp_object *object,
                  const struct iovec *pieces, size_t n, struct imp_staged *out,
                  struct imp_err *err)
{
    (void)t, (void)object, (void)pieces, (void)n, (void)err;
    *out = (struct imp_staged){0};
    return true;
}

static bool settle(struct imp_target *t, const struct imp_staged *const *group,
                   size_t n, struct imp_err *err)
{
    (void)t, (void)group, (void)n, (void)err;
    return true;
}

static void publish(struct imp_target *t, struct imp_publication *group,
                    size_t n)
{
    (void)t, (void)group, (void)n;
}

static bool settle_names(struct imp_target *t, struct imp_err *err)
{
    (void)t, (void)err;
    return true;
}

static void discard(struct imp_target *t, struct imp_staged *staged)
{
    (void)t, (void)staged;
}

static bool retract(struct imp_target *t, const struct imp_object *object,
                    struct imp_err *err)
{
    (void)t, (void)object, (void)err;
    return true;
}

static bool listing(struct imp_target *t, struct imp_digest *out, bool *present,
                    struct imp_err *err)
{
    (void)t, (void)out, (void)err;
    *present = false;
    return true;
}

static bool finish(struct imp_target *t, const struct imp_objects *objects,
                   bool changed, struct imp_err *err)
{
    (void)t, (void)objects, (void)changed, (void)err;
    return true;
}

static void free_target(struct imp_target *t)
{
    free(t);
}

// It is never asked what it holds: a dry run goes by the ledger alone.
static const struct imp_target_ops nowhere = {
    .scheme = "nowhere",
    .stage = stage,
    .settle = settle,
    .publish = publish,
    .settle_names = settle_names,
    .discard = discard,
    .retract = retract,
    .listing = listing,
    .finish = finish,
    .free = free_target,
};

struct imp_target *imp_target_new_nowhere(struct imp_err *err)
{
    struct imp_target *t = calloc(1, sizeof *t);
    if (t)
        t->ops = &nowhere;
    else
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a target");
    return t;
}
