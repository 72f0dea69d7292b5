/* coefficients.h - the quantised coefficients of a JPEG file as libjpeg reads
 * them: the judge of what is done to them without it. */
#ifndef IMP_TESTS_COEFFICIENTS_H
#define IMP_TESTS_COEFFICIENTS_H

#include "base/bytes.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

struct coefficients {
    int n; /* components; 0: libjpeg refuses the file */
    long warnings;
    uint32_t width, height; /* of the picture */
    int space;              /* J_COLOR_SPACE of the components */
    int adobe;              /* the transform that an APP14 states; -1: none */
    struct {
        int id, h, v;
        uint32_t across, down; /* blocks, those that fill MCUs included */
        uint32_t shown_across, shown_down; /* without them */
        int16_t *block;                    /* 64 each, in natural order */
        uint16_t quant[64];                /* the same */
    } comp[4];
};

struct coefficients_catcher {
    struct jpeg_error_mgr mgr;
    jmp_buf out;
};

static inline void coefficients_leave(j_common_ptr c)
{
    longjmp(((struct coefficients_catcher *)c->err)->out, 1);
}

static inline void coefficients_silent(j_common_ptr c)
{
    (void)c;
}

static inline void coefficients_copy(struct jpeg_decompress_struct *d,
                                     jvirt_barray_ptr *arrays, int i,
                                     struct coefficients *out)
{
    jpeg_component_info *c = &d->comp_info[i];
    uint32_t h = (uint32_t)c->h_samp_factor, v = (uint32_t)c->v_samp_factor;
    uint32_t across = (c->width_in_blocks + h - 1) / h * h;
    uint32_t down = (c->height_in_blocks + v - 1) / v * v;
    out->comp[i].id = c->component_id;
    out->comp[i].h = c->h_samp_factor;
    out->comp[i].v = c->v_samp_factor;
    out->comp[i].across = across;
    out->comp[i].shown_across = c->width_in_blocks;
    out->comp[i].shown_down = c->height_in_blocks;
    out->comp[i].down = down;
    out->comp[i].block = malloc((size_t)across * down * 64 * sizeof(int16_t));
    for (int k = 0; c->quant_table && k < 64; k++)
        out->comp[i].quant[k] = c->quant_table->quantval[k];
    for (uint32_t y = 0; y < down; y++) {
        JBLOCKARRAY rows =
            d->mem->access_virt_barray((j_common_ptr)d, arrays[i], y, 1, FALSE);
        memcpy(out->comp[i].block + (size_t)y * across * 64, rows[0][0],
               (size_t)across * sizeof(JBLOCK));
    }
}

static inline struct coefficients coefficients_of(struct imp_span file)
{
    static struct coefficients out; /* survives the jump */
    struct jpeg_decompress_struct d;
    struct coefficients_catcher catcher;
    out = (struct coefficients){0};
    d.err = jpeg_std_error(&catcher.mgr);
    catcher.mgr.error_exit = coefficients_leave;
    catcher.mgr.output_message = coefficients_silent;
    jpeg_create_decompress(&d);
    if (!setjmp(catcher.out)) {
        jpeg_mem_src(&d, file.p, file.n);
        jpeg_read_header(&d, TRUE);
        jvirt_barray_ptr *arrays = jpeg_read_coefficients(&d);
        out.width = d.image_width;
        out.height = d.image_height;
        out.space = (int)d.jpeg_color_space;
        out.adobe = d.saw_Adobe_marker ? d.Adobe_transform : -1;
        for (int i = 0; i < d.num_components; i++)
            coefficients_copy(&d, arrays, i, &out);
        out.n = d.num_components;
        out.warnings = d.err->num_warnings;
    }
    jpeg_destroy_decompress(&d);
    return out;
}

static inline void coefficients_clear(struct coefficients *c)
{
    for (int i = 0; i < 4; i++)
        free(c->comp[i].block);
    *c = (struct coefficients){0};
}

#endif
