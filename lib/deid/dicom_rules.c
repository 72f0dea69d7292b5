#include "deid/dicom_rules.h"

#include "dicom/dict.h"

#include <stddef.h>

#define REFERENCED_STUDIES 0x00081110

static const char *const option_names[IMP_DICOM_OPTIONS] = {
    [IMP_DICOM_SAFE_PRIVATE] = "retain-safe-private",
    [IMP_DICOM_UIDS] = "retain-uids",
    [IMP_DICOM_DEVICE] = "retain-device-identity",
    [IMP_DICOM_INSTITUTION] = "retain-institution-identity",
    [IMP_DICOM_PATIENT] = "retain-patient-characteristics",
    [IMP_DICOM_FULL_DATES] = "retain-full-dates",
    [IMP_DICOM_MODIFIED_DATES] = "retain-modified-dates",
    [IMP_DICOM_DESCRIPTORS] = "clean-descriptors",
    [IMP_DICOM_STRUCTURED] = "clean-structured-content",
    [IMP_DICOM_GRAPHICS] = "clean-graphics",
};

const char *imp_dicom_option_name(enum imp_dicom_option option)
{
    return option_names[option];
}

static const char *const action_names[] = {
    [IMP_DICOM_O] = "",          [IMP_DICOM_X] = "X",
    [IMP_DICOM_Z] = "Z",         [IMP_DICOM_D] = "D",
    [IMP_DICOM_U] = "U",         [IMP_DICOM_K] = "K",
    [IMP_DICOM_C] = "C",         [IMP_DICOM_X_Z] = "X/Z",
    [IMP_DICOM_X_D] = "X/D",     [IMP_DICOM_Z_D] = "Z/D",
    [IMP_DICOM_X_Z_D] = "X/Z/D", [IMP_DICOM_X_Z_U] = "X/Z/U*",
};

#define ONE 0xFFFFFFFF
#define GROUP 0xFFFF0000
#define KEPT_WITH(name) .option[IMP_DICOM_##name] = IMP_DICOM_K
#define CLEANED_WITH(name) .option[IMP_DICOM_##name] = IMP_DICOM_C

#define DESCRIBES CLEANED_WITH(DESCRIPTORS)

// Rows that the table lacks, by tag: what tools that follow it to the letter
// leave behind. Commands, a meta group and a directory are of no data set
// (PS3.10 7). What somebody called or described it has VRs of names.
#define BASIC(action) .basic = IMP_DICOM_##action
#define ROW(at, of, ...) {.tag = at, .mask = of, __VA_ARGS__},
static const struct imp_dicom_rule beyond[] = {
    // clang-format off
    ROW(0x00000000, GROUP, BASIC(X)) // commands
    ROW(0x00020000, GROUP, BASIC(X)) // the meta group
    ROW(0x00040000, GROUP, BASIC(X)) // a directory
    ROW(0x00100033, ONE, BASIC(X)) // birth, in another calendar
    ROW(0x00100034, ONE, BASIC(X)) // death, in it
    ROW(0x00100035, ONE, BASIC(X)) // which calendar
    ROW(0x00102295, ONE, BASIC(D)) // breed number
    ROW(0x00181003, ONE, BASIC(D), KEPT_WITH(DEVICE)) // device
    ROW(0x00181006, ONE, BASIC(D), KEPT_WITH(DEVICE)) // its grid
    ROW(0x00181010, ONE, BASIC(D), KEPT_WITH(DEVICE)) // its capturer
    ROW(0x00181803, ONE, BASIC(X)) // NTP address
    ROW(0x00209453, ONE, BASIC(D), DESCRIBES) // frame
    ROW(0x00286022, ONE, BASIC(D), DESCRIBES) // frame of interest
    ROW(0x00287007, ONE, BASIC(D)) // status comment
    ROW(0x0028702A, ONE, BASIC(D)) // test comment
    ROW(0x00380016, ONE, BASIC(D), DESCRIBES) // route
    ROW(0x00380102, ONE, BASIC(D)) // resource
    ROW(0x00400255, ONE, BASIC(D), DESCRIBES) // step
    ROW(0x0040A160, ONE, BASIC(D), CLEANED_WITH(STRUCTURED)) // what it says
    ROW(0x0040A492, ONE, BASIC(D), DESCRIBES) // why
    ROW(0x0040E001, ONE, BASIC(D)) // HL7 instance
    ROW(0x00440011, ONE, BASIC(D)) // substance notes
    ROW(0x00440012, ONE, BASIC(D), KEPT_WITH(DEVICE)) // pump
    ROW(0x00540400, ONE, BASIC(D), DESCRIBES) // image
    ROW(0x00700006, ONE, BASIC(D), CLEANED_WITH(GRAPHICS)) // text on a picture
    ROW(0x00700081, ONE, BASIC(D), DESCRIBES) // content
    ROW(0x00720008, ONE, BASIC(D)) // protocol creator
    ROW(0x00720010, ONE, BASIC(D)) // their user group
    ROW(0x0074100C, ONE, BASIC(X)) // contact
    ROW(0x00741204, ONE, BASIC(D), DESCRIBES) // step
    ROW(0x00880130, ONE, BASIC(D)) // file-set ID
    ROW(0x01000426, ONE, BASIC(D)) // certification
    ROW(0x20000050, ONE, BASIC(D), DESCRIBES) // film
    ROW(0x21000160, ONE, BASIC(D)) // owner ID
    ROW(0x21100030, ONE, BASIC(D)) // printer name
    ROW(0x30020002, ONE, BASIC(D), DESCRIBES) // RT image
    ROW(0x30020003, ONE, BASIC(D), DESCRIBES) // RT image
    ROW(0x30020020, ONE, BASIC(D), KEPT_WITH(DEVICE)) // linac
    ROW(0x30040006, ONE, BASIC(D)) // dose comment
    ROW(0x300600C8, ONE, BASIC(D)) // transformation
    ROW(0x300A0183, ONE, BASIC(D), DESCRIBES) // setup
    ROW(0x40100000, GROUP, BASIC(X)) // security: whose luggage it is
    // clang-format on
};

