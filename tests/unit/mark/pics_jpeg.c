#include "pics.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static void set_sampling(struct jpeg_compress_struct *c,
                         const struct jpeg_kind *kind)
{
    c->comp_info[0].h_samp_factor = kind->h ? kind->h : 1;
    c->comp_info[0].v_samp_factor = kind->v ? kind->v : 1;
    for (int i = 1; i < c->num_components; i++) {
        c->comp_info[i].h_samp_factor = 1;
        c->comp_info[i].v_samp_factor = 1;
    }
}

static void add_segments(struct jpeg_compress_struct *c,
                         const struct jpeg_kind *kind)
{
    static const uint8_t icc[] = "ICC_PROFILE\0\1\1of no use";
    uint8_t exif[6 + 26] = "Exif\0";
    if (kind->orientation) {
        exif_make(kind->orientation, exif + 6);
        jpeg_write_marker(c, JPEG_APP0 + 1, exif, sizeof exif);
    }
    if (kind->icc)
        jpeg_write_marker(c, JPEG_APP0 + 2, icc, sizeof icc);
}

// A smooth gradient: coding it changes little; or noise, the same each time.
static void write_rows(struct jpeg_compress_struct *c, bool noisy)
{
    unsigned seed = 12345;
    size_t n = (size_t)c->input_components;
    uint8_t *row = malloc(c->image_width * n);
    cr_assert_not_null(row);
    for (uint32_t y = 0; y < c->image_height; y++) {
        for (uint32_t x = 0; x < c->image_width; x++)
            for (size_t i = 0; i < n; i++)
                row[x * n + i] =
                    (uint8_t)(40 + i * 30 + x * 90 / c->image_width +
                              y * 40 / c->image_height);
        for (size_t i = 0; noisy && i < c->image_width * n; i++) {
            seed = seed * 1103515245u + 12345u;
            row[i] = (uint8_t)(seed >> 20);
        }
        jpeg_write_scanlines(c, &row, 1);
    }
    free(row);
}

void jpeg_make(const struct jpeg_kind *kind, uint32_t width, uint32_t height,
               struct imp_buf *out)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr mgr; // exits the test's process on an error
    unsigned char *bytes = NULL;
    unsigned long n = 0;
    c.err = jpeg_std_error(&mgr);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &n);
    c.image_width = width;
    c.image_height = height;
    c.input_components = kind->components;
    c.in_color_space = kind->components == 1   ? JCS_GRAYSCALE
                       : kind->components == 3 ? JCS_RGB
                                               : JCS_CMYK;
    jpeg_set_defaults(&c);
    if (kind->space != PICS_USUAL)
        jpeg_set_colorspace(&c, kind->space == PICS_RGB ? JCS_RGB : JCS_YCCK);
    jpeg_set_quality(&c, kind->quality, TRUE);
    set_sampling(&c, kind);
    if (kind->progressive)
        jpeg_simple_progression(&c);
    c.arith_code = kind->arithmetic;
    c.restart_interval = (unsigned)kind->restart;
    c.optimize_coding = kind->own_codes;
    jpeg_scan_info scans[4] = {0};
    for (int i = 0; kind->apart && i < kind->components; i++)
        scans[i] = (jpeg_scan_info){
            .comps_in_scan = 1, .component_index = {i}, .Se = 63};
    if (kind->apart) {
        c.scan_info = scans;
        c.num_scans = kind->components;
    }
    c.density_unit = 1;
    c.X_density = c.Y_density = 123;
    jpeg_start_compress(&c, TRUE);
    add_segments(&c, kind);
    write_rows(&c, kind->noisy);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    out->n = 0;
    imp_buf_add(out, bytes, n, NULL);
    free(bytes);
}

static void learn(struct jpeg_decompress_struct *d, struct jpeg_facts *facts)
{
    *facts = (struct jpeg_facts){
        .components = d->num_components,
        .progressive = d->progressive_mode,
        .jfif = d->saw_JFIF_marker,
        .x_density = d->X_density,
        .unit = d->density_unit,
    };
    for (int i = 0; i < d->num_components; i++) {
        jpeg_component_info *c = &d->comp_info[i];
        facts->h[i] = c->h_samp_factor;
        facts->v[i] = c->v_samp_factor;
        JQUANT_TBL *q = d->quant_tbl_ptrs[c->quant_tbl_no];
        cr_assert_not_null(q);
        for (int k = 0; k < 64; k++)
            facts->quant[i][k] = q->quantval[k];
    }
    for (jpeg_saved_marker_ptr m = d->marker_list; m; m = m->next) {
        if (m->marker == JPEG_APP0 + 1)
            facts->exif += m->data_length;
        if (m->marker == JPEG_APP0 + 2)
            facts->icc += m->data_length;
    }
}

struct pic jpeg_read(struct imp_span file, struct jpeg_facts *facts)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr mgr;
    d.err = jpeg_std_error(&mgr);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, file.p, file.n);
    jpeg_save_markers(&d, JPEG_APP0 + 1, 0xFFFF);
    jpeg_save_markers(&d, JPEG_APP0 + 2, 0xFFFF);
    jpeg_read_header(&d, TRUE);
    learn(&d, facts);
    jpeg_start_decompress(&d);
    struct pic p = pic_new(d.output_width, d.output_height, 255);
    size_t n = (size_t)d.output_components;
    uint8_t *row = malloc(d.output_width * n);
    cr_assert_not_null(row);
    for (uint32_t y = 0; y < p.height; y++) {
        jpeg_read_scanlines(&d, &row, 1);
        for (uint32_t x = 0; x < p.width; x++)
            for (size_t i = 0; i < n; i++)
                pic_at(&p, x, y)[i] = row[x * n + i];
    }
    jpeg_finish_decompress(&d);
    cr_assert_eq(mgr.num_warnings, 0);
    jpeg_destroy_decompress(&d);
    free(row);
    return p;
}
