/* dicom_edit.h - the editor of DICOM objects: PS3.15 E.1 by a policy, for whom
 * image/dicom_edit.h asks. Private to deid/. One thread. */
#ifndef IMP_DEID_DICOM_EDIT_H
#define IMP_DEID_DICOM_EDIT_H

#include "deid/policy.h"
#include "deid/policy_internal.h"
#include "deid/residual.h"
#include "image/dicom_edit.h"

struct imp_dicom_deid; /* opaque: an editor with its memory */

/* The policy must outlive it. */
struct imp_dicom_deid *imp_dicom_deid_new(const struct imp_policy *p,
                                          struct imp_err *err);
void imp_dicom_deid_free(struct imp_dicom_deid *d); /* NULL is fine */

struct imp_dicom_editor *imp_dicom_deid_editor(struct imp_dicom_deid *d);

/* The next object, of `subject` (NULL or `{0}`: not known), borrowed; what was
 * known of the last one is wiped. */
void imp_dicom_deid_start(struct imp_dicom_deid *d,
                          const struct imp_deid_subject *subject);

/* What comes is the output of what came since _start. */
void imp_dicom_deid_again(struct imp_dicom_deid *d);

/* Who is told of the elements that do not stay; NULL: nobody. */
void imp_dicom_deid_observe(struct imp_dicom_deid *d,
                            const struct imp_deid_observer *o);

/* Who knows where identity is burned in; NULL: nobody. */
void imp_dicom_deid_redact_by(struct imp_dicom_deid *d,
                              const struct imp_deid_redactor *r);

/* The new UID of the object since _start; NULL: none. */
const char *imp_dicom_deid_uid(const struct imp_dicom_deid *d,
                               enum imp_deid_uid which);

/* If a DICOM object came since _start, make `out` what is to be searched for in
 * the bytes of its output, whatever they are: of all that identifies what is
 * too long to be met by chance in numbers, and is none of our own words. */
void imp_dicom_deid_identifiers(const struct imp_dicom_deid *d,
                                struct imp_identifiers *out);

#endif
