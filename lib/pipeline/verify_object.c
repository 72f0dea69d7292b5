// One object: its bytes, its name, and what its policy says of it now.
#include "base/map.h"
#include "base/name.h"
#include "mark/dicom.h"
#include "pipeline/input.h"
#include "pipeline/verify_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What the ledger vouches for was let in once, whatever the limits were then;
// this is only so that nothing overflows.
#define MAX_PIXELS_KNOWN (UINT64_C(1) << 40)

struct imp_verify_reader {
    struct imp_verify *v;
    struct imp_sha256 *hasher;
    struct imp_input input;
    struct imp_cleaner **cleaner; // two for each policy; NULL until needed
};

void imp_verify_task_free(struct imp_verify_task *task)
{
    if (task)
        free((char *)(uintptr_t)task->object.name);
    free(task);
}

struct imp_verify_reader *imp_verify_reader_new(struct imp_verify *v,
                                                struct imp_err *err)
{
    struct imp_verify_reader *r = calloc(1, sizeof *r);
    if (r) {
        r->v = v;
        r->hasher = imp_sha256_new(err);
        r->cleaner = calloc(v->policies.n, 2 * sizeof *r->cleaner);
        if (r->hasher && r->cleaner)
            return r;
    }
    imp_verify_reader_free(r);
    imp_fail(err, IMP_ERR_MEMORY, "no memory for a reader");
    return NULL;
}

void imp_verify_reader_free(struct imp_verify_reader *r)
{
    if (!r)
        return;
    for (size_t i = 0; r->cleaner && i < 2 * r->v->policies.n; i++)
        imp_cleaner_free(r->cleaner[i]);
    free(r->cleaner);
    imp_input_clear(&r->input);
    imp_sha256_free(r->hasher);
    free(r);
}

// --- Its bytes ---

struct short_hex {
    char s[17];
};

static struct short_hex short_hex(const struct imp_digest *d)
{
    char hex[IMP_SHA256_HEX];
    struct short_hex out;
    imp_digest_hex(d, hex);
    snprintf(out.s, sizeof out.s, "%.16s", hex);
    return out;
}

static struct imp_limits limits_of(const struct imp_verify *v,
                                   const struct imp_verify_task *task)
{
    struct imp_limits limits = v->config->cleaning.limits;
    if (task->recorded)
        return (struct imp_limits){.max_bytes = task->object.length};
    if (!limits.max_bytes)
        limits = (struct imp_limits){.max_bytes = IMP_DEFAULT_MAX_BYTES,
                                     .max_mapped = UINT64_MAX};
    return limits;
}

// True if it was read; else `*ours` tells if that is our own fault.
static bool read_bytes(struct imp_verify_reader *r,
                       const struct imp_verify_task *task, bool *ours,
                       struct imp_err *err)
{
    struct imp_verify *v = r->v;
    const struct imp_object *object = &task->object;
    const struct imp_limits limits = limits_of(v, task);
    struct imp_err why = {0};
    *ours = false;
    if (imp_input_open_object(&r->input, v->target, object, &limits, &why)) {
        imp_counter_add(&v->bytes, r->input.bytes.n);
        return true;
    }
    if (why.code == IMP_ERR_MEMORY || why.code == IMP_ERR_CANCELLED) {
        *ours = true;
        if (err)
            *err = why;
    } else if (why.code == IMP_ERR_LIMIT && task->recorded) {
        imp_verify_tell(v, IMP_FOUND_CHANGED, object->name,
                        "it is longer than the %" PRIu64
                        " bytes that the ledger has",
                        object->length);
    } else {
        imp_verify_tell(v,
                        why.code == IMP_ERR_DAMAGED ? IMP_FOUND_CHANGED
                                                    : IMP_FOUND_UNREADABLE,
                        object->name, "%s", why.msg);
    }
    return false;
}

