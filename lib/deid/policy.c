#include "deid/policy.h"

#include "deid/exif.h"
#include "deid/icc.h"

#include <stdlib.h>
#include <string.h>

// Part of every digest. Raise it when the same policy comes to mean other
// output bytes, so that the ledger knows old outputs from new ones.
#define ALGORITHM "1"

// What may stay of a part: what its row makes of it. A kind without a row goes.
typedef bool rebuild_fn(struct imp_span old, struct imp_buf *out,
                        struct imp_err *err);

struct row {
    enum imp_part_kind kind;
    rebuild_fn *rebuild;
    bool (*describe)(struct imp_buf *out, struct imp_err *err);
};

static const struct row strict[] = {
    {IMP_PART_EXIF, imp_exif_rebuild, imp_exif_describe},
    {IMP_PART_ICC, imp_icc_rebuild, imp_icc_describe},
};

struct imp_policy {
    const char *name; // of the preset
    const struct row *rows;
    size_t n_rows;
    struct imp_digest digest;
};

struct imp_deid {
    struct imp_editor editor; // first: decide() finds its imp_deid by it
    const struct imp_policy *policy;
    struct imp_buf bytes; // of the last verdict
};

static bool describe(const struct imp_policy *p, struct imp_buf *text,
                     struct imp_err *err)
{
    static const char title[] = "imgpipe policy " ALGORITHM "\n";
    if (!imp_buf_add(text, title, sizeof title - 1, err) ||
        !imp_buf_add(text, p->name, strlen(p->name), err) ||
        !imp_buf_add(text, "\n", 1, err))
        return false;
    for (size_t i = 0; i < p->n_rows; i++)
        if (!p->rows[i].describe(text, err))
            return false;
    return true;
}

struct imp_policy *imp_policy_new_strict(struct imp_err *err)
{
    bool ok = false;
    struct imp_buf text = {0};
    struct imp_policy *p = calloc(1, sizeof *p);
    if (!p) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a policy");
        goto out;
    }
    p->name = "strict";
    p->rows = strict;
    p->n_rows = sizeof strict / sizeof strict[0];
    ok = describe(p, &text, err) &&
         imp_sha256_of(text.p, text.n, &p->digest, err);
out:
    imp_buf_clear(&text);
    if (ok)
        return p;
    imp_policy_free(p);
    return NULL;
}

void imp_policy_free(struct imp_policy *p)
{
    free(p);
}

struct imp_digest imp_policy_digest(const struct imp_policy *p)
{
    return p->digest;
}

// What the row leaves of the part. Only if that is all of it, the part stays
// as it is, so that an image which is clean already comes out untouched.
static bool apply(struct imp_deid *d, const struct row *row,
                  const struct imp_part *part, struct imp_verdict *out,
                  struct imp_err *err)
{
    if (!row->rebuild(part->payload, &d->bytes, err))
        return imp_wrap(err, "%s", part->name);
    if (d->bytes.n == 0)
        return true;
    bool same = d->bytes.n == part->payload.n &&
                memcmp(d->bytes.p, part->payload.p, d->bytes.n) == 0;
    out->fate = same ? IMP_FATE_KEEP : IMP_FATE_REPLACE;
    if (!same)
        out->bytes = imp_buf_span(&d->bytes);
    return true;
}

static bool decide(struct imp_editor *self, const struct imp_part *part,
                   struct imp_verdict *out, struct imp_err *err)
{
    struct imp_deid *d = (struct imp_deid *)self;
    *out = (struct imp_verdict){.fate = IMP_FATE_DROP};
    if (part->kind == IMP_PART_STRUCTURE || part->kind == IMP_PART_CODED)
        // Dropping it would change the picture, keeping it is not ours to say.
        return imp_fail_at(err, IMP_ERR_INVARIANT, part->offset,
                           "%s: the policy was asked about the picture itself",
                           part->name);
    for (size_t i = 0; i < d->policy->n_rows; i++)
        if (d->policy->rows[i].kind == part->kind)
            return apply(d, &d->policy->rows[i], part, out, err);
    return true;
}

struct imp_deid *imp_deid_new(const struct imp_policy *p, struct imp_err *err)
{
    struct imp_deid *d = calloc(1, sizeof *d);
    if (!d) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for an editor");
        return NULL;
    }
    d->editor.decide = decide;
    d->policy = p;
    return d;
}

void imp_deid_free(struct imp_deid *d)
{
    if (!d)
        return;
    imp_buf_clear(&d->bytes);
    free(d);
}

void imp_deid_start(struct imp_deid *d)
{
    d->bytes.n = 0;
}

struct imp_editor *imp_deid_editor(struct imp_deid *d)
{
    return &d->editor;
}
