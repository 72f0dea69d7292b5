#include "told.h"

#include "source/entry.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

TestSuite(walk, .init = enter_tmp, .fini = leave_tmp, .timeout = 30);

#define GLOBS(...) ((const char *const[]){__VA_ARGS__, NULL})

Test(walk, finds_each_file_in_every_directory_once)
{
    struct told told = {0};
    put("a.jpg", "a");
    put("clinic a/2026/b.png", "b");
    put("clinic a/2026/c", "c");
    put("clinic-b/d\n\xff.jpg", "d");
    cr_assert_eq(mkdir("empty", 0700), 0);
    walk(here, NULL, &told);
    expect_told(&told, "found a.jpg\n"
                       "found clinic a/2026/b.png\n"
                       "found clinic a/2026/c\n"
                       "found clinic-b/d\n\xff.jpg\n");
}

Test(walk, gives_a_job_the_resolved_root_and_the_stamp)
{
    struct told told = {0};
    struct stat st;
    put("up/sub/a.jpg", "1234567");
    cr_assert_eq(stat("up/sub/a.jpg", &st), 0);
    walk("./up/../up//", NULL, &told);
    cr_assert(told.job);
    cr_expect_str_eq(told.job->path, at("up/sub/a.jpg"));
    cr_expect_eq(told.job->root_len, strlen(at("up")));
    cr_expect_eq(told.job->stamp.size, 7);
    cr_expect_eq(told.job->stamp.inode, st.st_ino);
    expect_told(&told, "found up/sub/a.jpg\n");
}

Test(walk, follows_a_root_that_is_a_link_because_the_user_named_it)
{
    struct told told = {0};
    put("real/a.jpg", "a");
    cr_assert_eq(symlink("real", "link"), 0);
    walk("link", NULL, &told);
    expect_told(&told, "found real/a.jpg\n");
}

Test(walk, follows_no_link_below_the_root)
{
    struct told told = {0};
    put("up/a.jpg", "a");
    put("secret/b.jpg", "b");
    cr_assert_eq(symlink("../secret", "up/dir"), 0);
    cr_assert_eq(symlink("../secret/b.jpg", "up/file"), 0);
    cr_assert_eq(symlink("nowhere", "up/dangling"), 0);
    walk("up", NULL, &told);
    cr_expect_str_eq(told.err.msg, "symbolic link: want a regular file");
    expect_told(&told, "failed unsupported up/dangling\n"
                       "failed unsupported up/dir\n"
                       "failed unsupported up/file\n"
                       "found up/a.jpg\n");
}

Test(walk, refuses_a_fifo_without_opening_it)
{
    struct told told = {0};
    cr_assert_eq(mkfifo("pipe", 0600), 0);
    walk(here, NULL, &told);
    cr_expect_str_eq(told.err.msg, "FIFO: want a regular file");
    expect_told(&told, "failed unsupported pipe\n");
}

Test(walk, refuses_sockets_and_devices)
{
    struct told told = {0};
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    walk(here, NULL, &told);
    cr_expect_str_eq(told.err.msg, "socket: want a regular file");
    expect_told(&told, "failed unsupported socket\n");
    walk("/dev/null", NULL, &told);
    cr_expect_str_eq(told.err.msg, "character device: want a regular file");
    expect_told(&told, "failed unsupported /dev/null\n");
    close(fd);
}

Test(walk, skips_dot_files_and_does_not_enter_dot_directories)
{
    struct told told = {0};
    put(".DS_Store", "x");
    put(".thumbs/a.jpg", "x");
    put("sub/.hidden.jpg", "x");
    walk(here, NULL, &told);
    expect_told(&told, "skipped dot file .DS_Store\n"
                       "skipped dot file sub/.hidden.jpg\n");
}

Test(walk, skips_partial_uploads_in_whatever_case)
{
    static const char *const names[] = {
        "a.part",       "a.jpg.PART",   "a.partial", "a.filepart",
        "a.crdownload", "a.opdownload", "a.Tmp",     "a.download",
        "a.upload",     "a.swp",        "a.jpg~",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct told told = {0};
        char want[60];
        put(names[i], "x");
        walk(here, NULL, &told);
        snprintf(want, sizeof want, "skipped partial upload %s\n", names[i]);
        expect_told(&told, want);
        cr_assert_eq(unlink(names[i]), 0);
    }
}

