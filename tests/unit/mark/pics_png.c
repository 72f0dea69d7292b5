#include "pics.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

const struct png_kind PNG_KINDS[] = {
    {"grey 1", 0, 1, false, 0, 8},
    {"grey 2", 0, 2, false, 0, 8},
    {"grey 4", 0, 4, false, 0, 8},
    {"grey 8", 0, 8, false, 0, 8},
    {"grey 16", 0, 16, false, 0, 16},
    {"grey 4 tRNS", 0, 4, true, 4, 8},
    {"grey 8 tRNS", 0, 8, true, 4, 8},
    {"grey 16 tRNS", 0, 16, true, 4, 16},
    {"rgb 8", 2, 8, false, 2, 8},
    {"rgb 16", 2, 16, false, 2, 16},
    {"rgb 8 tRNS", 2, 8, true, 6, 8},
    {"rgb 16 tRNS", 2, 16, true, 6, 16},
    {"palette 1", 3, 1, false, 2, 8},
    {"palette 2", 3, 2, false, 2, 8},
    {"palette 4", 3, 4, false, 2, 8},
    {"palette 8", 3, 8, false, 2, 8},
    {"palette 8 tRNS", 3, 8, true, 6, 8},
    {"grey alpha 8", 4, 8, false, 4, 8},
    {"grey alpha 16", 4, 16, false, 4, 16},
    {"rgba 8", 6, 8, false, 6, 8},
    {"rgba 16", 6, 16, false, 6, 16},
};
const int PNG_KIND_COUNT = sizeof PNG_KINDS / sizeof *PNG_KINDS;

static unsigned samples_of(uint8_t colour)
{
    static const unsigned n[7] = {1, 0, 3, 1, 2, 0, 4};
    return n[colour];
}

void png_add_chunk(struct imp_buf *out, const char *type, const void *data,
                   size_t n)
{
    uint8_t b[4];
    imp_put_be32(b, (uint32_t)n);
    imp_buf_add(out, b, 4, NULL);
    imp_buf_add(out, type, 4, NULL);
    imp_buf_add(out, data, n, NULL);
    imp_put_be32(b, (uint32_t)crc32_z(0, out->p + out->n - n - 4, n + 4));
    imp_buf_add(out, b, 4, NULL);
}

static void add_ihdr(struct imp_buf *out, uint32_t w, uint32_t h, uint8_t depth,
                     uint8_t colour)
{
    uint8_t b[13] = {0};
    out->n = 0;
    imp_buf_add(out, "\x89PNG\r\n\x1a\n", 8, NULL);
    imp_put_be32(b, w);
    imp_put_be32(b + 4, h);
    b[8] = depth;
    b[9] = colour;
    png_add_chunk(out, "IHDR", b, sizeof b);
}

static void add_palette(struct imp_buf *out, unsigned depth)
{
    uint8_t p[768];
    for (size_t i = 0; i < 256; i++) {
        p[3 * i] = (uint8_t)(i * 5 + 30);
        p[3 * i + 1] = (uint8_t)(200 - i);
        p[3 * i + 2] = (uint8_t)(i * 3);
    }
    png_add_chunk(out, "PLTE", p, (size_t)3 << depth);
}

static void add_trns(struct imp_buf *out, const struct png_kind *kind)
{
    static const uint8_t rgb[6] = {0, 1, 0, 1, 0, 1};
    uint8_t alpha[100];
    for (size_t i = 0; i < sizeof alpha; i++)
        alpha[i] = (uint8_t)(i * 2);
    if (kind->colour == 3)
        png_add_chunk(out, "tRNS", alpha, sizeof alpha);
    else
        png_add_chunk(out, "tRNS", rgb, kind->colour == 0 ? 2 : 6);
}

static void add_data(struct imp_buf *out, const uint8_t *rows, size_t n)
{
    uLongf len = compressBound(n);
    uint8_t *z = malloc(len);
    cr_assert(z && compress(z, &len, rows, n) == Z_OK);
    png_add_chunk(out, "IDAT", z, len);
    png_add_chunk(out, "IEND", "", 0);
    free(z);
}

void png_make(const struct png_kind *kind, uint32_t w, uint32_t h,
              struct imp_span extra, struct imp_buf *out)
{
    size_t bits = (size_t)w * samples_of(kind->colour) * kind->depth;
    size_t line = 1 + (bits + 7) / 8;
    uint8_t *rows = calloc(h, line);
    cr_assert_not_null(rows);
    for (size_t y = 0; y < h; y++) // any bytes are samples of some kind
        for (size_t i = 1; i < line; i++)
            rows[y * line + i] = (uint8_t)(i * 2 + y * 3 + (i ^ y) % 5);
    add_ihdr(out, w, h, kind->depth, kind->colour);
    imp_buf_add(out, extra.p, extra.n, NULL);
    if (kind->colour == 3)
        add_palette(out, kind->depth);
    if (kind->trns)
        add_trns(out, kind);
    add_data(out, rows, h * line);
    free(rows);
}

