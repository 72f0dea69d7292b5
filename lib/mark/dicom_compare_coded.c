// Coded pixel data: the same bytes; or else JPEG block by block, RLE pixel by
// pixel.
#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"
#include "mark/dicom_compare_internal.h"
#include "mark/rle.h"

#include <stdlib.h>
#include <string.h>

// Pixel data and its tables are all that is left; not their group's length.
static bool keep_pixels(void *self, const struct imp_dcm_reader *reader,
                        const struct imp_dcm_event *event,
                        enum imp_dicom_cut *cut, struct imp_span *value,
                        struct imp_err *err)
{
    (void)self, (void)reader, (void)value, (void)err;
    bool pixels = event->depth == 0 && imp_dcm_group(event->tag) == 0x7FE0 &&
                  !imp_dcm_is_group_length(event->tag);
    *cut = pixels ? IMP_DICOM_CUT_KEEP : IMP_DICOM_CUT_REMOVE;
    return true;
}

static bool reduce(const struct imp_dicom_side *s, enum imp_check check,
                   struct imp_cutlist *cl, const struct iovec **piece,
                   size_t *n, struct imp_err *err)
{
    struct imp_dicom_frames frames;
    const struct imp_dicom_decider pixels = {.decide = keep_pixels,
                                             .frames = &frames};
    imp_cutlist_start(cl, s->in.n);
    imp_dicom_frames_start(&frames, &s->image, check);
    imp_cut_drop(cl, 0, s->data_at, IMP_PART_STRUCTURE, "meta");
    bool ok = imp_dicom_cut_elements(s->in, s->data_at, s->in.n,
                                     s->image.syntax->encoding, &pixels, NULL,
                                     0, cl, err);
    imp_dicom_frames_end(&frames);
    return ok && imp_cutlist_finish(cl, err) &&
           imp_cutlist_pieces(cl, s->in, piece, n, err);
}

static bool same_pieces(const struct iovec *a, size_t n_a,
                        const struct iovec *b, size_t n_b)
{
    size_t from_a = 0, from_b = 0;
    while (n_a > 0 && n_b > 0) {
        size_t left_a = a->iov_len - from_a, left_b = b->iov_len - from_b;
        size_t n = left_a < left_b ? left_a : left_b;
        if (memcmp((const uint8_t *)a->iov_base + from_a,
                   (const uint8_t *)b->iov_base + from_b, n) != 0)
            return false;
        from_a += n;
        from_b += n;
        if (from_a == a->iov_len) {
            from_a = 0;
            a++;
            n_a--;
        }
        if (from_b == b->iov_len) {
            from_b = 0;
            b++;
            n_b--;
        }
    }
    return n_a == n_b;
}

static bool same_at(const struct imp_dicom_pair *p, enum imp_check check,
                    bool *same, struct imp_err *err)
{
    struct imp_cutlist a = {0}, b = {0};
    const struct iovec *of_a, *of_b;
    size_t n_a, n_b;
    bool ok = reduce(&p->source, check, &a, &of_a, &n_a, err) &&
              reduce(&p->made, check, &b, &of_b, &n_b, err);
    *same =
        ok && a.output_len == b.output_len && same_pieces(of_a, n_a, of_b, n_b);
    imp_cutlist_clear(&a);
    imp_cutlist_clear(&b);
    return ok;
}

// The source may have what goes only where coded data is followed.
static bool same_data(const struct imp_dicom_pair *p, bool *same)
{
    struct imp_err ignored = {0};
    if (!same_at(p, IMP_CHECK_STRUCTURE, same, p->err))
        return false;
    if (!*same)
        same_at(p, IMP_CHECK_CODED, same, &ignored);
    return true;
}

// --- Frame by frame ---

struct frames {
    struct imp_dcm_fragment *fragment;
    uint32_t *first;
    struct imp_buf joined;
};

static bool find_frames(const struct imp_dicom_side *s, struct frames *f,
                        struct imp_err *err)
{
    f->fragment = calloc((size_t)s->image.fragments + 1, sizeof *f->fragment);
    f->first = calloc((size_t)s->image.frames + 1, sizeof *f->first);
    if (!f->fragment || !f->first)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for fragments");
    return imp_dcm_fragments(s->in, &s->image, f->fragment, err) &&
           imp_dcm_frames(s->in, &s->image, f->fragment, f->first, err);
}

static void frames_clear(struct frames *f)
{
    imp_buf_clear(&f->joined);
    free(f->fragment);
    free(f->first);
}

