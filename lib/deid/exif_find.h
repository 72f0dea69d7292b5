/* exif_find.h - the text of one EXIF tag of an image, read before it goes: for
 * whoever keeps the subject's name there. */
#ifndef IMP_DEID_EXIF_FIND_H
#define IMP_DEID_EXIF_FIND_H

#include "image/format.h"

#include <stdbool.h>

struct imp_exif_tag {
    int ifd; /* ExifIfd */
    unsigned tag;
};

/* A tag by its name in CIPA DC-008, "Artist" or "ImageUniqueID", in whatever
 * case; of the main picture's directories. IMP_ERR_CONFIG if there is none. */
bool imp_exif_tag_named(const char *name, struct imp_exif_tag *out,
                        struct imp_err *err);

/* Find the tag in `in`, the whole of an image of format `fmt`, and put its text
 * (as it stands, up to a NUL; UTF-8 if it is one in UTF-16) into `value`,
 * emptied first: it stays empty if no EXIF block has the tag. IMP_ERR_CONFIG if
 * the tag is no text, or two blocks differ in it; else as imp_format_cut, for
 * an image that is damaged. Any thread. */
bool imp_exif_find(const struct imp_format *fmt, struct imp_span in,
                   const struct imp_limits *limits,
                   const struct imp_exif_tag *tag, struct imp_buf *value,
                   struct imp_err *err);

#endif
