/* blend.h - ink onto pixels, in the picture's own kind of sample. */
#ifndef IMP_MARK_BLEND_H
#define IMP_MARK_BLEND_H

#include "mark/ink.h"

#include <stdbool.h>
#include <stdint.h>

enum imp_space {
    IMP_SPACE_GREY,
    IMP_SPACE_RGB,
    IMP_SPACE_CMYK, /* 0: no ink of that colour */
};

/* Decoded pixels in memory, rows without gaps, samples in the machine's byte
 * order. */
struct imp_raster {
    void *data; /* uint8_t, or uint16_t if `wide` */
    uint32_t width, height;
    enum imp_space space;
    bool alpha; /* one more sample behind the colours, not premultiplied */
    bool wide;
    bool overlay; /* what is transparent shows another picture, with its own
                     ink: such pixels stay as they are */
};

/* Samples in a pixel, alpha included. */
unsigned imp_raster_bands(const struct imp_raster *r);

struct imp_paint {
    uint8_t rgb[3]; /* of the text, unless the ink has its own; the outline
                       contrasts with it */
    double opacity;
};

/* The outline is black or white, whichever contrasts with the text. */
void imp_paint_outline(const struct imp_paint *paint, uint8_t rgb[3]);

/* The CMYK that is seen as this colour, 0: no ink. */
void imp_paint_cmyk(const uint8_t rgb[3], uint8_t cmyk[4]);

/* Draw `ink` with its upper left corner at x, y; what lies outside is not
 * drawn. A pixel that the ink does not cover is not touched. Where the picture
 * is transparent it becomes as opaque as the ink, unless it is an overlay. */
struct imp_blended {
    uint64_t inked, changed; /* pixels that ink covers; that have changed */
};
struct imp_blended imp_blend(struct imp_raster *r, int64_t x, int64_t y,
                             const struct imp_ink *ink,
                             const struct imp_paint *paint);

#endif
