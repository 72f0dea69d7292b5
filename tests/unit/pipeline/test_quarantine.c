#include "pipeline/quarantine.h"

#include "base/sha256.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char *dir, *kept;
static const struct imp_err why = {
    .code = IMP_ERR_DAMAGED, .has_at = true, .at = 20, .msg = "it's \"torn\""};

static void set_up(void)
{
    dir = tempdir_make();
    kept = text("%s/kept", dir);
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(quarantine, .init = set_up, .fini = tear_down, .timeout = 30);

// --- A hand on the system calls ---

static long calls_left = -1; // the process dies before the call that makes it 0
static void (*before_copy)(void);
static int copy_says;

static void count(void)
{
    if (calls_left > 0 && --calls_left == 0)
        _exit(99);
}

int renameat(int a, const char *from, int b, const char *to)
{
    count();
    return (int)syscall(SYS_renameat2, a, from, b, to, 0);
}

int unlinkat(int at, const char *name, int flags)
{
    count();
    return (int)syscall(SYS_unlinkat, at, name, flags);
}

int fsync(int fd)
{
    count();
    return (int)syscall(SYS_fsync, fd);
}

ssize_t copy_file_range(int from, off_t *x, int to, off_t *y, size_t n,
                        unsigned flags)
{
    void (*now)(void) = before_copy;
    count();
    before_copy = NULL;
    if (now)
        now();
    if (copy_says) {
        errno = copy_says;
        return -1;
    }
    return syscall(SYS_copy_file_range, from, x, to, y, n, flags);
}

// --- Looks ---

static struct imp_quarantine *open_it(void)
{
    struct imp_err err = {0};
    struct imp_quarantine *q = imp_quarantine_open(kept, &err);
    cr_assert(q, "%s", err.msg);
    return q;
}

static struct imp_job *job_for(const char *path)
{
    struct stat st;
    cr_assert_eq(lstat(path, &st), 0);
    struct imp_stamp stamp = imp_stamp_of(&st);
    return imp_job_new(path, strlen(path), strlen(dir), &stamp);
}

static struct imp_job *input(const char *content)
{
    char *path = text("%s/patient 7 \"x\"\\.jpg", dir);
    put_file(path, content);
    return job_for(path);
}

static char *key_of(const struct imp_job *job)
{
    struct imp_digest d;
    char hex[IMP_SHA256_HEX];
    const char *said =
        text("%s\n%ju %ju %jd", job->path, (uintmax_t)job->stamp.size,
             (uintmax_t)job->stamp.inode, (intmax_t)job->stamp.mtime_ns);
    char *bytes = strdup(said);
    bytes[strlen(job->path)] = '\0';
    cr_assert(imp_sha256_of(bytes, strlen(said), &d, NULL));
    free(bytes);
    imp_digest_hex(&d, hex);
    return text("%s/%.16s", kept, hex);
}

static bool put(struct imp_job *job, struct imp_err *err)
{
    struct imp_quarantine *q = open_it();
    *err = (struct imp_err){0};
    bool ok = imp_quarantine_put(q, job, &why, "jpeg", err);
    imp_quarantine_free(q);
    return ok;
}

static bool has(const char *path, const char *want)
{
    const char *got = file_text(path);
    return got && strcmp(got, want) == 0;
}

// Python reads the reason.
static void expect_reason(const char *key, const char *test)
{
    cr_expect_eq(system(text("python3 -c 'import json,sys; "
                             "r=json.load(open(sys.argv[1])); "
                             "assert %s, r' '%s.json'",
                             test, key)),
                 0, "%s", test);
}

// --- Promises ---

Test(quarantine, a_copy_lies_beside_its_reason)
{
    struct imp_err err = {0};
    struct imp_job *job = input("torn bytes");
    char *key = key_of(job);
    cr_expect(put(job, &err), "%s", err.msg);
    cr_expect(has(key, "torn bytes"));
    cr_expect_eq(entries(kept), 2);
    expect_reason(key,
                  "r[\"path\"].endswith(\"/patient 7 \\\"x\\\"\\\\.jpg\")");
    expect_reason(key, "r[\"code\"] == \"damaged\" and r[\"offset\"] == 20");
    expect_reason(key, "\"torn\" in r[\"reason\"] and r[\"size\"] == 10");
    expect_reason(key, "r[\"format\"] == \"jpeg\" and len(r[\"when\"]) == 20");
    imp_job_free(job);
}

Test(quarantine, all_of_it_is_private_whatever_the_umask)
{
    struct imp_err err = {0};
    struct stat st;
    umask(0);
    struct imp_job *job = input("torn bytes");
    cr_expect(put(job, &err), "%s", err.msg);
    cr_assert_eq(stat(kept, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0700);
    cr_assert_eq(stat(key_of(job), &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0600);
    cr_assert_eq(stat(text("%s.json", key_of(job)), &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0600);
    imp_job_free(job);
}

Test(quarantine, a_directory_that_others_may_enter_is_refused)
{
    struct imp_err err = {0};
    cr_assert_eq(mkdir(kept, 0755), 0);
    cr_expect_null(imp_quarantine_open(kept, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}

Test(quarantine, what_is_no_file_has_a_reason_only)
{
    struct imp_err err = {0};
    struct imp_job *job = input("was a file");
    cr_assert_eq(unlink(job->path), 0);
    cr_assert_eq(mkfifo(job->path, 0600), 0);
    job->stamp = (struct imp_stamp){0};
    cr_expect(put(job, &err), "%s", err.msg);
    cr_expect_eq(entries(kept), 1);
    expect_reason(key_of(job), "r[\"size\"] is None");
    imp_job_free(job);
}

static void expect_unsettled(struct imp_job *job)
{
    struct imp_err err = {0};
    cr_expect_not(put(job, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSETTLED, "%s", err.msg);
    cr_expect_eq(entries(kept), 0);
    imp_job_free(job);
}

Test(quarantine, a_fifo_or_a_link_in_its_place_is_not_copied)
{
    struct imp_job *job = input("was a file");
    cr_assert_eq(unlink(job->path), 0);
    cr_assert_eq(mkfifo(job->path, 0600), 0);
    expect_unsettled(job);
    cr_assert_eq(unlink(text("%s/patient 7 \"x\"\\.jpg", dir)), 0);
    job = input("was a file");
    cr_assert_eq(unlink(job->path), 0);
    put_file(text("%s/victim", dir), "was a file");
    cr_assert_eq(symlink("victim", job->path), 0);
    expect_unsettled(job);
}

static char *growing;

static void grow(void)
{
    FILE *f = fopen(growing, "a");
    cr_assert(f);
    for (int i = 0; i < 1000; i++)
        fputs("more", f);
    fclose(f);
}

Test(quarantine, no_more_is_copied_than_there_was)
{
    struct imp_job *job = input("one");
    growing = job->path;
    before_copy = grow;
    expect_unsettled(job);
}

Test(quarantine, a_copy_that_fails_leaves_nothing_and_is_our_fault)
{
    struct imp_err err = {0};
    struct imp_job *job = input("torn bytes");
    copy_says = ENOSPC;
    cr_expect_not(put(job, &err));
    cr_expect_eq(err.code, IMP_ERR_IO, "%s", err.msg);
    cr_expect_eq(entries(kept), 0);
    imp_job_free(job);
}

Test(quarantine, the_same_file_has_one_copy)
{
    struct imp_err err = {0};
    struct imp_job *job = input("one");
    cr_expect(put(job, &err), "%s", err.msg);
    imp_job_free(job);
    job = job_for(text("%s/patient 7 \"x\"\\.jpg", dir));
    cr_expect(put(job, &err), "%s", err.msg);
    cr_expect(has(key_of(job), "one"));
    cr_expect_eq(entries(kept), 2);
    imp_job_free(job);
}

Test(quarantine, another_file_at_its_path_does_not_touch_what_is_there)
{
    struct imp_err err = {0};
    struct imp_job *job = input("one"), *other;
    cr_expect(put(job, &err), "%s", err.msg);
    other = input("another");
    cr_expect(put(other, &err), "%s", err.msg);
    cr_expect_eq(entries(kept), 4);
    cr_expect(has(key_of(job), "one"));
    cr_expect(has(key_of(other), "another"));
    struct imp_quarantine *q = open_it();
    cr_expect(imp_quarantine_drop(q, other->path, &other->stamp, &err), "%s",
              err.msg);
    imp_quarantine_free(q);
    cr_expect_eq(entries(kept), 2);
    cr_expect(has(key_of(job), "one"));
    imp_job_free(other);
    imp_job_free(job);
}

Test(quarantine, what_is_dropped_leaves_nothing)
{
    struct imp_err err = {0};
    struct imp_job *job = input("one");
    cr_expect(put(job, &err), "%s", err.msg);
    struct imp_quarantine *q = open_it();
    struct imp_stamp other = job->stamp;
    other.mtime_ns++;
    cr_expect(imp_quarantine_drop(q, "/some/other", &job->stamp, &err), "%s",
              err.msg);
    cr_expect(imp_quarantine_drop(q, job->path, &other, &err), "%s", err.msg);
    cr_expect_eq(entries(kept), 2);
    cr_expect(imp_quarantine_drop(q, job->path, &job->stamp, &err), "%s",
              err.msg);
    cr_expect_eq(entries(kept), 0);
    cr_expect(imp_quarantine_drop(q, job->path, &job->stamp, &err), "%s",
              err.msg);
    imp_quarantine_free(q);
    imp_job_free(job);
}

// Put, then drop, in a process that dies before its `n`th call. False if it
// came to its end.
static bool dies_before(struct imp_job *job, long n, bool drop)
{
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct imp_quarantine *q = open_it();
        calls_left = n;
        if (drop)
            imp_quarantine_drop(q, job->path, &job->stamp, NULL);
        else
            imp_quarantine_put(q, job, &why, "jpeg", NULL);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status) == 99;
}

Test(quarantine, killed_before_any_call_the_next_run_makes_good)
{
    struct imp_err err = {0};
    struct imp_job *job = input("torn bytes");
    long n = 1;
    for (; dies_before(job, n, false); n++) {
        char *key = key_of(job);
        cr_expect(!is_there(key) || has(key, "torn bytes"));
        cr_expect(!is_there(key) || is_there(text("%s.json", key)));
        if (n % 2) {
            cr_expect(put(job, &err), "%s", err.msg);
            cr_expect_eq(entries(kept), 2);
        }
        struct imp_quarantine *q = open_it();
        cr_expect(imp_quarantine_drop(q, job->path, &job->stamp, &err), "%s",
                  err.msg);
        imp_quarantine_free(q);
        cr_expect_eq(entries(kept), 0, "killed before call %ld", n);
    }
    cr_expect_gt(n, 5);
    for (n = 1; dies_before(job, n, true); n++) {
        struct imp_quarantine *q = open_it();
        cr_expect(imp_quarantine_drop(q, job->path, &job->stamp, &err), "%s",
                  err.msg);
        imp_quarantine_free(q);
        cr_expect_eq(entries(kept), 0, "killed before call %ld", n);
        cr_expect(put(job, &err), "%s", err.msg);
    }
    cr_expect_gt(n, 3);
    imp_job_free(job);
}
