/* jpeg_map.h - where the blocks of a JPEG image lie: noted by the walk that
 * checks its coded data (or, if it is not to be checked, by restart markers),
 * for one who wants to change a few of them and leave the rest as it is.
 *
 * Of sequential Huffman frames alone (ITU-T T.81 F.1.2): there a block has one
 * place. A map lives as long as the cut list that was made with it. One image,
 * one thread. */
#ifndef IMP_IMAGE_JPEG_MAP_H
#define IMP_IMAGE_JPEG_MAP_H

#include "image/jpeg.h"

/* How samples become colours, as readers conclude it from JFIF, Adobe's
 * segment and the components' ids (T.872 6.1; libjpeg). */
enum imp_jpeg_colour {
    IMP_JPEG_OTHER, /* two components */
    IMP_JPEG_GREY,
    IMP_JPEG_YCC,
    IMP_JPEG_RGB,
    IMP_JPEG_CMYK,
    IMP_JPEG_YCCK,
};

/* Where a row of MCUs begins. */
struct imp_jpeg_waypoint {
    struct imp_jpeg_place place;
    uint64_t before;            /* MCUs of the interval between the place and
                                   the row, to be passed */
    uint64_t in_interval;       /* MCUs from the row's to the end of its restart
                                   interval, or of the scan */
    int32_t dc[IMP_JPEG_COMPS]; /* predictors at the place, by component of the
                                   scan */
};

struct imp_jpeg_scan_map {
    struct imp_jpeg_scan scan;
    const struct imp_huff *dc[IMP_JPEG_COMPS], *ac[IMP_JPEG_COMPS]; /* these */
    const uint16_t *quant[IMP_JPEG_COMPS]; /* too; in zigzag order */
    uint32_t restart_interval;             /* MCUs; 0: none */
    uint32_t mcus_x, mcus_y;
    struct imp_jpeg_waypoint *row; /* `mcus_y` of them */
    struct imp_jpeg_place end;     /* behind the last block; {0} if the scan was
                                      not walked */
};

/* `{0}` before the image is cut. */
struct imp_jpeg_map {
    const struct imp_jpeg *frame; /* NULL: the image is not of that kind */
    enum imp_jpeg_colour colour;
    bool inverted; /* Adobe's CMYK and YCCK: 0 is full ink */
    unsigned n_scans;
    struct imp_jpeg_scan_map scan[IMP_JPEG_COMPS];
};

/* Before the first scan. `jfif` and `adobe` (its colour transform, -1: none)
 * are what the output says of its colours. */
void imp_jpeg_map_frame(struct imp_jpeg_map *map, const struct imp_jpeg *j,
                        bool jfif, int adobe);

/* Add a scan whose tables are ready; the walk fills in its places. NULL with
 * `err` if there is no memory. */
struct imp_jpeg_scan_map *imp_jpeg_map_scan(struct imp_jpeg_map *map,
                                            const struct imp_jpeg_scan *scan,
                                            struct imp_cutlist *cl,
                                            struct imp_err *err);

#endif
