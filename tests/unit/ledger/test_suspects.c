#include "ledger/suspects.h"

#include "opened.h"

TestSuite(suspects, .init = set_up, .fini = tear_down, .timeout = 30);

static struct imp_suspects found;

// A run that dies with these in its hands; NULL: an empty slot.
static void die_with(int64_t run, const char *a, const char *b,
                     struct imp_stamp with)
{
    struct imp_err err = {0};
    struct imp_inflight *f = imp_inflight_open(state, &err);
    cr_assert(f && imp_inflight_start(f, run, 3, &err), "%s", err.msg);
    cr_assert(!a || imp_inflight_hold(f, 0, a, &with, &err), "%s", err.msg);
    cr_assert(!b || imp_inflight_hold(f, 2, b, &with, &err), "%s", err.msg);
    imp_inflight_free(f);
}

static void take(void)
{
    struct imp_err err = {0};
    struct imp_inflight *f = imp_inflight_open(state, &err);
    cr_assert(f && imp_ledger_take_suspects(ledger, f, &err), "%s", err.msg);
    imp_inflight_free(f);
}

// How often the program died with `path`, as the ledger has it.
static int deaths(const char *path)
{
    struct imp_err err = {0};
    imp_suspects_clear(&found);
    cr_assert(imp_ledger_load_suspects(ledger, &found, &err), "%s", err.msg);
    const struct imp_suspect *s = imp_suspects_find(&found, path);
    return s ? (int)s->deaths : 0;
}

Test(suspects, what_a_dead_run_held_is_suspect)
{
    die_with(1, "/up/b", "/up/a", stamp);
    take();
    cr_expect_eq(deaths("/up/a"), 1);
    cr_expect_eq(deaths("/up/b"), 1);
    cr_expect_eq(deaths("/up/c"), 0);
    cr_expect_eq(found.n, 2);
    cr_expect(imp_stamp_same_file(&found.item[0].stamp, &stamp));
}

Test(suspects, a_clean_end_makes_none)
{
    die_with(1, NULL, NULL, stamp);
    take();
    cr_expect_eq(deaths("/up/a"), 0);
    cr_expect_eq(found.n, 0);
}

Test(suspects, each_death_counts_once_however_often_it_is_taken)
{
    die_with(1, "/up/a", NULL, stamp);
    take();
    take(); // killed after the commit, before the slots were emptied
    cr_expect_eq(deaths("/up/a"), 1);
    die_with(2, "/up/a", NULL, stamp);
    take();
    cr_expect_eq(deaths("/up/a"), 2);
}

Test(suspects, an_input_that_two_workers_had_counts_once)
{
    die_with(1, "/up/a", "/up/a", stamp);
    take();
    cr_expect_eq(deaths("/up/a"), 1);
    die_with(2, "/up/a", "/up/a", stamp);
    take();
    cr_expect_eq(deaths("/up/a"), 2);
}

Test(suspects, a_file_that_changed_begins_anew)
{
    struct imp_stamp other = stamp;
    other.mtime_ns++;
    die_with(1, "/up/a", NULL, stamp);
    take();
    die_with(2, "/up/a", NULL, other);
    take();
    cr_expect_eq(deaths("/up/a"), 1);
    cr_expect(imp_stamp_same_file(&found.item[0].stamp, &other));
}

Test(suspects, what_is_dropped_is_gone_and_the_others_stay)
{
    struct imp_err err = {0};
    die_with(1, "/up/a", "/up/b", stamp);
    take();
    cr_expect(imp_ledger_drop_suspect(ledger, "/up/a", &err), "%s", err.msg);
    cr_expect(imp_ledger_drop_suspect(ledger, "/up/c", &err), "%s", err.msg);
    cr_expect_eq(deaths("/up/a"), 0);
    cr_expect_eq(deaths("/up/b"), 1);
}

Test(suspects, they_outlive_the_ledgers_end)
{
    die_with(1, "/up/a", NULL, stamp);
    take();
    imp_ledger_free(ledger);
    ledger = open_ledger();
    cr_expect_eq(deaths("/up/a"), 1);
}

Test(suspects, many_are_loaded)
{
    for (int64_t i = 1; i <= 50; i++) {
        die_with(i, text("/up/%d", (int)i), text("/up/x%d", (int)i), stamp);
        take();
    }
    cr_expect_eq(deaths("/up/x37"), 1);
    cr_expect_eq(found.n, 100);
    cr_expect_str_eq(judge("SELECT count(*) FROM suspects"), "100\n");
    imp_suspects_clear(&found);
}
