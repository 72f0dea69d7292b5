/* dicom_find.h - the text of one attribute of a DICOM object, read before it
 * goes: for whoever keeps the subject's name there. */
#ifndef IMP_DEID_DICOM_FIND_H
#define IMP_DEID_DICOM_FIND_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* An attribute by its keyword in PS3.6, "PatientID", as it is written there, or
 * by its tag, "(0010,0020)". IMP_ERR_CONFIG if there is none, it is not in the
 * data set, or is no text. */
bool imp_dicom_attribute_named(const char *name, uint32_t *tag,
                               struct imp_err *err);

/* Find the attribute in the outermost level of `in`, the whole of a DICOM file,
 * and put its text, as UTF-8 and without padding, into `value`, emptied first:
 * it stays empty if the attribute is missing or empty. IMP_ERR_CONFIG if it is
 * no text there, has several values or characters that its character set does
 * not have, or if it or the character set is there twice; else as
 * imp_dcm_file_read, imp_dicom_inflate, imp_dcm_next and imp_dcm_charset_new. A
 * deflated data set may have 512 MB. Values of other elements are not looked
 * at. Any thread.
 */
bool imp_dicom_find(struct imp_span in, uint32_t tag, struct imp_buf *value,
                    struct imp_err *err);

#endif
