#include "sync/counter.h"

#include "helpers.h"

Test(counter, starts_at_zero_and_adds_up)
{
    struct imp_counter n = {0};
    cr_expect_eq(imp_counter_get(&n), 0);
    imp_counter_add(&n, 3);
    imp_counter_add(&n, 4);
    cr_expect_eq(imp_counter_get(&n), 7);
}

enum { THREADS = 4, ADDS = 100000 };

static void *run_adds(void *arg)
{
    for (int i = 0; i < ADDS; i++)
        imp_counter_add(arg, 1);
    return NULL;
}

Test(counter, loses_nothing_that_threads_add_at_once, .timeout = 10)
{
    struct imp_counter n = {0};
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        thread[i] = start(run_adds, &n);
    for (int i = 0; i < THREADS; i++)
        join(thread[i]);
    cr_expect_eq(imp_counter_get(&n), THREADS * ADDS);
}
