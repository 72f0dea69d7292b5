// Any bytes as a HEIF or AVIF file to draw on: what marking.h says, and each
// sample of each tile that has no pixel in the mark's area is the same.
#include "marking.h"

#include "mark/heif_shape.h"

extern const struct imp_format imp_format_heif;
extern const struct imp_format imp_format_avif;

struct still {
    struct imp_heif_file file;
    struct imp_heif_still picture, alpha;
};

static bool open_still(struct still *s, struct imp_span in)
{
    return imp_heif_file_open(&s->file, in, NULL, NULL) &&
           imp_heif_shape_of(&s->file.h, &s->picture, &s->alpha, NULL);
}

// Coders are not fast, and more so with what watches them.
static bool is_small(struct imp_span in)
{
    struct still s;
    bool ok = open_still(&s, in);
    uint64_t tiles = ok ? (uint64_t)s.picture.columns * s.picture.rows : 0;
    ok = ok &&
         tiles * s.picture.tile_width * s.picture.tile_height <= 1 << 16 &&
         (uint64_t)s.alpha.width * s.alpha.height <= 1 << 16;
    imp_heif_file_close(&s.file);
    return ok;
}

static struct imp_planes planes_of(const struct marking *m, struct still *s,
                                   const struct imp_heif_item *tile)
{
    struct imp_planes p = {0};
    struct imp_coded coded;
    struct imp_err err = {0};
    promise(imp_heif_coded_of(&s->file.h, tile, &coded, &err) &&
                m->pixels->decode_planes(&coded, &p, &err),
            err.msg);
    return p;
}

// `x`, `y`: of the tile's first pixel, as the area counts them.
static bool differs_outside(const struct imp_planes *a,
                            const struct imp_planes *b, unsigned i, int64_t x,
                            int64_t y, const struct imp_area *area)
{
    const struct imp_plane *p = &a->plane[i], *q = &b->plane[i];
    unsigned h = i ? a->h : 1, v = i ? a->v : 1;
    for (size_t at = 0; at < (size_t)p->width * p->height; at++) {
        int64_t left = x + (int64_t)(at % p->width) * h;
        int64_t top = y + (int64_t)(at / p->width) * v;
        int64_t right = left + h, bottom = top + v;
        if (p->sample[at] != q->sample[at] &&
            (right <= 0 || bottom <= 0 ||
             !imp_area_meets(area, left < 0 ? 0 : (uint64_t)left,
                             top < 0 ? 0 : (uint64_t)top, (uint64_t)right,
                             (uint64_t)bottom)))
            return true;
    }
    return false;
}

static void judge_tile(const struct marking *m, struct still *was,
                       struct still *is, size_t i, const struct imp_area *area)
{
    const struct imp_heif_still *s = &was->picture;
    struct imp_planes a = planes_of(m, was, s->tile[i]);
    struct imp_planes b = planes_of(m, is, is->picture.tile[i]);
    int64_t x = (int64_t)(i % s->columns) * s->tile_width - s->left;
    int64_t y = (int64_t)(i / s->columns) * s->tile_height - s->top;
    promise(a.n == b.n && a.depth == b.depth && a.h == b.h && a.v == b.v &&
                imp_cicp_same(&a.cicp, &b.cicp) && a.chroma_loc == b.chroma_loc,
            "it is of the same kind");
    for (unsigned k = 0; k < a.n; k++)
        promise(!differs_outside(&a, &b, k, x, y, area),
                "nothing else has changed");
    imp_planes_clear(&a);
    imp_planes_clear(&b);
}

static void judge(const struct marking *m, struct imp_span file,
                  struct imp_span made, const struct imp_area *area)
{
    struct still was, is;
    bool ok = open_still(&was, file), again = open_still(&is, made);
    promise(ok && again, "the output is one still picture");
    promise(was.picture.columns == is.picture.columns &&
                was.picture.rows == is.picture.rows &&
                was.picture.left == is.picture.left &&
                was.picture.top == is.picture.top &&
                (was.alpha.id == 0) == (is.alpha.id == 0),
            "it is put together in the same way");
    for (size_t i = 0; i < (size_t)was.picture.columns * was.picture.rows; i++)
        judge_tile(m, &was, &is, i, area);
    imp_heif_file_close(&was.file);
    imp_heif_file_close(&is.file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct marking heif = {.is_small = is_small, .judge = judge};
    struct imp_span in = {data, size};
    if (!heif.pixels)
        heif.pixels = imp_pixels_load(NULL);
    promise(heif.pixels, "the pixel library is there");
    heif.format =
        imp_format_avif.sniff(in) ? &imp_format_avif : &imp_format_heif;
    check_marking(&heif, in);
    return 0;
}
