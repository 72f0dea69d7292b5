// Writing the audit log, and taking it up again.
#include "audit_log.h"

#include <pwd.h>

TestSuite(audit, .init = set_up, .fini = tear_down, .timeout = 120);

// --- Lines ---

Test(audit, an_empty_log_ends_before_the_first_line)
{
    struct imp_audit *a = open_log(0);
    struct imp_audit_mark last = imp_audit_last(a), none = {0};
    cr_expect_eq(last.seq, 0);
    cr_expect_arr_eq(&last.hash, &none.hash, sizeof none.hash);
    close_log(a);
    cr_expect_eq(size_of("audit.log"), 0);
}

Test(audit, a_line_says_who_where_when_and_what)
{
    char host[256], want[4000];
    gethostname(host, sizeof host);
    const struct passwd *user = getpwuid(getuid());
    char *who = user ? user->pw_name : text("%d", (int)getuid());
    struct imp_audit_mark last = write_log(7, 7, 0);
    char *line = file_text(in_dir("audit.log"));
    int n =
        snprintf(want, sizeof want,
                 "{\"seq\":7,\"time\":\"2025-11-25T12:00:34Z\",\"host\":\"%s\","
                 "\"user\":\"%s\",\"run\":2,\"op\":\"image\",\"input\":107,"
                 "\"outcome\":\"archived\",\"object\":\"",
                 host, who);
    cr_expect_eq(strncmp(line, want, (size_t)n), 0, "%s", line);
    cr_expect(strstr(line, "\",\"format\":\"jpeg\",\"route\":\"splice\","
                           "\"removed\":[\"EXIF GPS IFD\",\"JPEG comment\"],"
                           "\"policy\":\""));
    cr_expect_str_eq(judged(), mark_text(1, &last));
}

Test(audit, what_does_not_apply_is_left_out)
{
    struct imp_audit *a = open_log(0);
    const struct imp_audit_entry e = {.seq = 1, .at = NOON, .op = "run"};
    imp_audit_send(a, &e);
    struct imp_audit_mark last = close_log(a);
    char *line = file_text(in_dir("audit.log"));
    static const char *const keys[] = {"run\":", "input",     "outcome",
                                       "code",   "object",    "format",
                                       "route",  "\"removed", "policy"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_expect_null(strstr(line, keys[i]), "%s in %s", keys[i], line);
    cr_expect_str_eq(judged(), mark_text(1, &last));
    cr_expect_eq(verify(NULL).n, 0);
}

Test(audit, text_cannot_break_out_of_its_line)
{
    struct imp_audit *a = open_log(0);
    const struct imp_audit_entry e = {
        .seq = 1,
        .at = NOON,
        .op = "\",\"seq\":9,\"",
        .removed = "a\"b\\c\n\x1B[31m\n\n\xFF\xC3\xBC",
    };
    imp_audit_send(a, &e);
    struct imp_audit_mark last = close_log(a);
    cr_expect_str_eq(judged(), mark_text(1, &last));
    cr_expect_eq(verify(&last).n, 0);
    cr_expect(strstr(file_text(in_dir("audit.log")),
                     "[\"a\\\"b\\\\c\",\"\\u001b[31m\",\"\","
                     "\"\xEF\xBF\xBD\xC3\xBC\"]"));
}

Test(audit, names_that_a_line_has_no_room_for_are_counted)
{
    enum { NAMES = 20000 };
    struct imp_audit *a = open_log(0);
    char *names = calloc(NAMES, 32);
    size_t n = 0;
    for (int i = 0; i < NAMES; i++)
        n += (size_t)sprintf(names + n, "PNG chunk %d \x01\n", i);
    struct imp_digest policy = {{1}};
    const struct imp_audit_entry e = {.seq = 1,
                                      .at = NOON,
                                      .op = "image",
                                      .removed = names,
                                      .policy = &policy};
    imp_audit_send(a, &e);
    send_line(a, 2);
    struct imp_audit_mark last = close_log(a);
    cr_expect_str_eq(judged(), mark_text(2, &last));
    cr_expect_eq(verify(&last).n, 0);
    cr_expect_eq(
        system(text("python3 -c 'import json,sys\n"
                    "l = json.loads(open(sys.argv[1]).readline())\n"
                    "r = l[\"removed\"]\n"
                    "assert len(r) + l[\"removed_more\"] == %d\n"
                    "assert len(r) > 2000, len(r)\n"
                    "assert r[-1] == \"PNG chunk %%d \\x01\" %% (len(r) - 1)' "
                    "'%s'",
                    NAMES, in_dir("audit.log"))),
        0);
    free(names);
}

Test(audit, a_year_without_four_digits_breaks_the_log_not_its_form)
{
    struct imp_err err = {0};
    struct imp_audit *a = open_log(0);
    const struct imp_audit_entry e = {
        .seq = 1, .at = INT64_C(253402300800), .op = "run"}; // year 10000
    imp_audit_send(a, &e);
    send_line(a, 2); // and no later line may hide the gap
    cr_expect_not(imp_audit_flush(a, &err));
    cr_expect(strstr(err.msg, "253402300800"), "%s", err.msg);
    cr_expect_not(imp_audit_close(a, NULL));
    cr_expect_eq(size_of("audit.log"), 0);
}

// --- Sending and flushing ---

Test(audit, what_is_flushed_is_in_the_file)
{
    struct imp_audit *a = open_log(0);
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        send_line(a, seq);
        if (seq % 100)
            continue;
        flush_log(a);
        struct imp_audit_mark last = imp_audit_last(a);
        cr_expect_eq(last.seq, seq);
        cr_expect_str_eq(judged(), mark_text(seq, &last));
    }
    cr_expect(imp_audit_close(a, NULL));
}

