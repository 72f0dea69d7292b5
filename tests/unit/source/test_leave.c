#include "source/leave.h"

#include "told.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(leave, .init = enter_tmp, .fini = leave_tmp, .timeout = 30);

// --- A hand on the system calls that change something ---

static long calls_left = -1; // the process dies before the call that makes it 0
static int rename_says;      // errno of renameat2, instead of doing it
static int link_says;
static void (*before_naming)(void); // before a copy gets its name

static void count(void)
{
    if (calls_left > 0 && --calls_left == 0)
        _exit(99);
}

static int refuse(int why)
{
    errno = why;
    return -1;
}

static bool is_temp(const char *name)
{
    return strncmp(name, ".imgpipe-temp-", 14) == 0;
}

static void hook(void (**fn)(void))
{
    void (*now)(void) = *fn;
    *fn = NULL;
    if (now)
        now();
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    count();
    if (is_temp(from))
        hook(&before_naming);
    if (rename_says && !(is_temp(from) && rename_says == EXDEV))
        return refuse(rename_says);
    return (int)syscall(SYS_renameat2, a, from, b, to, flags);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    count();
    if (link_says && !is_temp(from))
        return refuse(link_says);
    return (int)syscall(SYS_linkat, a, from, b, to, flags);
}

int unlinkat(int dir, const char *name, int flags)
{
    count();
    return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
    count();
    return (int)syscall(SYS_mkdirat, dir, name, mode);
}

int fsync(int fd)
{
    count();
    return (int)syscall(SYS_fsync, fd);
}

ssize_t write(int fd, const void *p, size_t n)
{
    count();
    return syscall(SYS_write, fd, p, n);
}

int fchmod(int fd, mode_t mode)
{
    count();
    return (int)syscall(SYS_fchmod, fd, mode);
}

// --- Looks ---

static struct imp_leaver *leaver(enum imp_after what, const char *dir)
{
    struct imp_err err = {0};
    const struct imp_after_rule rule = {what, dir, NULL};
    struct imp_leaver *l = imp_leaver_new(&rule, &err);
    cr_assert(l, "%s", err.msg);
    return l;
}

static bool is_there(const char *name)
{
    struct stat st;
    return lstat(name, &st) == 0;
}

static bool holds(const char *name, const char *want)
{
    char got[100] = "";
    FILE *f = fopen(name, "r");
    if (!f)
        return false;
    got[fread(got, 1, sizeof got - 1, f)] = '\0';
    fclose(f);
    return strcmp(got, want) == 0;
}

// A job for `name` below up/.
static struct imp_job *upload(const char *name)
{
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "up/%s", name);
    cr_assert_eq(lstat(path, &st), 0, "%s", path);
    struct imp_stamp stamp = imp_stamp_of(&st);
    struct imp_job *job =
        imp_job_new(at(path), strlen(at(path)), strlen(at("up")), &stamp);
    cr_assert(job);
    return job;
}

static enum imp_left leave(struct imp_leaver *l, struct imp_job *job,
                           struct imp_err *err)
{
    *err = (struct imp_err){0};
    enum imp_left end = imp_leave(l, job, err);
    cr_expect_not(strstr(err->msg, "a.jpg"), "an error named a path");
    bool told = end == IMP_LEFT_CHANGED || end == IMP_LEFT_FAILED;
    cr_expect_eq(told, err->code != IMP_OK, "%s", err->msg);
    return end;
}

static void expect_left(enum imp_after what, const char *dir, const char *name,
                        enum imp_left want)
{
    struct imp_err err = {0};
    struct imp_leaver *l = leaver(what, dir);
    struct imp_job *job = upload(name);
    cr_expect_eq(leave(l, job, &err), want, "%s", err.msg);
    cr_expect(imp_leaver_settle(l, &err), "%s", err.msg);
    imp_job_free(job);
    imp_leaver_free(l);
    cr_expect_not(is_there("done/.imgpipe-moving"));
}

// A directory on another file system than /tmp's, or NULL.
static const char *elsewhere(void)
{
    static char dir[] = "/dev/shm/imgpipe-leave-XXXXXX";
    struct stat a, b;
    if (!mkdtemp(dir))
        return NULL;
    cr_assert_eq(stat(dir, &a), 0);
    cr_assert_eq(stat(here, &b), 0);
    if (a.st_dev != b.st_dev)
        return dir;
    rmdir(dir);
    return NULL;
}

