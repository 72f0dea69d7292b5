/* webp_pieces.h - the output in pieces, before it is known how long they make
 * it: sizes in headers count what follows. Private to fmt_webp.c.
 *
 * All of them: IMP_ERR_MEMORY. `what` is borrowed as by the cut list. */
#ifndef IMP_IMAGE_WEBP_PIECES_H
#define IMP_IMAGE_WEBP_PIECES_H

#include "image/cutlist.h"
#include "image/webp_chunk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imp_webp_piece; /* opaque */

/* `{.cl = …}` is empty. */
struct imp_webp_pieces {
    struct imp_cutlist *cl;
    struct imp_webp_piece *piece;
    size_t n, cap;
};

void imp_webp_pieces_clear(struct imp_webp_pieces *out);

/* `n` bytes of the input, from `at` on. */
bool imp_webp_keep(struct imp_webp_pieces *out, size_t at, size_t n,
                   enum imp_part_kind part, const char *what,
                   struct imp_err *err);
bool imp_webp_drop(struct imp_webp_pieces *out, size_t at, size_t n,
                   enum imp_part_kind part, const char *what,
                   struct imp_err *err);

/* Memory for `n` bytes that stand where the input has `old` at `at`; the caller
 * fills them in, before _emit. What comes out equal to the input is kept in the
 * end. NULL on failure. */
uint8_t *imp_webp_put(struct imp_webp_pieces *out, size_t at, size_t old,
                      size_t n, enum imp_part_kind part, const char *what,
                      struct imp_err *err);

/* A chunk's header with another size, which the caller fills in. */
uint8_t *imp_webp_put_header(struct imp_webp_pieces *out,
                             const struct imp_webp_chunk *c,
                             enum imp_part_kind part, const char *what,
                             struct imp_err *err);

/* The pad behind `n` bytes of data; the input's, if it has one, lies between
 * c's data and c->end. */
bool imp_webp_put_pad(struct imp_webp_pieces *out,
                      const struct imp_webp_chunk *c, uint64_t n,
                      enum imp_part_kind part, const char *what,
                      struct imp_err *err);

/* How many bytes the pieces from `first` on make. */
uint64_t imp_webp_output_of(const struct imp_webp_pieces *out, size_t first);

/* Hand all of them to the cut list; `in` is the whole input. */
void imp_webp_emit(const struct imp_webp_pieces *out, struct imp_span in);

#endif
