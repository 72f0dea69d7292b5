/* palette.h - ink in a picture that has a table of colours. One thread. */
#ifndef IMP_MARK_PALETTE_H
#define IMP_MARK_PALETTE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_PALETTE_MAX 256

struct imp_palette {
    unsigned n; /* colours: a power of two, 2 to 256 */
    uint8_t rgb[IMP_PALETTE_MAX][3];
    bool used[IMP_PALETTE_MAX]; /* by some pixel: it stays as it is, and if it
 lies beyond the table, it stays there */
    int transparent;            /* that entry stands for no colour, and stays;
                                   -1: there is none */
};

/* Find entries for `n` colours, 0xRRGGBB, into `index`. Entries that are not
 * used become such colours, those first that are asked for most; where there
 * are few of them the table grows. What still has no entry of its own gets the
 * nearest. The same input gives the same answer. IMP_ERR_MEMORY. */
bool imp_palette_fit(struct imp_palette *p, const uint32_t *colour, size_t n,
                     uint8_t *index, struct imp_err *err);

#endif
