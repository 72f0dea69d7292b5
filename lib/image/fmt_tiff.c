#include "image/tiff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PAGES 65535 // as readers have it
#define MAX_SUB_IFDS 1024

// What a file may ask of us, by its size: directories and coded data can be
// shared, so that a small file holds many large pages.
#define SHARING 4
#define SLACK 65536
#define PIXELS_PER_BYTE 4096 // more than a blank page of a fax has

// Section 8, NewSubfileType.
static bool is_reduced(const struct imp_tiff *t, const struct imp_tiff_ifd *ifd)
{
    return imp_tiff_number_of(t, ifd, IMP_TIFF_SUBFILE_TYPE, 0) & 1;
}

static struct imp_tiff_page *add_page(struct imp_tiff *t,
                                      const struct imp_tiff_ifd *ifd,
                                      bool is_sub, struct imp_err *err)
{
    if (t->n_pages == t->pages_cap) {
        size_t cap = t->pages_cap ? t->pages_cap * 2 : 16;
        struct imp_tiff_page **grown = realloc(t->page, cap * sizeof *grown);
        if (!grown) {
            imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu pages", cap);
            return NULL;
        }
        t->page = grown;
        t->pages_cap = cap;
    }
    // Besides the input's fields: kind, the places of its pieces, rows,
    // SubIFDs.
    size_t cap = ifd->n + 5;
    struct imp_tiff_page *page = imp_cutlist_alloc(t->cl, sizeof *page);
    struct imp_tiff_field *field =
        imp_cutlist_alloc(t->cl, cap * sizeof *field);
    if (!page || !field) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for a page");
        return NULL;
    }
    *page = (struct imp_tiff_page){
        .name = ifd->name, .is_sub = is_sub, .field = field, .cap = cap};
    t->page[t->n_pages++] = page;
    return page;
}

static struct imp_tiff_page *take_picture(struct imp_tiff *t,
                                          const struct imp_tiff_ifd *ifd,
                                          bool is_sub, struct imp_err *err)
{
    struct imp_tiff_shape shape;
    if (!imp_tiff_read_shape(t, ifd, &shape, err))
        return NULL;
    if (t->n_pages == 0) {
        t->img->width = shape.width;
        t->img->height = shape.height;
    }
    struct imp_tiff_page *page = add_page(t, ifd, is_sub, err);
    if (!page || !imp_tiff_take_pieces(t, ifd, &shape, page, err) ||
        !imp_tiff_take_tags(t, ifd, &shape, page, err))
        return NULL;
    return page;
}

// A smaller copy of the picture goes, another picture stays (Technical Note 1).
static bool take_sub_ifd(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                         struct imp_tiff_page *parent, struct imp_err *err)
{
    if (is_reduced(t, ifd) || !imp_tiff_has_picture(ifd))
        return imp_tiff_drop_ifd(t, ifd, IMP_PART_THUMBNAIL, "a preview", err);
    if (ifd->next || imp_tiff_find(ifd, IMP_TIFF_SUB_IFDS))
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, ifd->at,
                           "%s: more pictures behind or below it", ifd->name);
    parent->n_subs++;
    return take_picture(t, ifd, true, err) != NULL;
}

// A directory of the main chain. Every picture there is a page, reduced ones
// too: slides and maps keep their levels so.
static bool take_page(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                      struct imp_err *err)
{
    if (!imp_tiff_has_picture(ifd))
        return imp_tiff_drop_ifd(t, ifd, IMP_PART_THUMBNAIL,
                                 imp_tiff_find(ifd, IMP_TIFF_JPEG_OFFSET)
                                     ? "a preview"
                                     : "without a picture",
                                 err);
    struct imp_tiff_page *page = take_picture(t, ifd, false, err);
    for (size_t i = 0; page && i < ifd->n_subs; i++)
        if (!take_sub_ifd(t, &ifd->sub[i], page, err))
            return false;
    return page != NULL;
}

// --- Reading all directories, before anything is taken ---

static bool read_sub_ifds(struct imp_tiff *t, struct imp_tiff_ifd *of,
                          struct imp_err *err)
{
    const struct imp_tiff_entry *e = imp_tiff_find(of, IMP_TIFF_SUB_IFDS);
    if (!e)
        return true;
    if (e->count > MAX_SUB_IFDS)
        return imp_fail_at(err, IMP_ERR_LIMIT, e->at,
                           "%s: %ju SubIFDs, want at most %d", of->name,
                           (uintmax_t)e->count, MAX_SUB_IFDS);
    of->sub = imp_cutlist_alloc(t->cl, (e->count + 1) * sizeof *of->sub);
    if (!of->sub)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for SubIFDs");
    for (uint64_t i = 0; i < e->count; i++) {
        struct imp_tiff_ifd *ifd = &of->sub[of->n_subs];
        if (!imp_tiff_number(t, e, i, &ifd->at))
            return imp_fail_at(err, IMP_ERR_DAMAGED, e->at,
                               "%s: SubIFDs have no type that fits", of->name);
        ifd->name =
            imp_cutlist_name(t->cl, "%s, SubIFD %ju", of->name, (uintmax_t)i);
        if (!imp_tiff_read_ifd(t, ifd, err) ||
            !imp_tiff_check_kind(t, ifd, err))
            return false;
        of->n_subs++;
    }
    return true;
}

