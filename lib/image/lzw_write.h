/* lzw_write.h - LZW streams of GIF, written. */
#ifndef IMP_IMAGE_LZW_WRITE_H
#define IMP_IMAGE_LZW_WRITE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Append the image data of GIF89a section 22 to `out`: the code size, then
 * sub-blocks with the codes of `n` (1 or more) indexes, each of at most
 * `code_bits` bits, then the terminator. `code_bits`: 2 to 8, for appendix F
 * has 2 for pictures of one bit, too. The same indexes give the same bytes. Any
 * thread. IMP_ERR_MEMORY, `out` being of no use then. */
bool imp_lzw_write(unsigned code_bits, const uint8_t *index, size_t n,
                   struct imp_buf *out, struct imp_err *err);

#endif
