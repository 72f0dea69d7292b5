// What the manifest, the payload and the ledger say of each name: first taken
// down, then compared in the order of names.
#include "archive/tags.h"
#include "base/name.h"
#include "ledger/subjects.h"
#include "mark/mark.h"
#include "pipeline/verify_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// --- Taking down ---

struct taking {
    struct imp_verify *v;
    enum imp_census_source source;
    struct imp_payload payload;
    struct imp_err failed; // the census could not take it
};

static bool take(struct taking *t, enum imp_census_source source,
                 const struct imp_object *object)
{
    return imp_census_add(t->v->census, source, object, &t->failed);
}

static bool take_listed(void *self, const struct imp_object *object,
                        struct imp_err *err)
{
    struct taking *t = self;
    (void)err;
    t->payload.files++;
    t->payload.bytes += object->length;
    return take(t, IMP_CENSUS_LISTED, object);
}

static bool take_file(void *self, const struct imp_object *file, bool regular,
                      struct imp_err *err)
{
    (void)err;
    return take(self, regular ? IMP_CENSUS_PRESENT : IMP_CENSUS_OTHER, file);
}

static bool take_recorded(void *self, const struct imp_object *object,
                          struct imp_err *err)
{
    struct taking *t = self;
    (void)err;
    return take(t, IMP_CENSUS_RECORDED, object);
}

static bool take_made(void *self, const char *name,
                      const struct imp_digest *policy, const char *route,
                      struct imp_err *err)
{
    const struct imp_object object = {.name = name, .digest = *policy};
    bool overlaid = route && strcmp(route, IMP_MARK_OVERLAY) == 0;
    (void)err;
    return take(self, IMP_CENSUS_MADE_BY, &object) &&
           (!overlaid || take(self, IMP_CENSUS_OVERLAID, &object));
}

// True if it went well, or went wrong by what was read, which is a finding then
// (in `why`); false if it is not the archive's fault.
static bool is_finding(const struct taking *t, bool ok, struct imp_err *why,
                       struct imp_err *err)
{
    if (ok || (t->failed.code == IMP_OK && why->code != IMP_ERR_MEMORY &&
               why->code != IMP_ERR_CANCELLED))
        return true;
    *err = t->failed.code ? t->failed : *why;
    return false;
}

// The manifest's digest; what it cannot be read for is found out elsewhere.
static bool listing_of(struct imp_target *target, struct imp_digest *listing)
{
    bool present = false;
    *listing = (struct imp_digest){{0}};
    return target->ops->listing(target, listing, &present, NULL) && present;
}

// Has a run begun since the archive was opened, or been here meanwhile?
static bool is_undisturbed(struct imp_verify *v,
                           const struct imp_digest *listing,
                           struct imp_err *err)
{
    struct imp_digest now;
    struct imp_target *again =
        imp_target_open(&v->config->archive, IMP_TARGET_READ, v->ctx, err);
    if (!again)
        return false;
    listing_of(again, &now);
    bool same = again->interrupted == v->target->interrupted &&
                memcmp(&now, listing, sizeof now) == 0;
    imp_target_free(again);
    if (same && !(v->ledger && imp_ledger_in_use(v->ledger)))
        return true;
    return imp_fail(err, IMP_ERR_BUSY,
                    "a run has begun on the archive; try again, or --wait");
}

static bool ask_ledger(struct imp_verify *v, struct taking *t,
                       const struct imp_digest *listing, struct imp_err *why)
{
    if (!imp_ledger_agrees(v->ledger, listing, &v->agrees, why) ||
        !imp_ledger_dirty(v->ledger, &v->dirty, why) ||
        !imp_ledger_finished(v->ledger, &v->finished, why))
        return false;
    v->settled |= v->finished && (v->agrees || !listing);
    return imp_ledger_each_object(v->ledger, take_recorded, t, why) &&
           imp_ledger_each_made(v->ledger, take_made, t, why);
}

// What was found wrong on the way.
struct trouble {
    struct imp_err manifest, payload, ledger;
};

// Did another ledger's run leave something, or does it now? So the archive
// says; or somebody made it say so.
static bool is_others(const struct imp_verify *v)
{
    return v->ledger && v->target->interrupted;
}

static void tell_interrupted(struct imp_verify *v)
{
    const char *sign = v->target->ops->sign;
    if (!v->settled)
        imp_verify_tell(v, IMP_FOUND_NOTE, NULL,
                        "a run was interrupted, or has the archive now: what "
                        "it has not finished is not counted as wrong");
    else if (is_others(v) && sign)
        imp_verify_tell(v, IMP_FOUND_NOTE, NULL,
                        "by %s, a run was interrupted, or has the archive now; "
                        "but none of this state directory, whose last one has "
                        "finished: only an object that no list has is not "
                        "counted as wrong",
                        sign);
}