// --- Delete ---

Test(leave, deletes_the_file_that_was_read)
{
    put("up/x/a.jpg", "one");
    put("up/x/b.jpg", "two");
    expect_left(IMP_AFTER_DELETE, NULL, "x/a.jpg", IMP_LEFT_DONE);
    cr_expect_not(is_there("up/x/a.jpg"));
    cr_expect(holds("up/x/b.jpg", "two"));
}

// A list may name it, and its image is in the archive indeed.
Test(leave, what_lies_in_the_archive_stays)
{
    static const enum imp_after rules[] = {IMP_AFTER_DELETE, IMP_AFTER_MOVE};
    put("up/bag/data/x.jpg", "one");
    put("up/bags/x.jpg", "one");
    for (size_t i = 0; i < 2; i++) {
        struct imp_err err = {0};
        const struct imp_after_rule rule = {rules[i], "done", at("up/bag")};
        struct imp_leaver *l = imp_leaver_new(&rule, &err);
        struct imp_job *job = upload("bag/data/x.jpg");
        cr_assert(l, "%s", err.msg);
        cr_expect_eq(leave(l, job, &err), IMP_LEFT_FAILED);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", err.msg);
        cr_expect(holds("up/bag/data/x.jpg", "one"));
        imp_job_free(job);
        job = upload("bags/x.jpg");
        cr_expect_eq(leave(l, job, &err), IMP_LEFT_DONE, "%s", err.msg);
        imp_job_free(job);
        put("up/bags/x.jpg", "one");
        imp_leaver_free(l);
    }
}

Test(leave, an_emptied_directory_stays)
{
    put("up/x/a.jpg", "one");
    expect_left(IMP_AFTER_DELETE, NULL, "x/a.jpg", IMP_LEFT_DONE);
    cr_expect(is_there("up/x"));
}

static void expect_kept(enum imp_after what, void (*meddle)(void))
{
    struct imp_err err = {0};
    struct imp_leaver *l = leaver(what, "done");
    put("up/x/a.jpg", "one");
    struct imp_job *job = upload("x/a.jpg");
    meddle();
    cr_expect_eq(leave(l, job, &err), IMP_LEFT_CHANGED, "%s", err.msg);
    cr_expect_eq(err.code, IMP_ERR_UNSETTLED);
    cr_expect(is_there("up/x/a.jpg"));
    cr_expect_not(is_there("done/x/a.jpg"));
    imp_job_free(job);
    imp_leaver_free(l);
}

static void write_more(void)
{
    put("up/x/a.jpg", "one more");
}

static void write_as_much_and_set_the_time_back(void)
{
    struct stat st;
    cr_assert_eq(stat("up/x/a.jpg", &st), 0);
    usleep(20000); // so that the change time, which ticks, moves
    put("up/x/a.jpg", "ONE");
    struct timespec times[] = {st.st_atim, st.st_mtim};
    cr_assert_eq(utimensat(AT_FDCWD, "up/x/a.jpg", times, 0), 0);
}

static void put_another_in_its_place(void)
{
    put("up/new", "one");
    cr_assert_eq(rename("up/new", "up/x/a.jpg"), 0);
}

static void put_a_link_in_its_place(void)
{
    put("victim", "one");
    cr_assert_eq(unlink("up/x/a.jpg"), 0);
    cr_assert_eq(symlink("../../victim", "up/x/a.jpg"), 0);
}

static void put_a_fifo_in_its_place(void)
{
    cr_assert_eq(unlink("up/x/a.jpg"), 0);
    cr_assert_eq(mkfifo("up/x/a.jpg", 0600), 0);
}

Test(leave, what_changed_since_it_was_read_stays)
{
    expect_kept(IMP_AFTER_DELETE, write_more);
    expect_kept(IMP_AFTER_MOVE, write_more);
}

Test(leave, a_change_that_only_the_change_time_tells_is_seen)
{
    expect_kept(IMP_AFTER_DELETE, write_as_much_and_set_the_time_back);
    expect_kept(IMP_AFTER_MOVE, write_as_much_and_set_the_time_back);
}

