/* jpeg_cut.h - one JPEG image being cut: what the walk over its segments shares
 * with the rules for application segments. One image, one thread. */
#ifndef IMP_IMAGE_JPEG_CUT_H
#define IMP_IMAGE_JPEG_CUT_H

#include "image/format.h"
#include "image/jpeg.h"
#include "image/jpeg_tables.h"

struct imp_jpeg_reader {
    struct imp_span in;
    struct imp_job_image *img;
    struct imp_cutlist *cl;
    struct imp_jpeg *j;
    struct imp_jpeg_uses uses;
    size_t at; /* next byte to speak for */
    bool jfif, exif;
    int adobe; /* its colour transform; -1 before it */
    enum { IMP_JPEG_ICC_NOT_MET, IMP_JPEG_ICC_KEPT, IMP_JPEG_ICC_GONE } icc;
};

/* Emit the cuts for `in`, from SOI, which is there, to its last byte. `spec` is
 * NULL, or has tables that the image leaves out: they are in `j`, memory of
 * _cutlist_alloc, which is empty without it. */
bool imp_jpeg_cut_image(struct imp_span in, struct imp_jpeg_spec *spec,
                        struct imp_jpeg *j, struct imp_job_image *img,
                        struct imp_cutlist *cl, struct imp_err *err);

/* Emit the cuts for an APPn, COM or reserved segment. */
bool imp_jpeg_cut_app(struct imp_jpeg_reader *r,
                      const struct imp_jpeg_segment *s, struct imp_err *err);

/* --- One segment --- */

void imp_jpeg_keep(struct imp_jpeg_reader *r, const struct imp_jpeg_segment *s,
                   const char *what);
void imp_jpeg_drop(struct imp_jpeg_reader *r, const struct imp_jpeg_segment *s,
                   enum imp_part_kind kind, const char *what);

/* A new segment of `head` and `body`, which fit into one. */
void imp_jpeg_insert(struct imp_jpeg_reader *r, uint8_t marker,
                     const void *head, size_t head_len, struct imp_span body,
                     enum imp_part_kind kind, const char *what);

/* Replace a segment by the form that has nothing but what is needed in it,
 * unless it has that form already. What goes then is called `with_extra`. */
void imp_jpeg_canonical(struct imp_jpeg_reader *r,
                        const struct imp_jpeg_segment *s, const uint8_t *body,
                        size_t n, const char *what, enum imp_part_kind extra,
                        const char *with_extra);

#endif
