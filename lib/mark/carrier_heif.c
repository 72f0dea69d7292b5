// HEIF and AVIF stills: the coded pictures are decoded into their own planes,
// drawn on, and coded again without loss; the boxes around them stay.
//
// All tiles of a grid are coded again, as they must have the same parameters of
// the coder (MIAF, 23000-22 7.3.11.4.1).
#include "mark/carrier.h"
#include "mark/heif_shape.h"

#include <stdlib.h>
#include <string.h>

static bool look(struct imp_span file, struct imp_look *out,
                 struct imp_err *err)
{
    struct imp_heif_file f;
    struct imp_heif_still picture, alpha;
    bool ok = imp_heif_file_open(&f, file, NULL, err) &&
              imp_heif_shape_of(&f.h, &picture, &alpha, err);
    if (ok)
        *out = (struct imp_look){.width = picture.shown_width,
                                 .height = picture.shown_height,
                                 .pages = 1,
                                 .orientation = picture.orientation};
    imp_heif_file_close(&f);
    return ok;
}

// --- Tiles ---

struct work {
    const struct imp_drawing *d;
    struct imp_heif_file file;
    struct imp_heif_still picture, alpha;
    struct imp_cicp cicp; // of the file
    bool has_cicp;
    struct imp_planes_drawn drawn;
    struct imp_heif_swaps swaps;
    struct imp_buf *coded; // of each swap
    struct imp_buf config;
};

static size_t count(const struct imp_heif_still *s)
{
    return (size_t)s->columns * s->rows;
}

// The place of tile `i`, as the ink counts pixels: from the corner of what is
// shown.
static void place(const struct imp_heif_still *s, size_t i, int64_t *x,
                  int64_t *y)
{
    *x = (int64_t)(i % s->columns) * s->tile_width - s->left;
    *y = (int64_t)(i / s->columns) * s->tile_height - s->top;
}

static bool decode(struct work *w, const struct imp_heif_item *tile,
                   struct imp_planes *out, struct imp_err *err)
{
    struct imp_coded coded;
    return imp_heif_coded_of(&w->file.h, tile, &coded, err) &&
           w->d->pixels->decode_planes(&coded, out, err);
}

// Ink on a picture that cannot be seen there would be no mark.
static bool check_alpha(struct work *w, struct imp_err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && w->alpha.id && i < count(&w->alpha); i++) {
        struct imp_planes planes = {0};
        int64_t x, y;
        place(&w->alpha, i, &x, &y);
        ok = decode(w, w->alpha.tile[i], &planes, err);
        if (ok && !imp_planes_opaque(&planes, w->d->where, x, y))
            ok = imp_fail(err, IMP_ERR_UNSUPPORTED,
                          "a picture that is transparent where the mark would "
                          "lie cannot be marked");
        imp_planes_clear(&planes);
    }
    return ok;
}

// What the encoder has made is the same when it is decoded, or is not used: no
// version of an encoder is trusted to be without loss.
static bool prove(struct work *w, const struct imp_planes *drawn,
                  const struct imp_coded *coded, struct imp_err *err)
{
    struct imp_planes planes;
    if (!w->d->pixels->decode_planes(coded, &planes, err))
        return false;
    bool same = imp_planes_same(drawn, &planes);
    bool means_the_same = imp_cicp_same(&drawn->cicp, &planes.cicp) &&
                          drawn->chroma_loc == planes.chroma_loc;
    imp_planes_clear(&planes);
    if (!same)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "the encoder has not kept all samples as they are");
    return means_the_same ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "the encoder cannot say what the samples mean (colours "
                    "%u/%u/%u)",
                    drawn->cicp.primaries, drawn->cicp.transfer,
                    drawn->cicp.matrix);
}

// Tiles of a kind have the same parameters.
static bool take_config(struct work *w, struct imp_span config,
                        struct imp_err *err)
{
    if (w->config.n == 0)
        return imp_buf_add(&w->config, config.p, config.n, err);
    return (config.n == w->config.n &&
            memcmp(config.p, w->config.p, config.n) == 0) ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "the tiles of a grid are coded with different parameters");
}

