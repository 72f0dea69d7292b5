/* pixels.h - the seam between the program and lib/imgpipe/pixels.so, which has
 * libvips, Pango, fontconfig and encoders behind it.
 *
 * The shared object exports imp_pixels_get and nothing else. */
#ifndef IMP_MARK_PIXELS_H
#define IMP_MARK_PIXELS_H

#include "base/bytes.h"
#include "mark/blend.h"
#include "mark/carrier.h"
#include "mark/compare.h"
#include "mark/ink.h"
#include "mark/planes.h"

#include <stdbool.h>
#include <stdint.h>

/* Raised with every change of what is declared here. */
#define IMP_PIXELS_VERSION 10

struct imp_picture; /* opaque: a decoded picture */
struct imp_logo;    /* opaque: a mark that is an image */

/* One coded picture of a HEIF file. */
struct imp_coded {
    const char *type;             /* of its item: "hvc1" or "av01" */
    struct imp_span config, data; /* body of its hvcC or av1C box; its bytes */
    uint32_t width, height;       /* as the file has it */
};

/* Any thread may call any of these. */
struct imp_pixels {
    unsigned version; /* stays first */

    /* Draw UTF-8 text literally, `line` pixels high a line, in `font` (NULL:
     * the default; see struct imp_mark_spec) and turned by `angle` degrees
     * counter-clockwise, into `mask` (empty), cropped to its ink.
     * IMP_ERR_CONFIG if it is not UTF-8 or has no ink. */
    bool (*draw_text)(const char *text, uint32_t line, const char *font,
                      double angle, struct imp_mask *mask, struct imp_err *err);

    /* Read a PNG file of any kind, to be drawn as a mark; it is converted to
     * sRGB. NULL with IMP_ERR_CONFIG, _MEMORY. */
    struct imp_logo *(*load_logo)(struct imp_span png, struct imp_err *err);
    void (*free_logo)(struct imp_logo *logo); /* NULL is fine */

    /* Draw it into `ink` (empty): `height` pixels high, then turned by `angle`
     * degrees counter-clockwise; text and colours, no outline. */
    bool (*draw_logo)(const struct imp_logo *logo, uint32_t height,
                      double angle, struct imp_ink *ink, struct imp_err *err);

    /* Convert `n` sRGB colours to those of an ICC profile of RGB, relative to
     * its white. IMP_ERR_UNSUPPORTED if that profile does not do. */
    bool (*to_profile)(struct imp_span profile, uint8_t *rgb, size_t n,
                       struct imp_err *err);

    /* Decode `file` (of a TIFF, the first page; of a WebP, the chunks of one
     * frame, its alpha before its image) into memory that may be written to and
     * belongs to the picture. NULL with IMP_ERR_DAMAGED, _UNSUPPORTED or
     * _MEMORY. `file` may go away afterwards.
     */
    struct imp_picture *(*decode)(const char *format, struct imp_span file,
                                  struct imp_raster *raster,
                                  struct imp_err *err);

    /* Code the picture, which is as drawn on by now, into a whole file of its
     * format, appended to `out`. IMP_ERR_UNSUPPORTED if the encoder cannot. */
    bool (*encode)(struct imp_picture *picture, const struct imp_coding *coding,
                   struct imp_buf *out, struct imp_err *err);

    /* Decode into `out` (overwritten; cleared on failure). IMP_ERR_DAMAGED if
     * it is not of the size that the file says, or does not decode without a
     * warning; IMP_ERR_UNSUPPORTED, _LIMIT, _MEMORY. */
    bool (*decode_planes)(const struct imp_coded *coded, struct imp_planes *out,
                          struct imp_err *err);

    /* Code the planes as `type`, meant to be without loss, into a HEIF file
     * that has this one picture, appended to `out`. IMP_ERR_UNSUPPORTED if
     * there is no encoder, or not for such a picture; IMP_ERR_MEMORY. */
    bool (*encode_planes)(const struct imp_planes *planes, const char *type,
                          struct imp_buf *out, struct imp_err *err);

    /* See imp_compare; page by page. `made` has `frames` of them:
     * IMP_ERR_UNSUPPORTED if not all are decoded. */
    bool (*compare)(const char *format, struct imp_span source,
                    struct imp_span made, uint64_t frames,
                    const struct imp_area *area, struct imp_difference *out,
                    struct imp_err *err);

    /* NULL is fine. */
    void (*free)(struct imp_picture *picture);
};

/* Sets libvips up on the first call; NULL with IMP_ERR_CONFIG if it fails. */
typedef const struct imp_pixels *imp_pixels_get_fn(struct imp_err *err);
#define IMP_PIXELS_SYMBOL "imp_pixels_get"

/* Load ../lib/imgpipe/pixels.so as seen from the program's own directory; it
 * stays loaded. Not from two threads at once. NULL with IMP_ERR_CONFIG. */
const struct imp_pixels *imp_pixels_load(struct imp_err *err);

#endif
