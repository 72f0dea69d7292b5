/* layout.h - how large a mark is and where it goes: numbers alone. */
#ifndef IMP_MARK_LAYOUT_H
#define IMP_MARK_LAYOUT_H

#include "mark/mark.h"
#include "mark/rect.h"

#include <stdbool.h>
#include <stdint.h>

#define IMP_MARK_LINE_MIN 8    /* pixels: lower text cannot be read */
#define IMP_MARK_LINE_MAX 4096 /* pixels: what font rasterisers take */

struct imp_size {
    uint32_t width, height;
};

/* The size of a picture as the viewer sees it; the same the other way round. */
struct imp_size imp_layout_upright(struct imp_size stored,
                                   unsigned orientation);

/* The height of a line of text that `spec` asks for, in this picture. */
uint32_t imp_layout_line(const struct imp_mark_spec *spec,
                         struct imp_size picture);

/* The room for a mark in an upright picture: less the margins, unless it is
 * placed by x and y. A side may be 0. */
struct imp_size imp_layout_room(const struct imp_mark_spec *spec,
                                struct imp_size picture);

bool imp_layout_fits(struct imp_size mark, struct imp_size room);

/* The highest line with which a mark of size `mark` at line height `line` may
 * fit into `room`: an estimate, as text does not scale evenly. */
uint32_t imp_layout_shrink(uint32_t line, struct imp_size mark,
                           struct imp_size room);

/* Where a mark that fits the picture goes; both upright. A tiled one is there
 * `across` times and `down` times, with a gap between them: this is number `i`
 * of them, row by row. */
struct imp_layout_grid {
    uint32_t across, down;
};
uint32_t imp_layout_gap(const struct imp_mark_spec *spec,
                        struct imp_size picture);
struct imp_layout_grid imp_layout_grid(const struct imp_mark_spec *spec,
                                       struct imp_size picture,
                                       struct imp_size mark);
struct imp_rect imp_layout_place(const struct imp_mark_spec *spec,
                                 struct imp_size picture, struct imp_size mark,
                                 struct imp_layout_grid grid, uint32_t i);

/* The same rectangle in the stored picture. */
struct imp_rect imp_layout_store(struct imp_rect upright,
                                 struct imp_size stored, unsigned orientation);

/* And a grid of them in the stored picture as it lies in the upright one. */
struct imp_area imp_layout_show(const struct imp_area *area,
                                struct imp_size stored, unsigned orientation);

#endif
