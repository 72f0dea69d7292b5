#include "image/webp.h"

#include "base/sha256.h"

#include <string.h>
#include <webp/decode.h>

// RFC 6386 9.1: a tag of 3 bytes, a start code of 3, and the sizes.
#define VP8_HEADER 10
#define VP8L_HEADER 5

// What an arithmetic coder flushes behind the last symbol, and a pad.
#define FLUSH 4

// Finding an end that is not where it should be costs many decodes.
#define SEARCH_PIXELS ((uint64_t)16 << 20)

// --- Headers ---

static bool read_vp8_size(struct imp_webp_frame *f, struct imp_err *err)
{
    const uint8_t *p = f->image.p;
    if (f->image.n < VP8_HEADER || memcmp(p + 3, "\x9d\x01\x2a", 3) != 0 ||
        (p[0] & 1) != 0)
        return imp_fail(err, IMP_ERR_DAMAGED, "VP8: no key frame");
    f->width = imp_le16(p + 6) & 0x3fff;
    f->height = imp_le16(p + 8) & 0x3fff;
    return (f->width && f->height) ||
           imp_fail(err, IMP_ERR_DAMAGED, "VP8: no pixels");
}

static bool read_vp8l_size(struct imp_webp_frame *f, struct imp_err *err)
{
    const uint8_t *p = f->image.p;
    if (f->image.n < VP8L_HEADER || p[0] != 0x2f || p[4] >> 5 != 0)
        return imp_fail(err, IMP_ERR_DAMAGED, "VP8L: no signature");
    uint32_t bits = imp_le32(p + 1);
    f->width = (bits & 0x3fff) + 1;
    f->height = (bits >> 14 & 0x3fff) + 1;
    return true;
}

bool imp_webp_read_size(struct imp_webp_frame *f, struct imp_err *err)
{
    return f->lossless ? read_vp8l_size(f, err) : read_vp8_size(f, err);
}

bool imp_webp_frame_fits(const struct imp_webp_frame *f,
                         const struct imp_webp_place *p, uint32_t width,
                         uint32_t height)
{
    return p->width == f->width && p->height == f->height &&
           (uint64_t)p->x + p->width <= width &&
           (uint64_t)p->y + p->height <= height;
}

static void put_le24(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
}

// --- The number of coefficient partitions stands in the first partition's
// arithmetically coded header, behind a few flags (RFC 6386 9.2 to 9.5, 19.2).
// ---

struct bools {
    const uint8_t *p;
    size_t n, at;
    uint32_t value, range;
    int bits;
};

static unsigned read_bool(struct bools *b, unsigned prob)
{
    uint32_t split = 1 + ((b->range - 1) * prob >> 8);
    unsigned bit = b->value >= split << 8;
    if (bit) {
        b->range -= split;
        b->value -= split << 8;
    } else {
        b->range = split;
    }
    while (b->range < 128) {
        b->value <<= 1;
        b->range <<= 1;
        if (++b->bits == 8) {
            b->bits = 0;
            b->value |= b->at < b->n ? b->p[b->at] : 0;
            b->at++;
        }
    }
    return bit;
}

static unsigned read_bits(struct bools *b, int n)
{
    unsigned v = 0;
    while (n-- > 0)
        v = v << 1 | read_bool(b, 128);
    return v;
}

static void skip_optional(struct bools *b, int bits)
{
    if (read_bits(b, 1))
        read_bits(b, bits);
}

static void skip_segmentation(struct bools *b)
{
    if (!read_bits(b, 1))
        return;
    unsigned map = read_bits(b, 1);
    if (read_bits(b, 1)) {
        read_bits(b, 1);
        for (int i = 0; i < 4; i++)
            skip_optional(b, 8);
        for (int i = 0; i < 4; i++)
            skip_optional(b, 7);
    }
    for (int i = 0; map && i < 3; i++)
        skip_optional(b, 8);
}

static unsigned count_partitions(struct imp_span first)
{
    struct bools b = {.p = first.p, .n = first.n, .range = 255, .at = 2};
    if (first.n < 2)
        return 1;
    b.value = imp_be16(first.p);
    read_bits(&b, 2); // colour space, clamping
    skip_segmentation(&b);
    read_bits(&b, 1 + 6 + 3); // loop filter
    if (read_bits(&b, 1) && read_bits(&b, 1))
        for (int i = 0; i < 8; i++)
            skip_optional(&b, 7);
    return 1u << read_bits(&b, 2);
}

