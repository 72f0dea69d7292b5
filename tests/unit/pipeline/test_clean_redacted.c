// DICOM objects whose pixels rules black out, through the cleaner.
#include "mark/redact_rules.h"
#include "pipeline/clean.h"
#include "pipeline/inspect.h"

#include "../dicom/made.h"

static struct imp_err err;
static struct imp_policy *policy;
static struct imp_redact_rules *rules;
static struct imp_clean_rules cleaning;
static struct imp_cleaner *cleaner;

#define US "1.2.840.10008.5.1.4.1.1.6.1"

// 4 x 2 pixels: "abcdefgh".
static void object(void)
{
    start(true, false);
    for (int i = 0; i < 128; i++)
        raw("", 1);
    raw("DICM", 4);
    head(0x00020000, "UL", 4), u32(28);
    head(0x00020010, "UI", 20), raw("1.2.840.10008.1.2.1", 20);
    el(0x00080016, "UI", US " ");
    el(0x00080018, "UI", "1.2.3 ");
    el(0x00080060, "CS", "US");
    el(0x00100010, "PN", "Doe^Jane");
    head(0x00280002, "US", 2), u16(1);
    el(0x00280004, "CS", "MONOCHROME2 ");
    head(0x00280010, "US", 2), u16(2);
    head(0x00280011, "US", 2), u16(4);
    head(0x00280100, "US", 2), u16(8);
    head(0x00280101, "US", 2), u16(8);
    head(0x00280102, "US", 2), u16(7);
    head(0x00280103, "US", 2), u16(0);
    head(0x7FE00010, "OW", 8), raw("abcdefgh", 8);
}

static void set_up(void)
{
    static const struct imp_clean_rules defaults;
    policy = imp_policy_from_text(
        "[policy]\npreset = strict\n[dicom]\noptions = retain-uids\n", &err);
    rules = imp_redact_rules_parse(
        "[a cart]\nmodality = US\nrectangles = 1,0,2,1\n", &err);
    cr_assert(policy && rules, "%s", err.msg);
    cleaning = imp_clean_rules_of(policy, &defaults);
    cleaning.redact = rules;
    cleaner = imp_cleaner_new(policy, &cleaning, &err);
    cr_assert(cleaner, "%s", err.msg);
    imp_cleaner_start(cleaner, NULL);
    object();
}

static void tear_down(void)
{
    imp_cleaner_free(cleaner);
    imp_redact_rules_free(rules);
    imp_policy_free(policy);
}

TestSuite(clean_redacted, .init = set_up, .fini = tear_down, .timeout = 60);

static const struct imp_format *dicom(void)
{
    return imp_format_called("dicom");
}

static void expect_redacted(struct imp_span out)
{
    cr_assert_gt(out.n, 8);
    cr_expect_eq(memcmp(out.p + out.n - 8, "a\0\0defgh", 8), 0);
    cr_expect_not(memmem(out.p, out.n, "Jane", 4));
    cr_expect(memmem(out.p, out.n, "113101", 6));
}

Test(clean_redacted, rectangles_become_black_while_it_is_cleaned)
{
    struct imp_span out;
    cr_assert(imp_cleaner_clean(cleaner, dicom(), made_span(), IMP_CHECK_CODED,
                                &out, &err),
              "%s", err.msg);
    expect_redacted(out);
}

Test(clean_redacted, that_is_among_what_was_taken_away)
{
    char *removed = NULL;
    cr_assert(imp_cleaner_cut(cleaner, dicom(), made_span(), IMP_CHECK_CODED,
                              NULL, &err),
              "%s", err.msg);
    cr_assert(imp_cleaner_removed(cleaner, &removed, &err));
    cr_expect(strstr(removed, "redacted pixels"), "%s", removed);
    free(removed);
}

Test(clean_redacted, what_is_drawn_is_drawn_on_what_is_left)
{
    struct imp_cutlist drawn = {0};
    struct imp_span out, image = made_span();
    cr_assert(
        imp_cleaner_cut(cleaner, dicom(), image, IMP_CHECK_CODED, NULL, &err));
    cr_assert(imp_cleaner_finish_redacted(cleaner, dicom(), &image, &err), "%s",
              err.msg);
    expect_redacted(image);
    cr_expect(imp_cutlist_all_kept(imp_cleaner_cuts(cleaner)));

    const struct imp_patch patch = {image.n - 7, 1, (const uint8_t *)"M", 1};
    cr_assert(imp_cutlist_patch(&drawn, imp_cleaner_cuts(cleaner), &patch, 1,
                                "mark", &err),
              "%s", err.msg);
    cr_assert(imp_cleaner_finish_marked(cleaner, dicom(), image, &drawn, 0, 0,
                                        &out, &err),
              "%s", err.msg);
    cr_assert_eq(out.n, image.n);
    cr_expect_neq(out.p, image.p);
    cr_expect_eq(memcmp(out.p + out.n - 8, "aM\0defgh", 8), 0);
    imp_cutlist_clear(&drawn);
}

