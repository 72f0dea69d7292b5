/* mark_internal.h - what the files of the marker share. Not for other modules.
 */
#ifndef IMP_MARK_MARK_INTERNAL_H
#define IMP_MARK_MARK_INTERNAL_H

#include "mark/carrier.h"
#include "mark/mark.h"
#include "mark/pixels.h"
#include "mark/splice.h"
#include "mark/stencil.h"

#define IMP_MARK_PROBE 32 /* line height: to learn a text's proportions */

struct imp_marker {
    struct imp_template *text;
    struct imp_mark_spec spec; // but for its text
    char *font;                // the spec's
    const struct imp_pixels *pixels;
    struct imp_stencils *stencils;
};

struct imp_pen {
    struct imp_splicer splicer;
    struct imp_cutlist cuts;
    struct imp_buf text;
};

/* The mark's text with a NUL behind it. */
bool imp_marker_text(const struct imp_marker *m,
                     const char *const value[IMP_FIELDS], struct imp_buf *text,
                     struct imp_err *err);

/* Take the stencil for a picture; to be put back. NULL with `err`. */
const struct imp_stencil *imp_marker_stencil(struct imp_marker *m,
                                             const struct imp_buf *text,
                                             const struct imp_look *look,
                                             struct imp_err *err);

#endif
