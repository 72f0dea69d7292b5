// Coded data of JPEG followed to its last block, as that of JPEG files is and
// by the same code. What their handler takes away becomes patches that leave
// the frame as long as it is.
#include "image/dicom_ahead.h"
#include "image/dicom_follow.h"
#include "image/dicom_piece.h"
#include "image/jpeg.h"
#include "image/jpeg_stream.h"

#include <inttypes.h>
#include <string.h>

enum {
    ITEM = 8,    // bytes before a fragment, PS3.5 A.4
    COMMENT = 4, // bytes of a comment without text
};

// Frames in several fragments are joined in memory.
#define MAX_JOINED (UINT64_C(1) << 28)

// Blocks that all scans of an object go over, where a byte may stand for
// thousands of them: so many, and so many more for each byte.
#define FREE_BLOCKS (UINT64_C(1) << 28)
#define BLOCKS_A_BYTE 64

struct walk {
    const struct imp_dicom_follower *how;
    struct imp_dicom_effort *sum;
    struct imp_cutlist *mem;
    struct imp_dicom_followed *out;
    struct imp_cutlist *cuts; // of the frame
    struct imp_err *err;      // of `out`
    struct imp_span frame;
    struct imp_buf joined;
    uint64_t fragment, n; // where the bytes at `passed` of the frame lie in the
    uint64_t passed;      // input, and how many of them are there
    size_t cap;           // patches
};

// --- The frame ---

bool imp_dicom_next_fragment(struct imp_span in, uint64_t *at, uint64_t *n)
{
    struct imp_span head, body;
    if (!imp_span_sub(in, *at, ITEM, &head) ||
        !imp_span_starts(head, "\xFE\xFF\x00\xE0", 4) ||
        !imp_span_sub(in, *at + ITEM, imp_le32(head.p + 4), &body) ||
        imp_span_starts(body, "\xFF\xD8", 2))
        return false;
    *at += ITEM;
    *n = body.n;
    return true;
}

static bool join(struct walk *w)
{
    struct imp_span in = w->how->in;
    uint64_t all = w->n, at = w->fragment + w->n, n;
    w->frame = (struct imp_span){in.p + w->fragment, w->n};
    for (; imp_dicom_next_fragment(in, &at, &n); at += n)
        all += n;
    if (all == w->n)
        return true;
    if (all > MAX_JOINED)
        return imp_fail(w->err, IMP_ERR_LIMIT,
                        "a frame of %" PRIu64 " bytes in several fragments",
                        all);
    if (!imp_buf_reserve(&w->joined, all, w->err) ||
        !imp_buf_add(&w->joined, w->frame.p, w->n, w->err))
        return false;
    for (at = w->fragment + w->n; imp_dicom_next_fragment(in, &at, &n); at += n)
        if (!imp_buf_add(&w->joined, in.p + at, n, w->err))
            return false;
    w->frame = imp_buf_span(&w->joined);
    return true;
}

// --- Patches ---

static struct imp_patch *new_patch(struct walk *w)
{
    struct imp_dicom_followed *c = w->out;
    if (c->n_patch == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 8;
        struct imp_patch *grown =
            imp_cutlist_alloc(w->mem, cap * sizeof *grown);
        if (!grown) {
            imp_fail(w->err, IMP_ERR_MEMORY, "no memory for patches");
            return NULL;
        }
        if (c->n_patch > 0)
            memcpy(grown, c->patch, c->n_patch * sizeof *grown);
        c->patch = grown;
        w->cap = cap;
    }
    return &c->patch[c->n_patch++];
}

