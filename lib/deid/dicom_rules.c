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

// What tools that follow the table to the letter leave behind. An overlay is
// nothing without its bits, which always go (PS3.3 C.9.2).
static const struct {
    uint32_t tag, mask;
    enum imp_dicom_fate fate;
} beyond[] = {
    {0x60000000, 0xFF010000, IMP_DICOM_REMOVE},
    {0x00100033, 0xFFFFFFFF, IMP_DICOM_REMOVE}, // birth, in another calendar
    {0x00100034, 0xFFFFFFFF, IMP_DICOM_REMOVE}, // death
    {0x00100035, 0xFFFFFFFF, IMP_DICOM_REMOVE}, // that calendar
    {0x00102295, 0xFFFFFFFF, IMP_DICOM_DUMMY},  // Breed Registration Number
    {0x00181803, 0xFFFFFFFF, IMP_DICOM_REMOVE}, // NTP Source Address
    {0x0040E001, 0xFFFFFFFF, IMP_DICOM_DUMMY},  // HL7 Instance Identifier
    {0x0074100C, 0xFFFFFFFF, IMP_DICOM_REMOVE}, // Contact Display Name
};

// Says the standard, not the maker of the object, what is in it?
static bool is_of_codes(uint32_t tag)
{
    return tag == 0x0008010C || // Coding Scheme UID
           tag == 0x0008010E || // Coding Scheme URL
           tag == 0x00080120;   // URN Code Value
}

static const struct imp_dicom_rule dates = {
    .basic = IMP_DICOM_D,
    .option = {[IMP_DICOM_FULL_DATES] = IMP_DICOM_K,
               [IMP_DICOM_MODIFIED_DATES] = IMP_DICOM_C}};

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
    // PS3.3 C.7.2.1: optional, but never without items.
    return tag == REFERENCED_STUDIES && kind == IMP_DCM_KIND_SEQUENCE
               ? IMP_DICOM_REMOVE
               : fate;
}

static struct imp_dicom_verdict by_row(const struct imp_dicom_rule *row,
                                       uint32_t tag,
                                       const struct imp_dicom_options *options,
                                       enum imp_dcm_kind kind)
{
    enum imp_dicom_option by = deciding(row, options);
    if (by == IMP_DICOM_OPTIONS)
        return (struct imp_dicom_verdict){basic_fate(row, tag, kind),
                                          action_names[row->basic]};
    return (struct imp_dicom_verdict){
        fate_of((enum imp_dicom_action)row->option[by], kind),
        option_names[by]};
}

static bool names(enum imp_dcm_vr vr)
{
    return vr == IMP_DCM_PN || vr == IMP_DCM_AE || vr == IMP_DCM_UR;
}

static bool is_date(enum imp_dcm_vr vr)
{
    return vr == IMP_DCM_DA || vr == IMP_DCM_DT || vr == IMP_DCM_TM;
}

// Of what it does not know the table says nothing, and neither does it of much
// that it knows: what names a person, a machine or a day is as telling there.
static struct imp_dicom_verdict
without_row(uint32_t tag, enum imp_dcm_vr vr,
            const struct imp_dicom_options *options, enum imp_dcm_kind kind)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(tag);
    uint16_t group = imp_dcm_group(tag);
    if (!a)
        return (struct imp_dicom_verdict){IMP_DICOM_REMOVE, "not in PS3.6"};
    // Commands, the meta group, a directory: not of a data set (PS3.10 7).
    if (group == 0x0000 || group == 0x0002 || group == 0x0004)
        return (struct imp_dicom_verdict){IMP_DICOM_REMOVE, "beyond the table"};
    if (is_of_codes(tag))
        return (struct imp_dicom_verdict){IMP_DICOM_KEEP, ""};
    enum imp_dcm_vr known = (enum imp_dcm_vr)a->vr;
    if (names(vr) || names(known))
        return (struct imp_dicom_verdict){fate_of(IMP_DICOM_D, kind),
                                          "beyond the table"};
    if (is_date(vr) || is_date(known))
        return by_row(&dates, tag, options, kind);
    // The table names instances; one that it does not know yet is none of the
    // standard's own, either.
    if (kind == IMP_DCM_KIND_UID && !options->on[IMP_DICOM_UIDS])
        return (struct imp_dicom_verdict){IMP_DICOM_REUID, ""};
    return (struct imp_dicom_verdict){fate_of(IMP_DICOM_O, kind), ""};
}

struct imp_dicom_verdict imp_dicom_rule(const struct imp_dicom_options *options,
                                        uint32_t tag, enum imp_dcm_vr vr)
{
    enum imp_dcm_kind kind = imp_dcm_vr_info(vr)->kind;
    if (imp_dcm_is_group_length(tag))
        return (struct imp_dicom_verdict){IMP_DICOM_REMOVE, "group length"};
    if (imp_dcm_is_private(tag))
        return (struct imp_dicom_verdict){options->on[IMP_DICOM_SAFE_PRIVATE]
                                              ? IMP_DICOM_SAFE
                                              : IMP_DICOM_REMOVE,
                                          "private"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        if ((tag & beyond[i].mask) == beyond[i].tag)
            return (struct imp_dicom_verdict){beyond[i].fate,
                                              "beyond the table"};
    const struct imp_dicom_rule *row = imp_dicom_rule_of(tag);
    return row ? by_row(row, tag, options, kind)
               : without_row(tag, vr, options, kind);
}
