#include "opened.h"

#include "base/fold.h"
#include "ledger/aside.h"

TestSuite(aside, .init = set_up, .fini = tear_down, .timeout = 60);

struct named {
    const char *name, *bytes;
};

// What becomes of each of a group: "archived failed ".
static const char *judged(const struct named *row, size_t n)
{
    static char list[400];
    struct imp_err err = {0};
    struct imp_result *group[8];
    cr_assert_leq(n, 8);
    for (size_t i = 0; i < n; i++) {
        group[i] = imp_result_new("/x");
        group[i]->staged = group[i];
        group[i]->digest = digest_of(row[i].bytes);
        snprintf(group[i]->name, IMP_NAME_MAX, "%s", row[i].name);
    }
    cr_assert(imp_set_aside(ledger, group, n, &err), "%s", err.msg);
    list[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        strcat(strcat(list, imp_outcome_name(group[i]->outcome)), " ");
        imp_result_free(group[i]);
    }
    return list;
}

#define JUDGED(...)                             \
    judged((const struct named[]){__VA_ARGS__}, \
           sizeof((const struct named[]){__VA_ARGS__}) / sizeof(struct named))

// Else two equal images that failed were one's duplicate: the name is that of
// other bytes, and a source could leave whose bytes are nowhere.
Test(aside, a_name_that_another_object_has_makes_nobody_a_duplicate)
{
    put_object("n"); // of the bytes "n"
    cr_expect_str_eq(JUDGED({"n", "2"}, {"n", "2"}, {"n", "n"}, {"n", "3"}),
                     "failed failed duplicate failed ");
}

Test(aside, a_name_that_is_anothers_directory_is_refused)
{
    cr_expect_str_eq(JUDGED({"s/x", "1"}, {"s", "2"}, {"t", "3"}, {"t-", "4"},
                            {"t/x/y", "5"}),
                     "failed archived archived archived failed ");
    put_object("s/x");
    put_object("t");
    cr_expect_str_eq(
        JUDGED({"s", "1"}, {"t/x", "2"}, {"t/x/y", "3"}, {"s/y", "4"}),
        "failed failed failed archived ");
}

Test(aside, a_name_that_differs_in_case_only_is_refused)
{
    cr_expect_str_eq(JUDGED({"P1x", "1"}, {"p1X", "2"}, {"p1y", "3"}),
                     "archived failed archived ");
    put_object("P1/x");
    put_object("q1/x");
    cr_expect_str_eq(JUDGED({"p1/x", "1"}, {"P1/X", "P1/x"}, {"Q1/x", "2"},
                            {"P1/x", "P1/x"}, {"P2/x", "3"}),
                     "failed failed failed duplicate archived ");
}

// Two codes would share it.
Test(aside, a_directory_is_spelt_in_one_way)
{
    cr_expect_str_eq(JUDGED({"P1/a/x", "1"}, {"p1/a/y", "2"}, {"P1/A/y", "3"},
                            {"P1/b/y", "4"}),
                     "archived failed failed archived ");
    put_object("Q1/x");
    put_object("r1/x");
    put_object("s1/X");
    cr_expect_str_eq(JUDGED({"q1/y", "1"}, {"Q1/y", "2"}, {"R1/y", "3"},
                            {"r1/y", "4"}, {"S1/y", "5"}, {"s1/y", "6"}),
                     "failed archived failed archived failed archived ");
}

Test(aside, a_directory_counts_as_one_in_whatever_case)
{
    cr_expect_str_eq(JUDGED({"S", "1"}, {"s/x", "2"}), "archived failed ");
    put_object("T");
    put_object("u/x");
    put_object("V/x");
    cr_expect_str_eq(JUDGED({"t/x", "1"}, {"U", "2"}, {"v", "3"}, {"t-", "4"}),
                     "failed failed failed archived ");
}

Test(aside, accents_that_are_coded_otherwise_make_no_other_name)
{
    cr_expect_str_eq(JUDGED({"\xc3\xbc", "1"}, {"u\xcc\x88", "2"}),
                     "failed archived ");
    put_object("\xc3\x84/x");
    cr_expect_str_eq(JUDGED({"a\xcc\x88/x", "1"}, {"a/x", "2"}),
                     "failed archived ");
}

// As an archive may be that another ledger has filled before names were judged.
Test(aside, a_directory_that_is_spelt_in_two_ways_takes_no_more)
{
    put_object("P1/s/a");
    put_object("p1/s/b");
    cr_expect_str_eq(JUDGED({"P1/s/c", "1"}, {"p1/s/c", "2"}, {"P1/t/c", "3"},
                            {"P2/s/c", "4"}, {"P2/s/d", "5"}),
                     "failed failed failed archived archived ");
}

// --- Any names, two by two ---

struct part {
    char text[IMP_NAME_MAX];
    bool is_last;
};

static struct part part_at(const char **at)
{
    struct part p;
    size_t n = strcspn(*at, "/");
    snprintf(p.text, sizeof p.text, "%.*s", (int)n, *at);
    p.is_last = !(*at)[n];
    *at += n + !p.is_last;
    return p;
}

static bool same_folded(const char *a, const char *b)
{
    char *x = imp_fold(a), *y = imp_fold(b);
    bool same = strcmp(x, y) == 0;
    free(y);
    free(x);
    return same;
}

