// Whole runs, cancelled at random moments, then one to the end:
// pipeline [FILES]. Each run's outcomes must add up, and the last must leave
// every image archived. For ThreadSanitizer and DRD.
#include "expect.h"

#include "deid/secret.h"
#include "pipeline/run.h"
#include "sync/context.h"

#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define ROUNDS 8

// --- Inputs ---

static void put_chunk(FILE *f, const char *type, const uint8_t *data, size_t n)
{
    uint8_t number[4];
    uLong crc = crc32(0, (const Bytef *)type, 4);
    if (n)
        crc = crc32(crc, data, (uInt)n);
    imp_put_be32(number, (uint32_t)n);
    fwrite(number, 1, 4, f);
    fwrite(type, 1, 4, f);
    if (n)
        fwrite(data, 1, n, f);
    imp_put_be32(number, (uint32_t)crc);
    fwrite(number, 1, 4, f);
}

// A grey PNG of 16 x 1 pixels that no other number has, with a comment that
// must go.
static void make_png(const char *path, unsigned number)
{
    uint8_t head[13] = {0, 0, 0, 16, 0, 0, 0, 1, 8}, row[17] = {0}, z[64];
    uLongf z_len = sizeof z;
    FILE *f = fopen(path, "wb");
    if (!f)
        abort();
    memcpy(row + 1, &number, sizeof number);
    compress(z, &z_len, row, sizeof row);
    fwrite("\x89PNG\r\n\x1a\n", 1, 8, f);
    put_chunk(f, "IHDR", head, sizeof head);
    put_chunk(f, "tEXt", (const uint8_t *)"Author\0Jane", 11);
    put_chunk(f, "IDAT", z, z_len);
    put_chunk(f, "IEND", NULL, 0);
    fclose(f);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

// --- Runs ---

struct world {
    char top[64], in[80], archive[80], state[80];
    char list[80], source[90], key[80]; // of subjects, if it has any
    bool has_subjects;
    _Atomic uint64_t events;
    uint64_t archived; // by all runs
};

static void count_event(void *self, const struct imp_event *event)
{
    struct world *w = self;
    (void)event;
    atomic_fetch_add(&w->events, 1);
}

struct canceller {
    struct imp_ctx *ctx;
    struct world *world;
    uint64_t after; // so many events: a moment in the run, not in time
};

static void *cancel_after_events(void *self)
{
    struct canceller *c = self;
    while (atomic_load(&c->world->events) < c->after &&
           !imp_ctx_wait(c->ctx, 1))
        ;
    imp_ctx_cancel(c->ctx, IMP_CAUSE_CANCEL);
    return NULL;
}

// The last digit of a file's name is its subject; both look-ups ask one list.
static struct imp_whose_config whose_of(const struct world *w)
{
    if (!w->has_subjects)
        return (struct imp_whose_config){0};
    return (struct imp_whose_config){.from = "name:(\\d)\\.png$",
                                     .subjects.spec = w->source,
                                     .study.spec = w->source,
                                     .lookup_timeout_ms = 600000,
                                     .lookup_jobs = 3,
                                     .key_file = w->key};
}

static void make_subjects(struct world *w)
{
    snprintf(w->list, sizeof w->list, "%s/subjects.csv", w->top);
    snprintf(w->source, sizeof w->source, "csv:%s", w->list);
    snprintf(w->key, sizeof w->key, "%s/key", w->top);
    FILE *f = fopen(w->list, "w");
    if (!f || !imp_secret_make(w->key, NULL))
        abort();
    fputs("subject,code\n", f);
    for (int i = 0; i < 10; i++)
        fprintf(f, "%d,S-%c\n", i, 'A' + i);
    fclose(f);
    w->has_subjects = true;
}

// One run, cancelled after so many events (0: never).
static struct imp_run_counts run_once(struct world *w, uint64_t cancel_after)
{
    const char *const paths[] = {w->in, NULL};
    const struct imp_run_config config = {
        .archive = {.spec = w->archive},
        .commit = imp_group_limits_default(),
        .state = w->state,
        .paths = paths,
        .jobs = 4,
        .queue = 5,
        .grace_ms = cancel_after % 2 ? 0 : 1000,
        .cleaning.limits = {1 << 20, 1 << 20},
        .whose = whose_of(w),
        .policy = w->has_subjects ? "research" : NULL,
        .name = w->has_subjects ? "{subject}/{digest}.{ext}" : NULL,
        .on_event = count_event,
        .self = w,
    };
    struct imp_err err = {0};
    struct imp_run_counts counts = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_run *run = imp_run_new(&config, ctx, &err);
    if (!run) {
        printf("%s\n", err.msg);
        abort();
    }
    struct canceller canceller = {ctx, w, cancel_after};
    pthread_t thread;
    atomic_store(&w->events, 0);
    if (cancel_after)
        pthread_create(&thread, NULL, cancel_after_events, &canceller);
    expect(imp_run_go(run, &err), "a cancelled run ends in order");
    imp_run_counts(run, &counts);
    if (cancel_after) {
        imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
        pthread_join(thread, NULL);
    }
    uint64_t sum = 0;
    for (int i = 0; i < IMP_OUTCOMES; i++)
        sum += counts.outcome[i];
    expect(sum == counts.scanned, "outcomes add up to what was scanned");
    expect(atomic_load(&w->events) == sum, "each outcome is told once");
    expect(counts.outcome[IMP_FAILED] == 0, "nothing failed");
    w->archived += counts.outcome[IMP_ARCHIVED];
    imp_run_free(run);
    imp_ctx_free(ctx);
    return counts;
}

// Runs into an archive of one kind, which may keep the inputs in order.
static void campaign(const char *scheme, unsigned files, bool has_subjects)
{
    struct world w = {.top = "/tmp/imgpipe-stress-XXXXXX"};
    if (!mkdtemp(w.top))
        abort();
    snprintf(w.in, sizeof w.in, "%s/in", w.top);
    snprintf(w.archive, sizeof w.archive, "%s:%s/archive", scheme, w.top);
    snprintf(w.state, sizeof w.state, "%s/state", w.top);
    mkdir(w.in, 0700);
    for (unsigned i = 0; i < files; i++) {
        char path[120];
        snprintf(path, sizeof path, "%s/%u.png", w.in, i);
        make_png(path, i);
    }
    if (has_subjects)
        make_subjects(&w);
    unsigned seed = files;
    for (int round = 0; round < ROUNDS; round++)
        run_once(&w, 1 + (unsigned)rand_r(&seed) % files);
    struct imp_run_counts last = run_once(&w, 0);
    expect(last.scanned == files, "the last run sees every file");
    expect(last.outcome[IMP_CANCELLED] == 0, "the last run is not cancelled");
    expect(w.archived == files, "each image was archived once, by some run");
    nftw(w.top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
    unsigned files = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;
    if (!files)
        return 2;
    campaign("bag", files, false);
    campaign("tar.gz", files, false);
    campaign("bag", files, true);
    printf("pipeline: %u files, %d cancelled runs: %d passed, %d failed\n",
           files, 3 * ROUNDS, passed, failed);
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
