/* splice.h - a mark in a sequential Huffman JPEG: the blocks under the ink are
 * coded anew, with the file's own tables; all other coefficients keep their
 * very bits, shifted where that is needed.
 *
 * Works on the input and its cut list, so that cleaning and marking are one
 * pass over the file. */
#ifndef IMP_MARK_SPLICE_H
#define IMP_MARK_SPLICE_H

#include "image/cutlist.h"
#include "image/jpeg_map.h"
#include "mark/jpeg_ink.h"

#include <stdbool.h>

/* Keeps its memory from image to image; belongs to one thread. `{0}` is empty.
 */
struct imp_splicer {
    struct imp_buf coded;    /* new bytes of all patches */
    struct imp_patch *patch; /* their `bytes` are set in the end */
    size_t n, cap;
};

void imp_splicer_clear(struct imp_splicer *s);

enum imp_spliced {
    IMP_SPLICED,
    IMP_SPLICE_NO_CODE, /* the file's Huffman tables lack one that is needed */
    IMP_SPLICE_FAILED,  /* see `err` */
};

/* `cuts` is a finished list of `in`, `map` was made with it. `out`, started and
 * finished here, is that list with the ink drawn in; it borrows names from
 * `cuts`. */
enum imp_spliced imp_splice(struct imp_splicer *s, struct imp_span in,
                            const struct imp_cutlist *cuts,
                            const struct imp_jpeg_map *map,
                            struct imp_jpeg_ink *ink, struct imp_cutlist *out,
                            struct imp_err *err);

#endif