Test(audit, closing_writes_what_was_sent)
{
    struct imp_err err = {0};
    struct imp_audit *a = open_log(0);
    for (uint64_t seq = 1; seq <= 700; seq++)
        send_line(a, seq);
    cr_expect(imp_audit_close(a, &err), "%s", err.msg);
    struct found f = verify(NULL);
    cr_expect_eq(f.sum.lines, 700);
    cr_expect_str_eq(judged(), mark_text(700, &f.sum.last));
    cr_expect(imp_audit_close(NULL, NULL));
}

Test(audit, lines_that_nobody_flushes_are_written_all_the_same)
{
    struct imp_audit *a = open_log(0);
    for (uint64_t seq = 1; seq <= 1000; seq++)
        send_line(a, seq); // of which at most some 300 can be on their way
    cr_expect_gt(size_of("audit.log"), 128 << 10);
    close_log(a);
}

Test(audit, a_number_that_does_not_grow_breaks_the_log)
{
    static const uint64_t bad[] = {5, 4};
    write_log(1, 2, 0);
    for (size_t i = 0; i < 2; i++) {
        struct imp_err err = {0}, again = {0};
        struct imp_audit *a = open_log(0);
        long before = size_of("audit.log");
        send_line(a, 5);
        send_line(a, bad[i]);
        send_line(a, 6);
        cr_expect_not(imp_audit_flush(a, &err));
        cr_expect(strstr(err.msg, text("number %d behind 5", (int)bad[i])),
                  "%s", err.msg);
        cr_expect_not(imp_audit_flush(a, &again));
        cr_expect_str_eq(again.msg, err.msg);
        cr_expect_not(imp_audit_close(a, &again));
        cr_expect_str_eq(again.msg, err.msg);
        cr_expect_eq(size_of("audit.log"), before, "what was not flushed");
    }
}

// --- Taking it up again ---

Test(audit, the_next_run_goes_on_behind_the_last_line)
{
    struct imp_audit_mark last = {0};
    for (uint64_t i = 0; i < 5; i++) {
        struct imp_audit *a = open_log(0);
        struct imp_audit_mark here = imp_audit_last(a);
        cr_expect_eq(here.seq, last.seq);
        cr_expect_arr_eq(&here.hash, &last.hash, sizeof last.hash);
        send_line(a, 2 * i + 1); // gaps are fine
        last = close_log(a);
        cr_expect_str_eq(judged(), mark_text(i + 1, &last));
    }
}