// `n` bytes from `at` on of the frame become `bytes`, or zeros if that is NULL;
// in the order of the frame. Fragments part them.
static bool add(struct walk *w, uint64_t at, uint64_t n, const uint8_t *bytes)
{
    for (uint64_t some; n > 0; at += some, n -= some) {
        while (at >= w->passed + w->n) {
            w->passed += w->n;
            w->fragment += w->n;
            if (!imp_dicom_next_fragment(w->how->in, &w->fragment, &w->n))
                imp_bug("a frame ends before its patches");
        }
        some = w->passed + w->n - at;
        if (some > n)
            some = n;
        struct imp_patch *p = new_patch(w);
        if (!p)
            return false;
        *p = (struct imp_patch){w->fragment + (at - w->passed), some, bytes,
                                bytes ? some : 0};
        if (bytes)
            bytes += some;
    }
    return true;
}

// The segment becomes what is needed of it, and behind that a comment of zeros;
// what is too short for one becomes fill bytes (T.81 B.1.1.2).
static bool replace(struct walk *w, const struct imp_jpeg_segment *s,
                    struct imp_span needed)
{
    uint8_t *fresh = imp_cutlist_alloc(w->mem, s->len);
    if (!fresh)
        return imp_fail(w->err, IMP_ERR_MEMORY, "no memory for a segment");
    if (needed.n > 0)
        memcpy(fresh, needed.p, needed.n);
    size_t left = s->len - needed.n;
    uint8_t *rest = fresh + needed.n;
    memset(rest, 0xFF, left < COMMENT ? left : 1);
    if (left >= COMMENT) {
        rest[1] = IMP_JPEG_COM;
        imp_put_be16(rest + 2, (uint16_t)(left - 2));
    }
    return add(w, s->at, s->len, fresh);
}

// A header of a scan that has but another Se than `usual`: some encoders write
// 0 where it means nothing, and no letter is below 64.
static bool is_common(const struct imp_jpeg_segment *s, const uint8_t *head,
                      struct imp_span usual)
{
    if (s->marker != IMP_JPEG_SOS || usual.n != s->len || s->body.n < 3)
        return false;
    size_t se = s->len - 2;
    return head[se] <= 63 && head[se + 1] == usual.p[se + 1] &&
           memcmp(head, usual.p, se) == 0;
}

// Segments that the handler drops; what it puts in is in place of the last one.
// Others than tables and headers of scans are hidden without that.
static bool take_segments(struct walk *w, const struct imp_cut *drop,
                          const struct imp_cut *insert)
{
    struct imp_jpeg_segment s;
    uint64_t end = drop->offset + drop->length;
    for (uint64_t at = drop->offset;
         at < end && imp_jpeg_next_segment(w->frame, at, &s, NULL) &&
         s.at + s.len <= end;
         at = s.at + s.len) {
        bool last = insert && s.at + s.len == end;
        struct imp_span needed = {0};
        if (last && insert->bytes[1] == s.marker && insert->length <= s.len)
            needed = (struct imp_span){insert->bytes, insert->length};
        if ((imp_jpeg_is_table(s.marker) || s.marker == IMP_JPEG_SOS) &&
            !is_common(&s, w->frame.p + s.at, needed) &&
            !replace(w, &s, needed))
            return false;
    }
    return true;
}

// Zeros are what they would become, and fill bytes say nothing.
static bool take_tail(struct walk *w, const struct imp_cut *drop)
{
    struct imp_span tail = {w->frame.p + drop->offset, drop->length};
    size_t fill = 0;
    while (fill < tail.n && tail.p[fill] == 0xFF)
        fill++;
    return fill == tail.n || imp_span_is_zero(tail) ||
           add(w, drop->offset, drop->length, NULL);
}

// The last cut is EOI, or what is behind that.
static bool take_cuts(struct walk *w)
{
    for (size_t i = 0; i + 1 < w->cuts->n; i++) {
        const struct imp_cut *c = &w->cuts->cut[i];
        const struct imp_cut *insert =
            c[1].kind == IMP_CUT_INSERT ? c + 1 : NULL;
        if (c->kind == IMP_CUT_DROP &&
            !(c->part == IMP_PART_TRAILER ? take_tail(w, c)
                                          : take_segments(w, c, insert)))
            return false;
    }
    return true;
}

