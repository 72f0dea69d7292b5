/* dicom_rules.h - what becomes of a data element of a DICOM object: Table E.1-1
 * of PS3.15 under the options of a policy, and what the table does not have.
 *
 * The table says for each attribute what is enough for confidentiality, and
 * leaves it to the IOD how much must be there (X/Z/D: "X unless Z is required,
 * unless D is required"). Here it is always the last: a dummy is valid wherever
 * the attribute is, mandatory or not. Constant data: any thread may call. */
#ifndef IMP_DEID_DICOM_RULES_H
#define IMP_DEID_DICOM_RULES_H

#include "deid/dicom_profile.h"
#include "dicom/vr.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_dicom_options {
    bool on[IMP_DICOM_OPTIONS];
};

enum imp_dicom_fate {
    IMP_DICOM_KEEP,     /* as it stands */
    IMP_DICOM_DESCEND,  /* a sequence that stays: its elements decide */
    IMP_DICOM_DISGUISE, /* a sequence that stays; of its elements, at every
                           depth, those that would stay become dummies */
    IMP_DICOM_REMOVE,
    IMP_DICOM_EMPTY, /* zero length; a sequence without items */
    IMP_DICOM_DUMMY, /* a fixed value that fits the VR */
    IMP_DICOM_REUID, /* each value that no standard has assigned becomes another
                        UID, the same one everywhere */
    IMP_DICOM_SHIFT, /* by the subject's days */
    IMP_DICOM_CLEAN, /* text: stays if it has no identifier in it */
    IMP_DICOM_SAFE,  /* private: only if the policy names creator and element */
};

struct imp_dicom_verdict {
    enum imp_dicom_fate fate;
    const char *why; /* static: "X", "X/Z/D" of the basic profile; the name of
                        the option that decides; "private", "not in PS3.6",
                        "beyond the table"; "" if nothing is said of it */
    /* For reports. NULL: no row or no option of the table decides. */
    const char *action; /* static: "X/Z/D" of the basic profile, or what the
                           option's column says, "K" or "C" */
    const char *option; /* imp_dicom_option_name */
};

/* `vr` as it is meant, see reader.h. Group lengths are removed: whoever writes
 * works them out again where they must be. */
struct imp_dicom_verdict imp_dicom_rule(const struct imp_dicom_options *options,
                                        uint32_t tag, enum imp_dcm_vr vr);

/* "retain-uids": the options' names in policies and reports, as of PS3.15
 * E.3. */
const char *imp_dicom_option_name(enum imp_dicom_option option);

#endif