static int by_value(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

// The offsets of the main chain's directories, in its order; they live with the
// cut list. NULL if they form a loop: found once they are sorted.
static uint64_t *read_chain(struct imp_tiff *t, struct imp_err *err)
{
    char name[32];
    struct imp_tiff_ifd ifd = {.at = t->first_ifd, .name = name};
    struct imp_buf list = {0}, sorted = {0};
    uint64_t *chain = NULL;
    for (; ifd.at; ifd.at = ifd.next) {
        snprintf(name, sizeof name, "IFD %zu", t->n_chain);
        if (!imp_tiff_measure_ifd(t, &ifd, err) ||
            !imp_buf_add(&list, &ifd.at, sizeof ifd.at, err))
            goto out;
        if (++t->n_chain > MAX_PAGES)
            break;
    }
    if (t->n_chain == 0) {
        imp_fail_at(err, IMP_ERR_DAMAGED, t->header / 2, "no directory");
        goto out;
    }
    if (!imp_buf_add(&sorted, list.p, list.n, err))
        goto out;
    qsort(sorted.p, t->n_chain, sizeof(uint64_t), by_value);
    const uint64_t *at = (const uint64_t *)(const void *)sorted.p;
    for (size_t i = 1; i < t->n_chain; i++)
        if (at[i] == at[i - 1]) {
            imp_fail_at(err, IMP_ERR_DAMAGED, at[i],
                        "the chain of directories loops");
            goto out;
        }
    if (t->n_chain > MAX_PAGES) {
        imp_fail(err, IMP_ERR_LIMIT, "more than %d directories", MAX_PAGES);
        goto out;
    }
    chain = imp_cutlist_alloc(t->cl, list.n + 1);
    if (chain)
        memcpy(chain, list.p, list.n);
    else
        imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu offsets", t->n_chain);
out:
    imp_buf_clear(&list);
    imp_buf_clear(&sorted);
    return chain;
}

static struct imp_tiff_ifd *read_all(struct imp_tiff *t, struct imp_err *err)
{
    uint64_t *chain = read_chain(t, err);
    if (!chain)
        return NULL;
    struct imp_tiff_ifd *ifd =
        imp_cutlist_alloc(t->cl, t->n_chain * sizeof *ifd);
    if (!ifd) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for directories");
        return NULL;
    }
    for (size_t i = 0; i < t->n_chain; i++) {
        ifd[i] = (struct imp_tiff_ifd){
            .at = chain[i], .name = imp_cutlist_name(t->cl, "IFD %zu", i)};
        if (!imp_tiff_read_ifd(t, &ifd[i], err) ||
            !imp_tiff_check_kind(t, &ifd[i], err) ||
            !read_sub_ifds(t, &ifd[i], err))
            return NULL;
    }
    return ifd;
}

static bool walk(struct imp_tiff *t, struct imp_err *err)
{
    const struct imp_tiff_ifd *ifd = read_all(t, err);
    if (!ifd || !imp_tiff_check_front(t, ifd, err))
        return false;
    for (size_t i = 0; i < t->n_chain; i++)
        t->n_shown += imp_tiff_has_picture(&ifd[i]);
    for (size_t i = 0; i < t->n_chain; i++)
        if (!take_page(t, &ifd[i], err))
            return false;
    if (t->n_pages == 0)
        return imp_fail_at(err, IMP_ERR_DAMAGED, t->first_ifd, "no picture");
    return imp_tiff_write(t, err);
}

static bool cut(struct imp_span in, struct imp_job_image *img,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct imp_tiff t = {.in = in, .img = img, .cl = cl};
    if (!imp_tiff_sniff(in))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no TIFF header");
    t.tables_left = t.coded_left = (uint64_t)in.n * SHARING + SLACK;
    if (!imp_mul_u64(img->limits.max_pixels, SHARING, &t.pixels_left) ||
        !imp_add_u64(t.pixels_left, (uint64_t)in.n * PIXELS_PER_BYTE,
                     &t.pixels_left))
        t.pixels_left = UINT64_MAX;
    imp_regions_start(&t.regions, in.n);
    bool ok = imp_tiff_check_header(in, err) && imp_tiff_read_header(&t, err) &&
              walk(&t, err);
    imp_tiff_coder_free(t.coder);
    imp_cutlist_clear(&t.part);
    imp_regions_clear(&t.regions);
    free(t.page);
    return ok;
}

const struct imp_format imp_format_tiff = {
    .name = "tiff", .ext = "tif", .sniff = imp_tiff_sniff, .cut = cut};
