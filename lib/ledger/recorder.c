#include "ledger/recorder.h"

#include "ledger/aside.h"
#include "ledger/entries.h"
#include "ledger/row.h"
#include "sync/context.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

// Where an image of the group is on its way to its name.
enum stage {
    HIDDEN,  // staged, and nothing else
    VISIBLE, // published
    GONE,    // not published, or taken back
    UNSURE,  // could not be taken back: the intent must stay
};

struct image {
    struct imp_result *r; // borrowed from the group
    enum stage stage;
};

struct recorder {
    struct imp_ledger *ledger;
    const struct imp_record *record;
    struct imp_chan_rx results;
    const struct imp_commit_ops *ops;
    const struct imp_group_limits *limits;
    size_t cap; // of a group

    struct imp_result **group; // in order of arrival
    size_t n;
    uint64_t bytes; // staged by the group

    struct image *fresh; // those of the group that are to be published
    size_t n_fresh;
    struct imp_result **going; // the same, for the ops
    struct imp_err *why;       // what publish said of each

    struct imp_audit_entry *line; // of the group's rows; seq 0: it has none

    struct imp_err broken; // why the ledger cannot be written any more
};

struct imp_result *imp_result_new(const char *path)
{
    struct imp_result *r = calloc(1, sizeof *r);
    if (r)
        r->path = strdup(path);
    if (r && r->path)
        return r;
    free(r);
    return NULL;
}

void imp_result_free(struct imp_result *r)
{
    if (!r)
        return;
    free(r->path);
    free(r->removed);
    free(r->subject);
    free(r);
}

struct imp_group_limits imp_group_limits_default(void)
{
    return (struct imp_group_limits){
        .results = 256,
        .bytes = (uint64_t)64 << 20,
        .ms = 1000,
    };
}

// --- What becomes of an image ---

static bool is_broken(const struct recorder *rec)
{
    return rec->broken.code != IMP_OK;
}

static void discard(struct recorder *rec, struct imp_result *r)
{
    if (r->staged)
        rec->ops->discard(rec->ops->self, r);
    r->staged = NULL;
}

static void fail(struct recorder *rec, struct imp_result *r,
                 const struct imp_err *why)
{
    r->outcome = IMP_FAILED;
    r->err = *why;
    discard(rec, r);
}

// Without a ledger nothing is done: what would have had a row has failed.
static void fail_unrecorded(struct recorder *rec, struct imp_result *r)
{
    if (r->outcome == IMP_ARCHIVED || r->outcome == IMP_DUPLICATE ||
        r->outcome == IMP_QUARANTINED || (r->outcome == IMP_SKIPPED && r->skip))
        fail(rec, r, &rec->broken);
}

static void retract(struct recorder *rec, struct image *image)
{
    const struct imp_object object = {.name = image->r->name,
                                      .digest = image->r->digest};
    bool gone = rec->ops->retract(rec->ops->self, &object, NULL);
    image->stage = gone ? GONE : UNSURE;
}

// --- Setting aside what will not be published ---

static void fail_archived(struct recorder *rec, const struct imp_err *why)
{
    for (size_t i = 0; i < rec->n; i++)
        if (rec->group[i]->outcome == IMP_ARCHIVED)
            fail(rec, rec->group[i], why);
}

// Leave in `fresh`, as they came, what is to be published.
static bool set_aside(struct recorder *rec)
{
    struct imp_err err = {0};
    bool ok = imp_set_aside(rec->ledger, rec->group, rec->n, &err);
    if (!ok && err.code == IMP_ERR_MEMORY)
        fail_archived(rec, &err); // these, and the run goes on
    else if (!ok)
        rec->broken = err;
    rec->n_fresh = 0;
    for (size_t i = 0; i < rec->n; i++) {
        struct imp_result *r = rec->group[i];
        if (r->outcome == IMP_ARCHIVED)
            rec->fresh[rec->n_fresh++] = (struct image){r, HIDDEN};
        else
            discard(rec, r);
    }
    return !is_broken(rec);
}

// --- The five steps ---

static void borrow_going(struct recorder *rec)
{
    for (size_t i = 0; i < rec->n_fresh; i++) {
        rec->going[i] = rec->fresh[i].r;
        rec->why[i] = (struct imp_err){0};
    }
}

