/* ink.h - a mark as coverage: how much of each pixel the text (or the image)
 * covers, and how much its outline. Knows no place and no format. */
#ifndef IMP_MARK_INK_H
#define IMP_MARK_INK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Coverage of text alone, 0 to 255 a pixel, rows without gaps. `{0}` is
 * empty. */
struct imp_mask {
    uint32_t width, height;
    uint8_t *cover;
};

/* `width` * `height` zeroed pixels in an empty `mask`; IMP_ERR_MEMORY. */
bool imp_mask_init(struct imp_mask *mask, uint32_t width, uint32_t height,
                   struct imp_err *err);
void imp_mask_clear(struct imp_mask *mask);

/* The text, and the outline that lies beneath it; both of one size. */
struct imp_ink {
    struct imp_mask text, outline;
    uint8_t *rgb; /* of each pixel of the text, sRGB, if it is an image; NULL:
                     it has one colour */
};

/* Ink on a picture: the upper left corners of its copies, each of them wholly
 * inside and none on another, from the top down. */
struct imp_spot {
    uint32_t x, y;
};

struct imp_inked {
    const struct imp_ink *ink; /* borrowed, as is `spot` */
    const struct imp_spot *spot;
    size_t n;
};

/* Is a mark to be seen that covers so many places, of which so many have
 * changed? A picture may swallow ink: white on white, or by its quantisation.
 */
static inline bool imp_ink_shows(uint64_t inked, uint64_t changed)
{
    return changed > 0 && changed >= inked / 4;
}

/* What makes a mark legible on any picture. */
enum imp_backing {
    IMP_BACKING_NONE,
    IMP_BACKING_OUTLINE, /* around each letter */
    IMP_BACKING_BOX,     /* behind all of it */
};

/* Pixels that a backing adds on each side of text of this line height. */
uint32_t imp_ink_pad(enum imp_backing backing, uint32_t line);

/* Put a backing, which is called an outline whatever its shape, behind text of
 * the line height `line` that has none yet (a mask without cover). Its size
 * grows by the pad on each side. IMP_ERR_MEMORY, `ink` being as before. */
bool imp_ink_back(struct imp_ink *ink, uint32_t line, enum imp_backing backing,
                  struct imp_err *err);
void imp_ink_clear(struct imp_ink *ink);

/* Turn upright ink the way in which a picture of this EXIF orientation (1 to
 * 8) is stored. IMP_ERR_MEMORY, `ink` being as before. */
bool imp_ink_store(struct imp_ink *ink, unsigned orientation,
                   struct imp_err *err);

#endif
