/* dicom_scope.h - what a data set says of its own elements while it is read:
 * the character set of each level (PS3.3 C.12.1.1.2), and which private block
 * is whose (PS3.5 7.8.1). Private to deid/. One thread.
 *
 * `{0}` is empty. Told of every element and item in order; what it keeps points
 * into the input. */
#ifndef IMP_DEID_DICOM_SCOPE_H
#define IMP_DEID_DICOM_SCOPE_H

#include "dicom/charset.h"
#include "dicom/reader.h"

#include <stdbool.h>

enum { IMP_DICOM_CREATORS = 128, IMP_DICOM_CHARSETS = 16 };

struct imp_dicom_scope {
    struct imp_span charset[IMP_DCM_MAX_DEPTH + 1];
    bool has_charset[IMP_DCM_MAX_DEPTH + 1];
    struct imp_dicom_creator {
        unsigned depth;
        uint32_t block; /* tag >> 8 of its elements */
        struct imp_span name;
    } creator[IMP_DICOM_CREATORS]; /* of what is open; more are not known */
    size_t n_creators;
    struct {
        struct imp_dcm_charset *charset;
        struct imp_buf value;
    } cached[IMP_DICOM_CHARSETS];
    size_t n_cached;
    unsigned disguise;   /* elements deeper than that are in one; 0: none is */
    struct imp_buf text; /* of the last _text */
};

/* A new data set. */
void imp_dicom_scope_start(struct imp_dicom_scope *s);
void imp_dicom_scope_clear(struct imp_dicom_scope *s);

/* An item whose elements are of this depth begins. */
void imp_dicom_scope_item(struct imp_dicom_scope *s, unsigned depth);

/* An element; does nothing unless it is one of those. */
void imp_dicom_scope_element(struct imp_dicom_scope *s, struct imp_span in,
                             const struct imp_dcm_event *e);

/* Does it lie in a sequence whose elements become dummies (IMP_DICOM_DISGUISE)?
 * `begins`: it is such a sequence itself. */
bool imp_dicom_scope_disguised(struct imp_dicom_scope *s,
                               const struct imp_dcm_event *e, bool begins);

/* Who has reserved the block that a private element is in; empty: nobody. */
struct imp_span imp_dicom_scope_creator(const struct imp_dicom_scope *s,
                                        unsigned depth, uint32_t tag);

/* Is the character set of this depth one that PS3.3 has? IMP_ERR_UNSUPPORTED.
 */
bool imp_dicom_scope_check(struct imp_dicom_scope *s, unsigned depth,
                           struct imp_err *err);

/* `value`, of an element of this VR and depth, as UTF-8, until the next call.
 * IMP_ERR_UNSUPPORTED if it is not ASCII and of a character set that PS3.3 does
 * not have. */
bool imp_dicom_scope_text(struct imp_dicom_scope *s, unsigned depth,
                          enum imp_dcm_vr vr, struct imp_span value,
                          struct imp_span *text, struct imp_err *err);

/* Is it UTF-8, whatever it says that it is? Not if it is ASCII. */
bool imp_dicom_is_utf8(struct imp_span value);

#endif
