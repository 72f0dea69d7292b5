/* png_maker.h - makes PNG files chunk by chunk, cuts them, and looks into what
 * comes out. For tests: aborts where a test could not go on. */
#ifndef IMP_TEST_PNG_MAKER_H
#define IMP_TEST_PNG_MAKER_H

#include "base/bytes.h"
#include "image/format.h"

extern const struct imp_format imp_format_png;

#define CANARY "CANARY-Jane-Doe-19700101"
#define PART_KINDS (IMP_PART_UNKNOWN + 1)

/* --- Making -----------------------------------------------------------------
 */

void png_add(struct imp_buf *b, const void *bytes, size_t n);
void png_signature(struct imp_buf *b);
void png_chunk(struct imp_buf *b, const char *type, const void *data, size_t n);
void png_ihdr(struct imp_buf *b, uint32_t w, uint32_t h, uint8_t depth,
              uint8_t colour, uint8_t interlace);

/* Signature and IHDR of an 8 by 8 image, 8 bits deep. */
void png_start(struct imp_buf *b, uint8_t colour);

/* Append the zlib stream of `n` zero bytes: rows of filter 0. */
void png_zlib_zeros(struct imp_buf *b, size_t n);
void png_zlib(struct imp_buf *b, const void *raw, size_t n);

/* The stream of png_start's image, in one IDAT chunk. */
void png_idat(struct imp_buf *b, uint8_t colour);
size_t png_raw_size(uint8_t colour);

/* IDAT and IEND. */
void png_end(struct imp_buf *b, uint8_t colour);

/* acTL, fcTL, and fdAT holding `stream`. */
void png_actl(struct imp_buf *b, uint32_t frames);
void png_fctl(struct imp_buf *b, uint32_t seq, uint32_t w, uint32_t h,
              uint32_t x, uint32_t y);
void png_fdat(struct imp_buf *b, uint32_t seq, const void *stream, size_t n);

/* --- Cutting ----------------------------------------------------------------
 */

/* An editor that answers by kind, and remembers. */
struct png_editor {
    struct imp_editor base;
    enum imp_fate fate[PART_KINDS];
    struct imp_span bytes; /* for IMP_FATE_REPLACE */
    size_t asked[PART_KINDS];
    struct imp_buf payload[PART_KINDS]; /* of the last of its kind */
};

struct png_result {
    bool ok, all_kept;
    struct imp_err err;
    struct imp_buf out; /* only if ok */
    size_t dropped;     /* cuts */
    uint32_t width, height;
};

struct png_editor png_editor_of(enum imp_fate every);
void png_editor_clear(struct png_editor *e);

/* Cut `in`; the result is the caller's to clear. */
struct png_result png_cut(struct imp_span in, struct png_editor *e);
struct png_result png_cut_within(struct imp_span in, struct png_editor *e,
                                 uint64_t max_pixels);
/* Does cutting `in` succeed and give just `want`? */
bool png_becomes(struct imp_span in, struct png_editor *e,
                 struct imp_span want);
void png_result_clear(struct png_result *r);

/* --- Looking
 * ------------------------------------------------------------------ */

bool png_contains(struct imp_span in, const void *bytes, size_t n);

/* The data of the `nth` chunk of a type (from 0); false if there is none.
 * Checks each CRC on the way. */
bool png_find(struct imp_span png, const char *type, size_t nth,
              struct imp_span *data);

/* Inflate a whole stream; false if it is broken or bytes follow it. */
bool png_inflate(struct imp_span stream, struct imp_buf *raw);

/* All data of the chunks of a type but for the first `skip` bytes of each. */
void png_join(struct imp_span png, const char *type, size_t skip,
              struct imp_buf *out);

#endif
