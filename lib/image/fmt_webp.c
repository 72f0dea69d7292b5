// WebP: the RIFF container of RFC 9649, simple, extended and animated. What the
// chunks of coded data need is in webp_coded.c.
#include "image/format.h"
#include "image/webp.h"

#include <stdlib.h>
#include <string.h>

#define RIFF_HEADER 12
#define CHUNK_HEADER 8
#define VP8X_SIZE 10
#define ANIM_SIZE 6
#define ANMF_SIZE 16 // of a frame's own fields (2.7.1.1)

// Each part shown to the editor costs a cut.
#define MAX_PARTS 1000

// 2.7: flags of VP8X.
enum {
    HAS_ANIM = 0x02,
    HAS_XMP = 0x04,
    HAS_EXIF = 0x08,
    HAS_ALPHA = 0x10,
    HAS_ICC = 0x20
};

struct chunk {
    char name[5]; /* for messages: what is not printable is a '?' */
    size_t at;    /* of its header */
    size_t end;   /* behind its padding byte */
    struct imp_span data;
};

// The output in pieces, before it is known how long they make it: sizes in
// headers count what follows.
struct piece {
    enum imp_cut_kind kind;
    enum imp_part_kind part;
    const char *what;
    size_t at, n;         // of the input, for keep and drop
    const uint8_t *bytes; // of an insert; may still change
};

struct webp {
    struct imp_span in; // as far as RIFF says
    struct imp_job_image *img;
    struct imp_cutlist *cl;
    struct piece *piece;
    size_t n_pieces, cap;
    uint8_t *flags; // of VP8X, in a piece; NULL: a simple file
    uint32_t width, height;
    bool has_icc, has_exif, has_anim, has_image;
    size_t frames, parts;
    uint64_t pixels;
    struct imp_buf scratch;
};

static bool sniff(struct imp_span in)
{
    return in.n >= RIFF_HEADER && memcmp(in.p, "RIFF", 4) == 0 &&
           memcmp(in.p + 8, "WEBP", 4) == 0;
}

// --- Pieces ---

static bool add_piece(struct webp *w, struct piece piece, struct imp_err *err)
{
    if (w->n_pieces == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 32;
        struct piece *grown = realloc(w->piece, cap * sizeof *grown);
        if (!grown)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu pieces",
                            cap);
        w->piece = grown;
        w->cap = cap;
    }
    w->piece[w->n_pieces++] = piece;
    return true;
}

static bool keep(struct webp *w, size_t at, size_t n, enum imp_part_kind part,
                 const char *what, struct imp_err *err)
{
    return add_piece(w, (struct piece){IMP_CUT_KEEP, part, what, at, n, NULL},
                     err);
}

static bool drop(struct webp *w, size_t at, size_t n, enum imp_part_kind part,
                 const char *what, struct imp_err *err)
{
    return add_piece(w, (struct piece){IMP_CUT_DROP, part, what, at, n, NULL},
                     err);
}

// Memory for `n` bytes that stand where the input has `old` at `at`; the caller
// fills them in. What comes out equal to the input is kept in the end.
static uint8_t *put(struct webp *w, size_t at, size_t old, size_t n,
                    enum imp_part_kind part, const char *what,
                    struct imp_err *err)
{
    uint8_t *bytes = imp_cutlist_alloc(w->cl, n);
    if (!bytes) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a chunk");
        return NULL;
    }
    if ((old && !drop(w, at, old, part, what, err)) ||
        !add_piece(w, (struct piece){IMP_CUT_INSERT, part, what, at, n, bytes},
                   err))
        return NULL;
    return bytes;
}

// How many bytes the pieces from `first` on make.
static uint64_t output_of(const struct webp *w, size_t first)
{
    uint64_t n = 0;
    for (size_t i = first; i < w->n_pieces; i++)
        if (w->piece[i].kind != IMP_CUT_DROP)
            n += w->piece[i].n;
    return n;
}

