#include "base/stamp.h"

#include <criterion/criterion.h>

static struct imp_stamp stamp_at(int64_t sec, long nsec)
{
    struct stat st = {.st_size = 1, .st_ino = 2};
    st.st_mtim = (struct timespec){sec, nsec};
    st.st_ctim = (struct timespec){5, 6};
    return imp_stamp_of(&st);
}

Test(stamp, times_are_nanoseconds_since_the_epoch)
{
    cr_expect_eq(stamp_at(1, 500).mtime_ns, 1000000500);
    cr_expect_eq(stamp_at(-1, 500).mtime_ns, -999999500);
    cr_expect_eq(stamp_at(1, 500).ctime_ns, 5000000006);
}

Test(stamp, a_time_that_does_not_fit_is_the_last_that_does)
{
    cr_expect_eq(stamp_at(INT64_C(13569465600), 0).mtime_ns, INT64_MAX);
    cr_expect_eq(stamp_at(INT64_MAX, 999999999).mtime_ns, INT64_MAX);
    cr_expect_eq(stamp_at(INT64_MIN, 0).mtime_ns, INT64_MIN);
}

Test(stamp, only_what_survives_a_copy_of_the_ledger_is_compared_across_runs)
{
    struct imp_stamp a = stamp_at(1, 1), b = a;
    b.ctime_ns++;
    cr_expect(imp_stamp_same_file(&a, &b));
    cr_expect_not(imp_stamp_untouched(&a, &b));
    b = a;
    b.size++;
    cr_expect_not(imp_stamp_same_file(&a, &b));
    b = a;
    b.inode++;
    cr_expect_not(imp_stamp_same_file(&a, &b));
    b = a;
    b.mtime_ns++;
    cr_expect_not(imp_stamp_same_file(&a, &b));
}
