#include "told.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

TestSuite(job_map, .init = enter_tmp, .fini = leave_tmp, .timeout = 10);

// So that any later write moves the modification time, however coarse it is.
static void make_old(const char *name)
{
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    cr_assert_eq(utimensat(AT_FDCWD, name, old, 0), 0);
}
static void map_job(struct imp_job *job, struct imp_job_map *m)
{
    struct imp_err err = {0};
    cr_assert(imp_job_map(job, m, &err), "%s", err.msg);
}

Test(job_map, a_map_has_the_files_bytes_and_stamp)
{
    struct imp_err err = {0};
    struct imp_job_map m;
    struct stat st;
    put("a.jpg", "some bytes");
    struct imp_job *job = job_for("a.jpg");
    cr_assert_eq(chmod("a.jpg", 0600), 0); // another change time
    cr_assert_eq(stat("a.jpg", &st), 0);
    struct imp_stamp now = imp_stamp_of(&st);
    map_job(job, &m);
    cr_expect_eq(m.map.bytes.n, 10);
    cr_expect_eq(memcmp(m.map.bytes.p, "some bytes", 10), 0);
    cr_expect(imp_stamp_untouched(&job->stamp, &now));
    cr_expect(imp_job_map_check(&m, &err), "%s", err.msg);
    imp_job_map_close(&m);
    imp_job_map_close(&m);
    imp_job_free(job);
}

Test(job_map, what_cannot_be_mapped_is_for_reading)
{
    struct imp_err err = {0};
    struct imp_job_map m;
    put("a.jpg", "");
    struct imp_job *job = job_for("a.jpg");
    cr_expect_not(imp_job_map(job, &m, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    imp_job_map_close(&m);
    imp_job_free(job);
}

Test(job_map, a_file_that_is_another_by_now_is_not_mapped)
{
    struct imp_err err = {0};
    struct imp_job_map m;
    put("a.jpg", "a");
    struct imp_job *job = job_for("a.jpg");
    put("a.jpg", "ab");
    cr_expect_not(imp_job_map(job, &m, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSETTLED);
    imp_job_map_close(&m);
    imp_job_free(job);
}

static void change(int how)
{
    int fd = open("a.jpg", O_WRONLY);
    cr_assert_geq(fd, 0);
    if (how == 0)
        cr_assert_eq(ftruncate(fd, 5000), 0);
    else if (how == 1)
        cr_assert_eq(ftruncate(fd, 200000), 0);
    else
        cr_assert_eq(pwrite(fd, "x", 1, 7), 1);
    close(fd);
}

Test(job_map, a_file_that_changes_under_its_map_is_unsettled)
{
    for (int how = 0; how < 3; how++) {
        struct imp_err err = {0};
        struct imp_job_map m;
        uint8_t sum = 0;
        put("a.jpg", "");
        cr_assert_eq(truncate("a.jpg", 100000), 0);
        make_old("a.jpg");
        struct imp_job *job = job_for("a.jpg");
        map_job(job, &m);
        change(how);
        // What is gone is no reason to die.
        for (size_t i = 0; i < m.map.bytes.n; i++)
            sum |= m.map.bytes.p[i];
        cr_expect_eq(sum, how == 2 ? 'x' : 0);
        cr_expect_not(imp_job_map_check(&m, &err));
        cr_expect_eq(err.code, IMP_ERR_UNSETTLED);
        imp_job_map_close(&m);
        imp_job_free(job);
    }
}

Test(job_map, a_page_that_cannot_be_read_is_our_fault_if_the_file_is_the_same)
{
    struct imp_err err = {0};
    struct imp_job_map m, other;
    put("a.jpg", "a");
    put("b.jpg", "b");
    struct imp_job *a = job_for("a.jpg"), *b = job_for("b.jpg");
    map_job(a, &m);
    map_job(b, &other);
    cr_assert_eq(truncate("b.jpg", 0), 0);
    cr_expect_eq(*other.map.bytes.p, 0); // as a bad disk would do to `a`
    cr_expect_not(imp_job_map_check(&m, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    imp_job_map_close(&other);
    imp_job_map_close(&m);
    imp_job_free(a);
    imp_job_free(b);
}

Test(job_map, an_open_file_is_mapped_and_closed)
{
    struct imp_err err = {0};
    struct imp_job_map m;
    put("a.jpg", "some bytes");
    put("empty", "");
    int fd = open("a.jpg", O_RDONLY), none = open("empty", O_RDONLY);
    cr_assert(imp_job_map_file(fd, &m, &err), "%s", err.msg);
    cr_expect_eq(memcmp(m.map.bytes.p, "some bytes", 10), 0);
    imp_job_map_close(&m);
    cr_expect_eq(fcntl(fd, F_GETFD), -1);
    cr_expect_not(imp_job_map_file(none, &m, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    cr_expect_eq(fcntl(none, F_GETFD), -1);
}
