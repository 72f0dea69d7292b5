#include "told.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

TestSuite(job, .init = enter_tmp, .fini = leave_tmp, .timeout = 10);

// Called once, before the next read(2) of this program: the only moment at
// which a test can change a file between job.c's look at it and its reading.
static void (*before_read)(void);
static bool at_end; // that read then finds nothing

ssize_t read(int fd, void *buf, size_t n)
{
    void (*hook)(void) = before_read;
    before_read = NULL;
    if (hook)
        hook();
    if (at_end) {
        at_end = false;
        return 0;
    }
    return syscall(SYS_read, fd, buf, n);
}

// So that any later write moves the modification time, however coarse it is.
static void make_old(const char *name)
{
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    cr_assert_eq(utimensat(AT_FDCWD, name, old, 0), 0);
}

static void expect_unsettled(struct imp_job *job)
{
    struct imp_err err = {0};
    struct imp_buf buf = {0};
    cr_expect_eq(imp_job_open(job, &err), -1);
    cr_expect_eq(err.code, IMP_ERR_UNSETTLED, "%s", err.msg);
    err = (struct imp_err){0};
    cr_expect_not(imp_job_read(job, 1000, &buf, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSETTLED, "%s", err.msg);
    cr_expect_not(strstr(err.msg, "a.jpg"));
    imp_buf_clear(&buf);
}

Test(job, reads_the_whole_file)
{
    struct imp_err err = {0};
    struct imp_buf buf = {0};
    put("up/x/a.jpg", "the bytes");
    struct imp_job *job = job_for("up/x/a.jpg");
    cr_assert(imp_job_read(job, 9, &buf, &err), "%s", err.msg);
    cr_expect_eq(buf.n, 9);
    cr_expect_arr_eq(buf.p, "the bytes", 9);
    imp_buf_clear(&buf);
    imp_job_free(job);
}

Test(job, reads_an_empty_file)
{
    struct imp_err err = {0};
    struct imp_buf buf = {0};
    put("a.jpg", "");
    struct imp_job *job = job_for("a.jpg");
    cr_expect(imp_job_read(job, 0, &buf, &err), "%s", err.msg);
    cr_expect_eq(buf.n, 0);
    imp_buf_clear(&buf);
    imp_job_free(job);
}

Test(job, opens_below_the_file_systems_root)
{
    // No file of ours lies there: any regular file that we may read will do.
    struct imp_err err = {0};
    struct stat st;
    char *path = realpath("/proc/self/exe", NULL);
    cr_assert(path && stat(path, &st) == 0);
    struct imp_stamp stamp = imp_stamp_of(&st);
    struct imp_job *job = imp_job_new(path, strlen(path), 0, &stamp);
    int fd = imp_job_open(job, &err);
    cr_expect_geq(fd, 0, "%s", err.msg);
    close(fd);
    imp_job_free(job);
    free(path);
}

Test(job, keeps_the_buffer_from_image_to_image)
{
    struct imp_err err = {0};
    struct imp_buf buf = {0};
    put("a.jpg", "longer");
    put("b.jpg", "short");
    struct imp_job *a = job_for("a.jpg"), *b = job_for("b.jpg");
    cr_assert(imp_job_read(a, 100, &buf, &err));
    const uint8_t *p = buf.p;
    cr_assert(imp_job_read(b, 100, &buf, &err));
    cr_expect_eq(buf.p, p);
    cr_expect_eq(buf.n, 5);
    cr_expect_arr_eq(buf.p, "short", 5);
    imp_buf_clear(&buf);
    imp_job_free(a);
    imp_job_free(b);
}

Test(job, refuses_a_file_over_the_limit_before_taking_memory)
{
    struct imp_err err = {0};
    struct imp_buf buf = {0};
    put("a.jpg", "");
    cr_assert_eq(truncate("a.jpg", (off_t)1 << 40), 0);
    struct imp_job *job = job_for("a.jpg");
    cr_expect_not(imp_job_read(job, ((uint64_t)1 << 40) - 1, &buf, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect_eq(buf.cap, 0);
    imp_job_free(job);
}

Test(job, a_file_that_is_gone_is_unsettled)
{
    put("a.jpg", "x");
    struct imp_job *job = job_for("a.jpg");
    cr_assert_eq(unlink("a.jpg"), 0);
    expect_unsettled(job);
    imp_job_free(job);
}

Test(job, a_file_that_grew_since_it_was_found_is_unsettled)
{
    put("a.jpg", "x");
    struct imp_job *job = job_for("a.jpg");
    put("a.jpg", "xx");
    expect_unsettled(job);
    imp_job_free(job);
}

Test(job, a_file_rewritten_since_it_was_found_is_unsettled)
{
    put("a.jpg", "old");
    make_old("a.jpg");
    struct imp_job *job = job_for("a.jpg");
    put("a.jpg", "new");
    expect_unsettled(job);
    imp_job_free(job);
}

Test(job, another_file_of_the_same_size_and_time_is_unsettled)
{
    put("a.jpg", "old");
    put("b.jpg", "new");
    make_old("a.jpg");
    make_old("b.jpg");
    struct imp_job *job = job_for("a.jpg");
    cr_assert_eq(rename("b.jpg", "a.jpg"), 0);
    expect_unsettled(job);
    imp_job_free(job);
}

// The link leads to the very file that was found, so that only O_NOFOLLOW can
// tell.
Test(job, a_file_replaced_by_a_link_is_not_followed)
{
    put("up/a.jpg", "x");
    struct imp_job *job = job_for("up/a.jpg");
    cr_assert_eq(rename("up/a.jpg", "b.jpg"), 0);
    cr_assert_eq(symlink("../b.jpg", "up/a.jpg"), 0);
    expect_unsettled(job);
    imp_job_free(job);
}

Test(job, a_directory_replaced_by_a_link_is_not_followed)
{
    put("up/sub/a.jpg", "x");
    struct imp_job *job = job_for("up/sub/a.jpg");
    cr_assert_eq(rename("up/sub", "elsewhere"), 0);
    cr_assert_eq(symlink("../elsewhere", "up/sub"), 0);
    expect_unsettled(job);
    imp_job_free(job);
}

Test(job, a_fifo_in_the_files_place_does_not_block)
{
    put("a.jpg", "x");
    struct imp_job *job = job_for("a.jpg");
    cr_assert_eq(unlink("a.jpg"), 0);
    cr_assert_eq(mkfifo("a.jpg", 0600), 0);
    expect_unsettled(job);
    imp_job_free(job);
}

Test(job, a_directory_in_the_files_place_is_unsettled)
{
    put("a.jpg", "x");
    struct imp_job *job = job_for("a.jpg");
    cr_assert_eq(unlink("a.jpg"), 0);
    cr_assert_eq(mkdir("a.jpg", 0700), 0);
    expect_unsettled(job);
    imp_job_free(job);
}

Test(job, only_a_regular_file_is_opened)
{
    cr_assert_eq(mkfifo("pipe", 0600), 0);
    struct imp_job *job = job_for("pipe");
    expect_unsettled(job);
    imp_job_free(job);
}

static void grow(void)
{
    int fd = open("a.jpg", O_WRONLY | O_APPEND);
    cr_assert_eq(write(fd, "more", 4), 4);
    close(fd);
}

static void shrink(void)
{
    cr_assert_eq(truncate("a.jpg", 2), 0);
}

static void rewrite(void)
{
    int fd = open("a.jpg", O_WRONLY);
    cr_assert_eq(write(fd, "NEW", 3), 3);
    close(fd);
}

// Same size and same modification time: only the change time tells. It has
// the clock's coarse ticks, so wait until one has passed.
static void rewrite_slyly(void)
{
    struct stat old, now;
    cr_assert_eq(stat("a.jpg", &old), 0);
    do {
        rewrite();
        make_old("a.jpg");
        cr_assert_eq(stat("a.jpg", &now), 0);
    } while (now.st_ctim.tv_sec == old.st_ctim.tv_sec &&
             now.st_ctim.tv_nsec == old.st_ctim.tv_nsec);
}

static void expect_changed_by(void (*change)(void))
{
    struct imp_err err = {0};
    struct imp_buf buf = {0};
    put("a.jpg", "a dozen byte");
    make_old("a.jpg");
    struct imp_job *job = job_for("a.jpg");
    before_read = change;
    cr_expect_not(imp_job_read(job, 1000, &buf, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSETTLED, "%s", err.msg);
    cr_expect_null(before_read, "the hook was not called");
    imp_buf_clear(&buf);
    imp_job_free(job);
}

Test(job, a_file_that_grows_under_the_reader_is_unsettled)
{
    expect_changed_by(grow);
}

Test(job, a_file_that_shrinks_under_the_reader_is_unsettled)
{
    expect_changed_by(shrink);
}

Test(job, a_file_rewritten_under_the_reader_is_unsettled)
{
    expect_changed_by(rewrite);
}

Test(job, a_file_rewritten_in_secret_under_the_reader_is_unsettled)
{
    expect_changed_by(rewrite_slyly);
}

static void end_early(void)
{
    at_end = true;
}

// As a failing network file system, or one that makes its files up, may do.
Test(job, a_file_shorter_than_its_size_says_is_unsettled)
{
    expect_changed_by(end_early);
}

Test(job, no_descriptor_is_left_open)
{
    struct imp_err err = {0};
    struct imp_buf buf = {0};
    put("a.jpg", "x");
    struct imp_job *job = job_for("a.jpg");
    int before = dup(0);
    close(before);
    cr_expect(imp_job_read(job, 1000, &buf, &err));
    cr_expect_not(imp_job_read(job, 0, &buf, &err));
    put("a.jpg", "xx");
    cr_expect_not(imp_job_read(job, 1000, &buf, &err));
    cr_assert_eq(unlink("a.jpg"), 0);
    cr_expect_not(imp_job_read(job, 1000, &buf, &err));
    int after = dup(0);
    close(after);
    cr_expect_eq(after, before);
    imp_buf_clear(&buf);
    imp_job_free(job);
}
