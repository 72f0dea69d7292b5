/* png.h - what the files of the PNG handler share: one image being walked,
 * its chunks, and the ways to let a chunk stay, change or go.
 *
 * Section numbers are those of Portable Network Graphics (PNG) Specification,
 * Third Edition. One image, one thread. */
#ifndef IMP_IMAGE_PNG_H
#define IMP_IMAGE_PNG_H

#include "image/cutlist.h"
#include "image/format.h"
#include "image/part.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_PNG_MAX_LENGTH 0x7fffffffu /* of a chunk's data: 5.3 */

/* 11.2.1. */
enum imp_png_colour {
    IMP_PNG_GREY = 0,
    IMP_PNG_TRUECOLOUR = 2,
    IMP_PNG_INDEXED = 3,
    IMP_PNG_GREY_ALPHA = 4,
    IMP_PNG_TRUECOLOUR_ALPHA = 6,
};

enum imp_png_phase {
    IMP_PNG_BEFORE_IDAT = 0,
    IMP_PNG_IN_IDAT,
    IMP_PNG_AFTER_IDAT,
};

struct imp_png_rows;

struct imp_png {
    struct imp_span in;
    struct imp_job_image *img;
    struct imp_cutlist *cl;

    uint32_t width, height;
    uint64_t pixels; /* of the image and the frames so far */
    uint8_t depth;
    enum imp_png_colour colour;
    bool interlaced;

    enum imp_png_phase phase;
    bool has_plte, has_trns;
    size_t entries; /* of the palette of an indexed image */
    uint32_t seen;  /* bit i: row i of the ancillary table was kept */
    bool has_iccp, has_exif, has_time;
    size_t asked; /* parts shown to the editor */

    struct imp_png_rows *rows; /* of the frame being read */

    bool animated;              /* an acTL precedes the first IDAT */
    bool has_actl;              /* and has been met */
    bool frame_open;            /* an fcTL's fdAT chunks are expected */
    uint32_t frames_want;       /* what acTL says */
    uint32_t frames;            /* fcTL chunks so far */
    uint32_t next_in, next_out; /* sequence numbers */
};

struct imp_png_chunk {
    char type[5]; /* four letters, checked, and a NUL */
    size_t at;    /* offset of its length field */
    size_t size;  /* with length, type and CRC */
    struct imp_span data;
    const char *what; /* "IDAT chunk" */
};

/* A chunk handler: emits cuts for the whole of `c`. False with `err` if the
 * image cannot go on. */
typedef bool imp_png_take(struct imp_png *png, const struct imp_png_chunk *c,
                          struct imp_err *err);

/* --- png_chunk.c: chunks as such --------------------------------------------
 */

/* The chunk at `at`, but for its name. IMP_ERR_DAMAGED if it is not all there
 * or its type is not four letters. */
bool imp_png_chunk_at(struct imp_span in, size_t at, struct imp_png_chunk *c,
                      struct imp_err *err);
bool imp_png_is(const struct imp_png_chunk *c, const char *type);
bool imp_png_crc_fits(const struct imp_png_chunk *c);

/* IMP_ERR_DAMAGED unless the CRC fits: for what the picture depends on. */
bool imp_png_need_crc(const struct imp_png_chunk *c, struct imp_err *err);

/* Ask the editor about the part at [at, at + n). IMP_ERR_LIMIT if there are too
 * many: each costs a cut, and libpng, too, stops at a thousand. */
bool imp_png_ask(struct imp_png *png, enum imp_part_kind kind, const char *what,
                 size_t at, size_t n, struct imp_span payload,
                 struct imp_verdict *verdict, struct imp_err *err);

void imp_png_keep(struct imp_png *png, const struct imp_png_chunk *c,
                  enum imp_part_kind kind);

/* Show the chunk to the editor and drop it, whatever the editor says. `why`
 * goes behind its name, "gAMA chunk, repeated", or is NULL. */
bool imp_png_drop(struct imp_png *png, const struct imp_png_chunk *c,
                  enum imp_part_kind kind, const char *why,
                  struct imp_err *err);

/* The chunk with `data` instead of its own; kept if that is what it has. */
bool imp_png_replace(struct imp_png *png, const struct imp_png_chunk *c,
                     enum imp_part_kind kind, struct imp_span data,
                     struct imp_err *err);

/* The chunk with the first `skip` bytes of its data changed to `head` (as many)
 * and only the first `used` bytes in all; what follows is a trailer that `tail`
 * names. Those between stay where they are. */
bool imp_png_trim(struct imp_png *png, const struct imp_png_chunk *c,
                  enum imp_part_kind kind, const uint8_t *head, size_t skip,
                  size_t used, const char *tail, struct imp_err *err);

/* Add an image or a frame of this size to what is to be inflated;
 * IMP_ERR_LIMIT if that is more than the limits allow. */
bool imp_png_add_pixels(struct imp_png *png, const struct imp_png_chunk *c,
                        uint32_t width, uint32_t height, struct imp_err *err);

/* --- png_colour.c: small ancillary chunks of fixed form
 * ----------------------- */

/* Keep the chunk if it is one of these and well-formed, in its place and the
 * first; drop it otherwise, unknown ones included. */
imp_png_take imp_png_take_ancillary;
imp_png_take imp_png_take_trns;

/* --- png_meta.c: what an editor decides about
 * ---------------------------------- */

imp_png_take imp_png_take_exif, imp_png_take_iccp, imp_png_take_text,
    imp_png_take_time;

/* --- png_data.c: image data and frames
 * ------------------------------------------- */

imp_png_take imp_png_take_idat, imp_png_take_actl, imp_png_take_fctl,
    imp_png_take_fdat;

/* Before any chunk but IDAT: the image's own stream must be complete, if it
 * has begun. */
bool imp_png_end_idat(struct imp_png *png, const struct imp_png_chunk *next,
                      struct imp_err *err);

/* At IEND: everything promised has come. */
bool imp_png_end_data(struct imp_png *png, const struct imp_png_chunk *iend,
                      struct imp_err *err);

#endif