Test(leave, another_file_of_that_name_stays)
{
    expect_kept(IMP_AFTER_DELETE, put_another_in_its_place);
    expect_kept(IMP_AFTER_MOVE, put_another_in_its_place);
}

Test(leave, a_link_in_its_place_stays_and_so_does_its_target)
{
    expect_kept(IMP_AFTER_DELETE, put_a_link_in_its_place);
    cr_expect(holds("victim", "one"));
    cr_assert_eq(unlink("up/x/a.jpg"), 0);
    expect_kept(IMP_AFTER_MOVE, put_a_link_in_its_place);
    cr_expect(holds("victim", "one"));
}

Test(leave, a_fifo_in_its_place_is_not_waited_for)
{
    expect_kept(IMP_AFTER_DELETE, put_a_fifo_in_its_place);
    cr_assert_eq(unlink("up/x/a.jpg"), 0);
    expect_kept(IMP_AFTER_MOVE, put_a_fifo_in_its_place);
}

Test(leave, no_link_is_followed_on_the_way)
{
    struct imp_err err = {0};
    struct imp_leaver *l = leaver(IMP_AFTER_DELETE, NULL);
    put("up/x/a.jpg", "one");
    struct imp_job *job = upload("x/a.jpg");
    cr_assert_eq(rename("up/x", "aside"), 0);
    cr_assert_eq(symlink(at("aside"), "up/x"), 0);
    cr_expect_eq(leave(l, job, &err), IMP_LEFT_CHANGED);
    cr_expect(holds("aside/a.jpg", "one"));
    imp_job_free(job);
    imp_leaver_free(l);
}

Test(leave, what_is_gone_is_no_error)
{
    struct imp_err err = {0};
    struct imp_leaver *l = leaver(IMP_AFTER_DELETE, NULL);
    struct imp_leaver *m = leaver(IMP_AFTER_MOVE, "done");
    put("up/x/a.jpg", "one");
    struct imp_job *job = upload("x/a.jpg");
    cr_assert_eq(unlink("up/x/a.jpg"), 0);
    cr_expect_eq(leave(l, job, &err), IMP_LEFT_GONE);
    cr_expect_eq(leave(m, job, &err), IMP_LEFT_GONE);
    cr_assert_eq(rmdir("up/x"), 0);
    cr_expect_eq(leave(l, job, &err), IMP_LEFT_GONE);
    imp_job_free(job);
    imp_leaver_free(l);
    imp_leaver_free(m);
}

Test(leave, more_directories_than_are_held_open_are_settled)
{
    struct imp_err err = {0};
    struct imp_leaver *l = leaver(IMP_AFTER_DELETE, NULL);
    for (int i = 0; i < 50; i++) {
        char name[40];
        snprintf(name, sizeof name, "up/%d/a.jpg", i);
        put(name, "one");
        struct imp_job *job = upload(name + 3);
        cr_expect_eq(leave(l, job, &err), IMP_LEFT_DONE, "%s", err.msg);
        imp_job_free(job);
    }
    cr_expect(imp_leaver_settle(l, &err), "%s", err.msg);
    imp_leaver_free(l);
}

// --- Move ---

