/* heif_shape.h - what a HEIF file shows, as far as a mark can be drawn on it:
 * one still picture, of one coded image or of a grid of them. One thread. */
#ifndef IMP_MARK_HEIF_SHAPE_H
#define IMP_MARK_HEIF_SHAPE_H

#include "image/heif.h"
#include "mark/pixels.h"

/* Its own memory for the arrays of `h`. */
struct imp_heif_file {
    struct imp_editor editor; /* lets EXIF and profiles stay */
    struct imp_job_image image;
    struct imp_cutlist cuts;
    struct imp_heif h;
};

/* Read the boxes of `in`, to be closed in any case. `swaps` may be NULL. Not to
 * be moved in memory. */
bool imp_heif_file_open(struct imp_heif_file *f, struct imp_span in,
                        const struct imp_heif_swaps *swaps,
                        struct imp_err *err);
void imp_heif_file_close(struct imp_heif_file *f);

/* An image, laid out as it is stored. */
struct imp_heif_still {
    uint32_t id;
    uint32_t width, height;
    const struct imp_heif_item **tile; /* row by row; in the file's memory */
    uint32_t columns, rows;
    uint32_t tile_width, tile_height;
    /* What is shown of it (clap), and how that is turned (irot, imir), as an
     * EXIF orientation. */
    uint32_t left, top, shown_width, shown_height;
    unsigned orientation;
};

/* The one picture of the file, and its alpha, whose `id` is 0 if there is none.
 * IMP_ERR_UNSUPPORTED, naming what is in the way, IMP_ERR_DAMAGED. */
bool imp_heif_shape_of(struct imp_heif *h, struct imp_heif_still *picture,
                       struct imp_heif_still *alpha, struct imp_err *err);

/* A tile's bytes and parameters. */
bool imp_heif_coded_of(const struct imp_heif *h,
                       const struct imp_heif_item *item, struct imp_coded *out,
                       struct imp_err *err);

/* Colour, if the file itself says it of the picture (colr, nclx). */
bool imp_heif_cicp_of(const struct imp_heif *h,
                      const struct imp_heif_still *picture,
                      struct imp_cicp *out);

#endif
