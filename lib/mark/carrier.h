/* carrier.h - marking whole files, one file format each: what to know of it
 * before decoding, and how to draw on its picture.
 *
 * A new format is one file, carrier_NAME.c, and a row in carrier.c. */
#ifndef IMP_MARK_CARRIER_H
#define IMP_MARK_CARRIER_H

#include "base/bytes.h"
#include "mark/blend.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_pixels;

/* How a picture was coded, to code its pixels again no worse. */
struct imp_coding {
    bool interlace; /* PNG: Adam7 */
    /* TIFF: */
    enum {
        IMP_CODED_PLAIN,
        IMP_CODED_LZW,
        IMP_CODED_DEFLATE,
        IMP_CODED_PACKBITS,
        IMP_CODED_FAX, /* CCITT T.6 */
    } compression;
    enum {
        IMP_PREDICTED_NOT,
        IMP_PREDICTED_ACROSS,
        IMP_PREDICTED_FLOAT,
    } predictor;
    bool bilevel, big;                /* BigTIFF */
    bool associated;                  /* see struct imp_raster */
    uint32_t tile_width, tile_height; /* 0: strips */
};

struct imp_look {
    uint32_t width, height; /* as stored, of each page; for those that differ by
                               little, what all of them have */
    uint32_t pages;         /* 1 or more */
    unsigned orientation;   /* 1..8 */
    struct imp_coding coding;
};

/* What is drawn, and with what. */
struct imp_drawing {
    struct imp_inked where; /* on each page, as stored */
    struct imp_paint paint;
    const struct imp_pixels *pixels;
};

struct imp_carrier {
    const char *format; /* as imp_format's name */
    const char *route;  /* for struct imp_mark_report */
    /* Readers hand the picture out upright: so the report has the area. */
    bool area_as_shown;

    /* Look at a whole file without decoding. IMP_ERR_DAMAGED, or
     * IMP_ERR_UNSUPPORTED if it is of a kind that cannot be marked. */
    bool (*look)(struct imp_span file, struct imp_look *out,
                 struct imp_err *err);

    /* `file`, which `look` was made of, with the mark on all its pages: a whole
     * file again, into `out`, emptied first. Nothing changes outside the ink
     * but what shares a block with it; all else of the file is carried over, or
     * it is IMP_ERR_UNSUPPORTED. IMP_ERR_LIMIT if the mark leaves no trace,
     * IMP_ERR_DAMAGED, IMP_ERR_MEMORY. */
    bool (*draw)(const struct imp_drawing *d, struct imp_span file,
                 const struct imp_look *look, struct imp_buf *out,
                 struct imp_err *err);
};

/* NULL if marks cannot be drawn on that format. */
const struct imp_carrier *imp_carrier_of(const char *format);

/* For carriers: draw on a decoded picture in which the page has its upper left
 * corner at x, y; what lies outside of the picture is not drawn. */
struct imp_blended imp_draw_ink(const struct imp_drawing *d,
                                struct imp_raster *raster, int64_t x,
                                int64_t y);

/* What was drawn has to be seen: IMP_ERR_LIMIT if it leaves no trace. */
bool imp_draw_shows(struct imp_blended b, struct imp_err *err);

/* And: decode by the pixel library, draw on all pages, code again, appended to
 * `coded`: a whole file, with whatever the encoder adds. */
bool imp_draw_decoded(const struct imp_drawing *d, const char *format,
                      struct imp_span file, const struct imp_look *look,
                      struct imp_buf *coded, struct imp_err *err);

#endif
