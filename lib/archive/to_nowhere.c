// A target that hashes and keeps nothing: what a dry run archives to. Not in
// the table, for nobody should archive to it by name.
#include "archive/target.h"

#include <stdlib.h>
#include <string.h>

static bool stage(struct imp_target *t, struct imp_sha256 *hasher,
                  const struct iovec *pieces, size_t n, struct imp_staged *out,
                  struct imp_err *err)
{
    (void)t, (void)err;
    *out = (struct imp_staged){0};
    imp_sha256_start(hasher);
    for (size_t i = 0; i < n; i++) {
        imp_sha256_add(hasher, pieces[i].iov_base, pieces[i].iov_len);
        out->length += pieces[i].iov_len;
    }
    out->digest = imp_sha256_end(hasher);
    return true;
}

static bool settle(struct imp_target *t, const struct imp_staged *const *group,
                   size_t n, struct imp_err *err)
{
    (void)t, (void)group, (void)n, (void)err;
    return true;
}

static bool publish(struct imp_target *t, const struct imp_staged *staged,
                    const char *name, struct imp_err *err)
{
    (void)t, (void)staged, (void)name, (void)err;
    return true;
}

static bool settle_names(struct imp_target *t, struct imp_err *err)
{
    (void)t, (void)err;
    return true;
}

static void discard(struct imp_target *t, const struct imp_staged *staged)
{
    (void)t, (void)staged;
}

static bool retract(struct imp_target *t, const char *name,
                    const struct imp_digest *digest, struct imp_err *err)
{
    (void)t, (void)name, (void)digest, (void)err;
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
