/* write.h - elements written anew: PS3.5 7.1. Any thread may call. */
#ifndef IMP_DICOM_WRITE_H
#define IMP_DICOM_WRITE_H

#include "base/bytes.h"
#include "dicom/header.h"

#include <stdbool.h>

/* A number of `n` bytes, 4 at most, at `p`, in the byte order of an encoding.
 */
void imp_dcm_put_number(uint8_t *p, unsigned n, bool big, uint32_t v);

/* Append an element to `out`: header, `value` and, if it is odd, what pads its
 * VR, one that may be written. Of a sequence `value` is its items, ready.
 * IMP_ERR_LIMIT if the value does not fit the header. On failure `out` may hold
 * part of it. */
bool imp_dcm_put(struct imp_buf *out, struct imp_dcm_encoding encoding,
                 uint32_t tag, enum imp_dcm_vr vr, struct imp_span value,
                 struct imp_err *err);

/* The same of text, which is ASCII. */
bool imp_dcm_put_text(struct imp_buf *out, struct imp_dcm_encoding encoding,
                      uint32_t tag, enum imp_dcm_vr vr, const char *text,
                      struct imp_err *err);

/* Append an item of defined length around `elements`. */
bool imp_dcm_put_item(struct imp_buf *out, struct imp_dcm_encoding encoding,
                      struct imp_span elements, struct imp_err *err);

#endif
