/* hevc_sps.h - what HEVC's sequence parameters say of the picture. */
#ifndef IMP_MARK_VIPS_HEVC_SPS_H
#define IMP_MARK_VIPS_HEVC_SPS_H

#include "base/bytes.h"
#include "mark/planes.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_hevc_sps {
    uint32_t width, height; /* before it is cropped */
    struct imp_cicp cicp;   /* as it is there, reserved numbers and all */
    bool square;            /* or nothing is said of a pixel's sides */
    int chroma_loc;         /* chroma_sample_loc_type; -1: not said */
};

/* False if they end early, or cannot be followed. `nal` begins with its
 * header. */
bool imp_hevc_read_sps(struct imp_span nal, struct imp_hevc_sps *out);

#endif
