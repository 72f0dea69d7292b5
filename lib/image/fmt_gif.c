// GIF87a and GIF89a. Section numbers are those of the GIF89a specification.
#include "image/format.h"
#include "image/lzw.h"

#include <string.h>

#define HEADER 6
#define SCREEN 7      // 18: logical screen descriptor
#define DESCRIPTOR 10 // 20: image descriptor, its separator included
#define CONTROL 8     // 23: graphic control extension, whole

// Each part shown to the editor costs a cut.
#define MAX_PARTS 1000

struct gif {
    struct imp_span in;
    struct imp_job_image *img;
    struct imp_cutlist *cl;
    struct imp_lzw *lzw;
    size_t at;      // the block being read
    size_t control; // offset of a graphic control not yet used; 0: none
    uint64_t pixels;
    size_t frames, parts;
    bool has_loop;
};

static bool sniff(struct imp_span in)
{
    return imp_span_starts(in, "GIF87a", HEADER) ||
           imp_span_starts(in, "GIF89a", HEADER);
}

static bool damaged(const struct gif *g, size_t at, const char *what,
                    struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                       "%s at %zu: the file of %zu "
                       "bytes ends before it",
                       what, at, g->in.n);
}

// The whole of `n` bytes at `at`, or damage.
static bool need(const struct gif *g, size_t at, size_t n, const char *what,
                 struct imp_span *out, struct imp_err *err)
{
    return imp_span_sub(g->in, at, n, out) || damaged(g, at, what, err);
}

// 15: data sub-blocks from `at` to behind their terminator.
static bool skip_blocks(const struct gif *g, size_t at, size_t *end,
                        struct imp_err *err)
{
    struct imp_span size, block;
    do {
        if (!need(g, at, 1, "sub-block", &size, err) ||
            !need(g, at + 1, size.p[0], "sub-block", &block, err))
            return false;
        at += 1 + block.n;
    } while (block.n);
    *end = at;
    return true;
}

// Keep [at, at + n) with `bytes` for content; as it is if that is the same.
static void put(struct gif *g, size_t at, const uint8_t *bytes, size_t n,
                const char *what)
{
    if (memcmp(g->in.p + at, bytes, n) == 0) {
        imp_cut_keep(g->cl, at, n, IMP_PART_STRUCTURE, what);
        return;
    }
    imp_cut_drop(g->cl, at, n, IMP_PART_STRUCTURE, what);
    imp_cut_insert(g->cl, bytes, n, IMP_PART_STRUCTURE, what);
}

// --- Header ---

static bool take_table(struct gif *g, uint8_t packed, const char *what,
                       struct imp_err *err)
{
    struct imp_span table;
    if (!(packed & 0x80))
        return true;
    if (!need(g, g->at, (size_t)3 << ((packed & 7) + 1), what, &table, err))
        return false;
    imp_cut_keep(g->cl, g->at, table.n, IMP_PART_STRUCTURE, what);
    g->at += table.n;
    return true;
}

static bool take_header(struct gif *g, struct imp_err *err)
{
    struct imp_span head;
    if (!need(g, 0, HEADER + SCREEN, "screen descriptor", &head, err))
        return false;
    g->img->width = imp_le16(head.p + HEADER);
    g->img->height = imp_le16(head.p + HEADER + 2);
    imp_cut_keep(g->cl, 0, head.n, IMP_PART_STRUCTURE, "header");
    g->at = head.n;
    return take_table(g, head.p[HEADER + 4], "global colour table", err);
}

// --- Graphic control ---

// It belongs to the next image (23). One that is overtaken by another before
// that, or by a plain text, has no picture to control.
static void drop_control(struct gif *g)
{
    if (g->control)
        imp_cut_drop(g->cl, g->control, CONTROL, IMP_PART_STRUCTURE,
                     "unused graphic control");
    g->control = 0;
}

