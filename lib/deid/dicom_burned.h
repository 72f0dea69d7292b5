/* dicom_burned.h - pictures that may have a name written into them: PS3.15
 * E.3.1. Private to deid/. */
#ifndef IMP_DEID_DICOM_BURNED_H
#define IMP_DEID_DICOM_BURNED_H

#include "deid/dicom_policy.h"
#include "deid/dicom_survey.h"
#include "deid/policy.h"

#include <stdbool.h>

/* Why identity may be burned into the pixels: static, "ultrasound", "secondary
 * capture", ...; NULL if nothing says so. An object says so if it says anything
 * but NO. That it says that it has none does not count for the kinds that
 * usually have: few look. */
const char *imp_dicom_burned_in(const struct imp_dicom_survey *s);

/* May the object go on? `redactor` (NULL: nobody knows) is asked about its
 * picture. `*cleaned` tells if the Clean Pixel Data Option (E.3.1) holds for
 * it: somebody knows what is burned in, and it is blacked out, or there is
 * nothing. "Nothing" is not believed of an object that says that there is.
 *
 * IMP_ERR_UNSUPPORTED if identity may be burned in and neither the redactor nor
 * the policy answers for that; with the policy's `clean_pixels` the redactor
 * has to, for every picture. */
bool imp_dicom_burned_check(const struct imp_dicom_survey *s,
                            const struct imp_dicom_policy *policy,
                            const struct imp_deid_redactor *redactor,
                            bool *cleaned, struct imp_err *err);

#endif
