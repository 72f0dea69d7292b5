/* dicom_policy.h - what a policy says of DICOM objects: the options of PS3.15
 * E.3, private elements that are known to be safe, burned-in identity. Part of
 * a policy; private to deid/. Once read, any thread may use it. */
#ifndef IMP_DEID_DICOM_POLICY_H
#define IMP_DEID_DICOM_POLICY_H

#include "base/bytes.h"
#include "deid/dicom_rules.h"

#include <stdbool.h>
#include <stddef.h>

enum { IMP_DICOM_CREATOR_MAX = 64 }; /* characters of a private creator, LO */

/* "(0019,xx0C) SIEMENS MR HEADER": an element of the block that this creator
 * has reserved (PS3.5 7.8.1). */
struct imp_dicom_private {
    uint16_t group;
    uint8_t element;                         /* its last two digits */
    char creator[IMP_DICOM_CREATOR_MAX + 1]; /* without padding */
};

/* `{0}` is the basic profile alone. */
struct imp_dicom_policy {
    struct imp_dicom_options options;
    bool clean_pixels; /* Clean Pixel Data: burned-in identity is blacked out
                          by rules; IMP_DICOM_OPTIONS has no column for it */
    bool burned_in_allowed; /* what may have burned-in identity may pass */
    struct imp_dicom_private *safe; /* in order, each once */
    size_t n_safe;
};
void imp_dicom_policy_clear(struct imp_dicom_policy *p);

/* Switch on the options of a list, "retain-uids;clean-graphics": names of
 * imp_dicom_option_name, and "clean-pixel-data". IMP_ERR_CONFIG if one is not
 * known, with what may have been meant, or if two contradict each other. */
bool imp_dicom_policy_take_options(struct imp_dicom_policy *p, const char *list,
                                   struct imp_err *err);

/* Add the private elements of a list, "(gggg,xxee) CREATOR; ...", to those that
 * are safe; behind the options, of which it needs retain-safe-private unless
 * the list is empty. IMP_ERR_CONFIG names the entry and what is wrong. */
bool imp_dicom_policy_take_private(struct imp_dicom_policy *p, const char *list,
                                   struct imp_err *err);

/* Append a line for each thing said, in one form and order whatever the file's,
 * to what is digested; nothing for the basic profile alone. `shifts`: pictures
 * have their dates shifted, and that DICOM objects have theirs goes without
 * saying. */
bool imp_dicom_policy_describe(const struct imp_dicom_policy *p, bool shifts,
                               struct imp_buf *out, struct imp_err *err);

/* Is (group,element) in the block of `creator` (as it stands in the object:
 * spaces and NULs at its end do not count) on the list? */
bool imp_dicom_is_safe(const struct imp_dicom_policy *p,
                       struct imp_span creator, uint32_t tag);

#endif
