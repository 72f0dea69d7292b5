/* dicom_frames.h - what is hidden in pixel data, taken out without touching a
 * pixel.
 *
 * Each frame of encapsulated pixel data (PS3.5 A.4) is a file of its own: with
 * comments, application segments, tables that nothing uses, bytes behind its
 * end. These become zeros, or a comment of zeros, so that its length and all
 * offsets stay as they are; of native pixel data the same becomes of bytes that
 * no frame has.
 *
 * Coded data is looked through for markers, at any `check`. At IMP_CHECK_CODED
 * that of JPEG, but for JPEG-LS, and of RLE is followed to its end, so that
 * what is behind that goes, too, and the bits of native and RLE samples that
 * are not stored must be empty. In JPEG-LS and JPEG 2000 bytes stay that lie
 * between the end of coded data and the next marker.
 *
 * Parts of kind IMP_PART_CODED hold pixels or coded data alone, so that the
 * output can be checked again with zeros in place of them. One object, one
 * thread; of a large object of JPEG frames a second one helps to follow them.
 */
#ifndef IMP_IMAGE_DICOM_FRAMES_H
#define IMP_IMAGE_DICOM_FRAMES_H

#include "dicom/image.h"
#include "dicom/reader.h"
#include "image/cutlist.h"
#include "image/dicom_follow.h"
#include "image/format.h"

#include <stdbool.h>

/* Private to dicom_frames*.c: lengths of tile-parts that JPEG 2000 tells in
 * advance. */
struct imp_dicom_tlm {
    struct imp_dicom_tlm *next;
    const uint8_t *p;     /* `left` entries, */
    size_t left;          /* of a tile's number */
    uint8_t tile, length; /* and a length, of so many bytes */
};

/* Private to dicom_frames*.c: what the headers of a JPEG 2000 frame say. */
struct imp_dicom_j2k {
    uint32_t components;
    bool in_tile, styled, quantised; /* the header is a tile-part's; there was a
                                        COD, a QCD */
    uint8_t seen;                    /* segments of this header */
    uint64_t coc, qcc, rgn;          /* components with such a segment in it */
    uint32_t levels, steps; /* at most, of decomposition, of quantisation */
    struct imp_dicom_tlm *tlm, *last_tlm;
    unsigned n_tlm, n_plt; /* segments */
    uint64_t packets;      /* bytes of this tile-part's, as told so far */
    uint64_t packet;       /* of the one whose length is being told */
    bool in_packet;
};

/* Private to dicom_frames*.c: how far the coded data of a frame has been
 * followed, from fragment to fragment. */
struct imp_dicom_coded {
    uint8_t state;    /* of the codec's own; 0: between frames */
    uint8_t marker;   /* of the segment that has been begun */
    uint8_t head[12]; /* its first bytes, or those of a marker */
    unsigned have;    /* of them */
    uint64_t left;    /* bytes of the segment, or of coded data, to come */
    uint8_t *joined;  /* a segment that is parted by the end of a fragment */
    struct imp_span body; /* of the segment, once it is whole */
    bool framed, scanned; /* there was a frame header, a scan */
    bool jpeg_ls;
    uint64_t tile;   /* JPEG 2000: bytes of the tile-part to come */
    bool tile_known; /* it has a length */
    struct imp_dicom_j2k j2k;
    struct imp_dicom_followed followed; /* JPEG */
    size_t patched;                     /* of its patches */
};

/* So long must the rest of an object be for a second thread to help. */
#define IMP_DICOM_SHARED_FROM (UINT64_C(32) << 20)

struct imp_dicom_ahead;

struct imp_dicom_frames {
    const struct imp_dcm_image *image;
    enum imp_check check;
    struct imp_span basic, extended, lengths; /* tables of offsets */
    uint64_t first;                           /* where the first fragment is */
    uint32_t begun;                           /* frames */
    bool set, unlike; /* bits that are not stored: one is not 0, or not like
                         the one below it */
    /* Of JPEG frames that are followed: */
    struct imp_dicom_effort effort;
    struct imp_jpeg *jpeg; /* memory of the list */
    uint64_t shared_from;
    struct imp_dicom_ahead *ahead; /* NULL: one thread is enough */
    struct imp_dicom_coded coded;
};

/* `image` was read from the data set to be cut, and must stay. */
void imp_dicom_frames_start(struct imp_dicom_frames *f,
                            const struct imp_dcm_image *image,
                            enum imp_check check);

/* Behind the last cut, and also when that has failed. */
void imp_dicom_frames_end(struct imp_dicom_frames *f);

/* Is this event one of those that _cut is for: pixel data, its fragments and
 * end, and its tables of offsets? Where they lie does not matter. */
bool imp_dicom_frames_has(const struct imp_dcm_event *e);

/* Emit the cuts for the event, which `reader` has told, and which stays. Each
 * such event of the data set must come here, in their order.
 *
 * IMP_ERR_DAMAGED if the frames are not what the picture's attributes and the
 * tables of offsets say: their number, rows, columns, samples, their end, or
 * coded data that is followed is not valid. IMP_ERR_LIMIT if following it
 * would take too long. IMP_ERR_UNSUPPORTED of video, JPEG
 * XL and deflated frames, which are not looked into, of files in a place of
 * codestreams (JP2), and of pixel data in a sequence. */
bool imp_dicom_frames_cut(struct imp_dicom_frames *f,
                          const struct imp_dcm_reader *reader,
                          const struct imp_dcm_event *e, struct imp_cutlist *cl,
                          struct imp_err *err);

#endif
