/* compare.h - how an image differs from what was made of it: for the proof that
 * a mark has changed nothing but what lies under it. One thread. */
#ifndef IMP_MARK_COMPARE_H
#define IMP_MARK_COMPARE_H

#include "base/area.h"
#include "base/bytes.h"
#include "mark/rect.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_difference {
    const char *unit; /* "blocks" of 8 x 8 samples, "pixels" */
    uint64_t units;   /* of all components, or pages and frames */
    uint64_t changed; /* that differ */
    uint64_t outside; /* of these, how many have no part in what is meant */
    bool another;     /* size, colours, sampling, quantisation, kind of pixel,
                         timing or number of pages differ: nothing was counted
                       */
};

/* Where changes are meant to be: in a mark's area, and in rectangles that were
 * redacted, as redact.h does it. `{0}`: nowhere. */
struct imp_meant {
    struct imp_area mark;
    const struct imp_rect *rect; /* borrowed */
    size_t n;
};

/* Pixels of all pages that are compared at most: what it costs in memory is up
 * to 12 bytes for each. */
#define IMP_COMPARE_PIXELS UINT64_C(500000000)

/* Pages and frames that are compared at most. */
#define IMP_COMPARE_PAGES 1000

/* Compare two whole files of the format ("jpeg", ...): JPEG coefficient by
 * coefficient, DICOM as dicom_compare.h says, others pixel by pixel, which
 * loads the pixel library. Of HEIF
 * and AVIF, which are compared as RGB and upright, pixels up to 2 beside the
 * area have part in it: as many share a chroma sample with it, or are
 * interpolated from one that does. Metadata does not count. False with `err`:
 * IMP_ERR_DAMAGED if one is not read, or not all of its pages and frames, or
 * the area does not lie in the picture; IMP_ERR_LIMIT, IMP_ERR_UNSUPPORTED if
 * there is no decoder for it, IMP_ERR_CONFIG, IMP_ERR_MEMORY. */
bool imp_compare(const char *format, struct imp_span source,
                 struct imp_span made, const struct imp_area *area,
                 struct imp_difference *out, struct imp_err *err);

/* For its files: imp_compare of JPEG. */
bool imp_compare_jpeg(struct imp_span source, struct imp_span made,
                      const struct imp_meant *meant, struct imp_difference *out,
                      struct imp_err *err);

/* For its files: has what is meant a pixel in the columns [left, right) and the
 * rows [top, bottom)? Rectangles take units of so many pixels each way whole.
 */
bool imp_meant_has(const struct imp_meant *meant, uint64_t left, uint64_t top,
                   uint64_t right, uint64_t bottom, uint32_t unit_width,
                   uint32_t unit_height);

/* For its files: may a picture of this size be compared, and is the area
 * inside?
 */
bool imp_compare_fits(uint32_t width, uint32_t height, uint32_t pages,
                      const struct imp_area *area, struct imp_err *err);

#endif
