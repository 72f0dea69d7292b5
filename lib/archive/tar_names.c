// The end of the file: members appended, made durable, taken back. Recorder
// thread only.
#include "archive/tar.h"
#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512

// --- The members that the ledger may not know ---

static size_t count(const struct imp_tar *tar)
{
    return tar->recent.n / sizeof(uint64_t);
}

static uint64_t place_of(const struct imp_tar *tar, size_t i)
{
    uint64_t place;
    memcpy(&place, tar->recent.p + i * sizeof place, sizeof place);
    return place;
}

static uint64_t last(const struct imp_tar *tar)
{
    return place_of(tar, count(tar) - 1);
}

static bool push(struct imp_tar *tar, uint64_t place, struct imp_err *err)
{
    return imp_buf_add(&tar->recent, &place, sizeof place, err);
}

static void pop(struct imp_tar *tar)
{
    tar->end = last(tar);
    tar->recent.n -= sizeof(uint64_t);
    tar->listed = false;
    tar->more = true;
}

// Is the i-th of them an object up to where the next begins, and undamaged?
static bool is_whole(struct imp_tar *tar, size_t i, bool *whole,
                     struct imp_err *err)
{
    uint64_t next = i + 1 < count(tar) ? place_of(tar, i + 1) : tar->end;
    struct imp_tar_member m;
    struct imp_digest digest;
    struct imp_err why = {0};
    *whole = imp_tar_look(tar, place_of(tar, i), next, &m, &why) &&
             m.gz.kind == IMP_GZ_OBJECT && m.gz.length == next - m.place &&
             imp_tar_hash_member(tar, &m, tar->hasher, &digest, &why);
    return why.code == IMP_OK || why.code == IMP_ERR_DAMAGED ||
           imp_tar_pass(err, &why);
}

// Is there, between the two, a sector (or what of it lies there) of zeros? A
// disk writes sectors, and a power cut leaves zeros where one was not.
static bool has_hole(const struct imp_tar *tar, uint64_t at, uint64_t end,
                     bool *hole, struct imp_err *err)
{
    uint8_t bytes[SECTOR];
    for (*hole = false; at < end && !*hole;) {
        uint64_t next = (at / SECTOR + 1) * SECTOR;
        size_t n = (size_t)((next < end ? next : end) - at), got;
        if (!imp_file_pread(tar->fd, bytes, n, at, &got, err))
            return false;
        *hole = imp_span_is_zero((struct imp_span){bytes, got});
        at += n;
    }
    return true;
}

// An object that ends where its header says was not cut off. If none of it is
// missing it was changed since, and may be recorded by another ledger.
static bool check_torn(const struct imp_tar *tar, uint64_t place,
                       struct imp_err *err)
{
    struct imp_tar_member m;
    bool hole;
    if (!imp_tar_look(tar, place, tar->end, &m, NULL) ||
        m.gz.kind != IMP_GZ_OBJECT || m.gz.length != tar->end - place)
        return true;
    if (!has_hole(tar, place, tar->end, &hole, err))
        return false;
    return hole || imp_fail(err, IMP_ERR_DAMAGED,
                            "the last object, at %" PRIu64 ", is damaged, and "
                            "no list tells whether it was recorded: put the "
                            "archive back from a copy, or cut it there",
                            place);
}

// Pass over what a crash has torn at the end. After a power cut that may be
// more than one, and have whole ones behind it: see imp_tar_recover.
static bool trim(struct imp_tar *tar, struct imp_err *err)
{
    bool whole = false;
    while (count(tar) > 0) {
        if (!is_whole(tar, count(tar) - 1, &whole, err))
            return false;
        if (whole)
            return true;
        if (!check_torn(tar, last(tar), err))
            return false;
        pop(tar);
    }
    return true;
}

// --- Where it ends ---

// Where what begins at `at` ends: a whole member of an object, or something
// damaged, if such a member comes behind it. `*next` is `at` if neither.
static bool pass_over(struct imp_tar *tar, uint64_t at, uint64_t limit,
                      uint64_t *next, struct imp_err *err)
{
    struct imp_tar_member m;
    struct imp_err why = {0};
    *next = at;
    if (imp_tar_look(tar, at, limit, &m, &why)) {
        if (m.gz.kind == IMP_GZ_OBJECT)
            *next = at + m.gz.length;
        return true; // or the start of a tail that is not whole
    }
    if (why.code != IMP_ERR_DAMAGED)
        return imp_tar_pass(err, &why);
    if (!imp_tar_search(tar, at, limit, next, err))
        return false;
    if (*next == limit)
        *next = at;
    return true;
}

