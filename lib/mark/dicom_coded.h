/* dicom_coded.h - coded frames that are written anew, as marks and redaction do
 * it: the tables that say where frames are, and what is known of a JPEG frame.
 * One thread. */
#ifndef IMP_MARK_DICOM_CODED_H
#define IMP_MARK_DICOM_CODED_H

#include "dicom/image.h"
#include "image/jpeg_map.h"
#include "mark/dicom_patches.h"

/* Where the tables are in the input; empty: there is none. */
struct imp_dicom_tables {
    struct imp_dicom_table {
        struct imp_span was;
        size_t from; /* private: where it is in the patches' bytes */
    } offsets, lengths, basic;
};

/* Have each of them, of `frames` entries, replaced; with what _set says of each
 * frame. `in` is all of the input. IMP_ERR_DAMAGED if a table is of another
 * length; else as imp_dicom_patches_add. */
bool imp_dicom_tables_plan(struct imp_dicom_tables *t,
                           struct imp_dicom_patches *out, struct imp_span in,
                           uint32_t frames, struct imp_err *err);

/* Frame `i` now begins at `at`, from the first one, and has `length` bytes.
 * IMP_ERR_LIMIT if that is too far for the basic table. */
bool imp_dicom_tables_set(const struct imp_dicom_tables *t,
                          struct imp_dicom_patches *out, uint32_t i,
                          uint64_t at, uint64_t length, struct imp_err *err);

/* Map `frame`, JPEG of one frame of `image`; `cuts` clean it. The map has no
 * frame if it is not of 8 bits, sequential and coded by Huffman. False as for
 * imp_format_cut. */
bool imp_dicom_jpeg_map(const struct imp_dcm_image *image,
                        struct imp_span frame, struct imp_cutlist *cuts,
                        struct imp_jpeg_map *map, struct imp_err *err);

/* Is the frame that was mapped as large as the attributes say? IMP_ERR_DAMAGED.
 */
bool imp_dicom_jpeg_fits(const struct imp_dcm_image *image,
                         const struct imp_jpeg_map *map, struct imp_err *err);

#endif