Test(walk, takes_names_that_only_look_like_partial_uploads)
{
    struct told told = {0};
    put("part", "x");
    put("a.part.jpg", "x");
    put("tmp", "x");
    walk(here, NULL, &told);
    expect_told(&told, "found a.part.jpg\nfound part\nfound tmp\n");
}

Test(walk, include_takes_only_what_matches)
{
    struct told told = {0};
    struct imp_source_rules rules = {.include = GLOBS("*.jpg", "b?.png")};
    put("x/a.jpg", "x");
    put("A.JPG", "x");
    put("b1.png", "x");
    put("b12.png", "x");
    walk(here, &rules, &told);
    expect_told(&told, "found b1.png\nfound x/a.jpg\n"
                       "skipped excluded A.JPG\nskipped excluded b12.png\n");
}

Test(walk, exclude_wins_over_include)
{
    struct told told = {0};
    struct imp_source_rules rules = {.include = GLOBS("*.jpg"),
                                     .exclude = GLOBS("nope", "a*")};
    put("a.jpg", "x");
    put("b.jpg", "x");
    walk(here, &rules, &told);
    expect_told(&told, "found b.jpg\nskipped excluded a.jpg\n");
}

Test(walk, a_pattern_without_a_slash_is_for_the_base_name_only)
{
    struct told told = {0};
    struct imp_source_rules rules = {.exclude = GLOBS("clinic*")};
    put("clinic/a.jpg", "x");
    put("clinic.jpg", "x");
    walk(here, &rules, &told);
    expect_told(&told, "found clinic/a.jpg\nskipped excluded clinic.jpg\n");
}

Test(walk, a_pattern_with_a_slash_is_for_the_path_below_the_root)
{
    struct told told = {0};
    struct imp_source_rules rules = {.include = GLOBS("clinic/*.jpg")};
    put("up/clinic/a.jpg", "x");
    put("up/clinic/2026/b.jpg", "x");
    put("up/other/c.jpg", "x");
    walk("up", &rules, &told);
    expect_told(&told, "found up/clinic/2026/b.jpg\n"
                       "found up/clinic/a.jpg\n"
                       "skipped excluded up/other/c.jpg\n");
}

Test(walk, stays_out_of_an_excluded_directory)
{
    struct imp_source_rules rules[] = {{.exclude = GLOBS("rejected/")},
                                       {.exclude = GLOBS("rejected/*")}};
    put("rejected/a.jpg", "x");
    put("x/rejected/b.jpg", "x");
    for (int i = 0; i < 2; i++) {
        struct told told = {0};
        walk(here, &rules[i], &told);
        expect_told(&told, "found x/rejected/b.jpg\n");
    }
}

Test(walk, a_fresh_file_is_not_settled)
{
    struct told told = {0};
    struct imp_source_rules rules = {.settle_ms = 3600 * 1000};
    put("a.jpg", "x");
    walk(here, &rules, &told);
    expect_told(&told, "skipped unsettled a.jpg\n");
}

Test(walk, settling_cannot_be_faked_by_an_old_modification_time)
{
    struct told told = {0};
    struct imp_source_rules rules = {.settle_ms = 3600 * 1000};
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    put("a.jpg", "x");
    cr_assert_eq(utimensat(AT_FDCWD, "a.jpg", old, 0), 0);
    walk(here, &rules, &told);
    expect_told(&told, "skipped unsettled a.jpg\n");
}

Test(walk, a_file_that_was_left_alone_is_settled)
{
    struct told told = {0};
    struct imp_source_rules rules = {.settle_ms = 20};
    struct timespec t = {.tv_nsec = 60 * 1000 * 1000};
    put("a.jpg", "x");
    nanosleep(&t, NULL);
    walk(here, &rules, &told);
    expect_told(&told, "found a.jpg\n");
}

Test(walk, settles_at_the_given_age_and_allows_for_a_fast_clock)
{
    const int64_t now = INT64_C(1800000000000), hour = 3600 * 1000;
    cr_expect_not(imp_entry_settled(now, now - 1999, 2000));
    cr_expect(imp_entry_settled(now, now - 2000, 2000));
    cr_expect_not(imp_entry_settled(now, now + 5000, 2000));
    cr_expect_not(imp_entry_settled(now, now + hour, 2000));
    cr_expect(imp_entry_settled(now, now + hour + 1, 2000));
    cr_expect_not(imp_entry_settled(now, now + 2 * hour, 3 * hour));
    cr_expect(imp_entry_settled(now, now, 0));
    cr_expect(imp_entry_settled(now, now + 5000, 0));
}