Test(leave, moves_to_the_path_below_the_uploads)
{
    struct stat st;
    put("up/x/y/a.jpg", "one");
    cr_assert_eq(chmod("up/x/y/a.jpg", 0640), 0);
    expect_left(IMP_AFTER_MOVE, "done", "x/y/a.jpg", IMP_LEFT_DONE);
    cr_expect(holds("done/x/y/a.jpg", "one"));
    cr_expect_not(is_there("up/x/y/a.jpg"));
    cr_expect(is_there("up/x/y"));
    cr_assert_eq(stat("done/x/y", &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0700);
    cr_assert_eq(stat("done/x/y/a.jpg", &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0640);
}

// EXDEV: to another file system. EINVAL: one without the flag.
static const int ways[] = {0, EXDEV, EINVAL};

Test(leave, a_taken_name_is_never_overwritten)
{
    for (size_t i = 0; i < 3; i++) {
        struct imp_err err = {0};
        struct imp_leaver *l = leaver(IMP_AFTER_MOVE, "done");
        put("up/x/a.jpg", "one");
        put("done/x/a.jpg", "ONE");
        struct imp_job *job = upload("x/a.jpg");
        rename_says = ways[i];
        cr_expect_eq(leave(l, job, &err), IMP_LEFT_FAILED);
        rename_says = 0;
        cr_expect(strstr(err.msg, "another file has the source's name"), "%s",
                  err.msg);
        cr_expect(holds("up/x/a.jpg", "one"));
        cr_expect(holds("done/x/a.jpg", "ONE"));
        imp_job_free(job);
        imp_leaver_free(l);
        cr_expect_not(is_there("done/.imgpipe-moving"));
    }
}

Test(leave, a_name_taken_by_a_link_or_a_fifo_is_not_touched)
{
    put("up/x/a.jpg", "one");
    put("victim", "one");
    put("done/x/b", "");
    cr_assert_eq(symlink("../../victim", "done/x/a.jpg"), 0);
    expect_left(IMP_AFTER_MOVE, "done", "x/a.jpg", IMP_LEFT_FAILED);
    cr_assert_eq(unlink("done/x/a.jpg"), 0);
    cr_assert_eq(mkfifo("done/x/a.jpg", 0600), 0);
    expect_left(IMP_AFTER_MOVE, "done", "x/a.jpg", IMP_LEFT_FAILED);
    cr_expect(holds("up/x/a.jpg", "one"));
    cr_expect(holds("victim", "one"));
}

Test(leave, an_interrupted_move_is_finished)
{
    for (size_t i = 0; i < 3; i++) {
        put("up/x/a.jpg", "one");
        put("done/x/a.jpg", "one");
        rename_says = ways[i];
        expect_left(IMP_AFTER_MOVE, "done", "x/a.jpg", IMP_LEFT_DONE);
        rename_says = 0;
        cr_expect_not(is_there("up/x/a.jpg"));
        cr_expect(holds("done/x/a.jpg", "one"));
    }
}

Test(leave, a_file_system_without_the_flag_takes_a_link)
{
    put("up/x/a.jpg", "one");
    rename_says = EINVAL;
    expect_left(IMP_AFTER_MOVE, "done", "x/a.jpg", IMP_LEFT_DONE);
    cr_expect_not(is_there("up/x/a.jpg"));
    cr_expect(holds("done/x/a.jpg", "one"));
}

Test(leave, what_lies_in_the_directory_to_move_to_is_not_moved_onto_itself)
{
    struct imp_err err = {0};
    for (size_t i = 0; i < 3; i++) {
        put("done/a.jpg", "one");
        struct imp_leaver *l = leaver(IMP_AFTER_MOVE, "done");
        struct stat st;
        cr_assert_eq(stat("done/a.jpg", &st), 0);
        struct imp_stamp stamp = imp_stamp_of(&st);
        struct imp_job *job =
            imp_job_new(at("done/a.jpg"), strlen(at("done/a.jpg")),
                        strlen(at("done")), &stamp);
        rename_says = ways[i];
        cr_expect_eq(leave(l, job, &err), IMP_LEFT_FAILED);
        rename_says = 0;
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        cr_expect(holds("done/a.jpg", "one"));
        imp_job_free(job);
        imp_leaver_free(l);
    }
}

Test(leave, no_link_in_the_directory_to_move_to_is_followed)
{
    put("up/x/a.jpg", "one");
    put("outside/b", "");
    put("done/b", "");
    cr_assert_eq(symlink("../outside", "done/x"), 0);
    expect_left(IMP_AFTER_MOVE, "done", "x/a.jpg", IMP_LEFT_FAILED);
    cr_expect(holds("up/x/a.jpg", "one"));
    cr_expect_not(is_there("outside/a.jpg"));
}

// --- To another file system ---

Test(leave, a_copy_keeps_mode_and_times)
{
    struct stat was, is;
    put("up/x/a.jpg", "one");
    struct timespec times[] = {{.tv_sec = 1000, .tv_nsec = 1},
                               {.tv_sec = 2000, .tv_nsec = 2}};
    cr_assert_eq(utimensat(AT_FDCWD, "up/x/a.jpg", times, 0), 0);
    cr_assert_eq(chmod("up/x/a.jpg", 0440), 0);
    cr_assert_eq(stat("up/x/a.jpg", &was), 0);
    const char *dir = elsewhere();
    if (!dir) {
        printf("skipped: /dev/shm is no other file system\n");
        rename_says = EXDEV;
        dir = at("done");
    }
    struct imp_err err = {0};
    char path[100];
    snprintf(path, sizeof path, "%s", dir);
    struct imp_leaver *l = leaver(IMP_AFTER_MOVE, path);
    struct imp_job *job = upload("x/a.jpg");
    cr_expect_eq(leave(l, job, &err), IMP_LEFT_DONE, "%s", err.msg);
    imp_job_free(job);
    imp_leaver_free(l);
    rename_says = 0;
    cr_expect_not(is_there("up/x/a.jpg"));
    strcat(path, "/x/a.jpg");
    cr_expect(holds(path, "one"));
    cr_assert_eq(stat(path, &is), 0);
    cr_expect_eq(is.st_mode, was.st_mode);
    cr_expect_eq(is.st_uid, was.st_uid);
    cr_expect_eq(is.st_mtim.tv_sec, 2000);
    cr_expect_eq(is.st_mtim.tv_nsec, 2);
    char command[200];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    cr_assert_eq(system(command), 0);
}

Test(leave, a_source_that_changes_while_it_is_copied_stays_and_no_copy)
{
    rename_says = EXDEV;
    before_naming = write_more;
    put("up/x/a.jpg", "one");
    expect_left(IMP_AFTER_MOVE, "done", "x/a.jpg", IMP_LEFT_CHANGED);
    cr_expect(holds("up/x/a.jpg", "one more"));
    cr_expect_not(is_there("done/x/a.jpg"));
}

Test(leave, a_file_that_may_not_be_linked_is_copied)
{
    rename_says = EINVAL;
    link_says = EPERM;
    put("up/x/a.jpg", "one");
    expect_left(IMP_AFTER_MOVE, "done", "x/a.jpg", IMP_LEFT_DONE);
    cr_expect(holds("done/x/a.jpg", "one"));
    cr_expect_not(is_there("up/x/a.jpg"));
}

Test(leave, what_a_killed_copy_left_is_swept)
{
    put("done/.imgpipe-moving/.imgpipe-temp-0123456789abcdef", "torn");
    put("done/.imgpipe-moving/other", "theirs");
    imp_leaver_free(leaver(IMP_AFTER_MOVE, "done"));
    cr_expect_not(
        is_there("done/.imgpipe-moving/.imgpipe-temp-0123456789abcdef"));
    cr_expect(holds("done/.imgpipe-moving/other", "theirs"));
}

// The invariant of every instant.
static void expect_nothing_lost(long at_call)
{
    cr_expect(holds("up/x/y/a.jpg", "one") || holds("done/x/y/a.jpg", "one"),
              "lost before call %ld", at_call);
    cr_expect(!is_there("done/x/y/a.jpg") || holds("done/x/y/a.jpg", "one"),
              "torn before call %ld", at_call);
}

static void die_before(long call, int way)
{
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        calls_left = call;
        rename_says = way;
        struct imp_err err = {0};
        struct imp_leaver *l = leaver(IMP_AFTER_MOVE, "done");
        struct imp_job *job = upload("x/y/a.jpg");
        imp_leave(l, job, &err);
        imp_leaver_settle(l, &err);
        imp_leaver_free(l);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) != 99)
        calls_left = 0; // it came to its end
}

Test(leave, killed_before_any_call_the_next_run_finishes)
{
    for (size_t i = 0; i < 3; i++) {
        long n = 0;
        calls_left = -1;
        while (calls_left != 0) {
            cr_assert_eq(system("rm -rf up done"), 0);
            put("up/x/y/a.jpg", "one");
            die_before(++n, ways[i]);
            expect_nothing_lost(n);
            if (is_there("up/x/y/a.jpg")) {
                rename_says = ways[i];
                expect_left(IMP_AFTER_MOVE, "done", "x/y/a.jpg", IMP_LEFT_DONE);
                rename_says = 0;
            } else {
                imp_leaver_free(leaver(IMP_AFTER_MOVE, "done"));
            }
            cr_expect(holds("done/x/y/a.jpg", "one"), "call %ld", n);
            cr_expect_not(is_there("up/x/y/a.jpg"));
            cr_expect_not(is_there("done/.imgpipe-moving"));
        }
        cr_expect_gt(n, 5);
    }
}
