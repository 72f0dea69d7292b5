// PS3.15 Table E.1-1: all of it, in order, and found.
#include "deid/dicom_profile.h"

#include <criterion/criterion.h>

Test(dicom_profile, has_every_row_of_the_standard_in_order)
{
    const struct imp_dicom_rule *r, *last = NULL;
    size_t n = 0, basic[IMP_DICOM_X_Z_U + 1] = {0},
           option[IMP_DICOM_OPTIONS] = {0};
    for (; (r = imp_dicom_rule_row(n)); last = r, n++) {
        cr_expect_eq(r->tag & r->mask, r->tag);
        cr_expect(!last || last->tag < r->tag || last->mask != r->mask);
        cr_expect_eq(r->mask != 0xFFFFFFFF, n >= 617);
        basic[r->basic]++;
        for (size_t o = 0; o < IMP_DICOM_OPTIONS; o++)
            option[o] += r->option[o] != IMP_DICOM_O;
    }
    cr_expect_eq(n, 621);
    // Counted in the JSON by other means.
    static const size_t want_basic[] = {
        [IMP_DICOM_X] = 384,   [IMP_DICOM_D] = 92,   [IMP_DICOM_U] = 54,
        [IMP_DICOM_Z] = 42,    [IMP_DICOM_X_D] = 22, [IMP_DICOM_X_Z] = 11,
        [IMP_DICOM_X_Z_D] = 8, [IMP_DICOM_Z_D] = 6,  [IMP_DICOM_X_Z_U] = 2};
    static const size_t want_option[] = {
        [IMP_DICOM_SAFE_PRIVATE] = 1,     [IMP_DICOM_UIDS] = 59,
        [IMP_DICOM_DEVICE] = 57,          [IMP_DICOM_INSTITUTION] = 10,
        [IMP_DICOM_PATIENT] = 13,         [IMP_DICOM_FULL_DATES] = 165,
        [IMP_DICOM_MODIFIED_DATES] = 165, [IMP_DICOM_DESCRIPTORS] = 125,
        [IMP_DICOM_STRUCTURED] = 3,       [IMP_DICOM_GRAPHICS] = 4};
    for (size_t a = 0; a <= IMP_DICOM_X_Z_U; a++)
        cr_expect_eq(basic[a], want_basic[a], "action %zu", a);
    for (size_t o = 0; o < IMP_DICOM_OPTIONS; o++)
        cr_expect_eq(option[o], want_option[o], "option %zu", o);
}

static void expect_basic(uint32_t tag, enum imp_dicom_action action)
{
    const struct imp_dicom_rule *r = imp_dicom_rule_of(tag);
    cr_assert_not_null(r, "%08X", tag);
    cr_expect_eq(r->basic, action, "%08X", tag);
}

Test(dicom_profile, rows_are_found_by_tag_or_mask)
{
    expect_basic(0x00100010, IMP_DICOM_Z);
    expect_basic(0x00100020, IMP_DICOM_Z_D);
    expect_basic(0x0020000D, IMP_DICOM_U);
    expect_basic(0x00080050, IMP_DICOM_Z);
    expect_basic(0x00400555, IMP_DICOM_X_Z);
    expect_basic(0x00081140, IMP_DICOM_X_Z_U);
    expect_basic(0x00091001, IMP_DICOM_X);
    expect_basic(0x50013000, IMP_DICOM_X); // private, not a curve
    expect_basic(0x50020010, IMP_DICOM_X);
    expect_basic(0x601E3000, IMP_DICOM_X);
    expect_basic(0x60004000, IMP_DICOM_X);
    cr_expect_null(imp_dicom_rule_of(0x60000022));
    cr_expect_null(imp_dicom_rule_of(0x00080060));
    cr_expect_null(imp_dicom_rule_of(0x7FE00010));
}

Test(dicom_profile, options_are_in_their_columns)
{
    const struct imp_dicom_rule *date = imp_dicom_rule_of(0x00080022);
    cr_expect_eq(date->option[IMP_DICOM_FULL_DATES], IMP_DICOM_K);
    cr_expect_eq(date->option[IMP_DICOM_MODIFIED_DATES], IMP_DICOM_C);
    cr_expect_eq(imp_dicom_rule_of(0x00081030)->option[IMP_DICOM_DESCRIPTORS],
                 IMP_DICOM_C);
    cr_expect_eq(imp_dicom_rule_of(0x0020000D)->option[IMP_DICOM_UIDS],
                 IMP_DICOM_K);
    cr_expect_eq(imp_dicom_rule_of(0x00101010)->option[IMP_DICOM_PATIENT],
                 IMP_DICOM_K);
    cr_expect_eq(imp_dicom_rule_of(0x00080080)->option[IMP_DICOM_INSTITUTION],
                 IMP_DICOM_K);
    cr_expect_eq(imp_dicom_rule_of(0x00181000)->option[IMP_DICOM_DEVICE],
                 IMP_DICOM_K);
    cr_expect_eq(imp_dicom_rule_of(0x60003000)->option[IMP_DICOM_GRAPHICS],
                 IMP_DICOM_C);
    cr_expect_eq(imp_dicom_rule_of(0x00091001)->option[IMP_DICOM_SAFE_PRIVATE],
                 IMP_DICOM_C);
}
