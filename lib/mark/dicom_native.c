// The mark on native pixel data: rows of ink are drawn where they lie.
#include "mark/dicom_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct native {
    struct imp_dicom_job *job;
    const struct imp_dcm_image *image;
    unsigned bytes;  // of a sample
    unsigned planes; // 1, or 3: the samples stand apart
    bool by_pairs;   // bytes stand the other way round
    uint32_t value;  // bits of a sample, from its lowest on, that tell it
    bool ranged;     // the levels are those of all frames
    struct imp_span padding;
    struct imp_dicom_levels levels;
    struct imp_dicom_palette *palette; // NULL: none
    struct imp_raster row;             // of one copy of the ink
    struct imp_blended sum;            // of a frame
};

static bool unsupported(const struct imp_dicom_job *job, const char *what)
{
    return imp_fail(job->err, IMP_ERR_UNSUPPORTED,
                    "native pixels cannot be marked with %s", what);
}

// --- One sample ---

// Where it is, from the first one's byte on.
static uint64_t offset_of(const struct native *n, uint32_t frame,
                          uint64_t pixel, unsigned sample)
{
    const struct imp_dcm_image *i = n->image;
    uint64_t all = (uint64_t)i->rows * i->columns;
    uint64_t at =
        n->planes > 1 ? sample * all + pixel : pixel * i->samples + sample;
    return frame * i->frame_size + at * n->bytes;
}

static uint32_t mask_of(const struct imp_dcm_image *i)
{
    return (uint32_t)((UINT64_C(1) << i->stored) - 1);
}

static unsigned shift_of(const struct imp_dcm_image *i)
{
    return i->high + 1 - i->stored;
}

// `base` is the byte `from` of pixel data.
static uint32_t load_word(const struct native *n, const uint8_t *base,
                          uint64_t from, uint64_t at)
{
    const uint8_t *p = base + ((n->by_pairs ? at ^ 1 : at) - from);
    if (n->bytes == 1)
        return *p;
    return n->image->syntax->encoding.big ? imp_be16(p) : imp_le16(p);
}

static int32_t load(const struct native *n, uint64_t at)
{
    const struct imp_dcm_image *i = n->image;
    uint32_t word = load_word(n, n->job->in.p + i->value_at, 0, at);
    uint32_t v = word >> shift_of(i) & mask_of(i);
    if (i->is_signed && v >> (i->stored - 1))
        return (int32_t)v - (int32_t)mask_of(i) - 1;
    return (int32_t)v;
}

// Does a value below 0 go on, as copies of its sign, in the bits above it? The
// first one of the first frame tells; without one it does, as most readers take
// the whole word.
static bool repeats_sign(const struct native *n)
{
    const struct imp_dcm_image *i = n->image;
    for (uint64_t at = 0; at < i->frame_size; at += n->bytes) {
        uint32_t word = load_word(n, n->job->in.p + i->value_at, 0, at);
        uint32_t v = word >> shift_of(i);
        if (v >> (i->stored - 1) & 1)
            return v >> i->stored != 0;
    }
    return true;
}

// Bits around it stay, but for copies of a sign.
static void store(const struct native *n, uint8_t *base, uint64_t from,
                  uint64_t at, int32_t v)
{
    uint32_t mask = n->value << shift_of(n->image);
    uint32_t word = load_word(n, base, from, at) & ~mask;
    uint8_t *p = base + ((n->by_pairs ? at ^ 1 : at) - from);
    word |= (uint32_t)v << shift_of(n->image) & mask;
    if (n->bytes == 1)
        *p = (uint8_t)word;
    else if (n->image->syntax->encoding.big)
        imp_put_be16(p, (uint16_t)word);
    else
        imp_put_le16(p, (uint16_t)word);
}

// --- One pixel, as it is drawn on ---

static int32_t clip(int64_t v, int32_t least, int32_t most)
{
    return (int32_t)(v < least ? least : v > most ? most : v);
}

static int64_t divide(int64_t a, int64_t b)
{
    return (a < 0 ? a - b / 2 : a + b / 2) / b;
}

