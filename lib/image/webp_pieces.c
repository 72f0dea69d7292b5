#include "image/webp_pieces.h"

#include <stdlib.h>
#include <string.h>

struct imp_webp_piece {
    enum imp_cut_kind kind;
    enum imp_part_kind part;
    const char *what;
    size_t at, n;         // of the input, for keep and drop
    const uint8_t *bytes; // of an insert; may still change
};

void imp_webp_pieces_clear(struct imp_webp_pieces *out)
{
    free(out->piece);
    *out = (struct imp_webp_pieces){0};
}

static bool add_piece(struct imp_webp_pieces *out, struct imp_webp_piece piece,
                      struct imp_err *err)
{
    if (out->n == out->cap) {
        size_t cap = out->cap ? 2 * out->cap : 32;
        struct imp_webp_piece *grown = realloc(out->piece, cap * sizeof *grown);
        if (!grown)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu pieces",
                            cap);
        out->piece = grown;
        out->cap = cap;
    }
    out->piece[out->n++] = piece;
    return true;
}

bool imp_webp_keep(struct imp_webp_pieces *out, size_t at, size_t n,
                   enum imp_part_kind part, const char *what,
                   struct imp_err *err)
{
    return add_piece(
        out, (struct imp_webp_piece){IMP_CUT_KEEP, part, what, at, n, NULL},
        err);
}

bool imp_webp_drop(struct imp_webp_pieces *out, size_t at, size_t n,
                   enum imp_part_kind part, const char *what,
                   struct imp_err *err)
{
    return add_piece(
        out, (struct imp_webp_piece){IMP_CUT_DROP, part, what, at, n, NULL},
        err);
}

uint8_t *imp_webp_put(struct imp_webp_pieces *out, size_t at, size_t old,
                      size_t n, enum imp_part_kind part, const char *what,
                      struct imp_err *err)
{
    uint8_t *bytes = imp_cutlist_alloc(out->cl, n);
    if (!bytes) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a chunk");
        return NULL;
    }
    struct imp_webp_piece piece = {IMP_CUT_INSERT, part, what, at, n, bytes};
    if ((old && !imp_webp_drop(out, at, old, part, what, err)) ||
        !add_piece(out, piece, err))
        return NULL;
    return bytes;
}

uint8_t *imp_webp_put_header(struct imp_webp_pieces *out,
                             const struct imp_webp_chunk *c,
                             enum imp_part_kind part, const char *what,
                             struct imp_err *err)
{
    uint8_t *head = imp_webp_put(out, c->at, IMP_WEBP_CHUNK_HEADER,
                                 IMP_WEBP_CHUNK_HEADER, part, what, err);
    if (head)
        memcpy(head, c->name, 4);
    return head;
}

bool imp_webp_put_pad(struct imp_webp_pieces *out,
                      const struct imp_webp_chunk *c, uint64_t n,
                      enum imp_part_kind part, const char *what,
                      struct imp_err *err)
{
    size_t at = c->at + IMP_WEBP_CHUNK_HEADER + c->data.n;
    size_t old = c->end - at;
    if (n & 1)
        return imp_webp_put(out, at, old, 1, part, what, err);
    return !old || imp_webp_drop(out, at, old, part, what, err);
}

uint64_t imp_webp_output_of(const struct imp_webp_pieces *out, size_t first)
{
    uint64_t n = 0;
    for (size_t i = first; i < out->n; i++)
        if (out->piece[i].kind != IMP_CUT_DROP)
            n += out->piece[i].n;
    return n;
}

void imp_webp_emit(const struct imp_webp_pieces *out, struct imp_span in)
{
    for (size_t i = 0; i < out->n; i++) {
        const struct imp_webp_piece *p = &out->piece[i];
        const struct imp_webp_piece *next = i + 1 < out->n ? p + 1 : NULL;
        bool same = p->kind == IMP_CUT_DROP && next &&
                    next->kind == IMP_CUT_INSERT && next->n == p->n &&
                    memcmp(in.p + p->at, next->bytes, p->n) == 0;
        if (p->kind == IMP_CUT_KEEP || same)
            imp_cut_keep(out->cl, p->at, p->n, p->part,
                         same ? next->what : p->what);
        else if (p->kind == IMP_CUT_DROP)
            imp_cut_drop(out->cl, p->at, p->n, p->part, p->what);
        else
            imp_cut_insert(out->cl, p->bytes, p->n, p->part, p->what);
        i += same;
    }
}