// Scans of a frame that is progressive or arithmetic; 0 of others, in which a
// block takes bits of its own.
static unsigned dense_scans(struct imp_span frame)
{
    struct imp_jpeg_segment s;
    uint8_t sof = 0;
    unsigned n = 0;
    for (size_t at = 2; imp_jpeg_next_segment(frame, at, &s, NULL);) {
        at = s.at + s.len;
        if (imp_jpeg_is_frame(s.marker))
            sof = s.marker;
        if (s.marker != IMP_JPEG_SOS)
            continue;
        if (sof != IMP_JPEG_SOF2 && sof != IMP_JPEG_SOF9 &&
            sof != IMP_JPEG_SOF10)
            return 0;
        at = imp_jpeg_skip_scan(frame, at);
        n++;
    }
    return n;
}

bool imp_dicom_effort_add(struct imp_dicom_effort *sum,
                          const struct imp_dcm_image *image,
                          struct imp_span frame, struct imp_err *err)
{
    uint64_t blocks =
        ((uint64_t)image->rows * image->columns / 64 + 1) * image->samples;
    sum->bytes += frame.n;
    sum->blocks += blocks * dense_scans(frame);
    return sum->blocks <= FREE_BLOCKS + BLOCKS_A_BYTE * sum->bytes ||
           imp_fail(err, IMP_ERR_LIMIT,
                    "JPEG: scans over %" PRIu64 " blocks in %" PRIu64 " bytes",
                    sum->blocks, sum->bytes);
}

static bool walk(struct walk *w)
{
    struct imp_jpeg_spec none = {0};
    struct imp_jpeg_frame told;
    const struct imp_dcm_image *image = w->how->image;
    return join(w) &&
           (!w->sum || imp_dicom_effort_add(w->sum, image, w->frame, w->err)) &&
           imp_jpeg_cut_stream(w->frame, &none, w->how->jpeg, w->how->check,
                               (uint64_t)image->rows * image->columns, w->cuts,
                               &told, w->err) &&
           take_cuts(w);
}

void imp_dicom_follow(const struct imp_dicom_follower *how, uint64_t at,
                      uint64_t n, struct imp_dicom_effort *sum,
                      struct imp_cutlist *mem, struct imp_dicom_followed *out)
{
    struct imp_cutlist cuts = {0};
    struct walk w = {.how = how,
                     .sum = sum,
                     .mem = mem,
                     .out = out,
                     .cuts = &cuts,
                     .err = &out->err,
                     .fragment = at,
                     .n = n};
    *out = (struct imp_dicom_followed){0};
    walk(&w);
    imp_buf_clear(&w.joined);
    imp_cutlist_clear(&cuts);
}

// --- Of an object ---

// The rest of the input is long enough for two.
static bool is_large(const struct imp_dicom_piece *piece)
{
    return piece->reader->in.n - piece->at >= piece->frames->shared_from;
}

static bool set_up(struct imp_dicom_piece *piece,
                   struct imp_dicom_follower *how)
{
    struct imp_dicom_frames *f = piece->frames;
    bool first = !f->jpeg;
    if (first)
        f->jpeg = imp_cutlist_alloc(piece->cl, sizeof *f->jpeg);
    *how = (struct imp_dicom_follower){piece->reader->in, f->image, f->check,
                                       f->jpeg};
    if (first && f->jpeg && is_large(piece))
        f->ahead = imp_dicom_ahead_start(how, &f->effort, piece->at);
    return f->jpeg;
}

void imp_dicom_walk_jpeg(struct imp_dicom_piece *piece)
{
    struct imp_dicom_frames *f = piece->frames;
    struct imp_dicom_followed *out = &piece->coded->followed;
    struct imp_dicom_follower how;
    if (!set_up(piece, &how))
        imp_fail(&out->err, IMP_ERR_MEMORY, "no memory for tables");
    else if (!f->ahead ||
             !imp_dicom_ahead_take(f->ahead, piece->at, piece->cl, out))
        imp_dicom_follow(&how, piece->at, piece->end - piece->at, &f->effort,
                         piece->cl, out);
}
