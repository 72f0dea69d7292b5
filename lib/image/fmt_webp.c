// WebP: what of a file stays, simple, extended or animated (RFC 9649). What the
// chunks of coded data need is in webp_coded.c.
#include "image/format.h"
#include "image/webp.h"
#include "image/webp_pieces.h"

#include <string.h>

#define ANIM_SIZE 6

// Each part shown to the editor costs a cut.
#define MAX_PARTS 1000

struct webp {
    struct imp_span in; // as far as RIFF says
    struct imp_job_image *img;
    struct imp_cutlist *cl;
    struct imp_webp_pieces out;
    uint8_t *flags; // of VP8X, in a piece; NULL: a simple file
    uint32_t width, height;
    bool has_icc, has_exif, has_anim, has_image;
    size_t frames, parts;
    uint64_t pixels;
    struct imp_buf scratch;
};

static bool sniff(struct imp_span in)
{
    return in.n >= IMP_WEBP_RIFF_HEADER && memcmp(in.p, "RIFF", 4) == 0 &&
           memcmp(in.p + 8, "WEBP", 4) == 0;
}

static bool damaged(const struct imp_webp_chunk *c, const char *why,
                    struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, c->at, "%s chunk at %zu: %s",
                       c->name, c->at, why);
}

static bool ask(struct webp *w, const struct imp_webp_chunk *c,
                enum imp_part_kind kind, const char *name,
                struct imp_span payload, struct imp_verdict *verdict,
                struct imp_err *err)
{
    struct imp_part part = {.kind = kind,
                            .name = name,
                            .offset = c->at,
                            .length = c->end - c->at,
                            .payload = payload};
    *verdict = (struct imp_verdict){0};
    if (++w->parts > MAX_PARTS)
        return imp_fail_at(err, IMP_ERR_LIMIT, c->at,
                           "more than %d chunks that are no image", MAX_PARTS);
    return w->img->editor->decide(w->img->editor, &part, verdict, err);
}

static bool drop_chunk(struct webp *w, const struct imp_webp_chunk *c,
                       enum imp_part_kind kind, const char *name,
                       struct imp_span payload, struct imp_err *err)
{
    struct imp_verdict ignored;
    return ask(w, c, kind, name, payload, &ignored, err) &&
           imp_webp_drop(&w->out, c->at, c->end - c->at, kind, name, err);
}

static bool drop_unknown(struct webp *w, const struct imp_webp_chunk *c,
                         struct imp_err *err)
{
    return drop_chunk(w, c, IMP_PART_UNKNOWN,
                      imp_cutlist_name(w->cl, "%s chunk", c->name),
                      (struct imp_span){0}, err);
}

// --- Metadata (2.7.1.4, 2.7.1.5) ---

// The chunk as the editor wants it; `flag` tells that it stays.
static bool settle(struct webp *w, const struct imp_webp_chunk *c,
                   enum imp_part_kind kind, const char *what,
                   struct imp_span payload, uint8_t flag, struct imp_err *err)
{
    struct imp_verdict v;
    if (!ask(w, c, kind, what, payload, &v, err))
        return false;
    struct imp_span bytes = v.fate == IMP_FATE_KEEP ? payload : v.bytes;
    if (v.fate == IMP_FATE_DROP || bytes.n == 0)
        return imp_webp_drop(&w->out, c->at, c->end - c->at, kind, what, err);
    uint8_t *head = imp_webp_put_header(&w->out, c, kind, what, err);
    uint8_t *data = head ? imp_webp_put(&w->out, c->at + IMP_WEBP_CHUNK_HEADER,
                                        c->data.n, bytes.n, kind, what, err)
                         : NULL;
    if (!data)
        return false;
    imp_put_le32(head + 4, (uint32_t)bytes.n);
    memcpy(data, bytes.p, bytes.n);
    *w->flags |= flag;
    return imp_webp_put_pad(&w->out, c, bytes.n, kind, what, err);
}

