/* orient.h - the EXIF orientation (CIPA DC-008 4.6.5, Orientation): how a
 * stored picture is turned to be seen upright, 1 to 8. */
#ifndef IMP_MARK_ORIENT_H
#define IMP_MARK_ORIENT_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* The orientation that a TIFF block (without "Exif\0\0") states, or 1: upright
 * is what a viewer shows if the block says nothing or makes no sense. As
 * imp_exif_rebuild has it, it may be a BYTE, SHORT or LONG, and the first tag
 * that is one counts. */
unsigned imp_orientation_read(struct imp_span tiff);

/* Are the sides swapped? */
static inline bool imp_orientation_turns(unsigned orientation)
{
    return orientation >= 5;
}

/* Where the upright pixel *x, *y lies in the stored picture of this size. Both
 * must lie inside; `orientation` is 1 to 8. */
void imp_orientation_store(unsigned orientation, uint32_t width,
                           uint32_t height, uint32_t *x, uint32_t *y);

#endif
