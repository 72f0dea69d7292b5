// What becomes of an element, by the table, its options and beyond.
#include "deid/dicom_rules.h"
#include "dicom/dict.h"

#include <criterion/criterion.h>
#include <string.h>

#define OPTION(name) (1u << IMP_DICOM_##name)

static struct imp_dicom_options options_of(unsigned set)
{
    struct imp_dicom_options options;
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++)
        options.on[i] = set >> i & 1;
    return options;
}

static enum imp_dicom_fate fate(uint32_t tag, enum imp_dcm_vr vr, unsigned set)
{
    const struct imp_dicom_options options = options_of(set);
    return imp_dicom_rule(&options, tag, vr).fate;
}

static const char *why(uint32_t tag, enum imp_dcm_vr vr, unsigned set)
{
    const struct imp_dicom_options options = options_of(set);
    return imp_dicom_rule(&options, tag, vr).why;
}

struct expected {
    uint32_t tag;
    enum imp_dcm_vr vr;
    unsigned options;
    enum imp_dicom_fate fate;
    const char *why;
};

static void expect(const struct expected *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cr_expect_eq(fate(row[i].tag, row[i].vr, row[i].options), row[i].fate,
                     "%08X, options %X", row[i].tag, row[i].options);
        cr_expect_str_eq(why(row[i].tag, row[i].vr, row[i].options),
                         row[i].why);
    }
}

#define EXPECT(...)                                         \
    expect((const struct expected[]){__VA_ARGS__},          \
           sizeof((const struct expected[]){__VA_ARGS__}) / \
               sizeof(struct expected))

Test(dicom_rules, the_basic_profile_is_as_the_table_has_it)
{
    EXPECT(
        // Patient's Name, Accession Number, Patient Comments
        {0x00100010, IMP_DCM_PN, 0, IMP_DICOM_EMPTY, "Z"},
        {0x00080050, IMP_DCM_SH, 0, IMP_DICOM_EMPTY, "Z"},
        {0x00104000, IMP_DCM_LT, 0, IMP_DICOM_REMOVE, "X"},
        // Study Instance UID, Modality, Pixel Data
        {0x0020000D, IMP_DCM_UI, 0, IMP_DICOM_REUID, "U"},
        {0x00080060, IMP_DCM_CS, 0, IMP_DICOM_KEEP, ""},
        {0x7FE00010, IMP_DCM_OW, 0, IMP_DICOM_KEEP, ""});
}

Test(dicom_rules, of_conditional_codes_the_one_holds_that_is_always_valid)
{
    EXPECT({0x00100020, IMP_DCM_LO, 0, IMP_DICOM_DUMMY, "Z/D"},
           {0x00080012, IMP_DCM_DA, 0, IMP_DICOM_DUMMY, "X/D"},
           {0x00080013, IMP_DCM_TM, 0, IMP_DICOM_DUMMY, "X/Z/D"},
           {0x00400555, IMP_DCM_SQ, 0, IMP_DICOM_EMPTY, "X/Z"},
           // A referenced image: the UIDs in the sequence become others.
           {0x00081140, IMP_DCM_SQ, 0, IMP_DICOM_DESCEND, "X/Z/U*"});
}

Test(dicom_rules, an_option_decides_where_its_column_says_something)
{
    EXPECT(
        {0x0020000D, IMP_DCM_UI, OPTION(UIDS), IMP_DICOM_KEEP, "retain-uids"},
        {0x0020000D, IMP_DCM_UI, OPTION(DEVICE), IMP_DICOM_REUID, "U"},
        {0x00181000, IMP_DCM_LO, OPTION(DEVICE), IMP_DICOM_KEEP,
         "retain-device-identity"},
        {0x00080080, IMP_DCM_LO, OPTION(INSTITUTION), IMP_DICOM_KEEP,
         "retain-institution-identity"},
        {0x00101030, IMP_DCM_DS, OPTION(PATIENT), IMP_DICOM_KEEP,
         "retain-patient-characteristics"},
        {0x00080020, IMP_DCM_DA, OPTION(FULL_DATES), IMP_DICOM_KEEP,
         "retain-full-dates"},
        {0x00080020, IMP_DCM_DA, OPTION(MODIFIED_DATES), IMP_DICOM_SHIFT,
         "retain-modified-dates"},
        {0x00081030, IMP_DCM_LO, OPTION(DESCRIPTORS), IMP_DICOM_CLEAN,
         "clean-descriptors"},
        {0x0040A730, IMP_DCM_SQ, OPTION(STRUCTURED), IMP_DICOM_DESCEND,
         "clean-structured-content"});
}