static bool partitions_of_vp8(const struct imp_webp_frame *f,
                              struct imp_webp_ends *e, struct imp_err *err)
{
    struct imp_span first, sizes;
    size_t n = imp_webp_le24(f->image.p) >> 5;
    if (!imp_span_sub(f->image, VP8_HEADER, n, &first))
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "VP8: first partition of %zu bytes, have %zu", n,
                        f->image.n - VP8_HEADER);
    unsigned coded = count_partitions(first);
    size_t at = VP8_HEADER + n, table = 3 * (size_t)(coded - 1);
    if (!imp_span_sub(f->image, at, table, &sizes))
        return imp_fail(err, IMP_ERR_DAMAGED, "VP8: no partition sizes");
    at += table;
    e->head = VP8_HEADER;
    e->n = coded + 1;
    e->length[0] = n;
    for (unsigned i = 1; i <= coded; i++) {
        size_t left = f->image.n - at;
        size_t want = i < coded ? imp_webp_le24(sizes.p + 3 * (i - 1)) : left;
        if (want > left)
            return imp_fail(err, IMP_ERR_DAMAGED,
                            "VP8: partition %u of %zu bytes, have %zu", i, want,
                            left);
        e->length[i] = want;
        at += want;
    }
    return true;
}

bool imp_webp_partitions(const struct imp_webp_frame *f,
                         struct imp_webp_ends *e, struct imp_err *err)
{
    *e = (struct imp_webp_ends){.alpha = f->alpha.n};
    if (f->lossless) {
        e->n = 1;
        e->length[0] = f->image.n;
    } else if (!partitions_of_vp8(f, e, err)) {
        return false;
    }
    memcpy(e->needed, e->length, sizeof e->needed);
    return true;
}

// --- A frame with some ranges shortened, as a stream that libwebp takes ---

size_t imp_webp_image_length(const struct imp_webp_ends *e)
{
    size_t n = e->head + (e->n > 1 ? 3 * (size_t)(e->n - 2) : 0);
    for (unsigned i = 0; i < e->n; i++)
        n += e->needed[i];
    return n;
}

void imp_webp_new_head(const struct imp_webp_frame *f,
                       const struct imp_webp_ends *e, uint8_t *out)
{
    memcpy(out, f->image.p, e->head);
    // 9.1: 19 bits of the tag are the first partition's size.
    uint32_t tag = (imp_webp_le24(out) & 0x1f) | (uint32_t)e->needed[0] << 5;
    put_le24(out, tag);
}

void imp_webp_new_sizes(const struct imp_webp_ends *e, uint8_t *out)
{
    for (unsigned i = 1; i + 1 < e->n; i++)
        put_le24(out + 3 * (i - 1), e->needed[i]);
}

static bool add_chunk_header(struct imp_buf *out, const char *name, size_t n,
                             struct imp_err *err)
{
    uint8_t head[IMP_WEBP_CHUNK_HEADER];
    memcpy(head, name, 4);
    imp_put_le32(head + 4, (uint32_t)n);
    return imp_buf_add(out, head, sizeof head, err);
}

static bool add_image(struct imp_buf *out, const struct imp_webp_frame *f,
                      const struct imp_webp_ends *e, struct imp_err *err)
{
    uint8_t head[IMP_WEBP_HEAD_MAX], sizes[3 * IMP_VP8_PARTITIONS];
    size_t at = e->head;
    if (!f->lossless)
        imp_webp_new_head(f, e, head);
    if (!add_chunk_header(out, f->lossless ? "VP8L" : "VP8 ",
                          imp_webp_image_length(e), err) ||
        !imp_buf_add(out, head, e->head, err))
        return false;
    for (unsigned i = 0; i < e->n; i++) {
        if (!imp_buf_add(out, f->image.p + at, e->needed[i], err))
            return false;
        at += e->length[i];
        if (i > 0 || e->n == 1)
            continue;
        size_t table = 3 * (size_t)(e->n - 2);
        imp_webp_new_sizes(e, sizes);
        if (!imp_buf_add(out, sizes, table, err))
            return false;
        at += table;
    }
    return imp_buf_add(out, "", out->n & 1, err);
}

static bool make_stream(const struct imp_webp_frame *f,
                        const struct imp_webp_ends *e, struct imp_buf *out,
                        struct imp_err *err)
{
    out->n = 0;
    if (f->alpha.n && (!add_chunk_header(out, "ALPH", e->alpha, err) ||
                       !imp_buf_add(out, f->alpha.p, e->alpha, err) ||
                       !imp_buf_add(out, "", out->n & 1, err)))
        return false;
    return add_image(out, f, e, err);
}

