/* dicom_method.h - what a de-identified object says of how it came to be one:
 * PS3.15 E.1.1, PS3.3 C.7.1.1 and C.12.1. Private to deid/. Any thread. */
#ifndef IMP_DEID_DICOM_METHOD_H
#define IMP_DEID_DICOM_METHOD_H

#include "deid/dicom_rules.h"
#include "dicom/syntax.h"
#include "image/dicom_cuts.h"

#include <stdbool.h>

enum { IMP_DICOM_METHODS = 5 };

/* The elements, in the order of their tags, as they are in the object. `{0}` is
 * empty; its memory is reused. */
struct imp_dicom_method {
    struct imp_dicom_addition element[IMP_DICOM_METHODS];
    size_t n;
    struct imp_buf bytes;
};
void imp_dicom_method_clear(struct imp_dicom_method *m);

/* Patient Identity Removed, De-identification Method and its code sequence
 * (CID 7050), Longitudinal Temporal Information Modified, for an object that
 * these options were applied to; and if its pixels were cleaned, Burned In
 * Annotation, which says that nothing is (E.3.1). */
bool imp_dicom_method_make(struct imp_dicom_method *m,
                           const struct imp_dicom_options *options,
                           bool pixels_cleaned,
                           struct imp_dcm_encoding encoding,
                           struct imp_err *err);

/* Is it one that every object has of these? */
bool imp_dicom_is_method(uint32_t tag);

#endif
