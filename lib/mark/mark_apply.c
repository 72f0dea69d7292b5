// A mark onto one image: while a JPEG is cleaned, or onto a whole file.
#include "image/jpeg_map.h"
#include "mark/carrier.h"
#include "mark/mark_internal.h"
#include "mark/orient.h"

#include <stdlib.h>
#include <string.h>

static struct imp_paint paint_of(const struct imp_marker *m)
{
    struct imp_paint paint = {.opacity = m->spec.opacity};
    memcpy(paint.rgb, m->spec.rgb, sizeof paint.rgb);
    return paint;
}

// ISO 15076-1 7.2.6: the data colour space.
static bool is_of_rgb(struct imp_span profile)
{
    return profile.n > 20 && memcmp(profile.p + 16, "RGB ", 4) == 0;
}

// Black and white are what they are in nearly every space of RGB: in one that
// is no display's (XYB) at least the darkest and the lightest, and legible.
static bool is_black_or_white(const uint8_t rgb[3])
{
    return rgb[0] == rgb[1] && rgb[1] == rgb[2] &&
           (rgb[0] == 0 || rgb[0] == 255);
}

bool imp_marker_match(const struct imp_marker *m, struct imp_span profile,
                      const struct imp_stencil *stencil,
                      struct imp_matched *out, struct imp_err *err)
{
    *out = (struct imp_matched){.ink = stencil->ink, .paint = paint_of(m)};
    out->where = (struct imp_inked){&out->ink, stencil->spot, stencil->n};
    if (!is_of_rgb(profile))
        return true;
    if (!out->ink.rgb)
        return is_black_or_white(out->paint.rgb) ||
               m->pixels->to_profile(profile, out->paint.rgb, 1, err);
    size_t n = (size_t)out->ink.text.width * out->ink.text.height;
    out->rgb = malloc(3 * n);
    if (!out->rgb)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a mark");
    memcpy(out->rgb, out->ink.rgb, 3 * n);
    out->ink.rgb = out->rgb;
    return m->pixels->to_profile(profile, out->rgb, n, err);
}

void imp_marker_unmatch(struct imp_matched *matched)
{
    free(matched->rgb);
}

static struct imp_mark_report report_of(const struct imp_stencil *stencil,
                                        const char *route)
{
    return (struct imp_mark_report){stencil->area, route};
}

bool imp_marker_check_size(const struct imp_marker *m,
                           const struct imp_look *look, struct imp_err *err)
{
    uint64_t pixels = (uint64_t)look->width * look->height;
    if (imp_mul_u64(pixels, look->pages, &pixels) &&
        pixels <= m->spec.max_pixels)
        return true;
    return imp_fail(
        err, IMP_ERR_LIMIT, "%u x %u pixels, %u times, want at most %ju in all",
        look->width, look->height, look->pages, (uintmax_t)m->spec.max_pixels);
}

// --- JPEG while it is cleaned ---

// What the output's EXIF will say: a viewer turns the picture by it.
static unsigned orientation_of(struct imp_span in,
                               const struct imp_cutlist *cuts)
{
    for (size_t i = 0; i < cuts->n; i++) {
        const struct imp_cut *c = &cuts->cut[i];
        if (c->part == IMP_PART_CODED) // viewers look no further
            break;
        if (c->part != IMP_PART_EXIF || c->kind == IMP_CUT_DROP ||
            c->length < IMP_JPEG_EXIF_HEAD)
            continue;
        const uint8_t *p =
            c->kind == IMP_CUT_INSERT ? c->bytes : in.p + c->offset;
        return imp_orientation_read((struct imp_span){
            p + IMP_JPEG_EXIF_HEAD, (size_t)c->length - IMP_JPEG_EXIF_HEAD});
    }
    return 1;
}

static enum imp_spliced_mark splice(struct imp_pen *pen, struct imp_span in,
                                    const struct imp_cutlist *cuts,
                                    const struct imp_jpeg_map *map,
                                    const struct imp_matched *matched,
                                    struct imp_buf *out, struct imp_err *err)
{
    const struct imp_jpeg_kind kind = imp_jpeg_kind_of(map);
    struct imp_jpeg_ink ink;
    imp_jpeg_ink_init(&ink, &kind, matched->where, &matched->paint);
    enum imp_spliced r =
        imp_splice(&pen->splicer, in, cuts, map, &ink, &pen->cuts, err);
    if (r == IMP_SPLICE_NO_CODE)
        return IMP_MARK_NOT_SPLICED;
    bool ok = r == IMP_SPLICED && imp_jpeg_ink_shows(&ink, err) &&
              imp_cutlist_apply(&pen->cuts, in, out, err);
    return ok ? IMP_MARK_SPLICED : IMP_MARK_FAILED;
}

enum imp_spliced_mark
imp_marker_splice(struct imp_marker *m, struct imp_pen *pen, struct imp_span in,
                  const struct imp_cutlist *cuts,
                  const struct imp_jpeg_map *map,
                  const struct imp_mark_input *input, struct imp_buf *out,
                  struct imp_mark_report *report, struct imp_err *err)
{
    if (!map->frame || map->colour == IMP_JPEG_OTHER)
        return IMP_MARK_NOT_SPLICED;
    const struct imp_look look = {.width = map->frame->width,
                                  .height = map->frame->height,
                                  .pages = 1,
                                  .orientation = orientation_of(in, cuts)};
    const struct imp_stencil *stencil = NULL;
    if (imp_marker_text(m, &input->values, &pen->text, err) &&
        imp_marker_check_size(m, &look, err))
        stencil = imp_marker_stencil(m, &pen->text, &look, err);
    enum imp_spliced_mark r = IMP_MARK_FAILED;
    if (stencil) {
        struct imp_matched matched;
        if (imp_marker_match(m, input->profile, stencil, &matched, err))
            r = splice(pen, in, cuts, map, &matched, out, err);
        imp_marker_unmatch(&matched);
        *report = report_of(stencil, "splice");
        imp_stencils_put(m->stencils, stencil);
    }
    if (r == IMP_MARK_FAILED)
        imp_wrap(err, "mark");
    return r;
}

// --- A whole file ---

bool imp_marker_apply(struct imp_marker *m, const char *format,
                      struct imp_span image, const struct imp_mark_input *input,
                      struct imp_buf *out, struct imp_mark_report *report,
                      struct imp_err *err)
{
    struct imp_buf text = {0};
    const struct imp_stencil *stencil = NULL;
    struct imp_look look;

    out->n = 0;
    const struct imp_carrier *carrier = imp_carrier_of(format);
    if (!carrier)
        return imp_fail(err, IMP_ERR_UNSUPPORTED, "mark: %s cannot be marked",
                        format);
    if (imp_marker_text(m, &input->values, &text, err) &&
        carrier->look(image, &look, err) &&
        imp_marker_check_size(m, &look, err))
        stencil = imp_marker_stencil(m, &text, &look, err);
    bool ok = false;
    if (stencil) {
        struct imp_matched matched;
        ok = imp_marker_match(m, input->profile, stencil, &matched, err);
        const struct imp_drawing d = {matched.where, matched.paint, m->pixels};
        ok = ok && carrier->draw(&d, image, &look, out, err);
        imp_marker_unmatch(&matched);
        *report = report_of(stencil, carrier->route);
        if (carrier->area_as_shown)
            report->area = imp_layout_show(
                &report->area, (struct imp_size){look.width, look.height},
                look.orientation);
        imp_stencils_put(m->stencils, stencil);
    }
    if (!ok)
        imp_wrap(err, "mark");
    imp_buf_clear(&text);
    return ok;
}
