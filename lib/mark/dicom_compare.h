/* dicom_compare.h - how the pixels of a DICOM object differ from what was made
 * of it: imp_compare for the format "dicom". One thread. */
#ifndef IMP_MARK_DICOM_COMPARE_H
#define IMP_MARK_DICOM_COMPARE_H

#include "mark/compare.h"

/* Native pixels and those of RLE are compared one by one, JPEG of 8 bits by its
 * coefficients, frame by frame, other coded pixel data by its bytes, without
 * what is hidden among them. The bits of overlays that `made` has and `source`
 * has not count as changed pixels, wherever rectangles are. IMP_ERR_UNSUPPORTED
 * if a data set is deflated, or JPEG that is not the same byte for byte is of a
 * kind that is not read. */
bool imp_dicom_compare(struct imp_span source, struct imp_span made,
                       const struct imp_meant *meant,
                       struct imp_difference *out, struct imp_err *err);

#endif
