/* icc_tag.h - the content of one ICC tag, checked and written afresh.
 *
 * Private to icc.c. Nothing of a tag is copied that its type does not define:
 * reserved bytes come out as zeros, slack is left out, and offsets inside a tag
 * are made anew. Numbers must be of a size that colours have, which also keeps
 * text from posing as numbers. */
#ifndef IMP_DEID_ICC_TAG_H
#define IMP_DEID_ICC_TAG_H

#include "base/bytes.h"

#include <stdbool.h>

/* How many channels a profile's device side and its connection space have. */
struct imp_icc_shape {
    unsigned device, pcs;
};

/* Append what `tag`, the bytes of one tag, says to `out`, a multiple of four
 * bytes. False with IMP_ERR_DAMAGED if it breaks its type's rules, or with
 * IMP_ERR_MEMORY; `out` may then hold part of it. `out->n` must be a multiple
 * of four. */
typedef bool imp_icc_pack(struct imp_span tag, struct imp_icc_shape shape,
                          struct imp_buf *out, struct imp_err *err);

imp_icc_pack imp_icc_pack_xyz;    /* XYZType: one colour */
imp_icc_pack imp_icc_pack_curve;  /* curveType, parametricCurveType */
imp_icc_pack imp_icc_pack_matrix; /* s15Fixed16ArrayType: 3 x 3 */
imp_icc_pack imp_icc_pack_a2b;    /* lut8, lut16, lutAToB */
imp_icc_pack imp_icc_pack_b2a;    /* lut8, lut16, lutBToA */
imp_icc_pack imp_icc_pack_cicp;   /* cicpType */

#endif