// And by what its VR is for: persons, machines and where to find them; days;
// whatever somebody had to say.
static const struct imp_dicom_rule names = {.basic = IMP_DICOM_D};
static const struct imp_dicom_rule dates = {
    .basic = IMP_DICOM_D, KEPT_WITH(FULL_DATES), CLEANED_WITH(MODIFIED_DATES)};
static const struct imp_dicom_rule prose = {.basic = IMP_DICOM_D, DESCRIBES};

// Of these VRs, and yet terms of a vocabulary or settings.
static const uint32_t terms[] = {
    0x00080108, // Extended Code Meaning
    0x0008010E, // Coding Scheme URL
    0x00080114, // Coding Scheme External ID
    0x00080115, // Coding Scheme Name
    0x00080116, // Coding Scheme Responsible Organization
    0x00080119, // Long Code Value
    0x00080120, // URN Code Value
    0x00187008, // Detector Mode
    0x00187040, // Grid Absorbing Material
    0x00187041, // Grid Spacing Material
    0x00660032, // Algorithm Parameters
    0x20100010, // Image Display Format
    0x300A007B, // Fraction Pattern
};

// UIDs of what a standard or a maker has defined, not of what somebody made.
static const uint32_t classes[] = {
    0x00080016, // SOP Class UID
    0x0008001A, // Related General SOP Class UID
    0x0008001B, // Original Specialized SOP Class UID
    0x00080062, // SOP Classes Supported
    0x0008010C, // Coding Scheme UID
    0x00081150, // Referenced SOP Class UID
    0x0008115A, // SOP Classes in Study
    0x00083002, // Available Transfer Syntax UID
    0x04000010, // MAC Calculation Transfer Syntax UID
};

// It is nothing without its bits, which always go (PS3.3 C.9.2).
static bool is_overlay(uint32_t tag)
{
    return (tag & 0xFF010000) == 0x60000000;
}

static bool is_among(const uint32_t *tags, size_t n, uint32_t tag)
{
    for (size_t i = 0; i < n; i++)
        if (tags[i] == tag)
            return true;
    return false;
}

