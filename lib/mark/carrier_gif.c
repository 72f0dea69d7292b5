// GIF: the frames that the ink meets are drawn on by their indexes and coded
// anew; all other bytes are copied. Section numbers are those of the GIF89a
// specification.
#include "image/gif.h"
#include "image/lzw_write.h"
#include "mark/carrier.h"
#include "mark/compare.h"
#include "mark/palette.h"

#include <stdlib.h>
#include <string.h>

// --- Looking ---

// The screen, as far as frames reach: what lies beyond is empty, and some
// viewers do not show it.
static bool look(struct imp_span file, struct imp_look *out,
                 struct imp_err *err)
{
    struct imp_gif gif;
    struct imp_gif_frame f;
    uint32_t right = 0, bottom = 0;
    *out = (struct imp_look){.orientation = 1};
    if (!imp_gif_begin(&gif, file, err))
        return false;
    while (!gif.ended) {
        if (!imp_gif_next(&gif, &f, err))
            return false;
        if (gif.ended)
            break;
        if (f.x + (uint32_t)f.width > right)
            right = f.x + (uint32_t)f.width;
        if (f.y + (uint32_t)f.height > bottom)
            bottom = f.y + (uint32_t)f.height;
    }
    if (gif.frames == 0 || right == 0 || bottom == 0)
        return imp_fail(err, IMP_ERR_DAMAGED, "GIF without a picture");
    if (gif.width == 0 || gif.height == 0)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "GIF with a screen of %u x %u cannot be marked",
                        gif.width, gif.height);
    if (gif.frames > IMP_COMPARE_PAGES)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "GIF of %ju frames, want at most %d",
                        (uintmax_t)gif.frames, IMP_COMPARE_PAGES);
    out->width = gif.width < right ? gif.width : right;
    out->height = gif.height < bottom ? gif.height : bottom;
    out->pages = (uint32_t)gif.frames;
    return true;
}

// --- Ink on one frame ---

struct drawer {
    const struct imp_drawing *d;
    uint32_t width, height; // as `look` says
    struct imp_gif gif;
    struct imp_lzw *lzw;
    uint8_t *solid;   // of each pixel of the screen: before this frame, is
                      // something to be seen there?
    uint64_t covered; // pixels under ink in all
    size_t copied;    // bytes of the file that are done
    struct imp_buf *out;
    // Of the frame at hand.
    struct imp_palette palette;
    struct imp_buf index;  // its pixels as they are coded
    struct imp_buf raster; // RGBA of one spot
    struct imp_buf where;  // of each pixel that ink changes, uint32_t: its
                           // place in `index`
    struct imp_buf colour; // and the colour it gets, uint32_t
    uint64_t inked;        // pixels that are painted
    uint64_t changed;
};

static size_t pixels_of(const struct imp_gif_frame *f)
{
    return (size_t)f->width * f->height;
}

static bool reserve(struct imp_buf *buf, size_t n, struct imp_err *err)
{
    buf->n = 0;
    return imp_buf_reserve(buf, n, err);
}

// The pixel of the frame at this place of the screen, if there is one.
static bool find_pixel(const struct drawer *dr, const struct imp_gif_frame *f,
                       uint64_t x, uint64_t y, uint32_t *at)
{
    if (x >= dr->width || y >= dr->height || x < f->x || y < f->y ||
        x - f->x >= f->width || y - f->y >= f->height)
        return false;
    *at = imp_gif_coded_row(f, (uint32_t)y - f->y) * f->width +
          ((uint32_t)x - f->x);
    return true;
}

static bool meets(const struct drawer *dr, const struct imp_gif_frame *f,
                  struct imp_spot s)
{
    const struct imp_mask *m = &dr->d->where.ink->text;
    return s.x < f->x + (uint64_t)f->width && s.x + (uint64_t)m->width > f->x &&
           s.y < f->y + (uint64_t)f->height && s.y + (uint64_t)m->height > f->y;
}

