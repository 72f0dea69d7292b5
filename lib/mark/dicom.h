/* dicom.h - a watermark in a DICOM object (PS3.10) that is de-identified: as an
 * overlay plane, which leaves all pixels alone, or on the pixels of each frame.
 *
 * Works on the object and its cut list, as the splice does: what does not
 * change is not copied, however large it is. */
#ifndef IMP_MARK_DICOM_H
#define IMP_MARK_DICOM_H

#include "mark/mark.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_dicom_marked {
    struct imp_mark_report report; /* "overlay"; "pixels": native ones; "splice"
                                      or "coefficients": JPEG. The area is the
                                      same in each frame */
    uint64_t at, length; /* of the overlay's elements in the output; 0 if there
                            are none. A policy that removes overlays would
                            remove this one, too: what checks the output has to
                            know */
};

/* Draw the mark as the spec's `dicom` says. `cuts` is the finished list of
 * `in`, a whole file; what pixel data it keeps must be in its place. `out`
 * (started and finished here) is that list with the mark; it borrows names from
 * `cuts`.
 *
 * An overlay (PS3.3 C.9.2) has a bit for each pixel of each frame, as viewers
 * show one frame's overlay on that frame alone; a set bit is text that covers
 * half of the pixel or more. It is drawn in the viewer's colour: backing,
 * opacity and colour have no effect. Of an image it is the lighter half. It
 * takes the first group from 6000 to 601E of which nothing is kept.
 *
 * On pixels: native ones of 8 and 16 bits allocated, of MONOCHROME1 and 2, RGB,
 * YBR_FULL and PALETTE COLOR, whose table stays as it is: the nearest entry is
 * taken. Grey beyond 8 bits has no white of its own (see imp_raster_measure):
 * black and white are the ends of the first window (C.11.2.1.2), or without one
 * the lowest and the highest value of each frame, padding aside. JPEG of 8
 * bits, sequential and by Huffman codes, is spliced frame by frame, or, if its
 * tables lack a code, its coefficients are coded anew; offset tables are put
 * right.
 *
 * False with `err`, as for imp_marker_apply: IMP_ERR_UNSUPPORTED also for an
 * object without rows, columns and pixel data, for a deflated one, for video,
 * and if `cuts` have changed pixels under the mark. */
bool imp_marker_dicom(struct imp_marker *m, struct imp_pen *pen,
                      struct imp_span in, const struct imp_cutlist *cuts,
                      const struct imp_mark_input *input,
                      struct imp_cutlist *out, struct imp_dicom_marked *marked,
                      struct imp_err *err);

/* Where in `in`, a whole object, such an overlay is: elements as this writes
 * them for its picture, but for the bits, which may be any, as pixels may.
 * `*length` is 0 if there is none; of several it is the first, as a run leaves
 * no other. False with `err` if `in` cannot be read. */
bool imp_dicom_find_mark(struct imp_span in, uint64_t *at, uint64_t *length,
                         struct imp_err *err);

#endif
