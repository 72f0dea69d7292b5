/* naming.h - what an image is called in the archive where no template says it,
 * and what templates of names have besides those of marks. Any thread. */
#ifndef IMP_PIPELINE_NAMING_H
#define IMP_PIPELINE_NAMING_H

#include "base/name.h"
#include "base/template.h"
#include "deid/policy.h"

#include <stdbool.h>

/* The fields of a DICOM object's new UIDs: "study", "series", "instance", in
 * the order of enum imp_deid_uid, and NULL. */
extern const char *const imp_uid_fields[];

/* The one of `uid` that the field of this name stands for; NULL: there is none,
 * or it is another field. */
const char *imp_uid_field(const char *const uid[IMP_DEID_UIDS],
                          const char *name);

/* Has every field of `t` that stands for a UID a value in `values`? */
bool imp_name_has_uids(const struct imp_template *t,
                       const struct imp_values *values);

/* Make the name of an image of the subject with this `code` (empty: it has
 * none): {study}/{series}/{instance}.{ext} if it has all UIDs, else that of
 * imp_name_of_digest, in a directory called by the code. IMP_ERR_CONFIG if that
 * is no name, or could be taken for one of another kind. */
bool imp_name_make(const char *code, const char *const uid[IMP_DEID_UIDS],
                   const struct imp_digest *digest, const char *ext,
                   char name[IMP_NAME_MAX], struct imp_err *err);

#endif