static bool join(const struct imp_dicom_side *s, struct frames *f,
                 uint32_t frame, struct imp_err *err)
{
    f->joined.n = 0;
    for (uint32_t i = f->first[frame]; i < f->first[frame + 1]; i++)
        if (!imp_buf_add(&f->joined, s->in.p + f->fragment[i].at + 8,
                         f->fragment[i].length, err))
            return false;
    return true;
}

typedef bool compare_frame(const struct imp_dicom_pair *p, struct imp_span a,
                           struct imp_span b, struct imp_difference *out);

static bool jpeg_frame(const struct imp_dicom_pair *p, struct imp_span a,
                       struct imp_span b, struct imp_difference *out)
{
    return imp_compare_jpeg(a, b, p->meant, out, p->err);
}

// Pixels of which a byte of a sample is another.
static void count(const struct imp_dicom_pair *p, const uint8_t *differs,
                  struct imp_difference *out)
{
    uint32_t columns = p->made.image.columns;
    for (uint64_t i = 0; i < out->units; i++) {
        uint64_t x = i % columns, y = i / columns;
        out->changed += differs[i];
        out->outside +=
            differs[i] && !imp_meant_has(p->meant, x, y, x + 1, y + 1, 1, 1);
    }
}

// PS3.5 G.2: a plane for each byte of a sample.
static bool rle_planes(const struct imp_dicom_pair *p, struct imp_span a,
                       struct imp_span b, uint8_t *plane[3], size_t size)
{
    const struct imp_dcm_image *image = &p->made.image;
    unsigned n = image->samples * (image->allocated / 8);
    struct imp_span of_a, of_b;
    for (unsigned i = 0; i < n; i++) {
        if (!imp_rle_segment(a, i, n, &of_a, p->err) ||
            !imp_rle_segment(b, i, n, &of_b, p->err))
            return false;
        if (!imp_rle_decode(of_a, plane[0], size) ||
            !imp_rle_decode(of_b, plane[1], size))
            return imp_fail(p->err, IMP_ERR_DAMAGED,
                            "RLE: a segment does not make a plane");
        for (size_t k = 0; k < size; k++)
            plane[2][k] |= plane[0][k] != plane[1][k];
    }
    return true;
}

static bool rle_frame(const struct imp_dicom_pair *p, struct imp_span a,
                      struct imp_span b, struct imp_difference *out)
{
    const struct imp_dcm_image *image = &p->made.image;
    size_t size = (size_t)image->rows * image->columns;
    *out = (struct imp_difference){.unit = "pixels", .units = size};
    uint8_t *memory = calloc(3, size ? size : 1);
    if (!memory)
        return imp_fail(p->err, IMP_ERR_MEMORY, "no memory for planes");
    uint8_t *plane[3] = {memory, memory + size, memory + 2 * size};
    bool ok = rle_planes(p, a, b, plane, size);
    if (ok)
        count(p, plane[2], out);
    free(memory);
    return ok;
}

static bool each_frame(const struct imp_dicom_pair *p, compare_frame *compare,
                       struct frames *a, struct frames *b)
{
    p->out->units = 0;
    for (uint32_t i = 0; i < p->made.image.frames; i++) {
        struct imp_difference d;
        if (!join(&p->source, a, i, p->err) || !join(&p->made, b, i, p->err) ||
            !compare(p, imp_buf_span(&a->joined), imp_buf_span(&b->joined), &d))
            return false;
        p->out->unit = d.unit;
        p->out->units += d.units;
        p->out->changed += d.changed;
        p->out->outside += d.outside;
        p->out->another |= d.another;
    }
    return true;
}

static bool compare_frames(const struct imp_dicom_pair *p,
                           compare_frame *compare)
{
    struct frames a = {0}, b = {0};
    bool ok = find_frames(&p->source, &a, p->err) &&
              find_frames(&p->made, &b, p->err) &&
              each_frame(p, compare, &a, &b);
    frames_clear(&b);
    frames_clear(&a);
    return ok;
}

bool imp_dicom_compare_coded(const struct imp_dicom_pair *p)
{
    enum imp_dcm_codec codec = p->made.image.syntax->codec;
    bool same;
    if (!same_data(p, &same))
        return false;
    if (same)
        return true;
    if (codec == IMP_DCM_JPEG_BASELINE || codec == IMP_DCM_JPEG_EXTENDED)
        return compare_frames(p, jpeg_frame);
    if (codec == IMP_DCM_RLE)
        return compare_frames(p, rle_frame);
    p->out->another = true;
    return true;
}
