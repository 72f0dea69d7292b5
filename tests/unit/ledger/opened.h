/* opened.h - a ledger that is open, for tests, and a look at it from outside.
 */
#ifndef IMP_TESTS_OPENED_H
#define IMP_TESTS_OPENED_H

#include "ledger/entries.h"
#include "ledger/ledger.h"
#include "sync/context.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <sys/stat.h>

static char *dir, *state;
static struct imp_ledger *ledger;

static inline struct imp_ledger *open_ledger(void)
{
    struct imp_err err = {0};
    struct imp_ledger *l = imp_ledger_open(state, NULL, &err);
    cr_assert(l, "%s", err.msg);
    return l;
}

static inline void set_up(void)
{
    dir = tempdir_make();
    state = text("%s/state", dir);
    ledger = open_ledger();
}

static inline void tear_down(void)
{
    imp_ledger_free(ledger);
    tempdir_remove(dir);
}

// The sqlite3 program looks at the ledger from outside.
static inline char *judge(const char *sql)
{
    char *out = text("%s/judge", dir);
    cr_assert_eq(system(text("sqlite3 -batch '%s/ledger.db' \"%s\" > '%s'",
                             state, sql, out)),
                 0);
    return file_text(out);
}

static inline struct imp_digest digest_of(const char *s)
{
    struct imp_digest d;
    cr_assert(imp_sha256_of(s, strlen(s), &d, NULL));
    return d;
}

static inline int64_t start_run(void)
{
    struct imp_err err = {0};
    struct imp_recipe recipe = {.digest = digest_of("recipe"),
                                .policy_text = "[policy]",
                                .mark = "TRIAL {date}"};
    int64_t run;
    bool other;
    cr_assert(imp_ledger_start_run(ledger, &recipe, &run, &other, &err), "%s",
              err.msg);
    return run;
}

static inline void put_object(const char *name)
{
    struct imp_err err = {0};
    const struct imp_object o = {
        .name = name, .digest = digest_of(name), .length = strlen(name)};
    cr_assert(imp_ledger_put_object(ledger, &o, &err), "%s", err.msg);
}

// Of the first object, if of any.
static inline bool put_result(struct imp_ledger *l, int64_t run,
                              const struct imp_result *r, struct imp_err *err)
{
    int64_t id;
    const struct imp_input_row row = {.run = run, .object = 1, .at = 1};
    return imp_ledger_put_input(l, &row, r, &id, err);
}

static inline void put(int64_t run, const char *path, enum imp_outcome outcome,
                       struct imp_stamp stamp)
{
    struct imp_err err = {0};
    struct imp_result *r = imp_result_new(path);
    r->outcome = outcome;
    r->stamp = stamp;
    if (outcome != IMP_ARCHIVED)
        imp_fail_at(&r->err, IMP_ERR_DAMAGED, 20, "it's \"torn\"");
    cr_assert(put_result(ledger, run, r, &err), "%s", err.msg);
    imp_result_free(r);
}

static inline struct imp_known known(struct imp_ledger *l, const char *path,
                                     struct imp_stamp stamp)
{
    struct imp_err err = {0};
    struct imp_known out;
    cr_assert(imp_ledger_known(l, path, &stamp, &out, &err), "%s", err.msg);
    return out;
}

static const struct imp_stamp stamp = {.size = 5, .inode = 7, .mtime_ns = 9};

#endif