static void emit(struct webp *w)
{
    for (size_t i = 0; i < w->n_pieces; i++) {
        const struct piece *p = &w->piece[i];
        const struct piece *next = i + 1 < w->n_pieces ? p + 1 : NULL;
        bool same = p->kind == IMP_CUT_DROP && next &&
                    next->kind == IMP_CUT_INSERT && next->n == p->n &&
                    memcmp(w->in.p + p->at, next->bytes, p->n) == 0;
        if (p->kind == IMP_CUT_KEEP || same)
            imp_cut_keep(w->cl, p->at, p->n, p->part,
                         same ? next->what : p->what);
        else if (p->kind == IMP_CUT_DROP)
            imp_cut_drop(w->cl, p->at, p->n, p->part, p->what);
        else
            imp_cut_insert(w->cl, p->bytes, p->n, p->part, p->what);
        i += same;
    }
}

// --- Chunks (2.3) ---

static bool read_chunk(struct imp_span in, size_t at, struct chunk *c,
                       struct imp_err *err)
{
    struct imp_span head;
    *c = (struct chunk){.at = at};
    if (!imp_span_sub(in, at, CHUNK_HEADER, &head))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "chunk at %zu: want a header of 8 bytes, have %zu",
                           at, in.n - at);
    for (int i = 0; i < 4; i++)
        c->name[i] =
            head.p[i] >= 0x20 && head.p[i] < 0x7f ? (char)head.p[i] : '?';
    size_t n = imp_le32(head.p + 4);
    if (!imp_span_sub(in, at + CHUNK_HEADER, n, &c->data))
        return imp_fail_at(err, IMP_ERR_DAMAGED, at,
                           "%s chunk at %zu: want %zu bytes, have %zu", c->name,
                           at, n, in.n - at - CHUNK_HEADER);
    c->end = at + CHUNK_HEADER + n + (n & 1);
    if (c->end > in.n) // the last pad is missing: decoders do not mind
        c->end = in.n;
    return true;
}

static bool is(const struct chunk *c, const char *name)
{
    return memcmp(c->name, name, 4) == 0;
}

static bool damaged(const struct chunk *c, const char *why, struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, c->at, "%s chunk at %zu: %s",
                       c->name, c->at, why);
}

// A chunk's header with another size, and its pad. Returns the header.
static uint8_t *put_header(struct webp *w, const struct chunk *c,
                           enum imp_part_kind part, const char *what,
                           struct imp_err *err)
{
    uint8_t *head = put(w, c->at, CHUNK_HEADER, CHUNK_HEADER, part, what, err);
    if (head)
        memcpy(head, c->name, 4);
    return head;
}

// The pad behind `n` bytes of data; the input's, if it has one, lies between
// c's data and c->end.
static bool put_pad(struct webp *w, const struct chunk *c, uint64_t n,
                    enum imp_part_kind part, const char *what,
                    struct imp_err *err)
{
    size_t at = c->at + CHUNK_HEADER + c->data.n;
    size_t old = c->end - at;
    if (n & 1)
        return put(w, at, old, 1, part, what, err);
    return !old || drop(w, at, old, part, what, err);
}

static bool ask(struct webp *w, const struct chunk *c, enum imp_part_kind kind,
                const char *name, struct imp_span payload,
                struct imp_verdict *verdict, struct imp_err *err)
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

static bool drop_chunk(struct webp *w, const struct chunk *c,
                       enum imp_part_kind kind, const char *name,
                       struct imp_span payload, struct imp_err *err)
{
    struct imp_verdict ignored;
    return ask(w, c, kind, name, payload, &ignored, err) &&
           drop(w, c->at, c->end - c->at, kind, name, err);
}

static bool drop_unknown(struct webp *w, const struct chunk *c,
                         struct imp_err *err)
{
    return drop_chunk(w, c, IMP_PART_UNKNOWN,
                      imp_cutlist_name(w->cl, "%s chunk", c->name),
                      (struct imp_span){0}, err);
}

// --- Metadata (2.7.1.4, 2.7.1.5) ---

// The chunk as the editor wants it; `flag` tells that it stays.
static bool settle(struct webp *w, const struct chunk *c,
                   enum imp_part_kind kind, const char *what,
                   struct imp_span payload, uint8_t flag, struct imp_err *err)
{
    struct imp_verdict v;
    if (!ask(w, c, kind, what, payload, &v, err))
        return false;
    struct imp_span bytes = v.fate == IMP_FATE_KEEP ? payload : v.bytes;
    if (v.fate == IMP_FATE_DROP || bytes.n == 0)
        return drop(w, c->at, c->end - c->at, kind, what, err);
    uint8_t *head = put_header(w, c, kind, what, err);
    uint8_t *data =
        head ? put(w, c->at + CHUNK_HEADER, c->data.n, bytes.n, kind, what, err)
             : NULL;
    if (!data)
        return false;
    imp_put_le32(head + 4, (uint32_t)bytes.n);
    memcpy(data, bytes.p, bytes.n);
    *w->flags |= flag;
    return put_pad(w, c, bytes.n, kind, what, err);
}

