/* pics_tiff.h - TIFF files for tests of the mark, made and read without libtiff
 * and without lib/image: they judge both. Whatever fails in here fails the
 * test. */
#ifndef IMP_TESTS_MARK_PICS_TIFF_H
#define IMP_TESTS_MARK_PICS_TIFF_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { TIFF_SHORT = 3, TIFF_LONG = 4, TIFF_RATIONAL = 5, TIFF_UNDEFINED = 7 };

/* `value` is `count` numbers, of a rational `2 * count`. */
struct tiff_tag {
    uint16_t tag, type;
    uint32_t count;
    const uint32_t *value;
};

/* A page of one strip; `pixels` is little endian, or coded. */
struct tiff_page {
    uint32_t width, height;
    unsigned bits, samples, format, photometric, compression;
    const void *pixels;
    size_t n;
    struct tiff_tag more[12];
    size_t n_more;
};

enum tiff_order { TIFF_II, TIFF_MM, TIFF_BIG };

/* Classic, of either byte order, or BigTIFF. */
void tiff_make(const struct tiff_page *page, size_t n, enum tiff_order order,
               struct imp_buf *out);

/* Bytes of the tag's value in a little endian file, empty if it has none. */
struct imp_span tiff_value(struct imp_span file, size_t page, uint16_t tag);

/* Number `i` of a tag of SHORT, LONG or RATIONAL (then of each half), or
 * `otherwise`. */
uint32_t tiff_number(struct imp_span file, size_t page, uint16_t tag, size_t i,
                     uint32_t otherwise);

size_t tiff_pages(struct imp_span file);

/* The samples of a page of strips: stored as
 * they are, or with Deflate and differences of 8 bits. */
void tiff_pixels(struct imp_span file, size_t page, struct imp_buf *out);

#endif
