// Strips and tiles that are JPEG streams (TIFF Technical Note 2).
#include "image/jpeg_stream.h"
#include "image/tiff.h"

#include <string.h>

// A stream with more rows or columns than its piece would hold pixels that no
// reader shows.
static bool check_frame(const struct imp_tiff_shape *s,
                        const struct imp_tiff_piece *piece,
                        const struct imp_jpeg_frame *f, struct imp_err *err)
{
    unsigned components = s->planes_apart ? 1 : s->samples;
    if (f->width == piece->width && f->height == piece->rows &&
        f->components == components && f->precision == s->bits)
        return true;
    return imp_fail_at(err, IMP_ERR_DAMAGED, piece->at,
                       "JPEG of %u x %u pixels, %u components, %u bits, want "
                       "%u x %u, %u, %u",
                       f->width, f->height, f->components, f->precision,
                       piece->width, piece->rows, components, s->bits);
}

// The list of the next piece takes the memory of this one's. All of a stream is
// coded data as far as the TIFF goes.
static bool outlive(struct imp_tiff *t, struct imp_cutlist *part,
                    const char *what, struct imp_err *err)
{
    for (size_t i = 0; i < part->n; i++) {
        struct imp_cut *c = &part->cut[i];
        if (c->kind == IMP_CUT_DROP) {
            c->what = "JPEG segment beside the picture";
            continue;
        }
        c->what = what;
        c->part = IMP_PART_CODED;
        if (c->kind != IMP_CUT_INSERT)
            continue;
        uint8_t *copy = imp_cutlist_alloc(t->cl, c->length);
        if (!copy)
            return imp_fail(err, IMP_ERR_MEMORY, "no memory for a segment");
        memcpy(copy, c->bytes, c->length);
        c->bytes = copy;
    }
    return true;
}

bool imp_tiff_take_jpeg(struct imp_tiff *t, const struct imp_tiff_shape *s,
                        const struct imp_tiff_piece *piece, struct imp_err *err)
{
    struct imp_jpeg_frame frame;
    if (!t->jpeg && !(t->jpeg = imp_cutlist_alloc(t->cl, sizeof *t->jpeg)))
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for tables");
    if (!imp_jpeg_cut_stream(piece->coded, &t->jpeg_tables, t->jpeg,
                             t->img->check, t->img->limits.max_pixels, &t->part,
                             &frame, err)) {
        err->at += piece->at;
        return false;
    }
    return check_frame(s, piece, &frame, err) &&
           outlive(t, &t->part, piece->what, err) &&
           imp_regions_claim_cuts(&t->regions, piece->at, &t->part, err);
}

void imp_tiff_start_jpeg(struct imp_tiff *t, const struct imp_tiff_ifd *ifd)
{
    const struct imp_tiff_entry *e = imp_tiff_find(ifd, IMP_TIFF_JPEG_TABLES);
    t->jpeg_tables = (struct imp_jpeg_spec){0};
    if (e)
        t->jpeg_tables.bytes = e->bytes;
}

bool imp_tiff_clean_jpeg_tables(struct imp_tiff *t,
                                const struct imp_tiff_entry *e,
                                struct imp_buf *out, bool *any,
                                struct imp_err *err)
{
    if (imp_jpeg_cut_spec(&t->jpeg_tables, &t->part, any, err) &&
        imp_cutlist_apply(&t->part, e->bytes, out, err))
        return true;
    err->at += e->value;
    return false;
}
