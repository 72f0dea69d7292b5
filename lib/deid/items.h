/* items.h - what a part of an image says, item by item, without believing it.
 *
 * One look at a part serves two ends: `inspect` tells the items, and those that
 * identify are searched for in the output. Private to deid/. */
#ifndef IMP_DEID_ITEMS_H
#define IMP_DEID_ITEMS_H

#include "image/part.h"

#include <stdbool.h>
#include <stdint.h>

struct imp_item {
    const char *name;  /* "GPS GPSLatitude", "XMP dc:creator", "text" */
    const char *value; /* printable; "" if it has none that can be shown */
    bool identifies;   /* a name, a number or an id, as text */
    /* EXIF only; else -1: */
    int ifd; /* ExifIfd */
    int tag;
};

/* Call `fn` for each item of the part, a bounded number. Strings are borrowed
 * for the call. A part that cannot be read has none. Any thread may call. */
void imp_items_of(const struct imp_part *part,
                  void (*fn)(void *self, const struct imp_item *item),
                  void *self);

#endif
