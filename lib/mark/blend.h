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

enum imp_sample {
    IMP_SAMPLE_U8,
    IMP_SAMPLE_U16,
    IMP_SAMPLE_U32,
    IMP_SAMPLE_I8,
    IMP_SAMPLE_I16,
    IMP_SAMPLE_I32,
    IMP_SAMPLE_F32,
};

/* Decoded pixels in memory, rows without gaps, samples in the machine's byte
 * order. */
struct imp_raster {
    void *data;
    uint32_t width, height;
    enum imp_space space;
    bool alpha; /* one more sample behind the colours; with U8 and U16 only */
    bool associated; /* the colours are multiplied by it already */
    enum imp_sample sample;
    double black, white; /* told by imp_raster_measure */
    bool overlay; /* what is transparent shows another picture, with its own
                     ink: such pixels stay as they are */
};

/* Samples in a pixel, alpha included. */
unsigned imp_raster_bands(const struct imp_raster *r);

size_t imp_sample_bytes(enum imp_sample sample);

/* Is white the same number in every picture? */
static inline bool imp_sample_has_white(enum imp_sample sample)
{
    return sample == IMP_SAMPLE_U8 || sample == IMP_SAMPLE_U16;
}

/* Before imp_blend, if the samples have no white of their own: counts, heights
 * and Hounsfield units have none, and viewers stretch what is between the
 * lowest and the highest number of a picture from black to white. Ink within
 * these two is seen, and leaves the rest as it is seen, too. NaN and infinities
 * do not count. IMP_ERR_LIMIT if the picture has but one number, or none: any
 * ink would be its new scale. */
bool imp_raster_measure(struct imp_raster *r, struct imp_err *err);

struct imp_paint {
    uint8_t rgb[3]; /* of the text, unless the ink has its own; the outline
                       contrasts with it */
    double opacity;
};

/* The outline is black or white, whichever contrasts with the text. */
void imp_paint_outline(const struct imp_paint *paint, uint8_t rgb[3]);

/* The CMYK that is seen as this colour, 0: no ink. */
void imp_paint_cmyk(const uint8_t rgb[3], uint8_t cmyk[4]);

/* How much text and outline there are at a pixel, in parts of IMP_WEIGHT_ONE.
 * Text lies on its outline, and both together have the opacity: the picture
 * shows through evenly. Integers, so that a result does not depend on the
 * compiler. */
#define IMP_OPAQUE 4096
#define IMP_WEIGHT_ONE ((uint64_t)255 * 255 * IMP_OPAQUE)
struct imp_weights {
    uint64_t text, outline;
};
struct imp_weigher {
    uint64_t opacity; /* of IMP_OPAQUE */
};
struct imp_weigher imp_weigher_of(const struct imp_paint *paint);
static inline struct imp_weights imp_weigh(const struct imp_weigher *by,
                                           uint8_t text, uint8_t outline)
{
    return (struct imp_weights){
        .text = (uint64_t)text * 255 * by->opacity,
        .outline = (uint64_t)outline * (255u - text) * by->opacity,
    };
}

/* Draw `ink` with its upper left corner at x, y; what lies outside is not
 * drawn. A pixel that the ink does not cover is not touched. Where the picture
 * is transparent it becomes as opaque as the ink, unless it is an overlay. A
 * float that is no number shows through the ink as black, an infinity as the
 * end of the scale that it lies beyond: a mark has to be legible where nothing
 * was measured, too. */
struct imp_blended {
    uint64_t inked, changed; /* pixels that ink covers; that have changed */
};
struct imp_blended imp_blend(struct imp_raster *r, int64_t x, int64_t y,
                             const struct imp_ink *ink,
                             const struct imp_paint *paint);

#endif
