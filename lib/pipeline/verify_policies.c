// Which policy an object is checked by: the one that it was archived under, as
// the ledger keeps it.
#include "archive/tags.h"
#include "pipeline/verify_internal.h"

#include <stdlib.h>
#include <string.h>

// Takes `policy`.
static bool add(struct imp_verify_policies *p, const struct imp_digest *digest,
                struct imp_policy *policy, struct imp_err *err)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 8;
        struct imp_verify_policy *item = realloc(p->item, cap * sizeof *item);
        if (!item) {
            imp_policy_free(policy);
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for policies");
        }
        p->item = item;
        p->cap = cap;
    }
    p->item[p->n++] = (struct imp_verify_policy){*digest, policy};
    return true;
}

static bool is_known(const struct imp_verify_policies *p,
                     const struct imp_digest *digest)
{
    for (size_t i = 0; i < p->n; i++)
        if (imp_digest_same(&p->item[i].digest, digest))
            return true;
    return false;
}

// The preset that has this digest, or the caller's own policy; NULL: none.
static struct imp_policy *find_by_digest(const struct imp_verify *v,
                                         const struct imp_digest *digest)
{
    const char *specs[16] = {v->config->policy};
    size_t n = specs[0] ? 1 : 0;
    for (size_t i = 0; imp_policy_presets[i] && n < 16; i++)
        specs[n++] = imp_policy_presets[i];
    for (size_t i = 0; i < n; i++) {
        struct imp_policy *p = imp_policy_load(specs[i], NULL);
        struct imp_digest have;
        if (p && (have = imp_policy_digest(p), imp_digest_same(&have, digest)))
            return p;
        imp_policy_free(p);
    }
    return NULL;
}

static void note(struct imp_verify *v, const struct imp_digest *digest,
                 const char *what)
{
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(digest, hex);
    imp_verify_tell(v, IMP_FOUND_NOTE, NULL, "policy %.16s...: %s", hex, what);
}

// A newer imgpipe may do otherwise what a policy asks for, and then gives it
// another digest.
static bool take_text(void *self, const struct imp_digest *digest,
                      const char *text, struct imp_err *err)
{
    struct imp_verify *v = self;
    struct imp_err why = {0};
    struct imp_policy *policy =
        text ? imp_policy_from_text(text, &why) : find_by_digest(v, digest);
    if (!policy) {
        note(v, digest,
             text ? "its text is not understood: images are checked by others"
                  : "its text was not kept: images are checked by others");
        return true;
    }
    struct imp_digest now = imp_policy_digest(policy);
    if (!imp_digest_same(&now, digest))
        note(v, digest,
             "this imgpipe works otherwise by the same text than the one that "
             "archived; images are checked by what it does now");
    return add(&v->policies, digest, policy, err);
}

static bool take_named(void *self, const struct imp_digest *digest,
                       struct imp_err *err)
{
    struct imp_verify *v = self;
    if (is_known(&v->policies, digest))
        return true;
    struct imp_policy *policy = find_by_digest(v, digest);
    if (policy)
        return add(&v->policies, digest, policy, err);
    note(v, digest,
         "the bag names it, and only its digest is known: --policy FILE would "
         "tell what it says");
    return true;
}

static bool add_fallback(struct imp_verify *v, struct imp_err *err)
{
    const char *spec = v->config->policy;
    struct imp_policy *policy = imp_policy_load(spec ? spec : "strict", err);
    if (!policy)
        return false;
    struct imp_digest digest = imp_policy_digest(policy);
    v->policies.fallback = v->policies.n;
    return add(&v->policies, &digest, policy, err);
}

// What cannot be read is told of with the tag files.
static bool load_named(struct imp_verify *v, struct imp_err *err)
{
    struct imp_err why = {0};
    if (imp_tags_each_policy(v->target, take_named, v, &why) ||
        (why.code != IMP_ERR_MEMORY && why.code != IMP_ERR_CANCELLED))
        return true;
    *err = why;
    return false;
}

bool imp_verify_policies_load(struct imp_verify *v, struct imp_err *err)
{
    return (!v->ledger || imp_ledger_each_text(v->ledger, take_text, v, err)) &&
           load_named(v, err) && add_fallback(v, err);
}

void imp_verify_policies_clear(struct imp_verify_policies *p)
{
    for (size_t i = 0; i < p->n; i++)
        imp_policy_free(p->item[i].policy);
    free(p->item);
    *p = (struct imp_verify_policies){0};
}
