// s3://BUCKET/PREFIX, a BagIt bag (RFC 8493) in a store: PREFIX/data/NAME for
// each object, listed in PREFIX/manifest-sha256.txt. Download it, and it is
// one.
//
// There is no lock. Several machines may write to one prefix, each with its own
// ledger, and a lock in a store would either outlive who was killed with it or
// end under who is only slow. Three rules stand in for it:
//
// - Nothing is ever overwritten: each PUT is on the condition that nothing is
//   there. What is there has the same bytes, and two who put the same image
//   both succeed; or it has others, and the image fails.
// - Nothing is ever taken back from data/. After a crash, a ledger cannot tell
//   its own from what another ledger has put under the same name and holds by
//   now. So what a killed run has left is not removed but taken up: the tag
//   manifest is out of the way while a run adds objects, and where it is
//   missing the next start looks at all that is in data/.
// - The manifest replaces only the one that this run has read (If-Match on its
//   ETag). If another has replaced it meanwhile, this run says so and ends; its
//   next start takes up what the other has listed, and lists both.
#include "archive/s3_place.h"
#include "archive/s3_target.h"
#include "archive/tags.h"
#include "base/file.h"
#include "base/map.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Threads that upload a group, the recorder's own among them.
#define UPLOADERS 8

// What is longer is not held in memory.
#define HELD_MOST ((size_t)16 << 20)

// An upload that was begun so long ago is nobody's any more.
#define UPLOAD_AGE_S (24 * 60 * 60)

// --- Open and free ---

static void s3_free(struct imp_target *target)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    imp_s3_free(t->s3);
    imp_sha256_free(t->hasher);
    free(t);
}

// The store does not tell whose an upload is. Those that are a day old are
// aborted here, and those of a name that this ledger meant to publish by
// _retract. Keys that may not list them leave that to the bucket's own rules.
static bool sweep(struct imp_s3_target *t, struct imp_err *err)
{
    struct imp_err why = {0};
    uint64_t left = 0;
    bool ok =
        imp_s3_abort_uploads(t->s3, IMP_S3_PAYLOAD, UPLOAD_AGE_S, &left, &why);
    t->pending = ok && left > 0;
    if (!ok && why.code != IMP_ERR_CONFIG && err)
        *err = why;
    return ok || why.code == IMP_ERR_CONFIG;
}

static struct imp_target *s3_open(const char *where,
                                  const struct imp_archive_at *at,
                                  enum imp_target_mode mode,
                                  struct imp_ctx *wait, struct imp_err *err)
{
    struct imp_s3_target *t = calloc(1, sizeof *t);
    bool write = mode == IMP_TARGET_WRITE;
    struct imp_s3_access access = at->s3;
    if (!access.stop)
        access.stop = wait; // though there is no lock
    if (!t) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a target");
        return NULL;
    }
    t->target.ops = &imp_target_s3;
    t->reading = !write;
    t->hasher = imp_sha256_new(err);
    if (t->hasher && (t->s3 = imp_s3_new(where, &access, err)) &&
        imp_s3_survey(t, err) && (!write || sweep(t, err)))
        return &t->target;
    s3_free(&t->target);
    return NULL;
}

static char *s3_identity(const char *where, const struct imp_archive_at *at,
                         struct imp_err *err)
{
    struct imp_s3_place place;
    char *text = NULL;
    if (!imp_s3_place_init(&place, where, &at->s3, err)) {
        imp_wrap(err, "archive (s3)");
        return NULL;
    }
    int n = (int)strlen(place.prefix);
    if (asprintf(&text, "s3://%s/%s%s%.*s", place.store, place.bucket,
                 n > 0 ? "/" : "", n > 0 ? n - 1 : 0, place.prefix) < 0) {
        text = NULL;
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a URL");
    }
    imp_s3_place_clear(&place);
    return text;
}

// --- Staging: any worker ---

struct held {
    int fd; // a file without a name; -1: in memory
    size_t n;
    uint8_t bytes[];
};

static void free_held(struct held *held)
{
    if (held && held->fd >= 0)
        close(held->fd);
    free(held);
}

static bool length_of(const struct iovec *pieces, size_t n, size_t *total,
                      struct imp_err *err)
{
    *total = 0;
    for (size_t i = 0; i < n; i++)
        if (__builtin_add_overflow(*total, pieces[i].iov_len, total))
            return imp_fail(err, IMP_ERR_LIMIT, "the length overflows");
    return true;
}

