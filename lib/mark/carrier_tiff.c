// TIFF (Revision 6.0): each page is drawn on by itself and coded anew, without
// loss; then the pages are joined to one file.
#include "mark/tiff_kind.h"
#include "mark/tiff_pages.h"

#define MAX_PAGES 10000
// Pages whose sides differ by no more than this part of them are alike.
#define ALIKE 8

struct extent {
    uint32_t width, height; // of the widest page, and of the highest
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

// A mark has one place in all pages, which is what can be proven of it: where
// it lies on a picture that is as wide and as high as the least wide and the
// least high of them. Scans differ by a little; with pages that differ by more
// that would be the wrong place, and size, for one.
static bool add_to_look(const struct imp_tiff_kind *p, struct imp_look *out,
                        struct extent *r, struct imp_err *err)
{
    uint32_t width = p->shape.width, height = p->shape.height;
    if (out->pages++ == 0) {
        *out = (struct imp_look){.width = width,
                                 .height = height,
                                 .pages = 1,
                                 .orientation = p->orientation};
        *r = (struct extent){width, height};
        return true;
    }
    out->width = least(out->width, width);
    out->height = least(out->height, height);
    r->width = most(r->width, width);
    r->height = most(r->height, height);
    if (r->width - out->width > out->width / ALIKE ||
        r->height - out->height > out->height / ALIKE)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, p->ifd.at,
                           "TIFF with pages from %u x %u to %u x %u pixels "
                           "cannot be marked",
                           out->width, out->height, r->width, r->height);
    return out->orientation == p->orientation ||
           imp_fail_at(err, IMP_ERR_UNSUPPORTED, p->ifd.at,
                       "TIFF with pages of Orientation %u and %u cannot be "
                       "marked",
                       out->orientation, p->orientation);
}

// The size of a picture is for the caller to limit.
static bool begin(struct imp_tiff *t, struct imp_span file,
                  struct imp_job_image *img, struct imp_cutlist *memory,
                  struct imp_err *err)
{
    bool ok = imp_tiff_begin(t, file, memory, err);
    *img = (struct imp_job_image){.limits = {.max_pixels = UINT64_MAX}};
    t->img = img;
    t->pixels_left = UINT64_MAX;
    return ok;
}

static bool look_at_pages(struct imp_tiff *t, struct imp_look *out,
                          struct imp_err *err)
{
    struct imp_tiff_kind p;
    struct extent largest = {0};
    for (uint64_t at = t->first_ifd; at; at = p.ifd.next) {
        if (out->pages == MAX_PAGES)
            return imp_fail(err, IMP_ERR_LIMIT, "TIFF of more than %d pages",
                            MAX_PAGES);
        if (!imp_tiff_kind_read(t, at, &p, err) ||
            !add_to_look(&p, out, &largest, err))
            return false;
    }
    return out->pages > 0 ||
           imp_fail(err, IMP_ERR_DAMAGED, "TIFF without a page");
}

static bool look(struct imp_span file, struct imp_look *out,
                 struct imp_err *err)
{
    struct imp_cutlist memory = {0};
    struct imp_job_image img;
    struct imp_tiff t;
    *out = (struct imp_look){0};
    bool ok =
        begin(&t, file, &img, &memory, err) && look_at_pages(&t, out, err);
    imp_tiff_end(&t);
    return ok;
}

// --- Drawing ---

// Make `file`, a copy of what `t` reads, one of this page alone, so that the
// decoder need not go past all before it. It would divide colours by their
// alpha, and lose some: it is told that they are not multiplied.
static void show_only(const struct imp_tiff *t, const struct imp_tiff_kind *p,
                      uint8_t *file)
{
    const struct imp_tiff_ifd *ifd = &p->ifd;
    const struct imp_tiff_entry *e = imp_tiff_find(ifd, IMP_TIFF_EXTRA_SAMPLES);
    uint8_t *first = file + t->header / 2;
    uint8_t *next = file + ifd->at + ifd->size - (t->big ? 8 : 4);
    if (t->big)
        imp_tiff_put64(t, first, ifd->at);
    else
        imp_tiff_put32(t, first, (uint32_t)ifd->at);
    if (ifd->next && t->big)
        imp_tiff_put64(t, next, 0);
    else if (ifd->next)
        imp_tiff_put32(t, next, 0);
    if (e && p->extra == IMP_TIFF_ASSOCIATED)
        imp_tiff_put16(t, file + e->value, IMP_TIFF_UNASSOCIATED);
}

// `coded`: the pages, each a whole file; `starts`: where each begins.
static bool draw_pages(const struct imp_drawing *d, struct imp_tiff *t,
                       struct imp_buf *shown, struct imp_buf *coded,
                       struct imp_buf *starts, struct imp_err *err)
{
    struct imp_tiff_kind p;
    for (uint64_t at = t->first_ifd; at; at = p.ifd.next) {
        if (!imp_tiff_kind_read(t, at, &p, err))
            return false;
        struct imp_look one = {
            .width = p.shape.width, .height = p.shape.height, .pages = 1};
        imp_tiff_kind_coding(t, &p, &one.coding);
        show_only(t, &p, shown->p);
        if (!imp_buf_add(starts, &coded->n, sizeof coded->n, err) ||
            !imp_draw_decoded(d, "tiff", imp_buf_span(shown), &one, coded, err))
            return false;
    }
    return true;
}

static bool draw(const struct imp_drawing *d, struct imp_span file,
                 const struct imp_look *seen, struct imp_buf *out,
                 struct imp_err *err)
{
    struct imp_buf shown = {0}, coded = {0}, starts = {0};
    struct imp_cutlist memory = {0};
    struct imp_job_image img;
    struct imp_tiff t;
    (void)seen; // each page is looked at again, for how it is coded
    bool ok = begin(&t, file, &img, &memory, err) &&
              imp_buf_add(&shown, file.p, file.n, err) &&
              draw_pages(d, &t, &shown, &coded, &starts, err) &&
              imp_tiff_join(file, imp_buf_span(&coded), imp_buf_span(&starts),
                            out, err);
    imp_tiff_end(&t);
    imp_buf_clear(&shown);
    imp_buf_clear(&coded);
    imp_buf_clear(&starts);
    return ok;
}

const struct imp_carrier imp_carrier_tiff = {
    .format = "tiff",
    .route = "pixels",
    .look = look,
    .draw = draw,
};
