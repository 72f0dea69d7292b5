#include "lookup/csv_file.h"

#include "../../lib/tempdir.h"
#include "sync/context.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <utime.h>

static char *dir, *path;
static struct imp_ctx *ctx;

static void set_up(void)
{
    dir = tempdir_make();
    path = text("%s/s.csv", dir);
    ctx = imp_ctx_new(NULL);
}

static void tear_down(void)
{
    imp_ctx_free(ctx);
    tempdir_remove(dir);
}

TestSuite(csv_file, .init = set_up, .fini = tear_down, .timeout = 20);

// Looks at each question; the moment is a few ticks of any kernel's clock.
static const struct imp_csv_pace quick = {0, 30};

static struct imp_csv_file *opened(const char *content)
{
    struct imp_err err = {0};
    put_file(path, content);
    struct imp_csv_file *f = imp_csv_file_open(path, "subject", &quick, &err);
    cr_assert(f, "%s", err.msg);
    return f;
}

// A new file at the same path, as editors and `mv` make it.
static void replace(const char *content)
{
    char *other = text("%s/new", dir);
    put_file(other, content);
    cr_assert_eq(rename(other, path), 0);
}

// The code of subject 1, or what is wrong.
static const char *code(struct imp_csv_file *f, struct imp_err *err)
{
    *err = (struct imp_err){0};
    struct imp_csv *t = imp_csv_file_get(f, ctx, err);
    if (!t)
        return text("%s", err->msg);
    const char *row =
        imp_csv_find(t, (struct imp_span){(const uint8_t *)"1", 1});
    char *said = text("%s", row ? row + strlen(row) + 1 : "?");
    imp_csv_unref(t);
    return said;
}

Test(csv_file, a_file_that_is_replaced_is_read_again)
{
    struct imp_err err;
    struct imp_csv_file *f = opened("subject,code\n1,a\n");
    cr_expect_str_eq(code(f, &err), "a");
    replace("subject,code\n1,b\n");
    cr_expect_str_eq(code(f, &err), "b");
    replace("code,subject\nc,1\n");
    cr_expect_str_eq(code(f, &err), "1", "columns may move");
    replace("subject,code\n2,b\n");
    cr_expect_str_eq(code(f, &err), "?");
    imp_csv_file_free(f);
}

// The same size and, most likely, the same tick of the clock.
Test(csv_file, a_file_that_is_written_over_is_read_again)
{
    struct imp_err err;
    struct imp_csv_file *f = opened("subject,code\n1,0\n");
    for (int i = 1; i < 40; i++) {
        char *want = text("%d", i % 10);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        cr_assert_eq(pwrite(fd, want, 1, strlen("subject,code\n1,")), 1);
        close(fd);
        cr_assert_str_eq(code(f, &err), want);
    }
    imp_csv_file_free(f);
}

Test(csv_file, a_time_that_was_set_back_hides_nothing)
{
    struct imp_err err;
    struct utimbuf then = {1000000000, 1000000000};
    struct imp_csv_file *f = opened("subject,code\n1,a\n");
    utime(path, &then);
    cr_expect_str_eq(code(f, &err), "a");
    put_file(path, "subject,code\n1,b\n");
    utime(path, &then);
    cr_expect_str_eq(code(f, &err), "b");
    imp_csv_file_free(f);
}

Test(csv_file, one_that_is_wrong_is_an_error_until_it_is_right)
{
    struct imp_err err;
    struct imp_csv_file *f = opened("subject,code\n1,a\n");
    replace("subject,code\n1,a,b\n");
    for (int i = 0; i < 2; i++) {
        cr_expect_str_eq(code(f, &err),
                         "line 2 has 3 fields: want 2, as in the header");
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
    }
    unlink(path);
    cr_expect_str_eq(code(f, &err), "there is no such file");
    replace("subject,codes\n1,b\n");
    cr_expect_str_eq(code(f, &err), "column \"code\" is not there any more");
    replace("subject,code,site\n1,b,s\n");
    cr_expect_str_eq(code(f, &err), "b");
    cr_expect_str_eq(imp_csv_file_names(f)[0], "code");
    cr_expect_null(imp_csv_file_names(f)[1], "names stay");
    imp_csv_file_free(f);
}

