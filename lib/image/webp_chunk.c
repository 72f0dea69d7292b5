#include "image/webp_chunk.h"

#include <string.h>

// RIFF's size counts all behind itself.
bool imp_webp_riff(struct imp_span in, struct imp_span *riff,
                   struct imp_err *err)
{
    uint64_t n = (uint64_t)imp_le32(in.p + 4) + 8;
    if (n > in.n)
        return imp_fail_at(err, IMP_ERR_DAMAGED, 4,
                           "RIFF of %ju bytes, have %zu", (uintmax_t)n, in.n);
    return imp_span_sub(in, 0, (size_t)n, riff);
}

bool imp_webp_chunk_at(struct imp_span in, size_t at, struct imp_webp_chunk *c,
                       struct imp_err *err)
{
    struct imp_span head;
    *c = (struct imp_webp_chunk){.at = at};
    if (!imp_span_sub(in, at, IMP_WEBP_CHUNK_HEADER, &head))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "chunk at %zu: want a header of 8 bytes, have %zu",
                           at, in.n - at);
    for (int i = 0; i < 4; i++)
        c->name[i] =
            head.p[i] >= 0x20 && head.p[i] < 0x7f ? (char)head.p[i] : '?';
    size_t n = imp_le32(head.p + 4);
    if (!imp_span_sub(in, at + IMP_WEBP_CHUNK_HEADER, n, &c->data))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "%s chunk at %zu: want %zu bytes, have %zu", c->name,
                           at, n, in.n - at - IMP_WEBP_CHUNK_HEADER);
    c->end = at + IMP_WEBP_CHUNK_HEADER + n + (n & 1);
    if (c->end > in.n) // the last pad is missing: decoders do not mind
        c->end = in.n;
    return true;
}

bool imp_webp_is(const struct imp_webp_chunk *c, const char *name)
{
    return memcmp(c->name, name, 4) == 0;
}

bool imp_webp_is_image(const struct imp_webp_chunk *c)
{
    return imp_webp_is(c, "VP8 ") || imp_webp_is(c, "VP8L");
}

struct imp_span imp_webp_exif(const struct imp_webp_chunk *c)
{
    if (imp_span_starts(c->data, "Exif\0\0", 6))
        return (struct imp_span){c->data.p + 6, c->data.n - 6};
    return c->data;
}

struct imp_webp_place imp_webp_place_of(const uint8_t *anmf)
{
    return (struct imp_webp_place){
        .x = 2 * imp_webp_le24(anmf),
        .y = 2 * imp_webp_le24(anmf + 3),
        .width = imp_webp_le24(anmf + 6) + 1,
        .height = imp_webp_le24(anmf + 9) + 1,
        .blends = (anmf[15] & 2) == 0,
        .clears = (anmf[15] & 1) != 0,
    };
}