static bool decode(const struct imp_buf *stream, WebPDecoderConfig *config,
                   bool *yes, struct imp_err *err)
{
    config->output.colorspace = MODE_RGBA;
    VP8StatusCode status = WebPDecode(stream->p, stream->n, config);
    *yes = status == VP8_STATUS_OK;
    return status != VP8_STATUS_OUT_OF_MEMORY ||
           imp_fail(err, IMP_ERR_MEMORY, "no memory for a WebP frame");
}

// Does it decode? Scaled to one pixel, so that there is no picture to hold.
static bool decodes(const struct imp_webp_frame *f,
                    const struct imp_webp_ends *e, struct imp_buf *scratch,
                    bool *yes, struct imp_err *err)
{
    WebPDecoderConfig config;
    if (!make_stream(f, e, scratch, err))
        return false;
    if (!WebPInitDecoderConfig(&config))
        return imp_fail(err, IMP_ERR_CONFIG, "libwebp is another version");
    config.options.use_scaling = 1;
    config.options.scaled_width = 1;
    config.options.scaled_height = 1;
    bool ok = decode(scratch, &config, yes, err);
    WebPFreeDecBuffer(&config.output);
    return ok;
}

// The digest of all pixels; all zero if it does not decode.
static bool digest_picture(const struct imp_webp_frame *f,
                           const struct imp_webp_ends *e,
                           struct imp_buf *scratch, struct imp_digest *out,
                           struct imp_err *err)
{
    bool yes;
    WebPDecoderConfig config;
    *out = (struct imp_digest){{0}};
    if (!make_stream(f, e, scratch, err))
        return false;
    if (!WebPInitDecoderConfig(&config))
        return imp_fail(err, IMP_ERR_CONFIG, "libwebp is another version");
    bool ok = decode(scratch, &config, &yes, err) &&
              (!yes || imp_sha256_of(config.output.u.RGBA.rgba,
                                     config.output.u.RGBA.size, out, err));
    WebPFreeDecBuffer(&config.output);
    return ok;
}

// The shortest range with which the picture stays the same.
static bool search_end(const struct imp_webp_frame *f, struct imp_webp_ends *e,
                       size_t *range, struct imp_buf *scratch,
                       struct imp_err *err)
{
    struct imp_digest want, have;
    size_t whole = *range, too_few = 0, enough = whole;
    if (!digest_picture(f, e, scratch, &want, err))
        return false;
    // First a little less: most often that is too little, for a decoder takes
    // what is missing for zeros before it notices.
    *range = whole - FLUSH - 1;
    for (;;) {
        if (!digest_picture(f, e, scratch, &have, err))
            return false;
        if (memcmp(&want, &have, sizeof want) == 0)
            enough = *range;
        else
            too_few = *range;
        if (enough == whole || enough - too_few <= 1)
            break;
        *range = too_few + (enough - too_few) / 2;
    }
    *range = enough;
    return true;
}

// How much of one range is needed. Nearly always it is all but what a coder
// flushes, and does not decode with less: one try tells.
static bool find_end(const struct imp_webp_frame *f, struct imp_webp_ends *e,
                     size_t *range, struct imp_buf *scratch,
                     struct imp_err *err)
{
    bool yes;
    size_t whole = *range;
    if (whole <= FLUSH)
        return true;
    *range = whole - FLUSH - 1;
    if (!decodes(f, e, scratch, &yes, err))
        return false;
    *range = whole;
    if (!yes)
        return true;
    if ((uint64_t)f->width * f->height > SEARCH_PIXELS)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "a frame of %u x %u pixels that does not need all of "
                        "its bytes: too large to find out which",
                        f->width, f->height);
    return search_end(f, e, range, scratch, err);
}

// RFC 9649 2.7.1.2: filtered or not, raw alpha is a byte for each pixel.
static bool find_alpha_end(const struct imp_webp_frame *f,
                           struct imp_webp_ends *e, struct imp_buf *scratch,
                           struct imp_err *err)
{
    if (f->alpha.n == 0)
        return true;
    uint64_t raw = 1 + (uint64_t)f->width * f->height;
    if ((f->alpha.p[0] & 3) != 0)
        return find_end(f, e, &e->alpha, scratch, err);
    if (raw < e->alpha)
        e->alpha = (size_t)raw;
    return true;
}

bool imp_webp_find_ends(const struct imp_webp_frame *f, struct imp_webp_ends *e,
                        struct imp_buf *scratch, struct imp_err *err)
{
    bool yes;
    if (!imp_webp_partitions(f, e, err) || !decodes(f, e, scratch, &yes, err))
        return false;
    if (!yes)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "the coded data does not decode to its end");
    if (!find_alpha_end(f, e, scratch, err))
        return false;
    for (unsigned i = 0; i < e->n; i++)
        if (!find_end(f, e, &e->needed[i], scratch, err))
            return false;
    return true;
}
