// Before the first image: what the ledger holds and what the archive has are
// brought together. They differ if the state was lost, if another state
// directory wrote to the archive, or if a run was killed.
#include "archive/tags.h"
#include "image/format.h"
#include "ledger/examine.h"
#include "pipeline/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Between what the archive tells and what the ledger takes.
struct take_up {
    struct imp_run *run;
    imp_object_fn take; // the ledger's
    void *take_self;
    uint64_t held; // files that are objects of the ledger
    uint64_t strays;
    char first_stray[128];
};

// --- What the archive lists ---

// What the ledger knows was hashed when it was written, or taken up; anything
// else must be what its manifest says.
static bool take_listed(void *self, const struct imp_object *listed,
                        struct imp_err *err)
{
    struct take_up *up = self;
    struct imp_target *target = up->run->target;
    struct imp_object object = *listed;
    struct imp_digest found;
    bool is_known;
    if (!imp_ledger_has_at(up->run->ledger, &object, &is_known, err))
        return false;
    if (!is_known) {
        up->run->taken_up++;
        if (!target->ops->hash(target, &object, &found, &object.length, err))
            return false;
        if (memcmp(&found, &object.digest, sizeof found) != 0)
            return imp_fail(err, IMP_ERR_IO,
                            "the archive lists an object whose bytes are "
                            "others: data/%s; run imgpipe verify",
                            object.name);
    }
    return up->take(up->take_self, &object, err);
}

static bool each_listed(void *self, imp_object_fn take, void *take_self,
                        struct imp_err *err)
{
    struct take_up *up = self;
    struct imp_target *target = up->run->target;
    up->take = take;
    up->take_self = take_self;
    return target->ops->each(target, take_listed, up, err);
}

// --- What it has besides ---

// Whoever put it there chose its name: nothing in it may steer a terminal.
static void escape(const char *name, char *out, size_t cap)
{
    size_t n = 0;
    for (; *name && n + sizeof "\\xFF" <= cap; name++) {
        unsigned char c = (unsigned char)*name;
        bool plain = c >= 0x20 && c < 0x7F && c != '\\';
        n += (size_t)snprintf(out + n, cap - n, plain ? "%c" : "\\x%02X", c);
    }
    out[n] = '\0';
}

static bool tells(const char *name, const struct imp_digest *digest)
{
    for (size_t i = 0; imp_formats[i]; i++)
        if (imp_name_says(name, digest, imp_formats[i]->ext) == IMP_NAME_TELLS)
            return true;
    return false;
}

// Is the file an object that a killed run has published? This ledger's run has
// noted it; of another, whose state may be lost, the name must tell.
static bool is_published(struct take_up *up, const struct imp_object *object,
                         bool *is, struct imp_err *err)
{
    struct imp_digest intended;
    if (!imp_ledger_find_intent(up->run->ledger, object->name, is, &intended,
                                err))
        return false;
    *is = (*is && imp_digest_same(&intended, &object->digest)) ||
          tells(object->name, &object->digest);
    return true;
}

// A killed run leaves objects that nothing lists.
static bool take_file(void *self, const struct imp_object *file, bool regular,
                      struct imp_err *err)
{
    struct take_up *up = self;
    struct imp_target *target = up->run->target;
    struct imp_object object = *file;
    bool is_known = false;
    if (regular && !imp_ledger_has_at(up->run->ledger, &object, &is_known, err))
        return false;
    up->held += is_known;
    if (is_known)
        return true;
    if (regular && imp_name_check(object.name, NULL)) {
        bool ours;
        if (!target->ops->hash(target, &object, &object.digest, &object.length,
                               err) ||
            !is_published(up, &object, &ours, err))
            return false;
        if (ours) {
            up->held++;
            up->run->taken_up++;
            return up->take(up->take_self, &object, err);
        }
    }
    if (up->strays++ == 0)
        escape(object.name, up->first_stray, sizeof up->first_stray);
    return true;
}

static bool each_file(void *self, imp_object_fn take, void *take_self,
                      struct imp_err *err)
{
    struct take_up *up = self;
    struct imp_target *target = up->run->target;
    up->take = take;
    up->take_self = take_self;
    if (!target->ops->walk(target, take_file, up, err))
        return false;
    if (up->strays > 0)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the archive has %" PRIu64 " file%s in data/ that no "
                        "run put there, or whose bytes have changed: move "
                        "away data/%s%s",
                        up->strays, up->strays == 1 ? "" : "s", up->first_stray,
                        up->strays == 1 ? "" : " and others");
    return target->ops->settle_names(target, err);
}

