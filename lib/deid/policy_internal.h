/* policy_internal.h - a policy as policy.c and policy_file.c know it. */
#ifndef IMP_DEID_POLICY_INTERNAL_H
#define IMP_DEID_POLICY_INTERNAL_H

#include "deid/dicom_policy.h"
#include "deid/exif.h"
#include "deid/icc.h"
#include "deid/policy.h"

struct imp_policy {
    struct imp_policy_settings settings;
    struct imp_exif_options exif;
    enum imp_icc_mode icc;
    struct imp_dicom_policy dicom;
    struct imp_digest digest;
    char *text; /* that says it, or NULL without memory */
};

/* Fill in a preset; IMP_ERR_CONFIG with a suggestion if there is none of that
 * name. */
bool imp_policy_preset(struct imp_policy *p, const char *name,
                       struct imp_err *err);

/* Read the policy file at `path` into `p`. */
bool imp_policy_read(struct imp_policy *p, const char *path,
                     struct imp_err *err);

/* The same for its text, of `n` bytes. */
bool imp_policy_parse(struct imp_policy *p, const char *text, size_t n,
                      struct imp_err *err);

/* The name of the i-th group's k-th key, "exif", "keep": for the check of the
 * manual. NULL behind the last. */
const char *imp_policy_file_key(size_t i, const char **group);

#endif
