/* exif.h - a minimal EXIF block, built anew from what may stay of an old one.
 *
 * libexif reads the old block, which never reaches the output: allowed tags
 * are checked for type, count and range, and written into a fresh block. Text
 * is never carried over. Hostile blocks cost bounded time and memory: libexif
 * sees a copy in which all that the allow-list does not name is struck out. */
#ifndef IMP_DEID_EXIF_H
#define IMP_DEID_EXIF_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* Rebuild `tiff`, a TIFF block without the "Exif\0\0" in front, into `out`
 * (emptied first): orientation, resolution and its unit, colour space. `out`
 * is empty if nothing of the old block may stay, or if the old block makes no
 * sense: a broken EXIF block is dropped, never the image. The same content
 * gives the same bytes, and rebuilding the result gives it again. `tiff` must
 * not lie in `out`. False only without memory. Any thread may call. */
bool imp_exif_rebuild(struct imp_span tiff, struct imp_buf *out,
                      struct imp_err *err);

/* Append the allow-list as text, one line a tag, to `out`: what a policy's
 * digest is made of. On failure `out` holds part of it. */
bool imp_exif_describe(struct imp_buf *out, struct imp_err *err);

#endif