Test(dicom_rules, to_clean_comes_before_to_keep_and_full_dates_before_others)
{
    // Date of Last Calibration is a date, and tells the device.
    EXPECT({0x00181200, IMP_DCM_DA, OPTION(DEVICE), IMP_DICOM_KEEP,
            "retain-device-identity"},
           {0x00181200, IMP_DCM_DA, OPTION(DEVICE) | OPTION(MODIFIED_DATES),
            IMP_DICOM_SHIFT, "retain-modified-dates"},
           {0x00181200, IMP_DCM_DA, OPTION(DEVICE) | OPTION(FULL_DATES),
            IMP_DICOM_KEEP, "retain-full-dates"},
           {0x00080020, IMP_DCM_DA, OPTION(FULL_DATES) | OPTION(MODIFIED_DATES),
            IMP_DICOM_KEEP, "retain-full-dates"});
}

Test(dicom_rules, what_cannot_be_cleaned_is_removed)
{
    cr_expect_eq(fate(0x00081030, IMP_DCM_UN, OPTION(DESCRIPTORS)),
                 IMP_DICOM_REMOVE);
}

Test(dicom_rules, private_elements_stay_only_if_the_policy_names_them)
{
    EXPECT({0x00090010, IMP_DCM_LO, 0, IMP_DICOM_REMOVE, "private"},
           {0x00091001, IMP_DCM_SQ, 0, IMP_DICOM_REMOVE, "private"},
           {0x50013000, IMP_DCM_OW, 0, IMP_DICOM_REMOVE, "private"},
           {0x00091001, IMP_DCM_UN, OPTION(SAFE_PRIVATE), IMP_DICOM_SAFE,
            "private"});
}

Test(dicom_rules, what_the_table_lacks_goes_all_the_same)
{
    const unsigned all = (1u << IMP_DICOM_OPTIONS) - 1;
    EXPECT(
        {0x00020016, IMP_DCM_AE, all, IMP_DICOM_REMOVE, "beyond the table"},
        {0x00020102, IMP_DCM_OB, all, IMP_DICOM_REMOVE, "beyond the table"},
        {0x60000022, IMP_DCM_LO, all, IMP_DICOM_REMOVE, "beyond the table"},
        {0x601E1500, IMP_DCM_LO, all, IMP_DICOM_REMOVE, "beyond the table"},
        {0x50020010, IMP_DCM_US, 0, IMP_DICOM_REMOVE, "X"},
        {0x00080070 + 0x900, IMP_DCM_LO, all, IMP_DICOM_REMOVE, "not in PS3.6"},
        {0x00080000, IMP_DCM_UL, all, IMP_DICOM_REMOVE, "group length"});
    // An overlay is nothing without its bits.
    cr_expect_eq(fate(0x60000010, IMP_DCM_US, all), IMP_DICOM_REMOVE);
}

Test(dicom_rules, what_names_somebody_goes_without_a_row_too)
{
    const unsigned full = OPTION(FULL_DATES), moved = OPTION(MODIFIED_DATES);
    const char *const beyond = "beyond the table";
    EXPECT({0x00140104, IMP_DCM_PN, 0, IMP_DICOM_DUMMY, beyond},
           {0x00140104, IMP_DCM_LO, 0, IMP_DICOM_DUMMY, beyond}, // by PS3.6
           {0x0008040B, IMP_DCM_UR, 0, IMP_DICOM_DUMMY, beyond},
           {0x00100033, IMP_DCM_LO, full, IMP_DICOM_REMOVE, beyond},
           {0x0040E001, IMP_DCM_ST, 0, IMP_DICOM_DUMMY, beyond},
           {0x00041500, IMP_DCM_CS, 0, IMP_DICOM_REMOVE, beyond},
           {0x00140102, IMP_DCM_DA, 0, IMP_DICOM_DUMMY, beyond},
           {0x00140102, IMP_DCM_DA, full, IMP_DICOM_KEEP, "retain-full-dates"},
           {0x00140102, IMP_DCM_DA, moved, IMP_DICOM_SHIFT,
            "retain-modified-dates"});
}

