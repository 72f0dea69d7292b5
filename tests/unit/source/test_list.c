#include "told.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

TestSuite(list, .init = enter_tmp, .fini = leave_tmp, .timeout = 10);

// A file with these bytes, open at its start.
static int list_of(const char *bytes, size_t n)
{
    int fd = memfd_create("list", MFD_CLOEXEC);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, bytes, n), (ssize_t)n);
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void expect_list(const char *bytes, size_t n, bool nul_ended,
                        const char *want)
{
    struct told told = {0};
    struct imp_err err = {0};
    int fd = list_of(bytes, n);
    cr_expect(walk_list(fd, nul_ended, &told, &err), "%s", err.msg);
    cr_expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC, "fd was closed");
    close(fd);
    expect_told(&told, want);
}
#define LINES(text, want) expect_list(text, sizeof text - 1, false, want)
#define NULS(text, want) expect_list(text, sizeof text - 1, true, want)

Test(list, takes_a_name_per_line)
{
    put("a.jpg", "x");
    put("sub dir/b.jpg", "x");
    LINES("a.jpg\nsub dir/b.jpg\n", "found a.jpg\nfound sub dir/b.jpg\n");
}

Test(list, needs_no_newline_behind_the_last_name)
{
    put("a.jpg", "x");
    put("b.jpg", "x");
    LINES("a.jpg\nb.jpg", "found a.jpg\nfound b.jpg\n");
}

Test(list, passes_over_empty_lines)
{
    put("a.jpg", "x");
    LINES("\n\na.jpg\n\r\n\n", "found a.jpg\n");
}

Test(list, takes_lines_that_end_as_on_windows)
{
    put("a.jpg", "x");
    put("b.jpg", "x");
    LINES("a.jpg\r\nb.jpg\r", "found a.jpg\nfound b.jpg\n");
}

Test(list, takes_names_ended_by_nul_whatever_is_in_them)
{
    put("a\nb.jpg", "x");
    put("c\r", "x");
    put("d.jpg", "x");
    NULS("a\nb.jpg\0c\r\0\0d.jpg", "found a\nb.jpg\nfound c\r\nfound d.jpg\n");
}

Test(list, an_empty_list_is_no_error)
{
    LINES("", "");
    NULS("", "");
}