static bool is_changed(struct imp_verify_reader *r,
                       const struct imp_verify_task *task,
                       const struct imp_digest *digest)
{
    const struct imp_object *object = &task->object;
    bool length = task->recorded && r->input.bytes.n != object->length;
    bool ledger = task->recorded && !imp_digest_same(digest, &object->digest);
    bool manifest =
        task->listed && !imp_digest_same(digest, &task->listed_digest);
    if (length)
        imp_verify_tell(r->v, IMP_FOUND_CHANGED, object->name,
                        "it has %zu bytes, the ledger %" PRIu64,
                        r->input.bytes.n, object->length);
    else if (ledger || manifest)
        imp_verify_tell(
            r->v, IMP_FOUND_CHANGED, object->name,
            "its SHA-256 is %s..., %s %s...", short_hex(digest).s,
            !manifest ? "the ledger has"
            : ledger  ? "manifest and ledger have"
                      : "the manifest has",
            short_hex(ledger ? &object->digest : &task->listed_digest).s);
    return length || ledger || manifest;
}

// --- Its policy ---

enum pass { CLEAN, WOULD_REMOVE, REFUSED, NO_PASS };

static struct imp_cleaner *cleaner_of(struct imp_verify_reader *r,
                                      size_t policy, bool known,
                                      struct imp_err *err)
{
    size_t at = 2 * policy + known;
    const struct imp_policy *p = r->v->policies.item[policy].policy;
    struct imp_clean_rules rules =
        imp_clean_rules_of(p, &r->v->config->cleaning);
    if (known)
        rules.limits = (struct imp_limits){UINT64_MAX, MAX_PIXELS_KNOWN};
    if (!r->cleaner[at])
        r->cleaner[at] = imp_cleaner_new(p, &rules, err);
    return r->cleaner[at];
}

// The parts that are not kept, in words.
static void name_parts(const struct imp_cutlist *cuts, struct imp_err *why)
{
    char text[200] = "";
    size_t named = 0, parts = 0;
    for (size_t i = 0; i < cuts->n; i++) {
        const struct imp_cut *cut = &cuts->cut[i];
        if (cut->kind == IMP_CUT_KEEP || cut->kind == IMP_CUT_INSERT)
            continue;
        size_t n = strlen(text);
        if (parts++ == named && n + strlen(cut->what) + 3 < sizeof text) {
            snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "",
                     cut->what);
            named++;
        }
    }
    if (parts > named)
        imp_fail(why, IMP_ERR_RESIDUAL, "%s and %zu others", text,
                 parts - named);
    else
        imp_fail(why, IMP_ERR_RESIDUAL, "%s", parts ? text : "its layout");
}

// Where the overlay is that may be a mark; `*length` is 0 if there is none.
static bool find_mark(const struct imp_verify_task *task,
                      const struct imp_format *fmt, struct imp_span in,
                      uint64_t *at, uint64_t *length, struct imp_err *err)
{
    bool may = task->overlaid || !task->n_policies;
    *at = *length = 0;
    return !may || strcmp(fmt->name, "dicom") != 0 ||
           imp_dicom_find_mark(in, at, length, err);
}

static enum pass pass_by(struct imp_verify_reader *r,
                         const struct imp_verify_task *task, size_t policy,
                         bool known, const struct imp_format *fmt,
                         struct imp_err *why)
{
    // Dates in an archive are as far back as they were to be.
    static const struct imp_deid_subject shifted = {.has_shift = true,
                                                    .archived = true};
    const struct imp_span in = r->input.bytes;
    struct imp_cleaner *c = cleaner_of(r, policy, known, why);
    if (!c)
        return NO_PASS;
    const struct imp_clean_rules rules = imp_clean_rules_of(
        r->v->policies.item[policy].policy, &r->v->config->cleaning);
    imp_cleaner_start(c, &shifted);
    if (!imp_cleaner_cut(c, fmt, in, rules.check, NULL, why))
        return why->code == IMP_ERR_RESIDUAL ? WOULD_REMOVE : REFUSED;
    uint64_t at, length;
    const char *what = NULL;
    if (find_mark(task, fmt, in, &at, &length, why) &&
        imp_cleaner_is_clean(c, in, at, length, &what, why)) {
        imp_counter_add(&r->v->overlaid, length && !task->overlaid);
        return CLEAN;
    }
    // Beside a mark, which goes as well, one is named.
    if (what && length)
        imp_fail(why, IMP_ERR_RESIDUAL, "%s", what);
    else if (what)
        name_parts(imp_cleaner_cuts(c), why);
    return why->code == IMP_ERR_RESIDUAL ? WOULD_REMOVE : REFUSED;
}

