/* webp.h - where the coded data of a WebP frame ends.
 *
 * RFC 9649; VP8 is RFC 6386. The container tells how long a chunk is, not how
 * much of it the picture needs: what lies behind that is a hiding place. */
#ifndef IMP_IMAGE_WEBP_H
#define IMP_IMAGE_WEBP_H

#include "base/bytes.h"
#include "image/webp_chunk.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 6386 9.5: the first partition, and up to eight of coefficients. */
#define IMP_VP8_PARTITIONS 9

/* A frame: its payloads, without chunk headers. */
struct imp_webp_frame {
    struct imp_span alpha; /* of ALPH; empty if there is none */
    struct imp_span image; /* of VP8 or VP8L */
    bool lossless;
    uint32_t width, height;
};

/* The ranges of the image payload, and how much of each is needed. VP8L is one;
 * of VP8 each partition is one: the first behind `head` bytes, then a table of
 * 3 bytes for each of the others but the last, then those. */
struct imp_webp_ends {
    size_t alpha; /* of its bytes are needed */
    size_t head;  /* VP8: of the frame header; VP8L: 0 */
    unsigned n;
    size_t length[IMP_VP8_PARTITIONS], needed[IMP_VP8_PARTITIONS];
};

/* Width and height from the payload's own header; IMP_ERR_DAMAGED. */
bool imp_webp_read_size(struct imp_webp_frame *f, struct imp_err *err);

/* Is it as large as its place, and that within the canvas? */
bool imp_webp_frame_fits(const struct imp_webp_frame *f,
                         const struct imp_webp_place *p, uint32_t width,
                         uint32_t height);

/* The partitions as their header has them, all of each being needed.
 * IMP_ERR_DAMAGED if they do not fit the payload. */
bool imp_webp_partitions(const struct imp_webp_frame *f,
                         struct imp_webp_ends *ends, struct imp_err *err);

/* Decode the frame to nowhere through libwebp, IMP_ERR_DAMAGED if it does not,
 * and find how much of each range it needs: a few bytes more than that, which
 * encoders write, count as needed. Memory: that of libwebp for the frame, which
 * the caller has held against its limits. `scratch` is emptied. */
bool imp_webp_find_ends(const struct imp_webp_frame *f,
                        struct imp_webp_ends *ends, struct imp_buf *scratch,
                        struct imp_err *err);

/* How long the image payload is with the ranges as long as `needed`. */
size_t imp_webp_image_length(const struct imp_webp_ends *ends);

/* VP8 only: the first `head` bytes of the payload, and the 3 * (n - 2) bytes of
 * partition sizes behind the first partition, for ranges as long as `needed`.
 */
void imp_webp_new_head(const struct imp_webp_frame *f,
                       const struct imp_webp_ends *ends, uint8_t *out);
void imp_webp_new_sizes(const struct imp_webp_ends *ends, uint8_t *out);

#define IMP_WEBP_HEAD_MAX 16 /* of `head` */

#endif