static bool take_icc(struct webp *w, const struct chunk *c, struct imp_err *err)
{
    // It counts only before the image, and once.
    if (w->has_icc || w->has_image || w->frames)
        return drop_chunk(w, c, IMP_PART_ICC, "ICCP chunk, out of place",
                          (struct imp_span){0}, err);
    w->has_icc = true;
    return settle(w, c, IMP_PART_ICC, "ICCP chunk", c->data, HAS_ICC, err);
}

// Some writers put JPEG's "Exif\0\0" in front of the TIFF block.
static bool take_exif(struct webp *w, const struct chunk *c,
                      struct imp_err *err)
{
    struct imp_span tiff = c->data;
    if (imp_span_starts(tiff, "Exif\0\0", 6))
        tiff = (struct imp_span){tiff.p + 6, tiff.n - 6};
    if (w->has_exif)
        return drop_chunk(w, c, IMP_PART_EXIF, "EXIF chunk, repeated", tiff,
                          err);
    w->has_exif = true;
    return settle(w, c, IMP_PART_EXIF, "EXIF chunk", tiff, HAS_EXIF, err);
}

// --- Coded data ---

static bool add_pixels(struct webp *w, const struct chunk *c,
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
    return (!needed || keep(w, at, needed, IMP_PART_CODED, what, err)) &&
           (needed == n ||
            drop(w, at + needed, n - needed, IMP_PART_TRAILER, slack, err));
}

static bool put_image(struct webp *w, const struct chunk *c,
                      const struct imp_webp_frame *f,
                      const struct imp_webp_ends *e, struct imp_err *err)
{
    const char *what = f->lossless ? "VP8L chunk" : "VP8 chunk";
    size_t at = c->at + CHUNK_HEADER, n = imp_webp_image_length(e);
    uint8_t *head = put_header(w, c, IMP_PART_STRUCTURE, what, err);
    if (!head)
        return false;
    imp_put_le32(head + 4, (uint32_t)n);
    if (e->head) {
        head = put(w, at, e->head, e->head, IMP_PART_CODED, what, err);
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
        head = put(w, at, table, table, IMP_PART_CODED, what, err);
        if (!head)
            return false;
        imp_webp_new_sizes(e, head);
        at += table;
    }
    return put_pad(w, c, n, IMP_PART_CODED, what, err);
}

// 2.7.1.2: two reserved bits.
static bool put_alpha(struct webp *w, const struct chunk *c, size_t needed,
                      struct imp_err *err)
{
    static const char what[] = "ALPH chunk";
    size_t at = c->at + CHUNK_HEADER;
    uint8_t *head = put_header(w, c, IMP_PART_STRUCTURE, what, err);
    uint8_t *first = head ? put(w, at, 1, 1, IMP_PART_CODED, what, err) : NULL;
    if (!first)
        return false;
    imp_put_le32(head + 4, (uint32_t)needed);
    *first = c->data.p[0] & 0x3f;
    return keep_range(w, at + 1, c->data.n - 1, needed - 1, what, err) &&
           put_pad(w, c, needed, IMP_PART_CODED, what, err);
}

static bool is_image(const struct chunk *c)
{
    return is(c, "VP8 ") || is(c, "VP8L");
}

