// Whatever is done to the audit log, verifying tells of it.
#include "audit_log.h"

#include "sync/context.h"

TestSuite(audit_verify, .init = set_up, .fini = tear_down, .timeout = 300);

// Two files, three and two lines; the last line's mark.
static struct imp_audit_mark two_files(void)
{
    write_log(1, 3, 0);
    cr_assert_eq(rename(in_dir("audit.log"), in_dir("audit.log.000001")), 0);
    struct imp_audit_mark last = write_log(4, 5, 0);
    cr_assert_eq(verify(&last).n, 0);
    return last;
}

static const char *const files[] = {"audit.log.000001", "audit.log"};

Test(audit_verify, an_untouched_log_is_intact_and_counted)
{
    struct imp_audit_mark last = two_files();
    struct found f = verify(NULL);
    cr_expect_eq(f.n, 0);
    cr_expect_eq(f.sum.files, 2);
    cr_expect_eq(f.sum.lines, 5);
    cr_expect_eq(f.sum.bytes,
                 (uint64_t)(size_of(files[0]) + size_of(files[1])));
    cr_expect_eq(f.sum.last.seq, 5);
    cr_expect_arr_eq(&f.sum.last.hash, &last.hash, sizeof last.hash);
}

Test(audit_verify, every_flipped_bit_is_found)
{
    struct imp_audit_mark last = two_files();
    for (size_t i = 0; i < 2; i++) {
        struct content c = read_file(files[i]);
        for (size_t at = 0; at < c.n; at++)
            for (int bit = 0; bit < 8; bit++) {
                c.p[at] ^= (char)(1 << bit);
                write_file(files[i], c.p, c.n);
                cr_assert_gt(verify(NULL).n, 0, "%s, byte %zu, bit %d",
                             files[i], at, bit);
                cr_assert_gt(verify(&last).n, 0, "%s, byte %zu, bit %d",
                             files[i], at, bit);
                c.p[at] ^= (char)(1 << bit);
            }
        write_file(files[i], c.p, c.n);
        free(c.p);
    }
    cr_expect_eq(verify(&last).n, 0, "and back");
}

// --- Lines moved about ---

static char *line[8]; // of a file, with their newlines
static size_t lines;

static void split(const char *name)
{
    struct content c = read_file(name);
    lines = 0;
    for (char *at = c.p, *end; (end = strchr(at, '\n')); at = end + 1)
        line[lines++] = strndup(at, (size_t)(end + 1 - at));
    free(c.p);
}

static void write_order(const char *name, const size_t *order, size_t n)
{
    FILE *f = fopen(in_dir(name), "w");
    for (size_t i = 0; i < n; i++)
        fputs(line[order[i]], f);
    fclose(f);
}

Test(audit_verify, every_removed_line_is_found)
{
    struct imp_audit_mark last = two_files();
    for (size_t f = 0; f < 2; f++) {
        split(files[f]);
        for (size_t gone = 0; gone < lines; gone++) {
            size_t order[8], n = 0;
            for (size_t i = 0; i < lines; i++)
                if (i != gone)
                    order[n++] = i;
            write_order(files[f], order, n);
            bool at_end = f == 1 && gone == lines - 1;
            cr_expect_eq(verify(NULL).n > 0, !at_end, "%s, line %zu", files[f],
                         gone + 1);
            cr_expect_gt(verify(&last).n, 0, "%s, line %zu", files[f],
                         gone + 1);
        }
        write_order(files[f], (const size_t[]){0, 1, 2}, lines);
    }
    cr_expect_eq(verify(&last).n, 0, "and back");
}

