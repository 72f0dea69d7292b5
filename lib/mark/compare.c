#include "mark/compare.h"

#include "image/jpeg_lib.h"
#include "mark/pixels.h"

#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

struct jpeg_pair {
    struct imp_span made;
    const struct imp_area *area;
    struct imp_difference *out;
    struct jpeg_decompress_struct *source;
    jvirt_barray_ptr *arrays; // of the source
    struct imp_err *err;
    bool done;
};

static bool same_component(const jpeg_component_info *a,
                           const jpeg_component_info *b)
{
    return a->h_samp_factor == b->h_samp_factor &&
           a->v_samp_factor == b->v_samp_factor &&
           memcmp(a->quant_table->quantval, b->quant_table->quantval,
                  sizeof a->quant_table->quantval) == 0;
}

static bool same_kind(const struct jpeg_decompress_struct *a,
                      const struct jpeg_decompress_struct *b,
                      struct imp_err *err)
{
    bool same = a->image_width == b->image_width &&
                a->image_height == b->image_height &&
                a->num_components == b->num_components &&
                a->jpeg_color_space == b->jpeg_color_space;
    for (int i = 0; same && i < a->num_components; i++)
        same = same_component(&a->comp_info[i], &b->comp_info[i]);
    return same || imp_fail(err, IMP_ERR_DAMAGED,
                            "size, colours, sampling or quantisation differ");
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
        if (!imp_area_meets(pair->area, 8 * x * h_max / h, 8 * y * v_max / v,
                            (8 * (x + 1) * h_max + h - 1) / h,
                            (8 * (y + 1) * v_max + v - 1) / v))
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
    jvirt_barray_ptr *arrays = jpeg_read_coefficients(made);
    if (!same_kind(source, made, pair->err))
        return;
    for (int i = 0; i < made->num_components; i++) {
        const jpeg_component_info *c = &made->comp_info[i];
        for (JDIMENSION y = 0; y < c->height_in_blocks; y++)
            compare_row(pair, row_of(source, pair->arrays[i], y),
                        row_of(made, arrays[i], y), c, y, made);
    }
    pair->done = true;
}

static void with_source(struct jpeg_decompress_struct *source, void *self)
{
    struct jpeg_pair *pair = self;
    pair->source = source;
    pair->arrays = jpeg_read_coefficients(source);
    imp_jpeg_lib_read(pair->made, false, compare_all, pair, pair->err);
}

static bool compare_jpeg(struct imp_span source, struct imp_span made,
                         const struct imp_area *area,
                         struct imp_difference *out, struct imp_err *err)
{
    struct jpeg_pair pair = {
        .made = made, .area = area, .out = out, .err = err};
    *out = (struct imp_difference){.unit = "blocks"};
    // The source may have had bytes that are gone, which libjpeg warns of.
    return imp_jpeg_lib_read(source, true, with_source, &pair, err) &&
           pair.done;
}

bool imp_compare(const char *format, struct imp_span source,
                 struct imp_span made, const struct imp_area *area,
                 struct imp_difference *out, struct imp_err *err)
{
    if (strcmp(format, "jpeg") == 0)
        return compare_jpeg(source, made, area, out, err);
    const struct imp_pixels *pixels = imp_pixels_load(err);
    return pixels && pixels->compare(format, source, made, area, out, err);
}
