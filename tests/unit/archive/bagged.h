/* bagged.h - a bag in a temporary directory, for a suite of its own tests. */
#ifndef IMP_TESTS_BAGGED_H
#define IMP_TESTS_BAGGED_H

#include "../../lib/tempdir.h"
#include "shipped.h"

static char *dir, *bag; /* the directory, and where in it the bag is to be */

static void set_up(void)
{
    dir = tempdir_make();
    bag = text("%s/bag", dir);
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

static inline struct imp_target *open_bag(void)
{
    struct imp_err err = {0};
    struct imp_target *t = open_at(bag, NULL, &err);
    cr_assert(t, "%s", err.msg);
    return t;
}

#endif
