/* dicom_follow.h - private to dicom_frames*.c and dicom_ahead.c: following the
 * coded data of one JPEG frame to its end. */
#ifndef IMP_IMAGE_DICOM_FOLLOW_H
#define IMP_IMAGE_DICOM_FOLLOW_H

#include "dicom/image.h"
#include "image/cutlist.h"
#include "image/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_jpeg;

/* What is the same for all frames of an object. */
struct imp_dicom_follower {
    struct imp_span in;
    const struct imp_dcm_image *image;
    enum imp_check check;
    struct imp_jpeg *jpeg; /* memory for tables, zeros at first; a thread's */
};

/* What was found: bytes of the frame that become others, as many, in the order
 * of the input; zeros without `bytes`. Or why it cannot be followed. */
struct imp_dicom_followed {
    struct imp_patch *patch;
    size_t n_patch;
    struct imp_err err;
};

/* What all frames so far could take to be followed. */
struct imp_dicom_effort {
    uint64_t blocks, bytes;
};

/* Add that of a frame; IMP_ERR_LIMIT if it is beyond all reason, where a byte
 * may stand for thousands of blocks. */
bool imp_dicom_effort_add(struct imp_dicom_effort *sum,
                          const struct imp_dcm_image *image,
                          struct imp_span frame, struct imp_err *err);

/* The fragment behind the one that ends at `*at`, if there is one and no frame
 * begins with it: where its value is, and how long. */
bool imp_dicom_next_fragment(struct imp_span in, uint64_t *at, uint64_t *n);

/* Follow the frame whose first fragment's value is `n` bytes at `at`; its
 * effort goes to `sum`, or has been added if that is NULL. Memory of what is
 * found is that of `mem`. */
void imp_dicom_follow(const struct imp_dicom_follower *how, uint64_t at,
                      uint64_t n, struct imp_dicom_effort *sum,
                      struct imp_cutlist *mem, struct imp_dicom_followed *out);

#endif
