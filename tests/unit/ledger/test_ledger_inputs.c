#include "opened.h"

TestSuite(ledger_inputs, .init = set_up, .fini = tear_down, .timeout = 60);

Test(ledger_inputs, an_input_is_known_by_its_path_and_stamp)
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

Test(ledger_inputs, each_part_of_the_stamp_tells_a_change_but_the_ctime)
{
    put(start_run(), "/a", IMP_FAILED, stamp);
    for (int i = 0; i < 4; i++) {
        struct imp_stamp now = stamp;
        now.size += i == 0;
        now.inode += i == 1;
        now.mtime_ns += i == 2;
        now.ctime_ns += i == 3;
        cr_expect_eq(known(ledger, "/a", now).changed, i < 3, "%d", i);
        cr_expect_eq(known(ledger, "/a", now).touched, i == 3, "%d", i);
    }
}

Test(ledger_inputs, a_row_of_before_schema_4_counts_as_touched)
{
    put(start_run(), "/a", IMP_FAILED, stamp);
    cr_expect_not(known(ledger, "/a", stamp).touched);
    judge("UPDATE inputs SET ctime_ns = NULL");
    cr_expect(known(ledger, "/a", stamp).touched);
    cr_expect_not(known(ledger, "/a", stamp).changed);
}

Test(ledger_inputs, numbers_and_paths_beyond_the_usual_come_back)
{
    const struct imp_stamp odd = {
        .size = UINT64_MAX, .inode = UINT64_MAX - 1, .mtime_ns = INT64_MIN};
    const char *path = "/not \xFF utf-8/'; DROP TABLE inputs;--\n";
    put(start_run(), path, IMP_FAILED, odd);
    struct imp_known k = known(ledger, path, odd);
    cr_expect(k.found && !k.changed);
}

Test(ledger_inputs, a_row_holds_the_reason_and_a_second_result_replaces_it)
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

Test(ledger_inputs,
     a_cancelled_result_never_replaces_a_row_and_a_skipped_has_none)
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

Test(ledger_inputs, paths_that_share_a_key_are_told_apart)
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

Test(ledger_inputs, a_reader_sees_what_was_committed_256_look_ups_ago)
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
    cr_expect_not(put_result(reader, run, r, &err), "a reader cannot write");
    imp_result_free(r);
    imp_ledger_free(reader);
}

// A run over a million new inputs must not leave a WAL of gigabytes.
Test(ledger_inputs, a_reader_that_finds_work_lets_the_WAL_start_over)
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

Test(ledger_inputs,
     it_tells_what_is_archived_of_an_input_and_where_its_mark_lies)
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
    cr_assert(put_result(ledger, run, r, &err), "%s", err.msg);
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
    cr_assert(put_result(ledger, run, r, &err), "%s", err.msg);
    cr_expect_str_eq(judge("SELECT mark_x, mark_height FROM inputs"), "|\n");
    struct imp_stamp other = stamp;
    other.size++;
    cr_assert(imp_ledger_archived(ledger, "/a", &other, &found, &got, &err));
    cr_expect(found && got.changed && got.mark.width == 0);
    cr_assert(imp_ledger_archived(ledger, "/b", &stamp, &found, &got, &err));
    cr_expect_not(found);
    imp_result_free(r);
}
