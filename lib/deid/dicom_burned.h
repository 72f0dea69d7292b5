/* dicom_burned.h - pictures that may have a name written into them: PS3.15
 * E.3.1. Private to deid/. */
#ifndef IMP_DEID_DICOM_BURNED_H
#define IMP_DEID_DICOM_BURNED_H

#include "deid/dicom_survey.h"

/* Why identity may be burned into the pixels: static, "ultrasound", "secondary
 * capture", ...; NULL if nothing says so. An object says so if it says anything
 * but NO. That it says that it has none does not count for the kinds that
 * usually have: few look. */
const char *imp_dicom_burned_in(const struct imp_dicom_survey *s);

#endif
