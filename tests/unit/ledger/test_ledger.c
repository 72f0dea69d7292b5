#include "ledger/entries.h"
#include "ledger/ledger.h"
#include "sync/context.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sys/stat.h>

static char *dir, *state;
static struct imp_ledger *ledger;

static struct imp_ledger *open_ledger(void)
{
    struct imp_err err = {0};
    struct imp_ledger *l = imp_ledger_open(state, NULL, &err);
    cr_assert(l, "%s", err.msg);
    return l;
}

static void set_up(void)
{
    dir = tempdir_make();
    state = text("%s/state", dir);
    ledger = open_ledger();
}

static void tear_down(void)
{
    imp_ledger_free(ledger);
    tempdir_remove(dir);
}

TestSuite(ledger, .init = set_up, .fini = tear_down, .timeout = 60);

// The sqlite3 program looks at the ledger from outside.
static char *judge(const char *sql)
{
    char *out = text("%s/judge", dir);
    cr_assert_eq(system(text("sqlite3 -batch '%s/ledger.db' \"%s\" > '%s'",
                             state, sql, out)),
                 0);
    return file_text(out);
}

static struct imp_digest digest_of(const char *s)
{
    struct imp_digest d;
    cr_assert(imp_sha256_of(s, strlen(s), &d, NULL));
    return d;
}

static int64_t start_run(void)
{
    struct imp_err err = {0};
    struct imp_recipe recipe = {.digest = digest_of("recipe"),
                                .mark = "TRIAL {date}"};
    int64_t run;
    bool other;
    cr_assert(imp_ledger_start_run(ledger, &recipe, &run, &other, &err), "%s",
              err.msg);
    return run;
}

static void put_object(const char *name)
{
    struct imp_err err = {0};
    struct imp_digest d = digest_of(name);
    cr_assert(imp_ledger_put_object(ledger, name, &d, strlen(name), &err), "%s",
              err.msg);
}

static void put(int64_t run, const char *path, enum imp_outcome outcome,
                struct imp_stamp stamp)
{
    struct imp_err err = {0};
    struct imp_result *r = imp_result_new(path);
    r->outcome = outcome;
    r->stamp = stamp;
    if (outcome != IMP_ARCHIVED)
        imp_fail_at(&r->err, IMP_ERR_DAMAGED, 20, "it's \"torn\"");
    cr_assert(imp_ledger_put_input(ledger, run, r, 1, &err), "%s", err.msg);
    imp_result_free(r);
}

static struct imp_known known(struct imp_ledger *l, const char *path,
                              struct imp_stamp stamp)
{
    struct imp_err err = {0};
    struct imp_known out;
    cr_assert(imp_ledger_known(l, path, &stamp, &out, &err), "%s", err.msg);
    return out;
}

