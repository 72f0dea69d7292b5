#include "ledger/suspects.h"

#include "ledger/examine.h"
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
    if (a)
        imp_inflight_hold(f, 0, a, &with);
    if (b)
        imp_inflight_hold(f, 2, b, &with);
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

static bool note(void *self, const char *what, struct imp_err *err)
{
    (void)err;
    strcpy(self, what);
    return true;
}

// What is wrong with the ledger, the last of it.
static const char *fault(void)
{
    static char what[1024];
    struct imp_err err = {0};
    what[0] = '\0';
    imp_ledger_free(ledger);
    ledger = imp_ledger_open_reading(state, NULL, &err);
    cr_assert(ledger, "%s", err.msg);
    cr_assert(imp_ledger_examine(ledger, NULL, note, what, &err), "%s",
              err.msg);
    imp_ledger_free(ledger);
    ledger = open_ledger();
    return what;
}

Test(suspects, what_was_changed_in_them_by_others_is_seen)
{
    static const char *const changes[] = {
        "UPDATE suspects SET key = key + 1",
        "UPDATE suspects SET path = x'2f78' WHERE tries = 2",
        "UPDATE suspects SET size = 6",
        "UPDATE suspects SET inode = 8",
        "UPDATE suspects SET mtime_ns = 10",
        "UPDATE suspects SET tries = 3 WHERE tries = 2",
        "DELETE FROM suspects WHERE tries = 2",
        "DELETE FROM suspects",
        "DELETE FROM meta WHERE key = 'suspects'",
    };
    cr_expect_str_eq(fault(), "");
    die_with(1, "/up/a", "/up/b", stamp);
    take();
    cr_expect_str_eq(fault(), "");
    die_with(2, "/up/a", "/up/c", stamp);
    take();
    cr_assert(imp_ledger_drop_suspect(ledger, "/up/b", NULL));
    cr_expect_str_eq(fault(), "");
    char *kept = text("%s/kept", dir);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        imp_ledger_free(ledger);
        ledger = NULL;
        cr_assert_eq(system(text("cp '%s/ledger.db' '%s'", state, kept)), 0);
        judge(changes[i]);
        cr_expect_str_eq(fault(),
                         "suspects: the row's sum is another, it was changed",
                         "%s", changes[i]);
        imp_ledger_free(ledger);
        ledger = NULL;
        cr_assert_eq(system(text("cp '%s' '%s/ledger.db'", kept, state)), 0);
    }
    ledger = open_ledger();
    for (const char *const *p = (const char *const[]){"/up/a", "/up/c", NULL};
         *p; p++)
        cr_assert(imp_ledger_drop_suspect(ledger, *p, NULL));
    cr_expect_str_eq(fault(), "", "none are left");
    judge("INSERT INTO suspects VALUES(1, x'2f78', 1, 1, 1, 2)");
    cr_expect_neq(strlen(fault()), 0);
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
