/* image.h - the picture in a data set: PS3.3 C.7.6.3, PS3.5 8 and annex A.4.
 *
 * Looks at the attributes of the main data set and at the headers of what holds
 * its pixels, never at pixels. Any thread may call. */
#ifndef IMP_DICOM_IMAGE_H
#define IMP_DICOM_IMAGE_H

#include "base/bytes.h"
#include "dicom/syntax.h"

#include <stdbool.h>
#include <stdint.h>

/* (0028,0004); others are IMP_DCM_OTHER_COLOUR. */
enum imp_dcm_colour {
    IMP_DCM_OTHER_COLOUR = 0,
    IMP_DCM_MONOCHROME1,
    IMP_DCM_MONOCHROME2,
    IMP_DCM_PALETTE,
    IMP_DCM_RGB,
    IMP_DCM_YBR_FULL,
    IMP_DCM_YBR_FULL_422,
    IMP_DCM_YBR_PARTIAL_422,
    IMP_DCM_YBR_ICT,
    IMP_DCM_YBR_RCT,
};

enum {
    IMP_DCM_MAX_FRAGMENTS = 1 << 22, /* of an object; then IMP_ERR_LIMIT: what
                                        is allocated for each stays bounded */
};

struct imp_dcm_image {
    const struct imp_dcm_syntax *syntax;
    uint32_t rows, columns, samples;  /* 0: the attribute is missing or empty */
    uint32_t allocated, stored, high; /* bits: (0028,0100) to (0028,0102) */
    uint32_t frames;                  /* 1 if it does not say */
    bool is_signed, planar;
    enum imp_dcm_colour colour;
    /* (7FE0,0010) of the main data set; `pixels` is false if there is none. */
    bool pixels, encapsulated;
    uint64_t pixels_at; /* of its header */
    uint64_t value_at;  /* native: the value */
    uint64_t value;     /* native: bytes of it */
    bool swapped;       /* native, words of a big endian data set: samples of 8
                           bits and less stand in each pair of bytes the other
                           way round */
    uint32_t fragments; /* encapsulated: without the basic offset table */
    /* Bytes that the attributes say, uncompressed; 0 if they do not. In a 4:2:2
       colour (C.7.6.3.1.2) a native pixel has two samples, not three. */
    uint64_t all_size;   /* of all frames, without padding; a rest of less than
                            8 bits is a byte */
    uint64_t frame_size; /* of one frame; 0 too if it is not whole bytes and
                            there are more: they follow each other bit by bit
                            (PS3.5 8.1.1) */
};

/* Read the data set [data_at, the end) of `in`. IMP_ERR_DAMAGED if an attribute
 * is not what it must be (its VR or length, no number), twice there, if pixel
 * data is native in an encapsulated syntax or the other way round, or if there
 * are more frames than fragments, which only video may have. That an attribute
 * is missing is no error here. */
bool imp_dcm_image_read(struct imp_span in, uint64_t data_at,
                        const struct imp_dcm_syntax *syntax,
                        struct imp_dcm_image *image, struct imp_err *err);

/* A fragment of encapsulated pixel data: [at, at + 8 + length). */
struct imp_dcm_fragment {
    uint64_t at;
    uint32_t length;
};

/* Put the fragments of `image`, read from `in` and encapsulated, into `out`, an
 * array of image->fragments + 1: the basic offset table comes first. */
bool imp_dcm_fragments(struct imp_span in, const struct imp_dcm_image *image,
                       struct imp_dcm_fragment *out, struct imp_err *err);

/* The fragments that each frame has (PS3.5 A.4): `first[i]` is the index in
 * `fragment`, which _fragments filled, of the first one of frame i, and
 * `first[frames]` is the index behind the last one. One fragment a frame if
 * there are as many; all if there is one frame; else by the basic offset table.
 * IMP_ERR_DAMAGED if none of these tells, or the table contradicts;
 * IMP_ERR_UNSUPPORTED of video, whose frames are not in fragments of their
 * own. */
bool imp_dcm_frames(struct imp_span in, const struct imp_dcm_image *image,
                    const struct imp_dcm_fragment *fragment, uint32_t *first,
                    struct imp_err *err);

#endif
