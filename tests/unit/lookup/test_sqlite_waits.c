// How long a look-up in a database takes: until its context ends, whatever a
// lock or a view does.
#include "lookup/ask.h"
#include "sqlite_case.h"

#include <pthread.h>
#include <time.h>

TestSuite(sqlite_waits, .init = set_up, .fini = tear_down, .timeout = 30);

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Ends with the context's deadline: neither before nor much later.
static void expect_cancelled_in_time(struct imp_lookup *l)
{
    int64_t began = now_ms();
    struct imp_ctx *ctx = imp_ctx_new_timeout(NULL, 200);
    struct imp_err err;
    ask_under(ctx, l, "p1", "code", &err);
    cr_expect_eq(err.code, IMP_ERR_CANCELLED, "%s", err.msg);
    cr_expect_geq(now_ms() - began, 200);
    cr_expect_lt(now_ms() - began, 2000, "%jd ms", now_ms() - began);
    imp_ctx_free(ctx);
}

Test(sqlite_waits, a_lock_is_waited_for_until_the_context_ends)
{
    run(path, SIMPLE);
    struct imp_lookup *l = opened("s");
    sqlite3 *writer = connected(path);
    run_in(writer, "BEGIN EXCLUSIVE");
    expect_cancelled_in_time(l);
    run_in(writer, "COMMIT");
    cr_expect_str_eq(ask(l, "p1", "code"), "S-1");
    sqlite3_close(writer);
}

static void *commit_soon(void *db)
{
    sqlite3_sleep(100);
    run_in(db, "UPDATE s SET code = 'S-9'; COMMIT");
    return NULL;
}

Test(sqlite_waits, who_waits_for_a_lock_sees_what_was_written)
{
    run(path, SIMPLE);
    struct imp_lookup *l = opened("s");
    sqlite3 *writer = connected(path);
    pthread_t thread;
    run_in(writer, "BEGIN EXCLUSIVE");
    cr_assert_eq(pthread_create(&thread, NULL, commit_soon, writer), 0);
    cr_expect_str_eq(ask(l, "p1", "code"), "S-9");
    pthread_join(thread, NULL);
    sqlite3_close(writer);
}

// Would run for ever.
#define NEVER_ENDS                                                            \
    "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + " \
    "1 FROM n) SELECT 'p1' AS subject, count(*) AS code FROM n"

// The machine may be late, but not each time.
Test(sqlite_waits, a_view_that_never_ends_is_left_within_50_ms)
{
    int64_t least = INT64_MAX;
    run(path, NEVER_ENDS);
    struct imp_lookup *l = opened("v");
    for (int i = 0; i < 10; i++) {
        struct imp_ctx *ctx = imp_ctx_new_timeout(NULL, 100);
        struct imp_err err;
        int64_t began = now_ms();
        ask_under(ctx, l, "p1", "code", &err);
        int64_t took = now_ms() - began;
        cr_expect_eq(err.code, IMP_ERR_CANCELLED, "%s", err.msg);
        cr_expect_geq(took, 100);
        least = took < least ? took : least;
        imp_ctx_free(ctx);
    }
    cr_expect_leq(least, 150, "%jd ms", least);
}

// Some of its instructions take milliseconds.
Test(sqlite_waits, a_view_of_long_values_is_left)
{
    run(path, "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
              "SELECT i + 1 FROM n) SELECT 'p1' AS subject, i AS code FROM n "
              "WHERE instr(hex(zeroblob(60000)), hex(zeroblob(3000)) || i)");
    opened("v");
    expect_cancelled_in_time(source);
}

// It would take many seconds that nothing can end.
Test(sqlite_waits, a_long_pattern_is_not_matched)
{
    run(path, "CREATE VIEW v AS SELECT 'p1' AS subject, hex(zeroblob(60000)) "
              "LIKE '%' || hex(zeroblob(12000)) || '1%' AS code;"
              "CREATE VIEW w AS SELECT 'p1' AS subject, "
              "hex(zeroblob(60000)) LIKE '%' || hex(zeroblob(45)) || '%' AS "
              "code");
    int64_t began = now_ms();
    cr_expect_str_eq(ask(opened("v"), "p1", "code"),
                     "SQLite database: the table or a column is not there any "
                     "more, or its view fails");
    cr_expect_lt(now_ms() - began, 2000);
    cr_expect_str_eq(ask(opened("w"), "p1", "code"), "1");
}

// The threads of an asker are joined when the run ends.
Test(sqlite_waits, who_asks_a_view_that_never_ends_has_its_threads_back)
{
    run(path, NEVER_ENDS);
    struct imp_lookup *l = opened("v");
    const struct imp_asker_config config = {
        .lookup = {l, l}, .jobs = 2, .timeout_ms = 100};
    struct imp_err err = {0};
    struct imp_answer *answer[IMP_QUESTIONS];
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_asker *asker = imp_asker_new(&config, &err);
    cr_assert(asker, "%s", err.msg);
    cr_expect_not(imp_ask(asker, (struct imp_span){(const uint8_t *)"p1", 2},
                          ctx, answer, &err));
    cr_expect_eq(err.code, IMP_ERR_TIMEOUT, "%s", err.msg);
    int64_t began = now_ms();
    imp_asker_free(asker);
    cr_expect_lt(now_ms() - began, 2000);
    imp_ctx_free(ctx);
}

// A find under way keeps no other waiting.
static void *ask_slowly(void *arg)
{
    struct imp_ctx *ctx = imp_ctx_new_timeout(NULL, 5000);
    struct imp_lookup *l = arg;
    struct imp_answer *answer = NULL;
    struct imp_span slow = {(const uint8_t *)"slow", 4};
    bool ok = l->ops->find(l, slow, ctx, &answer, NULL);
    imp_answer_unref(answer);
    imp_ctx_free(ctx);
    return ok ? arg : NULL;
}

Test(sqlite_waits, none_waits_for_another)
{
    run(path, SIMPLE ";CREATE VIEW v AS SELECT subject, code FROM s UNION ALL "
                     "SELECT 'slow', (WITH RECURSIVE n(i) AS (SELECT 1 UNION "
                     "ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)");
    struct imp_lookup *l = opened("v");
    pthread_t thread;
    void *well;
    int64_t began = now_ms();
    cr_assert_eq(pthread_create(&thread, NULL, ask_slowly, l), 0);
    for (int i = 0; i < 100; i++)
        cr_expect_str_eq(ask(l, "p1", "code"), "S-1");
    cr_expect_lt(now_ms() - began, 4000);
    pthread_join(thread, &well);
    cr_expect_null(well);
}
