#include "image/gif.h"

#define SCREEN 13 // 17, 18: signature and logical screen descriptor
#define CONTROL 8 // 23: whole

static bool damaged(const struct imp_gif *gif, const char *what,
                    struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, gif->at,
                       "GIF: %s at %zu: want more than the %zu bytes of the "
                       "file",
                       what, gif->at, gif->file.n);
}

// Take `n` bytes, or damage.
static bool take(struct imp_gif *gif, size_t n, const char *what,
                 struct imp_span *out, struct imp_err *err)
{
    if (!imp_span_sub(gif->file, gif->at, n, out))
        return damaged(gif, what, err);
    gif->at += n;
    return true;
}

static bool take_table(struct imp_gif *gif, uint8_t packed,
                       struct imp_span *table, struct imp_err *err)
{
    *table = (struct imp_span){0};
    return !(packed & 0x80) || take(gif, (size_t)3 << ((packed & 7) + 1),
                                    "colour table", table, err);
}

// 15: data sub-blocks with their terminator.
static bool skip_blocks(struct imp_gif *gif, struct imp_err *err)
{
    struct imp_span size, block;
    do {
        if (!take(gif, 1, "sub-block", &size, err) ||
            !take(gif, size.p[0], "sub-block", &block, err))
            return false;
    } while (block.n);
    return true;
}

bool imp_gif_begin(struct imp_gif *gif, struct imp_span file,
                   struct imp_err *err)
{
    struct imp_span head;
    *gif = (struct imp_gif){.file = file};
    if (!imp_span_starts(file, "GIF87a", 6) &&
        !imp_span_starts(file, "GIF89a", 6))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no GIF signature");
    if (!take(gif, SCREEN, "screen descriptor", &head, err))
        return false;
    gif->width = imp_le16(head.p + 6);
    gif->height = imp_le16(head.p + 8);
    gif->background = head.p[11];
    return take_table(gif, head.p[10], &gif->table, err);
}

static bool take_extension(struct imp_gif *gif, struct imp_gif_frame *frame,
                           struct imp_err *err)
{
    struct imp_span head, control;
    size_t at = gif->at;
    if (!take(gif, 2, "extension", &head, err) || !skip_blocks(gif, err))
        return false;
    if (head.p[1] == 0xF9) {
        if (!imp_span_sub(gif->file, at, CONTROL, &control) ||
            control.p[2] != 4)
            return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               "GIF: graphic control at %zu: want one block of "
                               "4 bytes",
                               at);
        frame->disposal = control.p[3] >> 2 & 7;
        frame->transparent = control.p[3] & 1 ? control.p[6] : -1;
    } else if (head.p[1] == 0x01) {
        // 25: a plain text is what a control before it was for.
        frame->disposal = 0;
        frame->transparent = -1;
    }
    return true;
}

static bool take_image(struct imp_gif *gif, struct imp_gif_frame *frame,
                       struct imp_err *err)
{
    struct imp_span head, bits;
    frame->at = gif->at;
    if (!take(gif, IMP_GIF_DESCRIPTOR, "image descriptor", &head, err))
        return false;
    frame->x = imp_le16(head.p + 1);
    frame->y = imp_le16(head.p + 3);
    frame->width = imp_le16(head.p + 5);
    frame->height = imp_le16(head.p + 7);
    frame->interlaced = head.p[9] & 0x40;
    if (!take_table(gif, head.p[9], &frame->table, err))
        return false;
    frame->coded = gif->at;
    if (!take(gif, 1, "LZW code size", &bits, err) || !skip_blocks(gif, err))
        return false;
    frame->end = gif->at;
    gif->frames++;
    return true;
}

bool imp_gif_next(struct imp_gif *gif, struct imp_gif_frame *frame,
                  struct imp_err *err)
{
    struct imp_span next;
    *frame = (struct imp_gif_frame){.transparent = -1};
    while (imp_span_sub(gif->file, gif->at, 1, &next)) {
        switch (next.p[0]) {
        case 0x21:
            if (!take_extension(gif, frame, err))
                return false;
            break;
        case 0x2C:
            return take_image(gif, frame, err);
        case 0x3B:
            gif->ended = true;
            return true;
        default:
            return imp_fail_at(err, IMP_ERR_DAMAGED, gif->at,
                               "GIF: block 0x%02x at %zu, want an image, an "
                               "extension or the trailer",
                               next.p[0], gif->at);
        }
    }
    return damaged(gif, "block", err);
}

bool imp_gif_decode(const struct imp_gif *gif,
                    const struct imp_gif_frame *frame, struct imp_lzw *lzw,
                    uint8_t *index, struct imp_err *err)
{
    uint64_t pixels = (uint64_t)frame->width * frame->height;
    enum imp_lzw_state state = IMP_LZW_MORE;
    size_t at = frame->coded, used;
    struct imp_span size, block;
    unsigned bits = gif->file.p[at++];
    if (bits < 1 || bits > 8)
        return imp_fail_at(err, IMP_ERR_DAMAGED, frame->coded,
                           "GIF: LZW code size %u, want 1 to 8", bits);
    imp_lzw_start(lzw, IMP_LZW_GIF, bits, pixels);
    imp_lzw_store(lzw, index);
    while (state == IMP_LZW_MORE && imp_span_sub(gif->file, at, 1, &size) &&
           imp_span_sub(gif->file, at + 1, size.p[0], &block) && block.n) {
        state = imp_lzw_feed(lzw, block.p, block.n, &used, err);
        at += 1 + block.n;
    }
    if (state == IMP_LZW_DAMAGED)
        return imp_wrap(err, "GIF");
    return imp_lzw_have(lzw) == pixels ||
           imp_fail_at(err, IMP_ERR_DAMAGED, frame->coded,
                       "GIF: %ju pixels, want %ju",
                       (uintmax_t)imp_lzw_have(lzw), (uintmax_t)pixels);
}

// Appendix E: every eighth row from 0, then from 4, every fourth from 2, every
// second from 1.
uint32_t imp_gif_coded_row(const struct imp_gif_frame *frame, uint32_t y)
{
    uint32_t h = frame->height;
    if (!frame->interlaced)
        return y;
    if (y % 8 == 0)
        return y / 8;
    if (y % 8 == 4)
        return (h + 7) / 8 + y / 8;
    if (y % 4 == 2)
        return (h + 3) / 4 + y / 4;
    return (h + 1) / 2 + y / 2;
}