static bool take_icc(struct webp *w, const struct imp_webp_chunk *c,
                     struct imp_err *err)
{
    // It counts only before the image, and once.
    if (w->has_icc || w->has_image || w->frames)
        return drop_chunk(w, c, IMP_PART_ICC, "ICCP chunk, out of place",
                          (struct imp_span){0}, err);
    w->has_icc = true;
    return settle(w, c, IMP_PART_ICC, "ICCP chunk", c->data, IMP_WEBP_HAS_ICC,
                  err);
}

static bool take_exif(struct webp *w, const struct imp_webp_chunk *c,
                      struct imp_err *err)
{
    struct imp_span tiff = imp_webp_exif(c);
    if (w->has_exif)
        return drop_chunk(w, c, IMP_PART_EXIF, "EXIF chunk, repeated", tiff,
                          err);
    w->has_exif = true;
    return settle(w, c, IMP_PART_EXIF, "EXIF chunk", tiff, IMP_WEBP_HAS_EXIF,
                  err);
}

// --- Coded data ---

static bool add_pixels(struct webp *w, const struct imp_webp_chunk *c,
                       const struct imp_webp_frame *f, struct imp_err *err)
{
    w->pixels += (uint64_t)f->width * f->height; // each less than 2^28
    return w->pixels <= w->img->limits.max_pixels ||
           imp_fail_at(err, IMP_ERR_LIMIT, c->at,
                       "%ju pixels in all frames, want at most %ju",
                       (uintmax_t)w->pixels,
                       (uintmax_t)w->img->limits.max_pixels);
}

static const char slack[] = "bytes behind the coded data";

// Payload bytes, of which the first `needed` are kept.
static bool keep_range(struct webp *w, size_t at, size_t n, size_t needed,
                       const char *what, struct imp_err *err)
{
    return (!needed ||
            imp_webp_keep(&w->out, at, needed, IMP_PART_CODED, what, err)) &&
           (needed == n || imp_webp_drop(&w->out, at + needed, n - needed,
                                         IMP_PART_TRAILER, slack, err));
}

static bool put_image(struct webp *w, const struct imp_webp_chunk *c,
                      const struct imp_webp_frame *f,
                      const struct imp_webp_ends *e, struct imp_err *err)
{
    const char *what = f->lossless ? "VP8L chunk" : "VP8 chunk";
    size_t at = c->at + IMP_WEBP_CHUNK_HEADER, n = imp_webp_image_length(e);
    uint8_t *head =
        imp_webp_put_header(&w->out, c, IMP_PART_STRUCTURE, what, err);
    if (!head)
        return false;
    imp_put_le32(head + 4, (uint32_t)n);
    if (e->head) {
        head = imp_webp_put(&w->out, at, e->head, e->head, IMP_PART_CODED, what,
                            err);
        if (!head)
            return false;
        imp_webp_new_head(f, e, head);
        at += e->head;
    }
    for (unsigned i = 0; i < e->n; i++) {
        if (!keep_range(w, at, e->length[i], e->needed[i], what, err))
            return false;
        at += e->length[i];
        size_t table = i == 0 && e->n > 2 ? 3 * (size_t)(e->n - 2) : 0;
        if (!table)
            continue;
        head =
            imp_webp_put(&w->out, at, table, table, IMP_PART_CODED, what, err);
        if (!head)
            return false;
        imp_webp_new_sizes(e, head);
        at += table;
    }
    return imp_webp_put_pad(&w->out, c, n, IMP_PART_CODED, what, err);
}