// PS3.3 C.7.6.3.1.2, in parts of 10000.
static void to_rgb(const struct native *n, int32_t v[3])
{
    int32_t most = n->levels.white, half = most / 2 + 1;
    int64_t y = v[0], cb = v[1] - half, cr = v[2] - half;
    v[0] = clip(y + divide(14020 * cr, 10000), 0, most);
    v[1] = clip(y - divide(3441 * cb + 7141 * cr, 10000), 0, most);
    v[2] = clip(y + divide(17720 * cb, 10000), 0, most);
}

static void from_rgb(const struct native *n, int32_t v[3])
{
    int32_t most = n->levels.white, half = most / 2 + 1;
    int64_t r = v[0], g = v[1], b = v[2];
    v[0] = clip(divide(2990 * r + 5870 * g + 1140 * b, 10000), 0, most);
    v[1] = clip(half + divide(-1687 * r - 3313 * g + 5000 * b, 10000), 0, most);
    v[2] = clip(half + divide(5000 * r - 4187 * g - 813 * b, 10000), 0, most);
}

// MONOCHROME1, turned round; its own inverse.
static int32_t turn(const struct native *n, int32_t v)
{
    const struct imp_dicom_levels *l = &n->levels;
    return l->inverted ? l->black + (l->white - v) : v;
}

static void load_pixel(const struct native *n, uint32_t frame, uint64_t pixel,
                       int32_t *out)
{
    int32_t v[3] = {0};
    for (unsigned s = 0; s < n->image->samples; s++)
        v[s] = load(n, offset_of(n, frame, pixel, s));
    if (n->palette)
        for (unsigned s = 0; s < 3; s++)
            out[s] = imp_dicom_palette_rgb(n->palette, v[0])[s];
    else if (n->image->samples == 1)
        out[0] = turn(n, clip(v[0], n->levels.black, n->levels.white));
    else {
        if (n->image->colour == IMP_DCM_YBR_FULL)
            to_rgb(n, v);
        memcpy(out, v, sizeof v);
    }
}

// The samples that `in`, drawn on, becomes.
static void unload_pixel(struct native *n, const int32_t *in, int32_t v[3])
{
    if (n->palette) {
        const uint8_t rgb[3] = {(uint8_t)in[0], (uint8_t)in[1], (uint8_t)in[2]};
        v[0] = imp_dicom_palette_nearest(n->palette, rgb);
    } else if (n->image->samples == 1)
        v[0] = turn(n, in[0]);
    else {
        memcpy(v, in, 3 * sizeof *v);
        if (n->image->colour == IMP_DCM_YBR_FULL)
            from_rgb(n, v);
    }
}

// --- One row of one copy of the ink ---

struct segment {
    uint32_t frame, x, y; // of the ink's upper left corner, y being the row's
    uint32_t row;         // of the ink
    uint32_t first, last; // columns of it between which there is some
};

static bool has_ink(const struct imp_ink *ink, size_t i)
{
    return ink->text.cover[i] || ink->outline.cover[i];
}

static bool find_ink(const struct imp_ink *ink, struct segment *s)
{
    size_t row = (size_t)s->row * ink->text.width;
    s->first = 0;
    s->last = ink->text.width;
    while (s->first < s->last && !has_ink(ink, row + s->first))
        s->first++;
    while (s->last > s->first && !has_ink(ink, row + s->last - 1))
        s->last--;
    return s->first < s->last;
}

static void draw_row(struct native *n, const struct segment *s)
{
    const struct imp_drawing *d = &n->job->drawing;
    unsigned bands = imp_raster_bands(&n->row);
    uint64_t pixel = (uint64_t)s->y * n->image->columns + s->x;
    for (uint32_t x = s->first; x < s->last; x++)
        load_pixel(n, s->frame, pixel + x,
                   (int32_t *)n->row.data + (size_t)x * bands);
    struct imp_blended b =
        imp_blend(&n->row, 0, -(int64_t)s->row, d->where.ink, &d->paint);
    n->sum.inked += b.inked;
    n->sum.changed += b.changed;
}