// 1. The data of all staged images is made durable.
static bool settle(struct recorder *rec)
{
    struct imp_err err = {0};
    borrow_going(rec);
    if (rec->ops->settle(rec->ops->self, rec->going, rec->n_fresh, &err))
        return true;
    for (size_t i = 0; i < rec->n_fresh; i++)
        fail(rec, rec->fresh[i].r, &err);
    rec->n_fresh = 0;
    return false;
}

// 2. The ledger notes whom codes stand for, and the names about to appear. Of
// two images with one name only the first stays in `fresh`: an intent stands
// for one digest.
static bool put_intents(struct recorder *rec)
{
    size_t kept = 0;
    for (size_t i = 0; i < rec->n_fresh; i++) {
        struct imp_result *r = rec->fresh[i].r;
        bool clash = false;
        if (!imp_row_of_subject(rec->record, r, &rec->broken))
            return false;
        if (r->outcome != IMP_ARCHIVED) {
            discard(rec, r);
            continue;
        }
        if (!imp_ledger_put_intent(rec->ledger, r->name, &r->digest, &clash,
                                   &rec->broken))
            return false;
        if (clash) {
            imp_fail_name_taken(r);
            discard(rec, r);
        } else {
            rec->fresh[kept++] = rec->fresh[i];
        }
    }
    rec->n_fresh = kept;
    return true;
}

static bool note_intents(struct recorder *rec)
{
    bool ok = imp_ledger_begin(rec->ledger, &rec->broken) && put_intents(rec) &&
              imp_ledger_commit(rec->ledger, &rec->broken);
    if (!ok)
        imp_ledger_rollback(rec->ledger);
    return ok;
}

// 3. Each image becomes visible under its name ...
static void publish(struct recorder *rec)
{
    borrow_going(rec);
    rec->ops->publish(rec->ops->self, rec->going, rec->n_fresh, rec->why);
    for (size_t i = rec->n_fresh; i-- > 0;) {
        struct image *image = &rec->fresh[i];
        if (rec->why[i].code == IMP_OK) {
            image->r->staged = NULL;
            image->stage = VISIBLE;
        } else {
            // It may be visible all the same, as after a lost answer.
            retract(rec, image);
            fail(rec, image->r, &rec->why[i]);
        }
    }
}

// ... and the names durable.
static void settle_names(struct recorder *rec)
{
    struct imp_err err = {0};
    if (rec->ops->settle_names(rec->ops->self, &err))
        return;
    for (size_t i = rec->n_fresh; i-- > 0;) {
        struct image *image = &rec->fresh[i];
        if (image->stage != VISIBLE)
            continue;
        retract(rec, image);
        fail(rec, image->r, &err);
    }
}

// 4. The ledger transaction: objects in, their intents out ...
static bool record_images(struct recorder *rec)
{
    bool any = false;
    for (size_t i = 0; i < rec->n_fresh; i++) {
        const struct image *image = &rec->fresh[i];
        const struct imp_result *r = image->r;
        const struct imp_object object = {r->name, r->digest, r->length,
                                          r->place, r->stored};
        if (image->stage == VISIBLE &&
            !imp_ledger_put_object(rec->ledger, &object, &rec->broken))
            return false;
        any |= image->stage == VISIBLE;
        if (image->stage != UNSURE &&
            !imp_ledger_drop_intent(rec->ledger, r->name, &rec->broken))
            return false;
    }
    return !any || imp_ledger_set_dirty(rec->ledger, &rec->broken);
}

// ... and each input, with the object that it became.
static bool record(struct recorder *rec)
{
    bool ok = imp_ledger_begin(rec->ledger, &rec->broken) && record_images(rec);
    for (size_t i = 0; ok && i < rec->n; i++)
        ok = imp_row_of_result(rec->record, rec->group[i], &rec->line[i],
                               &rec->broken);
    ok = ok && imp_journal_note(rec->ledger->journal, &rec->broken) &&
         imp_ledger_commit(rec->ledger, &rec->broken);
    if (!ok)
        imp_ledger_rollback(rec->ledger);
    return ok;
}

// 5. The audit log.
static bool write_lines(struct recorder *rec)
{
    struct imp_journal *journal = rec->ledger->journal;
    for (size_t i = 0; i < rec->n; i++)
        if (rec->line[i].seq)
            imp_journal_tell(journal, &rec->line[i]);
    return imp_journal_flush(journal, &rec->broken);
}

