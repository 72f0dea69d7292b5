/* dicom_ahead.h - private to dicom_frames*.c: the JPEG frames of a large object
 * are followed by two threads.
 *
 * To follow coded data takes longer than all the rest, and frames have nothing
 * to do with each other. A helper follows those that come next; whoever cuts
 * the object takes, in their order, what it has found, and follows others of
 * them instead of waiting. What comes out is what one thread would find. */
#ifndef IMP_IMAGE_DICOM_AHEAD_H
#define IMP_IMAGE_DICOM_AHEAD_H

#include "image/dicom_follow.h"

struct imp_dicom_ahead; /* opaque */

/* Start a helper at the frame whose first fragment's value is at `at`. It adds
 * to `sum`, until _take says for the first time that a frame is the caller's:
 * from then on the caller does, and the helper has nothing to do. NULL without
 * memory or a thread: the caller goes alone. */
struct imp_dicom_ahead *
imp_dicom_ahead_start(const struct imp_dicom_follower *how,
                      struct imp_dicom_effort *sum, uint64_t at);

/* What was found in the frame at `at`; memory is that of `mem`. False: it is in
 * several fragments, or behind such a frame, and is the caller's to follow. */
bool imp_dicom_ahead_take(struct imp_dicom_ahead *a, uint64_t at,
                          struct imp_cutlist *mem,
                          struct imp_dicom_followed *out);

/* Ends when the helper has done with its frame. NULL is fine. */
void imp_dicom_ahead_end(struct imp_dicom_ahead *a);

#endif