Test(dicom_rules, prose_without_a_row_is_a_description)
{
    const char *const beyond = "beyond the table";
    EXPECT({0x0040A160, IMP_DCM_UT, 0, IMP_DICOM_DUMMY, beyond},
           {0x0040A160, IMP_DCM_UT, OPTION(STRUCTURED), IMP_DICOM_CLEAN,
            "clean-structured-content"},
           {0x00700006, IMP_DCM_ST, OPTION(GRAPHICS), IMP_DICOM_CLEAN,
            "clean-graphics"},
           {0x00400400, IMP_DCM_LT, 0, IMP_DICOM_DUMMY, beyond},
           {0x00400400, IMP_DCM_LT, OPTION(DESCRIPTORS), IMP_DICOM_CLEAN,
            "clean-descriptors"},
           {0x00400400, IMP_DCM_LO, 0, IMP_DICOM_DUMMY, beyond}, // by PS3.6
           {0x00080119, IMP_DCM_UC, 0, IMP_DICOM_KEEP, ""});
}

Test(dicom_rules, retired_text_without_a_row_is_needed_by_nobody)
{
    EXPECT({0x00402007, IMP_DCM_SH, 0, IMP_DICOM_DUMMY, "beyond the table"},
           {0x00080040, IMP_DCM_US, 0, IMP_DICOM_KEEP, ""});
}

Test(dicom_rules, devices_without_a_row_are_devices)
{
    EXPECT({0x00181003, IMP_DCM_LO, 0, IMP_DICOM_DUMMY, "beyond the table"},
           {0x00181003, IMP_DCM_LO, OPTION(DEVICE), IMP_DICOM_KEEP,
            "retain-device-identity"});
}

Test(dicom_rules, a_date_that_is_written_as_text_is_a_date)
{
    EXPECT({0x00080020, IMP_DCM_LO, OPTION(MODIFIED_DATES), IMP_DICOM_SHIFT,
            "retain-modified-dates"});
}

Test(dicom_rules, what_says_whose_codes_they_are_stays)
{
    EXPECT({0x0008010C, IMP_DCM_UI, 0, IMP_DICOM_KEEP, ""},
           {0x0008010E, IMP_DCM_UR, 0, IMP_DICOM_KEEP, ""});
}

Test(dicom_rules, codes_of_persons_and_institutions_are_disguised)
{
    EXPECT({0x00080082, IMP_DCM_SQ, 0, IMP_DICOM_DISGUISE, "X/Z/D"},
           {0x00080082, IMP_DCM_SQ, OPTION(INSTITUTION), IMP_DICOM_DESCEND,
            "retain-institution-identity"},
           {0x00401101, IMP_DCM_SQ, 0, IMP_DICOM_DISGUISE, "D"});
}

Test(dicom_rules, a_sequence_that_may_not_be_empty_goes)
{
    EXPECT({0x00081110, IMP_DCM_SQ, 0, IMP_DICOM_REMOVE, "X/Z"},
           {0x00081110, IMP_DCM_UN, 0, IMP_DICOM_REMOVE, "X/Z"},
           {0x00081110, IMP_DCM_SQ, OPTION(UIDS), IMP_DICOM_DESCEND,
            "retain-uids"},
           {0x00400555, IMP_DCM_SQ, 0, IMP_DICOM_EMPTY, "X/Z"});
}

Test(dicom_rules, a_uid_that_the_table_does_not_know_is_not_kept)
{
    // Implementation Class UID of an item of an inventory; no class of objects,
    // which may be a maker's own.
    EXPECT({0x00186038, IMP_DCM_UI, 0, IMP_DICOM_REUID, "beyond the table"},
           {0x00186038, IMP_DCM_UI, OPTION(UIDS), IMP_DICOM_KEEP, ""},
           {0x00080016, IMP_DCM_UI, 0, IMP_DICOM_KEEP, ""},
           {0x00081150, IMP_DCM_UI, 0, IMP_DICOM_KEEP, ""});
}

