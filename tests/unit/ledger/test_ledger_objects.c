#include "opened.h"

TestSuite(ledger_objects, .init = set_up, .fini = tear_down, .timeout = 60);

struct list {
    char names[200];
    int stop_at;
};

static bool note(void *self, const struct imp_object *o, struct imp_err *err)
{
    struct list *list = self;
    struct imp_digest want = digest_of(o->name);
    cr_expect_arr_eq(o->digest.b, want.b, sizeof want.b);
    cr_expect_eq(o->length, strlen(o->name));
    strcat(strcat(list->names, o->name), " ");
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

Test(ledger_objects, an_object_is_found_by_its_name)
{
    struct imp_digest found, x = digest_of("x");
    bool is;
    put_object("x");
    cr_assert(imp_ledger_find_name(ledger, "x", &is, &found, NULL));
    cr_expect(is);
    cr_expect(imp_digest_same(&found, &x));
    cr_assert(imp_ledger_find_name(ledger, "y", &is, &found, NULL));
    cr_expect_not(is);
}

Test(ledger_objects, a_name_is_in_it_once_and_a_digest_under_each_name)
{
    const struct imp_object other_name = {"z", digest_of("x"), 1, 0, 0};
    const struct imp_object other_bytes = {"x", digest_of("y"), 1, 0, 0};
    put_object("x");
    cr_expect(imp_ledger_put_object(ledger, &other_name, NULL));
    cr_expect_not(imp_ledger_put_object(ledger, &other_bytes, NULL));
}

static bool is_apart(const char *name, const char *beside)
{
    struct imp_err err = {0};
    bool apart;
    cr_assert(imp_ledger_name_is_apart(ledger, name, beside, &apart, &err),
              "%s", err.msg);
    return apart;
}

Test(ledger_objects, a_name_is_apart_if_nothing_is_in_its_way)
{
    static const char *const apart[] = {"P1/s/y", "P1/t", "P",  "s/x",
                                        "ab",     "ab/c", "P-", "P1/s-"};
    static const char *const not [] = {"P1/s/x", "P1/s/X", "P1/s/x/y", "P1/s",
                                       "P1",     "p1/s/y", "P1/S/y",   "p1",
                                       "a",      "A/b",    "a/b/c"};
    put_object("P1/s/x");
    put_object("a");
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        cr_expect(is_apart(apart[i], NULL), "%s", apart[i]);
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        cr_expect_not(is_apart(not [i], NULL), "%s", not [i]);
}

Test(ledger_objects, a_name_is_judged_alike_beside_one_that_is_apart)
{
    static const char *const apart[] = {"P1/s/y", "P1/s-", "P1/t/x",
                                        "s/x",    "ab/c",  "P2/s/x"};
    static const char *const any[] = {"P1/s/y", "P1/s/x", "P1/s/X", "P1/s/x/y",
                                      "P1/s",   "P1",     "P1/t",   "P1/t/x",
                                      "P1/T/x", "P1/S/y", "p1/s/y", "ab/c/d"};
    put_object("P1/s/x");
    put_object("P1/t/y/z");
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        cr_assert(is_apart(apart[i], NULL), "%s", apart[i]);
    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        for (size_t k = 0; k < sizeof apart / sizeof *apart; k++)
            cr_expect_eq(is_apart(any[i], apart[k]), is_apart(any[i], NULL),
                         "%s beside %s", any[i], apart[k]);
}

static bool tell_names(void *self, imp_ledger_object_fn fn, void *fn_self,
                       struct imp_err *err)
{
    for (const char *const *name = self; *name; name++) {
        const struct imp_object o = {*name, digest_of(*name), strlen(*name), 0,
                                     0};
        if (!fn(fn_self, &o, err))
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
    const struct imp_object o = {self, digest_of("other"), 5, 0, 0};
    return fn(fn_self, &o, err);
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

Test(ledger_objects, the_last_placed_object_is_the_one_that_lies_last)
{
    struct imp_err err = {0};
    struct imp_object last;
    char name[IMP_NAME_MAX];
    bool found;
    const struct imp_object objects[] = {{"a", digest_of("a"), 1, 0, 100},
                                         {"c", digest_of("c"), 1, 250, 7},
                                         {"b", digest_of("b"), 1, 100, 150}};
    put_object("x");
    cr_assert(imp_ledger_last_placed(ledger, &last, name, &found, &err), "%s",
              err.msg);
    cr_expect_not(found, "in an archive that is no single file");
    for (size_t i = 0; i < 3; i++)
        cr_assert(imp_ledger_put_object(ledger, &objects[i], &err), "%s",
                  err.msg);
    cr_assert(imp_ledger_last_placed(ledger, &last, name, &found, &err), "%s",
              err.msg);
    cr_expect(found);
    cr_expect_str_eq(last.name, "c");
    cr_expect_eq(last.place, 250);
    cr_expect_eq(last.stored, 7);
}
