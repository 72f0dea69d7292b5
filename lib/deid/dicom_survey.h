/* dicom_survey.h - what has to be known of a whole DICOM object before it is
 * decided about any element of it. Private to deid/. One thread. */
#ifndef IMP_DEID_DICOM_SURVEY_H
#define IMP_DEID_DICOM_SURVEY_H

#include "deid/dicom_method.h"
#include "deid/dicom_rules.h"
#include "deid/dicom_scope.h"
#include "deid/dicom_words.h"

#include <stdbool.h>
#include <stdint.h>

enum { IMP_DICOM_TEXT_ROOM = 68 }; /* of a value, with its NUL */

/* Values of the outermost level, as they stand, without spaces and NULs around
 * them, and with blanks for NULs within; empty if missing. Too long ones are
 * cut off. */
struct imp_dicom_survey {
    char sop_class[IMP_DICOM_TEXT_ROOM], sop_instance[IMP_DICOM_TEXT_ROOM];
    char study[IMP_DICOM_TEXT_ROOM], series[IMP_DICOM_TEXT_ROOM];
    char manufacturer[IMP_DICOM_TEXT_ROOM], model[IMP_DICOM_TEXT_ROOM];
    char modality[IMP_DICOM_TEXT_ROOM], conversion[IMP_DICOM_TEXT_ROOM];
    char image_type[3 * IMP_DICOM_TEXT_ROOM];
    char burned_in[IMP_DICOM_TEXT_ROOM], temporal[IMP_DICOM_TEXT_ROOM];
    char patient_name[IMP_DICOM_TEXT_ROOM], patient_id[IMP_DICOM_TEXT_ROOM];
    uint32_t rows, columns;
    bool burned_in_frames; /* an item says that it is, of some of them */
    bool has_pixels;       /* of integers or of floats */
    bool has_document;     /* that is not empty */
    bool has_patient_name, has_patient_id;
    struct {
        uint32_t tag;
        uint64_t at;
    } said[IMP_DICOM_METHODS]; /* elements of a method, whosever it is */
    size_t n_said;
    /* Where a method of ours is already, by index; end 0: it is not. */
    struct {
        uint64_t at, end;
    } method[IMP_DICOM_METHODS];
};

/* Read the data set from `data_at` of `in` on. What identifies and goes by
 * these options is added to `words`, if not NULL. IMP_ERR_DAMAGED for elements
 * that are there twice or out of order, or of the meta group;
 * IMP_ERR_UNSUPPORTED for a DICOMDIR and for overlays in the unused bits of
 * pixels (PS3.3 C.9.2, retired). */
bool imp_dicom_survey_make(struct imp_dicom_survey *s, struct imp_span in,
                           uint64_t data_at, struct imp_dcm_encoding encoding,
                           const struct imp_dicom_options *options,
                           struct imp_dicom_scope *scope,
                           struct imp_dicom_words *words, struct imp_err *err);

/* Note which of these elements the object has, byte for byte. After _make, with
 * the same `in`. */
void imp_dicom_survey_method(struct imp_dicom_survey *s, struct imp_span in,
                             const struct imp_dicom_method *method);

#endif
