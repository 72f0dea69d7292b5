#include "mark/frames.h"

#include "image/gif.h"
#include "image/tiff.h"

#include <string.h>

// PNG, third edition 11.3.6.1: acTL stands before the image data.
static uint64_t frames_of_png(struct imp_span in)
{
    struct imp_span head, body;
    for (size_t at = 8; imp_span_sub(in, at, 8, &head);) {
        size_t n = imp_be32(head.p);
        if (memcmp(head.p + 4, "IDAT", 4) == 0)
            return 1;
        if (memcmp(head.p + 4, "acTL", 4) == 0)
            return imp_span_sub(in, at + 8, 4, &body) ? imp_be32(body.p) : 0;
        at += 12 + n;
    }
    return 0;
}

static uint64_t frames_of_gif(struct imp_span in)
{
    struct imp_gif gif;
    struct imp_gif_frame frame;
    bool ok = imp_gif_begin(&gif, in, NULL);
    while (ok && !gif.ended)
        ok = imp_gif_next(&gif, &frame, NULL);
    return ok ? gif.frames : 0;
}

// RFC 9649 2.7.1.2. Some writers leave out the last byte of padding.
static uint64_t frames_of_webp(struct imp_span in)
{
    struct imp_span head;
    uint64_t frames = 0, at = 12, pad = 0;
    while (imp_span_sub(in, at, 8, &head)) {
        uint64_t n = imp_le32(head.p + 4);
        pad = n & 1;
        at += 8 + n + pad;
        frames += memcmp(head.p, "ANMF", 4) == 0;
    }
    bool whole = at > 12 && (at == in.n || at == in.n + pad);
    return !whole ? 0 : frames ? frames : 1;
}

static uint64_t frames_of_tiff(struct imp_span in)
{
    struct imp_cutlist memory = {0};
    struct imp_tiff t;
    uint64_t frames = 0;
    bool ok = imp_tiff_begin(&t, in, &memory, NULL);
    for (uint64_t at = ok ? t.first_ifd : 0; ok && at; frames++) {
        struct imp_tiff_ifd ifd = {.at = at, .name = "IFD"};
        ok = imp_tiff_read_ifd(&t, &ifd, NULL);
        const struct imp_tiff_entry *subs =
            ok ? imp_tiff_find(&ifd, IMP_TIFF_SUB_IFDS) : NULL;
        ok = ok && (!subs || subs->bytes.p);
        frames += subs ? subs->count : 0;
        at = ifd.next;
    }
    imp_tiff_end(&t);
    return ok ? frames : 0;
}

// ISO/IEC 14496-12 4.2: the size of a box, 0 if it is not all there.
static uint64_t box_size(struct imp_span in, uint64_t at)
{
    struct imp_span head;
    uint64_t left = in.n - at, n, least = 8;
    if (!imp_span_sub(in, at, 8, &head))
        return 0;
    n = imp_be32(head.p);
    if (n == 0) // to the end of the file
        return left;
    if (n == 1) {
        least = 16;
        n = imp_span_sub(in, at, 16, &head) ? imp_be64(head.p + 8) : 0;
    }
    return n >= least && n <= left ? n : 0;
}

// A movie box tells of a sequence.
static uint64_t frames_of_heif(struct imp_span in)
{
    for (uint64_t at = 0, n; at < in.n; at += n) {
        n = box_size(in, at);
        if (!n || memcmp(in.p + at + 4, "moov", 4) == 0)
            return 0;
    }
    return in.n > 0;
}

uint64_t imp_frames_of(const char *format, struct imp_span file)
{
    static const struct {
        const char *format;
        uint64_t (*count)(struct imp_span in);
    } rows[] = {
        {"png", frames_of_png},   {"gif", frames_of_gif},
        {"webp", frames_of_webp}, {"tiff", frames_of_tiff},
        {"heif", frames_of_heif}, {"avif", frames_of_heif},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].format, format) == 0)
            return rows[i].count(file);
    return 0;
}