Test(audit_verify, every_duplicated_line_is_found)
{
    struct imp_audit_mark last = two_files();
    for (size_t f = 0; f < 2; f++) {
        split(files[f]);
        for (size_t twice = 0; twice < lines; twice++) {
            size_t order[8], n = 0;
            for (size_t i = 0; i < lines; i++) {
                order[n++] = i;
                if (i == twice)
                    order[n++] = i;
            }
            write_order(files[f], order, n);
            struct found got = verify(NULL);
            uint64_t seq = 3 * f + twice + 1;
            cr_expect(has(&got, IMP_AUDIT_ORDER, files[f], twice + 2, seq));
            cr_expect_gt(verify(&last).n, 0);
        }
        write_order(files[f], (const size_t[]){0, 1, 2}, lines);
    }
}

Test(audit_verify, every_exchange_of_two_lines_is_found)
{
    struct imp_audit_mark last = two_files();
    split(files[0]);
    static const size_t orders[][3] = {
        {1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        write_order(files[0], orders[i], 3);
        cr_expect_gt(verify(NULL).n, 0, "order %zu", i);
        cr_expect_gt(verify(&last).n, 0, "order %zu", i);
    }
    write_order(files[0], (const size_t[]){0, 1, 2}, 3);
    split(files[1]);
    write_order(files[1], (const size_t[]){1, 0}, 2);
    struct found f = verify(NULL);
    cr_expect(has(&f, IMP_AUDIT_UNCHAINED, "audit.log", 1, 5));
    cr_expect(has(&f, IMP_AUDIT_ORDER, "audit.log", 2, 4));
}

// A line of our own form, made elsewhere: its crc is right.
static char *forged(uint64_t seq)
{
    char *keep = dir;
    int keep_fd = dirfd_;
    set_up();
    write_log(seq, seq, 0);
    char *made = file_text(in_dir("audit.log"));
    tear_down();
    dir = keep;
    dirfd_ = keep_fd;
    return made;
}

Test(audit_verify, a_line_that_was_put_in_is_found_where_it_stands)
{
    two_files();
    split(files[1]);
    line[lines] = forged(5);
    write_order(files[1], (const size_t[]){0, 2}, 2); // instead of the last
    struct found f = verify(NULL);
    cr_expect_eq(f.n, 1);
    cr_expect(has(&f, IMP_AUDIT_UNCHAINED, "audit.log", 2, 5));
    write_order(files[1], (const size_t[]){0, 2, 1}, 3);
    f = verify(NULL);
    cr_expect(has(&f, IMP_AUDIT_UNCHAINED, "audit.log", 2, 5));
    cr_expect(has(&f, IMP_AUDIT_UNCHAINED, "audit.log", 3, 5));
}

Test(audit_verify, a_changed_line_is_named)
{
    two_files();
    struct content c = read_file(files[0]);
    char *second = strchr(c.p, '\n');
    memcpy(strstr(second, "archived"), "archives", 8);
    write_file(files[0], c.p, c.n);
    struct found f = verify(NULL);
    cr_expect_eq(f.n, 2);
    cr_expect(has(&f, IMP_AUDIT_CHANGED, "audit.log.000001", 2, 2));
    cr_expect(has(&f, IMP_AUDIT_UNCHAINED, "audit.log.000001", 3, 3));
    free(c.p);
}

Test(audit_verify, a_line_of_another_form_is_named)
{
    two_files();
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"\"seq\":1,", "\"seq\":0,"},
        {"\"seq\":1,", "\"seq\":01,"},
        {"\"seq\":1,", "\"seq\": 1,"},
        {"\"seq\":1,", "\"seq\":99999999999999999999,"},
        {"\"run\":2,", "\"run\":2,\"run\":2,"},
        {"\"run\":2,", "\"Run\":2,"},
        {"\"op\":\"image\",", ""},
        {"\"time\":\"20", "\"time\":\"x0"},
        {"\"jpeg\"", "\"jp\\eg\""},
        {"\"jpeg\"", "\"jp\teg\""},
        {"\"removed\":[", "\"removed\":[,"},
        {"comment\"]", "comment\",]"},
        {"comment\"]", "comment\"}"},
        {",\"crc\"", ",\"x\":1,\"crc\""},
        {"\"prev\":\"0", "\"prev\":\"g"},
        {"\"}\n", "\"} \n"},
        {"\"}\n", "\"}\r\n"},
    };
    split(files[0]);
    char *whole = line[0];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *at = strstr(whole, rows[i].from);
        cr_assert(at, "row %zu", i);
        line[0] = text("%.*s%s%s", (int)(at - whole), whole, rows[i].to,
                       at + strlen(rows[i].from));
        write_order(files[0], (const size_t[]){0, 1, 2}, 3);
        struct found f = verify(NULL);
        cr_assert_geq(f.n, 1, "row %zu", i);
        cr_expect_eq(f.of[0].fault, IMP_AUDIT_NO_LINE, "row %zu: %s", i,
                     f.of[0].text);
        cr_expect_eq(f.of[0].line, 1, "row %zu", i);
    }
}