// How much of a pixel text and outline cover together, of 255.
static unsigned cover_of(const struct imp_ink *ink, size_t i)
{
    unsigned text = ink->text.cover[i], outline = ink->outline.cover[i];
    return 255 - (255 - text) * (255 - outline) / 255;
}

// What of the frame lies under the ink, which is drawn on it.
static bool draw_raster(struct drawer *dr, const struct imp_gif_frame *f,
                        struct imp_spot spot, struct imp_err *err)
{
    const struct imp_ink *ink = dr->d->where.ink;
    uint32_t w = ink->text.width, h = ink->text.height, at;
    size_t n = (size_t)w * h;
    if (!reserve(&dr->raster, 4 * n, err))
        return false;
    uint8_t *rgba = dr->raster.p;
    memset(rgba, 0, 4 * n);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++, rgba += 4) {
            if (!find_pixel(dr, f, (uint64_t)spot.x + x, (uint64_t)spot.y + y,
                            &at) ||
                dr->index.p[at] == dr->palette.transparent)
                continue;
            memcpy(rgba, dr->palette.rgb[dr->index.p[at]], 3);
            rgba[3] = 255;
        }
    struct imp_raster r = {.data = dr->raster.p,
                           .width = w,
                           .height = h,
                           .space = IMP_SPACE_RGB,
                           .alpha = true};
    imp_blend(&r, 0, 0, ink, &dr->d->paint);
    return true;
}

// A transparent pixel shows what earlier frames left, ink included. Where they
// left nothing it is painted where ink covers most of it: a pixel has a colour
// or none.
static bool is_painted(const struct drawer *dr, uint8_t index, bool solid,
                       size_t i)
{
    return index != dr->palette.transparent ||
           (!solid && cover_of(dr->d->where.ink, i) >= 128);
}

static bool draw_spot(struct drawer *dr, const struct imp_gif_frame *f,
                      struct imp_spot spot, struct imp_err *err)
{
    const struct imp_ink *ink = dr->d->where.ink;
    uint32_t at;
    if (!draw_raster(dr, f, spot, err))
        return false;
    const uint8_t *rgba = dr->raster.p;
    for (size_t i = 0; i < (size_t)ink->text.width * ink->text.height;
         i++, rgba += 4) {
        uint64_t x = spot.x + i % ink->text.width;
        uint64_t y = spot.y + i / ink->text.width;
        if (cover_of(ink, i) == 0 || !find_pixel(dr, f, x, y, &at))
            continue;
        uint8_t *solid = dr->solid + y * dr->width + x;
        uint8_t index = dr->index.p[at];
        if (!is_painted(dr, index, *solid, i))
            continue;
        if (f->disposal != IMP_GIF_TO_PREVIOUS)
            *solid = true;
        dr->inked++;
        if (index != dr->palette.transparent &&
            memcmp(dr->palette.rgb[index], rgba, 3) == 0)
            continue;
        uint32_t colour =
            (uint32_t)rgba[0] << 16 | (uint32_t)rgba[1] << 8 | rgba[2];
        if (!imp_buf_add(&dr->where, &at, sizeof at, err) ||
            !imp_buf_add(&dr->colour, &colour, sizeof colour, err))
            return false;
    }
    return true;
}

// ImageMagick 6 fills what the first frame leaves of the screen with a colour
// of the global table, but only if that frame has no table of its own.
static bool shows_background(const struct drawer *dr,
                             const struct imp_gif_frame *f)
{
    return dr->gif.frames == 1 && f->table.n == 0 &&
           (f->x > 0 || f->y > 0 || f->width < dr->gif.width ||
            f->height < dr->gif.height);
}