Test(csv_file, one_that_cannot_be_read_is_an_error_until_it_can)
{
    struct imp_err err;
    struct imp_csv_file *f = opened("subject,code\n1,a\n");
    unlink(path);
    cr_assert_eq(symlink(path, path), 0);
    code(f, &err);
    cr_expect_eq(err.code, IMP_ERR_IO);
    replace("subject,code\n1,a\n");
    cr_expect_str_eq(code(f, &err), "a");
    imp_csv_file_free(f);
}

Test(csv_file, it_does_not_look_more_often_than_it_may)
{
    struct imp_err err;
    put_file(path, "subject,code\n1,a\n");
    const struct imp_csv_pace slow = {60000, 0};
    struct imp_csv_file *f = imp_csv_file_open(path, "subject", &slow, &err);
    cr_assert(f);
    replace("subject,code\n1,b\n");
    cr_expect_str_eq(code(f, &err), "a");
    imp_csv_file_free(f);
}

Test(csv_file, a_table_outlives_its_file)
{
    struct imp_err err = {0};
    struct imp_csv_file *f = opened("subject,code\n1,a\n");
    struct imp_csv *t = imp_csv_file_get(f, ctx, &err);
    replace("subject,code\n");
    cr_expect_str_eq(code(f, &err), "?");
    imp_csv_file_free(f);
    cr_expect_str_eq(
        imp_csv_find(t, (struct imp_span){(const uint8_t *)"1", 1}), "1");
    imp_csv_unref(t);
}

Test(csv_file, who_has_been_cancelled_does_not_wait_for_a_new_one)
{
    struct imp_err err;
    struct imp_csv_file *f = opened("subject,code\n1,a\n");
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    code(f, &err);
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    imp_csv_file_free(f);
}

Test(csv_file, what_is_no_file_is_refused_and_not_waited_for)
{
    struct imp_err err = {0};
    cr_expect_null(imp_csv_file_open(dir, "subject", &quick, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_str_eq(err.msg, "not a regular file");
    mkfifo(path, 0600);
    cr_expect_null(imp_csv_file_open(path, "subject", &quick, &err));
    cr_expect_str_eq(err.msg, "not a regular file");
    cr_expect_null(
        imp_csv_file_open(text("%s/x", path), "subject", &quick, &err));
    cr_expect_str_eq(err.msg, "there is no such file");
    unlink(path);
    put_file(path, "");
    cr_assert_eq(truncate(path, (off_t)IMP_CSV_MAX + 1), 0);
    cr_expect_null(imp_csv_file_open(path, "subject", &quick, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_str_eq(err.msg, "1073741825 bytes: want 1073741824 at most");
}

Test(csv_file, a_file_is_not_read_before_it_settles)
{
    const struct imp_csv_pace careful = {0, 1000};
    struct imp_err err = {0};
    put_file(path, "subject,code\n1,a\n");
    struct imp_csv_file *f = imp_csv_file_open(path, "subject", &careful, &err);
    cr_assert(f, "%s", err.msg);
    put_file(path, "subject,code\n1,b"); // half of a code
    struct imp_ctx *brief = imp_ctx_new_timeout(NULL, 50);
    cr_expect_null(imp_csv_file_get(f, brief, &err));
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    put_file(path, "subject,code\n1,bc\n");
    cr_expect_str_eq(code(f, &err), "bc");
    imp_csv_file_free(f);
    imp_ctx_free(brief);
}

Test(csv_file, one_that_does_not_settle_is_given_up)
{
    const struct imp_csv_pace patient = {0, 60000};
    struct imp_err err = {0};
    put_file(path, "subject,code\n1,a\n");
    cr_expect_null(imp_csv_file_open(path, "subject", &patient, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_str_eq(err.msg, "is still being written");
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

Test(csv_file, to_free_it_does_not_wait_for_a_file_to_settle)
{
    const struct imp_csv_pace careful = {0, 2000};
    struct imp_err err = {0};
    put_file(path, "subject,code\n1,a\n");
    struct imp_csv_file *f = imp_csv_file_open(path, "subject", &careful, &err);
    cr_assert(f, "%s", err.msg);
    replace("subject,code\n1,b\n");
    struct imp_ctx *brief = imp_ctx_new_timeout(NULL, 50);
    cr_expect_null(imp_csv_file_get(f, brief, &err));
    int64_t began = now_ms();
    imp_csv_file_free(f);
    cr_expect_lt(now_ms() - began, 1000);
    imp_ctx_free(brief);
}
