/* gif.h - the frames of a GIF file, for those who want its pictures; what may
 * stay in the file is fmt_gif.c's business. Section numbers are those of the
 * GIF89a specification. Everything here borrows from the file. */
#ifndef IMP_IMAGE_GIF_H
#define IMP_IMAGE_GIF_H

#include "base/bytes.h"
#include "image/lzw.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_GIF_DESCRIPTOR 10 /* 20: its separator included */
#define IMP_GIF_COLOURS 256   /* at most, in a table */

/* What becomes of a frame before the next (23); others than these leave it. */
enum { IMP_GIF_TO_BACKGROUND = 2, IMP_GIF_TO_PREVIOUS = 3 };

/* A file being read. */
struct imp_gif {
    struct imp_span file;
    struct imp_span table;  /* 19: global, 3 bytes a colour; may be empty */
    uint16_t width, height; /* 18: of the logical screen */
    uint8_t background;     /* an index */
    size_t at;              /* the block that comes next */
    uint64_t frames;        /* so far */
    bool ended;             /* the trailer has come */
};

struct imp_gif_frame {
    size_t at;                    /* the image descriptor */
    size_t coded;                 /* the LZW code size */
    size_t end;                   /* behind the terminator */
    uint16_t x, y, width, height; /* on the screen, of which it may stick out */
    struct imp_span table;        /* 21: local; may be empty */
    bool interlaced;              /* appendix E */
    unsigned disposal;
    int transparent; /* an index; -1: none */
};

/* Read signature, screen and global table. IMP_ERR_DAMAGED. */
bool imp_gif_begin(struct imp_gif *gif, struct imp_span file,
                   struct imp_err *err);

/* The next frame, or the end: `ended` tells. IMP_ERR_DAMAGED. */
bool imp_gif_next(struct imp_gif *gif, struct imp_gif_frame *frame,
                  struct imp_err *err);

/* The indexes of a frame in the order in which they are coded, into `index`,
 * which has room for all. IMP_ERR_DAMAGED if there are fewer. */
bool imp_gif_decode(const struct imp_gif *gif,
                    const struct imp_gif_frame *frame, struct imp_lzw *lzw,
                    uint8_t *index, struct imp_err *err);

/* The coded row that is row `y` (below `height`) of the picture. */
uint32_t imp_gif_coded_row(const struct imp_gif_frame *frame, uint32_t y);

#endif