// Now that it is known that no run has disturbed it.
static void tell_trouble(struct imp_verify *v, const struct trouble *t)
{
    if (t->manifest.code)
        imp_verify_tell(v, IMP_FOUND_TAG, NULL, "%s: %s", IMP_TAG_MANIFEST,
                        t->manifest.msg);
    if (t->payload.code)
        imp_verify_tell(v, IMP_FOUND_CHANGED, NULL, "%s", t->payload.msg);
    if (t->ledger.code)
        imp_verify_tell(v, IMP_FOUND_LEDGER, NULL, "%s", t->ledger.msg);
    tell_interrupted(v);
}

static bool tell_tag(void *self, const char *name, const char *what,
                     struct imp_err *err)
{
    struct imp_verify *v = self;
    const char *sign = v->target->ops->sign;
    bool expected =
        !v->settled || (is_others(v) && sign && strcmp(name, sign) == 0);
    (void)err;
    imp_verify_tell(v, expected ? IMP_FOUND_NOTE : IMP_FOUND_TAG, NULL, "%s %s",
                    name, what);
    return true;
}

static bool is_named(const char *held, const char *told)
{
    return !*held || strcmp(held, told) == 0;
}

// Else a run with another key could begin, and give subjects second codes.
static bool verify_terms(struct imp_verify *v, struct imp_err *err)
{
    struct imp_terms held, told;
    struct imp_err why = {0};
    if (!v->ledger || v->dirty || !v->agrees)
        return true;
    if (!imp_ledger_terms(v->ledger, &held, err))
        return false;
    if (!imp_tags_terms(v->target, &told, &why)) {
        if (why.code == IMP_ERR_MEMORY || why.code == IMP_ERR_CANCELLED) {
            *err = why;
            return false;
        }
        if (why.code == IMP_ERR_CONFIG) // else it could not be read: it is told
            imp_verify_tell(v, IMP_FOUND_TAG, NULL, "%s", why.msg);
        return true;
    }
    return (is_named(held.key, told.key) && is_named(held.shift, told.shift)) ||
           tell_tag(v, IMP_TAG_INFO,
                    "does not name the key or the range of days that the "
                    "ledger is held to",
                    err);
}

// The tag files of an archive that is one file are found from its end.
static bool verify_tags(struct imp_verify *v, const struct imp_payload *payload,
                        struct imp_err *err)
{
    struct imp_target *target = v->target;
    char what[IMP_TARGET_END_MAX] = "";
    struct imp_err why = {0};
    bool seen =
        !target->ops->check_end || target->ops->check_end(target, what, &why);
    if (why.code == IMP_ERR_MEMORY || why.code == IMP_ERR_CANCELLED) {
        *err = why;
        return false;
    }
    if (seen && !what[0])
        return imp_tags_verify(target, payload, tell_tag, v, err) &&
               verify_terms(v, err);
    imp_verify_tell(v, v->settled ? IMP_FOUND_CHANGED : IMP_FOUND_NOTE, NULL,
                    "%s", seen ? what : why.msg);
    return true;
}

struct beside {
    struct imp_verify *v;
    uint64_t n;
};
#define BESIDE_ONE_BY_ONE 10

static bool tell_beside(void *self, const char *name, struct imp_err *err)
{
    struct beside *b = self;
    (void)err;
    if (b->n++ < BESIDE_ONE_BY_ONE)
        imp_verify_tell(b->v, IMP_FOUND_NOTE, NULL,
                        "no run has put %s beside data/: it was not looked at",
                        name);
    return true;
}

// A bag may have what no manifest lists (RFC 8493 2.2.4), but who reads this
// archive takes it for clean.
static bool look_beside(struct imp_verify *v, struct imp_err *err)
{
    struct beside b = {.v = v};
    struct imp_err why = {0};
    const struct imp_target_ops *ops = v->target->ops;
    if (!ops->beside || ops->beside(v->target, tell_beside, &b, &why)) {
        if (b.n > BESIDE_ONE_BY_ONE)
            imp_verify_tell(v, IMP_FOUND_NOTE, NULL,
                            "no run has put %" PRIu64 " others beside data/",
                            b.n - BESIDE_ONE_BY_ONE);
        return true;
    }
    if (why.code == IMP_ERR_MEMORY || why.code == IMP_ERR_CANCELLED) {
        *err = why;
        return false;
    }
    imp_verify_tell(v, IMP_FOUND_UNREADABLE, NULL, "%s", why.msg);
    return true;
}