// What folds to one thing is one directory of both, spelt in one way.
static bool may_lie_together(const char *a, const char *b)
{
    for (;;) {
        struct part x = part_at(&a), y = part_at(&b);
        if (!same_folded(x.text, y.text))
            return true;
        if (x.is_last || y.is_last || strcmp(x.text, y.text) != 0)
            return false;
    }
}

static unsigned below(uint32_t *seed, unsigned n)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 16) % n;
}

// Of one to four parts, all below `top`. Some parts sort between a directory
// and what lies in it.
static void make_name(uint32_t *seed, unsigned top, char name[IMP_NAME_MAX])
{
    static const char *const parts[] = {
        "a", "A", "a-", "a0", "b", "\xc3\xa4", "\xc3\x84", "a\xcc\x88",
    };
    size_t n = (size_t)snprintf(name, IMP_NAME_MAX, "%u", top);
    for (unsigned i = 0, depth = 1 + below(seed, 4); i < depth; i++)
        n += (size_t)snprintf(name + n, IMP_NAME_MAX - n, "%s%s", i ? "/" : "",
                              parts[below(seed, 8)]);
}

#define GROUP 24
#define GROUPS 4

struct kept {
    char name[GROUP * GROUPS][IMP_NAME_MAX];
    size_t n;
};

static bool is_free(const struct kept *kept, const char *name)
{
    for (size_t i = 0; i < kept->n; i++)
        if (strcmp(kept->name[i], name) != 0 &&
            !may_lie_together(kept->name[i], name))
            return false;
    return true;
}

static void make_group(uint32_t *seed, unsigned top, struct imp_result **group)
{
    for (size_t i = 0; i < GROUP; i++) {
        group[i] = imp_result_new("/x");
        group[i]->staged = group[i];
        make_name(seed, top, group[i]->name);
        group[i]->digest = digest_of(text("%zu", i));
    }
}

// Judge it, and record those that are archived: `kept` is the ledger's.
static void judge_group(struct imp_result **group, struct kept *kept)
{
    struct imp_err err = {0};
    cr_assert(imp_set_aside(ledger, group, GROUP, &err), "%s", err.msg);
    cr_assert(imp_ledger_begin(ledger, &err), "%s", err.msg);
    for (size_t i = 0; i < GROUP; i++) {
        if (group[i]->outcome != IMP_ARCHIVED)
            continue;
        put_object(group[i]->name); // names are unique there
        strcpy(kept->name[kept->n++], group[i]->name);
    }
    cr_assert(imp_ledger_commit(ledger, &err), "%s", err.msg);
}

static bool has_name(const struct kept *kept, const char *name)
{
    for (size_t i = 0; i < kept->n; i++)
        if (strcmp(kept->name[i], name) == 0)
            return true;
    return false;
}

Test(aside, all_that_are_archived_may_lie_together_and_none_else)
{
    static struct kept kept;
    struct imp_result *group[GROUP];
    uint32_t seed = 7;
    size_t archived = 0, failed = 0;
    for (unsigned i = 0; i < 60 * GROUPS; i++) {
        if (i % GROUPS == 0)
            kept.n = 0; // another top, which stands beside all before it
        make_group(&seed, i / GROUPS, group);
        judge_group(group, &kept);
        for (size_t k = 0; k < GROUP; k++) {
            const char *name = group[k]->name;
            bool is_archived = group[k]->outcome == IMP_ARCHIVED;
            // What has failed has one in its way, or its name is one's.
            cr_expect(is_archived
                          ? is_free(&kept, name)
                          : has_name(&kept, name) || !is_free(&kept, name),
                      "%s: %s", name, imp_outcome_name(group[k]->outcome));
            is_archived ? archived++ : failed++;
            imp_result_free(group[k]);
        }
    }
    cr_expect_gt(archived, 500);
    cr_expect_gt(failed, 500);
}

Test(aside, what_has_failed_before_is_not_judged)
{
    struct imp_result *r = imp_result_new("/x");
    r->outcome = IMP_QUARANTINED;
    put_object("n");
    strcpy(r->name, "n");
    cr_assert(imp_set_aside(ledger, &r, 1, NULL));
    cr_expect_eq(r->outcome, IMP_QUARANTINED);
    imp_result_free(r);
}

Test(aside, a_ledger_that_cannot_be_asked_has_no_transaction_left)
{
    struct imp_err err = {0};
    struct imp_result *r = imp_result_new("/x");
    r->staged = r;
    strcpy(r->name, "n");
    judge("DROP TABLE objects");
    cr_expect(!imp_set_aside(ledger, &r, 1, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect(imp_ledger_begin(ledger, NULL));
    imp_result_free(r);
}

Test(aside, a_name_that_is_taken_is_told_with_what_may_be_the_reason)
{
    struct imp_result r = {.name = "a.png", .format = "png"};
    imp_fail_name_taken(&r);
    cr_expect_str_eq(r.err.msg, "another object has the name a.png: names need "
                                "more of {digest}");
    r = (struct imp_result){.name = "2.25.7.dcm", .format = "dicom"};
    imp_fail_name_taken(&r);
    cr_expect_str_eq(r.err.msg,
                     "another object has the name 2.25.7.dcm: names need more "
                     "of {digest}, or two DICOM objects that differ have one "
                     "UID");
    cr_expect_eq(r.outcome, IMP_FAILED);
}
