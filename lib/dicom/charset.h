/* charset.h - text in the character sets of DICOM: PS3.3 C.12.1.1.2, PS3.5 6.1.
 *
 * Conversion is iconv's. Any thread may call; a charset belongs to one. */
#ifndef IMP_DICOM_CHARSET_H
#define IMP_DICOM_CHARSET_H

#include "base/bytes.h"
#include "dicom/vr.h"

#include <stdbool.h>

struct imp_dcm_charset; /* opaque; caches its converters */

/* By the value of (0008,0005): one term, or several with code extensions
 * ("\ISO 2022 IR 87"); empty: ISO-IR 6. An escape sequence that it does not
 * announce is followed as well. Terms of other spelling that are seen
 * in the wild (a missing blank, lower case) are understood. NULL with `err`:
 * IMP_ERR_UNSUPPORTED for a term that PS3.3 does not have. */
struct imp_dcm_charset *imp_dcm_charset_new(struct imp_span value,
                                            struct imp_err *err);
void imp_dcm_charset_free(struct imp_dcm_charset *cs); /* NULL is fine */

/* Append `value`, of an element of this VR, to `out` as UTF-8, without padding
 * at its end. Escape sequences are followed, and reset where PS3.5 6.1.2.5.3
 * says so. Bytes that mean nothing become U+FFFD: text is only ever searched,
 * never written back. VRs that (0008,0005) does not apply to are ISO-IR 6.
 * A backslash between values, and ^ and = in a PN, is told as itself whatever
 * it is in the set. On failure `out` is as before: without memory, or
 * IMP_ERR_CONFIG if this system's iconv lacks an encoding. */
bool imp_dcm_charset_utf8(struct imp_dcm_charset *cs, enum imp_dcm_vr vr,
                          struct imp_span value, struct imp_buf *out,
                          struct imp_err *err);

#endif
