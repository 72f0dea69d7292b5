/* planes.h - a picture as its coder has it, a plane for each component and
 * chroma at its own resolution, and ink drawn on that. One thread. */
#ifndef IMP_MARK_PLANES_H
#define IMP_MARK_PLANES_H

#include "mark/blend.h"
#include "mark/ink.h"

/* Colour as ITU-T H.273 numbers it; 2: unspecified. */
struct imp_cicp {
    uint16_t primaries, transfer, matrix;
    bool full; /* samples use their whole range */
};

bool imp_cicp_same(const struct imp_cicp *a, const struct imp_cicp *b);

struct imp_plane {
    uint32_t width, height;
    uint16_t *sample; /* rows without gaps; of malloc */
};

/* `{0}` is empty. */
struct imp_planes {
    unsigned n;     /* 1, or 3: Y, Cb, Cr, or G, B, R */
    unsigned depth; /* bits of a sample: 8, 10 or 12 */
    unsigned h, v;  /* pixels that a chroma sample stands for, each way: 1, 2 */
    struct imp_plane plane[3];
    /* What the coded data says: of colour, and where a chroma sample lies among
     * its pixels (HEVC's chroma_sample_loc_type, AV1's chroma_sample_position;
     * -1: nothing). */
    struct imp_cicp cicp;
    int chroma_loc;
};

/* Planes of n, depth, h and v for `width` x `height` pixels, zeroed.
 * IMP_ERR_UNSUPPORTED for a kind that is none of the above, IMP_ERR_MEMORY. */
bool imp_planes_init(struct imp_planes *p, uint32_t width, uint32_t height,
                     struct imp_err *err);
void imp_planes_clear(struct imp_planes *p);

/* Of one kind, and all samples the same? What the data says of them does not
 * count. */
bool imp_planes_same(const struct imp_planes *a, const struct imp_planes *b);

/* Can these colours be drawn? BT.709, BT.601, BT.2020 (not of constant
 * luminance), and RGB itself; unspecified is taken for BT.601. Else
 * IMP_ERR_UNSUPPORTED. */
bool imp_planes_paintable(const struct imp_planes *p,
                          const struct imp_cicp *cicp, struct imp_err *err);

/* Samples of each plane that lie under ink, and that have changed. */
struct imp_planes_drawn {
    uint64_t inked[3], changed[3];
};

/* Draw all of the ink that lies on `p`, whose first pixel is at x, y of the
 * picture that `where` speaks of; adds to `drawn`. A chroma sample gets as much
 * as its pixels have on average, and is not touched if they have none. */
void imp_planes_draw(struct imp_planes *p, const struct imp_cicp *cicp,
                     struct imp_inked where, const struct imp_paint *paint,
                     int64_t x, int64_t y, struct imp_planes_drawn *drawn);

/* Is this plane, alpha, opaque wherever there is ink? Placed as for _draw. */
bool imp_planes_opaque(const struct imp_planes *alpha, struct imp_inked where,
                       int64_t x, int64_t y);

/* IMP_ERR_LIMIT if the mark leaves no trace. */
bool imp_planes_show(const struct imp_planes_drawn *drawn, struct imp_err *err);

#endif
