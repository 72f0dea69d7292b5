/* scene.h - ink on the frames of an animation, which lie one upon the other:
 * where a frame lets the ones below show through, their ink does, too.
 *
 * For formats whose frames are pictures of their own with a rectangle of the
 * canvas each. One image, one thread. */
#ifndef IMP_MARK_SCENE_H
#define IMP_MARK_SCENE_H

#include "mark/carrier.h"

#include <stdbool.h>
#include <stdint.h>

/* A rectangle of the canvas; all four sides 0: empty. */
struct imp_box {
    uint64_t left, top, right, bottom; /* right and bottom are outside */
};

struct imp_scene {
    const struct imp_drawing *d;
    struct imp_box ink;  /* holds all of it */
    struct imp_box bare; /* holds all of the ink's place that shows none yet */
    struct imp_blended sum;
};

/* What a frame does to the canvas. */
struct imp_scene_frame {
    struct imp_box place;
    bool see_through; /* its transparent pixels let the canvas show */
    bool clears;      /* afterwards its place is transparent */
};

void imp_scene_begin(struct imp_scene *s, const struct imp_drawing *d);

/* Does ink lie on the frame? If not, it may stay as it is. */
bool imp_scene_meets(const struct imp_scene *s,
                     const struct imp_scene_frame *f);

/* Draw on a frame's own decoded picture, `raster`, and take note of it.
 * `changed` is how many of its pixels have. IMP_ERR_LIMIT if it has all of the
 * ink, lets nothing through and shows no trace of it. */
bool imp_scene_draw(struct imp_scene *s, const struct imp_scene_frame *f,
                    struct imp_raster *raster, uint64_t *changed,
                    struct imp_err *err);

/* IMP_ERR_LIMIT if all frames together show no trace of the mark. */
bool imp_scene_end(const struct imp_scene *s, struct imp_err *err);

#endif
