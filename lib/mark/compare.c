#include "mark/compare.h"

#include "image/jpeg_lib.h"
#include "mark/dicom_compare.h"
#include "mark/frames.h"
#include "mark/pixels.h"

#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

struct jpeg_pair {
    struct imp_span made;
    const struct imp_meant *meant;
    struct imp_difference *out;
    struct jpeg_decompress_struct *source;
    jvirt_barray_ptr *arrays; // of the source
    struct imp_err *err;
    bool done;
};

// A component without a scan has no table.
static bool same_component(const jpeg_component_info *a,
                           const jpeg_component_info *b)
{
    return a->quant_table && b->quant_table &&
           a->h_samp_factor == b->h_samp_factor &&
           a->v_samp_factor == b->v_samp_factor &&
           memcmp(a->quant_table->quantval, b->quant_table->quantval,
                  sizeof a->quant_table->quantval) == 0;
}

static bool same_kind(const struct jpeg_decompress_struct *a,
                      const struct jpeg_decompress_struct *b)
{
    bool same = a->saw_Adobe_marker == b->saw_Adobe_marker &&
                a->image_width == b->image_width &&
                a->image_height == b->image_height &&
                a->num_components == b->num_components &&
                a->jpeg_color_space == b->jpeg_color_space;
    for (int i = 0; same && i < a->num_components; i++)
        same = same_component(&a->comp_info[i], &b->comp_info[i]);
    return same;
}

// Before anything is decoded.
static bool check_size(const struct jpeg_decompress_struct *d,
                       const struct imp_area *area, struct imp_err *err)
{
    return imp_compare_fits(d->image_width, d->image_height, 1, area, err);
}

static uint64_t round_up(uint64_t v, uint64_t unit)
{
    return (v + unit - 1) / unit * unit;
}

bool imp_meant_has(const struct imp_meant *m, uint64_t left, uint64_t top,
                   uint64_t right, uint64_t bottom, uint32_t unit_width,
                   uint32_t unit_height)
{
    if (imp_area_meets(&m->mark, left, top, right, bottom))
        return true;
    left -= left % unit_width;
    top -= top % unit_height;
    right = round_up(right, unit_width);
    bottom = round_up(bottom, unit_height);
    for (size_t i = 0; i < m->n; i++) {
        const struct imp_rect *r = &m->rect[i];
        if (r->x < right && left < (uint64_t)r->x + r->width && r->y < bottom &&
            top < (uint64_t)r->y + r->height)
            return true;
    }
    return false;
}

// Blocks of a component whose samples stand for these pixels each way.
static void compare_row(const struct jpeg_pair *pair, JBLOCKROW a, JBLOCKROW b,
                        const jpeg_component_info *c, uint64_t y,
                        const struct jpeg_decompress_struct *d)
{
    unsigned h = (unsigned)c->h_samp_factor, v = (unsigned)c->v_samp_factor;
    unsigned h_max = (unsigned)d->max_h_samp_factor;
    unsigned v_max = (unsigned)d->max_v_samp_factor;
    for (uint64_t x = 0; x < c->width_in_blocks; x++) {
        pair->out->units++;
        if (memcmp(a[x], b[x], sizeof *a) == 0)
            continue;
        pair->out->changed++;
        if (!imp_meant_has(pair->meant, 8 * x * h_max / h, 8 * y * v_max / v,
                           (8 * (x + 1) * h_max + h - 1) / h,
                           (8 * (y + 1) * v_max + v - 1) / v, 8 * h_max,
                           8 * v_max))
            pair->out->outside++;
    }
}

static JBLOCKROW row_of(struct jpeg_decompress_struct *d,
                        jvirt_barray_ptr array, JDIMENSION y)
{
    return d->mem->access_virt_barray((j_common_ptr)d, array, y, 1, FALSE)[0];
}

static void compare_all(struct jpeg_decompress_struct *made, void *self)
{
    struct jpeg_pair *pair = self;
    struct jpeg_decompress_struct *source = pair->source;
    if (!check_size(made, &pair->meant->mark, pair->err))
        return;
    jvirt_barray_ptr *arrays = jpeg_read_coefficients(made);
    pair->done = true;
    if (!same_kind(source, made)) {
        pair->out->another = true;
        return;
    }
    for (int i = 0; i < made->num_components; i++) {
        const jpeg_component_info *c = &made->comp_info[i];
        for (JDIMENSION y = 0; y < c->height_in_blocks; y++)
            compare_row(pair, row_of(source, pair->arrays[i], y),
                        row_of(made, arrays[i], y), c, y, made);
    }
}

static void with_source(struct jpeg_decompress_struct *source, void *self)
{
    struct jpeg_pair *pair = self;
    if (!check_size(source, &pair->meant->mark, pair->err))
        return;
    pair->source = source;
    pair->arrays = jpeg_read_coefficients(source);
    imp_jpeg_lib_read(pair->made, false, compare_all, pair, pair->err);
}

bool imp_compare_jpeg(struct imp_span source, struct imp_span made,
                      const struct imp_meant *meant, struct imp_difference *out,
                      struct imp_err *err)
{
    struct jpeg_pair pair = {
        .made = made, .meant = meant, .out = out, .err = err};
    *out = (struct imp_difference){.unit = "blocks"};
    // The source may have had bytes that are gone, which libjpeg warns of.
    return imp_jpeg_lib_read(source, true, with_source, &pair, err) &&
           pair.done;
}

bool imp_compare_fits(uint32_t width, uint32_t height, uint32_t pages,
                      const struct imp_area *a, struct imp_err *err)
{
    uint64_t pixels = (uint64_t)width * height;
    if (!imp_mul_u64(pixels, pages, &pixels) || pixels > IMP_COMPARE_PIXELS)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "%u x %u pixels, %u times, want at most %ju in all",
                        width, height, pages, (uintmax_t)IMP_COMPARE_PIXELS);
    uint64_t right = a->x + (uint64_t)a->width, bottom = a->y;
    bottom += a->height;
    if (a->across)
        right += (a->across - UINT64_C(1)) * a->step_x;
    if (a->down)
        bottom += (a->down - UINT64_C(1)) * a->step_y;
    return (right <= width && bottom <= height) ||
           imp_fail(err, IMP_ERR_DAMAGED,
                    "the mark's place lies outside of the picture");
}

bool imp_compare(const char *format, struct imp_span source,
                 struct imp_span made, const struct imp_area *area,
                 struct imp_difference *out, struct imp_err *err)
{
    const struct imp_meant meant = {.mark = *area};
    if (strcmp(format, "jpeg") == 0)
        return imp_compare_jpeg(source, made, &meant, out, err);
    if (strcmp(format, "dicom") == 0)
        return imp_dicom_compare(source, made, &meant, out, err);
    // What was dropped of the source (a preview) is no page of the output's, so
    // that it is the output which has to be seen in full.
    uint64_t frames = imp_frames_of(format, made);
    const struct imp_pixels *pixels = frames ? imp_pixels_load(err) : NULL;
    if (!frames)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "no decoder shows all pictures of this file");
    return pixels &&
           pixels->compare(format, source, made, frames, area, out, err);
}
