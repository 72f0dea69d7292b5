#include "base/file.h"
#include "base/place.h"

#include "base/file.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

static char *dir;

static void set_up(void)
{
    dir = tempdir_make();
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(place, .init = set_up, .fini = tear_down, .timeout = 30);

// What the kernel says instead of copying; 0: it does.
static int kernel_says;
static size_t kernel_copies = SIZE_MAX; // at most, in one call

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at,
                        size_t n, unsigned flags)
{
    if (kernel_says) {
        errno = kernel_says;
        return -1;
    }
    size_t most = n < kernel_copies ? n : kernel_copies;
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, most, flags);
}

static int open_dir(void)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(fd, 0);
    return fd;
}

static int a_file(const char *name, const char *content, int flags)
{
    put_file(text("%s/%s", dir, name), content);
    int fd = open(text("%s/%s", dir, name), flags);
    cr_assert_geq(fd, 0);
    return fd;
}

static void expect_copy(uint64_t n, const char *want)
{
    struct imp_err err = {0};
    uint64_t copied;
    int from = a_file("from", "0123456789", O_RDONLY);
    int to = a_file("to", "", O_RDWR);
    cr_expect(imp_file_copy(from, to, n, &copied, &err), "%s", err.msg);
    cr_expect_eq(copied, strlen(want));
    cr_expect_str_eq(file_text(text("%s/to", dir)), want);
    close(from);
    close(to);
}

Test(place, copies_no_more_than_was_asked_for_and_no_more_than_there_is)
{
    const int says[] = {0, EXDEV, EINVAL, ENOSYS, EOPNOTSUPP};
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        kernel_says = says[i];
        expect_copy(0, "");
        expect_copy(4, "0123");
        expect_copy(10, "0123456789");
        expect_copy(11, "0123456789");
        expect_copy(UINT64_MAX, "0123456789");
    }
}

Test(place, a_copy_that_the_kernel_cuts_short_goes_on)
{
    kernel_copies = 3;
    expect_copy(10, "0123456789");
}

Test(place, a_full_disk_is_an_error)
{
    struct imp_err err = {0};
    uint64_t copied;
    int from = a_file("from", "0123456789", O_RDONLY);
    int full = open("/dev/full", O_WRONLY);
    cr_assert_geq(full, 0);
    cr_expect_not(imp_file_copy(from, full, 10, &copied, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    close(full);
    close(from);
}

static bool same(const char *a, const char *b)
{
    struct imp_err err = {0};
    bool is;
    int x = a_file("a", a, O_RDONLY), y = a_file("b", b, O_RDONLY);
    cr_assert(imp_file_same(x, y, &is, &err), "%s", err.msg);
    close(x);
    close(y);
    return is;
}

Test(place, same_bytes_are_told_from_others)
{
    char *big = text("%04000d", 0);
    cr_expect(same("", ""));
    cr_expect(same("abc", "abc"));
    cr_expect_not(same("abc", "abd"));
    cr_expect_not(same("abc", "ab"));
    cr_expect_not(same("", "a"));
    cr_expect(same(big, big));
    cr_expect_not(same(big, text("%03999d1", 0)));
}

Test(place, a_new_name_overwrites_nothing)
{
    int fd = open_dir();
    put_file(text("%s/a", dir), "one");
    put_file(text("%s/b", dir), "two");
    cr_expect_eq(imp_file_rename_new(fd, "a", fd, "b"), -1);
    cr_expect_eq(errno, EEXIST);
    cr_expect_str_eq(file_text(text("%s/b", dir)), "two");
    cr_expect_eq(imp_file_rename_new(fd, "a", fd, "c"), 0);
    cr_expect_str_eq(file_text(text("%s/c", dir)), "one");
    cr_expect_not(is_there(text("%s/a", dir)));
    close(fd);
}

Test(place, a_private_directory_is_made_private_whatever_the_umask)
{
    struct imp_err err = {0};
    struct stat st;
    const mode_t umasks[] = {0, 0277};
    for (size_t i = 0; i < 2; i++) {
        char *path = text("%s/%d", dir, (int)i);
        umask(umasks[i]);
        cr_assert(imp_dir_make_private(path, &err), "%s", err.msg);
        int fd = imp_dir_open_private(path, &err);
        cr_assert_geq(fd, 0, "%s", err.msg);
        cr_assert_eq(fstat(fd, &st), 0);
        cr_expect_eq(st.st_mode & 07777, 0700);
        close(fd);
    }
}

Test(place, a_directory_that_others_may_enter_is_refused)
{
    const mode_t modes[] = {0755, 0710, 0701, 0740};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct imp_err err = {0};
        cr_assert_eq(chmod(dir, modes[i]), 0);
        cr_expect(imp_dir_make_private(dir, &err), "it is the user's to close");
        cr_expect_eq(imp_dir_open_private(dir, &err), -1);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
    }
}

Test(place, a_sweep_takes_what_nobody_has_open)
{
    struct imp_err err = {0};
    char held[IMP_TEMP_NAME], left[IMP_TEMP_NAME];
    struct stat st;
    int at = open_dir();
    int a = imp_temp_open(at, held, &err), b = imp_temp_open(at, left, &err);
    cr_assert(a >= 0 && b >= 0, "%s", err.msg);
    cr_assert_eq(fstat(a, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0600);
    close(b);
    put_file(text("%s/other", dir), "");
    cr_expect(imp_temp_sweep(at, &err), "%s", err.msg);
    cr_expect(is_there(text("%s/%s", dir, held)));
    cr_expect_not(is_there(text("%s/%s", dir, left)));
    cr_expect(is_there(text("%s/other", dir)));
    close(a);
    close(at);
}

Test(place, a_sweep_follows_no_link_and_waits_for_no_fifo)
{
    struct imp_err err = {0};
    int at = open_dir();
    put_file(text("%s/victim", dir), "one");
    cr_assert_eq(symlink("victim", text("%s/.imgpipe-temp-1", dir)), 0);
    cr_assert_eq(mkfifo(text("%s/.imgpipe-temp-2", dir), 0600), 0);
    cr_expect(imp_temp_sweep(at, &err), "%s", err.msg);
    cr_expect_str_eq(file_text(text("%s/victim", dir)), "one");
    close(at);
}
