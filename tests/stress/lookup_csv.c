// Finds while the list of subjects is replaced by rename, over and over:
// lookup_csv [VERSIONS]. All rows of a version say its number in two columns;
// every seventh version is wrong. Every answer must be of one whole version,
// and none of an older one than the same thread has seen before. A few versions
// go through the source itself, which looks once a second only. For
// ThreadSanitizer and DRD.
#include "expect.h"

#include "lookup/csv_file.h"
#include "lookup/kinds.h"
#include "sync/context.h"
#include "sync/counter.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FINDERS = 4, ROWS = 50, WRONG = 7, KINDS_VERSIONS = 3 };

// What comes by rename is whole, and need not settle.
static const struct imp_csv_pace restless = {0, 0};

struct list {
    char dir[40], path[60], next[60];
    struct imp_csv_file *file;
    struct imp_lookup *source;      // if not `file`
    struct imp_ctx *ctx;            // until the last version has been seen
    struct imp_counter version;     // that is at the path
    struct imp_counter torn, older; // answers that must not be
    struct imp_counter found, refused;
    struct imp_counter last_seen; // finders that have the last version
    uint64_t versions;
};

static void write_version(struct list *l, uint64_t version)
{
    FILE *f = fopen(l->next, "w");
    if (!f)
        abort();
    fputs("a,subject,b\n", f);
    for (int i = 0; i < ROWS; i++)
        fprintf(f, "%" PRIu64 ",p%d,%" PRIu64 "\n", version, i, version);
    if (version % WRONG == 0)
        fputs("p\n", f);
    if (fclose(f) != 0 || rename(l->next, l->path) != 0)
        abort();
    imp_counter_add(&l->version, 1);
}

// What row `key` says; false: it cannot be asked now.
static bool find(struct list *l, const char *key, uint64_t *a, uint64_t *b)
{
    struct imp_span span = {(const uint8_t *)key, strlen(key)};
    struct imp_err err = {0};
    *a = *b = 0;
    if (l->source) {
        struct imp_answer *answer = NULL;
        bool ok = l->source->ops->find(l->source, span, l->ctx, &answer, &err);
        if (answer) {
            *a = strtoull(imp_answer_get(answer, "a"), NULL, 10);
            *b = strtoull(imp_answer_get(answer, "b"), NULL, 10);
        }
        imp_answer_unref(answer);
        return ok;
    }
    struct imp_csv *t = imp_csv_file_get(l->file, l->ctx, &err);
    const char *row = t ? imp_csv_find(t, span) : NULL;
    if (row) {
        *a = strtoull(row, NULL, 10);
        row += strlen(row) + 1;
        *b = strtoull(row + strlen(row) + 1, NULL, 10);
    }
    imp_csv_unref(t);
    return t;
}

static void *find_all(void *arg)
{
    struct list *l = arg;
    uint64_t seen = 0;
    for (int i = 0; seen < l->versions && !imp_ctx_cancelled(l->ctx); i++) {
        char key[20];
        uint64_t a, b;
        snprintf(key, sizeof key, "p%d", i % ROWS);
        if (!find(l, key, &a, &b)) {
            imp_counter_add(&l->refused, 1);
            continue;
        }
        imp_counter_add(&l->found, 1);
        if (a != b || a == 0 || a % WRONG == 0)
            imp_counter_add(&l->torn, 1);
        if (a < seen)
            imp_counter_add(&l->older, 1);
        seen = a;
    }
    if (seen == l->versions)
        imp_counter_add(&l->last_seen, 1);
    return NULL;
}

static void *replace_all(void *arg)
{
    struct list *l = arg;
    while (imp_counter_get(&l->version) < l->versions) {
        uint64_t version = imp_counter_get(&l->version) + 1;
        // The source is to see some of them: one for each look. The last must
        // not have the inode, size and time of one before it.
        imp_ctx_wait(l->ctx, l->source                ? 1300
                             : version == l->versions ? 50
                                                      : 1);
        write_version(l, version);
    }
    return NULL;
}

static void run_threads(struct list *l)
{
    pthread_t finder[FINDERS], replacer;
    for (int i = 0; i < FINDERS; i++)
        pthread_create(&finder[i], NULL, find_all, l);
    pthread_create(&replacer, NULL, replace_all, l);
    pthread_join(replacer, NULL);
    for (int i = 0; i < FINDERS; i++)
        pthread_join(finder[i], NULL);
}

static bool open_list(struct list *l, bool as_source, struct imp_err *err)
{
    char spec[80];
    snprintf(spec, sizeof spec, "csv:%s", l->path);
    if (as_source)
        l->source =
            imp_lookup_csv.open(&(struct imp_lookup_at){.spec = spec}, err);
    else
        l->file = imp_csv_file_open(l->path, "subject", &restless, err);
    return l->source || l->file;
}

static void try_list(uint64_t versions, bool as_source)
{
    struct imp_err err = {0};
    struct list l = {.dir = "/tmp/imgpipe-stress-XXXXXX",
                     .versions = versions + (versions % WRONG == 0)};
    if (!mkdtemp(l.dir))
        abort();
    snprintf(l.path, sizeof l.path, "%s/list.csv", l.dir);
    snprintf(l.next, sizeof l.next, "%s/next", l.dir);
    l.ctx = imp_ctx_new_timeout(NULL, 600000);
    write_version(&l, 1);
    expect(open_list(&l, as_source, &err), "it can be opened");
    if (l.file || l.source)
        run_threads(&l);
    if (l.source)
        l.source->ops->free(l.source);
    imp_csv_file_free(l.file);
    imp_ctx_free(l.ctx);
    unlink(l.path);
    rmdir(l.dir);
    expect(imp_counter_get(&l.torn) == 0, "an answer is of one whole version");
    expect(imp_counter_get(&l.older) == 0, "no version comes back");
    expect(imp_counter_get(&l.last_seen) == FINDERS,
           "the last version is seen by all");
    printf("%" PRIu64 " versions, %" PRIu64 " answers, %" PRIu64
           " while a version was wrong or was being written\n",
           l.versions, imp_counter_get(&l.found), imp_counter_get(&l.refused));
}

int main(int argc, char **argv)
{
    uint64_t versions = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    try_list(versions, false);
    try_list(KINDS_VERSIONS, true);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
