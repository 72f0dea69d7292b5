/* carrier.h - what a file format puts around its coded picture, for marking:
 * what to know before decoding, and how to put new coding into the old file.
 *
 * A new format is one file, carrier_NAME.c, and a row in carrier.c. */
#ifndef IMP_MARK_CARRIER_H
#define IMP_MARK_CARRIER_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

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
    bool predictor, bilevel, big;     /* BigTIFF */
    uint32_t tile_width, tile_height; /* 0: strips */
};

struct imp_look {
    uint32_t width, height; /* as stored, of each page */
    uint32_t pages;         /* 1 or more, all of this size */
    unsigned orientation;   /* 1..8 */
    struct imp_coding coding;
};

struct imp_carrier {
    const char *format;   /* as imp_format's name */
    bool by_coefficients; /* drawn on so; else on its pixels */

    /* Look at a whole file without decoding. IMP_ERR_DAMAGED, or
     * IMP_ERR_UNSUPPORTED if it is of a kind that cannot be marked. */
    bool (*look)(struct imp_span file, struct imp_look *out,
                 struct imp_err *err);

    /* `file` with the coded picture of `coded`, a whole file that an encoder
     * made, instead of its own: into `out`, emptied first. */
    bool (*rewrap)(struct imp_span file, struct imp_span coded,
                   struct imp_buf *out, struct imp_err *err);
};

/* NULL if marks cannot be drawn on that format. */
const struct imp_carrier *imp_carrier_of(const char *format);

#endif
