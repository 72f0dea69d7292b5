// Which items stay: every image that a viewer may show, and what it is made of.
// ISO/IEC 23008-12 6.4 and 6.6.
#include "image/heif.h"

#include <string.h>

#define MAX_PARTS 1000

static bool is_type(const struct imp_heif_item *item, const char *type)
{
    return memcmp(item->type, type, 4) == 0;
}

static bool is_coded(const struct imp_heif_item *item)
{
    return is_type(item, "hvc1") || is_type(item, "av01");
}

static bool is_derived(const struct imp_heif_item *item)
{
    static const char *const types[] = {"grid", "iovl", "iden", "tmap"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (is_type(item, types[i]))
            return true;
    return false;
}

static bool refers(const struct imp_heif_ref *r, const char *type)
{
    return memcmp(r->type, type, 4) == 0;
}

static bool is_from(const struct imp_heif *h, const char *type, uint32_t id)
{
    for (size_t i = 0; i < h->n_refs; i++)
        if (h->ref[i].from == id && refers(&h->ref[i], type))
            return true;
    return false;
}

// A master image: neither a thumbnail nor beside another.
static bool is_master(const struct imp_heif *h,
                      const struct imp_heif_item *item)
{
    return (is_coded(item) || is_derived(item)) && !item->hidden &&
           !is_from(h, "thmb", item->id) && !is_from(h, "auxl", item->id);
}

static bool is_alpha(const struct imp_heif *h, const struct imp_heif_item *item)
{
    const struct imp_heif_prop *p = imp_heif_prop_of(h, item, "auxC");
    if (!p || p->box.body.n < 5)
        return false;
    struct imp_span name = {p->box.body.p + 4, p->box.body.n - 4};
    return imp_span_starts(name, "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
                           44) ||
           imp_span_starts(name, "urn:mpeg:hevc:2015:auxid:1", 27) ||
           imp_span_starts(name, "urn:mpeg:avc:2015:auxid:1", 26);
}

static bool keep(struct imp_heif_item *item, bool *more, struct imp_err *err)
{
    if (item->keep)
        return true;
    if (!is_coded(item) && !is_derived(item))
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "item %u, which the picture needs, is of type %.4s",
                        item->id, item->type);
    item->keep = true;
    *more = true;
    return true;
}

// What images that stay are derived from (dimg), and their alpha (auxl, prem).
static bool keep_needed(struct imp_heif *h, bool *more, struct imp_err *err)
{
    *more = false;
    for (size_t i = 0; i < h->n_refs; i++) {
        const struct imp_heif_ref *r = &h->ref[i];
        struct imp_heif_item *from = imp_heif_item(h, r->from);
        struct imp_heif_item *to = imp_heif_item(h, r->to);
        if (!from || !to)
            continue;
        if (refers(r, "dimg") && from->keep && !keep(to, more, err))
            return false;
        if (refers(r, "auxl") && to->keep && is_alpha(h, from) &&
            !keep(from, more, err))
            return false;
    }
    return true;
}

static bool select_images(struct imp_heif *h, struct imp_err *err)
{
    bool more;
    struct imp_heif_item *primary = imp_heif_item(h, h->primary);
    if (!primary)
        return imp_fail_at(err, IMP_ERR_DAMAGED, h->meta.at,
                           "no item %u, which is to be the primary one",
                           h->primary);
    if (!keep(primary, &more, err))
        return false;
    for (size_t i = 0; i < h->n_items; i++)
        if (is_master(h, &h->item[i]))
            h->item[i].keep = true;
    // Each round keeps at least one more, or is the last.
    do {
        if (!keep_needed(h, &more, err))
            return false;
    } while (more);
    return true;
}

// --- Their bytes ---

// From idat it moves to mdat, as all coded data.
static bool claim_coded(struct imp_heif *h, struct imp_heif_item *item,
                        struct imp_span data, struct imp_err *err)
{
    item->method = 0;
    item->offset = (uint64_t)(data.p - h->in.p);
    if (!imp_heif_cut_coded(h, item->type, imp_heif_prop_of(h, item, "hvcC"),
                            item->id, data, err))
        return false;
    if (h->part.output_len == 0)
        return imp_fail_at(err, IMP_ERR_DAMAGED, item->offset,
                           "item %u has no picture", item->id);
    return imp_regions_claim_cuts(&h->regions, item->offset, &h->part, err);
}

// 23008-12 6.6.2: how an image is put together; numbers, of a length that is
// known for grids.
static bool check_derived(const struct imp_heif_item *item,
                          struct imp_span data, struct imp_err *err)
{
    bool fits = true;
    if (is_type(item, "grid"))
        fits = data.n >= 8 && data.n == (data.p[1] & 1 ? 12u : 8u);
    else if (is_type(item, "iden"))
        fits = data.n == 0;
    else if (is_type(item, "iovl"))
        fits = data.n >= 2 && data.n <= 4096;
    else
        fits = data.n >= 1 && data.n <= 256;
    return fits || imp_fail(err, IMP_ERR_DAMAGED, "item %u: %zu bytes of %.4s",
                            item->id, data.n, item->type);
}

