/* tiff_kind.h - a page of a TIFF file, if it is of a kind that can be marked:
 * decoder and encoder keep what it shows to the bit, and its tags stay true. */
#ifndef IMP_MARK_TIFF_KIND_H
#define IMP_MARK_TIFF_KIND_H

#include "image/tiff.h"
#include "mark/carrier.h"

/* Section 18, ExtraSamples. */
enum {
    IMP_TIFF_NO_ALPHA = 0,
    IMP_TIFF_ASSOCIATED = 1,
    IMP_TIFF_UNASSOCIATED = 2
};

struct imp_tiff_kind {
    struct imp_tiff_ifd ifd;
    struct imp_tiff_shape shape;
    uint32_t format;      /* SampleFormat: 1 unsigned, 2 signed, 3 float */
    uint32_t orientation; /* 1..8 */
    uint32_t predictor;   /* 1 none, 2 horizontal, 3 floating point */
    uint32_t extra; /* ExtraSamples, one; a SHORT, or the tag is missing */
};

/* The page whose directory is at `at`; what it has lives as long as `t`.
 * IMP_ERR_UNSUPPORTED with what is in the way, IMP_ERR_DAMAGED, _LIMIT. */
bool imp_tiff_kind_read(struct imp_tiff *t, uint64_t at,
                        struct imp_tiff_kind *out, struct imp_err *err);

/* How to code it again: as it was, but for tiles that an encoder does not make;
 * what was JPEG, without loss. */
void imp_tiff_kind_coding(const struct imp_tiff *t,
                          const struct imp_tiff_kind *p,
                          struct imp_coding *out);

#endif