void png_make_rgba(const struct pic *p, struct imp_span extra,
                   struct imp_buf *out)
{
    size_t line = 1 + (size_t)p->width * 4;
    uint8_t *rows = calloc(p->height, line);
    cr_assert_not_null(rows);
    for (uint32_t y = 0; y < p->height; y++)
        for (uint32_t i = 0; i < p->width * 4; i++)
            rows[y * line + 1 + i] = (uint8_t)pic_at(p, 0, y)[i];
    add_ihdr(out, p->width, p->height, 8, 6);
    imp_buf_add(out, extra.p, extra.n, NULL);
    add_data(out, rows, p->height * line);
    free(rows);
}

struct imp_span png_find(struct imp_span f, const char *type)
{
    size_t at = 8;
    while (at + 12 <= f.n) {
        size_t n = imp_be32(f.p + at);
        if (memcmp(f.p + at + 4, type, 4) == 0)
            return (struct imp_span){f.p + at + 8, n};
        at += 12 + n;
    }
    return (struct imp_span){0};
}

// All IDAT chunks, inflated: exactly `want` bytes.
static uint8_t *inflate_all(struct imp_span f, size_t want)
{
    struct imp_buf z = {0};
    for (size_t at = 8; at + 12 <= f.n; at += 12 + imp_be32(f.p + at)) {
        size_t n = imp_be32(f.p + at);
        cr_assert_eq(crc32_z(0, f.p + at + 4, n + 4),
                     imp_be32(f.p + at + 8 + n), "CRC of a chunk");
        if (memcmp(f.p + at + 4, "IDAT", 4) == 0)
            imp_buf_add(&z, f.p + at + 8, n, NULL);
    }
    uint8_t *rows = malloc(want);
    uLongf len = want;
    cr_assert(rows && uncompress(rows, &len, z.p, z.n) == Z_OK);
    cr_assert_eq(len, want);
    imp_buf_clear(&z);
    return rows;
}

static int paeth(int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

// PNG 9.2.
static void unfilter(uint8_t *rows, size_t h, size_t line, size_t step)
{
    for (size_t y = 0; y < h; y++) {
        uint8_t *r = rows + y * line, *up = y ? r - line : NULL;
        for (size_t i = 1; i < line; i++) {
            int a = i > step ? r[i - step] : 0, b = up ? up[i] : 0;
            int c = i > step && up ? up[i - step] : 0;
            int add[5] = {0, a, b, (a + b) / 2, paeth(a, b, c)};
            r[i] = (uint8_t)(r[i] + add[r[0]]);
        }
    }
}

static unsigned sample_at(const uint8_t *row, size_t i, unsigned depth)
{
    if (depth == 16)
        return imp_be16(row + 2 * i);
    size_t bit = i * depth;
    unsigned byte = row[bit / 8];
    return (byte >> (8 - depth - bit % 8)) & ((1u << depth) - 1);
}

static void to_rgba(const unsigned s[4], uint8_t colour, unsigned depth,
                    struct imp_span plte, struct imp_span trns, uint16_t *out)
{
    unsigned full = depth == 16 ? 65535 : 255;
    unsigned scale = depth < 8 ? 255 / ((1u << depth) - 1) : 1;
    unsigned n = samples_of(colour);
    out[3] = (uint16_t)(colour & 4 ? s[n - 1] : full);
    if (colour == 3) {
        for (size_t i = 0; i < 3; i++)
            out[i] = plte.p[3 * s[0] + i];
        if (s[0] < trns.n)
            out[3] = trns.p[s[0]];
        return;
    }
    bool key = trns.n > 0;
    for (size_t i = 0; i < 3; i++) {
        size_t from = colour & 2 ? i : 0;
        out[i] = (uint16_t)(s[from] * scale);
        if (trns.n && imp_be16(trns.p + 2 * from) != s[from])
            key = false;
    }
    if (key)
        out[3] = 0;
}

struct pic png_read(struct imp_span f)
{
    struct imp_span h = png_find(f, "IHDR"), plte = png_find(f, "PLTE"),
                    trns = png_find(f, "tRNS");
    cr_assert(h.n == 13 && h.p[12] == 0, "want a PNG that is not interlaced");
    unsigned depth = h.p[8], n = samples_of(h.p[9]);
    struct pic p =
        pic_new(imp_be32(h.p), imp_be32(h.p + 4), depth == 16 ? 65535 : 255);
    size_t bits = (size_t)depth * n, line = 1 + (p.width * bits + 7) / 8;
    uint8_t *rows = inflate_all(f, line * p.height);
    unfilter(rows, p.height, line, (bits + 7) / 8);
    for (uint32_t y = 0; y < p.height; y++) {
        for (uint32_t x = 0; x < p.width; x++) {
            unsigned s[4] = {0};
            for (size_t i = 0; i < n; i++)
                s[i] = sample_at(rows + y * line + 1, x * n + i, depth);
            to_rgba(s, h.p[9], depth, plte, trns, pic_at(&p, x, y));
        }
    }
    free(rows);
    return p;
}