static bool take_bytes(struct imp_heif *h, struct imp_heif_item *item,
                       struct imp_err *err)
{
    struct imp_span data = {0};
    bool is_empty = is_type(item, "iden");
    if (item->fresh) // swapped
        return true;
    if (!is_empty && !imp_heif_item_bytes(h, item, &data))
        return imp_fail(
            err,
            item->elsewhere || item->method > 1 ? IMP_ERR_UNSUPPORTED
                                                : IMP_ERR_DAMAGED,
            "item %u: its %ju bytes at %ju are not in the file", item->id,
            (uintmax_t)item->length, (uintmax_t)item->offset);
    if (is_coded(item))
        return claim_coded(h, item, data, err);
    if (!check_derived(item, data, err))
        return false;
    item->fresh = true; // into idat, wherever it was
    item->data = data;
    return true;
}

// --- Metadata ---

static bool ask(struct imp_heif *h, const struct imp_heif_item *item,
                struct imp_part part, struct imp_verdict *v,
                struct imp_err *err)
{
    *v = (struct imp_verdict){0};
    part.offset = item->method == 0 ? item->offset : h->meta.at;
    part.length = item->length;
    if (++h->parts > MAX_PARTS)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "more than %d items that are no "
                        "image",
                        MAX_PARTS);
    return h->img->editor->decide(h->img->editor, &part, v, err);
}

// 23008-12 A.2.1: how far in front of the TIFF block, and that block.
static bool take_exif(struct imp_heif *h, struct imp_heif_item *item,
                      struct imp_span data, struct imp_err *err)
{
    struct imp_part part = {
        .kind = IMP_PART_EXIF, .name = "Exif item", .container_rules = true};
    struct imp_verdict v;
    if (data.n >= 4) {
        uint64_t skip = 4 + (uint64_t)imp_be32(data.p);
        if (skip <= data.n)
            part.payload =
                (struct imp_span){data.p + skip, data.n - (size_t)skip};
    }
    if (!ask(h, item, part, &v, err))
        return false;
    struct imp_span bytes = v.fate == IMP_FATE_KEEP ? part.payload : v.bytes;
    if (v.fate == IMP_FATE_DROP || bytes.n == 0)
        return true;
    uint8_t *mine = imp_cutlist_alloc(h->cl, 4 + bytes.n);
    if (!mine)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for an item");
    memcpy(mine + 4, bytes.p, bytes.n);
    item->keep = true;
    item->fresh = true;
    item->data = (struct imp_span){mine, 4 + bytes.n};
    return true;
}

static bool is_xmp(const struct imp_heif_item *item)
{
    static const char type[] = "application/rdf+xml";
    return is_type(item, "mime") && item->mime.n == sizeof type - 1 &&
           memcmp(item->mime.p, type, item->mime.n) == 0;
}

static enum imp_part_kind kind_of(const struct imp_heif *h,
                                  const struct imp_heif_item *item)
{
    if (is_xmp(item))
        return IMP_PART_XMP;
    if (is_from(h, "thmb", item->id) || is_from(h, "auxl", item->id))
        return IMP_PART_THUMBNAIL;
    return IMP_PART_UNKNOWN;
}

static const char *name_of(enum imp_part_kind kind)
{
    switch (kind) {
    case IMP_PART_XMP:
        return "XMP item";
    case IMP_PART_EXIF:
        return "Exif item";
    case IMP_PART_THUMBNAIL:
        return "thumbnail or auxiliary item";
    default:
        return "unknown item";
    }
}

static bool drop_item(struct imp_heif *h, struct imp_heif_item *item,
                      struct imp_err *err)
{
    struct imp_span data = {0};
    struct imp_verdict ignored;
    bool exif = is_type(item, "Exif");
    enum imp_part_kind kind = exif ? IMP_PART_EXIF : kind_of(h, item);
    imp_heif_item_bytes(h, item, &data);
    if (item->has_place && item->method == 0 && data.n &&
        !imp_regions_label(&h->regions, item->offset, item->length, kind,
                           name_of(kind), err))
        return false;
    if (exif)
        return take_exif(h, item, data, err);
    struct imp_part part = {.kind = kind, .name = name_of(kind)};
    if (kind == IMP_PART_XMP)
        part.payload = data;
    return ask(h, item, part, &ignored, err);
}

bool imp_heif_select(struct imp_heif *h, struct imp_err *err)
{
    if (!select_images(h, err) || !imp_heif_check_props(h, err))
        return false;
    for (size_t i = 0; i < h->n_items; i++) {
        struct imp_heif_item *item = &h->item[i];
        bool ok =
            item->keep ? take_bytes(h, item, err) : drop_item(h, item, err);
        if (!ok)
            return false;
    }
    return true;
}