static const struct imp_dicom_rule *rule_for_vr(uint32_t tag,
                                                enum imp_dcm_vr vr)
{
    switch (vr) {
    case IMP_DCM_PN:
    case IMP_DCM_AE:
        return &names;
    case IMP_DCM_UR:
        return is_among(terms, sizeof terms / sizeof *terms, tag) ? NULL
                                                                  : &names;
    case IMP_DCM_DA:
    case IMP_DCM_DT:
    case IMP_DCM_TM:
        return &dates;
    case IMP_DCM_LT:
    case IMP_DCM_ST:
    case IMP_DCM_UC:
    case IMP_DCM_UT:
        return is_among(terms, sizeof terms / sizeof *terms, tag) ? NULL
                                                                  : &prose;
    default:
        return NULL;
    }
}

// What cleaning is depends on what there is to clean.
static enum imp_dicom_fate clean(enum imp_dcm_kind kind)
{
    switch (kind) {
    case IMP_DCM_KIND_SEQUENCE:
        return IMP_DICOM_DESCEND;
    case IMP_DCM_KIND_DATE:
        return IMP_DICOM_SHIFT;
    case IMP_DCM_KIND_TEXT:
        return IMP_DICOM_CLEAN;
    default:
        return IMP_DICOM_REMOVE; // nobody can say that it is clean
    }
}

static enum imp_dicom_fate fate_of(enum imp_dicom_action action,
                                   enum imp_dcm_kind kind)
{
    bool sequence = kind == IMP_DCM_KIND_SEQUENCE;
    switch (action) {
    case IMP_DICOM_X:
        return IMP_DICOM_REMOVE;
    case IMP_DICOM_Z:
    case IMP_DICOM_X_Z:
        return IMP_DICOM_EMPTY;
    case IMP_DICOM_D:
    case IMP_DICOM_X_D:
    case IMP_DICOM_Z_D:
    case IMP_DICOM_X_Z_D:
        if (kind == IMP_DCM_KIND_UID)
            return IMP_DICOM_REUID; // which is one, and consistent
        return sequence ? IMP_DICOM_DESCEND : IMP_DICOM_DUMMY;
    case IMP_DICOM_U:
    case IMP_DICOM_X_Z_U:
        return sequence ? IMP_DICOM_DESCEND : IMP_DICOM_REUID;
    case IMP_DICOM_C:
        return clean(kind);
    case IMP_DICOM_O:
    case IMP_DICOM_K:
        break;
    }
    return sequence ? IMP_DICOM_DESCEND : IMP_DICOM_KEEP;
}

// The option that decides about the row, or IMP_DICOM_OPTIONS. To clean is more
// than to keep, whichever came first; but who keeps full dates wants no other.
static enum imp_dicom_option deciding(const struct imp_dicom_rule *row,
                                      const struct imp_dicom_options *options)
{
    enum imp_dicom_option by = IMP_DICOM_OPTIONS;
    if (options->on[IMP_DICOM_FULL_DATES] &&
        row->option[IMP_DICOM_FULL_DATES] != IMP_DICOM_O)
        return IMP_DICOM_FULL_DATES;
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++)
        if (options->on[i] && row->option[i] != IMP_DICOM_O &&
            (by == IMP_DICOM_OPTIONS || row->option[i] == IMP_DICOM_C))
            by = (enum imp_dicom_option)i;
    return by;
}

// Of a code, a dummy is in its parts: whose institution, which person it is.
static bool is_identity_code(uint32_t tag)
{
    return tag == 0x00080082 || // Institution Code Sequence
           tag == 0x00401101;   // Person Identification Code Sequence
}

static enum imp_dicom_fate basic_fate(const struct imp_dicom_rule *row,
                                      uint32_t tag, enum imp_dcm_kind kind)
{
    enum imp_dicom_action action = (enum imp_dicom_action)row->basic;
    enum imp_dicom_fate fate = fate_of(action, kind);
    if (fate == IMP_DICOM_DESCEND && is_identity_code(tag))
        return IMP_DICOM_DISGUISE;
    // PS3.3 C.7.2.1: optional, but never without items; nor when UN hides them.
    return tag == REFERENCED_STUDIES ? IMP_DICOM_REMOVE : fate;
}

