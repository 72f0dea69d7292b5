// Groups of objects on their way to their names.
#include "bagged.h"

#include <criterion/criterion.h>

TestSuite(bag_names, .init = set_up, .fini = tear_down, .timeout = 30);

Test(bag_names, each_object_of_a_group_goes_into_the_directory_of_its_name)
{
    static const char *const names[] = {"a/1",   "a/2",   "ab/1", "1",   "1/2",
                                        "a/b/1", "a/b/2", "a/3",  "b/1", "2"};
    enum { N = sizeof names / sizeof *names, BAD = 4 };
    struct shipped shipped[N];
    struct imp_publication published[N];
    struct imp_target *t = open_bag();
    for (size_t i = 0; i < N; i++) {
        shipped[i] = stage(t, names[i]);
        published[i] = (struct imp_publication){.staged = &shipped[i].staged,
                                                .object = shipped[i].object};
        published[i].object.name = names[i];
    }
    t->ops->publish(t, published, N);
    for (size_t i = 0; i < N; i++) {
        cr_expect_eq(published[i].err.code, i == BAD ? IMP_ERR_IO : IMP_OK,
                     "%s: %s", names[i], published[i].err.msg);
        if (i != BAD)
            cr_expect_str_eq(file_text(text("%s/data/%s", bag, names[i])),
                             names[i]);
    }
    imp_target_free(t);
}

// More directories than are kept open, and to each of them several times.
Test(bag_names, a_group_may_go_into_many_directories_in_any_order)
{
    enum { DIRS = 100, EACH = 3, N = DIRS * EACH };
    static struct shipped shipped[N];
    static struct imp_publication published[N];
    char *names[N];
    struct imp_target *t = open_bag();
    for (size_t i = 0; i < N; i++) {
        // 7 and 100 have no common divisor: each directory, in leaps.
        names[i] = text("d/%zu/%zu", i * 7 % DIRS, i / DIRS);
        shipped[i] = stage(t, names[i]);
        published[i] = (struct imp_publication){.staged = &shipped[i].staged,
                                                .object = shipped[i].object};
        published[i].object.name = names[i];
    }
    int before = entries("/proc/self/fd");
    t->ops->publish(t, published, N);
    cr_expect_eq(entries("/proc/self/fd"), before, "all are closed again");
    for (size_t i = 0; i < N; i++) {
        cr_expect_eq(published[i].err.code, IMP_OK, "%s: %s", names[i],
                     published[i].err.msg);
        cr_expect_str_eq(file_text(text("%s/data/%s", bag, names[i])),
                         names[i]);
    }
    imp_target_free(t);
}
