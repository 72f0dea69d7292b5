#include "mark/dicom_compare.h"

#include "dicom/file.h"
#include "dicom/reader.h"
#include "mark/dicom_compare_internal.h"

#include <string.h>

static bool read_side(struct imp_dicom_side *s, struct imp_span in,
                      struct imp_err *err)
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

// A pixel of the picture, or two that share their colours.
static void count(const struct imp_dicom_pair *p, uint64_t x, uint64_t y,
                  uint32_t n)
{
    p->out->changed++;
    if (!imp_meant_has(p->meant, x, y, x + n, y + 1, n, 1))
        p->out->outside++;
}

static void count_bit(const struct imp_dicom_pair *p, uint64_t x, uint64_t y)
{
    p->out->changed++;
    if (!imp_area_meets(&p->meant->mark, x, y, x + 1, y + 1))
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
static void take(struct overlay *o, const struct imp_dicom_side *s,
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

static bool find_overlay(const struct imp_dicom_side *s, struct overlay *o,
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
static void count_bits(const struct imp_dicom_pair *p, const struct overlay *o)
{
    bool big = p->made.image.syntax->encoding.big;
    uint64_t plane = (uint64_t)o->rows * o->columns;
    for (uint64_t i = 0; plane && i < (uint64_t)o->data.n * 8; i++) {
        if (!is_set(o, big, i))
            continue;
        uint64_t x = i % plane % o->columns, y = i % plane / o->columns;
        if (o->top == 1 && o->left == 1)
            count_bit(p, x, y);
        else
            count_bit(p, UINT32_MAX, UINT32_MAX); // it is none of ours
    }
}

static bool compare_overlays(const struct imp_dicom_pair *p)
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

static bool same_pixel(const struct imp_dicom_pair *p, const uint64_t *sample,
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

static void compare_frame(const struct imp_dicom_pair *p, uint64_t base,
                          unsigned bytes, bool by_pairs)
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
            count(p, at % i->columns, at / i->columns, 1);
    }
}

static bool same_bytes(const struct imp_dicom_pair *p, uint64_t from,
                       uint64_t n)
{
    return memcmp(p->source.in.p + p->source.image.value_at + from,
                  p->made.in.p + p->made.image.value_at + from, n) == 0;
}

// PS3.3 C.7.6.3.1.2: two samples of light and one of each colour.
static void compare_pairs(const struct imp_dicom_pair *p, uint64_t base)
{
    const struct imp_dcm_image *i = &p->made.image;
    uint64_t unit = i->allocated / 8 * UINT64_C(4);
    uint64_t n = (uint64_t)i->rows * i->columns / 2;
    for (uint64_t k = 0; k < n; k++)
        if (!same_bytes(p, base + k * unit, unit))
            count(p, 2 * k % i->columns, 2 * k / i->columns, 2);
}

static bool is_paired(const struct imp_dcm_image *i)
{
    bool halved = i->colour == IMP_DCM_YBR_FULL_422 ||
                  i->colour == IMP_DCM_YBR_PARTIAL_422;
    uint64_t pixels = (uint64_t)i->rows * i->columns;
    return halved && i->samples == 3 && i->columns % 2 == 0 && !i->swapped &&
           i->allocated % 8 == 0 &&
           pixels * 2 * (i->allocated / 8) == i->frame_size;
}

static bool compare_native(const struct imp_dicom_pair *p)
{
    const struct imp_dcm_image *i = &p->made.image;
    unsigned bytes = i->allocated / 8;
    uint64_t pixels = (uint64_t)i->rows * i->columns;
    bool plain = i->allocated % 8 == 0 && i->samples <= 3 &&
                 pixels * i->samples * bytes == i->frame_size;
    bool paired = is_paired(i);
    if (i->value < i->all_size || p->source.image.value < i->all_size)
        return imp_fail(p->err, IMP_ERR_DAMAGED, "pixels are not all there");
    if (i->swapped && i->all_size % 2 && i->all_size == i->value)
        return imp_fail(p->err, IMP_ERR_DAMAGED, "half a word of pixels");
    if (!plain && !paired) {
        p->out->another = !same_bytes(p, 0, i->all_size);
        return true;
    }
    bool by_pairs = i->swapped && bytes == 1;
    for (uint32_t f = 0; f < i->frames; f++) {
        uint64_t base = f * i->frame_size;
        if (!by_pairs && same_bytes(p, base, i->frame_size))
            continue;
        if (paired)
            compare_pairs(p, base);
        else
            compare_frame(p, base, bytes, by_pairs);
    }
    return true;
}

bool imp_dicom_compare(struct imp_span source, struct imp_span made,
                       const struct imp_meant *meant,
                       struct imp_difference *out, struct imp_err *err)
{
    struct imp_dicom_pair p = {.meant = meant, .out = out, .err = err};
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
    return imp_compare_fits(i->columns, i->rows, 1, &meant->mark, err) &&
           compare_overlays(&p) &&
           (i->encapsulated ? imp_dicom_compare_coded(&p) : compare_native(&p));
}
