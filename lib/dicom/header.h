/* header.h - the header of one element: tag, VR, length (PS3.5 7.1).
 *
 * Looks at 12 bytes at most. Any thread may call. */
#ifndef IMP_DICOM_HEADER_H
#define IMP_DICOM_HEADER_H

#include "base/bytes.h"
#include "dicom/syntax.h"
#include "dicom/tag.h"
#include "dicom/vr.h"

#define IMP_DCM_UNDEFINED UINT32_C(0xFFFFFFFF)

struct imp_dcm_header {
    uint32_t tag;
    enum imp_dcm_vr written; /* IMP_DCM_NONE: implicit VR, items, delimiters */
    enum imp_dcm_vr vr;      /* as it is meant: as written; that of the
                                dictionary if none or UN is written (PS3.5
                                6.2.2); UN if that has none either */
    uint32_t size;           /* of the header: 8 or 12 bytes */
    uint32_t length;         /* of the value, or IMP_DCM_UNDEFINED */
};

/* Read the header at `at`, which is not behind `end`, nor `end` behind `in`.
 * NULL, or what is wrong with it: it leaves `end`, or its VR is not one of
 * PS3.5. `tag` is set if four bytes are there; it is 0 if not. */
const char *imp_dcm_header_read(struct imp_span in, uint64_t at, uint64_t end,
                                struct imp_dcm_encoding encoding,
                                struct imp_dcm_header *h);

#endif