Test(list, a_nul_in_a_list_of_lines_is_a_wrong_option)
{
    struct told told = {0};
    struct imp_err err = {0};
    put("a.jpg", "x");
    int fd = list_of("a.jpg\0b.jpg\0", 12);
    cr_expect_not(walk_list(fd, false, &told, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    close(fd);
    expect_told(&told, "");
}

Test(list, gives_a_file_the_path_that_a_walk_gives_it)
{
    struct told walked = {0}, listed = {0};
    struct imp_err err = {0};
    put("real/sub/a.jpg", "x");
    cr_assert_eq(symlink("real", "link"), 0);
    walk("link", NULL, &walked);
    static const char *const names[] = {"real/sub/a.jpg", "./link/sub//a.jpg",
                                        "real/sub/../sub/a.jpg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int fd = list_of(names[i], strlen(names[i]));
        cr_expect(walk_list(fd, false, &listed, &err));
        close(fd);
        cr_assert(listed.job);
        cr_expect_str_eq(listed.job->path, walked.job->path);
        cr_expect_eq(listed.job->root_len, strlen(at("real/sub")));
    }
    while (listed.n > 0)
        free(listed.line[--listed.n]);
    imp_job_free(listed.job);
    expect_told(&walked, "found real/sub/a.jpg\n");
}

Test(list, takes_absolute_names)
{
    struct told told = {0};
    struct imp_err err = {0};
    put("a.jpg", "x");
    int fd = list_of(at("a.jpg"), strlen(at("a.jpg")));
    cr_assert_eq(chdir("/"), 0);
    cr_expect(walk_list(fd, true, &told, &err));
    close(fd);
    expect_told(&told, "found a.jpg\n");
}

Test(list, follows_no_link_in_the_last_component)
{
    put("a.jpg", "x");
    cr_assert_eq(symlink("a.jpg", "b.jpg"), 0);
    LINES("b.jpg\n", "failed unsupported b.jpg\n");
}

Test(list, skips_directories_dot_files_and_partial_uploads)
{
    put(".sub/a.jpg", "x");
    put(".b.jpg", "x");
    put("c.part", "x");
    LINES(".sub\n.sub/a.jpg\n.b.jpg\nc.part\n.sub/\n/\n",
          "found .sub/a.jpg\n"
          "skipped directory .sub\n"
          "skipped directory .sub\n"
          "skipped directory /\n"
          "skipped dot file .b.jpg\n"
          "skipped partial upload c.part\n");
}

Test(list, the_working_directory_is_a_directory)
{
    put("sub/a.jpg", "x");
    cr_assert_eq(chdir("sub"), 0);
    LINES(".\n..\n", "skipped directory sub/.\nskipped directory sub/..\n");
}

Test(list, a_listed_file_that_is_not_there_failed)
{
    put("b.jpg", "x");
    LINES("a.jpg\nnowhere/a.jpg\nb.jpg\n",
          "failed io a.jpg\nfailed io nowhere/a.jpg\nfound b.jpg\n");
}

Test(list, a_pattern_with_a_slash_is_for_the_path_as_listed)
{
    const char *const globs[] = {"./x/*", NULL};
    struct imp_source_rules rules = {.exclude = globs};
    struct told told = {0};
    struct imp_source_sink sink = sink_of(&told);
    struct imp_err err = {0};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    put("x/a.jpg", "x");
    put("x/b.jpg", "x");
    int fd = list_of("./x/a.jpg\nx/b.jpg\n", 18);
    cr_expect(imp_source_list(ctx, fd, false, &rules, &sink, &err));
    close(fd);
    imp_ctx_free(ctx);
    expect_told(&told, "found x/b.jpg\nskipped excluded x/a.jpg\n");
}

// A name of `n` bytes, then a good one.
static void expect_overlong(size_t n, enum imp_code code)
{
    struct told told = {0};
    struct imp_err err = {0};
    char *bytes = malloc(n + 7);
    memset(bytes, 'x', n);
    memcpy(bytes + n, "\na.jpg\n", 7);
    int fd = list_of(bytes, n + 7);
    cr_expect(walk_list(fd, false, &told, &err), "%s", err.msg);
    close(fd);
    free(bytes);
    cr_expect_eq(told.n, 2);
    cr_expect_eq(told.err.code, code, "%zu: %s", n, told.err.msg);
    cr_assert(told.job);
    cr_expect_str_eq(told.job->path, at("a.jpg"));
    while (told.n > 0)
        free(told.line[--told.n]);
    imp_job_free(told.job);
}

// What the job of the one line says: "shown|subject", until the next call.
static const char *columns_of(const char *line, bool columns)
{
    static char said[300];
    int fds[2];
    struct told told = {0};
    struct imp_err err = {0};
    const struct imp_source_rules rules = {.columns = columns};
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_source_sink sink = sink_of(&told);
    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(write(fds[1], line, strlen(line)), (ssize_t)strlen(line));
    close(fds[1]);
    cr_expect(imp_source_list(ctx, fds[0], false, &rules, &sink, &err));
    close(fds[0]);
    imp_ctx_free(ctx);
    cr_assert(told.job, "%s: not found", line);
    snprintf(said, sizeof said, "%s|%s", imp_job_shown(told.job),
             told.job->subject ? told.job->subject : "none");
    imp_job_free(told.job);
    for (size_t i = 0; i < told.n; i++)
        free(told.line[i]);
    return said;
}

Test(list, the_second_column_tells_whose_it_is)
{
    put("p/a.jpg", "x");
    put("p/b\t7.jpg", "x");
    cr_expect_str_eq(columns_of("p/a.jpg\t1001\n", true), "p/a.jpg|1001");
    cr_expect_str_eq(columns_of("./p/a.jpg\t10 01\t2\r\n", true),
                     "./p/a.jpg|10 01\t2");
    cr_expect_str_eq(columns_of("p/a.jpg\t", true), "p/a.jpg|");
    cr_expect_str_eq(columns_of("p/a.jpg", true), "p/a.jpg|none");
    cr_expect_str_eq(columns_of("p/b\t7.jpg", false), "p/b\t7.jpg|none");
}

Test(list, an_overlong_name_costs_only_itself)
{
    put("a.jpg", "x");
    expect_overlong(8192, IMP_ERR_IO); // ENAMETOOLONG
    expect_overlong(8193, IMP_ERR_LIMIT);
    expect_overlong(8194, IMP_ERR_LIMIT);
    expect_overlong(65536, IMP_ERR_LIMIT);
    expect_overlong(1000000, IMP_ERR_LIMIT);
}

// 7,001 times the same 11 bytes: the names lie everywhere in the reader's
// 64 KiB, across its end, too.
Test(list, a_name_may_lie_across_two_reads)
{
    struct imp_err err = {0};
    struct told told = {0};
    const size_t times = 7001;
    char *bytes = malloc(times * 11);
    put("sub/a.jpg", "x");
    for (size_t i = 0; i < times; i++)
        memcpy(bytes + i * 11,
               i % 100 ? "\n\n\n\n\n\n\n\n\n\n\n" : "sub/a.jpg\n\n", 11);
    memcpy(bytes + 65536 - 65536 % 11, "sub/a.jpg\n\n", 11);
    int fd = list_of(bytes, times * 11);
    cr_expect(walk_list(fd, false, &told, &err));
    close(fd);
    free(bytes);
    cr_expect_eq(told.n, 72); // 0, 100, ... 7000, and the one at 64 KiB
    for (size_t i = 0; i < told.n; i++) {
        cr_expect_str_eq(told.line[i], "found sub/a.jpg");
        free(told.line[i]);
    }
    imp_job_free(told.job);
}

Test(list, a_slow_writer_is_waited_for)
{
    struct told told = {0};
    struct imp_err err = {0};
    int fds[2];
    put("a.jpg", "x");
    put("b.jpg", "x");
    cr_assert_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    pid_t child = fork();
    if (child == 0) {
        static const char *const piece[] = {"a.", "jpg", "\nb", ".jpg\n"};
        for (size_t i = 0; i < 4; i++) {
            struct timespec t = {.tv_nsec = 10 * 1000 * 1000};
            nanosleep(&t, NULL);
            if (write(fds[1], piece[i], strlen(piece[i])) < 0)
                _exit(1);
        }
        _exit(0);
    }
    close(fds[1]);
    cr_expect(walk_list(fds[0], false, &told, &err), "%s", err.msg);
    close(fds[0]);
    expect_told(&told, "found a.jpg\nfound b.jpg\n");
}

static int more_fd;

static void replace_directory(struct told *told)
{
    if (told->n > 1)
        return;
    cr_assert_eq(rename("up", "old"), 0);
    put("up/b.jpg", "x");
    cr_assert_eq(write(more_fd, "up/b.jpg\n", 9), 9);
    close(more_fd);
}

Test(list, a_directory_replaced_between_two_reads_is_looked_up_again)
{
    struct told told = {.on_tell = replace_directory};
    struct imp_err err = {0};
    int fds[2];
    put("up/a.jpg", "x");
    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    more_fd = fds[1];
    cr_assert_eq(write(more_fd, "up/a.jpg\n", 9), 9);
    cr_expect(walk_list(fds[0], false, &told, &err));
    close(fds[0]);
    expect_told(&told, "found up/a.jpg\nfound up/b.jpg\n");
}

static void *cancel_soon(void *ctx)
{
    struct timespec t = {.tv_nsec = 20 * 1000 * 1000};
    nanosleep(&t, NULL);
    imp_ctx_cancel(ctx, IMP_CAUSE_SIGTERM);
    return NULL;
}

static void expect_ended(struct imp_ctx *ctx)
{
    struct imp_source_rules rules = {0};
    struct told told = {0};
    struct imp_source_sink sink = sink_of(&told);
    struct imp_err err = {0};
    int fds[2];
    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    cr_expect(imp_source_list(ctx, fds[0], false, &rules, &sink, &err));
    close(fds[0]);
    close(fds[1]);
    expect_told(&told, "");
}

Test(list, a_cancel_ends_the_wait_for_an_empty_pipe)
{
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, cancel_soon, ctx), 0);
    expect_ended(ctx);
    pthread_join(thread, NULL);
    imp_ctx_free(ctx);
}

