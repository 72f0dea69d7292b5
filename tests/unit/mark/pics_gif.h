/* pics_gif.h - small GIF files for tests of the mark, written and read without
 * imgpipe's own code. Whatever fails in here fails the test that called. */
#ifndef IMP_TESTS_MARK_PICS_GIF_H
#define IMP_TESTS_MARK_PICS_GIF_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { GIF_SIDE = 200 }; /* the longest a frame may be */

struct gif_frame {
    uint32_t x, y, width, height;
    unsigned colours; /* of a local table; 0: none */
    unsigned disposal;
    int transparent; /* an index, or -1 */
    bool interlaced;
    uint8_t index[GIF_SIDE * GIF_SIDE]; /* row after row, as seen */
    uint8_t table[256][3];              /* local, or a copy of the global one */
    struct imp_span bytes;              /* read: descriptor to terminator */
};

void gif_begin(uint32_t width, uint32_t height, unsigned colours,
               const uint8_t table[][3], struct imp_buf *out);
/* With a graphic control in front. */
void gif_add(const struct gif_frame *f, struct imp_buf *out);
void gif_end(struct imp_buf *out);

/* Frame `n` (from 0) of a file. */
void gif_read(struct imp_span file, unsigned n, struct gif_frame *f);

/* Greys, or colours all over the cube. */
void gif_greys(unsigned colours, uint8_t table[][3]);
void gif_hues(unsigned colours, uint8_t table[][3]);

#endif
