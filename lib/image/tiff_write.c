#include "image/tiff.h"

#include <stdlib.h>

// Directories being written: what is structure is gathered, so that it is one
// insert; what is picture or profile is inserted under its own name.
struct writer {
    struct imp_tiff *t;
    uint64_t at; // in the output
    struct imp_buf buf;
    struct imp_err *err;
    bool ok;
};

static uint64_t aligned(const struct imp_tiff *t, uint64_t at)
{
    uint64_t word = t->big ? 8 : 2; // section 2: on a word boundary; BigTIFF: 8
    return (at + word - 1) / word * word;
}

static size_t inline_bytes(const struct imp_tiff *t)
{
    return t->big ? 8 : 4;
}

static uint64_t bytes_of(const struct imp_tiff_field *f)
{
    return f->count * imp_tiff_type_size(f->type);
}

static int by_tag(const void *left, const void *right)
{
    const struct imp_tiff_field *a = left, *b = right;
    return a->tag < b->tag ? -1 : a->tag > b->tag;
}

// --- Layout ---

static uint64_t place_page(const struct imp_tiff *t, struct imp_tiff_page *page,
                           uint64_t at)
{
    if (page->n_subs)
        imp_tiff_add_field(page,
                           (struct imp_tiff_field){
                               .tag = IMP_TIFF_SUB_IFDS,
                               .type = t->big ? IMP_TIFF_IFD8 : IMP_TIFF_IFD,
                               .count = page->n_subs,
                               .part = IMP_PART_STRUCTURE,
                               .what = page->name});
    qsort(page->field, page->n, sizeof *page->field, by_tag);
    page->at = aligned(t, at);
    page->values = page->at + (t->big ? 16 + 20 * page->n : 6 + 12 * page->n);
    at = page->values;
    for (size_t i = 0; i < page->n; i++)
        if (bytes_of(&page->field[i]) > inline_bytes(t))
            at = aligned(t, at) + bytes_of(&page->field[i]);
    return at;
}

static bool place_pages(struct imp_tiff *t, struct imp_err *err)
{
    uint64_t at = t->header + t->regions.total;
    for (size_t i = 0; i < t->n_pages; i++)
        at = place_page(t, t->page[i], at);
    if (!t->big && at > UINT32_MAX)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "output of %ju bytes, more than offsets can tell",
                        (uintmax_t)at);
    return true;
}

static uint64_t next_in_chain(const struct imp_tiff *t, size_t i)
{
    if (t->page[i]->is_sub)
        return 0;
    for (i++; i < t->n_pages; i++)
        if (!t->page[i]->is_sub)
            return t->page[i]->at;
    return 0;
}

// --- Bytes ---

static void add(struct writer *w, const void *bytes, size_t n)
{
    w->ok = w->ok && imp_buf_add(&w->buf, bytes, n, w->err);
    w->at += n;
}

static void add16(struct writer *w, uint16_t v)
{
    uint8_t p[2];
    imp_tiff_put16(w->t, p, v);
    add(w, p, sizeof p);
}

// A number of the width that offsets have in this kind of file.
static void add_wide(struct writer *w, uint64_t v)
{
    uint8_t p[8];
    if (w->t->big)
        imp_tiff_put64(w->t, p, v);
    else
        imp_tiff_put32(w->t, p, (uint32_t)v);
    add(w, p, inline_bytes(w->t));
}

static void pad_to(struct writer *w, uint64_t at)
{
    static const uint8_t zeros[8];
    while (w->at < at)
        add(w, zeros, at - w->at < sizeof zeros ? at - w->at : sizeof zeros);
}

static void flush(struct writer *w, const char *what)
{
    if (w->ok)
        imp_cut_insert(w->t->cl, w->buf.p, w->buf.n, IMP_PART_STRUCTURE, what);
    w->buf.n = 0;
}

static void add_places(struct writer *w, const struct imp_tiff_page *page,
                       bool want_offsets)
{
    for (uint64_t i = 0; i < page->n_pieces && w->ok; i++) {
        uint64_t length = page->length[i], at = 0;
        w->ok = imp_regions_translate(&w->t->regions, page->offset[i], &length,
                                      &at, w->err);
        add_wide(w, want_offsets ? w->t->header + at : length);
    }
}

static void add_value(struct writer *w, size_t page,
                      const struct imp_tiff_field *f)
{
    switch (f->tag) {
    case IMP_TIFF_STRIP_OFFSETS:
    case IMP_TIFF_TILE_OFFSETS:
        add_places(w, w->t->page[page], true);
        break;
    case IMP_TIFF_STRIP_BYTES:
    case IMP_TIFF_TILE_BYTES:
        add_places(w, w->t->page[page], false);
        break;
    case IMP_TIFF_SUB_IFDS:
        for (size_t i = 1; i <= f->count; i++)
            add_wide(w, w->t->page[page + i]->at);
        break;
    default:
        add(w, f->bytes.p, f->bytes.n);
    }
}

static void add_entry(struct writer *w, size_t page,
                      const struct imp_tiff_field *f, uint64_t *value_at)
{
    add16(w, f->tag);
    add16(w, f->type);
    add_wide(w, f->count);
    if (bytes_of(f) > inline_bytes(w->t)) {
        *value_at = aligned(w->t, *value_at);
        add_wide(w, *value_at);
        *value_at += bytes_of(f);
    } else {
        uint64_t end = w->at + inline_bytes(w->t);
        add_value(w, page, f);
        pad_to(w, end);
    }
}

static void write_page(struct writer *w, size_t i)
{
    const struct imp_tiff_page *page = w->t->page[i];
    uint64_t value_at = page->values;
    pad_to(w, page->at);
    if (w->t->big)
        add_wide(w, page->n);
    else
        add16(w, (uint16_t)page->n);
    for (size_t f = 0; f < page->n; f++)
        add_entry(w, i, &page->field[f], &value_at);
    add_wide(w, next_in_chain(w->t, i));
    for (size_t f = 0; f < page->n; f++) {
        const struct imp_tiff_field *field = &page->field[f];
        if (bytes_of(field) <= inline_bytes(w->t))
            continue;
        pad_to(w, aligned(w->t, w->at));
        if (field->part == IMP_PART_STRUCTURE) {
            add_value(w, i, field);
            continue;
        }
        flush(w, page->name);
        imp_cut_insert(w->t->cl, field->bytes.p, field->bytes.n, field->part,
                       field->what);
        w->at += field->bytes.n;
    }
    flush(w, page->name);
}

static void write_header(struct writer *w)
{
    add(w, w->t->in.p, w->t->header / 2); // byte order and kind stay
    add_wide(w, w->t->page[0]->at);
    imp_cut_drop(w->t->cl, 0, w->t->header, IMP_PART_STRUCTURE, "header");
    flush(w, "header");
}

bool imp_tiff_write(struct imp_tiff *t, struct imp_err *err)
{
    if (!imp_regions_lay(&t->regions, err) || !place_pages(t, err))
        return false;
    struct writer w = {.t = t, .err = err, .ok = true};
    write_header(&w);
    imp_regions_emit(&t->regions, t->cl, t->header, t->in.n, IMP_PART_UNKNOWN,
                     "bytes that no tag refers to");
    w.at += t->regions.total;
    for (size_t i = 0; i < t->n_pages && w.ok; i++)
        write_page(&w, i);
    imp_buf_clear(&w.buf);
    return w.ok;
}
