#include "ledger/census.h"
#include "sync/context.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct imp_digest filled(uint8_t byte)
{
    struct imp_digest d;
    memset(d.b, byte, sizeof d.b);
    return d;
}

static void add(struct imp_census *c, enum imp_census_source source,
                const char *name, uint8_t digest)
{
    struct imp_err err = {0};
    const struct imp_object object = {
        .name = name, .digest = filled(digest), .length = digest, .place = 7};
    cr_assert(imp_census_add(c, source, &object, &err), "%s", err.msg);
}

// "name:times,..." for each entry; the digests of what was recorded behind it.
static bool write_down(void *self, const struct imp_census_entry *e,
                       struct imp_err *err)
{
    char *list = self;
    (void)err;
    sprintf(list + strlen(list), "%s:%zu%zu%zu%zu%zu ", e->name, e->times[0],
            e->times[1], e->times[2], e->times[3], e->times[4]);
    for (size_t i = 0; i < e->n_policies; i++)
        sprintf(list + strlen(list), "p%d ", e->policy[i].b[0]);
    if (e->times[IMP_CENSUS_RECORDED])
        sprintf(list + strlen(list), "r%d/%d/%d ",
                (int)e->as[IMP_CENSUS_RECORDED].digest.b[0],
                (int)e->as[IMP_CENSUS_RECORDED].length,
                (int)e->as[IMP_CENSUS_RECORDED].place);
    return true;
}

Test(census, what_all_say_of_a_name_comes_together_in_order_of_bytes)
{
    struct imp_err err = {0};
    char list[1000] = "";
    struct imp_census *c = imp_census_new(NULL, &err);
    cr_assert(c, "%s", err.msg);
    add(c, IMP_CENSUS_PRESENT, "b/2", 0);
    add(c, IMP_CENSUS_RECORDED, "b/1", 5);
    add(c, IMP_CENSUS_LISTED, "\xFF\xFE", 5); // no UTF-8
    add(c, IMP_CENSUS_LISTED, "b/1", 5);
    add(c, IMP_CENSUS_PRESENT, "b/1", 0);
    add(c, IMP_CENSUS_OTHER, "B", 0);
    add(c, IMP_CENSUS_LISTED, "b", 1);
    cr_assert(imp_census_each(c, write_down, list, &err), "%s", err.msg);
    cr_expect_str_eq(list, "B:00100 b:10000 b/1:11010 r5/5/7 b/2:01000 "
                           "\xFF\xFE:10000 ");
    imp_census_free(c);
}

Test(census, a_name_told_twice_is_counted_and_policies_told_once_each)
{
    struct imp_err err = {0};
    char list[1000] = "";
    struct imp_census *c = imp_census_new(NULL, &err);
    cr_assert(c, "%s", err.msg);
    for (int i = 0; i < 2; i++) {
        add(c, IMP_CENSUS_LISTED, "same", 1);
        add(c, IMP_CENSUS_LISTED, "twice", (uint8_t)i);
        for (uint8_t p = 1; p < 8; p++)
            add(c, IMP_CENSUS_MADE_BY, "made", p);
        add(c, IMP_CENSUS_MADE_BY, "once", 0);
    }
    cr_assert(imp_census_each(c, write_down, list, &err), "%s", err.msg);
    cr_expect_str_eq(list, "made:000014 p1 p2 p3 p4 once:00002 p0 same:20000 "
                           "twice:20000 ");
    imp_census_free(c);
}

static bool stop(void *self, const struct imp_census_entry *e,
                 struct imp_err *err)
{
    (void)e;
    ++*(int *)self;
    return imp_fail(err, IMP_ERR_CANCELLED, "enough");
}

Test(census, it_ends_when_it_is_told_so)
{
    struct imp_err err = {0};
    int calls = 0;
    struct imp_census *c = imp_census_new(NULL, &err);
    cr_expect(imp_census_each(c, stop, &calls, &err), "an empty one");
    add(c, IMP_CENSUS_LISTED, "a", 1);
    add(c, IMP_CENSUS_LISTED, "b", 1);
    cr_expect_not(imp_census_each(c, stop, &calls, &err));
    cr_expect_eq(calls, 1);
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    imp_census_free(c);
}

static bool count(void *self, const struct imp_census_entry *e,
                  struct imp_err *err)
{
    (void)e, (void)err;
    ++*(int *)self;
    return true;
}

Test(census, a_cancelled_census_ends_too)
{
    struct imp_err err = {0};
    int calls = 0;
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_census *c = imp_census_new(ctx, &err);
    char name[20];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "%d", i * 7919 % 5000);
        add(c, IMP_CENSUS_LISTED, name, 1);
    }
    imp_ctx_cancel(ctx, IMP_CAUSE_CANCEL);
    cr_expect_not(imp_census_each(c, count, &calls, &err));
    cr_expect_eq(err.code, IMP_ERR_CANCELLED);
    imp_census_free(c);
    imp_ctx_free(ctx);
}