// From the encoder's file: the bytes of its one picture.
static bool take_coded(struct work *w, const struct imp_planes *drawn,
                       struct imp_span made, struct imp_buf *out,
                       struct imp_err *err)
{
    struct imp_heif_file f;
    struct imp_coded coded;
    bool ok = imp_heif_file_open(&f, made, NULL, err);
    const struct imp_heif_item *item =
        ok ? imp_heif_item(&f.h, f.h.primary) : NULL;
    ok = item && imp_heif_coded_of(&f.h, item, &coded, err) &&
         prove(w, drawn, &coded, err) && take_config(w, coded.config, err) &&
         imp_buf_add(out, coded.data.p, coded.data.n, err);
    imp_heif_file_close(&f);
    return ok;
}

static bool draw_tile(struct work *w, size_t i, struct imp_err *err)
{
    const struct imp_heif_item *tile = w->picture.tile[i];
    struct imp_planes planes = {0};
    struct imp_buf made = {0};
    int64_t x, y;
    place(&w->picture, i, &x, &y);
    bool ok = decode(w, tile, &planes, err);
    const struct imp_cicp *cicp = w->has_cicp ? &w->cicp : &planes.cicp;
    ok = ok && imp_planes_paintable(&planes, cicp, err);
    if (ok)
        imp_planes_draw(&planes, cicp, w->d->where, &w->d->paint, x, y,
                        &w->drawn);
    ok = ok && w->d->pixels->encode_planes(&planes, tile->type, &made, err) &&
         take_coded(w, &planes, imp_buf_span(&made), &w->coded[i], err);
    if (ok)
        w->swaps.swap[i] = (struct imp_heif_swap){
            .item = tile->id, .data = imp_buf_span(&w->coded[i])};
    imp_buf_clear(&made);
    imp_planes_clear(&planes);
    return ok;
}

static bool draw_tiles(struct work *w, struct imp_err *err)
{
    size_t n = count(&w->picture);
    w->swaps.swap = calloc(n, sizeof *w->swaps.swap);
    w->coded = calloc(n, sizeof *w->coded);
    if (!w->swaps.swap || !w->coded)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu tiles", n);
    w->has_cicp = imp_heif_cicp_of(&w->file.h, &w->picture, &w->cicp);
    for (w->swaps.n = 0; w->swaps.n < n; w->swaps.n++)
        if (!draw_tile(w, w->swaps.n, err))
            return false;
    w->swaps.config = imp_buf_span(&w->config);
    return imp_planes_show(&w->drawn, err);
}

// --- The file ---

static bool rewrap(struct imp_span file, const struct imp_heif_swaps *swaps,
                   struct imp_buf *out, struct imp_err *err)
{
    struct imp_heif_file f;
    bool ok = imp_heif_file_open(&f, file, swaps, err) &&
              imp_heif_lay(&f.h, err) && imp_cutlist_finish(&f.cuts, err) &&
              imp_cutlist_apply(&f.cuts, file, out, err);
    imp_heif_file_close(&f);
    return ok;
}

static bool draw(const struct imp_drawing *d, struct imp_span file,
                 const struct imp_look *look, struct imp_buf *out,
                 struct imp_err *err)
{
    (void)look;
    struct work w = {.d = d};
    bool ok = imp_heif_file_open(&w.file, file, NULL, err) &&
              imp_heif_shape_of(&w.file.h, &w.picture, &w.alpha, err) &&
              check_alpha(&w, err) && draw_tiles(&w, err) &&
              rewrap(file, &w.swaps, out, err);
    imp_heif_file_close(&w.file);
    for (size_t i = 0; w.coded && i < count(&w.picture); i++)
        imp_buf_clear(&w.coded[i]);
    free(w.coded);
    free(w.swaps.swap);
    imp_buf_clear(&w.config);
    return ok;
}

#define CARRIER(name)                               \
    const struct imp_carrier imp_carrier_##name = { \
        .format = #name,                            \
        .route = "pixels",                          \
        .area_as_shown = true,                      \
        .look = look,                               \
        .draw = draw,                               \
    };
CARRIER(heif)
CARRIER(avif)
