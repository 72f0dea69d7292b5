/* redact.h - rectangles of a DICOM picture blacked out, in every frame.
 *
 * Native pixel data, RLE, and JPEG of 8 bits, whose blocks become black in
 * whole, with all that share a minimum coded unit; what lies outside keeps its
 * pixels, and in JPEG its very bits. Black is what is seen as such: the lowest
 * value, of MONOCHROME1 the highest, the darkest entry of a palette.
 *
 * Says what is to be changed, as patches to the list that cuts the rest of the
 * object (imp_cutlist_patch). One object, one thread. */
#ifndef IMP_MARK_REDACT_H
#define IMP_MARK_REDACT_H

#include "dicom/image.h"
#include "image/cutlist.h"
#include "mark/dicom_patches.h"
#include "mark/rect.h"

#include <stdbool.h>
#include <stdint.h>

enum { IMP_REDACT_RECTS = 256 }; /* for one picture */

/* Make `patches`, in the order of the input, for `image`, read from the data
 * set at `data_at` of `in`. Rectangles are those of the picture as it is
 * stored. Each lies within what the list of a handler keeps that cuts pixel
 * data by dicom_frames.h, and all of that list must keep it. Rectangles that
 * reach beyond the picture are clipped.
 *
 * IMP_ERR_UNSUPPORTED if it is not of a kind that can be redacted, or a
 * rectangle is not in it; IMP_ERR_DAMAGED; IMP_ERR_LIMIT if that would take too
 * much memory; IMP_ERR_MEMORY. */
bool imp_redact(struct imp_dicom_patches *patches, struct imp_span in,
                uint64_t data_at, const struct imp_dcm_image *image,
                const struct imp_rect *rect, size_t n, struct imp_err *err);

/* The name of what goes and of what comes in its place. */
#define IMP_REDACTED "redacted pixels"

/* Make `out` (started and finished here) do what `cuts`, the finished list of
 * `in`, a whole DICOM file, does, and black out the rectangles besides; it
 * borrows names from `cuts`. False as for imp_redact; IMP_ERR_UNSUPPORTED also
 * if the data set is deflated, or `cuts` do not keep the pixel data. */
bool imp_redact_cuts(struct imp_dicom_patches *patches, struct imp_span in,
                     const struct imp_cutlist *cuts,
                     const struct imp_rect *rect, size_t n,
                     struct imp_cutlist *out, struct imp_err *err);

#endif