static bool made_by(const struct imp_verify_task *task,
                    const struct imp_digest *policy)
{
    for (size_t i = 0; i < task->n_policies; i++)
        if (imp_digest_same(policy, &task->policy[i]))
            return true;
    return false;
}

// May it be checked by policy `i`? By those that it was made by, `own` of which
// are known; if none is, by all that made anything in the archive; and by the
// one for unknown objects if that was asked for, or there is no other.
static bool is_candidate(const struct imp_verify_reader *r,
                         const struct imp_verify_task *task, size_t own,
                         size_t i)
{
    const struct imp_verify_policies *p = &r->v->policies;
    if (i < p->fallback)
        return !own || made_by(task, &p->item[i].digest);
    return !own && (p->fallback == 0 || r->v->config->policy);
}

// One policy that lets it pass is enough.
static enum pass pass(struct imp_verify_reader *r,
                      const struct imp_verify_task *task, bool known,
                      const struct imp_format *fmt, struct imp_err *why)
{
    const struct imp_verify_policies *p = &r->v->policies;
    enum pass first = NO_PASS;
    size_t own = 0;
    for (size_t i = 0; i < p->fallback; i++)
        own += made_by(task, &p->item[i].digest);
    for (size_t i = 0; i < p->n; i++) {
        struct imp_err err = {0};
        if (!is_candidate(r, task, own, i))
            continue;
        enum pass now = pass_by(r, task, i, known, fmt, &err);
        if (now == CLEAN || (now == NO_PASS && err.code)) {
            *why = err;
            return now;
        }
        if (first == NO_PASS) {
            first = now;
            *why = err;
        }
    }
    return first;
}

// --- The whole ---

static bool judge(struct imp_verify_reader *r,
                  const struct imp_verify_task *task, struct imp_err *err)
{
    struct imp_verify *v = r->v;
    const char *name = task->object.name;
    char want[IMP_NAME_MAX];
    struct imp_err why = {0};
    struct imp_span left = r->input.bytes, step = {0};
    imp_sha256_start(r->hasher);
    while (imp_map_step(&left, &step))
        imp_sha256_add(r->hasher, step.p, step.n);
    struct imp_digest digest = imp_sha256_end(r->hasher);
    bool changed = is_changed(r, task, &digest);

    const struct imp_format *fmt = imp_cleaner_format(r->input.bytes, &why);
    if (!fmt) {
        if (!changed)
            imp_verify_tell(v, IMP_FOUND_DAMAGED, name, "%s", why.msg);
        return true;
    }
    // A name of a template may tell nothing, but then a list must have it.
    enum imp_name_says says = imp_name_says(name, &digest, fmt->ext);
    bool is_made = task->recorded || task->listed;
    if (!changed &&
        (says == IMP_NAME_DENIES || (says == IMP_NAME_SILENT && !is_made))) {
        imp_name_of_digest(&digest, fmt->ext, want);
        imp_verify_tell(v, IMP_FOUND_NAME, name,
                        "by its bytes and format its name would be %s", want);
    }
    switch (pass(r, task, task->recorded && !changed, fmt, &why)) {
    case CLEAN:
        break;
    case WOULD_REMOVE:
        imp_verify_tell(v, IMP_FOUND_IDENTIFYING, name,
                        "its policy would remove or change: %s", why.msg);
        break;
    case REFUSED:
        if (why.code == IMP_ERR_MEMORY)
            return imp_fail(err, IMP_ERR_MEMORY, "%s", why.msg);
        if (!changed)
            imp_verify_tell(v, IMP_FOUND_DAMAGED, name, "%s", why.msg);
        break;
    case NO_PASS:
        return imp_fail(err, IMP_ERR_MEMORY, "%s", why.msg);
    }
    return true;
}

bool imp_verify_read(struct imp_verify_reader *r, struct imp_verify_task *task,
                     struct imp_err *err)
{
    struct imp_err why = {0};
    bool ours, ok;
    if (read_bytes(r, task, &ours, err))
        ok = judge(r, task, err);
    else
        ok = !ours;
    if (!imp_input_check(&r->input, &why))
        imp_verify_tell(r->v, IMP_FOUND_UNREADABLE, task->object.name, "%s",
                        why.msg);
    imp_input_close(&r->input);
    imp_counter_add(&r->v->read, 1);
    imp_verify_task_free(task);
    return ok;
}
