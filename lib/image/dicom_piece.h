/* dicom_piece.h - one fragment of pixel data being cut: what dicom_frames.c
 * shares with the codecs. */
#ifndef IMP_IMAGE_DICOM_PIECE_H
#define IMP_IMAGE_DICOM_PIECE_H

#include "image/dicom_frames.h"

/* The next byte to speak for is `p[at]`, of the whole input. */
struct imp_dicom_piece {
    struct imp_dicom_frames *frames;
    struct imp_dicom_coded *coded;
    const struct imp_dcm_reader *reader;
    const struct imp_dcm_event *event;
    struct imp_cutlist *cl;
    struct imp_err *err;
    const uint8_t *p;
    uint64_t at, end;
};

/* Cut one fragment, a codec each: from `at` to `end`, all of it. */
bool imp_dicom_cut_jpeg(struct imp_dicom_piece *piece);
bool imp_dicom_cut_jpeg2000(struct imp_dicom_piece *piece);
bool imp_dicom_cut_rle(struct imp_dicom_piece *piece);

/* A frame begins with this fragment: check that it may. */
bool imp_dicom_begin_frame(struct imp_dicom_piece *piece);

/* Speak for the next `n` bytes, which are there: what is needed to read the
 * picture, what is coded, what must go. Of the latter, zeros are kept; of what
 * is kept, patches of the frame become what they say. */
void imp_dicom_structure(struct imp_dicom_piece *piece, uint64_t n);
void imp_dicom_pixels(struct imp_dicom_piece *piece, uint64_t n);
void imp_dicom_hide(struct imp_dicom_piece *piece, uint64_t n,
                    enum imp_part_kind part, const char *what);

/* What is behind the end of a frame: one byte may make the length even. */
void imp_dicom_padding(struct imp_dicom_piece *piece, const char *what);

/* Take bytes of structure until `coded->head` has `n`; false if the fragment
 * ends before, and it goes on with the next one. */
bool imp_dicom_collect(struct imp_dicom_piece *piece, unsigned n);

/* Fail with the path of the fragment and an offset. */
bool imp_dicom_bad(struct imp_dicom_piece *piece, enum imp_code code,
                   const char *fmt, ...) IMP_PRINTF(3, 4);

/* A segment has been begun, of `n` bytes behind its length, which stay. Take
 * what the fragment has of them; once `coded->left` is 0, `coded->body` is all
 * of it. Memory is the list's. */
bool imp_dicom_begin_body(struct imp_dicom_piece *piece, uint32_t n);
bool imp_dicom_take_body(struct imp_dicom_piece *piece);

/* JPEG: follow the frame that begins at `at`, into `coded->followed`. */
void imp_dicom_walk_jpeg(struct imp_dicom_piece *piece);

/* Bits of a sample that are not stored, above and below its value. */
struct imp_dicom_unused {
    uint64_t above, below;
};

/* Those of the picture: none if it is not to be looked for them. */
bool imp_dicom_unused_bits(struct imp_dicom_piece *piece,
                           struct imp_dicom_unused *out);

/* One of them is `set`, or `unlike` the bit below it. In all of a picture each
 * must be 0; or, if it is signed, like the one below it, which makes them
 * copies of the sign. Else IMP_ERR_UNSUPPORTED. */
bool imp_dicom_check_unused(struct imp_dicom_piece *piece, bool set,
                            bool unlike);

/* The same of all those of `samples`, which are native. */
bool imp_dicom_check_samples(struct imp_dicom_piece *piece,
                             struct imp_span samples);

#endif
