/* rect.h - a rectangle of a picture, in pixels. */
#ifndef IMP_MARK_RECT_H
#define IMP_MARK_RECT_H

#include <stdint.h>

struct imp_rect {
    uint32_t x, y, width, height; /* from the upper left corner */
};

#endif