// --- Whole files ---

Test(audit_verify, every_missing_file_is_found)
{
    struct imp_audit_mark last = write_log(1, 14, 1000);
    cr_assert(is_there(in_dir("audit.log.000004")));
    cr_assert_gt(size_of("audit.log"), 0);
    static const char *const all[] = {"audit.log.000001", "audit.log.000002",
                                      "audit.log.000004", "audit.log"};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(rename(in_dir(all[i]), in_dir("away")), 0);
        bool is_end = i == 3;
        struct found f = verify(NULL);
        cr_expect_eq(f.n > 0, !is_end, "%s", all[i]);
        if (i < 2)
            cr_expect(has(&f, IMP_AUDIT_MISSING, all[i], 0, 0));
        cr_expect_gt(verify(&last).n, 0, "%s", all[i]);
        cr_assert_eq(rename(in_dir("away"), in_dir(all[i])), 0);
    }
    cr_expect_eq(verify(&last).n, 0, "and back");
}

Test(audit_verify, files_that_changed_places_are_found)
{
    struct imp_audit_mark last = write_log(1, 14, 1000);
    cr_assert_eq(rename(in_dir("audit.log.000001"), in_dir("away")), 0);
    cr_assert_eq(rename(in_dir("audit.log.000002"), in_dir("audit.log.000001")),
                 0);
    cr_assert_eq(rename(in_dir("away"), in_dir("audit.log.000002")), 0);
    cr_expect_gt(verify(NULL).n, 0);
    cr_expect_gt(verify(&last).n, 0);
}

