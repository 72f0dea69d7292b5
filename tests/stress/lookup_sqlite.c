// Threads that ask one database while another program's connection writes to it
// and, now and then, a new one is put in its place: lookup_sqlite [VERSIONS].
// All rows of a version say its number in two columns. Every answer must be of
// one whole version, and none of an older one than the same thread has seen
// before. Some ask with contexts that end under way. For ThreadSanitizer and
// DRD.
#include "expect.h"

#include "lookup/kinds.h"
#include "sync/context.h"
#include "sync/counter.h"

#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FINDERS = 6, ROWS = 20, REPLACED = 10 };

struct base {
    char dir[40], path[60], next[60];
    struct imp_lookup *source;
    struct imp_ctx *ctx;            // until the last version has been seen
    struct imp_counter torn, older; // answers that must not be
    struct imp_counter failed_else; // neither an answer nor a context's end
    struct imp_counter found, ended, last_seen;
    uint64_t versions;
};

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        abort();
}

static sqlite3 *opened(const char *path)
{
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK)
        abort();
    sqlite3_busy_timeout(db, 60000);
    return db;
}

// Written by another connection, or as another file that takes its place.
static void write_version(struct base *b, uint64_t version)
{
    bool replaces = version % REPLACED == 1;
    char sql[200];
    sqlite3 *db = opened(replaces ? b->next : b->path);
    if (replaces) {
        run(db, "CREATE TABLE s(subject TEXT PRIMARY KEY, a, b)");
        snprintf(sql, sizeof sql,
                 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM "
                 "n WHERE i < %d) INSERT INTO s SELECT 'p' || i, %" PRIu64
                 ", %" PRIu64 " FROM n",
                 ROWS, version, version);
    } else {
        snprintf(sql, sizeof sql, "UPDATE s SET a = %" PRIu64 ", b = %" PRIu64,
                 version, version);
    }
    run(db, sql);
    sqlite3_close(db);
    if (replaces && rename(b->next, b->path) != 0)
        abort();
}

static void judge(struct base *b, const struct imp_answer *answer,
                  uint64_t *seen)
{
    uint64_t one = strtoull(imp_answer_get(answer, "a"), NULL, 10);
    uint64_t two = strtoull(imp_answer_get(answer, "b"), NULL, 10);
    imp_counter_add(&b->found, 1);
    imp_counter_add(&b->torn, one != two || one == 0);
    imp_counter_add(&b->older, one < *seen);
    *seen = one;
}

static void *find_all(void *arg)
{
    struct base *b = arg;
    uint64_t seen = 0;
    for (int i = 0; seen < b->versions && !imp_ctx_cancelled(b->ctx); i++) {
        char key[20];
        struct imp_err err = {0};
        struct imp_answer *answer = NULL;
        int n = snprintf(key, sizeof key, "p%d", i % ROWS);
        const struct imp_span span = {(const uint8_t *)key, (size_t)n};
        struct imp_ctx *ctx = i % 7 == 0 ? imp_ctx_new_timeout(b->ctx, i % 3)
                                         : imp_ctx_new(b->ctx);
        bool ok = b->source->ops->find(b->source, span, ctx, &answer, &err);
        if (ok && answer)
            judge(b, answer, &seen);
        else if (!ok && err.code == IMP_ERR_CANCELLED)
            imp_counter_add(&b->ended, 1);
        else
            imp_counter_add(&b->failed_else, 1);
        if (ok ? !answer : err.code != IMP_ERR_CANCELLED)
            printf("%s: %s\n", key, ok ? "unknown" : err.msg);
        imp_answer_unref(answer);
        imp_ctx_free(ctx);
    }
    imp_counter_add(&b->last_seen, seen == b->versions);
    return NULL;
}

static void *write_all(void *arg)
{
    struct base *b = arg;
    for (uint64_t version = 2; version <= b->versions; version++)
        write_version(b, version);
    return NULL;
}

int main(int argc, char **argv)
{
    struct imp_err err = {0};
    struct base b = {.dir = "/tmp/imgpipe-stress-XXXXXX",
                     .versions = argc > 1 ? strtoull(argv[1], NULL, 10) : 300};
    pthread_t finder[FINDERS], writer;
    char spec[90];
    if (!mkdtemp(b.dir))
        abort();
    snprintf(b.path, sizeof b.path, "%s/s.db", b.dir);
    snprintf(b.next, sizeof b.next, "%s/next", b.dir);
    snprintf(spec, sizeof spec, "sqlite:%s?table=s", b.path);
    write_version(&b, 1);
    b.ctx = imp_ctx_new_timeout(NULL, 600000);
    b.source =
        imp_lookup_sqlite.open(&(struct imp_lookup_at){.spec = spec}, &err);
    if (!b.source) {
        printf("cannot start: %s\n0 passed, 1 failed\n", err.msg);
        return 1;
    }
    for (int i = 0; i < FINDERS; i++)
        pthread_create(&finder[i], NULL, find_all, &b);
    pthread_create(&writer, NULL, write_all, &b);
    pthread_join(writer, NULL);
    for (int i = 0; i < FINDERS; i++)
        pthread_join(finder[i], NULL);
    b.source->ops->free(b.source);
    imp_ctx_free(b.ctx);
    unlink(b.path);
    rmdir(b.dir);
    expect(imp_counter_get(&b.torn) == 0, "an answer is of one whole version");
    expect(imp_counter_get(&b.older) == 0, "no version comes back");
    expect(imp_counter_get(&b.failed_else) == 0, "nothing else goes wrong");
    expect(imp_counter_get(&b.last_seen) == FINDERS,
           "the last version is seen by all");
    printf("%" PRIu64 " versions, %" PRIu64 " answers, %" PRIu64
           " contexts ended\n%d passed, %d failed\n",
           b.versions, imp_counter_get(&b.found), imp_counter_get(&b.ended),
           passed, failed);
    return failed != 0;
}
