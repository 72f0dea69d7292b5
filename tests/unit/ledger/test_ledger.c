// Opening, runs, and what holds for the ledger as a whole.
#include "opened.h"

#include <pthread.h>

TestSuite(ledger, .init = set_up, .fini = tear_down, .timeout = 60);

// --- Opening ---

Test(ledger, the_state_is_private_whatever_the_umask)
{
    imp_ledger_free(ledger);
    state = text("%s/open/state", dir);
    umask(0);
    ledger = open_ledger();
    start_run(); // so that -wal and -shm are there
    static const char *const files[] = {"ledger.db", "ledger.db-wal",
                                        "ledger.db-shm", "lock"};
    struct stat st;
    cr_assert_eq(stat(state, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0700, "%o", st.st_mode);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(stat(text("%s/%s", state, files[i]), &st), 0, "%s",
                     files[i]);
        cr_expect_eq(st.st_mode & 07777, 0600, "%s: %o", files[i], st.st_mode);
    }
}

Test(ledger, a_state_directory_open_to_others_is_refused_and_left_as_it_is)
{
    struct imp_err err = {0};
    struct stat st;
    char *open_dir = text("%s/open", dir);
    mkdir(open_dir, 0755);
    chmod(open_dir, 0755);
    cr_expect_null(imp_ledger_open(open_dir, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, "0755") && strstr(err.msg, "0700"), "%s",
              err.msg);
    cr_expect_eq(entries(open_dir), 0);
    stat(open_dir, &st);
    cr_expect_eq(st.st_mode & 07777, 0755);
}