// Note all that lies between `*at` and `limit`; then `*at` is where it ends.
static bool note_recent(struct imp_tar *tar, uint64_t *at, uint64_t limit,
                        struct imp_err *err)
{
    while (*at < limit) {
        uint64_t next;
        if (!pass_over(tar, *at, limit, &next, err))
            return false;
        if (next == *at)
            return true;
        if (!push(tar, *at, err))
            return false;
        *at = next;
    }
    return true;
}

// What may stand at `at`, behind the objects of a file without a whole tail:
// nothing, something torn, or the beginning of a tail. Anything else some other
// program has put there: it is not ours to cut off.
static bool check_rest(struct imp_tar *tar, uint64_t at, uint64_t limit,
                       struct imp_err *err)
{
    struct imp_tar_member m;
    struct imp_err why = {0};
    bool tags = false;
    while (at < limit && imp_tar_look(tar, at, limit, &m, &why)) {
        at += m.gz.length;
        tags |= m.gz.kind == IMP_GZ_TAG;
        bool ours = m.gz.kind == IMP_GZ_TAG ||
                    (m.gz.kind == IMP_GZ_END && tags && at == limit);
        if (!ours)
            return imp_fail(err, IMP_ERR_CONFIG,
                            "something was appended to the archive: it goes on "
                            "behind its tail at %" PRIu64 "; take that away "
                            "first",
                            m.place);
    }
    return why.code == IMP_OK || why.code == IMP_ERR_DAMAGED ||
           imp_tar_pass(err, &why);
}

// Where `last` ends, if it is where the ledger has it. An older copy of the
// archive may have been put back, and have grown by other objects since: what
// they are, and where they end, is not known then.
static bool end_of_known(const struct imp_tar *tar,
                         const struct imp_object *last, uint64_t limit,
                         uint64_t *end, struct imp_err *err)
{
    struct imp_tar_member m;
    const char *name;
    struct imp_err why = {0};
    *end = tar->first;
    if (!last)
        return true;
    *end = last->place + last->stored;
    if (*end < last->place || *end > limit)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the archive is shorter than the ledger says: %" PRIu64
                        " bytes of images, the ledger knows of %" PRIu64,
                        limit, *end);
    if (imp_tar_look(tar, last->place, *end, &m, &why) &&
        m.gz.length == last->stored && imp_tar_name(&m, &name, &why) &&
        strcmp(name, last->name) == 0)
        return true;
    if (why.code != IMP_OK && why.code != IMP_ERR_DAMAGED)
        return imp_tar_pass(err, &why);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "the archive does not have the ledger's last object, of "
                    "%" PRIu64 " bytes at %" PRIu64 ": was an older copy of it "
                    "put back? Another --state takes up what is there",
                    last->stored, last->place);
}

bool imp_tar_ready(struct imp_tar *tar, const struct imp_object *last,
                   struct imp_err *err)
{
    struct imp_tar_tail tail;
    uint64_t size, at;
    if (tar->ready)
        return true;
    if (!imp_tar_size(tar, &size, err) ||
        !imp_tar_find_tail(tar, &tail, &tar->listed, err))
        return false;
    uint64_t limit = tar->listed ? tail.at : size;
    if (!end_of_known(tar, last, limit, &at, err))
        return false;
    if (!note_recent(tar, &at, limit, err) ||
        (!tar->listed && !check_rest(tar, at, limit, err)))
        return false;
    // What a tail lists was whole once: nothing of it is passed over.
    if (tar->listed && at < limit) {
        if (!push(tar, at, err))
            return false;
        at = limit;
    }
    tar->end = at;
    tar->more = !tar->listed && size > at;
    tar->ready = tar->listed || trim(tar, err);
    return tar->ready;
}

bool imp_tar_resume(struct imp_target *t, const struct imp_object *last,
                    struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    return imp_tar_ready(tar, last, err) && imp_tar_cut(tar, err);
}

bool imp_tar_cut(struct imp_tar *tar, struct imp_err *err)
{
    if (!tar->more)
        return true;
    if (ftruncate(tar->fd, (off_t)tar->end) != 0)
        return imp_fail_errno(err, "cut the archive");
    if (!imp_file_sync(tar->fd, err))
        return false;
    tar->more = false;
    return true;
}