// 23: reserved bits, and the transparent index if there is none, say nothing.
static void keep_control(struct gif *g)
{
    uint8_t bytes[CONTROL];
    if (!g->control)
        return;
    memcpy(bytes, g->in.p + g->control, CONTROL);
    bytes[3] &= 0x1f;
    if (!(bytes[3] & 1))
        bytes[6] = 0;
    put(g, g->control, bytes, CONTROL, "graphic control");
    g->control = 0;
}

static bool take_control(struct gif *g, struct imp_err *err)
{
    struct imp_span all;
    if (!need(g, g->at, CONTROL, "graphic control", &all, err))
        return false;
    if (all.p[2] != 4 || all.p[7] != 0)
        return imp_fail_at(err, IMP_ERR_DAMAGED, g->at,
                           "graphic control at %zu: want one block of 4 bytes",
                           g->at);
    drop_control(g);
    g->control = g->at;
    g->at += CONTROL;
    return true;
}

// --- Extensions that go ---

// What lies between a control and its image is cut before both are.
static bool drop_part(struct gif *g, size_t end, struct imp_part part,
                      struct imp_err *err)
{
    struct imp_verdict ignored;
    part.offset = g->at;
    part.length = end - g->at;
    if (++g->parts > MAX_PARTS)
        return imp_fail_at(err, IMP_ERR_LIMIT, g->at, "more than %d extensions",
                           MAX_PARTS);
    if (!g->img->editor->decide(g->img->editor, &part, &ignored, err))
        return false;
    imp_cut_drop(g->cl, part.offset, part.length, part.kind, part.name);
    g->at = end;
    return true;
}

// A control stands before what it controls, but others may stand between: it
// is written where it stood, and is judged by what follows.
static bool next_is_image(const struct gif *g)
{
    size_t at = g->at;
    struct imp_span head;
    while (imp_span_sub(g->in, at, 2, &head) && head.p[0] == 0x21) {
        if (head.p[1] == 0xF9 || head.p[1] == 0x01)
            return false;
        if (!skip_blocks(g, at + 2, &at, NULL))
            return false;
    }
    return imp_span_sub(g->in, at, 1, &head) && head.p[0] == 0x2C;
}

// --- Application extensions (26) ---

static const uint8_t loop_head[] = {0x21, 0xFF, 11};

// The loop count: a sub-block of 3 bytes that begins with 1, the first such.
static bool find_loop(const struct gif *g, const uint8_t **count)
{
    struct imp_span block;
    size_t at = g->at + 14;
    while (imp_span_sub(g->in, at, 1, &block) && block.p[0]) {
        size_t n = block.p[0];
        if (!imp_span_sub(g->in, at + 1, n, &block))
            return false;
        if (n >= 3 && (block.p[0] & 7) == 1) {
            *count = block.p + 1;
            return true;
        }
        at += 1 + n;
    }
    return false;
}

static bool keep_loop(struct gif *g, size_t end, const uint8_t *count)
{
    uint8_t bytes[19];
    memcpy(bytes, g->in.p + g->at, 14);
    memcpy(bytes + 14, (uint8_t[]){3, 1, count[0], count[1], 0}, 5);
    if (end - g->at == sizeof bytes) {
        put(g, g->at, bytes, sizeof bytes, "loop count");
    } else {
        imp_cut_drop(g->cl, g->at, end - g->at, IMP_PART_VENDOR,
                     "application extension");
        imp_cut_insert(g->cl, bytes, sizeof bytes, IMP_PART_STRUCTURE,
                       "loop count");
    }
    g->has_loop = true;
    g->at = end;
    return true;
}