// --- What it has no more ---

// An older copy of the archive may have been put back, or a disk may have lied
// about what was durable. What the ledger calls archived would then be skipped,
// and its source removed, though it is archived nowhere.
static bool lacks_none(const struct take_up *up, struct imp_err *err)
{
    uint64_t n;
    if (!imp_ledger_count_objects(up->run->ledger, &n, err))
        return false;
    return n <= up->held ||
           imp_fail(err, IMP_ERR_CONFIG,
                    "the archive lacks %" PRIu64 " of the %" PRIu64
                    " objects that the ledger holds: was an older copy of it "
                    "put back? Another --state archives again what is missing",
                    n - up->held, n);
}

// --- All of it ---

// What a killed run of this ledger has published and not recorded is taken up
// with all else that is there, not taken back: another ledger may have taken it
// up since, and have let its source go.
static bool recover_one(void *self, const struct imp_object *object,
                        struct imp_err *err)
{
    struct imp_run *run = self;
    struct imp_target *target = run->target;
    return !target->ops->recover || target->ops->recover(target, object, err);
}

// bag-info.txt goes on naming it, though this ledger has no run of it.
static bool name_policy(void *self, const struct imp_digest *policy,
                        struct imp_err *err)
{
    const struct imp_run *run = self;
    return imp_ledger_name_policy(run->ledger, policy, err);
}

// In this order: what is listed is no more this ledger's to recover, and what
// that removes is no more there to be taken up.
static bool take_up_all(struct imp_run *run, const struct imp_digest *listing,
                        struct imp_err *err)
{
    struct take_up up = {.run = run};
    return imp_ledger_set_apart(run->ledger, err) &&
           imp_ledger_adopt(run->ledger, each_listed, &up, err) &&
           imp_recorder_recover(run->ledger, recover_one, run, err) &&
           imp_ledger_adopt(run->ledger, each_file, &up, err) &&
           lacks_none(&up, err) &&
           imp_tags_each_policy(run->target, name_policy, run, err) &&
           imp_ledger_set_taken_up(run->ledger, listing, err);
}

static bool says_nothing(const struct imp_terms *terms)
{
    return !terms->key[0] && !terms->shift[0];
}

// What codes and dates in the archive were made by, another ledger may know;
// and what this one is held to the archive must tell: one that an older imgpipe
// has made does not.
static bool agree_on_terms(struct imp_run *run, struct imp_err *err)
{
    struct imp_terms held, told;
    if (!imp_ledger_terms(run->ledger, &held, err))
        return false;
    if (says_nothing(&held) && says_nothing(imp_whose_terms(run->whose)))
        return true;
    return imp_tags_terms(run->target, &told, err) &&
           imp_ledger_bind_terms(run->ledger, &told, err) &&
           imp_ledger_terms(run->ledger, &held, err) &&
           (imp_terms_same(&held, &told) ||
            imp_ledger_set_dirty(run->ledger, err));
}

bool imp_run_agree(struct imp_run *run, struct imp_err *err)
{
    struct imp_target *target = run->target;
    struct imp_digest digest;
    struct imp_object last;
    char name[IMP_NAME_MAX];
    uint64_t intents;
    bool present, agrees, dirty, placed;
    char *identity = imp_target_identity(&run->config->archive, err);
    bool bound =
        identity && imp_ledger_bind(run->ledger, identity, target->empty, err);
    free(identity);
    if (!bound || !target->ops->listing(target, &digest, &present, err))
        return false;
    const struct imp_digest *listing = present ? &digest : NULL;
    if (!imp_ledger_last_placed(run->ledger, &last, name, &placed, err) ||
        (target->ops->resume &&
         !target->ops->resume(target, placed ? &last : NULL, err)) ||
        !imp_ledger_agrees(run->ledger, listing, &agrees, err) ||
        !imp_ledger_dirty(run->ledger, &dirty, err) ||
        !imp_ledger_count_intents(run->ledger, &intents, err))
        return false;
    // What has been archived since the list was written (dirty) is in none.
    return ((agrees && !dirty && !target->interrupted && intents == 0) ||
            take_up_all(run, listing, err)) &&
           agree_on_terms(run, err);
}