Test(clean_redacted, a_later_form_of_it_is_not_redacted_again)
{
    struct imp_span out;
    cr_assert(imp_cleaner_clean(cleaner, dicom(), made_span(), IMP_CHECK_CODED,
                                &out, &err));
    cr_assert_leq(out.n, sizeof made.p);
    memcpy(made.p, out.p, out.n);
    made.n = out.n;
    made.p[made.n - 7] = 'M'; // something was drawn
    cr_assert(imp_cleaner_clean(cleaner, dicom(), made_span(), IMP_CHECK_CODED,
                                &out, &err),
              "%s", err.msg);
    cr_expect_eq(out.p, made.p);
    cr_expect_eq(memcmp(out.p + out.n - 8, "aM\0defgh", 8), 0);
}

Test(clean_redacted, the_next_object_has_rectangles_of_its_own)
{
    struct imp_span out;
    cr_assert(imp_cleaner_clean(cleaner, dicom(), made_span(), IMP_CHECK_CODED,
                                &out, &err));
    uint8_t *modality = memmem(made.p, made.n, "CS\2\0US", 6);
    cr_assert(modality);
    memcpy(modality + 4, "CT", 2);
    uint8_t *sop_class = memmem(made.p, made.n, US, strlen(US));
    cr_assert(sop_class);
    memcpy(sop_class + strlen(US) - 3, "2.1", 3);
    imp_cleaner_start(cleaner, NULL);
    cr_assert(imp_cleaner_clean(cleaner, dicom(), made_span(), IMP_CHECK_CODED,
                                &out, &err),
              "%s", err.msg);
    cr_expect_eq(memcmp(out.p + out.n - 8, "abcdefgh", 8), 0);
    cr_expect_not(memmem(out.p, out.n, "113101", 6));
}

Test(clean_redacted, what_the_object_does_not_say_matches_nothing)
{
    struct imp_span out;
    imp_cleaner_free(cleaner);
    imp_redact_rules_free(rules);
    rules = imp_redact_rules_parse(
        "[any maker]\nmanufacturer = *\nrectangles = none\n", &err);
    cleaning.redact = rules;
    cleaner = imp_cleaner_new(policy, &cleaning, &err);
    imp_cleaner_start(cleaner, NULL);
    cr_expect_not(imp_cleaner_clean(cleaner, dicom(), made_span(),
                                    IMP_CHECK_CODED, &out, &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    cr_expect(strstr(err.msg, "want a rule"), "%s", err.msg);
}

Test(clean_redacted, inspect_tells_it_as_one_part_that_goes_and_one_that_comes)
{
    struct imp_inspection i;
    struct imp_inspector *inspector =
        imp_inspector_new(policy, &cleaning, &err);
    cr_assert(inspector, "%s", err.msg);
    imp_inspector_look(inspector, made_span(), &i);
    cr_assert_eq(i.outcome, IMP_ARCHIVED, "%s", i.err.msg);
    cr_assert_gt(i.n_parts, 3);
    uint64_t at = 0, out = 0;
    for (size_t p = 0; p < i.n_parts; p++) {
        cr_expect_eq(i.part[p].offset, at, "part %zu", p);
        at += i.part[p].fate == IMP_CUT_INSERT ? 0 : i.part[p].length;
        out += i.part[p].fate == IMP_CUT_DROP ? 0 : i.part[p].length;
    }
    cr_expect_eq(at, made.n);
    cr_expect_eq(out, i.bytes_out);
    const struct imp_inspected_part *drop = &i.part[i.n_parts - 3];
    cr_expect_eq(drop->fate, IMP_CUT_DROP);
    cr_expect_str_eq(drop->name, "redacted pixels");
    cr_expect_eq(drop->length, 2);
    cr_expect_eq(drop->offset, made.n - 7);
    cr_expect_eq(drop[1].fate, IMP_CUT_INSERT);
    cr_expect_eq(drop[2].fate, IMP_CUT_KEEP);
    imp_inspector_free(inspector);
}
