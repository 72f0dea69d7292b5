#include "jpeg_maker.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static void silent(j_common_ptr c)
{
    (void)c;
}

struct catcher {
    struct jpeg_error_mgr mgr;
    jmp_buf out;
};

static void leave(j_common_ptr c)
{
    longjmp(((struct catcher *)c->err)->out, 1);
}

// DC, then each AC coefficient by itself, then each again with one bit more.
static int script(jpeg_scan_info scans[127])
{
    int n = 0;
    scans[n++] = (jpeg_scan_info){.comps_in_scan = 1};
    for (int k = 1; k < 64; k++)
        scans[n++] =
            (jpeg_scan_info){.comps_in_scan = 1, .Ss = k, .Se = k, .Al = 1};
    for (int k = 1; k < 64; k++)
        scans[n++] =
            (jpeg_scan_info){.comps_in_scan = 1, .Ss = k, .Se = k, .Ah = 1};
    return n;
}

struct imp_buf jpeg_make(const struct jpeg_recipe *recipe)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr mgr;
    unsigned char *bytes = NULL;
    unsigned long n = 0;
    c.err = jpeg_std_error(&mgr);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &n);
    c.image_width = recipe->width;
    c.image_height = recipe->height;
    c.input_components = recipe->components;
    c.in_color_space = recipe->components == 1   ? JCS_GRAYSCALE
                       : recipe->components == 3 ? JCS_RGB
                                                 : JCS_CMYK;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, recipe->quality ? recipe->quality : 85, TRUE);
    c.comp_info[0].h_samp_factor = recipe->h ? recipe->h : 1;
    c.comp_info[0].v_samp_factor = recipe->v ? recipe->v : 1;
    c.restart_interval = (unsigned)recipe->restart;
    c.arith_code = recipe->arithmetic;
    if (recipe->progressive)
        jpeg_simple_progression(&c);
    jpeg_scan_info scans[127];
    if (recipe->many_scans) {
        c.num_scans = script(scans);
        c.scan_info = scans;
    }
    jpeg_start_compress(&c, TRUE);
    size_t row_bytes = (size_t)recipe->width * (size_t)recipe->components;
    uint8_t *row = malloc(row_bytes);
    unsigned seed = 12345;
    while (c.next_scanline < c.image_height) {
        for (size_t i = 0; i < row_bytes; i++) {
            seed = seed * 1103515245u + 12345u;
            row[i] =
                (uint8_t)(128 + (c.next_scanline + i) % 64 + (seed >> 16) % 32);
        }
        JSAMPROW rows[1] = {row};
        jpeg_write_scanlines(&c, rows, 1);
    }
    free(row);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    return (struct imp_buf){bytes, n, n};
}

void jpeg_insert_raw(struct imp_buf *jpeg, size_t at, const void *bytes,
                     size_t n)
{
    struct imp_err err = {0};
    if (!imp_buf_reserve(jpeg, jpeg->n + n, &err))
        abort();
    memmove(jpeg->p + at + n, jpeg->p + at, jpeg->n - at);
    memcpy(jpeg->p + at, bytes, n);
    jpeg->n += n;
}

void jpeg_insert(struct imp_buf *jpeg, size_t at, uint8_t marker,
                 const void *body, size_t n)
{
    uint8_t head[4] = {0xFF, marker, (uint8_t)((n + 2) >> 8), (uint8_t)(n + 2)};
    jpeg_insert_raw(jpeg, at, body, n);
    jpeg_insert_raw(jpeg, at, head, sizeof head);
}

size_t jpeg_find(const struct imp_buf *jpeg, uint8_t marker, int nth)
{
    for (size_t i = 0; i + 1 < jpeg->n; i++)
        if (jpeg->p[i] == 0xFF && jpeg->p[i + 1] == marker && nth-- == 0)
            return i;
    abort();
}

struct imp_buf jpeg_decode(struct imp_span jpeg, long *warnings)
{
    struct jpeg_decompress_struct d;
    struct catcher catcher;
    struct imp_buf out = {0};
    d.err = jpeg_std_error(&catcher.mgr);
    catcher.mgr.error_exit = leave;
    catcher.mgr.output_message = silent;
    jpeg_create_decompress(&d);
    if (setjmp(catcher.out)) {
        jpeg_destroy_decompress(&d);
        imp_buf_clear(&out);
        return out;
    }
    jpeg_mem_src(&d, jpeg.p, jpeg.n);
    jpeg_read_header(&d, TRUE);
    jpeg_start_decompress(&d);
    size_t row = (size_t)d.output_width * (size_t)d.output_components;
    if (!imp_buf_reserve(&out, row * d.output_height, NULL))
        abort();
    out.n = row * d.output_height;
    while (d.output_scanline < d.output_height) {
        JSAMPROW rows[1] = {out.p + row * d.output_scanline};
        jpeg_read_scanlines(&d, rows, 1);
    }
    jpeg_finish_decompress(&d);
    *warnings = d.err->num_warnings;
    jpeg_destroy_decompress(&d);
    return out;
}
