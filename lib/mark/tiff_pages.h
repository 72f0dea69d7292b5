/* tiff_pages.h - pages that were coded one by one, joined to a TIFF file. */
#ifndef IMP_MARK_TIFF_PAGES_H
#define IMP_MARK_TIFF_PAGES_H

#include "base/bytes.h"

#include <stdbool.h>

/* `coded` is a row of whole TIFF files of one page each, all of one byte order
 * and offset width; `starts` has where each begins, as size_t. Make one file of
 * them, into `out`, emptied first: page by page the encoder's fields tell how
 * the samples are stored, and those of `source`, which has as many pages, what
 * they mean: its resolution, orientation, colours, place among the pages. Of
 * the source nothing else is taken. IMP_ERR_DAMAGED, IMP_ERR_MEMORY;
 * IMP_ERR_LIMIT if it is too long for the offsets it has. */
bool imp_tiff_join(struct imp_span source, struct imp_span coded,
                   struct imp_span starts, struct imp_buf *out,
                   struct imp_err *err);

#endif
