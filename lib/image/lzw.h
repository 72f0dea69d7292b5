/* lzw.h - LZW streams of GIF and TIFF, resolved to nowhere or to memory.
 *
 * Tells whether the stream holds as many bytes (GIF: indexes) as the picture
 * needs, and where its last code ends. Memory: one table of 4096 entries. One
 * stream at a time, one thread. */
#ifndef IMP_IMAGE_LZW_H
#define IMP_IMAGE_LZW_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum imp_lzw_kind {
    IMP_LZW_GIF,      /* GIF89a appendix F: least significant bit first */
    IMP_LZW_TIFF,     /* TIFF 6.0 section 13: most significant bit first, the
                         code grows one code early */
    IMP_LZW_TIFF_OLD, /* as libtiff's compatibility mode: bits as in GIF */
};

enum imp_lzw_state {
    IMP_LZW_MORE, /* all bytes taken, the stream goes on */
    IMP_LZW_DONE, /* ended: end-of-information, or all that was wanted came */
    IMP_LZW_DAMAGED, /* `err` says why */
};

struct imp_lzw; /* opaque */

struct imp_lzw *imp_lzw_new(struct imp_err *err);
void imp_lzw_free(struct imp_lzw *l);

/* Begin a stream. `code_bits`: GIF's LZW minimum code size, 1 to 8 (others
 * ignore it: 8). `want`: how many bytes it must hold. */
void imp_lzw_start(struct imp_lzw *l, enum imp_lzw_kind kind,
                   unsigned code_bits, uint64_t want);

/* Store the bytes of the stream just begun at `out`, which has room for as many
 * as it wants. Without this they are counted alone. */
void imp_lzw_store(struct imp_lzw *l, uint8_t *out);

/* Take `n` bytes; GIF hands in one sub-block after the other. `*used` is how
 * many belong to the stream: fewer than `n` only if DONE. An end-of-information
 * code directly behind the last wanted byte belongs to the stream. More than
 * `want` is not an error, it is passed over as decoders do, to the end code. */
enum imp_lzw_state imp_lzw_feed(struct imp_lzw *l, const uint8_t *p, size_t n,
                                size_t *used, struct imp_err *err);

/* How many of the wanted bytes have come. */
uint64_t imp_lzw_have(const struct imp_lzw *l);

/* Has an end-of-information code come? If not, what comes behind a DONE stream
 * is nothing that it needs, but a reader may want to see more bytes. */
bool imp_lzw_ended(const struct imp_lzw *l);

#endif