static bool hold_in_file(struct held *held, const struct iovec *pieces,
                         size_t n, struct imp_err *err)
{
    held->fd = imp_file_unnamed(err);
    if (held->fd < 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct imp_span left = {pieces[i].iov_base, pieces[i].iov_len};
        struct imp_span step = {0};
        while (imp_map_step(&left, &step))
            if (!imp_file_write(held->fd, step.p, step.n, err))
                return false;
    }
    return true;
}

static void hold_in_memory(struct held *held, const struct iovec *pieces,
                           size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; at += pieces[i++].iov_len)
        if (pieces[i].iov_len > 0)
            memcpy(held->bytes + at, pieces[i].iov_base, pieces[i].iov_len);
}

// The bytes are kept until the recorder has them sent: in memory, at most those
// of a group and of what waits for the next, but large ones in a file.
static bool s3_stage(struct imp_target *target, const struct imp_object *object,
                     const struct iovec *pieces, size_t n,
                     struct imp_staged *out, struct imp_err *err)
{
    (void)target;
    size_t total;
    if (!length_of(pieces, n, &total, err))
        return imp_wrap(err, "stage");
    if (total != object->length)
        imp_bug("stage: the pieces are not as long as the object");
    bool large = total > HELD_MOST;
    struct held *held = malloc(sizeof *held + (large ? 0 : total));
    if (!held)
        return imp_fail(err, IMP_ERR_MEMORY, "stage: no memory for %zu bytes",
                        total);
    held->fd = -1;
    held->n = total;
    if (!large) {
        hold_in_memory(held, pieces, n);
    } else if (!hold_in_file(held, pieces, n, err)) {
        free_held(held);
        return imp_wrap(err, "stage");
    }
    *out = (struct imp_staged){.held = held};
    return true;
}

static void s3_discard(struct imp_target *target, struct imp_staged *staged)
{
    (void)target;
    free_held(staged->held);
    staged->held = NULL;
}

// --- Publishing: the recorder ---

static bool key_of(const char *name, char key[IMP_S3_KEY_MAX],
                   struct imp_err *err)
{
    if (!imp_name_check(name, err))
        return false;
    snprintf(key, IMP_S3_KEY_MAX, IMP_S3_PAYLOAD "%s", name);
    return true;
}

// From the first new object on the bag does not pass for whole.
static bool s3_settle(struct imp_target *target,
                      const struct imp_staged *const *group, size_t n,
                      struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    (void)group;
    if (n > 0 && !t->begun)
        t->begun = imp_s3_delete(t->s3, IMP_TAG_TAGMANIFEST, err);
    return n == 0 || t->begun || imp_wrap(err, "settle");
}

struct uploaders {
    struct imp_s3_target *t;
    struct imp_publication *group;
    size_t n;
    _Atomic size_t next;
};

static bool send(struct imp_s3_target *t, const char *key,
                 const struct held *held, const struct imp_digest *digest,
                 bool *there, struct imp_err *err)
{
    struct imp_map map;
    if (held->fd < 0)
        return imp_s3_put_new(t->s3, key,
                              (struct imp_span){held->bytes, held->n}, digest,
                              there, err);
    bool ok = imp_map_open(&map, held->fd, held->n, err) &&
              imp_s3_put_new(t->s3, key, map.bytes, digest, there, err);
    imp_map_close(&map);
    return ok;
}

static bool upload(struct imp_s3_target *t, struct imp_publication *p,
                   struct imp_err *err)
{
    char key[IMP_S3_KEY_MAX];
    bool there = false;
    if (!key_of(p->object.name, key, err) ||
        !send(t, key, p->staged->held, &p->object.digest, &there, err))
        return imp_wrap(err, "publish");
    return there || imp_fail(err, IMP_ERR_IO,
                             "publish: the name is taken by other bytes");
}

static void *upload_many(void *self)
{
    struct uploaders *u = self;
    size_t i;
    while ((i = atomic_fetch_add(&u->next, 1)) < u->n) {
        struct imp_publication *p = &u->group[i];
        p->err = (struct imp_err){0};
        if (!upload(u->t, p, &p->err))
            continue;
        p->object.place = p->object.stored = 0;
        s3_discard(&u->t->target, p->staged);
    }
    return NULL;
}

