/* redact_internal.h - what redact.c shares with the kinds of pixel data. */
#ifndef IMP_MARK_REDACT_INTERNAL_H
#define IMP_MARK_REDACT_INTERNAL_H

#include "mark/redact.h"

/* Columns [left, right) of a row. */
struct imp_redact_span {
    uint32_t left, right;
};

struct imp_redact_job {
    struct imp_dicom_patches *out;
    struct imp_span in;
    uint64_t data_at;
    const struct imp_dcm_image *image;
    struct imp_rect rect[IMP_REDACT_RECTS]; /* within the picture */
    size_t n;
    uint32_t black[3]; /* by sample, of image->allocated bits */
    unsigned bytes;    /* of a sample */
    struct imp_err *err;
};

/* The elements of the main data set that matter here; empty if missing. */
struct imp_redact_elements {
    struct imp_span palette[3], entries[3]; /* red, green, blue */
    struct imp_span offsets, lengths;       /* (7FE0,0001), (7FE0,0002) */
};
bool imp_redact_find(const struct imp_redact_job *job,
                     struct imp_redact_elements *out);

/* Fill in `black` and `bytes`; IMP_ERR_UNSUPPORTED. */
bool imp_redact_black(struct imp_redact_job *job,
                      const struct imp_redact_elements *elements);

/* What of row `y` goes, from left to right and without overlaps: at most as
 * many as there are rectangles. */
size_t imp_redact_row(const struct imp_redact_job *job, uint32_t y,
                      struct imp_redact_span out[IMP_REDACT_RECTS]);

/* Replace `length` bytes at `at` by `n` of out->bytes, from `from` on. Patches
 * come in the order of the input. IMP_ERR_LIMIT, IMP_ERR_MEMORY. */
bool imp_redact_patch(struct imp_redact_job *job, uint64_t at, uint64_t length,
                      size_t from, size_t n);

/* The patches of native pixel data. */
bool imp_redact_native(struct imp_redact_job *job);

/* The patches of one frame, whose coded data is `frame` of the input; and by
 * how many bytes it grows, so that its length is even. */
bool imp_redact_rle(struct imp_redact_job *job, struct imp_span frame,
                    int64_t *grows);

/* The same, for which memory is kept from frame to frame. */
struct imp_redact_jpeg;
struct imp_redact_jpeg *imp_redact_jpeg_new(struct imp_redact_job *job);
void imp_redact_jpeg_free(struct imp_redact_jpeg *j); /* NULL is fine */
bool imp_redact_jpeg(struct imp_redact_jpeg *j, struct imp_span frame,
                     int64_t *grows);

#endif