static void tell(struct recorder *rec)
{
    for (size_t i = 0; i < rec->n; i++) {
        rec->ops->done(rec->ops->self, rec->group[i]);
        imp_result_free(rec->group[i]);
    }
    rec->n = 0;
    rec->bytes = 0;
}

static bool commit_steps(struct recorder *rec)
{
    if (!set_aside(rec))
        return false;
    if (rec->n_fresh > 0 && settle(rec)) {
        if (!note_intents(rec))
            return false;
        publish(rec);
        settle_names(rec);
    }
    return record(rec) && write_lines(rec);
}

static void commit(struct recorder *rec)
{
    if (!commit_steps(rec))
        for (size_t i = 0; i < rec->n; i++)
            fail_unrecorded(rec, rec->group[i]);
    tell(rec);
}

// --- Receiving ---

static void add(struct recorder *rec, struct imp_result *r)
{
    rec->group[rec->n++] = r;
    if (r->staged)
        rec->bytes += r->length;
}

// Fill a group, until one of its limits; false if the channel is closed and
// there is none.
static bool receive_group(struct recorder *rec, struct imp_ctx *forever)
{
    void *item;
    if (imp_chan_recv(forever, rec->results, &item) != IMP_RECV_ITEM)
        return false;
    add(rec, item);

    struct imp_ctx *window = imp_ctx_new_timeout(forever, rec->limits->ms);
    while (rec->n < rec->cap && rec->bytes < rec->limits->bytes &&
           imp_chan_recv(window, rec->results, &item) == IMP_RECV_ITEM)
        add(rec, item);
    imp_ctx_free(window);
    return true;
}

// After the ledger broke: no sender may block.
static void drain(struct recorder *rec, struct imp_ctx *forever)
{
    void *item;
    while (imp_chan_recv(forever, rec->results, &item) == IMP_RECV_ITEM) {
        struct imp_result *r = item;
        fail_unrecorded(rec, r);
        rec->ops->done(rec->ops->self, r);
        imp_result_free(r);
    }
}

bool imp_recorder_run(const struct imp_record *record,
                      struct imp_chan_rx results,
                      const struct imp_commit_ops *ops,
                      const struct imp_group_limits *limits,
                      struct imp_err *err)
{
    struct recorder rec = {
        .ledger = record->ledger,
        .record = record,
        .results = results,
        .ops = ops,
        .limits = limits,
        .cap = limits->results ? limits->results : 1,
    };
    // It ends when the channel is closed, never by a cancel: what workers have
    // finished is to be committed.
    struct imp_ctx *forever = imp_ctx_new(NULL);
    rec.group = calloc(rec.cap, sizeof *rec.group);
    rec.fresh = calloc(rec.cap, sizeof *rec.fresh);
    rec.going = calloc(rec.cap, sizeof *rec.going);
    rec.why = calloc(rec.cap, sizeof *rec.why);
    rec.line = calloc(rec.cap, sizeof *rec.line);
    if (!rec.group || !rec.fresh || !rec.going || !rec.why || !rec.line)
        imp_fail_errno(&rec.broken, "recorder");

    while (!is_broken(&rec) && receive_group(&rec, forever))
        commit(&rec);
    drain(&rec, forever);

    free(rec.line);
    free(rec.why);
    free(rec.going);
    free(rec.fresh);
    free(rec.group);
    imp_ctx_free(forever);
    if (is_broken(&rec) && err)
        *err = rec.broken;
    return !is_broken(&rec);
}

bool imp_recorder_recover(struct imp_ledger *ledger, imp_recover_fn fn,
                          void *self, struct imp_err *err)
{
    char name[IMP_NAME_MAX];
    struct imp_object object = {.name = name};
    for (int64_t id = INT64_MAX;;) {
        struct imp_digest other;
        bool found, held;
        if (!imp_ledger_last_intent(ledger, &id, name, &object.digest, &found,
                                    err))
            return false;
        if (!found)
            return true;
        // Another ledger may have recorded it, and this one taken it up.
        if (!imp_ledger_find_name(ledger, name, &held, &other, err))
            return false;
        if (!held && !fn(self, &object, err))
            return imp_wrap(err, "recover");
    }
}
