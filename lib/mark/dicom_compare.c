#include "mark/dicom_compare.h"

#include "dicom/file.h"
#include "dicom/image.h"
#include "dicom/reader.h"
#include "image/dicom_cuts.h"
#include "image/dicom_frames.h"

#include <stdlib.h>
#include <string.h>

struct side {
    struct imp_span in;
    uint64_t data_at;
    struct imp_dcm_image image;
};

struct pair {
    struct side source, made;
    const struct imp_area *area;
    struct imp_difference *out;
    struct imp_err *err;
};

static bool read_side(struct side *s, struct imp_span in, struct imp_err *err)
{
    struct imp_dcm_file file;
    s->in = in;
    if (!imp_dcm_file_read(in, &file, err))
        return false;
    if (file.syntax->deflated)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "a deflated data set is not compared");
    s->data_at = file.data_at;
    return imp_dcm_image_read(in, file.data_at, file.syntax, &s->image, err);
}

static bool same_kind(const struct imp_dcm_image *a,
                      const struct imp_dcm_image *b)
{
    return a->syntax == b->syntax && a->rows == b->rows &&
           a->columns == b->columns && a->samples == b->samples &&
           a->allocated == b->allocated && a->stored == b->stored &&
           a->high == b->high && a->frames == b->frames &&
           a->is_signed == b->is_signed && a->planar == b->planar &&
           a->colour == b->colour && a->pixels == b->pixels &&
           a->encapsulated == b->encapsulated && a->swapped == b->swapped;
}

static void count(const struct pair *p, uint64_t x, uint64_t y)
{
    p->out->changed++;
    if (!imp_area_meets(p->area, x, y, x + 1, y + 1))
        p->out->outside++;
}

// --- Overlays ---

struct overlay {
    uint16_t group;
    uint32_t rows, columns;
    uint64_t frames;
    int top, left; // 1: that of the picture
    struct imp_span data;
};

// What a viewer needs of it; the rest is in its place as ours has it.
static void take(struct overlay *o, const struct side *s,
                 const struct imp_dcm_event *e)
{
    const uint8_t *p = imp_dcm_value_of(s->in, e).p;
    bool big = s->image.syntax->encoding.big;
    unsigned first = e->value < 2 ? 0 : big ? imp_be16(p) : imp_le16(p);
    switch (imp_dcm_element(e->tag)) {
    case 0x0010:
        o->rows = first;
        break;
    case 0x0011:
        o->columns = first;
        break;
    case 0x0050:
        o->top = (int16_t)first;
        if (e->value >= 4)
            o->left = (int16_t)(big ? imp_be16(p + 2) : imp_le16(p + 2));
        break;
    case 0x3000:
        o->data = (struct imp_span){p, (size_t)e->value};
        break;
    }
}

static bool find_overlay(const struct side *s, struct overlay *o,
                         struct imp_err *err)
{
    struct imp_dcm_reader r;
    struct imp_dcm_event e;
    *o = (struct overlay){.group = o->group};
    imp_dcm_reader_start(&r, s->in, s->data_at, s->in.n,
                         s->image.syntax->encoding);
    do {
        if (!imp_dcm_next(&r, &e, err))
            return false;
        if (e.kind == IMP_DCM_ELEMENT && e.depth == 0 &&
            imp_dcm_group(e.tag) == o->group)
            take(o, s, &e);
    } while (e.kind != IMP_DCM_END && imp_dcm_group(e.tag) <= o->group);
    return true;
}

static bool is_set(const struct overlay *o, bool big, uint64_t bit)
{
    uint64_t byte = bit / 8;
    if (big)
        byte ^= 1;
    return byte < o->data.n && o->data.p[byte] >> bit % 8 & 1;
}