Test(walk, a_single_file_is_judged_by_the_same_rules)
{
    struct told told = {0};
    put("a.jpg", "x");
    put("a.part", "x");
    cr_assert_eq(symlink("a.jpg", "link.jpg"), 0);
    walk("a.jpg", NULL, &told);
    walk("a.part", NULL, &told);
    walk("link.jpg", NULL, &told);
    expect_told(&told, "failed unsupported link.jpg\n"
                       "found a.jpg\n"
                       "skipped partial upload a.part\n");
}

Test(walk, a_path_that_is_not_there_is_an_error)
{
    struct imp_source_rules rules = {0};
    struct told told = {0};
    struct imp_source_sink sink = sink_of(&told);
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    static const char *const paths[] = {"nowhere", "", "a.jpg/", "dangling"};
    put("a.jpg", "x");
    cr_assert_eq(symlink("nowhere", "dangling"), 0);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct imp_err err = {0};
        cr_expect_not(imp_source_path(ctx, paths[i], &rules, &sink, &err));
        cr_expect_eq(err.code, IMP_ERR_IO);
        cr_expect_not(strstr(err.msg, "nowhere"));
    }
    imp_ctx_free(ctx);
    expect_told(&told, "");
}

// Fewer descriptors than levels: stands for any directory that cannot be
// opened, and works for root, too.
Test(walk, a_directory_that_cannot_be_opened_is_one_failed_input)
{
    struct told told = {0};
    put("1/2/3/4/5/6/7/8/9/b.jpg", "x");
    put("a.jpg", "x");
    int next = dup(0);
    close(next);
    struct rlimit old, few;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = (struct rlimit){(rlim_t)next + 4, old.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    walk(here, NULL, &told);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    cr_expect_eq(told.n, 2);
    cr_expect_eq(told.err.code, IMP_ERR_IO);
    cr_assert(told.job);
    cr_expect_str_eq(told.job->path, at("a.jpg"));
    while (told.n > 0)
        free(told.line[--told.n]);
    imp_job_free(told.job);
}

Test(walk, goes_128_levels_deep_and_no_further)
{
    struct told told = {0};
    for (int depth = 2; depth <= 129; depth++) {
        cr_assert_eq(mkdir("d", 0700), 0);
        cr_assert_eq(chdir("d"), 0);
        if (depth >= 128)
            put("a.jpg", "x");
    }
    cr_assert_eq(chdir(here), 0);
    walk(here, NULL, &told);
    cr_expect_eq(told.n, 2);
    cr_expect_eq(told.err.code, IMP_ERR_LIMIT);
    // 127 times "d/" below the root, which is the first level.
    cr_assert(told.job);
    cr_expect_eq(strlen(told.job->path) - strlen(here), 1 + 127 * 2 + 5);
    for (size_t i = 0; i < told.n; i++)
        free(told.line[i]);
    imp_job_free(told.job);
}

Test(walk, stops_when_the_sink_wants_no_more)
{
    struct told told = {.stop_after = 2};
    put("a/a.jpg", "x");
    put("b/b.jpg", "x");
    put("c/c.part", "x");
    put("d/.d", "x");
    walk(here, NULL, &told);
    cr_expect_eq(told.n, 2);
    while (told.n > 0)
        free(told.line[--told.n]);
    imp_job_free(told.job);
}

static struct imp_ctx *to_cancel;

static void cancel_it(struct told *told)
{
    (void)told;
    imp_ctx_cancel(to_cancel, IMP_CAUSE_SIGINT);
}

Test(walk, ends_when_cancelled)
{
    struct imp_source_rules rules = {0};
    struct told told = {.on_tell = cancel_it};
    struct imp_source_sink sink = sink_of(&told);
    struct imp_err err = {0};
    to_cancel = imp_ctx_new(NULL);
    put("a.jpg", "x");
    put("b.jpg", "x");
    cr_expect(imp_source_path(to_cancel, here, &rules, &sink, &err));
    cr_expect_eq(told.n, 1);
    cr_expect(imp_source_path(to_cancel, "a.jpg", &rules, &sink, &err));
    cr_expect_eq(told.n, 1);
    free(told.line[0]);
    imp_job_free(told.job);
    imp_ctx_free(to_cancel);
}

static void unlink_all(struct told *told)
{
    (void)told;
    unlink("a.jpg");
    unlink("b.jpg");
}

Test(walk, a_file_that_vanishes_before_it_was_looked_at_is_no_input)
{
    struct told told = {.on_tell = unlink_all};
    put("a.jpg", "x");
    put("b.jpg", "x");
    walk(here, NULL, &told);
    cr_expect_eq(told.n, 1);
    free(told.line[0]);
    imp_job_free(told.job);
}

static void swap_directories(struct told *told)
{
    told->on_tell = NULL;
    for (char name[] = "0"; *name <= '9'; ++*name) {
        char away[] = {'x', *name, '\0'};
        cr_assert_eq(rename(name, away), 0);
        cr_assert_eq(symlink("../secret", name), 0);
    }
}

// The walk has read all names and kinds when the first entry is told, and the
// ten directories become links then.
Test(walk, does_not_follow_a_link_that_takes_a_directorys_place)
{
    struct told told = {.on_tell = swap_directories};
    put("secret/secret.jpg", "x");
    put("up/a.jpg", "x");
    for (char name[] = "up/0/a.jpg"; name[3] <= '9'; name[3]++)
        put(name, "x");
    cr_assert_eq(chdir("up"), 0);
    walk(".", NULL, &told);
    cr_expect_geq(told.n, 10);
    cr_expect_eq(told.err.code, IMP_ERR_UNSETTLED);
    while (told.n > 0) {
        cr_expect_not(strstr(told.line[--told.n], "secret"));
        free(told.line[told.n]);
    }
    imp_job_free(told.job);
}

Test(walk, no_descriptor_is_left_open)
{
    struct told told = {.stop_after = 2};
    put("a/b/c/a.jpg", "x");
    put("a/b/c/b.jpg", "x");
    put("a/b/c/c.jpg", "x");
    int before = dup(0);
    close(before);
    walk(here, NULL, &told); // stopped in the innermost
    walk(here, NULL, &told);
    walk("a/b/c/a.jpg", NULL, &told);
    int after = dup(0);
    close(after);
    cr_expect_eq(after, before);
    while (told.n > 0)
        free(told.line[--told.n]);
    imp_job_free(told.job);
}

struct tally {
    int seen, early;
    size_t early_bytes, most_bytes;
};

static bool tally_found(void *self, struct imp_job *job)
{
    struct tally *tally = self;
    imp_job_free(job);
    size_t bytes = mallinfo2().uordblks;
    if (++tally->seen == tally->early)
        tally->early_bytes = bytes;
    if (tally->seen > tally->early && bytes > tally->most_bytes)
        tally->most_bytes = bytes;
    return true;
}

// Under AddressSanitizer mallinfo2 counts nothing and only the number is told.
Test(walk, memory_does_not_grow_with_the_number_of_files)
{
    const struct imp_source_rules rules = {0};
    struct tally tally = {.early = 10};
    struct imp_source_sink sink = {.self = &tally, .found = tally_found};
    struct imp_err err = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    for (int i = 0; i < 10000; i++) {
        char name[40];
        snprintf(name, sizeof name, "%05d.jpg", i);
        cr_assert_eq(mknod(name, S_IFREG | 0600, 0), 0);
    }
    cr_expect(imp_source_path(ctx, here, &rules, &sink, &err));
    cr_expect_eq(tally.seen, 10000);
    cr_expect_leq(tally.most_bytes, tally.early_bytes + 512);
    imp_ctx_free(ctx);
}

Test(walk, rules_see_the_path_below_the_root)
{
    struct told told = {0};
    put("up/p/a.jpg", "x");
    walk("up", NULL, &told);
    cr_assert(told.job);
    cr_expect_str_eq(imp_job_shown(told.job), "p/a.jpg");
    cr_expect_null(told.job->subject);
    expect_told(&told, "found up/p/a.jpg\n");
    walk("up/p/a.jpg", NULL, &told);
    cr_assert(told.job);
    cr_expect_str_eq(imp_job_shown(told.job), "a.jpg");
    expect_told(&told, "found up/p/a.jpg\n");
}
