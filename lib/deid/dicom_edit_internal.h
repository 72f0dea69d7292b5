/* dicom_edit_internal.h - what the parts of the editor of DICOM objects share:
 * dicom_plan.c looks an object through, dicom_decide.c decides about each of
 * its elements, dicom_tell.c says what became of them. Private to them. */
#ifndef IMP_DEID_DICOM_EDIT_INTERNAL_H
#define IMP_DEID_DICOM_EDIT_INTERNAL_H

#include "deid/dicom_edit.h"

#include "deid/dicom_method.h"
#include "deid/dicom_scope.h"
#include "deid/dicom_survey.h"
#include "deid/dicom_values.h"
#include "deid/dicom_words.h"

#define IMP_DICOM_PATIENT_NAME 0x00100010
#define IMP_DICOM_PATIENT_ID 0x00100020

enum { IMP_DICOM_ADDITIONS = IMP_DICOM_METHODS + 2 };

struct imp_dicom_deid {
    struct imp_dicom_editor editor; // first: _plan finds its object by it
    const struct imp_policy *policy;
    const struct imp_deid_subject *subject;
    const struct imp_deid_observer *observer;
    const struct imp_deid_redactor *redactor;
    struct imp_dicom_uids uids;
    bool again; // what stands for something else is there already

    // Of the object at hand:
    struct imp_span in;
    struct imp_dicom_options options; // the policy's that apply to it
    struct imp_dicom_survey survey;
    struct imp_dicom_scope scope;
    struct imp_dicom_words words;
    struct imp_dicom_method method;
    struct imp_dicom_addition addition[IMP_DICOM_ADDITIONS];
    struct imp_buf patient; // elements that are added for the subject
    char uid[IMP_DEID_UIDS][IMP_DICOM_TEXT_ROOM];
    bool has_uids, cleaned; // cleaned: see imp_dicom_burned_check
    struct imp_buf value;   // of the last decision
    const struct imp_dcm_attribute *attribute; // and of its tag, or NULL
    const char *found; // static: what was wrong with it, or NULL
};

/* The new UIDs of a value, in d->value; one that is there already, if the
 * object has been through here before. */
bool imp_dicom_deid_reuid(struct imp_dicom_deid *d, struct imp_span value,
                          struct imp_err *err);

/* The subject's code; NULL: none. */
const char *imp_dicom_deid_code(const struct imp_dicom_deid *d);

/* What becomes of an element, of a struct imp_dicom_decider. */
bool imp_dicom_deid_decide(void *self, const struct imp_dcm_reader *reader,
                           const struct imp_dcm_event *e,
                           enum imp_dicom_cut *cut, struct imp_span *value,
                           struct imp_err *err);

/* Is it the patient's name or number, of the outermost level? */
bool imp_dicom_deid_is_patient(const struct imp_dcm_event *e);

/* Tell the observer of an element that does not stay as it is, `value` being in
 * its place, or that an option lets stay. */
void imp_dicom_deid_tell(struct imp_dicom_deid *d,
                         const struct imp_dcm_reader *reader,
                         const struct imp_dcm_event *e, enum imp_dicom_cut cut,
                         struct imp_span value,
                         const struct imp_dicom_verdict *verdict);

/* Tell the observer of an element that is added. */
void imp_dicom_deid_tell_added(const struct imp_dicom_deid *d, uint32_t tag);

/* The plan of a struct imp_dicom_editor. */
bool imp_dicom_deid_plan(struct imp_dicom_editor *self, struct imp_span in,
                         uint64_t data_at, const struct imp_dcm_syntax *syntax,
                         struct imp_dicom_plan *out, struct imp_err *err);

#endif