Test(list, a_deadline_ends_the_wait_for_an_empty_pipe)
{
    struct imp_ctx *ctx = imp_ctx_new_timeout(NULL, 20);
    expect_ended(ctx);
    imp_ctx_free(ctx);
}

static struct imp_ctx *to_cancel;

static void cancel_it(struct told *told)
{
    (void)told;
    imp_ctx_cancel(to_cancel, IMP_CAUSE_SIGINT);
}

Test(list, a_cancel_leaves_the_rest_of_the_list)
{
    struct imp_source_rules rules = {0};
    struct told told = {.on_tell = cancel_it};
    struct imp_source_sink sink = sink_of(&told);
    struct imp_err err = {0};
    put("a.jpg", "x");
    to_cancel = imp_ctx_new(NULL);
    int fd = list_of("a.jpg\na.jpg\na.jpg", 17);
    cr_expect(imp_source_list(to_cancel, fd, false, &rules, &sink, &err));
    close(fd);
    imp_ctx_free(to_cancel);
    expect_told(&told, "found a.jpg\n");
}

Test(list, stops_when_the_sink_wants_no_more)
{
    struct told told = {.stop_after = 1};
    struct imp_err err = {0};
    put("a.jpg", "x");
    int fd = list_of("a.jpg\na.jpg\n", 12);
    cr_expect(walk_list(fd, false, &told, &err));
    close(fd);
    expect_told(&told, "found a.jpg\n");
}

Test(list, what_cannot_be_read_is_an_error)
{
    struct told told = {0};
    struct imp_err err = {0};
    int fd = open(here, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_expect_not(walk_list(fd, false, &told, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    close(fd);
    err = (struct imp_err){0};
    fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    cr_expect_not(walk_list(fd, false, &told, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    close(fd);
    expect_told(&told, "");
}