static bool take_application(struct gif *g, size_t end, struct imp_err *err)
{
    static const struct {
        const char *id;
        enum imp_part_kind kind;
        const char *name;
    } known[] = {
        {"XMP DataXMP", IMP_PART_XMP, "XMP application extension"},
        {"ICCRGBG1012", IMP_PART_ICC, "ICC application extension"},
    };
    struct imp_part part = {.kind = IMP_PART_VENDOR,
                            .name = "application extension"};
    struct imp_span id;
    const uint8_t *count;
    bool whole = imp_span_sub(g->in, g->at, 14, &id) &&
                 imp_span_starts(id, loop_head, sizeof loop_head);
    if (!whole)
        return drop_part(g, end, part, err);
    id = (struct imp_span){id.p + 3, 11};
    bool is_loop = imp_span_starts(id, "NETSCAPE2.0", 11) ||
                   imp_span_starts(id, "ANIMEXTS1.0", 11);
    if (is_loop && !g->has_loop && find_loop(g, &count))
        return keep_loop(g, end, count);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (imp_span_starts(id, known[i].id, 11)) {
            part.kind = known[i].kind;
            part.name = known[i].name;
            if (part.kind == IMP_PART_XMP)
                part.payload = (struct imp_span){id.p + 11, end - (g->at + 14)};
        }
    return drop_part(g, end, part, err);
}

// What a comment or text says, the sizes of its blocks between.
static struct imp_span said(const struct gif *g, size_t end)
{
    return end - g->at > 4
               ? (struct imp_span){g->in.p + g->at + 3, end - g->at - 4}
               : (struct imp_span){0};
}

static bool take_extension(struct gif *g, struct imp_err *err)
{
    struct imp_span head;
    size_t end;
    if (!need(g, g->at, 2, "extension", &head, err))
        return false;
    uint8_t label = head.p[1];
    if (label == 0xF9)
        return take_control(g, err);
    if (g->control && next_is_image(g))
        keep_control(g);
    else
        drop_control(g);
    if (!skip_blocks(g, g->at + 2, &end, err))
        return false;
    switch (label) {
    case 0xFE: // 24
        return drop_part(g, end,
                         (struct imp_part){.kind = IMP_PART_COMMENT,
                                           .name = "comment extension",
                                           .payload = said(g, end)},
                         err);
    case 0x01: // 25
        return drop_part(g, end,
                         (struct imp_part){.kind = IMP_PART_COMMENT,
                                           .name = "plain text extension",
                                           .payload = said(g, end)},
                         err);
    case 0xFF:
        return take_application(g, end, err);
    default:
        return drop_part(g, end,
                         (struct imp_part){.kind = IMP_PART_UNKNOWN,
                                           .name = "unknown extension"},
                         err);
    }
}

// --- Images ---

static bool add_pixels(struct gif *g, uint64_t pixels, struct imp_err *err)
{
    g->pixels += pixels; // each at most 2^32, and a file has a length
    return g->pixels <= g->img->limits.max_pixels ||
           imp_fail_at(err, IMP_ERR_LIMIT, g->at,
                       "%ju pixels in all frames, want at most %ju",
                       (uintmax_t)g->pixels,
                       (uintmax_t)g->img->limits.max_pixels);
}

// Sub-block after sub-block of image data; `g->at` is at the first size byte.
// What lies behind the last code, in its block or in later ones, goes.
static bool take_blocks(struct gif *g, uint64_t pixels, struct imp_err *err)
{
    enum imp_lzw_state state = IMP_LZW_MORE;
    struct imp_span size, block;
    for (;;) {
        if (!need(g, g->at, 1, "image data", &size, err) ||
            !need(g, g->at + 1, size.p[0], "image data", &block, err))
            return false;
        if (block.n == 0)
            break;
        size_t used = state == IMP_LZW_DONE ? 0 : block.n;
        if (state == IMP_LZW_MORE && g->img->check != IMP_CHECK_AGAIN)
            state = imp_lzw_feed(g->lzw, block.p, block.n, &used, err);
        if (state == IMP_LZW_DAMAGED)
            return imp_wrap(err, "frame %zu", g->frames);
        // Without them libnsgif would not show the last pixels any more.
        if (state == IMP_LZW_DONE && !imp_lzw_ended(g->lzw))
            return imp_fail_at(err, IMP_ERR_DAMAGED, g->at,
                               "frame %zu: codes behind the last pixel that "
                               "are no end code",
                               g->frames);
        uint8_t n = (uint8_t)used;
        if (used == block.n)
            imp_cut_keep(g->cl, g->at, 1, IMP_PART_CODED, "image data");
        else
            imp_cut_drop(g->cl, g->at, 1, IMP_PART_CODED, "image data");
        if (used && used < block.n)
            imp_cut_insert(g->cl, &n, 1, IMP_PART_CODED, "image data");
        imp_cut_keep(g->cl, g->at + 1, used, IMP_PART_CODED, "image data");
        imp_cut_drop(g->cl, g->at + 1 + used, block.n - used, IMP_PART_TRAILER,
                     "bytes behind the last pixel");
        g->at += 1 + block.n;
    }
    imp_cut_keep(g->cl, g->at, 1, IMP_PART_CODED, "image data");
    g->at++;
    if (g->img->check == IMP_CHECK_AGAIN || imp_lzw_have(g->lzw) == pixels)
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, g->at,
                       "frame %zu: %ju pixels, want %ju", g->frames,
                       (uintmax_t)imp_lzw_have(g->lzw), (uintmax_t)pixels);
}

