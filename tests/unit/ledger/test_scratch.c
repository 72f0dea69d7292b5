#include "ledger/entries.h"
#include "ledger/ledger.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <stdlib.h>

// A dry run's ledger: it knows what the real one does, and nothing stays.
static char *dir, *state, *tmp;
static struct imp_err err;

static void set_up(void)
{
    dir = tempdir_make();
    state = text("%s/state", dir);
    tmp = text("%s/tmp", dir);
    cr_assert_eq(mkdir(tmp, 0700), 0);
    setenv("TMPDIR", tmp, 1);
}

static void tear_down(void)
{
    tempdir_remove(dir);
}

TestSuite(scratch, .init = set_up, .fini = tear_down, .timeout = 60);

static const struct imp_digest digest = {{1, 2, 3}};

static void put_object(struct imp_ledger *l, const char *name)
{
    const struct imp_object o = {name, digest, 5, 0, 0};
    cr_assert(imp_ledger_put_object(l, &o, &err), "%s", err.msg);
}

static bool knows_object(struct imp_ledger *l)
{
    bool found = false;
    struct imp_digest same;
    cr_assert(imp_ledger_find_name(l, "a.jpg", &found, &same, &err), "%s",
              err.msg);
    return found;
}

static char *listing(const char *of)
{
    char *out = text("%s/listing", dir);
    cr_assert_eq(system(text("cd '%s' && find . -exec stat -c '%%n %%s %%Y' {} "
                             "+ | sort > '%s'",
                             of, out)),
                 0);
    return file_text(out);
}

Test(scratch, it_knows_what_the_ledger_does_and_leaves_it_alone)
{
    struct imp_ledger *l = imp_ledger_open(state, NULL, &err);
    cr_assert(l, "%s", err.msg);
    put_object(l, "a.jpg");
    imp_ledger_free(l);
    char *before = listing(state);

    struct imp_ledger *scratch = imp_ledger_open_scratch(state, NULL, &err);
    cr_assert(scratch, "%s", err.msg);
    cr_expect(knows_object(scratch));
    const struct imp_object other = {"b.jpg", {{9}}, 1, 0, 0};
    cr_assert(imp_ledger_put_object(scratch, &other, &err));
    imp_ledger_free(scratch);
    cr_expect_str_eq(listing(state), before);
    cr_expect_eq(rmdir(tmp), 0, "the scratch directory is gone");
}

Test(scratch, what_a_killed_run_left_in_the_log_is_known_too)
{
    struct imp_ledger *l = imp_ledger_open(state, NULL, &err);
    cr_assert(l, "%s", err.msg);
    put_object(l, "a.jpg");
    // As a kill leaves it: the log is there, the lock is not held.
    char *copy = text("%s/copy", dir);
    cr_assert_eq(system(text("cp -r '%s' '%s'", state, copy)), 0);
    imp_ledger_free(l);
    struct imp_ledger *scratch = imp_ledger_open_scratch(copy, NULL, &err);
    cr_assert(scratch, "%s", err.msg);
    cr_expect(knows_object(scratch));
    imp_ledger_free(scratch);
}

Test(scratch, without_a_state_it_knows_nothing_and_makes_none)
{
    struct imp_ledger *scratch = imp_ledger_open_scratch(state, NULL, &err);
    cr_assert(scratch, "%s", err.msg);
    cr_expect_not(knows_object(scratch));
    imp_ledger_free(scratch);
    cr_expect_neq(access(state, F_OK), 0);
    scratch = imp_ledger_open_scratch(NULL, NULL, &err);
    cr_assert(scratch, "%s", err.msg);
    imp_ledger_free(scratch);
    cr_expect_eq(rmdir(tmp), 0, "the scratch directory is gone");
}

Test(scratch, while_a_run_has_the_ledger_there_is_no_copy_to_be_had)
{
    struct imp_ledger *l = imp_ledger_open(state, NULL, &err);
    cr_assert(l, "%s", err.msg);
    cr_expect_null(imp_ledger_open_scratch(state, NULL, &err));
    cr_expect_eq(err.code, IMP_ERR_BUSY);
    imp_ledger_free(l);
    cr_expect_eq(rmdir(tmp), 0, "the scratch directory is gone");
}
