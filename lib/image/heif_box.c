#include "image/heif.h"

#include <string.h>

bool imp_heif_is(const struct imp_heif_box *box, const char *type)
{
    return memcmp(box->type, type, 4) == 0;
}

bool imp_heif_box_at(struct imp_span in, uint64_t base, size_t at,
                     struct imp_heif_box *box, struct imp_err *err)
{
    struct imp_span head;
    uint64_t header = 8;
    *box = (struct imp_heif_box){.at = base + at};
    if (!imp_span_sub(in, at, 8, &head))
        return imp_fail_at(err, IMP_ERR_DAMAGED, base + at,
                           "box at %ju: want a header of 8 bytes, have %zu",
                           (uintmax_t)(base + at), in.n - at);
    for (int i = 0; i < 4; i++) {
        uint8_t c = head.p[4 + i];
        box->type[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    uint64_t left = in.n - at;
    box->size = imp_be32(head.p);
    if (box->size == 0)
        box->size = left;
    if (box->size == 1) {
        if (!imp_span_sub(in, at, 16, &head))
            return imp_fail_at(err, IMP_ERR_DAMAGED, base + at,
                               "box at %ju: no 64-bit size",
                               (uintmax_t)(base + at));
        box->size = imp_be64(head.p + 8);
        header = 16;
    }
    if (box->size < header || box->size > left)
        return imp_fail_at(err, IMP_ERR_DAMAGED, base + at,
                           "%s box at %ju of %ju bytes, have %ju", box->type,
                           (uintmax_t)(base + at), (uintmax_t)box->size,
                           (uintmax_t)left);
    return imp_span_sub(in, at + (size_t)header, (size_t)(box->size - header),
                        &box->body);
}

bool imp_heif_full(const struct imp_heif_box *box, uint8_t *version,
                   uint32_t *flags, struct imp_span *rest, struct imp_err *err)
{
    if (box->body.n < 4)
        return imp_fail_at(err, IMP_ERR_DAMAGED, box->at,
                           "%s box at %ju: no version and flags", box->type,
                           (uintmax_t)box->at);
    *version = box->body.p[0];
    *flags = imp_be32(box->body.p) & 0xffffff;
    *rest = (struct imp_span){box->body.p + 4, box->body.n - 4};
    return true;
}

uint64_t imp_heif_get(struct imp_heif_reader *r, unsigned bytes)
{
    uint64_t v = 0;
    if (!r->ok || bytes > r->in.n - r->at) {
        r->ok = false;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | r->in.p[r->at + i];
    r->at += bytes;
    return v;
}

bool imp_heif_put(struct imp_buf *out, unsigned bytes, uint64_t value,
                  struct imp_err *err)
{
    uint8_t be[8];
    imp_put_be64(be, value);
    return imp_buf_add(out, be + 8 - bytes, bytes, err);
}

// Where the box begins; SIZE_MAX without memory.
size_t imp_heif_begin(struct imp_buf *out, const char *type,
                      struct imp_err *err)
{
    size_t at = out->n;
    return imp_heif_put(out, 4, 0, err) && imp_buf_add(out, type, 4, err)
               ? at
               : SIZE_MAX;
}

size_t imp_heif_begin_full(struct imp_buf *out, const char *type,
                           uint8_t version, uint32_t flags, struct imp_err *err)
{
    size_t at = imp_heif_begin(out, type, err);
    if (at == SIZE_MAX ||
        !imp_heif_put(out, 4, (uint32_t)version << 24 | flags, err))
        return SIZE_MAX;
    return at;
}

void imp_heif_end(struct imp_buf *out, size_t begun)
{
    imp_put_be32(out->p + begun, (uint32_t)(out->n - begun));
}