Test(ledger, a_second_run_is_told_that_the_ledger_is_busy)
{
    struct imp_err err = {0};
    cr_expect_null(imp_ledger_open(state, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_BUSY);
    imp_ledger_free(ledger);
    ledger = open_ledger();
}

static void *cancel_soon(void *ctx)
{
    usleep(50000);
    imp_ctx_cancel(ctx, IMP_CAUSE_SIGINT);
    return NULL;
}

static void *free_soon(void *l)
{
    usleep(50000);
    imp_ledger_free(l);
    return NULL;
}

Test(ledger, waiting_ends_with_the_lock_or_with_a_cancel)
{
    struct imp_err err = {0};
    pthread_t thread;
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_ctx *child = imp_ctx_new(ctx);
    pthread_create(&thread, NULL, cancel_soon, child);
    cr_expect_null(imp_ledger_open(state, child, &err));
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    pthread_join(thread, NULL);

    pthread_create(&thread, NULL, free_soon, ledger);
    ledger = imp_ledger_open(state, ctx, &err);
    cr_expect(ledger, "%s", err.msg);
    pthread_join(thread, NULL);
    imp_ctx_free(child);
    imp_ctx_free(ctx);
}

Test(ledger, a_newer_schema_and_a_file_that_is_no_ledger_are_refused)
{
    struct imp_err err = {0};
    imp_ledger_free(ledger);
    ledger = NULL;
    judge("PRAGMA user_version = 7");
    cr_expect_null(imp_ledger_open(state, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, "schema 7"), "%s", err.msg);

    put_file(text("%s/ledger.db", state), "this is not a database at all");
    cr_expect_null(imp_ledger_open(state, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
}

Test(ledger, commits_are_in_wal_mode_and_synced)
{
    int64_t value = 0;
    cr_expect_str_eq(judge("PRAGMA journal_mode"), "wal\n");
    cr_assert(imp_db_number(&ledger->db, "PRAGMA synchronous", &value, NULL));
    cr_expect_eq(value, 2, "FULL");
}

// --- Runs ---

Test(ledger, a_run_has_a_beginning_an_end_and_counts)
{
    struct imp_err err = {0};
    const uint64_t count[IMP_OUTCOMES] = {1, 2, 3, 4, 5, 6};
    int64_t run = start_run();
    cr_expect_str_eq(judge("SELECT ended IS NULL, mark FROM runs"),
                     "1|TRIAL {date}\n");
    cr_expect(imp_ledger_end_run(ledger, run, count, &err), "%s", err.msg);
    cr_expect_str_eq(judge("SELECT archived, duplicate, skipped, quarantined, "
                           "failed, cancelled, ended >= started FROM runs"),
                     "1|2|3|4|5|6|1\n");
}

Test(ledger, another_recipe_than_before_is_told)
{
    struct imp_recipe a = {.digest = digest_of("a")};
    struct imp_recipe b = {.digest = digest_of("b")};
    int64_t run;
    bool other = true;
    cr_assert(imp_ledger_start_run(ledger, &a, &run, &other, NULL));
    cr_expect_not(other);
    cr_assert(imp_ledger_start_run(ledger, &a, &run, &other, NULL));
    cr_expect_not(other);
    cr_assert(imp_ledger_start_run(ledger, &b, &run, &other, NULL));
    cr_expect(other);
    cr_expect_eq(run, 3);
}

Test(ledger, a_ledger_belongs_to_one_archive_that_still_holds_its_objects)
{
    struct imp_err err = {0};
    cr_expect(imp_ledger_bind(ledger, "/a", true, &err), "%s", err.msg);
    cr_expect(imp_ledger_bind(ledger, "/a", true, &err), "%s", err.msg);
    cr_expect_not(imp_ledger_bind(ledger, "/b", true, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    put_object("x");
    cr_expect(imp_ledger_bind(ledger, "/a", false, &err), "%s", err.msg);
    cr_expect_not(imp_ledger_bind(ledger, "/a", true, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

Test(ledger, dirty_lasts_until_it_is_set_clean)
{
    bool dirty = true;
    cr_assert(imp_ledger_dirty(ledger, &dirty, NULL));
    cr_expect_not(dirty);
    cr_assert(imp_ledger_set_dirty(ledger, NULL));
    imp_ledger_free(ledger);
    ledger = open_ledger();
    cr_assert(imp_ledger_dirty(ledger, &dirty, NULL));
    cr_expect(dirty);
    cr_assert(imp_ledger_set_clean(ledger, NULL, NULL));
    cr_assert(imp_ledger_dirty(ledger, &dirty, NULL));
    cr_expect_not(dirty);
    cr_assert(imp_ledger_set_dirty(ledger, NULL));
    cr_assert(imp_ledger_dirty(ledger, &dirty, NULL));
    cr_expect(dirty, "a second time in one run");
}

static bool agrees(const struct imp_digest *listing)
{
    bool answer;
    cr_assert(imp_ledger_agrees(ledger, listing, &answer, NULL));
    return answer;
}

Test(ledger, it_agrees_with_the_listing_that_it_wrote_or_took_up_last)
{
    struct imp_digest a = digest_of("a"), b = digest_of("b");
    bool dirty;
    cr_expect_not(agrees(NULL), "a new one has looked at nothing");
    cr_expect_not(agrees(&a));
    cr_assert(imp_ledger_set_clean(ledger, NULL, NULL));
    cr_expect(agrees(NULL), "there was no listing");
    cr_expect_not(agrees(&a));
    cr_assert(imp_ledger_set_clean(ledger, &a, NULL));
    imp_ledger_free(ledger);
    ledger = open_ledger();
    cr_expect(agrees(&a));
    cr_expect_not(agrees(&b));
    cr_expect_not(agrees(NULL));
    cr_assert(imp_ledger_set_taken_up(ledger, &b, NULL));
    cr_expect(agrees(&b));
    cr_assert(imp_ledger_dirty(ledger, &dirty, NULL));
    cr_expect(dirty, "the listing may lack what was taken up");
    cr_assert(imp_ledger_set_apart(ledger, NULL));
    cr_expect_not(agrees(&b));
    cr_expect_not(agrees(NULL));
}

Test(ledger, a_dirty_mark_that_was_rolled_back_is_set_again)
{
    bool dirty = false;
    cr_assert(imp_ledger_begin(ledger, NULL));
    cr_assert(imp_ledger_set_dirty(ledger, NULL));
    imp_ledger_rollback(ledger);
    cr_assert(imp_ledger_set_dirty(ledger, NULL));
    cr_assert(imp_ledger_dirty(ledger, &dirty, NULL));
    cr_expect(dirty);
}

// --- Policies and older schemas ---

static bool note_policy(void *self, const struct imp_digest *policy,
                        struct imp_err *err)
{
    (void)err;
    char *list = self, hex[IMP_SHA256_HEX];
    imp_digest_hex(policy, hex);
    hex[4] = '\0'; // enough to tell them apart
    strcat(strcat(list, hex), " ");
    return true;
}

static void run_with_policy(const struct imp_digest *policy, uint64_t archived)
{
    struct imp_err err = {0};
    const uint64_t count[IMP_OUTCOMES] = {[IMP_ARCHIVED] = archived};
    int64_t run;
    bool other;
    struct imp_recipe recipe = {*policy, *policy, NULL};
    cr_assert(imp_ledger_start_run(ledger, &recipe, &run, &other, &err));
    cr_assert(imp_ledger_end_run(ledger, run, count, &err));
}

Test(ledger, it_tells_each_policy_that_something_was_archived_under_once)
{
    struct imp_err err = {0};
    const struct imp_digest a = {{0xaa, 0xaa}}, b = {{0xbb, 0xbb}},
                            c = {{0xcc, 0xcc}};
    char list[100] = "";
    run_with_policy(&b, 2);
    run_with_policy(&a, 1);
    run_with_policy(&b, 1);
    run_with_policy(&c, 0); // archived nothing
    cr_assert(imp_ledger_each_policy(ledger, note_policy, list, &err), "%s",
              err.msg);
    cr_expect_str_eq(list, "aaaa bbbb ");
}

Test(ledger, a_policy_that_only_the_archive_names_is_told_too)
{
    struct imp_err err = {0};
    const struct imp_digest a = {{0xaa, 0xaa}}, b = {{0xbb, 0xbb}},
                            c = {{0xcc, 0xcc}};
    struct imp_recipe recipe = {a, a, "text of a", NULL};
    char list[100] = "";
    int64_t run;
    bool other;
    cr_assert(imp_ledger_start_run(ledger, &recipe, &run, &other, &err));
    run_with_policy(&b, 1);
    for (int i = 0; i < 2; i++) {
        cr_assert(imp_ledger_name_policy(ledger, &a, &err), "%s", err.msg);
        cr_assert(imp_ledger_name_policy(ledger, &c, &err), "%s", err.msg);
    }
    cr_assert(imp_ledger_each_policy(ledger, note_policy, list, &err), "%s",
              err.msg);
    cr_expect_str_eq(list, "aaaa bbbb cccc ");
    static const char texts[] =
        "SELECT lower(substr(hex(digest), 1, 4)), text FROM policies";
    cr_expect_str_eq(judge(texts), "aaaa|text of a\ncccc|\n");
    // Once a run has it, its text is known.
    recipe = (struct imp_recipe){c, c, "text of c", NULL};
    cr_assert(imp_ledger_start_run(ledger, &recipe, &run, &other, &err));
    cr_expect_str_eq(judge(texts), "aaaa|text of a\ncccc|text of c\n");
}

Test(ledger, a_ledger_of_schema_1_is_taken_over_with_its_runs)
{
    imp_ledger_free(ledger);
    judge("ALTER TABLE meta DROP COLUMN sum; "
          "ALTER TABLE runs DROP COLUMN sum; "
          "ALTER TABLE objects DROP COLUMN sum; "
          "ALTER TABLE inputs DROP COLUMN sum; "
          "ALTER TABLE runs DROP COLUMN policy; "
          "ALTER TABLE runs DROP COLUMN seq; "
          "ALTER TABLE runs DROP COLUMN mark; "
          "ALTER TABLE inputs DROP COLUMN mark_x; "
          "ALTER TABLE inputs DROP COLUMN mark_y; "
          "ALTER TABLE inputs DROP COLUMN mark_width; "
          "ALTER TABLE inputs DROP COLUMN mark_height; "
          "ALTER TABLE inputs DROP COLUMN mark_across; "
          "ALTER TABLE inputs DROP COLUMN mark_down; "
          "ALTER TABLE inputs DROP COLUMN mark_step_x; "
          "ALTER TABLE inputs DROP COLUMN mark_step_y; "
          "DROP TABLE policies; DROP TABLE suspects; DROP TABLE intents; "
          "DROP INDEX objects_folded; "
          "ALTER TABLE objects DROP COLUMN folded; "
          "ALTER TABLE inputs DROP COLUMN subject; "
          "DROP TABLE subjects; "
          "DROP INDEX objects_place; "
          "ALTER TABLE objects DROP COLUMN place; "
          "ALTER TABLE objects DROP COLUMN stored; "
          "ALTER TABLE inputs DROP COLUMN removed; "
          "ALTER TABLE inputs DROP COLUMN seq; "
          "ALTER TABLE inputs DROP COLUMN at; "
          "ALTER TABLE inputs DROP COLUMN after; "
          "ALTER TABLE inputs DROP COLUMN ctime_ns; "
          "CREATE TABLE intents(name TEXT PRIMARY KEY, "
          " digest BLOB NOT NULL) STRICT, WITHOUT ROWID; "
          "INSERT INTO intents VALUES('ab/x', zeroblob(32)); "
          "INSERT INTO runs(recipe, started, archived) "
          "VALUES(zeroblob(32), 1, 3); PRAGMA user_version = 1;");
    ledger = open_ledger();
    cr_expect_str_eq(judge("PRAGMA user_version"), "6\n");
    cr_expect_str_eq(judge("SELECT id, name FROM intents"), "1|ab/x\n");
    char list[100] = "";
    cr_assert(imp_ledger_each_policy(ledger, note_policy, list, NULL));
    cr_expect_str_eq(list, "", "a run of before has no policy to tell");
    run_with_policy(&(struct imp_digest){{0xaa, 0xaa}}, 1);
    cr_assert(imp_ledger_each_policy(ledger, note_policy, list, NULL));
    cr_expect_str_eq(list, "aaaa ");
}