// 2.7.1.2: two reserved bits.
static bool put_alpha(struct webp *w, const struct imp_webp_chunk *c,
                      size_t needed, struct imp_err *err)
{
    static const char what[] = "ALPH chunk";
    size_t at = c->at + IMP_WEBP_CHUNK_HEADER;
    uint8_t *head =
        imp_webp_put_header(&w->out, c, IMP_PART_STRUCTURE, what, err);
    uint8_t *first =
        head ? imp_webp_put(&w->out, at, 1, 1, IMP_PART_CODED, what, err)
             : NULL;
    if (!first)
        return false;
    imp_put_le32(head + 4, (uint32_t)needed);
    *first = c->data.p[0] & 0x3f;
    return keep_range(w, at + 1, c->data.n - 1, needed - 1, what, err) &&
           imp_webp_put_pad(&w->out, c, needed, IMP_PART_CODED, what, err);
}

// What the frame needs of its data; `f` tells its size.
static bool look_at_frame(struct webp *w, const struct imp_webp_chunk *image,
                          const struct imp_webp_chunk *alpha,
                          struct imp_webp_frame *f, struct imp_webp_ends *e,
                          struct imp_err *err)
{
    *f = (struct imp_webp_frame){.image = image->data,
                                 .alpha =
                                     alpha ? alpha->data : (struct imp_span){0},
                                 .lossless = imp_webp_is(image, "VP8L")};
    bool ok = imp_webp_read_size(f, err) && add_pixels(w, image, f, err) &&
              (w->img->check == IMP_CHECK_AGAIN
                   ? imp_webp_partitions(f, e, err)
                   : imp_webp_find_ends(f, e, &w->scratch, err));
    if (!ok && err && !err->has_at) {
        err->has_at = true;
        err->at = image->at;
    }
    return ok || imp_wrap(err, "%s chunk at %zu", image->name, image->at);
}

// The image chunks among those in [at, end): an ALPH chunk may precede a VP8
// one, and only the first image counts. All others go.
static bool take_frame(struct webp *w, size_t at, size_t end,
                       struct imp_webp_frame *f, struct imp_err *err)
{
    struct imp_span in = {w->in.p, end};
    struct imp_webp_chunk c, alpha = {0};
    struct imp_webp_ends e;
    bool done = false;
    while (at < end) {
        if (!imp_webp_chunk_at(in, at, &c, err))
            return false;
        at = c.end;
        bool is_alpha =
            imp_webp_is(&c, "ALPH") && !alpha.end && !done && c.data.n;
        if (is_alpha) {
            // It is judged together with its image, which follows it.
            struct imp_webp_chunk next;
            if (at >= end || !imp_webp_chunk_at(in, at, &next, err) ||
                !imp_webp_is(&next, "VP8 "))
                return damaged(&c, "want a VP8 chunk behind it", err);
            alpha = c;
            if (!look_at_frame(w, &next, &alpha, f, &e, err) ||
                !put_alpha(w, &alpha, e.alpha, err) ||
                !put_image(w, &next, f, &e, err))
                return false;
            at = next.end;
            done = true;
        } else if (imp_webp_is_image(&c) && !done) {
            if (!look_at_frame(w, &c, NULL, f, &e, err) ||
                !put_image(w, &c, f, &e, err))
                return false;
            done = true;
        } else if (!drop_unknown(w, &c, err)) {
            return false;
        }
    }
    return done || imp_fail_at(err, IMP_ERR_DAMAGED, at,
                               "a frame without image "
                               "data");
}

// --- Animations (2.7.1.1) ---

static bool take_anim(struct webp *w, const struct imp_webp_chunk *c,
                      struct imp_err *err)
{
    if (w->has_anim || !(*w->flags & IMP_WEBP_HAS_ANIM))
        return drop_unknown(w, c, err);
    if (c->data.n < ANIM_SIZE)
        return damaged(c, "want 6 bytes", err);
    w->has_anim = true;
    uint8_t *head =
        imp_webp_put_header(&w->out, c, IMP_PART_STRUCTURE, "ANIM chunk", err);
    if (!head)
        return false;
    imp_put_le32(head + 4, ANIM_SIZE);
    size_t at = c->at + IMP_WEBP_CHUNK_HEADER;
    return imp_webp_keep(&w->out, at, ANIM_SIZE, IMP_PART_STRUCTURE,
                         "ANIM chunk", err) &&
           (c->end == at + ANIM_SIZE ||
            imp_webp_drop(&w->out, at + ANIM_SIZE, c->end - at - ANIM_SIZE,
                          IMP_PART_TRAILER, slack, err));
}