Test(audit_verify, no_log_at_all_is_an_error_or_a_finding_if_one_is_expected)
{
    struct imp_audit_mark last = two_files();
    struct imp_err err = {0};
    struct found f = {0};
    unlink(in_dir(files[0]));
    unlink(in_dir(files[1]));
    cr_expect_not(
        imp_audit_verify(dirfd_, NULL, note_finding, &f, NULL, &f.sum, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    f = verify(&last);
    cr_expect(has(&f, IMP_AUDIT_BEHIND, "audit.log", 0, 0));
}

// --- The end ---

Test(audit_verify, a_cut_end_is_found_when_one_is_expected)
{
    struct imp_audit_mark last = two_files();
    struct content c = read_file(files[1]);
    for (size_t n = 0; n < c.n; n++) {
        write_file(files[1], c.p, n);
        bool whole = n == 0 || c.p[n - 1] == '\n';
        struct found f = verify(NULL);
        cr_assert_eq(f.n > 0, !whole, "cut at %zu", n);
        if (!whole)
            cr_assert_eq(f.of[f.n - 1].fault, IMP_AUDIT_TORN);
        f = verify(&last);
        cr_assert_eq(f.of[f.n - 1].fault, IMP_AUDIT_BEHIND, "cut at %zu", n);
    }
    free(c.p);
}

Test(audit_verify, an_end_that_was_written_anew_is_found_when_one_is_expected)
{
    struct imp_audit_mark last = two_files();
    struct content c = read_file(files[1]);
    *strchr(c.p, '\n') = '\0';
    write_file(files[1], c.p, strlen(c.p));
    free(c.p);
    struct imp_audit *a = open_log(0); // cuts off line 4, which has no newline
    const struct imp_audit_entry e = {.seq = 5, .at = NOON, .op = "image"};
    imp_audit_send(a, &e);
    close_log(a);
    cr_expect_eq(verify(NULL).n, 0, "the chain is whole");
    struct found f = verify(&last);
    cr_expect(has(&f, IMP_AUDIT_OTHER, "audit.log", 1, 5));
    write_log(6, 7, 0);
    f = verify(&last);
    cr_expect(has(&f, IMP_AUDIT_OTHER, "audit.log", 1, 5), "and for ever");
}

Test(audit_verify, a_line_that_is_expected_and_left_out_is_found)
{
    struct imp_audit_mark last = write_log(1, 1, 0);
    last.seq = 2;
    write_log(3, 3, 0);
    struct found f = verify(&last);
    cr_expect_eq(f.n, 1);
    cr_expect(has(&f, IMP_AUDIT_OTHER, "audit.log", 0, 2));
}

Test(audit_verify, lines_written_since_are_no_finding)
{
    struct imp_audit_mark last = write_log(1, 3, 0);
    write_log(4, 9, 1000);
    cr_expect_eq(verify(&last).n, 0);
}

Test(audit_verify, a_clock_that_was_set_back_is_no_finding)
{
    struct imp_audit *a = open_log(0);
    for (uint64_t seq = 1; seq <= 5; seq++) {
        const struct imp_audit_entry e = {
            .seq = seq, .at = NOON - (int64_t)(seq * 86400), .op = "run"};
        imp_audit_send(a, &e);
    }
    struct imp_audit_mark last = close_log(a);
    cr_expect_eq(verify(&last).n, 0);
}

// --- Hostile ---

Test(audit_verify, lines_without_end_are_told_of_once_and_passed_over)
{
    two_files();
    enum { MANY = 5 << 20 };
    FILE *f = fopen(in_dir(files[0]), "a");
    for (size_t i = 0; i < MANY; i++)
        putc(i % 3 ? 'x' : 0, f);
    putc('\n', f);
    fclose(f);
    struct found got = verify(NULL);
    cr_expect_eq(got.n, 2);
    cr_expect(has(&got, IMP_AUDIT_NO_LINE, files[0], 4, 0));
    cr_expect(has(&got, IMP_AUDIT_UNCHAINED, files[1], 1, 4));
    f = fopen(in_dir(files[1]), "a");
    for (size_t i = 0; i < MANY; i++)
        putc('x', f);
    fclose(f);
    got = verify(NULL);
    cr_expect(has(&got, IMP_AUDIT_NO_LINE, files[1], 3, 0));
    cr_expect(has(&got, IMP_AUDIT_TORN, files[1], 3, 0));
    cr_expect_eq(got.sum.lines, 7);
}

static bool stop_here(void *self, const struct imp_audit_finding *finding,
                      struct imp_err *err)
{
    (void)finding;
    ++*(int *)self;
    return imp_fail(err, IMP_ERR_IO, "enough");
}

Test(audit_verify, it_ends_when_its_caller_says_so)
{
    int told = 0;
    struct imp_err err = {0};
    struct imp_audit_summary sum;
    two_files();
    write_file(files[0], "x\ny\nz\n", 6);
    cr_expect_not(
        imp_audit_verify(dirfd_, NULL, stop_here, &told, NULL, &sum, &err));
    cr_expect_eq(told, 1);
    cr_expect_eq(err.code, IMP_ERR_IO);

    struct imp_ctx *ctx = imp_ctx_new(NULL);
    imp_ctx_cancel(ctx, IMP_CAUSE_SIGINT);
    cr_expect_not(
        imp_audit_verify(dirfd_, NULL, stop_here, &told, ctx, &sum, &err));
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    imp_ctx_free(ctx);
}
