#include "mark/tiff_pages.h"

#include "image/tiff.h"

#include <stdlib.h>
#include <string.h>

// What tells how the samples are stored: the encoder's. The places of strips
// and tiles are told anew.
static const uint16_t structural[] = {
    IMP_TIFF_WIDTH,
    IMP_TIFF_LENGTH,
    IMP_TIFF_BITS_PER_SAMPLE,
    IMP_TIFF_COMPRESSION,
    IMP_TIFF_PHOTOMETRIC,
    IMP_TIFF_FILL_ORDER,
    IMP_TIFF_SAMPLES_PER_PIXEL,
    IMP_TIFF_ROWS_PER_STRIP,
    IMP_TIFF_PLANAR,
    IMP_TIFF_T6_OPTIONS,
    IMP_TIFF_PREDICTOR,
    IMP_TIFF_TILE_WIDTH,
    IMP_TIFF_TILE_LENGTH,
    IMP_TIFF_SAMPLE_FORMAT,
};

// What tells what they mean: the source's, all of which the cleaner lets pass.
// Where the encoder's samples are others than the source's, the carrier has
// seen to it that the tag is not there, or does not matter.
static const uint16_t descriptive[] = {
    IMP_TIFF_SUBFILE_TYPE,
    IMP_TIFF_ORIENTATION,
    IMP_TIFF_X_RESOLUTION,
    IMP_TIFF_Y_RESOLUTION,
    IMP_TIFF_RESOLUTION_UNIT,
    IMP_TIFF_PAGE_NUMBER,
    IMP_TIFF_TRANSFER_FUNCTION,
    IMP_TIFF_WHITE_POINT,
    IMP_TIFF_CHROMATICITIES,
    IMP_TIFF_EXTRA_SAMPLES,
    IMP_TIFF_ICC,
};

struct joint {
    struct imp_tiff source;
    struct imp_tiff all; // of all that is coded: what is written from
    struct imp_cutlist source_memory, cuts;
};

static bool no_memory(struct imp_err *err)
{
    return imp_fail(err, IMP_ERR_MEMORY, "no memory to join pages");
}

// Bytes that change their order as one: a fraction has two numbers.
static size_t unit_of(uint16_t type)
{
    return type == IMP_TIFF_RATIONAL ? 4 : imp_tiff_type_size(type);
}

// `e`'s value in the byte order of the output; NULL without memory.
static uint8_t *translate(struct joint *j, const struct imp_tiff_entry *e)
{
    const struct imp_tiff *from = &j->source, *to = &j->all;
    uint8_t *p = imp_cutlist_alloc(&j->cuts, e->bytes.n + 1);
    size_t unit = unit_of(e->type);
    if (!p)
        return NULL;
    memcpy(p, e->bytes.p, e->bytes.n);
    for (size_t i = 0; unit > 1 && i + unit <= e->bytes.n; i += unit) {
        if (unit == 2)
            imp_tiff_put16(to, p + i, imp_tiff_u16(from, e->bytes.p + i));
        else if (unit == 4)
            imp_tiff_put32(to, p + i, imp_tiff_u32(from, e->bytes.p + i));
        else
            imp_tiff_put64(to, p + i, imp_tiff_u64(from, e->bytes.p + i));
    }
    return p;
}

static void add_field(struct imp_tiff_page *page,
                      const struct imp_tiff_entry *e, const uint8_t *bytes)
{
    imp_tiff_add_field(page,
                       (struct imp_tiff_field){.tag = e->tag,
                                               .type = e->type,
                                               .count = e->count,
                                               .bytes = {bytes, e->bytes.n},
                                               .part = IMP_PART_STRUCTURE,
                                               .what = page->name});
}

static void add_structure(struct imp_tiff_page *page,
                          const struct imp_tiff_ifd *fresh)
{
    for (size_t i = 0; i < sizeof structural / sizeof *structural; i++) {
        const struct imp_tiff_entry *e = imp_tiff_find(fresh, structural[i]);
        if (e && e->bytes.p)
            add_field(page, e, e->bytes.p);
    }
}

static bool add_description(struct joint *j, struct imp_tiff_page *page,
                            const struct imp_tiff_ifd *old, uint16_t tag,
                            struct imp_err *err)
{
    const struct imp_tiff_entry *e = imp_tiff_find(old, tag);
    if (!e || !e->bytes.p)
        return true;
    const uint8_t *bytes = translate(j, e);
    if (!bytes)
        return no_memory(err);
    add_field(page, e, bytes);
    return true;
}

// Of YCbCr the encoder is given RGB, for which those numbers are not meant.
static bool keeps_reference(const struct joint *j,
                            const struct imp_tiff_ifd *old)
{
    return imp_tiff_number_of(&j->source, old, IMP_TIFF_PHOTOMETRIC, 0) ==
           IMP_TIFF_RGB;
}

static bool add_descriptions(struct joint *j, struct imp_tiff_page *page,
                             const struct imp_tiff_ifd *old,
                             struct imp_err *err)
{
    for (size_t i = 0; i < sizeof descriptive / sizeof *descriptive; i++)
        if (!add_description(j, page, old, descriptive[i], err))
            return false;
    return !keeps_reference(j, old) ||
           add_description(j, page, old, IMP_TIFF_REFERENCE_BLACK_WHITE, err);
}

