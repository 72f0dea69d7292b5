#include "mark/recode.h"

#include "image/jpeg_lib.h"
#include "mark/dct.h"
#include "mark/jpeg_ink.h"

#include <stdio.h>

#include <jpeglib.h>

#define CHUNK 65536

struct recoding {
    struct jpeg_destination_mgr to; // first: libjpeg hands it back
    struct imp_inked where;
    const struct imp_paint *paint;
    bool blocks;
    struct imp_jpeg_ink ink;
    struct jpeg_compress_struct c;
    struct imp_buf *out;
    struct imp_err *err;
    enum { UNREAD, UNSUPPORTED, NO_MEMORY, DONE } state;
};

// --- Where libjpeg writes to: its own grows by copies, and leaves them behind
// when an error ends it. ---

static void make_room(j_compress_ptr c)
{
    struct recoding *r = (struct recoding *)c->dest;
    if (!imp_buf_reserve(r->out, r->out->n + CHUNK, r->err)) {
        r->state = NO_MEMORY;
        c->err->error_exit((j_common_ptr)c);
    }
    r->to.next_output_byte = r->out->p + r->out->n;
    r->to.free_in_buffer = CHUNK;
}

static boolean take_chunk(j_compress_ptr c)
{
    ((struct recoding *)c->dest)->out->n += CHUNK;
    make_room(c);
    return TRUE;
}

static void take_rest(j_compress_ptr c)
{
    struct recoding *r = (struct recoding *)c->dest;
    r->out->n += CHUNK - r->to.free_in_buffer;
}

// --- Drawing on coefficients ---

static enum imp_jpeg_colour colour_of(J_COLOR_SPACE space)
{
    switch (space) {
    case JCS_GRAYSCALE:
        return IMP_JPEG_GREY;
    case JCS_YCbCr:
        return IMP_JPEG_YCC;
    case JCS_RGB:
        return IMP_JPEG_RGB;
    case JCS_CMYK:
        return IMP_JPEG_CMYK;
    case JCS_YCCK:
        return IMP_JPEG_YCCK;
    default:
        return IMP_JPEG_OTHER;
    }
}

static struct imp_jpeg_kind kind_of(const struct jpeg_decompress_struct *d)
{
    struct imp_jpeg_kind kind = {.n_comp = (unsigned)d->num_components,
                                 .colour = colour_of(d->jpeg_color_space),
                                 .inverted = d->saw_Adobe_marker &&
                                             d->num_components == 4};
    for (int i = 0; kind.colour != IMP_JPEG_OTHER && i < d->num_components;
         i++) {
        kind.h[i] = (uint8_t)d->comp_info[i].h_samp_factor;
        kind.v[i] = (uint8_t)d->comp_info[i].v_samp_factor;
    }
    return kind;
}

static void draw_row(struct imp_jpeg_ink *ink, unsigned comp, uint32_t by,
                     const uint16_t quant[64], JBLOCKROW row)
{
    uint32_t first, last;
    if (!imp_jpeg_ink_span(ink, comp, by, &first, &last))
        return;
    for (uint32_t bx = first; bx <= last; bx++) {
        int16_t block[64];
        for (int k = 0; k < 64; k++)
            block[k] = row[bx][imp_dct_row_order[k]];
        if (!imp_jpeg_ink_draw(ink, comp, bx, by, quant, block))
            continue;
        for (int k = 0; k < 64; k++)
            row[bx][imp_dct_row_order[k]] = block[k];
    }
}

static void draw(struct jpeg_decompress_struct *d, jvirt_barray_ptr *arrays,
                 struct imp_jpeg_ink *ink)
{
    for (unsigned i = 0; i < (unsigned)d->num_components; i++) {
        const jpeg_component_info *c = &d->comp_info[i];
        uint16_t quant[64];
        for (int k = 0; k < 64; k++)
            quant[k] = c->quant_table->quantval[imp_dct_row_order[k]];
        for (JDIMENSION by = 0; by < c->height_in_blocks; by++)
            draw_row(ink, i, by, quant,
                     d->mem->access_virt_barray((j_common_ptr)d, arrays[i], by,
                                                1, TRUE)[0]);
    }
}

static void write_all(struct jpeg_decompress_struct *d,
                      jvirt_barray_ptr *arrays, struct recoding *r)
{
    r->c.err = d->err;
    jpeg_create_compress(&r->c);
    r->to.init_destination = make_room;
    r->to.empty_output_buffer = take_chunk;
    r->to.term_destination = take_rest;
    r->c.dest = &r->to;
    jpeg_copy_critical_parameters(d, &r->c);
    // As the file says, not as libjpeg would have it said.
    r->c.write_JFIF_header = FALSE;
    r->c.write_Adobe_marker = d->saw_Adobe_marker;
    r->c.arith_code = d->arith_code;
    r->c.optimize_coding = !d->arith_code;
    r->c.restart_interval = d->restart_interval;
    if (d->progressive_mode)
        jpeg_simple_progression(&r->c);
    jpeg_write_coefficients(&r->c, arrays);
    jpeg_finish_compress(&r->c);
}

static void recode(struct jpeg_decompress_struct *d, void *self)
{
    struct recoding *r = self;
    struct imp_jpeg_kind kind = kind_of(d);
    if (kind.colour == IMP_JPEG_OTHER) {
        r->state = UNSUPPORTED;
        return;
    }
    imp_jpeg_ink_init(&r->ink, &kind, r->where, r->paint);
    r->ink.whole = r->blocks;
    jvirt_barray_ptr *arrays = jpeg_read_coefficients(d);
    draw(d, arrays, &r->ink);
    write_all(d, arrays, r);
    jpeg_finish_decompress(d);
    r->state = DONE;
}

bool imp_recode(struct imp_span file, struct imp_inked where,
                const struct imp_paint *paint, bool blocks, struct imp_buf *out,
                struct imp_err *err)
{
    struct recoding r = {.where = where,
                         .paint = paint,
                         .blocks = blocks,
                         .out = out,
                         .err = err};
    struct jpeg_error_mgr mgr;
    bool ok = imp_jpeg_lib_read(file, false, recode, &r, err);
    if (r.c.err) {
        r.c.err = jpeg_std_error(&mgr); // that of the reader is gone
        jpeg_destroy_compress(&r.c);
    }
    if (r.state == NO_MEMORY)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for coded data");
    if (r.state == UNSUPPORTED)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "JPEG of components without a colour cannot be "
                        "marked");
    return ok && (blocks || imp_jpeg_ink_shows(&r.ink, err));
}
