/* marking.h - a mark on any file of a format that a carrier does not refuse,
 * for fuzz targets; what it is follows from the file.
 *
 * - Nothing crashes, and an error says that the input is at fault.
 * - What is drawn on a clean file is clean again, of the same size, and the
 *   same outside the ink. */
#ifndef IMP_FUZZ_MARKING_H
#define IMP_FUZZ_MARKING_H

#include "base/area.h"
#include "mark/carrier.h"
#include "mark/pixels.h"
#include "properties.h"

#define MARKING_PIXELS (1 << 20)

struct marking {
    const struct imp_format *format;
    const struct imp_pixels *pixels; /* NULL: the carrier needs none */
    bool sound;                      /* what has been cleaned decodes */
    /* Is it worth its time? Before anything else. */
    bool (*is_small)(struct imp_span file);
    /* Of a clean file and what was made of it. `area` has all of the ink. */
    void (*judge)(const struct marking *m, struct imp_span file,
                  struct imp_span made, const struct imp_area *area);
};

static inline bool marking_moves(const struct imp_cutlist *cl,
                                 const struct imp_cut *gone)
{
    for (size_t i = 0; i < cl->n; i++)
        if (cl->cut[i].kind == IMP_CUT_INSERT &&
            cl->cut[i].part == gone->part && cl->cut[i].length == gone->length)
            return true;
    return false;
}

// The handler may lay out anew what the carrier has, but finds nothing to drop
// besides a byte that evens an offset.
static inline bool marking_is_clean(const struct marking *m,
                                    struct imp_span file)
{
    struct imp_cutlist cl = {0};
    bool ok = fixed_cut(m->format, file, IMP_FATE_KEEP, IMP_CHECK_CODED, &cl);
    for (size_t i = 0; i < cl.n; i++)
        ok = ok && (cl.cut[i].kind != IMP_CUT_DROP || cl.cut[i].length == 1 ||
                    cl.cut[i].part == IMP_PART_STRUCTURE ||
                    marking_moves(&cl, &cl.cut[i]));
    imp_cutlist_clear(&cl);
    return ok;
}

static inline void marking_judge(const struct marking *m,
                                 const struct imp_look *was,
                                 struct imp_span file, struct imp_span made,
                                 const struct imp_area *area)
{
    struct imp_look is;
    promise(imp_carrier_of(m->format->name)->look(made, &is, NULL) &&
                is.width == was->width && is.height == was->height &&
                is.pages == was->pages && is.orientation == was->orientation,
            "the size is the same");
    promise(marking_is_clean(m, made), "what is drawn on stays clean");
    m->judge(m, file, made, area);
}

// Two spots, one of them at the far corner, and an area that has four.
static inline void marking_draw(const struct marking *m, struct imp_span file,
                                uint8_t seed, bool is_clean)
{
    const struct imp_carrier *carrier = imp_carrier_of(m->format->name);
    struct imp_look look;
    struct imp_ink ink = {0};
    struct imp_buf out = {0};
    struct imp_err err = {0};
    uint32_t w = 1 + seed % 13, h = 1 + seed % 11;
    if (!m->is_small(file) || !carrier->look(file, &look, &err) ||
        look.width < w || look.height < h ||
        (uint64_t)look.width * look.height * look.pages > MARKING_PIXELS ||
        !imp_mask_init(&ink.text, w, h, NULL) ||
        !imp_mask_init(&ink.outline, w, h, NULL))
        goto out;
    for (uint32_t i = 0; i < w * h; i++) {
        ink.text.cover[i] = (uint8_t)(i * seed);
        ink.outline.cover[i] = (uint8_t)(i % 3 * 127);
    }
    const struct imp_spot spots[] = {{0, 0}, {look.width - w, look.height - h}};
    const struct imp_area area = {.width = w,
                                  .height = h,
                                  .across = 2,
                                  .down = 2,
                                  .step_x = spots[1].x,
                                  .step_y = spots[1].y};
    const struct imp_drawing d = {
        .where = {&ink, spots, 2},
        .paint = {{seed, 255, 128}, (seed + 1) / 256.0},
        .pixels = m->pixels};
    if (carrier->draw(&d, file, &look, &out, &err)) {
        if (is_clean)
            marking_judge(m, &look, file, imp_buf_span(&out), &area);
    } else {
        promise((err.code == IMP_ERR_DAMAGED && !(is_clean && m->sound)) ||
                    err.code == IMP_ERR_LIMIT ||
                    err.code == IMP_ERR_UNSUPPORTED,
                err.msg);
    }
out:
    imp_ink_clear(&ink);
    imp_buf_clear(&out);
}

/* The file as it is, and cleaned. */
static inline void check_marking(const struct marking *m, struct imp_span in)
{
    struct imp_cutlist cl = {0};
    struct imp_buf clean = {0};
    uint8_t seed = 0;
    for (size_t i = 0; i < in.n; i++)
        seed = (uint8_t)(seed * 31 + in.p[i]);
    marking_draw(m, in, seed, false);
    if (m->format->sniff(in) &&
        fixed_cut(m->format, in, IMP_FATE_KEEP, IMP_CHECK_CODED, &cl) &&
        imp_cutlist_apply(&cl, in, &clean, NULL))
        marking_draw(m, imp_buf_span(&clean), seed, true);
    imp_buf_clear(&clean);
    imp_cutlist_clear(&cl);
}

#endif
