/* mark.h - draws a watermark onto an image that is already de-identified.
 *
 * What decodes pixels (libvips, Pango) lives in a shared object beside the
 * program and is loaded by imp_marker_new: a run without a mark does not pay
 * for it. A marker is made once per run, before the workers start; any thread
 * may call imp_marker_apply then.
 *
 * The same image, spec and values give the same bytes. Outside the mark's
 * rectangle a PNG, GIF, TIFF or WebP keeps every pixel, and outside of the
 * blocks that have ink a JPEG keeps every coefficient. HEIF and AVIF keep all
 * samples that have no pixel under ink: luma is the same beside it, but a
 * chroma sample is shared by up to 2 x 2 pixels, and a reader interpolates
 * chroma. */
#ifndef IMP_MARK_MARK_H
#define IMP_MARK_MARK_H

#include "base/area.h"
#include "base/bytes.h"
#include "base/template.h"
#include "image/cutlist.h"
#include "mark/ink.h"

#include <stdbool.h>
#include <stdint.h>

enum imp_gravity {
    IMP_NORTH_WEST,
    IMP_NORTH,
    IMP_NORTH_EAST,
    IMP_WEST,
    IMP_CENTRE,
    IMP_EAST,
    IMP_SOUTH_WEST,
    IMP_SOUTH,
    IMP_SOUTH_EAST,
};

/* A length in pixels, or in percent of the picture's side that it runs along:
 * x of the width, y of the height. */
struct imp_measure {
    double value;
    bool percent;
};

/* Where the mark goes, as the viewer sees the upright picture. */
struct imp_mark_place {
    enum { IMP_BY_GRAVITY, IMP_BY_XY, IMP_TILED } by;
    enum imp_gravity gravity; /* a margin away from the sides that it touches */
    struct imp_measure x, y;  /* of the mark's upper left corner; moved as far
                                 as needed to have all of it in the picture */
};

/* What is marked of a DICOM object. */
enum imp_dicom_mark {
    IMP_DICOM_OVERLAY, /* an overlay plane; pixels stay as they are */
    IMP_DICOM_PIXELS,
};

struct imp_mark_spec {
    struct imp_span
        image;        /* a PNG file, in whose own colours it is drawn; or
                         empty, for the text. Borrowed until _new returns */
    const char *text; /* a template; borrowed until _new returns. UTF-8, drawn
                         as it stands; a line feed starts a new line, other
                         control characters are refused */
    struct imp_more_fields fields; /* that the template may use; the same */
    struct imp_mark_place place;
    struct imp_measure margin;  /* by gravity or tiled: of the shorter side */
    struct imp_measure spacing; /* tiled: between two, of the shorter side */
    double angle;   /* degrees that the text is turned, counter-clockwise */
    double scale;   /* height of a line of text, or of the image : the shorter
                       side, 0.005..1 */
    double opacity; /* 0 < opacity <= 1 */
    uint8_t rgb[3]; /* sRGB; the backing is black or white, whichever
                       contrasts */
    enum imp_backing backing;
    const char *font;    /* as Pango has it, without a size: "Noto Sans Bold";
                            NULL: DejaVu Sans Bold. Borrowed as the text is */
    uint64_t max_pixels; /* of a picture, before any is decoded */
    enum imp_dicom_mark dicom;
};

/* The defaults: no text, south-east, 4 %, 70 %, white, with an outline,
 * upright, margin 2 %, spacing 10 %, 500 million pixels, overlays. */
struct imp_mark_spec imp_mark_spec_default(void);

/* Accepted forms: "south-east" ... "centre" ("center" too), or "X,Y", each of
 * them a measure. IMP_ERR_CONFIG names them. */
bool imp_mark_place_parse(const char *text, struct imp_mark_place *out,
                          struct imp_err *err);

/* A number of pixels ("120") or percent ("5%", up to 100); else IMP_ERR_CONFIG.
 */
bool imp_mark_measure_parse(const char *text, struct imp_measure *out,
                            struct imp_err *err);

/* "#rrggbb", "white", "black", "grey" ("gray"), "red", "orange", "yellow",
 * "green", "cyan", "blue" or "magenta"; else IMP_ERR_CONFIG. */
bool imp_mark_colour_parse(const char *text, uint8_t rgb[3],
                           struct imp_err *err);

/* What an image tells its mark. */
struct imp_mark_input {
    struct imp_values values; /* for the template */
    struct imp_span profile; /* its ICC profile, to which the mark's colours are
                                converted if it is one of RGB; empty: sRGB */
};

struct imp_marker; /* opaque */

/* Check the spec, load the pixel library and draw the text once, so that a
 * text without ink or a missing font shows before the first image. NULL, with
 * `err` (IMP_ERR_CONFIG, IMP_ERR_MEMORY), if any of it fails. */
struct imp_marker *imp_marker_new(const struct imp_mark_spec *spec,
                                  struct imp_err *err);
void imp_marker_free(struct imp_marker *m);

/* The template of its text, borrowed; of no text if it is an image. */
const struct imp_template *imp_marker_template(const struct imp_marker *m);

/* What was done, for the ledger. */
struct imp_mark_report {
    struct imp_area area; /* the outline included; as stored, but for HEIF and
                             AVIF, where it is as shown: see area.h */
    const char *route;    /* "splice", "coefficients", "pixels", _OVERLAY */
};
#define IMP_MARK_OVERLAY "overlay"

/* What one thread keeps from image to image. */
struct imp_pen; /* opaque */
struct imp_pen *imp_pen_new(struct imp_err *err);
void imp_pen_free(struct imp_pen *pen);

struct imp_jpeg_map;

enum imp_spliced_mark {
    IMP_MARK_SPLICED,
    IMP_MARK_NOT_SPLICED, /* it takes _apply */
    IMP_MARK_FAILED,      /* see `err`: as for _apply */
};

/* Draw the mark on a sequential Huffman JPEG while it is cleaned: `cuts` is the
 * finished list of `in` that `map` was made with. `out` (emptied first) gets
 * the whole file, cleaned and marked; only the blocks under the ink are coded
 * anew. */
enum imp_spliced_mark
imp_marker_splice(struct imp_marker *m, struct imp_pen *pen, struct imp_span in,
                  const struct imp_cutlist *cuts,
                  const struct imp_jpeg_map *map,
                  const struct imp_mark_input *input, struct imp_buf *out,
                  struct imp_mark_report *report, struct imp_err *err);

/* Draw the mark on `image`, a whole file of the format called `format`
 * ("jpeg", "png", "gif", "tiff", "webp", "heif", "avif"), into `out` (emptied
 * first; of no use on failure): a whole file of the same format. What stands
 * around the coded picture - EXIF, ICC, densities, gamma - is carried over from
 * `image` byte for byte.
 *
 * A line of text is never lower than 8 pixels, and shrinks towards that if the
 * mark would not fit. False with `err`: IMP_ERR_LIMIT if it does not fit even
 * then, would leave no trace, or the picture has more than max_pixels;
 * IMP_ERR_UNSUPPORTED for a kind that cannot be marked (12-bit and lossless
 * JPEG, animated PNG, GIF that viewers differ on, some kinds of TIFF,
 * HEIF of more than one picture); IMP_ERR_DAMAGED if it does not decode without
 * a warning; IMP_ERR_MEMORY. Never a silent nothing. */
bool imp_marker_apply(struct imp_marker *m, const char *format,
                      struct imp_span image, const struct imp_mark_input *input,
                      struct imp_buf *out, struct imp_mark_report *report,
                      struct imp_err *err);

#endif
