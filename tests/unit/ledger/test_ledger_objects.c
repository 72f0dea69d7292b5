#include "opened.h"

TestSuite(ledger_objects, .init = set_up, .fini = tear_down, .timeout = 60);

struct list {
    char names[200];
    int stop_at;
};

static bool note(void *self, const char *name, const struct imp_digest *digest,
                 uint64_t length, struct imp_err *err)
{
    struct list *list = self;
    struct imp_digest want = digest_of(name);
    cr_expect_arr_eq(digest->b, want.b, sizeof want.b);
    cr_expect_eq(length, strlen(name));
    strcat(strcat(list->names, name), " ");
    return --list->stop_at != 0 || imp_fail(err, IMP_ERR_IO, "enough");
}

Test(ledger_objects, objects_are_told_ordered_by_bytes)
{
    struct imp_err err = {0};
    static const char *const names[] = {"b", "\xC3\xA4", "a/b", "B", "a", "a-"};
    for (size_t i = 0; i < 6; i++)
        put_object(names[i]);
    struct list all = {0}, some = {.stop_at = 2};
    cr_expect(imp_ledger_each_object(ledger, note, &all, &err), "%s", err.msg);
    cr_expect_str_eq(all.names, "B a a- a/b b \xC3\xA4 ");
    cr_expect_not(imp_ledger_each_object(ledger, note, &some, &err));
    cr_expect_str_eq(err.msg, "enough");
    cr_expect_str_eq(some.names, "B a ");
}

Test(ledger_objects, an_object_is_found_by_its_digest)
{
    struct imp_digest x = digest_of("x"), y = digest_of("y");
    char name[IMP_NAME_MAX], small[1];
    bool found;
    put_object("x");
    cr_assert(imp_ledger_object(ledger, &x, &found, name, sizeof name, NULL));
    cr_expect(found);
    cr_expect_str_eq(name, "x");
    cr_assert(imp_ledger_object(ledger, &y, &found, name, sizeof name, NULL));
    cr_expect_not(found);
    cr_expect_not(
        imp_ledger_object(ledger, &x, &found, small, sizeof small, NULL));
}

Test(ledger_objects, one_digest_and_one_name_are_in_it_once)
{
    struct imp_digest x = digest_of("x"), y = digest_of("y");
    put_object("x");
    cr_expect_not(imp_ledger_put_object(ledger, "z", &x, 1, NULL));
    cr_expect_not(imp_ledger_put_object(ledger, "x", &y, 1, NULL));
}

static bool tell_names(void *self, imp_ledger_object_fn fn, void *fn_self,
                       struct imp_err *err)
{
    for (const char *const *name = self; *name; name++) {
        struct imp_digest d = digest_of(*name);
        if (!fn(fn_self, *name, &d, strlen(*name), err))
            return false;
    }
    return true;
}

static bool tell_then_fail(void *self, imp_ledger_object_fn fn, void *fn_self,
                           struct imp_err *err)
{
    return tell_names(self, fn, fn_self, err) &&
           imp_fail(err, IMP_ERR_IO, "torn manifest");
}

static bool tell_other_bytes(void *self, imp_ledger_object_fn fn, void *fn_self,
                             struct imp_err *err)
{
    struct imp_digest d = digest_of("other");
    return fn(fn_self, self, &d, 5, err);
}

Test(ledger_objects, adopting_takes_up_all_or_nothing)
{
    struct imp_err err = {0};
    static const char *names[] = {"a", "b", NULL};
    cr_expect_not(imp_ledger_adopt(ledger, tell_then_fail, names, &err));
    cr_expect_str_eq(judge("SELECT count(*) FROM objects"), "0\n");
    cr_expect(imp_ledger_adopt(ledger, tell_names, names, &err), "%s", err.msg);
    cr_expect(imp_ledger_adopt(ledger, tell_names, names, &err), "%s", err.msg);
    cr_expect_str_eq(judge("SELECT group_concat(name) FROM objects"), "a,b\n");
    cr_expect_not(imp_ledger_adopt(ledger, tell_other_bytes, "a", &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
}