Test(audit, only_a_torn_last_line_is_lost_wherever_it_was_cut)
{
    write_log(1, 3, 0);
    struct content whole = read_file("audit.log");
    for (size_t n = 0; n <= whole.n; n++) {
        write_file("audit.log", whole.p, n);
        uint64_t lines = 0;
        size_t end = 0;
        for (size_t i = 0; i < n; i++)
            if (whole.p[i] == '\n') {
                lines++;
                end = i + 1;
            }
        struct imp_audit *a = open_log(0);
        cr_assert_eq(imp_audit_last(a).seq, lines, "cut at %zu", n);
        cr_assert_eq(size_of("audit.log"), (long)end, "cut at %zu", n);
        send_line(a, lines + 1);
        struct imp_audit_mark last = close_log(a);
        struct found f = verify(&last);
        cr_assert_eq(f.n, 0, "cut at %zu", n);
        cr_assert_eq(f.sum.lines, lines + 1);
    }
    free(whole.p);
}

Test(audit, only_the_end_is_read)
{
    enum { HOLE = 1 << 30 };
    write_log(1, 2, 0);
    struct content whole = read_file("audit.log");
    write_file("audit.log", "", 0);
    cr_assert_eq(truncate(in_dir("audit.log"), HOLE), 0);
    FILE *f = fopen(in_dir("audit.log"), "a");
    fprintf(f, "\n%s{\"seq\":3,\"torn", whole.p);
    fclose(f);
    struct imp_audit *a = open_log(UINT64_MAX);
    cr_expect_eq(imp_audit_last(a).seq, 2);
    close_log(a);
    cr_expect_eq(size_of("audit.log"), HOLE + 1 + (long)whole.n);
    free(whole.p);
}

