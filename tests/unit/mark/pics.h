/* pics.h - small pictures for tests of the mark, made and read without
 * libvips: it draws the mark, so it must not be the judge, too.
 *
 * Whatever fails in here fails the test that called. */
#ifndef IMP_TESTS_MARK_PICS_H
#define IMP_TESTS_MARK_PICS_H

#include "base/bytes.h"
#include "mark/mark.h"

#include <stdbool.h>
#include <stdint.h>

/* Decoded: four samples a pixel, R G B A of a PNG, the components of a JPEG
 * (those it lacks are 0). */
struct pic {
    uint32_t width, height;
    unsigned max; /* 255 or 65535 */
    uint16_t *px;
};

struct pic pic_new(uint32_t width, uint32_t height, unsigned max);
void pic_clear(struct pic *p);
uint16_t *pic_at(const struct pic *p, uint32_t x, uint32_t y);
bool pic_same(const struct pic *a, const struct pic *b);

/* Pixels that differ in pictures of one size, within the mark's rectangle and
 * without. */
void pic_compare(const struct pic *a, const struct pic *b,
                 const struct imp_mark_report *r, size_t *in, size_t *out);

/* A picture as it is seen if it is stored with this EXIF orientation, and the
 * other way round. */
struct pic pic_display(const struct pic *stored, unsigned orientation);
struct pic pic_store(const struct pic *upright, unsigned orientation);

/* --- PNG --- */

struct png_kind {
    const char *name;
    uint8_t colour, depth; /* of IHDR */
    bool trns;
    uint8_t out_colour, out_depth; /* after marking */
};
extern const struct png_kind PNG_KINDS[];
extern const int PNG_KIND_COUNT;

/* A gradient of that kind; `extra` are whole chunks that go before IDAT. */
void png_make(const struct png_kind *kind, uint32_t width, uint32_t height,
              struct imp_span extra, struct imp_buf *out);
/* RGBA of the picture's depth. */
void png_make_rgba(const struct pic *p, struct imp_span extra,
                   struct imp_buf *out);
void png_add_chunk(struct imp_buf *out, const char *type, const void *data,
                   size_t n);
/* The data of the first chunk of that type; empty if there is none. */
struct imp_span png_find(struct imp_span file, const char *type);
/* Samples below 8 bits are scaled up to 8, palettes resolved (PNG 13.12). */
struct pic png_read(struct imp_span file);

/* --- JPEG --- */

struct jpeg_kind {
    int components; /* 1 grey, 3 YCbCr, 4 CMYK */
    int h, v;       /* sampling factors of the first, the rest have 1 x 1 */
    int quality;
    bool progressive, arithmetic;
    unsigned orientation; /* 0: no EXIF */
    bool icc;             /* some APP2 segment */
    int restart;          /* MCUs; 0: none */
    bool apart;           /* a scan for each component */
    bool own_codes;       /* Huffman tables for just this picture */
    enum { PICS_USUAL, PICS_RGB, PICS_YCCK } space;
    bool noisy; /* coefficients in every block, of all sizes */
};

void jpeg_make(const struct jpeg_kind *kind, uint32_t width, uint32_t height,
               struct imp_buf *out);

struct jpeg_facts {
    int components, h[4], v[4];
    bool progressive, jfif;
    unsigned x_density, unit;
    uint16_t quant[4][64]; /* of each component */
    size_t exif, icc;      /* lengths of APP1 and APP2 segments */
};
/* Fails the test if libjpeg has as much as a warning. */
struct pic jpeg_read(struct imp_span file, struct jpeg_facts *facts);

/* --- WebP --- */

/* Append a frame's chunks, ALPH too if it is coded with loss and not opaque;
 * `p` has samples of 8 bits. */
void webp_add_frame(const struct pic *p, bool lossless, struct imp_buf *out);
void webp_add_chunk(struct imp_buf *out, const char *name, const void *data,
                    size_t n);
/* The start of an extended file, whose end webp_close tells it. */
void webp_open(uint32_t width, uint32_t height, uint8_t flags,
               struct imp_buf *out);
void webp_close(struct imp_buf *out);
/* A frame at x, y (even), which blends or not and clears or not. */
void webp_add_anmf(const struct pic *p, bool lossless, uint32_t x, uint32_t y,
                   uint8_t flags, struct imp_buf *out);
#define WEBP_OVERWRITES 2
#define WEBP_CLEARS 1
/* The chunk with that name, the i-th of them; empty if there is none. */
struct imp_span webp_find(struct imp_span file, const char *name, size_t i);
/* A simple file, or a frame's chunks. */
struct pic webp_read(struct imp_span chunks);

/* A TIFF block of 26 bytes that states the orientation. */
void exif_make(unsigned orientation, uint8_t tiff[26]);

/* --- Marking --- */

extern const struct imp_mark_input *const VALUES;

/* Mark with a fresh marker; any failure fails the test. */
struct imp_mark_report mark_all(const struct imp_mark_spec *spec,
                                const char *format, struct imp_span in,
                                struct imp_buf *out);
/* The same while a JPEG is cut, all of its segments being kept; false if the
 * splice does not do it. */
bool mark_spliced(const struct imp_mark_spec *spec, struct imp_span in,
                  struct imp_buf *out, struct imp_mark_report *report);
/* The code with which marking fails. */
enum imp_code mark_code(const struct imp_mark_spec *spec, const char *format,
                        struct imp_span in);
enum imp_code splice_code(const struct imp_mark_spec *spec, struct imp_span in);
struct imp_mark_spec spec_of(const char *text);

#endif
