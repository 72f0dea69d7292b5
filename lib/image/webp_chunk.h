/* webp_chunk.h - the RIFF container of a WebP file: RFC 9649, whose section
 * numbers these are. */
#ifndef IMP_IMAGE_WEBP_CHUNK_H
#define IMP_IMAGE_WEBP_CHUNK_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_WEBP_RIFF_HEADER 12
#define IMP_WEBP_CHUNK_HEADER 8
#define IMP_WEBP_VP8X_SIZE 10
#define IMP_WEBP_ANMF_SIZE 16 /* of a frame's own fields (2.7.1.1) */

/* 2.7: flags of VP8X. */
enum {
    IMP_WEBP_HAS_ANIM = 0x02,
    IMP_WEBP_HAS_XMP = 0x04,
    IMP_WEBP_HAS_EXIF = 0x08,
    IMP_WEBP_HAS_ALPHA = 0x10,
    IMP_WEBP_HAS_ICC = 0x20
};

struct imp_webp_chunk {
    char name[5]; /* for messages: what is not printable is a '?' */
    size_t at;    /* of its header */
    size_t end;   /* behind its padding byte */
    struct imp_span data;
};

/* The file as far as RIFF says, without a trailer; `in` is a RIFF header at
 * least. IMP_ERR_DAMAGED if it is not all there. */
bool imp_webp_riff(struct imp_span in, struct imp_span *riff,
                   struct imp_err *err);

/* The chunk at `at` (2.3); IMP_ERR_DAMAGED if it is not all in `in`. */
bool imp_webp_chunk_at(struct imp_span in, size_t at, struct imp_webp_chunk *c,
                       struct imp_err *err);

bool imp_webp_is(const struct imp_webp_chunk *c, const char *name);

/* Does it hold a picture, but for its alpha? */
bool imp_webp_is_image(const struct imp_webp_chunk *c);

/* The TIFF block of an EXIF chunk: some writers put JPEG's "Exif\0\0" in front
 * of it. */
struct imp_span imp_webp_exif(const struct imp_webp_chunk *c);

/* Where a frame lies on the canvas, and how it gets there (2.7.1.1). */
struct imp_webp_place {
    uint32_t x, y, width, height;
    bool blends; /* over the canvas; else it takes its place */
    bool clears; /* its rectangle becomes background afterwards */
};

/* From the IMP_WEBP_ANMF_SIZE bytes of a frame's own fields. */
struct imp_webp_place imp_webp_place_of(const uint8_t *anmf);

/* Numbers of 3 bytes, little endian; the caller has checked that they are
 * there. */
static inline uint32_t imp_webp_le24(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

#endif
