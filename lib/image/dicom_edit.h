/* dicom_edit.h - who decides about the elements of a DICOM object: for DICOM
 * what part.h is for pictures.
 *
 * The handler knows the encoding and no rules; the editor, which deid/ makes
 * from a policy, the other way round. Preamble and meta group are not asked
 * about: the handler writes them anew from what the plan says. */
#ifndef IMP_IMAGE_DICOM_EDIT_H
#define IMP_IMAGE_DICOM_EDIT_H

#include "dicom/file.h"
#include "image/dicom_cuts.h"

/* What is to become of one object; all of it the editor's, until its next
 * _plan. */
struct imp_dicom_plan {
    struct imp_dicom_decider decider; /* of the data set's elements */
    const struct imp_dicom_addition *additions;
    size_t n_additions;
    const char *sop_class, *sop_instance; /* for the meta group (PS3.10 7.1),
                                             without padding */
};

/* One editor serves one object at a time. */
struct imp_dicom_editor {
    /* Look through the object, whose data set is `data` of `in` in the
     * encoding of `syntax`. False, with `err`, if it must not go on. */
    bool (*plan)(struct imp_dicom_editor *self, struct imp_span in,
                 uint64_t data_at, const struct imp_dcm_syntax *syntax,
                 struct imp_dicom_plan *out, struct imp_err *err);
};

#endif
