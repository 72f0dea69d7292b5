#include "deid/dicom_rules.h"

#include "dicom/dict.h"

#include <stddef.h>

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

// What tools that follow the table to the letter leave behind: titles of the
// machines that sent the file and what a private owner put into its meta group
// (PS3.10 7.1), texts of overlays (PS3.3 C.9.2).
static const struct {
    uint32_t tag, mask;
} beyond[] = {
    {0x00020016, 0xFFFFFFFF}, // Source Application Entity Title
    {0x00020017, 0xFFFFFFFF}, // Sending Application Entity Title
    {0x00020018, 0xFFFFFFFF}, // Receiving Application Entity Title
    {0x00020026, 0xFFFFFFFF}, // Source Presentation Address
    {0x00020027, 0xFFFFFFFF}, // Sending Presentation Address
    {0x00020028, 0xFFFFFFFF}, // Receiving Presentation Address
    {0x00020100, 0xFFFFFFFF}, // Private Information Creator UID
    {0x00020102, 0xFFFFFFFF}, // Private Information
    {0x60000022, 0xFF01FFFF}, // Overlay Description
    {0x60001500, 0xFF01FFFF}, // Overlay Label
};

static bool is_beyond(uint32_t tag)
{
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        if ((tag & beyond[i].mask) == beyond[i].tag)
            return true;
    return false;
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

static struct imp_dicom_verdict by_row(const struct imp_dicom_rule *row,
                                       const struct imp_dicom_options *options,
                                       enum imp_dcm_kind kind)
{
    enum imp_dicom_option by = deciding(row, options);
    if (by == IMP_DICOM_OPTIONS)
        return (struct imp_dicom_verdict){
            fate_of((enum imp_dicom_action)row->basic, kind),
            action_names[row->basic]};
    return (struct imp_dicom_verdict){
        fate_of((enum imp_dicom_action)row->option[by], kind),
        option_names[by]};
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
    if (is_beyond(tag))
        return (struct imp_dicom_verdict){IMP_DICOM_REMOVE, "beyond the table"};
    const struct imp_dicom_rule *row = imp_dicom_rule_of(tag);
    if (row)
        return by_row(row, options, kind);
    if (!imp_dcm_find(tag))
        return (struct imp_dicom_verdict){IMP_DICOM_REMOVE, "not in PS3.6"};
    // The table names instances; one that it does not know yet is none of the
    // standard's own, either.
    if (kind == IMP_DCM_KIND_UID && !options->on[IMP_DICOM_UIDS])
        return (struct imp_dicom_verdict){IMP_DICOM_REUID, ""};
    return (struct imp_dicom_verdict){fate_of(IMP_DICOM_O, kind), ""};
}
