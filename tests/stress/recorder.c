// Senders, a channel and the recorder, with an archive that fails at random:
// recorder [RESULTS]. Each result must end in exactly one outcome, be told of
// once, and leave ledger and archive agreeing. For ThreadSanitizer and DRD.
#include "expect.h"

#include "ledger/entries.h"
#include "ledger/recorder.h"
#include "sync/context.h"
#include "sync/counter.h"

#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SENDERS 4
#define QUEUE 8

struct fake {
    unsigned random;  // of the recorder's thread
    uint8_t *visible; // by serial of the image: is its name there?
    uint64_t done[IMP_OUTCOMES];
    uint8_t *told; // by serial of the result
    struct imp_counter staged;
    struct imp_counter released;
};

struct sender {
    struct fake *fake;
    struct imp_ctx *ctx;
    struct imp_chan_tx tx;
    size_t first, results;
};

static bool unlucky(struct fake *f, unsigned one_in)
{
    f->random = f->random * 1103515245U + 12345U;
    return (f->random >> 16) % one_in == 0;
}

// A digest made from a number and back; every third image is a duplicate.
static struct imp_digest digest_of(size_t image)
{
    struct imp_digest d = {{0}};
    memcpy(d.b, &image, sizeof image);
    return d;
}

static size_t image_of(const struct imp_digest *d)
{
    size_t image;
    memcpy(&image, d->b, sizeof image);
    return image;
}

static bool settle(void *self, struct imp_result *const *group, size_t n,
                   struct imp_err *err)
{
    (void)group;
    (void)n;
    return !unlucky(self, 15) || imp_fail(err, IMP_ERR_IO, "settle");
}

static bool publish_one(struct fake *f, struct imp_result *r,
                        struct imp_err *err)
{
    size_t image = image_of(&r->digest);
    if (unlucky(f, 20))
        return imp_fail(err, IMP_ERR_IO, "publish");
    expect(!f->visible[image], "a name is published once");
    f->visible[image] = 1;
    if (unlucky(f, 20))
        return imp_fail(err, IMP_ERR_IO, "publish, but visible");
    free(r->staged);
    imp_counter_add(&f->released, 1);
    return true;
}

static void publish(void *self, struct imp_result *const *group, size_t n,
                    struct imp_err *why)
{
    for (size_t i = 0; i < n; i++)
        publish_one(self, group[i], &why[i]);
}

static bool settle_names(void *self, struct imp_err *err)
{
    return !unlucky(self, 15) || imp_fail(err, IMP_ERR_IO, "names");
}

static void discard(void *self, struct imp_result *r)
{
    struct fake *f = self;
    free(r->staged);
    imp_counter_add(&f->released, 1);
}

static bool retract(void *self, const struct imp_object *object,
                    struct imp_err *err)
{
    struct fake *f = self;
    (void)err;
    f->visible[image_of(&object->digest)] = 0;
    return true;
}

static void done(void *self, const struct imp_result *r)
{
    struct fake *f = self;
    f->done[r->outcome]++;
    f->told[strtoul(r->path + 1, NULL, 10)]++;
}

static struct imp_result *make(struct fake *f, size_t serial)
{
    char path[32];
    snprintf(path, sizeof path, "/%zu", serial);
    struct imp_result *r = imp_result_new(path);
    if (!r)
        abort();
    if (serial % 7 == 0) {
        r->outcome = IMP_QUARANTINED;
        imp_fail(&r->err, IMP_ERR_DAMAGED, "torn");
        return r;
    }
    size_t image = serial % 3 == 0 ? serial / 2 : serial;
    r->outcome = IMP_ARCHIVED;
    r->digest = digest_of(image);
    r->length = 1000;
    snprintf(r->name, sizeof r->name, "%zu", image);
    r->staged = malloc(1);
    imp_counter_add(&f->staged, 1);
    return r;
}

static void *send_all(void *arg)
{
    struct sender *s = arg;
    for (size_t i = s->first; i < s->results; i += SENDERS)
        if (!imp_chan_send(s->ctx, s->tx, make(s->fake, i)))
            abort();
    return NULL;
}

struct recording {
    struct imp_ledger *ledger;
    int64_t run;
    struct imp_chan *ch;
    struct fake *fake;
    bool ok;
};