// The three lists, each as far as it can be read.
static bool take_all(struct imp_verify *v, struct taking *t,
                     const struct imp_digest *listing, struct trouble *trouble,
                     struct imp_err *err)
{
    const struct imp_target_ops *ops = v->target->ops;
    bool ok = ops->each(v->target, take_listed, t, &trouble->manifest);
    v->cut_off = !ok || !listing;
    if (!is_finding(t, ok, &trouble->manifest, err))
        return false;
    ok = ops->walk(v->target, take_file, t, &trouble->payload);
    v->not_walked = !ok;
    if (!is_finding(t, ok, &trouble->payload, err))
        return false;
    if (!v->ledger)
        return true;
    ok = ask_ledger(v, t, listing, &trouble->ledger);
    v->half_read = !ok;
    return is_finding(t, ok, &trouble->ledger, err);
}

bool imp_verify_take_lists(struct imp_verify *v, struct imp_err *err)
{
    struct imp_target *target = v->target;
    struct taking t = {.v = v};
    struct trouble trouble = {0};
    struct imp_digest listing;
    bool present = listing_of(target, &listing);
    // Without a ledger, nobody will finish it.
    v->settled = !target->interrupted || !v->ledger;
    v->agrees = v->finished = false;
    if (!take_all(v, &t, present ? &listing : NULL, &trouble, err) ||
        !is_undisturbed(v, &listing, err))
        return false;
    tell_trouble(v, &trouble);
    return verify_tags(v, v->cut_off ? NULL : &t.payload, err) &&
           look_beside(v, err);
}

// --- Comparing ---

struct comparing {
    struct imp_verify *v;
    struct imp_sha256 *hasher; // of names, for the sample
    uint64_t not_recorded, not_listed, not_known;
};

static bool is_sampled(struct comparing *c, const char *name)
{
    const struct imp_verify_config *config = c->v->config;
    uint8_t seed[8];
    if (config->sample >= 1)
        return true;
    imp_put_be64(seed, config->seed);
    imp_sha256_start(c->hasher);
    imp_sha256_add(c->hasher, seed, sizeof seed);
    imp_sha256_add(c->hasher, name, strlen(name));
    struct imp_digest d = imp_sha256_end(c->hasher);
    return (double)imp_be32(d.b) < config->sample * 4294967296.0;
}

// Frees the task unless it was sent; false once all is cancelled.
static bool send(struct imp_verify *v, struct imp_verify_task *task,
                 struct imp_err *err)
{
    if (imp_chan_send(v->ctx, (struct imp_chan_tx){v->tasks}, task))
        return true;
    imp_verify_task_free(task);
    return imp_fail(err, IMP_ERR_CANCELLED, "not finished");
}

static bool send_to_read(struct comparing *c, const struct imp_census_entry *e,
                         struct imp_err *err)
{
    if (!is_sampled(c, e->name))
        return true;
    const struct imp_object *recorded = &e->as[IMP_CENSUS_RECORDED];
    const struct imp_object *there =
        &e->as[e->times[IMP_CENSUS_PRESENT]    ? IMP_CENSUS_PRESENT
               : e->times[IMP_CENSUS_RECORDED] ? IMP_CENSUS_RECORDED
                                               : IMP_CENSUS_LISTED];
    struct imp_verify_task *task = calloc(1, sizeof *task);
    char *name = task ? strdup(e->name) : NULL;
    if (!name) {
        free(task);
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for an object");
    }
    *task = (struct imp_verify_task){
        .object = *there,
        .listed = e->times[IMP_CENSUS_LISTED],
        .recorded = e->times[IMP_CENSUS_RECORDED],
        .listed_digest = e->as[IMP_CENSUS_LISTED].digest,
        .n_policies = e->n_policies,
        .overlaid = e->times[IMP_CENSUS_OVERLAID],
    };
    memcpy(task->policy, e->policy, sizeof task->policy);
    task->object.name = name;
    task->object.digest = recorded->digest;
    if (task->recorded)
        task->object.length = recorded->length;
    imp_counter_add(&c->v->to_read, 1);
    return send(c->v, task, err);
}

