/* exif.h - a minimal EXIF block, built anew from what may stay of an old one.
 *
 * libexif reads the old block, which never reaches the output: allowed tags
 * are checked for type, count and range, and written into a fresh block. Free
 * text is never carried over; make, model and dates must be of a plain form.
 * Hostile blocks cost bounded time and memory: libexif sees a copy in which all
 * that the allow-list does not name is struck out. */
#ifndef IMP_DEID_EXIF_H
#define IMP_DEID_EXIF_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* What becomes of dates. */
enum imp_dates {
    IMP_DATES_REMOVE = 0,
    IMP_DATES_SHIFT, /* by whole days; without an offset removed */
    IMP_DATES_YEAR,  /* the year stays, the rest becomes blank */
};

/* `{.allow = imp_exif_allow(false)}` is what the strict preset keeps. */
struct imp_exif_options {
    uint64_t allow; /* a bit for each row of imp_exif_rules */
    enum imp_dates dates;
    bool has_shift;
    int32_t shift_days;
    bool container_rules; /* see struct imp_part */
};

/* The rows that show the picture, and with `acquired` those that tell how it
 * was taken, dates included. */
uint64_t imp_exif_allow(bool acquired);

bool imp_exif_is_date(int ifd, int tag);

/* May the tag stay under these options, if its value is fit? */
bool imp_exif_keeps(const struct imp_exif_options *o, int ifd, int tag);

/* Rebuild `tiff`, a TIFF block without the "Exif\0\0" in front, into `out`
 * (emptied first): the tags that the options allow. `out` is empty if nothing
 * of the old block may stay, or if the old block makes no sense: a broken EXIF
 * block is dropped, never the image. The same content gives the same bytes, and
 * rebuilding the result gives it again, but for shifted dates. `tiff` must not
 * lie in `out`. False only without memory. Any thread may call. */
bool imp_exif_rebuild(struct imp_span tiff, const struct imp_exif_options *o,
                      struct imp_buf *out, struct imp_err *err);

/* Append what the options allow as text, one line a tag, to `out`: what a
 * policy's digest is made of. On failure `out` holds part of it. */
bool imp_exif_describe(const struct imp_exif_options *o, struct imp_buf *out,
                       struct imp_err *err);

#endif