// Planes follow each other, as many as there is data for.
static void count_bits(const struct pair *p, const struct overlay *o)
{
    bool big = p->made.image.syntax->encoding.big;
    uint64_t plane = (uint64_t)o->rows * o->columns;
    for (uint64_t i = 0; plane && i < (uint64_t)o->data.n * 8; i++) {
        if (!is_set(o, big, i))
            continue;
        uint64_t x = i % plane % o->columns, y = i % plane / o->columns;
        if (o->top == 1 && o->left == 1)
            count(p, x, y);
        else
            count(p, UINT32_MAX, UINT32_MAX); // it is none of ours
    }
}

static bool compare_overlays(const struct pair *p)
{
    for (uint16_t group = 0x6000; group <= 0x601E; group += 2) {
        struct overlay was = {.group = group}, is = {.group = group};
        if (!find_overlay(&p->source, &was, p->err) ||
            !find_overlay(&p->made, &is, p->err))
            return false;
        bool same =
            was.data.n == is.data.n &&
            (is.data.n == 0 || memcmp(was.data.p, is.data.p, is.data.n) == 0);
        if (!same)
            count_bits(p, &is);
    }
    return true;
}

// --- Native pixels ---

static bool same_pixel(const struct pair *p, const uint64_t *sample,
                       unsigned bytes, bool by_pairs)
{
    const uint8_t *a = p->source.in.p + p->source.image.value_at;
    const uint8_t *b = p->made.in.p + p->made.image.value_at;
    for (unsigned s = 0; s < p->made.image.samples; s++)
        for (uint64_t i = sample[s]; i < sample[s] + bytes; i++) {
            uint64_t at = by_pairs ? i ^ 1 : i;
            if (a[at] != b[at])
                return false;
        }
    return true;
}

static void compare_frame(const struct pair *p, uint64_t base, unsigned bytes,
                          bool by_pairs)
{
    const struct imp_dcm_image *i = &p->made.image;
    uint64_t all = (uint64_t)i->rows * i->columns;
    bool planar = i->planar && i->samples == 3;
    for (uint64_t at = 0; at < all; at++) {
        uint64_t sample[3];
        for (unsigned s = 0; s < i->samples; s++)
            sample[s] =
                base + (planar ? s * all + at : at * i->samples + s) * bytes;
        if (!same_pixel(p, sample, bytes, by_pairs))
            count(p, at % i->columns, at / i->columns);
    }
}

static bool same_bytes(const struct pair *p, uint64_t from, uint64_t n)
{
    return memcmp(p->source.in.p + p->source.image.value_at + from,
                  p->made.in.p + p->made.image.value_at + from, n) == 0;
}

static bool compare_native(const struct pair *p)
{
    const struct imp_dcm_image *i = &p->made.image;
    unsigned bytes = i->allocated / 8;
    uint64_t pixels = (uint64_t)i->rows * i->columns;
    bool plain = i->allocated % 8 == 0 && i->samples <= 3 &&
                 pixels * i->samples * bytes == i->frame_size;
    if (i->value < i->all_size || p->source.image.value < i->all_size)
        return imp_fail(p->err, IMP_ERR_DAMAGED, "pixels are not all there");
    if (i->swapped && i->all_size % 2 && i->all_size == i->value)
        return imp_fail(p->err, IMP_ERR_DAMAGED, "half a word of pixels");
    if (!plain) {
        p->out->another = !same_bytes(p, 0, i->all_size);
        return true;
    }
    bool by_pairs = i->swapped && bytes == 1;
    for (uint32_t f = 0; f < i->frames; f++) {
        uint64_t base = f * i->frame_size;
        if (by_pairs || !same_bytes(p, base, i->frame_size))
            compare_frame(p, base, bytes, by_pairs);
    }
    return true;
}

// --- Coded pixels ---

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