// `why` is said of the basic profile.
static struct imp_dicom_verdict by_row(const struct imp_dicom_rule *row,
                                       const char *why, uint32_t tag,
                                       const struct imp_dicom_options *options,
                                       enum imp_dcm_kind kind)
{
    enum imp_dicom_option by = deciding(row, options);
    if (by == IMP_DICOM_OPTIONS)
        return (struct imp_dicom_verdict){basic_fate(row, tag, kind), why,
                                          action_names[row->basic], NULL};
    return (struct imp_dicom_verdict){
        fate_of((enum imp_dicom_action)row->option[by], kind), option_names[by],
        action_names[row->option[by]], option_names[by]};
}

static const struct imp_dicom_rule *row_beyond(uint32_t tag)
{
    const struct imp_dicom_rule *end = beyond + sizeof beyond / sizeof *beyond;
    for (const struct imp_dicom_rule *r = beyond; r < end && r->tag <= tag; r++)
        if ((tag & r->mask) == r->tag)
            return r;
    return NULL;
}

static struct imp_dicom_verdict without_action(enum imp_dicom_fate fate,
                                               const char *why)
{
    return (struct imp_dicom_verdict){fate, why, NULL, NULL};
}

// Of what it does not know the table says nothing, and neither does it of much
// that it knows: what names a person, a machine or a day is as telling there.
static struct imp_dicom_verdict
without_row(uint32_t tag, enum imp_dcm_vr vr, enum imp_dcm_vr known,
            bool retired, const struct imp_dicom_options *options,
            enum imp_dcm_kind kind)
{
    const struct imp_dicom_rule *row = row_beyond(tag);
    if (!row)
        row = rule_for_vr(tag, vr);
    if (!row)
        row = rule_for_vr(tag, known);
    // Nobody needs it any more, and order numbers are among it.
    if (!row && retired && kind == IMP_DCM_KIND_TEXT && vr != IMP_DCM_CS)
        row = &names;
    if (row) {
        struct imp_dicom_verdict v =
            by_row(row, "beyond the table", tag, options, kind);
        v.action = NULL;
        return v;
    }
    // The table names instances; one that it does not know yet is none of the
    // standard's own, either.
    if (kind == IMP_DCM_KIND_UID && !options->on[IMP_DICOM_UIDS] &&
        !is_among(classes, sizeof classes / sizeof *classes, tag))
        return without_action(IMP_DICOM_REUID, "beyond the table");
    return without_action(fate_of(IMP_DICOM_O, kind), "");
}

// The one row for all of them.
static struct imp_dicom_verdict private(const struct imp_dicom_options *options)
{
    if (!options->on[IMP_DICOM_SAFE_PRIVATE])
        return (struct imp_dicom_verdict){IMP_DICOM_REMOVE, "private",
                                          action_names[IMP_DICOM_X], NULL};
    return (struct imp_dicom_verdict){IMP_DICOM_SAFE, "private",
                                      action_names[IMP_DICOM_C],
                                      option_names[IMP_DICOM_SAFE_PRIVATE]};
}

struct imp_dicom_verdict imp_dicom_rule(const struct imp_dicom_options *options,
                                        uint32_t tag, enum imp_dcm_vr vr)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(tag);
    enum imp_dcm_vr known = a ? (enum imp_dcm_vr)a->vr : vr;
    enum imp_dcm_kind kind = imp_dcm_vr_info(vr)->kind;
    if (imp_dcm_is_group_length(tag))
        return without_action(IMP_DICOM_REMOVE, "group length");
    if (imp_dcm_is_private(tag))
        return private(options);
    if (!a)
        return without_action(IMP_DICOM_REMOVE, "not in PS3.6");
    // A date is one, however it is written.
    if (imp_dcm_vr_info(known)->kind == IMP_DCM_KIND_DATE)
        kind = IMP_DCM_KIND_DATE;
    const struct imp_dicom_rule *row = imp_dicom_rule_of(tag);
    if (is_overlay(tag))
        return (struct imp_dicom_verdict){IMP_DICOM_REMOVE, "beyond the table",
                                          row ? action_names[row->basic] : NULL,
                                          NULL};
    return row ? by_row(row, action_names[row->basic], tag, options, kind)
               : without_row(tag, vr, known, a->retired, options, kind);
}
