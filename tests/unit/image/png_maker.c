#include "png_maker.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void need(bool ok)
{
    if (!ok)
        abort();
}

void png_add(struct imp_buf *b, const void *bytes, size_t n)
{
    need(imp_buf_add(b, bytes, n, NULL));
}

void png_signature(struct imp_buf *b)
{
    png_add(b, "\x89PNG\r\n\x1a\n", 8);
}

static void add_be32(struct imp_buf *b, uint32_t v)
{
    uint8_t bytes[4];
    imp_put_be32(bytes, v);
    png_add(b, bytes, sizeof bytes);
}

void png_chunk(struct imp_buf *b, const char *type, const void *data, size_t n)
{
    add_be32(b, (uint32_t)n);
    size_t at = b->n;
    png_add(b, type, 4);
    png_add(b, data, n);
    add_be32(b, (uint32_t)crc32(0, b->p + at, (uInt)(n + 4)));
}

void png_ihdr(struct imp_buf *b, uint32_t w, uint32_t h, uint8_t depth,
              uint8_t colour, uint8_t interlace)
{
    uint8_t d[13] = {[8] = depth, [9] = colour, [12] = interlace};
    imp_put_be32(d, w);
    imp_put_be32(d + 4, h);
    png_chunk(b, "IHDR", d, sizeof d);
}

void png_start(struct imp_buf *b, uint8_t colour)
{
    png_signature(b);
    png_ihdr(b, 8, 8, 8, colour, 0);
}

void png_zlib(struct imp_buf *b, const void *raw, size_t n)
{
    uLongf size = compressBound(n);
    need(imp_buf_reserve(b, b->n + size, NULL));
    need(compress(b->p + b->n, &size, raw, n) == Z_OK);
    b->n += size;
}

void png_zlib_zeros(struct imp_buf *b, size_t n)
{
    uint8_t *raw = calloc(n + 1, 1);
    need(raw);
    png_zlib(b, raw, n);
    free(raw);
}

size_t png_raw_size(uint8_t colour)
{
    static const size_t channels[] = {1, 0, 3, 1, 2, 0, 4};
    return 8 * (1 + 8 * channels[colour]);
}

void png_idat(struct imp_buf *b, uint8_t colour)
{
    struct imp_buf z = {0};
    png_zlib_zeros(&z, png_raw_size(colour));
    png_chunk(b, "IDAT", z.p, z.n);
    imp_buf_clear(&z);
}

void png_end(struct imp_buf *b, uint8_t colour)
{
    png_idat(b, colour);
    png_chunk(b, "IEND", NULL, 0);
}

void png_actl(struct imp_buf *b, uint32_t frames)
{
    uint8_t d[8] = {0};
    imp_put_be32(d, frames);
    png_chunk(b, "acTL", d, sizeof d);
}

void png_fctl(struct imp_buf *b, uint32_t seq, uint32_t w, uint32_t h,
              uint32_t x, uint32_t y)
{
    uint8_t d[26] = {[21] = 1, [23] = 10}; // a tenth of a second
    imp_put_be32(d, seq);
    imp_put_be32(d + 4, w);
    imp_put_be32(d + 8, h);
    imp_put_be32(d + 12, x);
    imp_put_be32(d + 16, y);
    png_chunk(b, "fcTL", d, sizeof d);
}

void png_fdat(struct imp_buf *b, uint32_t seq, const void *stream, size_t n)
{
    struct imp_buf d = {0};
    add_be32(&d, seq);
    png_add(&d, stream, n);
    png_chunk(b, "fdAT", d.p, d.n);
    imp_buf_clear(&d);
}

static bool decide(struct imp_editor *self, const struct imp_part *part,
                   struct imp_verdict *out, struct imp_err *err)
{
    (void)err;
    struct png_editor *e = (struct png_editor *)self;
    e->asked[part->kind]++;
    e->payload[part->kind].n = 0;
    png_add(&e->payload[part->kind], part->payload.p, part->payload.n);
    out->fate = e->fate[part->kind];
    if (out->fate == IMP_FATE_REPLACE)
        out->bytes = e->bytes;
    return true;
}

struct png_editor png_editor_of(enum imp_fate every)
{
    struct png_editor e = {.base.decide = decide};
    for (size_t i = 0; i < PART_KINDS; i++)
        e.fate[i] = every;
    return e;
}

void png_editor_clear(struct png_editor *e)
{
    for (size_t i = 0; i < PART_KINDS; i++)
        imp_buf_clear(&e->payload[i]);
}

struct png_result png_cut_within(struct imp_span in, struct png_editor *e,
                                 uint64_t max_pixels)
{
    struct png_result r = {0};
    struct imp_cutlist cl = {0};
    struct imp_job_image img = {.editor = &e->base,
                                .limits = {UINT64_MAX, max_pixels}};
    r.ok = imp_format_cut(&imp_format_png, in, &img, &cl, &r.err);
    if (r.ok) {
        r.all_kept = imp_cutlist_all_kept(&cl);
        need(imp_cutlist_apply(&cl, in, &r.out, NULL));
        for (size_t i = 0; i < cl.n; i++)
            r.dropped += cl.cut[i].kind == IMP_CUT_DROP;
    }
    r.width = img.width;
    r.height = img.height;
    imp_cutlist_clear(&cl);
    return r;
}

struct png_result png_cut(struct imp_span in, struct png_editor *e)
{
    return png_cut_within(in, e, UINT64_MAX);
}

bool png_becomes(struct imp_span in, struct png_editor *e, struct imp_span want)
{
    struct png_result r = png_cut(in, e);
    bool same =
        r.ok && r.out.n == want.n && memcmp(r.out.p, want.p, want.n) == 0;
    png_result_clear(&r);
    return same;
}

void png_result_clear(struct png_result *r)
{
    imp_buf_clear(&r->out);
}

bool png_contains(struct imp_span in, const void *bytes, size_t n)
{
    return in.n && memmem(in.p, in.n, bytes, n);
}

bool png_find(struct imp_span png, const char *type, size_t nth,
              struct imp_span *data)
{
    for (size_t at = 8; at < png.n;) {
        need(png.n - at >= 12);
        uint32_t n = imp_be32(png.p + at);
        need(n <= png.n - at - 12);
        const uint8_t *d = png.p + at + 8;
        need(crc32(0, d - 4, n + 4) == imp_be32(d + n));
        at += 12 + (size_t)n;
        if (memcmp(d - 4, type, 4) != 0 || nth-- > 0)
            continue;
        *data = (struct imp_span){d, n};
        return true;
    }
    return false;
}

bool png_inflate(struct imp_span stream, struct imp_buf *raw)
{
    raw->n = 0;
    z_stream z = {.next_in = (Bytef *)(uintptr_t)stream.p,
                  .avail_in = (uInt)stream.n};
    need(inflateInit(&z) == Z_OK);
    int ret = Z_OK;
    while (ret == Z_OK) {
        uint8_t some[1000];
        z.next_out = some;
        z.avail_out = sizeof some;
        ret = inflate(&z, Z_NO_FLUSH);
        png_add(raw, some, sizeof some - z.avail_out);
    }
    bool ok = ret == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    return ok;
}

void png_join(struct imp_span png, const char *type, size_t skip,
              struct imp_buf *out)
{
    struct imp_span data;
    out->n = 0;
    for (size_t i = 0; png_find(png, type, i, &data); i++)
        png_add(out, data.p + skip, data.n - skip);
}