static bool reduce(const struct side *s, struct imp_cutlist *cl,
                   const struct iovec **piece, size_t *n, struct imp_err *err)
{
    struct imp_dicom_frames frames;
    const struct imp_dicom_decider pixels = {.decide = keep_pixels,
                                             .frames = &frames};
    imp_cutlist_start(cl, s->in.n);
    imp_dicom_frames_start(&frames, &s->image, IMP_CHECK_STRUCTURE);
    imp_cut_drop(cl, 0, s->data_at, IMP_PART_STRUCTURE, "meta");
    return imp_dicom_cut_elements(s->in, s->data_at, s->in.n,
                                  s->image.syntax->encoding, &pixels, NULL, 0,
                                  cl, err) &&
           imp_cutlist_finish(cl, err) &&
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

static bool same_data(const struct pair *p, bool *same)
{
    struct imp_cutlist a = {0}, b = {0};
    const struct iovec *of_a, *of_b;
    size_t n_a, n_b;
    bool ok = reduce(&p->source, &a, &of_a, &n_a, p->err) &&
              reduce(&p->made, &b, &of_b, &n_b, p->err);
    *same =
        ok && a.output_len == b.output_len && same_pieces(of_a, n_a, of_b, n_b);
    imp_cutlist_clear(&a);
    imp_cutlist_clear(&b);
    return ok;
}

// --- JPEG ---

struct frames {
    struct imp_dcm_fragment *fragment;
    uint32_t *first;
    struct imp_buf joined;
};

static bool find_frames(const struct side *s, struct frames *f,
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

static bool join(const struct side *s, struct frames *f, uint32_t frame,
                 struct imp_err *err)
{
    f->joined.n = 0;
    for (uint32_t i = f->first[frame]; i < f->first[frame + 1]; i++)
        if (!imp_buf_add(&f->joined, s->in.p + f->fragment[i].at + 8,
                         f->fragment[i].length, err))
            return false;
    return true;
}

static bool compare_frames(const struct pair *p, struct frames *a,
                           struct frames *b)
{
    p->out->unit = "blocks";
    p->out->units = 0;
    for (uint32_t i = 0; i < p->made.image.frames; i++) {
        struct imp_difference d;
        if (!join(&p->source, a, i, p->err) || !join(&p->made, b, i, p->err) ||
            !imp_compare("jpeg", imp_buf_span(&a->joined),
                         imp_buf_span(&b->joined), p->area, &d, p->err))
            return false;
        p->out->units += d.units;
        p->out->changed += d.changed;
        p->out->outside += d.outside;
        p->out->another |= d.another;
    }
    return true;
}

static bool compare_jpeg(const struct pair *p)
{
    struct frames a = {0}, b = {0};
    bool ok = find_frames(&p->source, &a, p->err) &&
              find_frames(&p->made, &b, p->err) && compare_frames(p, &a, &b);
    frames_clear(&b);
    frames_clear(&a);
    return ok;
}

static bool compare_coded(const struct pair *p)
{
    enum imp_dcm_codec codec = p->made.image.syntax->codec;
    bool same;
    if (!same_data(p, &same))
        return false;
    if (same)
        return true;
    if (codec == IMP_DCM_JPEG_BASELINE || codec == IMP_DCM_JPEG_EXTENDED)
        return compare_jpeg(p);
    p->out->another = true;
    return true;
}

bool imp_dicom_compare(struct imp_span source, struct imp_span made,
                       const struct imp_area *area, struct imp_difference *out,
                       struct imp_err *err)
{
    struct pair p = {.area = area, .out = out, .err = err};
    const struct imp_dcm_image *i = &p.made.image;
    *out = (struct imp_difference){.unit = "pixels"};
    if (!read_side(&p.source, source, err) || !read_side(&p.made, made, err))
        return false;
    if (!same_kind(&p.source.image, i)) {
        out->another = true;
        return true;
    }
    if (!i->pixels)
        return true;
    out->units = (uint64_t)i->rows * i->columns * i->frames;
    return imp_compare_fits(i->columns, i->rows, 1, area, err) &&
           compare_overlays(&p) &&
           (i->encapsulated ? compare_coded(&p) : compare_native(&p));
}