static void s3_publish(struct imp_target *target, struct imp_publication *group,
                       size_t n)
{
    struct uploaders u = {
        .t = (struct imp_s3_target *)target, .group = group, .n = n};
    pthread_t threads[UPLOADERS - 1];
    size_t started = 0;
    // Those that cannot be started leave their share to the others.
    while (started < UPLOADERS - 1 && started + 1 < n &&
           pthread_create(&threads[started], NULL, upload_many, &u) == 0)
        started++;
    upload_many(&u);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}

static bool s3_settle_names(struct imp_target *target, struct imp_err *err)
{
    (void)target, (void)err;
    return true;
}

// What is there is left for the next start to take up; see above.
static bool s3_retract(struct imp_target *target,
                       const struct imp_object *object, struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    char key[IMP_S3_KEY_MAX];
    struct imp_s3_head head;
    uint64_t left;
    if (!key_of(object->name, key, err))
        return imp_wrap(err, "retract");
    bool was_left = t->left;
    t->left = true;
    if ((t->pending && !imp_s3_abort_uploads(t->s3, key, 0, &left, err)) ||
        !imp_s3_head(t->s3, key, &head, err))
        return imp_wrap(err, "retract");
    t->left = was_left || head.found;
    return true;
}

// --- Reading ---

static bool s3_hash(struct imp_target *target, const struct imp_object *object,
                    struct imp_digest *digest, uint64_t *length,
                    struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    struct imp_intake intake = {.hasher = t->hasher};
    const struct imp_sink sink = imp_sink_intake(&intake);
    char key[IMP_S3_KEY_MAX];
    bool found;
    if (!key_of(object->name, key, err))
        return imp_wrap(err, "hash");
    if (!imp_s3_get(t->s3, key, object->length, &sink, &found, NULL, err))
        return imp_wrap(err, "%s", key);
    if (!found)
        return imp_fail(err, IMP_ERR_IO, "%s is not there", key);
    *digest = imp_sha256_end(t->hasher);
    *length = intake.length;
    return true;
}

static bool start_read(void *self, struct imp_err *err)
{
    (void)err;
    ((struct imp_buf *)self)->n = 0;
    return true;
}

static bool add_read(void *self, const void *bytes, size_t n,
                     struct imp_err *err)
{
    return imp_buf_add(self, bytes, n, err);
}

bool imp_s3_read(struct imp_s3 *s3, const char *key, uint64_t most,
                 struct imp_buf *out, bool *found, struct imp_err *err)
{
    const struct imp_sink sink = {out, start_read, add_read};
    out->n = 0;
    return imp_s3_get(s3, key, most, &sink, found, NULL, err) ||
           imp_wrap(err, "%s", key);
}

static bool s3_read(struct imp_target *target, const struct imp_object *object,
                    uint64_t most, struct imp_buf *out, struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    char key[IMP_S3_KEY_MAX];
    bool found;
    return key_of(object->name, key, err) &&
           imp_s3_read(t->s3, key, most, out, &found, err) &&
           (found || imp_fail(err, IMP_ERR_IO, "%s is not there", key));
}

static bool s3_stream(struct imp_target *target,
                      const struct imp_object *object,
                      const struct imp_sink *sink, struct imp_err *err)
{
    struct imp_s3_target *t = (struct imp_s3_target *)target;
    char key[IMP_S3_KEY_MAX];
    bool found;
    // 0: nobody knows how long it is.
    uint64_t most = object->length ? object->length : UINT64_MAX;
    if (!key_of(object->name, key, err))
        return false;
    if (!imp_s3_get(t->s3, key, most, sink, &found, NULL, err))
        return imp_wrap(err, "%s", key);
    return found || imp_fail(err, IMP_ERR_IO, "%s is not there", key);
}

const struct imp_target_ops imp_target_s3 = {
    .scheme = "s3",
    .sign = IMP_TAG_TAGMANIFEST,
    .open = s3_open,
    .identity = s3_identity,
    .stage = s3_stage,
    .settle = s3_settle,
    .publish = s3_publish,
    .settle_names = s3_settle_names,
    .discard = s3_discard,
    .retract = s3_retract,
    .recover = s3_retract,
    .listing = imp_s3_listing,
    .each = imp_s3_each,
    .walk = imp_s3_walk,
    .hash = s3_hash,
    .read = s3_read,
    .stream = s3_stream,
    .tag = imp_s3_tag,
    .beside = imp_s3_beside,
    .finish = imp_s3_finish,
    .free = s3_free,
};