static void expect_action(uint32_t tag, enum imp_dcm_vr vr, unsigned set,
                          const char *action, const char *option)
{
    const struct imp_dicom_options options = options_of(set);
    struct imp_dicom_verdict v = imp_dicom_rule(&options, tag, vr);
    cr_expect_eq(v.action == NULL, action == NULL, "%08X", tag);
    cr_expect_eq(v.option == NULL, option == NULL, "%08X", tag);
    if (v.action && action)
        cr_expect_str_eq(v.action, action, "%08X", tag);
    if (v.option && option)
        cr_expect_str_eq(v.option, option, "%08X", tag);
}

Test(dicom_rules, action_and_option_are_those_of_the_column_that_decides)
{
    // Institution Name, Study Date, Study Description, a private element
    expect_action(0x00080080, IMP_DCM_LO, 0, "X/Z/D", NULL);
    expect_action(0x00080080, IMP_DCM_LO, OPTION(INSTITUTION), "K",
                  "retain-institution-identity");
    expect_action(0x00080020, IMP_DCM_DA, OPTION(MODIFIED_DATES), "C",
                  "retain-modified-dates");
    expect_action(0x00080020, IMP_DCM_DA,
                  OPTION(MODIFIED_DATES) | OPTION(FULL_DATES), "K",
                  "retain-full-dates");
    expect_action(0x00081030, IMP_DCM_LO, OPTION(DESCRIPTORS), "C",
                  "clean-descriptors");
    expect_action(0x00191002, IMP_DCM_LO, 0, "X", NULL);
    expect_action(0x00191002, IMP_DCM_LO, OPTION(SAFE_PRIVATE), "C",
                  "retain-safe-private");
}

Test(dicom_rules, what_the_table_does_not_have_has_no_action)
{
    // Modality, Patient's Birth Date in Alternative Calendar, an unknown one
    expect_action(0x00080060, IMP_DCM_CS, 0, NULL, NULL);
    expect_action(0x00100033, IMP_DCM_LO, OPTION(FULL_DATES), NULL, NULL);
    expect_action(0x00080007, IMP_DCM_UN, 0, NULL, NULL);
    // A date without a row, which the options hold for all the same.
    expect_action(0x00140102, IMP_DCM_DA, 0, NULL, NULL);
    expect_action(0x00140102, IMP_DCM_DA, OPTION(FULL_DATES), NULL,
                  "retain-full-dates");
    // The bits of an overlay, which have a row, go whatever it says.
    expect_action(0x60003000, IMP_DCM_OW, OPTION(GRAPHICS), "X", NULL);
}

Test(dicom_rules, every_row_has_a_fate_under_every_option)
{
    const struct imp_dicom_rule *r;
    for (size_t i = 0; (r = imp_dicom_rule_row(i)); i++) {
        const struct imp_dcm_attribute *a = imp_dcm_find(r->tag);
        enum imp_dcm_vr vr = a ? (enum imp_dcm_vr)a->vr : IMP_DCM_UN;
        // Nothing that the basic profile touches stays as it is.
        enum imp_dicom_fate basic = fate(r->tag, vr, 0);
        cr_expect_neq(basic, IMP_DICOM_KEEP, "%08X", r->tag);
        cr_expect(basic != IMP_DICOM_DESCEND || vr == IMP_DCM_SQ, "%08X",
                  r->tag);
        // A dummy of a sequence has elements, which are dealt with themselves.
        cr_expect(basic != IMP_DICOM_DUMMY || vr != IMP_DCM_SQ, "%08X", r->tag);
        // An option that says nothing of it changes nothing.
        for (int o = 0; o < IMP_DICOM_OPTIONS; o++)
            if (r->option[o] == IMP_DICOM_O)
                cr_expect_eq(fate(r->tag, vr, 1u << o), basic, "%08X", r->tag);
    }
}