static void expect_refused(const char *words)
{
    struct imp_err err = {0};
    long before = size_of("audit.log");
    int files = entries(dir);
    cr_expect_null(imp_audit_open(dirfd_, 0, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", err.msg);
    cr_expect(strstr(err.msg, words), "want \"%s\": %s", words, err.msg);
    cr_expect_eq(size_of("audit.log"), before, "it is left as it was");
    cr_expect_eq(entries(dir), files);
}

Test(audit, a_last_line_that_is_not_as_it_was_written_is_refused)
{
    write_log(1, 2, 0);
    struct content whole = read_file("audit.log");
    char *at = strstr(strchr(whole.p, '\n'), "splice");
    *at = 'X';
    write_file("audit.log", whole.p, whole.n);
    expect_refused("imgpipe audit verify");
    // Also with a torn one behind it, which stays then.
    whole.p[whole.n] = '{';
    write_file("audit.log", whole.p, whole.n + 1);
    expect_refused("imgpipe audit verify");
    free(whole.p);
}

Test(audit, a_last_line_that_is_none_of_ours_is_refused)
{
    write_log(1, 1, 0);
    FILE *f = fopen(in_dir("audit.log"), "a");
    fputs("a note\n", f);
    fclose(f);
    expect_refused("not one of ours");
}

Test(audit, a_last_line_that_is_too_long_is_refused)
{
    char *x = malloc(3 * IMP_AUDIT_LINE_MAX);
    memset(x, 'x', 3 * IMP_AUDIT_LINE_MAX);
    static const size_t lengths[] = {IMP_AUDIT_LINE_MAX,
                                     2 * IMP_AUDIT_LINE_MAX + 5,
                                     3 * IMP_AUDIT_LINE_MAX - 1};
    for (size_t i = 0; i < 3; i++) {
        write_file("audit.log", x, lengths[i]);
        expect_refused("longer than 65536");
        x[lengths[i]] = '\n';
        write_file("audit.log", x, lengths[i] + 1);
        expect_refused("longer than 65536");
        x[lengths[i]] = 'x';
    }
    write_file("audit.log", x, IMP_AUDIT_LINE_MAX - 1); // torn, and no more
    cr_expect(imp_audit_close(open_log(0), NULL));
    cr_expect_eq(size_of("audit.log"), 0);
    free(x);
}

// --- Rotation ---

Test(audit, a_full_log_gives_way_to_a_new_one)
{
    struct imp_audit_mark last = write_log(1, 20, 1000);
    cr_expect_geq(entries(dir), 6);
    cr_expect(is_there(in_dir("audit.log.000001")));
    cr_expect_geq(size_of("audit.log.000001"), 1000);
    cr_expect_leq(size_of("audit.log.000001"), 2000);
    cr_expect_str_eq(judged(), mark_text(20, &last));
    cr_expect_eq(verify(&last).n, 0);
    // The next run gives the next number.
    int before = entries(dir);
    last = write_log(21, 40, 1000);
    cr_expect_gt(entries(dir), before);
    cr_expect_str_eq(judged(), mark_text(40, &last));
}

Test(audit, a_log_rotates_at_a_flush_only)
{
    struct imp_audit *a = open_log(1);
    for (uint64_t seq = 1; seq <= 300; seq++)
        send_line(a, seq);
    flush_log(a);
    struct imp_audit_mark last = close_log(a);
    cr_expect_eq(entries(dir), 2);
    cr_expect_eq(size_of("audit.log"), 0);
    cr_expect_str_eq(judged(), mark_text(300, &last));
}

Test(audit, a_crash_in_the_middle_of_a_rotation_loses_nothing)
{
    struct imp_audit_mark first = write_log(1, 3, 0);
    cr_assert_eq(rename(in_dir("audit.log"), in_dir("audit.log.000001")), 0);
    cr_expect_eq(verify(&first).n, 0, "already then");
    struct imp_audit *a = open_log(0); // before the new file
    cr_expect_eq(imp_audit_last(a).seq, 3);
    close_log(a);
    cr_expect_eq(size_of("audit.log"), 0);
    struct imp_audit_mark last = write_log(4, 4, 0); // after it
    cr_expect_str_eq(judged(), mark_text(4, &last));

    struct content whole = read_file("audit.log"); // its first line torn
    write_file("audit.log", whole.p, whole.n / 2);
    a = open_log(0);
    cr_expect_eq(imp_audit_last(a).seq, 3);
    send_line(a, 4);
    last = close_log(a);
    cr_expect_str_eq(judged(), mark_text(4, &last));
    cr_expect_eq(verify(&last).n, 0);
    free(whole.p);
}

Test(audit, files_of_other_names_are_left_alone)
{
    static const char *const others[] = {
        "audit.log.1",           "audit.log.000000", "audit.log.0000001",
        "audit.log.bak",         "audit.log.",       "audit.log.000001.gz",
        "audit.log.12345678901", "audit.log.00001x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        put_file(in_dir(others[i]), "mine\n");
    struct imp_audit_mark last = write_log(1, 4, 1000);
    cr_expect(is_there(in_dir("audit.log.000001")));
    cr_expect_eq(verify(&last).n, 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_str_eq(file_text(in_dir(others[i])), "mine\n");
}

Test(audit, a_full_file_whose_end_is_torn_is_refused)
{
    write_log(1, 3, 0);
    cr_assert_eq(rename(in_dir("audit.log"), in_dir("audit.log.000001")), 0);
    struct content whole = read_file("audit.log.000001");
    write_file("audit.log.000001", whole.p, whole.n - 1);
    expect_refused("audit.log.000001");
    cr_expect_eq(size_of("audit.log.000001"), (long)whole.n - 1);
    free(whole.p);
}

// --- Privacy ---

Test(audit, its_files_are_private_whatever_the_umask)
{
    static const mode_t masks[] = {0, 0777};
    for (uint64_t i = 0; i < 2; i++) {
        struct stat st;
        umask(masks[i]);
        write_log(10 * i + 1, 10 * i + 5, 1000);
        umask(022);
        cr_assert_eq(stat(in_dir("audit.log"), &st), 0);
        cr_expect_eq(st.st_mode & 07777, 0600, "%o", st.st_mode);
        cr_assert_eq(stat(in_dir("audit.log.000001"), &st), 0);
        cr_expect_eq(st.st_mode & 07777, 0600, "%o", st.st_mode);
    }
}

Test(audit, a_log_open_to_others_or_behind_a_link_is_refused)
{
    write_log(1, 3, 1000);
    chmod(in_dir("audit.log"), 0640);
    expect_refused("mode 0640, want 0600");
    struct found f = {0};
    struct imp_err err = {0};
    cr_expect_not(
        imp_audit_verify(dirfd_, NULL, note_finding, &f, NULL, &f.sum, &err));
    cr_expect(strstr(err.msg, "0640"), "%s", err.msg);
    cr_assert_eq(rename(in_dir("audit.log"), in_dir("elsewhere")), 0);
    chmod(in_dir("elsewhere"), 0600);
    cr_assert_eq(symlink("elsewhere", in_dir("audit.log")), 0);
    cr_expect_null(imp_audit_open(dirfd_, 0, &err));
}