static bool load_palette(struct drawer *dr, const struct imp_gif_frame *f,
                         struct imp_err *err)
{
    struct imp_palette *p = &dr->palette;
    struct imp_span table = f->table.n ? f->table : dr->gif.table;
    *p = (struct imp_palette){.n = (unsigned)(table.n / 3),
                              .transparent = f->transparent};
    if (p->n == 0)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, f->at,
                           "GIF: frame %ju without a colour table cannot be "
                           "marked",
                           (uintmax_t)dr->gif.frames);
    memcpy(p->rgb, table.p, table.n);
    for (size_t i = 0; i < pixels_of(f); i++)
        p->used[dr->index.p[i]] = true;
    // Decoders differ in the colour that they make of such an index.
    for (unsigned i = p->n; i < IMP_PALETTE_MAX; i++)
        if (p->used[i] && p->transparent != (int)i)
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, f->at,
                               "GIF: index %u in frame %ju, whose table has %u "
                               "colours: it cannot be marked",
                               i, (uintmax_t)dr->gif.frames, p->n);
    // Some decoders look it up in the frame's own table.
    p->used[dr->gif.background] = true;
    if (shows_background(dr, f))
        memset(p->used, true, sizeof p->used); // as it is
    return true;
}

static bool decode(struct drawer *dr, const struct imp_gif_frame *f,
                   struct imp_err *err)
{
    if (pixels_of(f) > IMP_COMPARE_PIXELS)
        return imp_fail_at(err, IMP_ERR_LIMIT, f->at,
                           "GIF: frame of %zu pixels, want at most %ju",
                           pixels_of(f), (uintmax_t)IMP_COMPARE_PIXELS);
    return reserve(&dr->index, pixels_of(f), err) &&
           imp_gif_decode(&dr->gif, f, dr->lzw, dr->index.p, err) &&
           load_palette(dr, f, err);
}

// --- Writing it ---

static bool copy_to(struct drawer *dr, size_t end, struct imp_err *err)
{
    size_t from = dr->copied;
    dr->copied = end;
    return imp_buf_add(dr->out, dr->gif.file.p + from, end - from, err);
}

static unsigned bits_for(unsigned most)
{
    unsigned bits = 1;
    while (most >> bits)
        bits++;
    return bits;
}

// With a table of its own, even if it had the global one, which other frames
// and the background use.
static bool write_table(struct drawer *dr, const struct imp_gif_frame *f,
                        struct imp_err *err)
{
    uint8_t head[IMP_GIF_DESCRIPTOR];
    memcpy(head, dr->gif.file.p + f->at, sizeof head);
    // 20: a local table, interlace as it was, not sorted.
    head[9] =
        (uint8_t)(0x80 | (head[9] & 0x40) | (bits_for(dr->palette.n - 1) - 1));
    if (!copy_to(dr, f->at, err) ||
        !imp_buf_add(dr->out, head, sizeof head, err) ||
        !imp_buf_add(dr->out, dr->palette.rgb, 3 * (size_t)dr->palette.n, err))
        return false;
    dr->copied = f->coded;
    return true;
}

static bool write_frame(struct drawer *dr, const struct imp_gif_frame *f,
                        bool new_table, struct imp_err *err)
{
    // The transparent index may lie beyond the table.
    unsigned most = dr->palette.n - 1;
    for (size_t i = 0; i < pixels_of(f); i++)
        most = dr->index.p[i] > most ? dr->index.p[i] : most;
    unsigned bits = bits_for(most) < 2 ? 2 : bits_for(most);
    if ((new_table && !write_table(dr, f, err)) || !copy_to(dr, f->coded, err))
        return false;
    dr->copied = f->end;
    return imp_lzw_write(bits, dr->index.p, pixels_of(f), dr->out, err);
}

