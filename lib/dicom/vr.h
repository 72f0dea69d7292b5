/* vr.h - value representations: PS3.5 6.2, Table 6.2-1, and what the encoding
 * needs to know of them. Constant data: any thread may call. */
#ifndef IMP_DICOM_VR_H
#define IMP_DICOM_VR_H

#include <stdbool.h>
#include <stdint.h>

enum imp_dcm_vr {
    IMP_DCM_NONE = 0, /* no VR: items, delimiters, three bare rows of PS3.6 */
    IMP_DCM_AE,
    IMP_DCM_AS,
    IMP_DCM_AT,
    IMP_DCM_CS,
    IMP_DCM_DA,
    IMP_DCM_DS,
    IMP_DCM_DT,
    IMP_DCM_FD,
    IMP_DCM_FL,
    IMP_DCM_IS,
    IMP_DCM_LO,
    IMP_DCM_LT,
    IMP_DCM_OB,
    IMP_DCM_OD,
    IMP_DCM_OF,
    IMP_DCM_OL,
    IMP_DCM_OV,
    IMP_DCM_OW,
    IMP_DCM_PN,
    IMP_DCM_SH,
    IMP_DCM_SL,
    IMP_DCM_SQ,
    IMP_DCM_SS,
    IMP_DCM_ST,
    IMP_DCM_SV,
    IMP_DCM_TM,
    IMP_DCM_UC,
    IMP_DCM_UI,
    IMP_DCM_UL,
    IMP_DCM_UN,
    IMP_DCM_UR,
    IMP_DCM_US,
    IMP_DCM_UT,
    IMP_DCM_UV,
    /* The dictionary leaves it open. Never written; in implicit VR other
       attributes decide (PS3.5 A.1: Pixel Representation, Bits Allocated), and
       the size of a word does not. */
    IMP_DCM_OB_OW,
    IMP_DCM_US_SS,
    IMP_DCM_US_OW,
    IMP_DCM_US_SS_OW,
    IMP_DCM_VRS,
};

enum imp_dcm_kind {
    IMP_DCM_KIND_NONE = 0,
    IMP_DCM_KIND_TEXT,
    IMP_DCM_KIND_DECIMAL, /* a number as text: DS, IS */
    IMP_DCM_KIND_DATE,    /* dates, times, ages */
    IMP_DCM_KIND_UID,
    IMP_DCM_KIND_TAG,
    IMP_DCM_KIND_NUMBER, /* binary */
    IMP_DCM_KIND_BYTES,
    IMP_DCM_KIND_SEQUENCE,
};

struct imp_dcm_vr_info {
    const char *name; /* "PN"; "OB or OW" */
    enum imp_dcm_kind kind;
    bool long_length; /* explicit VR: 2 reserved bytes, then 32 bits of length;
                         else 16 bits (7.1.2) */
    bool undefined;   /* may be of undefined length (7.1.1) */
    bool charset;     /* (0008,0005) applies to it (6.1.2.3) */
    bool many;        /* a backslash parts its values (6.4); numbers follow each
                         other */
    uint8_t pad;      /* what makes the length even (6.2): space, or 0 */
    uint8_t unit;     /* bytes that swap together in the other byte order */
    uint32_t most;    /* length of one value: bytes, or characters if `charset`;
                         of each of the three groups of a PN; 0: not limited */
};

/* Never NULL for a value of the enumeration. */
const struct imp_dcm_vr_info *imp_dcm_vr_info(enum imp_dcm_vr vr);

/* By its two letters as they stand in explicit VR; IMP_DCM_NONE if they are
 * not in Table 6.2-1. Only what may be written is found. */
enum imp_dcm_vr imp_dcm_vr_of(const uint8_t letters[2]);

#endif
