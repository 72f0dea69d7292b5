#include "image/tiff.h"

#include <stdlib.h>
#include <string.h>

bool imp_tiff_sniff(struct imp_span in)
{
    // Section 2; BigTIFF; Olympus ORF; Panasonic RW2; DNG camera profiles.
    static const char magic[][5] = {"II*\0", "MM\0*", "II+\0", "MM\0+", "IIRO",
                                    "IIRS",  "MMOR",  "IIU\0", "IIRC"};
    for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
        if (imp_span_starts(in, magic[i], 4))
            return true;
    return false;
}

uint16_t imp_tiff_u16(const struct imp_tiff *t, const uint8_t *p)
{
    return t->little ? imp_le16(p) : imp_be16(p);
}

uint32_t imp_tiff_u32(const struct imp_tiff *t, const uint8_t *p)
{
    return t->little ? imp_le32(p) : imp_be32(p);
}

uint64_t imp_tiff_u64(const struct imp_tiff *t, const uint8_t *p)
{
    return t->little ? imp_le64(p) : imp_be64(p);
}

void imp_tiff_put16(const struct imp_tiff *t, uint8_t *p, uint16_t v)
{
    if (t->little)
        imp_put_le16(p, v);
    else
        imp_put_be16(p, v);
}

void imp_tiff_put32(const struct imp_tiff *t, uint8_t *p, uint32_t v)
{
    if (t->little)
        imp_put_le32(p, v);
    else
        imp_put_be32(p, v);
}

void imp_tiff_put64(const struct imp_tiff *t, uint8_t *p, uint64_t v)
{
    if (t->little)
        imp_put_le64(p, v);
    else
        imp_put_be64(p, v);
}

// An offset or a count, of the width that the kind of file has.
static uint64_t wide(const struct imp_tiff *t, const uint8_t *p)
{
    return t->big ? imp_tiff_u64(t, p) : imp_tiff_u32(t, p);
}

bool imp_tiff_read_header(struct imp_tiff *t, struct imp_err *err)
{
    t->little = imp_span_starts(t->in, "II", 2);
    t->big =
        imp_span_starts(t->in, "II+", 3) || imp_span_starts(t->in, "MM\0+", 4);
    t->header = t->big ? 16 : 8;
    if (t->in.n < t->header)
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0,
                           "header: want %ju bytes, have %zu",
                           (uintmax_t)t->header, t->in.n);
    if (t->big && (imp_tiff_u16(t, t->in.p + 4) != 8 ||
                   imp_tiff_u16(t, t->in.p + 6) != 0))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 4,
                           "header: offsets of %u bytes, want 8",
                           imp_tiff_u16(t, t->in.p + 4));
    t->first_ifd = wide(t, t->in.p + t->header / 2);
    return true;
}

bool imp_tiff_begin(struct imp_tiff *t, struct imp_span file,
                    struct imp_cutlist *memory, struct imp_err *err)
{
    *t = (struct imp_tiff){.in = file, .cl = memory, .tables_left = file.n};
    imp_regions_start(&t->regions, file.n);
    imp_cutlist_start(memory, file.n);
    if (!imp_tiff_sniff(file))
        return imp_fail_at(err, IMP_ERR_DAMAGED, 0, "no TIFF header");
    return imp_tiff_read_header(t, err);
}

void imp_tiff_end(struct imp_tiff *t)
{
    imp_regions_clear(&t->regions);
    imp_cutlist_clear(t->cl);
}

