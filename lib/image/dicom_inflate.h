/* dicom_inflate.h - a deflated data set, PS3.5 A.5, inflated. */
#ifndef IMP_IMAGE_DICOM_INFLATE_H
#define IMP_IMAGE_DICOM_INFLATE_H

#include "base/bytes.h"

#include <stdbool.h>

/* Inflate the stream (RFC 1951, no header) at `at` of `in`, not behind its end,
 * into `out`, emptied first; `*end` is behind it. IMP_ERR_LIMIT, before memory
 * is taken, if it is more than `max` bytes; IMP_ERR_DAMAGED if the stream is,
 * or does not end. Any thread. */
bool imp_dicom_inflate(struct imp_span in, uint64_t at, uint64_t max,
                       struct imp_buf *out, uint64_t *end, struct imp_err *err);

#endif
