#include "pics.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>

static void add(struct imp_buf *out, const void *bytes, size_t n)
{
    cr_assert(imp_buf_add(out, bytes, n, NULL));
}

static int append(const uint8_t *bytes, size_t n, const WebPPicture *picture)
{
    add(picture->custom_ptr, bytes, n);
    return 1;
}

// The encoder's whole file.
static void encode(const struct pic *p, bool lossless, struct imp_buf *file)
{
    size_t samples = (size_t)p->width * p->height * 4;
    uint8_t *rgba = malloc(samples);
    WebPConfig config;
    WebPPicture picture;
    cr_assert(rgba && WebPConfigInit(&config) && WebPPictureInit(&picture));
    for (size_t i = 0; i < samples; i++)
        rgba[i] = (uint8_t)p->px[i];
    config.lossless = lossless;
    config.exact = 1;
    picture.use_argb = lossless;
    picture.width = (int)p->width;
    picture.height = (int)p->height;
    picture.writer = append;
    picture.custom_ptr = file;
    cr_assert(WebPPictureImportRGBA(&picture, rgba, (int)p->width * 4) &&
              WebPEncode(&config, &picture));
    WebPPictureFree(&picture);
    free(rgba);
}

static bool is_coded(const uint8_t *name)
{
    return memcmp(name, "ALPH", 4) == 0 || memcmp(name, "VP8 ", 4) == 0 ||
           memcmp(name, "VP8L", 4) == 0;
}

static size_t chunk_size(const uint8_t *head)
{
    return 8 + ((size_t)imp_le32(head + 4) + 1) / 2 * 2;
}

void webp_add_frame(const struct pic *p, bool lossless, struct imp_buf *out)
{
    struct imp_buf file = {0};
    encode(p, lossless, &file);
    for (size_t at = 12; at < file.n; at += chunk_size(file.p + at))
        if (is_coded(file.p + at))
            add(out, file.p + at, chunk_size(file.p + at));
    imp_buf_clear(&file);
}

void webp_add_chunk(struct imp_buf *out, const char *name, const void *data,
                    size_t n)
{
    uint8_t size[4];
    imp_put_le32(size, (uint32_t)n);
    add(out, name, 4);
    add(out, size, 4);
    add(out, data, n);
    add(out, "", n & 1);
}

static void put_le24(uint8_t *p, uint32_t v)
{
    imp_put_le16(p, (uint16_t)v);
    p[2] = (uint8_t)(v >> 16);
}

void webp_open(uint32_t width, uint32_t height, uint8_t flags,
               struct imp_buf *out)
{
    uint8_t vp8x[10] = {flags};
    put_le24(vp8x + 4, width - 1);
    put_le24(vp8x + 7, height - 1);
    out->n = 0;
    add(out, "RIFF....WEBP", 12);
    webp_add_chunk(out, "VP8X", vp8x, sizeof vp8x);
}

void webp_close(struct imp_buf *out)
{
    imp_put_le32(out->p + 4, (uint32_t)out->n - 8);
}

void webp_add_anmf(const struct pic *p, bool lossless, uint32_t x, uint32_t y,
                   uint8_t flags, struct imp_buf *out)
{
    struct imp_buf data = {0};
    uint8_t own[16] = {[12] = 100, [15] = flags};
    put_le24(own, x / 2);
    put_le24(own + 3, y / 2);
    put_le24(own + 6, p->width - 1);
    put_le24(own + 9, p->height - 1);
    add(&data, own, sizeof own);
    webp_add_frame(p, lossless, &data);
    webp_add_chunk(out, "ANMF", data.p, data.n);
    imp_buf_clear(&data);
}

struct imp_span webp_find(struct imp_span file, const char *name, size_t i)
{
    struct imp_span data = {0};
    for (size_t at = 12; at < file.n; at += chunk_size(file.p + at)) {
        if (memcmp(file.p + at, name, 4) != 0 || i-- > 0)
            continue;
        cr_assert(imp_span_sub(file, at + 8, imp_le32(file.p + at + 4), &data));
        break;
    }
    return data;
}

struct pic webp_read(struct imp_span chunks)
{
    int width, height;
    uint8_t *rgba = WebPDecodeRGBA(chunks.p, chunks.n, &width, &height);
    cr_assert_not_null(rgba);
    struct pic p = pic_new((uint32_t)width, (uint32_t)height, 255);
    for (size_t i = 0; i < (size_t)width * (size_t)height * 4; i++)
        p.px[i] = rgba[i];
    WebPFree(rgba);
    return p;
}