// What has ink, of one plane.
static void write_row(struct native *n, const struct segment *s, unsigned plane,
                      uint8_t *base, uint64_t from)
{
    const struct imp_ink *ink = n->job->drawing.where.ink;
    unsigned bands = imp_raster_bands(&n->row);
    uint64_t pixel = (uint64_t)s->y * n->image->columns + s->x;
    unsigned of_pixel = n->planes > 1 ? 1 : n->image->samples;
    for (uint32_t x = s->first; x < s->last; x++) {
        int32_t v[3] = {0};
        if (!has_ink(ink, (size_t)s->row * ink->text.width + x))
            continue;
        unload_pixel(n, (int32_t *)n->row.data + (size_t)x * bands, v);
        for (unsigned k = plane; k < plane + of_pixel; k++)
            store(n, base, from, offset_of(n, s->frame, pixel + x, k), v[k]);
    }
}

static bool patch_row(struct native *n, const struct segment *s, unsigned plane)
{
    struct imp_buf *b = &n->job->out->bytes;
    unsigned of_pixel = n->planes > 1 ? 1 : n->image->samples;
    uint64_t pixel = (uint64_t)s->y * n->image->columns + s->x;
    uint64_t from = offset_of(n, s->frame, pixel + s->first, plane);
    uint64_t to = offset_of(n, s->frame, pixel + s->last - 1, plane) +
                  (uint64_t)of_pixel * n->bytes;
    if (n->by_pairs) {
        from -= from % 2;
        to += to % 2;
    }
    size_t at = b->n, length = (size_t)(to - from);
    if (!imp_dicom_patches_room(n->job->out, length, n->job->err) ||
        !imp_buf_add(b, n->job->in.p + n->image->value_at + from, length,
                     n->job->err))
        return false;
    write_row(n, s, plane, b->p + at, from);
    return imp_dicom_patches_add(n->job->out, n->image->value_at + from, length,
                                 at, length, n->job->err);
}

// --- One frame ---

// Copies of the ink beside each other, row by row: in the order of the input.
static bool draw_band(struct native *n, uint32_t frame, unsigned plane,
                      const struct imp_spot *spot, size_t n_spots)
{
    const struct imp_ink *ink = n->job->drawing.where.ink;
    for (uint32_t row = 0; row < ink->text.height; row++)
        for (size_t i = 0; i < n_spots; i++) {
            struct segment s = {.frame = frame,
                                .x = spot[i].x,
                                .y = spot[i].y + row,
                                .row = row};
            if (!find_ink(ink, &s))
                continue;
            draw_row(n, &s);
            if (!patch_row(n, &s, plane))
                return false;
        }
    return true;
}

static bool draw_plane(struct native *n, uint32_t frame, unsigned plane)
{
    const struct imp_inked *where = &n->job->drawing.where;
    for (size_t i = 0, next; i < where->n; i = next) {
        for (next = i + 1;
             next < where->n && where->spot[next].y == where->spot[i].y;)
            next++;
        if (!draw_band(n, frame, plane, where->spot + i, next - i))
            return false;
    }
    return true;
}

// PS3.3 C.7.5.1.1.2: no part of the picture.
static bool is_padding(const struct native *n, int32_t v)
{
    if (n->padding.n != 2)
        return false;
    bool big = n->image->syntax->encoding.big;
    uint32_t raw = big ? imp_be16(n->padding.p) : imp_le16(n->padding.p);
    return (raw & mask_of(n->image)) == ((uint32_t)v & mask_of(n->image));
}

