#include "image/png.h"

#include <string.h>
#include <zlib.h>

#define HEAD 8    // length and type
#define AROUND 12 // and the CRC: 5.3
#define MANY_PARTS 100000

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool imp_png_chunk_at(struct imp_span in, size_t at, struct imp_png_chunk *c,
                      struct imp_err *err)
{
    struct imp_span head;
    if (!imp_span_sub(in, at, AROUND, &head))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "the file ends without IEND: want a chunk of at "
                           "least %d bytes at %zu, have %zu",
                           AROUND, at, in.n - at);
    *c = (struct imp_png_chunk){.at = at};
    for (size_t i = 0; i < 4; i++) {
        if (!is_letter(head.p[4 + i]))
            return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               "the chunk type at %zu is not four letters", at);
        c->type[i] = (char)head.p[4 + i];
    }
    uint32_t length = imp_be32(head.p);
    if (length > IMP_PNG_MAX_LENGTH || length > in.n - at - AROUND)
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "%s chunk at %zu runs past the end of the file "
                           "(want %ju bytes, have %zu)",
                           c->type, at, (uintmax_t)length + AROUND, in.n - at);
    c->data = (struct imp_span){head.p + HEAD, length};
    c->size = (size_t)length + AROUND;
    return true;
}

bool imp_png_is(const struct imp_png_chunk *c, const char *type)
{
    return memcmp(c->type, type, 4) == 0;
}

bool imp_png_crc_fits(const struct imp_png_chunk *c)
{
    const uint8_t *type = c->data.p - 4;
    uLong crc = crc32_z(0, type, c->data.n + 4);
    return crc == imp_be32(c->data.p + c->data.n);
}

bool imp_png_need_crc(const struct imp_png_chunk *c, struct imp_err *err)
{
    if (imp_png_crc_fits(c))
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, c->at,
                       "%s chunk at %zu: its CRC does not fit", c->type, c->at);
}

bool imp_png_ask(struct imp_png *png, enum imp_part_kind kind, const char *what,
                 size_t at, size_t n, struct imp_span payload,
                 struct imp_verdict *verdict, struct imp_err *err)
{
    struct imp_editor *editor = png->img->editor;
    if (++png->asked > MANY_PARTS)
        return imp_fail_at(err, IMP_ERR_LIMIT, at,
                           "more than %d chunks that are not the picture's",
                           MANY_PARTS);
    struct imp_part part = {.kind = kind,
                            .name = what,
                            .offset = at,
                            .length = n,
                            .payload = payload};
    *verdict = (struct imp_verdict){0};
    return editor->decide(editor, &part, verdict, err);
}

void imp_png_keep(struct imp_png *png, const struct imp_png_chunk *c,
                  enum imp_part_kind kind)
{
    imp_cut_keep(png->cl, c->at, c->size, kind, c->what);
}

bool imp_png_drop(struct imp_png *png, const struct imp_png_chunk *c,
                  enum imp_part_kind kind, const char *why, struct imp_err *err)
{
    const char *what = c->what;
    if (why)
        what = imp_cutlist_name(png->cl, "%s, %s", c->what, why);
    struct imp_verdict ignored;
    if (!imp_png_ask(png, kind, what, c->at, c->size, (struct imp_span){0},
                     &ignored, err))
        return false;
    imp_cut_drop(png->cl, c->at, c->size, kind, what);
    return true;
}

bool imp_png_replace(struct imp_png *png, const struct imp_png_chunk *c,
                     enum imp_part_kind kind, struct imp_span data,
                     struct imp_err *err)
{
    if (data.n > IMP_PNG_MAX_LENGTH)
        return imp_fail_at(err, IMP_ERR_LIMIT, c->at,
                           "%s chunk: new data of %zu bytes, want at most %u",
                           c->type, data.n, IMP_PNG_MAX_LENGTH);
    if (data.n == c->data.n &&
        (data.n == 0 || memcmp(data.p, c->data.p, data.n) == 0)) {
        imp_png_keep(png, c, kind);
        return true;
    }
    bool ok = false;
    struct imp_buf made = {0};
    uint8_t head[HEAD], tail[4];
    imp_put_be32(head, (uint32_t)data.n);
    memcpy(head + 4, c->type, 4);
    if (!imp_buf_reserve(&made, data.n + AROUND, err) ||
        !imp_buf_add(&made, head, sizeof head, err) ||
        !imp_buf_add(&made, data.p, data.n, err))
        goto out;
    imp_put_be32(tail, (uint32_t)crc32_z(0, made.p + 4, data.n + 4));
    if (!imp_buf_add(&made, tail, sizeof tail, err))
        goto out;
    imp_cut_drop(png->cl, c->at, c->size, kind, c->what);
    imp_cut_insert(png->cl, made.p, made.n, kind, c->what);
    ok = true;
out:
    imp_buf_clear(&made);
    return ok;
}

// Cut `c` down to `used` bytes of data: new length, new head, new CRC.
static void rewrite(struct imp_png *png, const struct imp_png_chunk *c,
                    enum imp_part_kind kind, const uint8_t *head, size_t skip,
                    size_t used, const char *tail)
{
    uint8_t front[HEAD + 4], crc_bytes[4];
    imp_put_be32(front, (uint32_t)used);
    memcpy(front + 4, c->type, 4);
    if (skip)
        memcpy(front + HEAD, head, skip);
    const uint8_t *rest = c->data.p + skip;
    uLong crc = crc32_z(0, front + 4, 4 + skip);
    crc = crc32_z(crc, rest, used - skip);
    imp_put_be32(crc_bytes, (uint32_t)crc);

    size_t at = c->at;
    imp_cut_drop(png->cl, at, HEAD + skip, kind, c->what);
    imp_cut_insert(png->cl, front, HEAD + skip, kind, c->what);
    at += HEAD + skip;
    imp_cut_keep(png->cl, at, used - skip, kind, c->what);
    at += used - skip;
    imp_cut_drop(png->cl, at, c->data.n - used, IMP_PART_TRAILER, tail);
    at += c->data.n - used;
    imp_cut_drop(png->cl, at, sizeof crc_bytes, kind, c->what);
    imp_cut_insert(png->cl, crc_bytes, sizeof crc_bytes, kind, c->what);
}

bool imp_png_trim(struct imp_png *png, const struct imp_png_chunk *c,
                  enum imp_part_kind kind, const uint8_t *head, size_t skip,
                  size_t used, const char *tail, struct imp_err *err)
{
    if (skip > 4 || skip > used || used > c->data.n)
        imp_bug("trim of a chunk beyond its data");
    if (used == c->data.n &&
        (skip == 0 || memcmp(head, c->data.p, skip) == 0)) {
        imp_png_keep(png, c, kind);
        return true;
    }
    struct imp_verdict ignored;
    if (used < c->data.n &&
        !imp_png_ask(png, IMP_PART_TRAILER, tail, c->at + HEAD + used,
                     c->data.n - used, (struct imp_span){0}, &ignored, err))
        return false;
    rewrite(png, c, kind, head, skip, used, tail);
    return true;
}

bool imp_png_add_pixels(struct imp_png *png, const struct imp_png_chunk *c,
                        uint32_t width, uint32_t height, struct imp_err *err)
{
    uint64_t most = png->img->limits.max_pixels;
    uint64_t pixels = (uint64_t)width * height;
    if (!imp_add_u64(png->pixels, pixels, &png->pixels) || png->pixels > most)
        return imp_fail_at(err, IMP_ERR_LIMIT, c->at,
                           "%s chunk at %zu: more than %ju pixels", c->type,
                           c->at, (uintmax_t)most);
    return true;
}