// The ink's colours become indexes, of a table that may have to change for it.
static bool paint(struct drawer *dr, const struct imp_gif_frame *f,
                  struct imp_err *err)
{
    struct imp_palette old = dr->palette;
    size_t n = dr->where.n / sizeof(uint32_t);
    const uint32_t *where = (const uint32_t *)(const void *)dr->where.p;
    const uint32_t *colour = (const uint32_t *)(const void *)dr->colour.p;
    uint8_t *index = n ? malloc(n) : NULL;
    if (n == 0)
        return true;
    if (!index)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu pixels", n);
    bool ok = imp_palette_fit(&dr->palette, colour, n, index, err);
    for (size_t i = 0; ok && i < n; i++) {
        uint8_t *pixel = dr->index.p + where[i];
        dr->changed += *pixel == old.transparent ||
                       memcmp(old.rgb[*pixel], dr->palette.rgb[index[i]], 3);
        *pixel = index[i];
    }
    bool new_table = old.n != dr->palette.n ||
                     memcmp(old.rgb, dr->palette.rgb, sizeof old.rgb) != 0;
    ok = ok && write_frame(dr, f, new_table, err);
    free(index);
    return ok;
}

// --- The file ---

// 23: the background is nothing, as viewers show it.
static void dispose(struct drawer *dr, const struct imp_gif_frame *f)
{
    if (f->disposal != IMP_GIF_TO_BACKGROUND || f->x >= dr->width)
        return;
    uint32_t w = dr->width - f->x < f->width ? dr->width - f->x : f->width;
    for (uint32_t y = f->y; y < f->y + (uint32_t)f->height && y < dr->height;
         y++)
        memset(dr->solid + (size_t)y * dr->width + f->x, 0, w);
}

static bool draw_frame(struct drawer *dr, const struct imp_gif_frame *f,
                       struct imp_err *err)
{
    const struct imp_inked *where = &dr->d->where;
    bool met = false;
    dr->where.n = dr->colour.n = 0;
    dr->inked = dr->changed = 0;
    for (size_t i = 0; i < where->n; i++) {
        if (!meets(dr, f, where->spot[i]))
            continue;
        if (!met && !decode(dr, f, err))
            return false;
        met = true;
        if (!draw_spot(dr, f, where->spot[i], err))
            return false;
    }
    if (!paint(dr, f, err))
        return false;
    dispose(dr, f);
    // The first frame has to show the mark, and so does one that paints over
    // all of it.
    return (dr->gif.frames > 1 && dr->inked < dr->covered) ||
           imp_draw_shows((struct imp_blended){dr->covered, dr->changed}, err);
}

static bool draw_all(struct drawer *dr, struct imp_err *err)
{
    const struct imp_inked *where = &dr->d->where;
    size_t n = (size_t)where->ink->text.width * where->ink->text.height;
    struct imp_gif_frame f;
    for (size_t i = 0; i < n; i++)
        dr->covered += cover_of(where->ink, i) ? where->n : 0;
    dr->lzw = imp_lzw_new(err);
    if (!dr->lzw)
        return false;
    dr->solid = calloc(dr->height, dr->width);
    if (!dr->solid)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %u x %u pixels",
                        dr->width, dr->height);
    if (!imp_gif_begin(&dr->gif, dr->gif.file, err))
        return false;
    while (!dr->gif.ended) {
        if (!imp_gif_next(&dr->gif, &f, err) ||
            (!dr->gif.ended && !draw_frame(dr, &f, err)))
            return false;
    }
    return copy_to(dr, dr->gif.file.n, err);
}

static bool draw(const struct imp_drawing *d, struct imp_span file,
                 const struct imp_look *look, struct imp_buf *out,
                 struct imp_err *err)
{
    struct drawer dr = {.d = d,
                        .width = look->width,
                        .height = look->height,
                        .gif = {.file = file},
                        .out = out};
    out->n = 0;
    bool ok = draw_all(&dr, err);
    imp_buf_clear(&dr.colour);
    imp_buf_clear(&dr.where);
    imp_buf_clear(&dr.raster);
    imp_buf_clear(&dr.index);
    free(dr.solid);
    imp_lzw_free(dr.lzw);
    return ok;
}

const struct imp_carrier imp_carrier_gif = {
    .format = "gif",
    .route = "pixels",
    .look = look,
    .draw = draw,
};