static const struct imp_stamp stamp = {.size = 5, .inode = 7, .mtime_ns = 9};

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
    judge("PRAGMA user_version = 4");
    cr_expect_null(imp_ledger_open(state, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect(strstr(err.msg, "schema 4"), "%s", err.msg);

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

// --- Inputs ---

Test(ledger, an_input_is_known_by_its_path_and_stamp)
{
    int64_t run = start_run();
    put_object("x");
    put(run, "/up/a.jpg", IMP_ARCHIVED, stamp);
    put(run, "/up/b.jpg", IMP_QUARANTINED, stamp);
    struct imp_known a = known(ledger, "/up/a.jpg", stamp);
    cr_expect(a.found && !a.changed);
    cr_expect_eq(a.outcome, IMP_ARCHIVED);
    struct imp_known b = known(ledger, "/up/b.jpg", stamp);
    cr_expect(b.found && !b.changed);
    cr_expect_eq(b.outcome, IMP_QUARANTINED);
    cr_expect_not(known(ledger, "/up/c.jpg", stamp).found);
    cr_expect_not(known(ledger, "/up/a.jp", stamp).found);
}

Test(ledger, each_part_of_the_stamp_tells_a_change_but_the_ctime)
{
    put(start_run(), "/a", IMP_FAILED, stamp);
    for (int i = 0; i < 4; i++) {
        struct imp_stamp now = stamp;
        now.size += i == 0;
        now.inode += i == 1;
        now.mtime_ns += i == 2;
        now.ctime_ns += i == 3;
        cr_expect_eq(known(ledger, "/a", now).changed, i < 3, "%d", i);
    }
}

Test(ledger, numbers_and_paths_beyond_the_usual_come_back)
{
    const struct imp_stamp odd = {
        .size = UINT64_MAX, .inode = UINT64_MAX - 1, .mtime_ns = INT64_MIN};
    const char *path = "/not \xFF utf-8/'; DROP TABLE inputs;--\n";
    put(start_run(), path, IMP_FAILED, odd);
    struct imp_known k = known(ledger, path, odd);
    cr_expect(k.found && !k.changed);
}

Test(ledger, a_row_holds_the_reason_and_a_second_result_replaces_it)
{
    int64_t run = start_run();
    put_object("x");
    put(run, "/a", IMP_QUARANTINED, stamp);
    cr_expect_str_eq(judge("SELECT CAST(path AS TEXT), outcome, code, reason, "
                           "offset, object, run FROM inputs"),
                     "/a|quarantined|damaged|it's \"torn\"|20||1\n");
    put(start_run(), "/a", IMP_ARCHIVED, stamp);
    cr_expect_str_eq(judge("SELECT outcome, code, reason, offset, object, run "
                           "FROM inputs"),
                     "archived||||1|2\n");
}

Test(ledger, a_cancelled_result_never_replaces_a_row_and_a_skipped_has_none)
{
    int64_t run = start_run();
    put_object("x");
    put(run, "/a", IMP_ARCHIVED, stamp);
    put(run, "/a", IMP_CANCELLED, stamp);
    put(run, "/b", IMP_CANCELLED, stamp);
    put(run, "/a", IMP_SKIPPED, stamp);
    put(run, "/c", IMP_SKIPPED, stamp);
    cr_expect_eq(known(ledger, "/a", stamp).outcome, IMP_ARCHIVED);
    cr_expect_eq(known(ledger, "/b", stamp).outcome, IMP_CANCELLED);
    cr_expect_not(known(ledger, "/c", stamp).found);
}

Test(ledger, paths_that_share_a_key_are_told_apart)
{
    int64_t run = start_run();
    put(run, "/a", IMP_FAILED, stamp);
    put(run, "/b", IMP_QUARANTINED, stamp);
    judge("UPDATE inputs SET key = (SELECT key FROM inputs WHERE "
          "CAST(path AS TEXT) = '/b')");
    cr_expect_eq(known(ledger, "/b", stamp).outcome, IMP_QUARANTINED);
    put_object("x");
    put(run, "/b", IMP_ARCHIVED, stamp);
    cr_expect_eq(known(ledger, "/b", stamp).outcome, IMP_ARCHIVED);
    cr_expect_str_eq(judge("SELECT outcome FROM inputs ORDER BY id"),
                     "failed\narchived\n");
}

Test(ledger, a_reader_sees_what_was_committed_256_look_ups_ago)
{
    struct imp_err err = {0};
    struct imp_ledger *reader = imp_ledger_reader(ledger, &err);
    cr_assert(reader, "%s", err.msg);
    int64_t run = start_run();
    cr_expect_not(known(reader, "/a", stamp).found);
    put(run, "/a", IMP_FAILED, stamp);
    int late = 0;
    while (!known(reader, "/a", stamp).found && late < 1000)
        late++;
    cr_expect_lt(late, IMP_LEDGER_READ_MANY);

    struct imp_result *r = imp_result_new("/b");
    r->outcome = IMP_FAILED;
    cr_expect_not(imp_ledger_put_input(reader, run, r, 0, &err),
                  "a reader cannot write");
    imp_result_free(r);
    imp_ledger_free(reader);
}

// --- Objects ---

struct list {
    char names[200];
    int stop_at;
};

static bool note(void *self, const char *name, const struct imp_digest *digest,
                 uint64_t length, struct imp_err *err)
{
    struct list *list = self;
    struct imp_digest want = digest_of(name);
    cr_expect_arr_eq(digest->b, want.b, sizeof want.b);
    cr_expect_eq(length, strlen(name));
    strcat(strcat(list->names, name), " ");
    return --list->stop_at != 0 || imp_fail(err, IMP_ERR_IO, "enough");
}

// A run over a million new inputs must not leave a WAL of gigabytes.
Test(ledger, a_reader_that_finds_work_lets_the_WAL_start_over)
{
    struct imp_err err = {0};
    struct imp_recipe recipe = {.digest = digest_of("recipe")};
    struct imp_ledger *reader = imp_ledger_reader(ledger, &err);
    cr_assert(reader, "%s", err.msg);
    for (int i = 0; i < 2000; i++) {
        struct imp_known known;
        struct imp_stamp now = {0};
        int64_t run;
        bool other;
        cr_assert(imp_ledger_known(reader, "/new", &now, &known, &err));
        cr_assert(imp_ledger_start_run(ledger, &recipe, &run, &other, &err));
    }
    struct stat wal;
    cr_assert_eq(stat(text("%s/ledger.db-wal", state), &wal), 0);
    // SQLite starts it over from 1000 pages on.
    cr_expect_lt(wal.st_size, 5 * 1024 * 1024, "WAL of %jd bytes",
                 (intmax_t)wal.st_size);
    imp_ledger_free(reader);
}

Test(ledger, objects_are_told_ordered_by_bytes)
{
    struct imp_err err = {0};
    static const char *const names[] = {"b", "\xC3\xA4", "a/b", "B", "a", "a-"};
    for (size_t i = 0; i < 6; i++)
        put_object(names[i]);
    struct list all = {0}, some = {.stop_at = 2};
    cr_expect(imp_ledger_each_object(ledger, note, &all, &err), "%s", err.msg);
    cr_expect_str_eq(all.names, "B a a- a/b b \xC3\xA4 ");
    cr_expect_not(imp_ledger_each_object(ledger, note, &some, &err));
    cr_expect_str_eq(err.msg, "enough");
    cr_expect_str_eq(some.names, "B a ");
}

Test(ledger, an_object_is_found_by_its_digest)
{
    struct imp_digest x = digest_of("x"), y = digest_of("y");
    char name[IMP_NAME_MAX], small[1];
    bool found;
    put_object("x");
    cr_assert(imp_ledger_object(ledger, &x, &found, name, sizeof name, NULL));
    cr_expect(found);
    cr_expect_str_eq(name, "x");
    cr_assert(imp_ledger_object(ledger, &y, &found, name, sizeof name, NULL));
    cr_expect_not(found);
    cr_expect_not(
        imp_ledger_object(ledger, &x, &found, small, sizeof small, NULL));
}

Test(ledger, one_digest_and_one_name_are_in_it_once)
{
    struct imp_digest x = digest_of("x"), y = digest_of("y");
    put_object("x");
    cr_expect_not(imp_ledger_put_object(ledger, "z", &x, 1, NULL));
    cr_expect_not(imp_ledger_put_object(ledger, "x", &y, 1, NULL));
}

static bool tell_names(void *self, imp_ledger_object_fn fn, void *fn_self,
                       struct imp_err *err)
{
    for (const char *const *name = self; *name; name++) {
        struct imp_digest d = digest_of(*name);
        if (!fn(fn_self, *name, &d, strlen(*name), err))
            return false;
    }
    return true;
}

static bool tell_then_fail(void *self, imp_ledger_object_fn fn, void *fn_self,
                           struct imp_err *err)
{
    return tell_names(self, fn, fn_self, err) &&
           imp_fail(err, IMP_ERR_IO, "torn manifest");
}

static bool tell_other_bytes(void *self, imp_ledger_object_fn fn, void *fn_self,
                             struct imp_err *err)
{
    struct imp_digest d = digest_of("other");
    return fn(fn_self, self, &d, 5, err);
}

Test(ledger, adopting_takes_up_all_or_nothing)
{
    struct imp_err err = {0};
    static const char *names[] = {"a", "b", NULL};
    cr_expect_not(imp_ledger_adopt(ledger, tell_then_fail, names, &err));
    cr_expect_str_eq(judge("SELECT count(*) FROM objects"), "0\n");
    cr_expect(imp_ledger_adopt(ledger, tell_names, names, &err), "%s", err.msg);
    cr_expect(imp_ledger_adopt(ledger, tell_names, names, &err), "%s", err.msg);
    cr_expect_str_eq(judge("SELECT group_concat(name) FROM objects"), "a,b\n");
    cr_expect_not(imp_ledger_adopt(ledger, tell_other_bytes, "a", &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

Test(ledger, it_tells_what_is_archived_of_an_input_and_where_its_mark_lies)
{
    struct imp_err err = {0};
    struct imp_archived got;
    bool found;
    int64_t run = start_run();
    put_object("aa");
    struct imp_result *r = imp_result_new("/a");
    r->outcome = IMP_ARCHIVED;
    r->stamp = stamp;
    r->format = "jpeg";
    r->route = "splice";
    r->mark = (struct imp_area){3, 4, 500, 60, 2, 5, 510, 70};
    cr_assert(imp_ledger_put_input(ledger, run, r, 1, &err), "%s", err.msg);
    cr_expect_str_eq(judge("SELECT mark_x, mark_y, mark_width, mark_height, "
                           "mark_across, mark_down, mark_step_x, mark_step_y "
                           "FROM inputs"),
                     "3|4|500|60|2|5|510|70\n");
    cr_assert(imp_ledger_archived(ledger, "/a", &stamp, &found, &got, &err));
    cr_expect(found);
    cr_expect_not(got.changed);
    cr_expect_str_eq(got.name, "aa");
    cr_expect_str_eq(got.format, "jpeg");
    cr_expect_str_eq(got.route, "splice");
    cr_expect_arr_eq(&got.mark, &r->mark, sizeof got.mark);

    r->mark.width = 0;
    cr_assert(imp_ledger_put_input(ledger, run, r, 1, &err), "%s", err.msg);
    cr_expect_str_eq(judge("SELECT mark_x, mark_height FROM inputs"), "|\n");
    struct imp_stamp other = stamp;
    other.size++;
    cr_assert(imp_ledger_archived(ledger, "/a", &other, &found, &got, &err));
    cr_expect(found && got.changed && got.mark.width == 0);
    cr_assert(imp_ledger_archived(ledger, "/b", &stamp, &found, &got, &err));
    cr_expect_not(found);
    imp_result_free(r);
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

Test(ledger, a_ledger_of_schema_1_is_taken_over_with_its_runs)
{
    imp_ledger_free(ledger);
    judge("ALTER TABLE runs DROP COLUMN policy; "
          "ALTER TABLE runs DROP COLUMN mark; "
          "ALTER TABLE inputs DROP COLUMN mark_x; "
          "ALTER TABLE inputs DROP COLUMN mark_y; "
          "ALTER TABLE inputs DROP COLUMN mark_width; "
          "ALTER TABLE inputs DROP COLUMN mark_height; "
          "ALTER TABLE inputs DROP COLUMN mark_across; "
          "ALTER TABLE inputs DROP COLUMN mark_down; "
          "ALTER TABLE inputs DROP COLUMN mark_step_x; "
          "ALTER TABLE inputs DROP COLUMN mark_step_y; "
          "INSERT INTO runs(recipe, started, archived) "
          "VALUES(zeroblob(32), 1, 3); PRAGMA user_version = 1;");
    ledger = open_ledger();
    cr_expect_str_eq(judge("PRAGMA user_version"), "3\n");
    char list[100] = "";
    cr_assert(imp_ledger_each_policy(ledger, note_policy, list, NULL));
    cr_expect_str_eq(list, "", "a run of before has no policy to tell");
    run_with_policy(&(struct imp_digest){{0xaa, 0xaa}}, 1);
    cr_assert(imp_ledger_each_policy(ledger, note_policy, list, NULL));
    cr_expect_str_eq(list, "aaaa ");
}