// The strips or tiles of a coded file that begins at `start`.
static bool add_pieces(struct joint *j, struct imp_tiff_page *page,
                       const struct imp_tiff *file,
                       const struct imp_tiff_ifd *fresh, size_t start,
                       struct imp_err *err)
{
    bool tiled = imp_tiff_find(fresh, IMP_TIFF_TILE_OFFSETS) != NULL;
    uint16_t at = tiled ? IMP_TIFF_TILE_OFFSETS : IMP_TIFF_STRIP_OFFSETS;
    uint16_t bytes = tiled ? IMP_TIFF_TILE_BYTES : IMP_TIFF_STRIP_BYTES;
    const struct imp_tiff_entry *offsets = imp_tiff_find(fresh, at);
    const struct imp_tiff_entry *counts = imp_tiff_find(fresh, bytes);
    if (!offsets || !counts || offsets->count != counts->count ||
        !offsets->bytes.p)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "a page is coded without places of its pixels");
    page->n_pieces = offsets->count;
    size_t room = (size_t)page->n_pieces * sizeof *page->offset;
    page->offset = imp_cutlist_alloc(&j->cuts, room + 1);
    page->length = imp_cutlist_alloc(&j->cuts, room + 1);
    if (!page->offset || !page->length)
        return no_memory(err);
    for (uint64_t i = 0; i < page->n_pieces; i++) {
        uint64_t *offset = &page->offset[i], *length = &page->length[i];
        if (!imp_tiff_number(file, offsets, i, offset) ||
            !imp_tiff_number(file, counts, i, length) || *offset > file->in.n ||
            *length > file->in.n - *offset)
            return imp_fail(err, IMP_ERR_DAMAGED,
                            "piece %ju of a coded page is not in its file",
                            (uintmax_t)i);
        *offset += start;
        if (!imp_regions_claim(&j->all.regions, *offset, *length,
                               IMP_PART_CODED, page->name, err))
            return false;
    }
    struct imp_tiff_field field = {.type = j->all.big ? IMP_TIFF_LONG8
                                                      : IMP_TIFF_LONG,
                                   .count = page->n_pieces,
                                   .part = IMP_PART_STRUCTURE,
                                   .what = page->name};
    field.tag = at;
    imp_tiff_add_field(page, field);
    field.tag = bytes;
    imp_tiff_add_field(page, field);
    return true;
}

static struct imp_tiff_page *new_page(struct joint *j, size_t i)
{
    // Besides those of the tables: the places of pieces, ReferenceBlackWhite.
    size_t cap = sizeof structural / sizeof *structural +
                 sizeof descriptive / sizeof *descriptive + 3;
    struct imp_tiff_page *page = imp_cutlist_alloc(&j->cuts, sizeof *page);
    struct imp_tiff_field *field =
        imp_cutlist_alloc(&j->cuts, cap * sizeof *field);
    if (page && field)
        *page = (struct imp_tiff_page){
            .name = imp_cutlist_name(&j->cuts, "IFD %zu", i),
            .field = field,
            .cap = cap};
    return field ? page : NULL;
}

// The page that is all of the file in coded[start, end).
static bool add_page(struct joint *j, const struct imp_tiff_ifd *old,
                     size_t start, size_t end, struct imp_err *err)
{
    struct imp_cutlist memory = {0};
    struct imp_tiff file;
    struct imp_tiff_ifd fresh = {.name = "the coded page"};
    struct imp_span part = {j->all.in.p + start, end - start};
    struct imp_tiff_page *page = new_page(j, j->all.n_pages);
    if (!page)
        return no_memory(err);
    bool ok = imp_tiff_begin(&file, part, &memory, err);
    fresh.at = file.first_ifd;
    ok = ok && imp_tiff_read_ifd(&file, &fresh, err);
    if (ok && (file.little != j->all.little || file.big != j->all.big))
        ok = imp_fail(err, IMP_ERR_DAMAGED, "pages are coded in two ways");
    if (ok) {
        add_structure(page, &fresh);
        ok = add_descriptions(j, page, old, err) &&
             add_pieces(j, page, &file, &fresh, start, err);
    }
    imp_tiff_end(&file);
    j->all.page[j->all.n_pages++] = page;
    return ok;
}

static bool add_pages(struct joint *j, const size_t *start, size_t n,
                      struct imp_err *err)
{
    uint64_t at = j->source.first_ifd;
    for (size_t i = 0; i < n; i++) {
        struct imp_tiff_ifd old = {.at = at, .name = "IFD"};
        size_t end = i + 1 < n ? start[i + 1] : j->all.in.n;
        if (!imp_tiff_read_ifd(&j->source, &old, err) ||
            !add_page(j, &old, start[i], end, err))
            return false;
        at = old.next;
    }
    return true;
}

bool imp_tiff_join(struct imp_span source, struct imp_span coded,
                   struct imp_span starts, struct imp_buf *out,
                   struct imp_err *err)
{
    struct joint j = {0};
    size_t n = starts.n / sizeof(size_t);
    const size_t *start = (const size_t *)(const void *)starts.p;
    bool ok = imp_tiff_begin(&j.source, source, &j.source_memory, err);
    ok = imp_tiff_begin(&j.all, coded, &j.cuts, ok ? err : NULL) && ok;
    j.all.page = calloc(n + 1, sizeof(*j.all.page));
    if (ok && !j.all.page)
        ok = no_memory(err);
    ok = ok && add_pages(&j, start, n, err) && imp_tiff_write(&j.all, err) &&
         imp_cutlist_finish(&j.cuts, err) &&
         imp_cutlist_apply(&j.cuts, coded, out, err);
    free(j.all.page);
    imp_tiff_end(&j.source);
    imp_tiff_end(&j.all);
    return ok;
}
