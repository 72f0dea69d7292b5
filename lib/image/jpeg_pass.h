/* jpeg_pass.h - passing the blocks of sequential Huffman scans (ITU-T T.81
 * F.2.2): each code is resolved, no coefficient is stored. */
#ifndef IMP_IMAGE_JPEG_PASS_H
#define IMP_IMAGE_JPEG_PASS_H

#include "image/jpeg_huff.h"

/* The blocks of one MCU in coding order (T.81 A.2.3), with the tables of each;
 * `{0}` has none yet. */
struct imp_jpeg_mcu {
    unsigned n;
    struct {
        const struct imp_huff *dc, *ac;
        unsigned comp; /* of the scan */
    } block[IMP_JPEG_MCU_BLOCKS];
};

/* Add those of the scan's component `i`. */
void imp_jpeg_mcu_add(struct imp_jpeg_mcu *mcu,
                      const struct imp_jpeg_scan *scan, unsigned i,
                      const struct imp_huff *dc, const struct imp_huff *ac);

/* A difference of DC; false if its code is not valid. */
bool imp_jpeg_pass_dc(struct imp_bits *b, const struct imp_huff *t);

/* An MCU; and the same, its differences being added to `dc`, the components'
 * predictors, which wrap around. False if a code is not valid. */
bool imp_jpeg_pass_mcu(struct imp_bits *bits, const struct imp_jpeg_mcu *mcu);
bool imp_jpeg_pass_mcu_mapped(struct imp_bits *bits,
                              const struct imp_jpeg_mcu *mcu, uint32_t *dc);

#endif