// The lowest and the highest value; of a frame without two of them any will do.
static void measure(struct native *n, uint32_t frame)
{
    const struct imp_dcm_image *image = n->image;
    int32_t least = INT32_MAX, most = INT32_MIN;
    uint64_t all = (uint64_t)image->rows * image->columns;
    for (uint64_t i = 0; i < all; i++) {
        int32_t v = load(n, offset_of(n, frame, i, 0));
        if (is_padding(n, v))
            continue;
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    bool told = least < most;
    n->levels.black = told ? least : imp_dicom_lowest(image);
    n->levels.white = told ? most : imp_dicom_highest(image);
}

static bool draw_frame(struct native *n, uint32_t frame)
{
    if (!n->ranged)
        measure(n, frame);
    n->row.black = n->palette ? 0 : n->levels.black;
    n->row.white = n->palette ? UINT8_MAX : n->levels.white;
    n->sum = (struct imp_blended){0};
    for (unsigned p = 0; p < n->planes; p++)
        if (!draw_plane(n, frame, p))
            return false;
    return imp_draw_shows(n->sum, n->job->err) ||
           imp_wrap(n->job->err, "frame %" PRIu32, frame + 1);
}

// --- What can be drawn on ---

static bool check_bits(const struct imp_dicom_job *job)
{
    const struct imp_dcm_image *i = &job->image;
    if (i->allocated != 8 && i->allocated != 16)
        return unsupported(job, "(0028,0100) other than 8 and 16");
    if (i->stored < 2 || i->stored > i->allocated || i->high >= i->allocated ||
        i->high + 1 < i->stored)
        return unsupported(job, "these (0028,0101) and (0028,0102)");
    if (i->syntax->encoding.big && !i->swapped && i->allocated > 8)
        return unsupported(job, "bytes in a place of words");
    if (i->frame_size == 0 || i->value < i->all_size)
        return imp_fail_at(job->err, IMP_ERR_DAMAGED, i->pixels_at,
                           "pixels are not all there: %" PRIu64 " bytes, want "
                           "%" PRIu64,
                           i->value, i->all_size);
    if (i->swapped && i->allocated == 8 && i->value % 2)
        return unsupported(job, "an odd number of bytes in words");
    return true;
}

static bool check_colour(const struct imp_dicom_job *job)
{
    const struct imp_dcm_image *i = &job->image;
    switch (i->colour) {
    case IMP_DCM_MONOCHROME1:
    case IMP_DCM_MONOCHROME2:
    case IMP_DCM_PALETTE:
        return i->samples == 1 || unsupported(job, "(0028,0002) that is not 1");
    case IMP_DCM_RGB:
    case IMP_DCM_YBR_FULL:
        if (i->samples != 3)
            return unsupported(job, "(0028,0002) that is not 3");
        return !i->is_signed || unsupported(job, "signed colours");
    default:
        return unsupported(job, "this (0028,0004)");
    }
}

static bool set_up(struct native *n)
{
    struct imp_dicom_job *job = n->job;
    struct imp_dicom_elements elements;
    uint32_t width = job->drawing.where.ink->text.width;
    if (!check_bits(job) || !check_colour(job) ||
        !imp_dicom_mark_find(job, &elements))
        return false;
    bool palette = n->image->colour == IMP_DCM_PALETTE;
    n->bytes = n->image->allocated / 8;
    n->planes = n->image->planar && n->image->samples == 3 ? 3 : 1;
    n->by_pairs = n->image->swapped && n->bytes == 1;
    n->value = mask_of(n->image);
    if (n->image->is_signed && repeats_sign(n))
        n->value = UINT32_MAX;
    n->padding = elements.padding;
    n->ranged = imp_dicom_levels(job, &elements, &n->levels);
    n->row = (struct imp_raster){
        .width = width,
        .height = 1,
        .space =
            palette || n->image->samples == 3 ? IMP_SPACE_RGB : IMP_SPACE_GREY,
        .sample = IMP_SAMPLE_I32,
    };
    n->row.data =
        calloc((size_t)width * imp_raster_bands(&n->row), sizeof(int32_t));
    if (!n->row.data)
        return imp_fail(job->err, IMP_ERR_MEMORY, "no memory for a row");
    if (palette && !(n->palette = imp_dicom_palette_new(job, &elements)))
        return false;
    return true;
}

bool imp_dicom_native(struct imp_dicom_job *job)
{
    struct native n = {.job = job, .image = &job->image};
    bool ok = set_up(&n);
    job->route = "pixels";
    for (uint32_t i = 0; ok && i < job->image.frames; i++)
        ok = draw_frame(&n, i);
    imp_dicom_palette_free(n.palette);
    free(n.row.data);
    return ok;
}
