/* jpeg_cursor.h - reading a mapped scan from any row of MCUs on: block by block
 * where that is wanted, and quickly past the rest.
 *
 * All of it has been walked before, so that its codes are valid, unless the
 * scan was mapped by its restart markers. */
#ifndef IMP_IMAGE_JPEG_CURSOR_H
#define IMP_IMAGE_JPEG_CURSOR_H

#include "image/jpeg_map.h"
#include "image/jpeg_pass.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_jpeg_cursor {
    struct imp_span in;
    const struct imp_jpeg_scan_map *m;
    struct imp_jpeg_mcu shape;
    struct imp_bits bits;
    uint64_t mcu;                /* that comes next, from the scan's start */
    uint64_t interval_end;       /* the first MCU behind the restart interval */
    uint32_t dc[IMP_JPEG_COMPS]; /* predictors, by component of the scan */
};

/* Begin at the scan's first MCU. */
void imp_jpeg_cursor_start(struct imp_jpeg_cursor *c, struct imp_span in,
                           const struct imp_jpeg_scan_map *m);

/* Skip ahead, as far as there is a known place before that row's first MCU. */
void imp_jpeg_cursor_towards(struct imp_jpeg_cursor *c, uint32_t row);

/* Behind the marker that ends the interval, of which all MCUs are read. */
void imp_jpeg_cursor_next_interval(struct imp_jpeg_cursor *c);

/* Pass `n` MCUs of the interval. False if they are not valid. */
bool imp_jpeg_cursor_pass(struct imp_jpeg_cursor *c, uint64_t n);

/* Read the next block, of component `i` of the scan: quantised coefficients in
 * zigzag order, DC as it is. `after_dc`: where its AC coefficients begin. The
 * caller counts MCUs. False if it is not valid or DC has more than 16 bits. */
bool imp_jpeg_cursor_read(struct imp_jpeg_cursor *c, unsigned i,
                          int16_t block[64], struct imp_jpeg_place *after_dc);

/* The place behind the last block of the interval. False if it is not valid. */
bool imp_jpeg_cursor_find_end(const struct imp_jpeg_cursor *c,
                              struct imp_jpeg_place *end);

#endif