static bool take_anmf(struct webp *w, const struct imp_webp_chunk *c,
                      struct imp_err *err)
{
    static const char what[] = "ANMF chunk";
    struct imp_webp_frame f;
    struct imp_webp_place place;
    if (!w->has_anim)
        return drop_unknown(w, c, err);
    if (c->data.n < IMP_WEBP_ANMF_SIZE)
        return damaged(c, "want 16 bytes", err);
    size_t at = c->at + IMP_WEBP_CHUNK_HEADER;
    uint8_t *head =
        imp_webp_put_header(&w->out, c, IMP_PART_STRUCTURE, what, err);
    uint8_t *own =
        head ? imp_webp_put(&w->out, at, IMP_WEBP_ANMF_SIZE, IMP_WEBP_ANMF_SIZE,
                            IMP_PART_STRUCTURE, what, err)
             : NULL;
    if (!own)
        return false;
    memcpy(own, c->data.p, IMP_WEBP_ANMF_SIZE);
    own[15] &= 3; // reserved bits
    size_t first = w->out.n;
    if (!take_frame(w, at + IMP_WEBP_ANMF_SIZE, at + c->data.n, &f, err))
        return false;
    place = imp_webp_place_of(c->data.p);
    if (!imp_webp_frame_fits(&f, &place, w->width, w->height))
        return damaged(c, "its image has another size or leaves the canvas",
                       err);
    uint64_t n = IMP_WEBP_ANMF_SIZE + imp_webp_output_of(&w->out, first);
    imp_put_le32(head + 4, (uint32_t)n);
    w->frames++;
    return imp_webp_put_pad(&w->out, c, n, IMP_PART_STRUCTURE, what, err);
}

// --- The file ---

static bool take_vp8x(struct webp *w, const struct imp_webp_chunk *c,
                      struct imp_err *err)
{
    static const char what[] = "VP8X chunk";
    if (c->data.n < IMP_WEBP_VP8X_SIZE)
        return damaged(c, "want 10 bytes", err);
    size_t at = c->at + IMP_WEBP_CHUNK_HEADER;
    uint8_t *head =
        imp_webp_put_header(&w->out, c, IMP_PART_STRUCTURE, what, err);
    uint8_t *own =
        head ? imp_webp_put(&w->out, at, IMP_WEBP_VP8X_SIZE, IMP_WEBP_VP8X_SIZE,
                            IMP_PART_STRUCTURE, what, err)
             : NULL;
    if (!own)
        return false;
    imp_put_le32(head + 4, IMP_WEBP_VP8X_SIZE);
    memset(own, 0, 4);
    memcpy(own + 4, c->data.p + 4, 6);
    own[0] = c->data.p[0] & (IMP_WEBP_HAS_ANIM | IMP_WEBP_HAS_ALPHA);
    w->flags = own;
    w->width = imp_webp_le24(own + 4) + 1;
    w->height = imp_webp_le24(own + 7) + 1;
    return c->end == at + IMP_WEBP_VP8X_SIZE ||
           imp_webp_drop(&w->out, at + IMP_WEBP_VP8X_SIZE,
                         c->end - at - IMP_WEBP_VP8X_SIZE, IMP_PART_TRAILER,
                         slack, err);
}

// A still image of an extended file, alpha and all.
static bool take_still(struct webp *w, const struct imp_webp_chunk *c,
                       size_t *next, struct imp_err *err)
{
    struct imp_webp_frame f;
    struct imp_webp_chunk image;
    size_t end = c->end;
    if (w->has_image || (w->flags && (*w->flags & IMP_WEBP_HAS_ANIM)))
        return drop_unknown(w, c, err);
    if (imp_webp_is(c, "ALPH") && end < w->in.n &&
        imp_webp_chunk_at(w->in, end, &image, NULL) &&
        imp_webp_is(&image, "VP8 "))
        end = image.end;
    if (!take_frame(w, c->at, end, &f, err))
        return false;
    w->has_image = true;
    *next = end;
    if (!w->flags) {
        w->width = f.width;
        w->height = f.height;
    }
    return (f.width == w->width && f.height == w->height) ||
           damaged(c, "not as large as the canvas", err);
}