// --- Names ---

bool imp_tar_settle(struct imp_target *t, const struct imp_staged *const *group,
                    size_t n, struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    (void)group, (void)n; // in memory
    if (!imp_tar_ready(tar, NULL, err))
        return false;
    tar->recent.n = 0; // the ledger has taken up or taken back all of them
    return true;
}

static bool append(struct imp_tar *tar, const struct imp_tar_held *member,
                   struct imp_err *err)
{
    // The tail goes first, and durably: never do images follow it.
    if (tar->listed) {
        tar->listed = false;
        tar->more = true;
    }
    if (!imp_tar_cut(tar, err) || !push(tar, tar->end, err))
        return false;
    tar->more = true;
    tar->unsynced = true;
    if (imp_tar_copy_held(member, tar->fd, tar->end, err)) {
        tar->more = false;
        return true;
    }
    tar->recent.n -= sizeof(uint64_t);
    imp_tar_cut(tar, NULL); // or before the next
    return false;
}

static bool publish_one(struct imp_tar *tar, struct imp_staged *staged,
                        struct imp_object *object, struct imp_err *err)
{
    const struct imp_tar_held *member = staged->held;
    if (!imp_name_check(object->name, err) || !imp_tar_ready(tar, NULL, err) ||
        !append(tar, member, err))
        return imp_wrap(err, "publish");
    object->place = tar->end;
    object->stored = member->length;
    tar->end += member->length;
    imp_tar_discard(&tar->target, staged);
    return true;
}

void imp_tar_publish(struct imp_target *t, struct imp_publication *group,
                     size_t n)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    for (size_t i = 0; i < n; i++)
        publish_one(tar, group[i].staged, &group[i].object, &group[i].err);
}

bool imp_tar_settle_names(struct imp_target *t, struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    if (!imp_file_is_at(tar->fd, tar->where, err))
        return imp_wrap(err, "settle names");
    if (!tar->unsynced)
        return true;
    while (fdatasync(tar->fd) != 0)
        if (errno != EINTR)
            return imp_fail_errno(err, "settle names: fdatasync");
    tar->unsynced = false;
    return true;
}

// Is the last member this object? One that cannot be read is not.
static bool last_is(struct imp_tar *tar, const struct imp_object *object,
                    bool *same, struct imp_err *err)
{
    struct imp_tar_member m;
    struct imp_digest digest;
    const char *name;
    struct imp_err why = {0};
    *same = false;
    if (count(tar) == 0)
        return true;
    if (imp_tar_look(tar, last(tar), tar->end, &m, &why) &&
        imp_tar_name(&m, &name, &why) && strcmp(name, object->name) == 0 &&
        m.gz.length == tar->end - m.place &&
        imp_tar_hash_member(tar, &m, tar->hasher, &digest, &why))
        *same = memcmp(&digest, &object->digest, sizeof digest) == 0;
    if (why.code == IMP_OK || why.code == IMP_ERR_DAMAGED)
        return true;
    return imp_tar_pass(err, &why);
}

bool imp_tar_retract(struct imp_target *t, const struct imp_object *object,
                     struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    bool same;
    if (!imp_name_check(object->name, err) || !imp_tar_ready(tar, NULL, err) ||
        !last_is(tar, object, &same, err))
        return imp_wrap(err, "retract");
    if (!same)
        return true;
    pop(tar);
    return (trim(tar, err) && imp_tar_cut(tar, err)) ||
           imp_wrap(err, "retract");
}

// Must something go, lest the file cannot be read to its end?
static bool has_torn(struct imp_tar *tar, bool *torn, struct imp_err *err)
{
    bool whole = true;
    for (size_t i = 0; whole && i < count(tar); i++)
        if (!is_whole(tar, i, &whole, err))
            return false;
    *torn = !whole;
    return true;
}

// No ledger takes up what lies behind something torn: see imp_tar_walk.
bool imp_tar_recover(struct imp_target *t, const struct imp_object *object,
                     struct imp_err *err)
{
    struct imp_tar *tar = (struct imp_tar *)t;
    bool torn = false;
    if (!imp_tar_ready(tar, NULL, err) ||
        (!tar->listed && !tar->sound && !has_torn(tar, &torn, err)))
        return imp_wrap(err, "recover");
    tar->sound = !torn;
    return !torn || imp_tar_retract(t, object, err);
}