static bool take_image(struct gif *g, struct imp_err *err)
{
    struct imp_span head, bits;
    uint8_t bytes[DESCRIPTOR];
    if (!need(g, g->at, DESCRIPTOR, "image descriptor", &head, err))
        return false;
    uint64_t pixels = (uint64_t)imp_le16(head.p + 5) * imp_le16(head.p + 7);
    g->frames++;
    keep_control(g);
    if (pixels == 0)
        return imp_fail_at(err, IMP_ERR_DAMAGED, g->at,
                           "frame %zu has no pixels", g->frames);
    if (!add_pixels(g, pixels, err))
        return false;
    memcpy(bytes, head.p, DESCRIPTOR);
    bytes[9] &= 0xe7; // 20.c: two reserved bits
    put(g, g->at, bytes, DESCRIPTOR, "image descriptor");
    g->at += DESCRIPTOR;
    if (!take_table(g, bytes[9], "local colour table", err) ||
        !need(g, g->at, 1, "LZW code size", &bits, err))
        return false;
    if (bits.p[0] < 1 || bits.p[0] > 8)
        return imp_fail_at(err, IMP_ERR_DAMAGED, g->at,
                           "LZW code size %u, want 1 to 8", bits.p[0]);
    imp_lzw_start(g->lzw, IMP_LZW_GIF, bits.p[0], pixels);
    imp_cut_keep(g->cl, g->at, 1, IMP_PART_STRUCTURE, "LZW code size");
    g->at++;
    return take_blocks(g, pixels, err);
}

// --- The file ---

static bool take_trailer(struct gif *g, struct imp_err *err)
{
    drop_control(g);
    if (g->frames == 0)
        return imp_fail_at(err, IMP_ERR_DAMAGED, g->at, "no image");
    imp_cut_keep(g->cl, g->at, 1, IMP_PART_STRUCTURE, "trailer");
    g->at++;
    return g->at == g->in.n ||
           drop_part(g, g->in.n,
                     (struct imp_part){.kind = IMP_PART_TRAILER,
                                       .name = "bytes after the trailer"},
                     err);
}

static bool walk(struct gif *g, struct imp_err *err)
{
    struct imp_span next;
    if (!take_header(g, err))
        return false;
    for (;;) {
        if (!need(g, g->at, 1, "block", &next, err))
            return false;
        bool ok;
        switch (next.p[0]) {
        case 0x21:
            ok = take_extension(g, err);
            break;
        case 0x2C:
            ok = take_image(g, err);
            break;
        case 0x3B:
            return take_trailer(g, err);
        default:
            ok = imp_fail_at(err, IMP_ERR_DAMAGED, g->at,
                             "block 0x%02x at %zu, want an image, an "
                             "extension or the trailer",
                             next.p[0], g->at);
        }
        if (!ok)
            return false;
    }
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct gif g = {.in = in, .img = img, .cl = cl};
    if (!sniff(in))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no GIF signature");
    g.lzw = imp_lzw_new(err);
    bool ok = g.lzw && walk(&g, err);
    imp_lzw_free(g.lzw);
    return ok;
}

const struct imp_format imp_format_gif = {
    .name = "gif", .ext = "gif", .sniff = sniff, .cut = cut};
