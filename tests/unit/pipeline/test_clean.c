#include "base/map.h"
#include "pipeline/clean.h"

#include "../../lib/resident.h"
#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <fcntl.h>

static struct imp_err err;
static struct imp_policy *policy;
static struct imp_cleaner *cleaner;
static char *dir;

static void set_up(void)
{
    static const struct imp_clean_rules defaults;
    dir = tempdir_make();
    policy = imp_policy_load("strict", &err);
    cr_assert(policy, "%s", err.msg);
    struct imp_clean_rules rules = imp_clean_rules_of(policy, &defaults);
    cleaner = imp_cleaner_new(policy, &rules, &err);
    cr_assert(cleaner, "%s", err.msg);
    imp_cleaner_start(cleaner, NULL);
}

static void tear_down(void)
{
    imp_cleaner_free(cleaner);
    imp_policy_free(policy);
    tempdir_remove(dir);
}

TestSuite(clean, .init = set_up, .fini = tear_down, .timeout = 60);

// A format of our own: 'n' and a byte stand for a name, which goes; at its
// first byte that is neither, coded data begins and goes on to the end.
static bool cut_names(struct imp_span in, struct imp_job_image *img,
                      struct imp_cutlist *cl, struct imp_err *why)
{
    uint64_t at = 0;
    (void)img, (void)why;
    for (; at + 1 < in.n && in.p[at] == 'n'; at += 2)
        imp_cut_drop(cl, at, 2, IMP_PART_UNKNOWN, "name");
    imp_cut_keep(cl, at, in.n - at, IMP_PART_CODED, "data");
    return true;
}

static bool cut_one_name(struct imp_span in, struct imp_job_image *img,
                         struct imp_cutlist *cl, struct imp_err *why)
{
    uint64_t goes = in.n > 1 && in.p[0] == 'n' ? 2 : 0;
    (void)img, (void)why;
    imp_cut_drop(cl, 0, goes, IMP_PART_UNKNOWN, "name");
    imp_cut_keep(cl, goes, in.n - goes, IMP_PART_CODED, "data");
    return true;
}

static const struct imp_format names = {
    .name = "names", .skips_coded = true, .cut = cut_names};
static const struct imp_format forgetful = {
    .name = "forgetful", .skips_coded = true, .cut = cut_one_name};

// Larger than what may be read by default.
#define LARGE ((size_t)300 << 20)

static void map_large(struct imp_map *m)
{
    int fd = open(text("%s/large", dir), O_RDWR | O_CREAT, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(ftruncate(fd, (off_t)LARGE), 0);
    cr_assert_eq(pwrite(fd, "nJnDdata", 8, 0), 8);
    cr_assert_eq(pwrite(fd, "end", 3, (off_t)LARGE - 3), 3);
    cr_assert(imp_map_open(m, fd, LARGE, &err), "%s", err.msg);
}

Test(clean, an_image_larger_than_what_may_be_read_is_cleaned_where_it_lies)
{
    struct imp_map m;
    struct imp_span out;
    map_large(&m);
    long before = resident_kb();
    cr_assert(imp_cleaner_clean(cleaner, &names, m.bytes, IMP_CHECK_CODED, &out,
                                &err),
              "%s", err.msg);
    cr_expect_eq(out.n, LARGE - 4);
    cr_expect_eq(memcmp(out.p, "data", 4), 0);
    cr_expect_eq(memcmp(out.p + out.n - 3, "end", 3), 0);
    cr_expect(imp_map_has(out));
    cr_expect_leq(resident_kb() - before, 8 * 1024);
    imp_cleaner_end(cleaner);
    cr_expect_not(imp_map_has(out));
    imp_map_close(&m);
}

Test(clean, a_small_image_is_no_map)
{
    struct imp_span out, in = {(const uint8_t *)"nJdata", 6};
    cr_assert(
        imp_cleaner_clean(cleaner, &names, in, IMP_CHECK_CODED, &out, &err),
        "%s", err.msg);
    cr_expect_eq(out.n, 4);
    cr_expect_eq(memcmp(out.p, "data", 4), 0);
    cr_expect_not(imp_map_has(out));
}

Test(clean, what_comes_out_is_parsed_again_also_where_it_lies)
{
    struct imp_map m;
    struct imp_span out, in = {(const uint8_t *)"nJnDdata", 8};
    map_large(&m);
    const struct imp_span inputs[] = {in, m.bytes};
    for (int i = 0; i < 2; i++) {
        err = (struct imp_err){0};
        imp_cleaner_start(cleaner, NULL);
        cr_expect_not(imp_cleaner_clean(cleaner, &forgetful, inputs[i],
                                        IMP_CHECK_CODED, &out, &err));
        cr_expect_eq(err.code, IMP_ERR_RESIDUAL);
    }
    imp_cleaner_end(cleaner);
    imp_map_close(&m);
}

Test(clean, the_limit_is_for_what_is_read_unless_it_was_asked_for)
{
    const struct imp_clean_rules defaults = {0};
    const struct imp_clean_rules asked = {.limits.max_bytes = 1000};
    struct imp_format reads = names;
    reads.skips_coded = false;
    struct imp_clean_rules r = imp_clean_rules_of(policy, &defaults);
    cr_expect_eq(imp_format_max_bytes(&names, &r.limits), UINT64_MAX);
    cr_expect_eq(imp_format_max_bytes(&reads, &r.limits),
                 IMP_DEFAULT_MAX_BYTES);
    r = imp_clean_rules_of(policy, &r);
    cr_expect_eq(imp_format_max_bytes(&names, &r.limits), UINT64_MAX);
    r = imp_clean_rules_of(policy, &asked);
    cr_expect_eq(imp_format_max_bytes(&names, &r.limits), 1000);
    cr_expect_eq(imp_format_max_bytes(&reads, &r.limits), 1000);
}
