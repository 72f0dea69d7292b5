/* mark_internal.h - what the files of the marker share. Not for other modules.
 */
#ifndef IMP_MARK_MARK_INTERNAL_H
#define IMP_MARK_MARK_INTERNAL_H

#include "mark/carrier.h"
#include "mark/dicom_patches.h"
#include "mark/mark.h"
#include "mark/pixels.h"
#include "mark/splice.h"
#include "mark/stencil.h"

#define IMP_MARK_PROBE 32 /* line height: to learn a text's proportions */

struct imp_marker {
    struct imp_template *text; // of no text if there is a logo
    struct imp_mark_spec spec; // without what it borrows
    char *font;                // the spec's
    struct imp_logo *logo;     // NULL: the mark is a text
    const struct imp_pixels *pixels;
    struct imp_stencils *stencils;
};

struct imp_pen {
    struct imp_splicer splicer;
    struct imp_dicom_patches dicom;
    struct imp_cutlist cuts;
    struct imp_buf text;
};

/* The mark's text with a NUL behind it. */
bool imp_marker_text(const struct imp_marker *m,
                     const struct imp_values *values, struct imp_buf *text,
                     struct imp_err *err);

/* The mark and its backing at one line height; `ink` must be empty. */
bool imp_marker_draw(const struct imp_marker *m, const char *text,
                     uint32_t line, struct imp_ink *ink, struct imp_err *err);

/* Take the stencil for a picture; to be put back. NULL with `err`. */
const struct imp_stencil *imp_marker_stencil(struct imp_marker *m,
                                             const struct imp_buf *text,
                                             const struct imp_look *look,
                                             struct imp_err *err);

/* IMP_ERR_LIMIT if the picture has more pixels than the spec allows. */
bool imp_marker_check_size(const struct imp_marker *m,
                           const struct imp_look *look, struct imp_err *err);

/* A stencil and its paint in the colours of one picture. */
struct imp_matched {
    struct imp_ink ink; /* the stencil's, but for what `rgb` has */
    uint8_t *rgb;
    struct imp_paint paint;
    struct imp_inked where;
};

/* To be freed by _unmatch, on failure too; lives no longer than the stencil. */
bool imp_marker_match(const struct imp_marker *m, struct imp_span profile,
                      const struct imp_stencil *stencil,
                      struct imp_matched *out, struct imp_err *err);
void imp_marker_unmatch(struct imp_matched *matched);

#endif
