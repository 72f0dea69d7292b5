/* expect.h - what a stress program, which has no test framework, counts. */
#ifndef IMP_TESTS_STRESS_EXPECT_H
#define IMP_TESTS_STRESS_EXPECT_H

#include <stdbool.h>
#include <stdio.h>

static int passed, failed;

static inline void expect(bool ok, const char *what)
{
    *(ok ? &passed : &failed) += 1;
    if (!ok)
        printf("FAIL: %s\n", what);
}

#endif
