// A worker names an image and stages it.
#include "base/map.h"
#include "pipeline/clean.h"
#include "pipeline/naming.h"
#include "pipeline/worker.h"

#include <stdio.h>
#include <stdlib.h>

// A name that is none everywhere: say which field makes it so, if one alone
// does.
static bool fail_name(struct imp_worker *w, const struct imp_values *values,
                      struct imp_err *err)
{
    struct imp_err why = {0};
    w->name.n = 0;
    if (!imp_template_expand(w->run->name, values, imp_name_check_portable,
                             &w->name, &why))
        *err = why;
    return false;
}

static bool name_by_template(struct imp_worker *w,
                             const struct imp_values *values,
                             struct imp_result *r, struct imp_err *err)
{
    w->name.n = 0;
    if (!imp_template_expand(w->run->name, values, imp_name_check_value,
                             &w->name, err) ||
        !imp_buf_add(&w->name, "", 1, err))
        return false;
    const char *name = (const char *)w->name.p;
    if (!imp_name_check_portable(name, err))
        return fail_name(w, values, err);
    if (!imp_worker_tells_no_key(w, w->run->name, *values, err))
        return false;
    snprintf(r->name, sizeof r->name, "%s", name);
    return true;
}

// A template of UIDs is for what has them.
static bool give_name(struct imp_worker *w, const struct imp_format *fmt,
                      struct imp_result *r, struct imp_err *err)
{
    char digest[IMP_SHA256_HEX];
    struct imp_telling telling;
    imp_digest_hex(&r->digest, digest);
    const struct imp_values values =
        imp_worker_values(w, &telling, fmt, digest);
    for (int i = 0; i < IMP_DEID_UIDS; i++)
        telling.uid[i] = imp_cleaner_uid(w->cleaner, (enum imp_deid_uid)i);
    if (w->run->name && imp_name_has_uids(w->run->name, &values))
        return name_by_template(w, &values, r, err) || imp_wrap(err, "name");
    return imp_name_make(w->subject.code, telling.uid, &r->digest, fmt->ext,
                         r->name, err);
}

bool imp_worker_store(struct imp_worker *w, const struct imp_format *fmt,
                      struct imp_span image, struct imp_result *r,
                      struct imp_err *err)
{
    struct imp_span left = image, step = {0};
    imp_sha256_start(w->sha);
    while (imp_map_step(&left, &step))
        imp_sha256_add(w->sha, step.p, step.n);
    r->digest = imp_sha256_end(w->sha);
    r->length = image.n;
    if (!give_name(w, fmt, r, err))
        return false;

    // What is in the archive already is not stored only to be discarded: with
    // many duplicates, files that come and go slow a file system down.
    bool is_known;
    struct imp_digest digest;
    if (!imp_ledger_find_name(w->known, r->name, &is_known, &digest, err))
        return false;
    if (is_known && imp_digest_same(&digest, &r->digest))
        return true;

    const struct imp_object object = {r->name, r->digest, r->length, 0, 0};
    struct imp_staged *staged = calloc(1, sizeof *staged);
    if (!staged)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a result");
    const struct iovec piece = {(void *)(uintptr_t)image.p, image.n};
    struct imp_target *target = w->run->target;
    if (target->ops->stage(target, &object, &piece, 1, staged, err))
        r->staged = staged;
    else
        free(staged);
    return r->staged;
}
