#include "image/jpeg_map.h"

#include <string.h>

static bool has_ids(const struct imp_jpeg *j, const char ids[3])
{
    for (unsigned i = 0; i < 3; i++)
        if (j->comp[i].id != (uint8_t)ids[i])
            return false;
    return true;
}

// The rules of libjpeg's default_decompress_parms, which all readers follow; it
// only guesses at a transform that is not of so many components.
static enum imp_jpeg_colour colour_of(const struct imp_jpeg *j, bool jfif,
                                      int adobe)
{
    switch (j->n_comp) {
    case 1:
        return IMP_JPEG_GREY;
    case 3:
        if (jfif)
            return IMP_JPEG_YCC;
        if (adobe == 2)
            return IMP_JPEG_OTHER;
        if (adobe >= 0)
            return adobe == 0 ? IMP_JPEG_RGB : IMP_JPEG_YCC;
        return has_ids(j, "RGB") ? IMP_JPEG_RGB : IMP_JPEG_YCC;
    case 4:
        if (adobe == 1)
            return IMP_JPEG_OTHER;
        return adobe > 0 ? IMP_JPEG_YCCK : IMP_JPEG_CMYK;
    default:
        return IMP_JPEG_OTHER;
    }
}

// A later segment may define the slot anew.
static const void *keep_copy(struct imp_cutlist *cl, const void *p, size_t n)
{
    void *copy = imp_cutlist_alloc(cl, n);
    if (copy)
        memcpy(copy, p, n);
    return copy;
}

static bool keep_tables(struct imp_jpeg_scan_map *m, const struct imp_jpeg *j,
                        struct imp_cutlist *cl)
{
    for (unsigned i = 0; i < m->scan.n_comp; i++) {
        unsigned dc = m->scan.in[i].dc, ac = m->scan.in[i].ac;
        unsigned tq = m->scan.in[i].comp->tq;
        m->dc[i] = keep_copy(cl, &j->dc[dc], sizeof j->dc[dc]);
        m->ac[i] = keep_copy(cl, &j->ac[ac], sizeof j->ac[ac]);
        m->quant[i] = keep_copy(cl, j->quant[tq], sizeof j->quant[tq]);
        if (!m->dc[i] || !m->ac[i] || !m->quant[i])
            return false;
    }
    return true;
}

void imp_jpeg_map_frame(struct imp_jpeg_map *map, const struct imp_jpeg *j,
                        bool jfif, int adobe)
{
    map->frame = j;
    map->colour = colour_of(j, jfif, adobe);
    map->inverted = adobe >= 0 && j->n_comp == 4;
}

struct imp_jpeg_scan_map *imp_jpeg_map_scan(struct imp_jpeg_map *map,
                                            const struct imp_jpeg_scan *scan,
                                            struct imp_cutlist *cl,
                                            struct imp_err *err)
{
    // A component has one scan, so that there is room for this one.
    struct imp_jpeg_scan_map *m = &map->scan[map->n_scans++];
    const struct imp_jpeg *j = map->frame;
    const struct imp_jpeg_comp *c = scan->in[0].comp;
    bool alone = scan->n_comp == 1;
    *m = (struct imp_jpeg_scan_map){
        .scan = *scan,
        .restart_interval = j->restart_interval,
        .mcus_x = alone ? c->blocks_x : j->mcus_x,
        .mcus_y = alone ? c->blocks_y : j->mcus_y,
    };
    m->row = imp_cutlist_alloc(cl, m->mcus_y * sizeof *m->row);
    if (m->row && keep_tables(m, j, cl))
        return m;
    imp_fail(err, IMP_ERR_MEMORY, "no memory for a map of %u rows", m->mcus_y);
    return NULL;
}
