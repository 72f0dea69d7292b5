/* jpeg_maker.h - JPEG files for tests, made by libjpeg, and an independent
 * reader for what came of them. */
#ifndef IMP_TESTS_JPEG_MAKER_H
#define IMP_TESTS_JPEG_MAKER_H

#include "base/bytes.h"

#include <stdbool.h>

struct jpeg_recipe {
    unsigned width, height;
    int components; /* 1, 3 or 4 (CMYK) */
    int h, v;       /* sampling of the first component; 0: 1 */
    int restart;    /* MCUs; 0: none */
    bool progressive, arithmetic;
    bool many_scans; /* one component, 127 progressive scans */
    int quality;     /* 0: 85 */
};

/* A noisy picture, the same each time. */
struct imp_buf jpeg_make(const struct jpeg_recipe *recipe);

/* Put a segment (marker, length, body) at offset `at`. */
void jpeg_insert(struct imp_buf *jpeg, size_t at, uint8_t marker,
                 const void *body, size_t n);
/* Put plain bytes at offset `at`. */
void jpeg_insert_raw(struct imp_buf *jpeg, size_t at, const void *bytes,
                     size_t n);

/* Where the nth (from 0) marker of this kind stands. */
size_t jpeg_find(const struct imp_buf *jpeg, uint8_t marker, int nth);

/* Decode with libjpeg: the samples, and how many warnings it gave. An empty
 * buffer if it refuses. */
struct imp_buf jpeg_decode(struct imp_span jpeg, long *warnings);

#endif
