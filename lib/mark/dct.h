/* dct.h - the discrete cosine transform of 8 x 8 samples (ITU-T T.81 A.3.3).
 *
 * Row by row; samples without their level shift. Any thread. */
#ifndef IMP_MARK_DCT_H
#define IMP_MARK_DCT_H

#include <stdint.h>

/* Where a coefficient in zigzag order (T.81 figure A.6) stands in its rows. */
extern const uint8_t imp_dct_row_order[64];

/* Samples to coefficients, and coefficients to samples. */
void imp_dct(const float samples[64], float coefficients[64]);
void imp_dct_inverse(const float coefficients[64], float samples[64]);

#endif
