/* dict.h - the data dictionary: PS3.6, made by scripts/dicom_tables.py.
 * Constant data: any thread may call. */
#ifndef IMP_DICOM_DICT_H
#define IMP_DICOM_DICT_H

#include "dicom/tag.h"
#include "dicom/vr.h"

#include <stddef.h>

struct imp_dcm_attribute {
    uint32_t tag;
    uint32_t mask;       /* the bits of a tag that must be those of `tag` */
    uint32_t keyword;    /* see imp_dcm_keyword */
    uint8_t vr;          /* enum imp_dcm_vr */
    uint8_t least, most; /* values; `most` is 0 for n */
    uint8_t step;        /* 2 for "2-2n" */
    bool retired;
};

/* The attribute of a tag, or NULL: private elements, and what PS3.6 does not
 * have. Of repeating groups and elements, 50xx, 60xx and the like, it is the
 * one row for all; a row for the tag itself comes first. Every group length
 * (gggg,0000) is "GenericGroupLength", UL (PS3.5 7.2), and every private
 * creator "PrivateCreator", LO (PS3.5 7.8.1), as PS3.6 has no rows for them. */
const struct imp_dcm_attribute *imp_dcm_find(uint32_t tag);

/* By keyword, which is compared as it is; NULL if PS3.6 has none such. Looks at
 * all of them: not for every element of an object. */
const struct imp_dcm_attribute *imp_dcm_find_keyword(const char *keyword);

/* "PatientName"; "" for the six rows without one. */
const char *imp_dcm_keyword(const struct imp_dcm_attribute *a);

/* Row `i` of the standard's table; NULL behind the last. */
const struct imp_dcm_attribute *imp_dcm_row(size_t i);

#endif