size_t imp_tiff_type_size(uint16_t type)
{
    static const uint8_t size[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                   8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < sizeof size ? size[type] : 0;
}

bool imp_tiff_measure_ifd(const struct imp_tiff *t, struct imp_tiff_ifd *ifd,
                          struct imp_err *err)
{
    const size_t head = t->big ? 8 : 2, tail = t->big ? 8 : 4;
    const size_t entry = t->big ? 20 : 12;
    struct imp_span part;
    if (ifd->at < t->header || !imp_span_sub(t->in, ifd->at, head, &part))
        return imp_fail_at(err, IMP_ERR_DAMAGED, ifd->at,
                           "%s: offset %ju, want %ju to %zu", ifd->name,
                           (uintmax_t)ifd->at, (uintmax_t)t->header, t->in.n);
    uint64_t n = t->big ? imp_tiff_u64(t, part.p) : imp_tiff_u16(t, part.p);
    uint64_t room = (t->in.n - ifd->at - head) / entry;
    if (n > room || n > UINT16_MAX)
        return imp_fail_at(err, IMP_ERR_DAMAGED, ifd->at,
                           "%s at %ju: %ju entries, have room for %ju",
                           ifd->name, (uintmax_t)ifd->at, (uintmax_t)n,
                           (uintmax_t)room);
    ifd->n = n;
    ifd->size = head + n * entry;
    // A file that ends right behind the entries has no next directory: libtiff.
    ifd->next = 0;
    if (imp_span_sub(t->in, ifd->at + ifd->size, tail, &part)) {
        ifd->next = wide(t, part.p);
        ifd->size += tail;
    }
    return true;
}

static struct imp_tiff_entry entry_at(const struct imp_tiff *t, uint64_t at)
{
    const uint8_t *p = t->in.p + at;
    const uint64_t inline_bytes = t->big ? 8 : 4;
    struct imp_tiff_entry e = {.tag = imp_tiff_u16(t, p),
                               .type = imp_tiff_u16(t, p + 2),
                               .count = wide(t, p + 4),
                               .at = at,
                               .value = at + 4 + inline_bytes};
    uint64_t n;
    size_t size = imp_tiff_type_size(e.type);
    if (size == 0 || !imp_mul_u64(e.count, size, &n))
        return e;
    if (n > inline_bytes) {
        e.out_of_line = true;
        e.value = wide(t, t->in.p + e.value);
    }
    if (e.value <= t->in.n && n <= t->in.n - e.value)
        e.bytes = (struct imp_span){t->in.p + e.value, n};
    return e;
}

static int by_tag(const void *left, const void *right)
{
    const struct imp_tiff_entry *a = left, *b = right;
    if (a->tag != b->tag)
        return a->tag < b->tag ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

// Section 2 wants tags sorted and each once. Readers take them in any order,
// and the first of a tag.
static size_t sort_entries(struct imp_tiff_entry *entry, size_t n)
{
    size_t kept = 0;
    if (n)
        qsort(entry, n, sizeof *entry, by_tag);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || entry[kept - 1].tag != entry[i].tag)
            entry[kept++] = entry[i];
    return kept;
}

bool imp_tiff_read_ifd(struct imp_tiff *t, struct imp_tiff_ifd *ifd,
                       struct imp_err *err)
{
    if (!imp_tiff_measure_ifd(t, ifd, err))
        return false;
    if (ifd->size > t->tables_left)
        return imp_fail_at(err, IMP_ERR_LIMIT, ifd->at,
                           "%s at %ju: directories overlap", ifd->name,
                           (uintmax_t)ifd->at);
    t->tables_left -= ifd->size;
    ifd->entry = imp_cutlist_alloc(t->cl, (ifd->n + 1) * sizeof *ifd->entry);
    if (!ifd->entry)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu entries",
                        ifd->n);
    uint64_t at = ifd->at + (t->big ? 8 : 2);
    for (size_t i = 0; i < ifd->n; i++)
        ifd->entry[i] = entry_at(t, at + i * (t->big ? 20 : 12));
    ifd->n = sort_entries(ifd->entry, ifd->n);
    return imp_regions_label(&t->regions, ifd->at, ifd->size,
                             IMP_PART_STRUCTURE, ifd->name, err);
}

const struct imp_tiff_entry *imp_tiff_find(const struct imp_tiff_ifd *ifd,
                                           uint16_t tag)
{
    size_t low = 0, high = ifd->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (ifd->entry[mid].tag == tag)
            return &ifd->entry[mid];
        if (ifd->entry[mid].tag < tag)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

bool imp_tiff_has_picture(const struct imp_tiff_ifd *ifd)
{
    return imp_tiff_find(ifd, IMP_TIFF_WIDTH) ||
           imp_tiff_find(ifd, IMP_TIFF_STRIP_OFFSETS) ||
           imp_tiff_find(ifd, IMP_TIFF_TILE_OFFSETS);
}

bool imp_tiff_number(const struct imp_tiff *t, const struct imp_tiff_entry *e,
                     uint64_t i, uint64_t *out)
{
    if (i >= e->count || !e->bytes.p)
        return false;
    const uint8_t *p = e->bytes.p + i * imp_tiff_type_size(e->type);
    switch (e->type) {
    case IMP_TIFF_BYTE:
        *out = *p;
        return true;
    case IMP_TIFF_SHORT:
        *out = imp_tiff_u16(t, p);
        return true;
    case IMP_TIFF_LONG:
    case IMP_TIFF_IFD:
        *out = imp_tiff_u32(t, p);
        return true;
    case IMP_TIFF_LONG8:
    case IMP_TIFF_IFD8:
        *out = imp_tiff_u64(t, p);
        return true;
    default:
        return false;
    }
}

uint64_t imp_tiff_number_of(const struct imp_tiff *t,
                            const struct imp_tiff_ifd *ifd, uint16_t tag,
                            uint64_t otherwise)
{
    uint64_t v;
    const struct imp_tiff_entry *e = imp_tiff_find(ifd, tag);
    return e && imp_tiff_number(t, e, 0, &v) ? v : otherwise;
}