static bool take(struct webp *w, const struct imp_webp_chunk *c, size_t *next,
                 struct imp_err *err)
{
    *next = c->end;
    if (imp_webp_is_image(c) || imp_webp_is(c, "ALPH"))
        return take_still(w, c, next, err);
    if (!w->flags) // a simple file has its image and nothing else
        return drop_unknown(w, c, err);
    if (imp_webp_is(c, "ICCP"))
        return take_icc(w, c, err);
    if (imp_webp_is(c, "ANIM"))
        return take_anim(w, c, err);
    if (imp_webp_is(c, "ANMF"))
        return take_anmf(w, c, err);
    if (imp_webp_is(c, "EXIF"))
        return take_exif(w, c, err);
    if (imp_webp_is(c, "XMP "))
        return drop_chunk(w, c, IMP_PART_XMP, "XMP chunk", c->data, err);
    return drop_unknown(w, c, err);
}

static bool walk(struct webp *w, struct imp_err *err)
{
    struct imp_webp_chunk c;
    size_t at = IMP_WEBP_RIFF_HEADER;
    if (!imp_webp_chunk_at(w->in, at, &c, err))
        return false;
    if (imp_webp_is(&c, "VP8X")) {
        if (!take_vp8x(w, &c, err))
            return false;
        at = c.end;
    } else if (!imp_webp_is_image(&c)) {
        return damaged(&c, "want VP8, VP8L or VP8X first", err);
    }
    while (at < w->in.n)
        if (!imp_webp_chunk_at(w->in, at, &c, err) || !take(w, &c, &at, err))
            return false;
    return w->has_image || w->frames ||
           imp_fail_at(err, IMP_ERR_DAMAGED, at, "no image");
}

static bool drop_trailer(struct webp *w, size_t whole, struct imp_err *err)
{
    static const char what[] = "bytes after RIFF";
    struct imp_webp_chunk rest = {.at = w->in.n, .end = whole};
    if (rest.at == whole)
        return true;
    return drop_chunk(w, &rest, IMP_PART_TRAILER, what, (struct imp_span){0},
                      err);
}

static bool cut_with(struct webp *w, struct imp_span in, struct imp_err *err)
{
    if (!imp_webp_riff(in, &w->in, err))
        return false;
    uint8_t *head =
        imp_webp_put(&w->out, 0, IMP_WEBP_RIFF_HEADER, IMP_WEBP_RIFF_HEADER,
                     IMP_PART_STRUCTURE, "RIFF header", err);
    if (!head || !walk(w, err))
        return false;
    uint64_t n = imp_webp_output_of(&w->out, 0) - 8;
    if (n > UINT32_MAX)
        return imp_fail(err, IMP_ERR_LIMIT, "too large for RIFF");
    memcpy(head, in.p, IMP_WEBP_RIFF_HEADER);
    imp_put_le32(head + 4, (uint32_t)n);
    w->img->width = w->width;
    w->img->height = w->height;
    if (!drop_trailer(w, in.n, err))
        return false;
    imp_webp_emit(&w->out, in);
    return true;
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct webp w = {.img = img, .cl = cl, .out = {.cl = cl}};
    if (!sniff(in))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no WebP signature");
    bool ok = cut_with(&w, in, err);
    imp_buf_clear(&w.scratch);
    imp_webp_pieces_clear(&w.out);
    return ok;
}

const struct imp_format imp_format_webp = {
    .name = "webp", .ext = "webp", .sniff = sniff, .cut = cut};
