/* jpeg_stream.h - a JPEG stream inside another format: a TIFF strip or tile
 * (TIFF Technical Note 2).
 *
 * Same rules as for a JPEG file, by the same code: entropy-coded data and the
 * tables and parameters that it needs stay, every other segment goes. No part
 * of it is metadata of the picture: no EXIF and no ICC is kept. */
#ifndef IMP_IMAGE_JPEG_STREAM_H
#define IMP_IMAGE_JPEG_STREAM_H

#include "image/format.h"
#include "image/jpeg.h"
#include "image/jpeg_tables.h"

/* Emit the cuts for a table specification, once all streams are cut that share
 * it: the DQT and DHT that they use stay; `*any` tells whether there are any.
 * The list is started and finished here. IMP_ERR_DAMAGED if it is none. */
bool imp_jpeg_cut_spec(const struct imp_jpeg_spec *spec, struct imp_cutlist *cl,
                       bool *any, struct imp_err *err);

/* What the frame of a stream says of its picture. */
struct imp_jpeg_frame {
    uint32_t width, height;
    unsigned components, precision;
};

/* Emit the cuts for the stream `in`, which may leave out tables that `spec`
 * has. `j` is memory for it, zeros at first; streams of the same Huffman tables
 * are faster if they have the same. The list is started and finished here.
 * Errors name segment and offset within `in`; IMP_ERR_LIMIT if `spec` is larger
 * than tables make it. */
bool imp_jpeg_cut_stream(struct imp_span in, struct imp_jpeg_spec *spec,
                         struct imp_jpeg *j, enum imp_check check,
                         uint64_t max_pixels, struct imp_cutlist *cl,
                         struct imp_jpeg_frame *frame, struct imp_err *err);

#endif
