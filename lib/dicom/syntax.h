/* syntax.h - transfer syntaxes: PS3.6 Table A-1, retired ones included, as
 * objects still have them. Constant data: any thread may call. */
#ifndef IMP_DICOM_SYNTAX_H
#define IMP_DICOM_SYNTAX_H

#include "base/bytes.h"

#include <stdbool.h>

/* How elements are written: PS3.5 7.1 and 7.3. */
struct imp_dcm_encoding {
    bool explicit_vr;
    bool big;
};

/* What the pixel data is. */
enum imp_dcm_codec {
    IMP_DCM_NATIVE = 0,     /* PS3.5 8.1; in one fragment per frame if
                               encapsulated (A.4.11) */
    IMP_DCM_RLE,            /* annex G */
    IMP_DCM_JPEG_BASELINE,  /* ISO 10918-1, sequential, 8 bit */
    IMP_DCM_JPEG_EXTENDED,  /* the other lossy processes */
    IMP_DCM_JPEG_LOSSLESS,  /* processes 14, 15, 28, 29 */
    IMP_DCM_JPEG_LS,        /* ISO 14495-1 */
    IMP_DCM_JPEG_2000,      /* ISO 15444-1 and -2 */
    IMP_DCM_HTJ2K,          /* ISO 15444-15 */
    IMP_DCM_JPEG_XL,        /* ISO 18181 */
    IMP_DCM_MPEG,           /* MPEG-2, H.264, HEVC */
    IMP_DCM_DEFLATED_FRAME, /* RFC 1951, frame by frame */
    IMP_DCM_SMPTE,          /* ST 2110: streams, not in files */
    IMP_DCM_REFERENCED,     /* JPIP: a URL instead of pixels */
    IMP_DCM_NOT_DICOM,      /* MIME and XML: not a data set as in PS3.5 */
};

struct imp_dcm_syntax {
    const char *uid;
    const char *name; /* as in PS3.6, shortened */
    struct imp_dcm_encoding encoding;
    bool deflated;     /* the data set, not the meta group, is one deflate
                          stream: A.5 */
    bool encapsulated; /* the pixel data of the main data set is in fragments:
                          A.4 */
    enum imp_dcm_codec codec;
    bool retired;
};

/* By the value of (0002,0010): spaces and NULs at its end do not count. NULL if
 * it is none of PS3.6: private ones, and those of later editions. */
const struct imp_dcm_syntax *imp_dcm_syntax_of(struct imp_span uid);

/* Of a file that names none: implicit and explicit little endian, explicit big
 * endian. NULL for the other one, which PS3.5 never had. */
const struct imp_dcm_syntax *imp_dcm_syntax_plain(struct imp_dcm_encoding how);

/* Row `i`; NULL behind the last. */
const struct imp_dcm_syntax *imp_dcm_syntax_row(size_t i);

#endif
