/* jpeg_ink.h - ink on the blocks of a JPEG picture, one component at a time.
 *
 * Blending is linear and so are the colour transforms, so that each component
 * is drawn on by itself, at its own resolution, and in what the ink changes
 * alone: the change of 8 x 8 samples is transformed and added to the
 * coefficients, and where it is nothing they stay as they are. Any thread. */
#ifndef IMP_MARK_JPEG_INK_H
#define IMP_MARK_JPEG_INK_H

#include "image/jpeg_map.h"
#include "mark/blend.h"
#include "mark/ink.h"

#include <stdbool.h>
#include <stdint.h>

/* What a frame tells of its components. */
struct imp_jpeg_kind {
    unsigned n_comp;
    uint8_t h[IMP_JPEG_COMPS], v[IMP_JPEG_COMPS]; /* sampling factors, 1..4 */
    enum imp_jpeg_colour colour;                  /* not _OTHER */
    bool inverted; /* as in struct imp_jpeg_map */
};

/* Ink, and what it is painted with, for one frame. */
struct imp_jpeg_ink {
    struct imp_inked where;
    struct imp_jpeg_kind kind;
    struct {
        unsigned h, v;       /* sampling factors */
        float text, outline; /* samples, 0..255 */
    } comp[IMP_JPEG_COMPS];
    unsigned h_max, v_max;
    float opacity;
    bool whole; /* a block with any ink on it becomes the text's colour and
                   nothing else: set after _init */
    /* Blocks with ink, and those of them that it has changed: counted by _draw,
     * for _shows. */
    uint64_t inked[IMP_JPEG_COMPS], changed[IMP_JPEG_COMPS];
};

struct imp_jpeg_kind imp_jpeg_kind_of(const struct imp_jpeg_map *map);

void imp_jpeg_ink_init(struct imp_jpeg_ink *ink,
                       const struct imp_jpeg_kind *kind, struct imp_inked where,
                       const struct imp_paint *paint);

/* The columns *first to *last of blocks of component `comp` outside of which
 * its row `by` has no ink; false if there is none in it at all. */
bool imp_jpeg_ink_span(const struct imp_jpeg_ink *ink, unsigned comp,
                       uint32_t by, uint32_t *first, uint32_t *last);

/* Draw on a block, column `bx`, row `by`: quantised coefficients and steps in
 * zigzag order, DC as it is. False if no ink lies on it: it is not touched. */
bool imp_jpeg_ink_draw(struct imp_jpeg_ink *ink, unsigned comp, uint32_t bx,
                       uint32_t by, const uint16_t quant[64],
                       int16_t block[64]);

/* Has what was drawn left its trace? A coarse quantisation swallows faint ink,
 * and white text is not seen on white. IMP_ERR_LIMIT if most of it is lost in
 * each component. */
bool imp_jpeg_ink_shows(const struct imp_jpeg_ink *ink, struct imp_err *err);

#endif