static void compare_listed(struct comparing *c,
                           const struct imp_census_entry *e)
{
    struct imp_verify *v = c->v;
    bool recorded = e->times[IMP_CENSUS_RECORDED];
    if (e->times[IMP_CENSUS_LISTED] > 1)
        imp_verify_tell(v, IMP_FOUND_TAG, e->name,
                        "the manifest lists it %zu times",
                        e->times[IMP_CENSUS_LISTED]);
    if (!e->times[IMP_CENSUS_PRESENT] && !v->not_walked)
        imp_verify_tell(v, IMP_FOUND_MISSING, e->name,
                        "the manifest lists it%s, and it is not there",
                        recorded ? " and the ledger has it" : "");
    if (recorded && memcmp(&e->as[IMP_CENSUS_LISTED].digest,
                           &e->as[IMP_CENSUS_RECORDED].digest,
                           sizeof(struct imp_digest)) != 0)
        imp_verify_tell(v, IMP_FOUND_DISAGREE, e->name,
                        "manifest and ledger have another digest each");
    if (recorded || !v->ledger || v->half_read)
        return;
    if (v->agrees)
        imp_verify_tell(
            v, IMP_FOUND_DISAGREE, e->name,
            "the manifest lists it, and the ledger, from which this "
            "manifest was written, does not have it");
    else
        c->not_recorded++;
}

static void compare_recorded(struct comparing *c,
                             const struct imp_census_entry *e)
{
    struct imp_verify *v = c->v;
    if (!e->times[IMP_CENSUS_PRESENT] && !v->not_walked)
        imp_verify_tell(v, IMP_FOUND_MISSING, e->name,
                        "the ledger has it, and it is not there");
    if (v->cut_off)
        return;
    // Another ledger's run lists all that this one's had recorded.
    if (v->dirty || !(v->settled || v->finished))
        c->not_listed++;
    else
        imp_verify_tell(v, IMP_FOUND_UNLISTED, e->name,
                        "the ledger has it, the manifest does not list it");
}

// Neither the manifest nor the ledger knows it.
static void compare_unknown(struct comparing *c,
                            const struct imp_census_entry *e)
{
    struct imp_verify *v = c->v;
    bool ours = imp_name_check(e->name, NULL);
    if (ours && is_others(v))
        c->not_known++;
    else if (!ours || (!v->cut_off && !v->half_read))
        imp_verify_tell(v, ours ? IMP_FOUND_UNLISTED : IMP_FOUND_STRAY, e->name,
                        "it is there, and neither the manifest nor the ledger "
                        "knows it");
}

// In an archive that is one file.
static void compare_places(struct comparing *c,
                           const struct imp_census_entry *e)
{
    const struct imp_object *there = &e->as[IMP_CENSUS_PRESENT];
    const struct imp_object *recorded = &e->as[IMP_CENSUS_RECORDED];
    if (e->times[IMP_CENSUS_PRESENT] > 1)
        imp_verify_tell(c->v, IMP_FOUND_STRAY, e->name, "it is there %zu times",
                        e->times[IMP_CENSUS_PRESENT]);
    else if (e->times[IMP_CENSUS_PRESENT] && e->times[IMP_CENSUS_RECORDED] &&
             (there->place != recorded->place ||
              there->stored != recorded->stored))
        imp_verify_tell(c->v, IMP_FOUND_DISAGREE, e->name,
                        "it is at %" PRIu64 ", the ledger has it at %" PRIu64,
                        there->place, recorded->place);
}

static bool compare(void *self, const struct imp_census_entry *e,
                    struct imp_err *err)
{
    struct comparing *c = self;
    compare_places(c, e);
    imp_counter_add(&c->v->objects, 1);
    if (e->times[IMP_CENSUS_RECORDED])
        imp_counter_add(&c->v->rows, 1);
    if (e->times[IMP_CENSUS_OTHER])
        imp_verify_tell(c->v, IMP_FOUND_STRAY, e->name,
                        "it is no regular file");
    if (e->times[IMP_CENSUS_LISTED])
        compare_listed(c, e);
    else if (e->times[IMP_CENSUS_RECORDED])
        compare_recorded(c, e);
    else if (e->times[IMP_CENSUS_PRESENT])
        compare_unknown(c, e);
    // Where the payload could not be listed, what should be there is tried.
    return !(e->times[IMP_CENSUS_PRESENT] || c->v->not_walked) ||
           send_to_read(c, e, err);
}

static void note(struct imp_verify *v, uint64_t n, const char *what)
{
    if (n)
        imp_verify_tell(v, IMP_FOUND_NOTE, NULL, "%" PRIu64 " object%s %s", n,
                        n == 1 ? "" : "s", what);
}

bool imp_verify_compare(struct imp_verify *v, struct imp_err *err)
{
    struct comparing c = {.v = v, .hasher = imp_sha256_new(err)};
    bool ok = c.hasher && imp_census_each(v->census, compare, &c, err);
    imp_sha256_free(c.hasher);
    if (!ok)
        return false;
    note(v, c.not_recorded,
         "from another state directory: the ledger does not know them; the "
         "next run takes them up");
    note(v, c.not_listed,
         "that the manifest does not list yet: a run must finish it");
    note(v, c.not_known,
         "that an interrupted run left: the next run takes them up");
    return true;
}
