/* dicom_profile.h - PS3.15 Table E.1-1 as data: what the Basic Application
 * Level Confidentiality Profile and its options do with each attribute. Made by
 * scripts/dicom_tables.py. Constant data: any thread may call. */
#ifndef IMP_DEID_DICOM_PROFILE_H
#define IMP_DEID_DICOM_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PS3.15 Table E.1-1a. */
enum imp_dicom_action {
    IMP_DICOM_O = 0, /* nothing is said */
    IMP_DICOM_X,     /* remove */
    IMP_DICOM_Z,     /* zero length, or a dummy */
    IMP_DICOM_D,     /* a dummy of the same VR */
    IMP_DICOM_U,     /* another UID */
    IMP_DICOM_K,     /* keep */
    IMP_DICOM_C,     /* clean */
    /* Up to what the IOD demands: the first of them that it allows. */
    IMP_DICOM_X_Z,
    IMP_DICOM_X_D,
    IMP_DICOM_Z_D,
    IMP_DICOM_X_Z_D,
    IMP_DICOM_X_Z_U, /* X/Z/U*: and UIDs in the sequence */
};

/* Columns of the table. */
enum imp_dicom_option {
    IMP_DICOM_SAFE_PRIVATE = 0,
    IMP_DICOM_UIDS,
    IMP_DICOM_DEVICE,
    IMP_DICOM_INSTITUTION,
    IMP_DICOM_PATIENT,
    IMP_DICOM_FULL_DATES,
    IMP_DICOM_MODIFIED_DATES,
    IMP_DICOM_DESCRIPTORS,
    IMP_DICOM_STRUCTURED,
    IMP_DICOM_GRAPHICS,
    IMP_DICOM_OPTIONS,
};

struct imp_dicom_rule {
    uint32_t tag;
    uint32_t mask;  /* the bits that must be those of `tag` */
    bool composite; /* a standard composite IOD has it */
    uint8_t basic;  /* enum imp_dicom_action */
    uint8_t option[IMP_DICOM_OPTIONS]; /* the same; O: no say */
};

/* The row for a tag (0xGGGGEEEE), or NULL. A row for it alone comes before one
 * with a mask: groups 50xx and 60xx, private elements. */
const struct imp_dicom_rule *imp_dicom_rule_of(uint32_t tag);

/* Row `i`; NULL behind the last. */
const struct imp_dicom_rule *imp_dicom_rule_row(size_t i);

#endif