// What the frame needs of its data; `f` tells its size.
static bool look_at_frame(struct webp *w, const struct chunk *image,
                          const struct chunk *alpha, struct imp_webp_frame *f,
                          struct imp_webp_ends *e, struct imp_err *err)
{
    *f = (struct imp_webp_frame){.image = image->data,
                                 .alpha =
                                     alpha ? alpha->data : (struct imp_span){0},
                                 .lossless = is(image, "VP8L")};
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
    struct chunk c, alpha = {0};
    struct imp_webp_ends e;
    bool done = false;
    while (at < end) {
        if (!read_chunk(in, at, &c, err))
            return false;
        at = c.end;
        bool is_alpha = is(&c, "ALPH") && !alpha.end && !done && c.data.n;
        if (is_alpha) {
            // It is judged together with its image, which follows it.
            struct chunk next;
            if (at >= end || !read_chunk(in, at, &next, err) ||
                !is(&next, "VP8 "))
                return damaged(&c, "want a VP8 chunk behind it", err);
            alpha = c;
            if (!look_at_frame(w, &next, &alpha, f, &e, err) ||
                !put_alpha(w, &alpha, e.alpha, err) ||
                !put_image(w, &next, f, &e, err))
                return false;
            at = next.end;
            done = true;
        } else if (is_image(&c) && !done) {
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

static bool take_anim(struct webp *w, const struct chunk *c,
                      struct imp_err *err)
{
    if (w->has_anim || !(*w->flags & HAS_ANIM))
        return drop_unknown(w, c, err);
    if (c->data.n < ANIM_SIZE)
        return damaged(c, "want 6 bytes", err);
    w->has_anim = true;
    uint8_t *head = put_header(w, c, IMP_PART_STRUCTURE, "ANIM chunk", err);
    if (!head)
        return false;
    imp_put_le32(head + 4, ANIM_SIZE);
    size_t at = c->at + CHUNK_HEADER;
    return keep(w, at, ANIM_SIZE, IMP_PART_STRUCTURE, "ANIM chunk", err) &&
           (c->end == at + ANIM_SIZE ||
            drop(w, at + ANIM_SIZE, c->end - at - ANIM_SIZE, IMP_PART_TRAILER,
                 slack, err));
}

static uint32_t le24(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

// A frame lies within the canvas and is as large as its image.
static bool frame_fits(const struct webp *w, const uint8_t *p,
                       const struct imp_webp_frame *f)
{
    uint64_t x = 2 * (uint64_t)le24(p), y = 2 * (uint64_t)le24(p + 3);
    uint32_t width = le24(p + 6) + 1, height = le24(p + 9) + 1;
    return width == f->width && height == f->height && x + width <= w->width &&
           y + height <= w->height;
}

static bool take_anmf(struct webp *w, const struct chunk *c,
                      struct imp_err *err)
{
    static const char what[] = "ANMF chunk";
    struct imp_webp_frame f;
    if (!w->has_anim)
        return drop_unknown(w, c, err);
    if (c->data.n < ANMF_SIZE)
        return damaged(c, "want 16 bytes", err);
    size_t at = c->at + CHUNK_HEADER;
    uint8_t *head = put_header(w, c, IMP_PART_STRUCTURE, what, err);
    uint8_t *own =
        head ? put(w, at, ANMF_SIZE, ANMF_SIZE, IMP_PART_STRUCTURE, what, err)
             : NULL;
    if (!own)
        return false;
    memcpy(own, c->data.p, ANMF_SIZE);
    own[15] &= 3; // reserved bits
    size_t first = w->n_pieces;
    if (!take_frame(w, at + ANMF_SIZE, at + c->data.n, &f, err))
        return false;
    if (!frame_fits(w, c->data.p, &f))
        return damaged(c, "its image has another size or leaves the canvas",
                       err);
    uint64_t n = ANMF_SIZE + output_of(w, first);
    imp_put_le32(head + 4, (uint32_t)n);
    w->frames++;
    return put_pad(w, c, n, IMP_PART_STRUCTURE, what, err);
}

// --- The file ---

static bool take_vp8x(struct webp *w, const struct chunk *c,
                      struct imp_err *err)
{
    static const char what[] = "VP8X chunk";
    if (c->data.n < VP8X_SIZE)
        return damaged(c, "want 10 bytes", err);
    size_t at = c->at + CHUNK_HEADER;
    uint8_t *head = put_header(w, c, IMP_PART_STRUCTURE, what, err);
    uint8_t *own =
        head ? put(w, at, VP8X_SIZE, VP8X_SIZE, IMP_PART_STRUCTURE, what, err)
             : NULL;
    if (!own)
        return false;
    imp_put_le32(head + 4, VP8X_SIZE);
    memset(own, 0, 4);
    memcpy(own + 4, c->data.p + 4, 6);
    own[0] = c->data.p[0] & (HAS_ANIM | HAS_ALPHA);
    w->flags = own;
    w->width = le24(own + 4) + 1;
    w->height = le24(own + 7) + 1;
    return c->end == at + VP8X_SIZE ||
           drop(w, at + VP8X_SIZE, c->end - at - VP8X_SIZE, IMP_PART_TRAILER,
                slack, err);
}

// A still image of an extended file, alpha and all.
static bool take_still(struct webp *w, const struct chunk *c, size_t *next,
                       struct imp_err *err)
{
    struct imp_webp_frame f;
    struct chunk image;
    size_t end = c->end;
    if (w->has_image || (w->flags && (*w->flags & HAS_ANIM)))
        return drop_unknown(w, c, err);
    if (is(c, "ALPH") && end < w->in.n &&
        read_chunk(w->in, end, &image, NULL) && is(&image, "VP8 "))
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

static bool take(struct webp *w, const struct chunk *c, size_t *next,
                 struct imp_err *err)
{
    *next = c->end;
    if (is_image(c) || is(c, "ALPH"))
        return take_still(w, c, next, err);
    if (!w->flags) // a simple file has its image and nothing else
        return drop_unknown(w, c, err);
    if (is(c, "ICCP"))
        return take_icc(w, c, err);
    if (is(c, "ANIM"))
        return take_anim(w, c, err);
    if (is(c, "ANMF"))
        return take_anmf(w, c, err);
    if (is(c, "EXIF"))
        return take_exif(w, c, err);
    if (is(c, "XMP "))
        return drop_chunk(w, c, IMP_PART_XMP, "XMP chunk", c->data, err);
    return drop_unknown(w, c, err);
}

static bool walk(struct webp *w, struct imp_err *err)
{
    struct chunk c;
    size_t at = RIFF_HEADER;
    if (!read_chunk(w->in, at, &c, err))
        return false;
    if (is(&c, "VP8X")) {
        if (!take_vp8x(w, &c, err))
            return false;
        at = c.end;
    } else if (!is_image(&c)) {
        return damaged(&c, "want VP8, VP8L or VP8X first", err);
    }
    while (at < w->in.n)
        if (!read_chunk(w->in, at, &c, err) || !take(w, &c, &at, err))
            return false;
    return w->has_image || w->frames ||
           imp_fail_at(err, IMP_ERR_DAMAGED, at, "no image");
}

// RIFF's size counts all behind itself, without a trailer.
static bool find_end(struct imp_span in, struct imp_span *riff,
                     struct imp_err *err)
{
    uint64_t n = (uint64_t)imp_le32(in.p + 4) + 8;
    if (n > in.n)
        return imp_fail_at(err, IMP_ERR_DAMAGED, 4,
                           "RIFF of %ju bytes, have %zu", (uintmax_t)n, in.n);
    return imp_span_sub(in, 0, (size_t)n, riff);
}

static bool drop_trailer(struct webp *w, size_t whole, struct imp_err *err)
{
    static const char what[] = "bytes after RIFF";
    struct chunk rest = {.at = w->in.n, .end = whole};
    if (rest.at == whole)
        return true;
    return drop_chunk(w, &rest, IMP_PART_TRAILER, what, (struct imp_span){0},
                      err);
}

static bool cut_with(struct webp *w, struct imp_span in, struct imp_err *err)
{
    if (!find_end(in, &w->in, err))
        return false;
    uint8_t *head = put(w, 0, RIFF_HEADER, RIFF_HEADER, IMP_PART_STRUCTURE,
                        "RIFF header", err);
    if (!head || !walk(w, err))
        return false;
    uint64_t n = output_of(w, 0) - 8;
    if (n > UINT32_MAX)
        return imp_fail(err, IMP_ERR_LIMIT, "too large for RIFF");
    memcpy(head, in.p, RIFF_HEADER);
    imp_put_le32(head + 4, (uint32_t)n);
    w->img->width = w->width;
    w->img->height = w->height;
    if (!drop_trailer(w, in.n, err))
        return false;
    w->in = in;
    emit(w);
    return true;
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct webp w = {.img = img, .cl = cl};
    if (!sniff(in))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no WebP signature");
    bool ok = cut_with(&w, in, err);
    imp_buf_clear(&w.scratch);
    free(w.piece);
    return ok;
}

const struct imp_format imp_format_webp = {
    .name = "webp", .ext = "webp", .sniff = sniff, .cut = cut};