static void *record(void *arg)
{
    struct recording *rec = arg;
    const struct imp_group_limits limits = {16, 12000, 5};
    const struct imp_commit_ops ops = {
        .self = rec->fake,
        .settle = settle,
        .publish = publish,
        .settle_names = settle_names,
        .discard = discard,
        .retract = retract,
        .done = done,
    };
    const struct imp_record record = {.ledger = rec->ledger, .run = rec->run};
    rec->ok = imp_recorder_run(&record, (struct imp_chan_rx){rec->ch}, &ops,
                               &limits, NULL);
    return NULL;
}

static void run_threads(struct recording *rec, size_t results)
{
    pthread_t senders[SENDERS], recorder;
    struct sender s[SENDERS];
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_chan_tx tx = {rec->ch};
    pthread_create(&recorder, NULL, record, rec);
    for (size_t i = 0; i < SENDERS; i++) {
        s[i] = (struct sender){rec->fake, ctx, tx, i, results};
        pthread_create(&senders[i], NULL, send_all, &s[i]);
    }
    for (size_t i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    imp_chan_close(tx);
    pthread_join(recorder, NULL);
    imp_ctx_free(ctx);
}

struct agreement {
    struct fake *fake;
    uint64_t objects, missing;
};

static bool look(void *self, const struct imp_object *object,
                 struct imp_err *err)
{
    (void)err;
    struct agreement *a = self;
    a->objects++;
    a->missing += !a->fake->visible[image_of(&object->digest)];
    return true;
}

static void judge(struct recording *rec, size_t results)
{
    struct fake *f = rec->fake;
    struct agreement a = {.fake = f};
    uint64_t sum = 0, visible = 0, not_once = 0;
    for (size_t i = 0; i < IMP_OUTCOMES; i++)
        sum += f->done[i];
    for (size_t i = 0; i < results; i++) {
        visible += f->visible[i];
        not_once += f->told[i] != 1;
    }
    expect(rec->ok, "the ledger was written to the end");
    expect(sum == results, "outcomes add up to the results");
    expect(not_once == 0, "each result is told of once");
    expect(imp_counter_get(&f->staged) == imp_counter_get(&f->released),
           "nothing stays staged");
    expect(imp_ledger_each_object(rec->ledger, look, &a, NULL), "objects");
    expect(a.missing == 0, "what the ledger holds is visible");
    expect(a.objects == visible, "what is visible is in the ledger");
    expect(a.objects == f->done[IMP_ARCHIVED], "archived ones are objects");
    expect(f->done[IMP_ARCHIVED] && f->done[IMP_FAILED] &&
               f->done[IMP_DUPLICATE] && f->done[IMP_QUARANTINED],
           "all kinds of outcome came up");
    printf("%" PRIu64 " archived, %" PRIu64 " duplicate, %" PRIu64
           " quarantined, %" PRIu64 " failed\n",
           f->done[IMP_ARCHIVED], f->done[IMP_DUPLICATE],
           f->done[IMP_QUARANTINED], f->done[IMP_FAILED]);
}

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

int main(int argc, char **argv)
{
    size_t results = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    char dir[] = "/tmp/imgpipe-stress-XXXXXX";
    struct imp_err err = {0};
    struct imp_recipe recipe = {0};
    bool other;
    struct fake fake = {.random = 1};
    fake.visible = calloc(results + 1, 1);
    fake.told = calloc(results + 1, 1);
    struct recording rec = {.fake = &fake, .ch = imp_chan_new(QUEUE)};
    struct imp_journal *journal = NULL;
    if (fake.visible && fake.told && mkdtemp(dir))
        rec.ledger = imp_ledger_open(dir, NULL, &err);
    if (rec.ledger)
        journal = imp_journal_open(rec.ledger, &err);
    if (!journal ||
        !imp_ledger_start_run(rec.ledger, &recipe, &rec.run, &other, &err)) {
        printf("cannot start: %s\n0 passed, 1 failed\n", err.msg);
        return 1;
    }
    run_threads(&rec, results);
    judge(&rec, results);
    expect(imp_journal_close(journal, &err), "the audit log was written");
    imp_ledger_free(rec.ledger);
    imp_chan_free(rec.ch, NULL);
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(fake.told);
    free(fake.visible);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
