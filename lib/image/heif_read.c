// The meta box, as it is (ISO/IEC 14496-12 8.11, 23008-12 9.3 and 9.4).
#include "image/heif.h"

#include <string.h>

#define MAX_EXTENTS 64

static bool damaged(const struct imp_heif_box *box, struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_DAMAGED, box->at,
                       "%s box at %ju ends before what it promises", box->type,
                       (uintmax_t)box->at);
}

static bool too_many(const struct imp_heif_box *box, struct imp_err *err)
{
    return imp_fail_at(err, IMP_ERR_LIMIT, box->at,
                       "%s box at %ju has too many entries", box->type,
                       (uintmax_t)box->at);
}

static void *array(struct imp_heif *h, size_t n, size_t size,
                   struct imp_err *err)
{
    void *p = imp_cutlist_alloc(h->cl, n * size);
    if (!p)
        imp_fail(err, IMP_ERR_MEMORY, "no memory for items");
    return p;
}

struct imp_heif_item *imp_heif_item(struct imp_heif *h, uint32_t id)
{
    for (size_t i = 0; i < h->n_items; i++)
        if (h->item[i].id == id)
            return &h->item[i];
    return NULL;
}

// --- iinf: what items there are (8.11.6) ---

static bool read_infe(struct imp_heif *h, const struct imp_heif_box *box,
                      struct imp_err *err)
{
    uint8_t version;
    uint32_t flags;
    struct imp_heif_reader r = {.ok = true};
    if (!imp_heif_full(box, &version, &flags, &r.in, err))
        return false;
    if (version != 2 && version != 3)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, box->at,
                           "infe box of version %u", version);
    struct imp_heif_item item = {.hidden = flags & 1};
    item.id = (uint32_t)imp_heif_get(&r, version == 2 ? 2 : 4);
    unsigned protection = (unsigned)imp_heif_get(&r, 2);
    imp_put_be32((uint8_t *)item.type, (uint32_t)imp_heif_get(&r, 4));
    if (!r.ok)
        return damaged(box, err);
    if (protection)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, box->at,
                           "an item that is encrypted");
    if (imp_heif_item(h, item.id))
        return imp_fail_at(err, IMP_ERR_DAMAGED, box->at,
                           "item %u is there twice", item.id);
    const uint8_t *name = r.in.p + r.at;
    size_t left = r.in.n - r.at;
    const uint8_t *nul = left ? memchr(name, 0, left) : NULL;
    if (nul && memcmp(item.type, "mime", 4) == 0) {
        item.mime.p = nul + 1;
        left -= (size_t)(nul + 1 - name);
        nul = left ? memchr(item.mime.p, 0, left) : NULL;
        item.mime.n = nul ? (size_t)(nul - item.mime.p) : left;
    }
    h->item[h->n_items++] = item;
    return true;
}

static bool read_iinf(struct imp_heif *h, const struct imp_heif_box *box,
                      struct imp_err *err)
{
    uint8_t version;
    uint32_t flags;
    struct imp_heif_reader r = {.ok = true};
    if (!imp_heif_full(box, &version, &flags, &r.in, err))
        return false;
    uint64_t n = imp_heif_get(&r, version == 0 ? 2 : 4);
    if (!r.ok || h->item)
        return damaged(box, err);
    if (n > IMP_HEIF_ITEMS)
        return too_many(box, err);
    h->item = array(h, (size_t)n + 1, sizeof *h->item, err);
    if (!h->item)
        return false;
    uint64_t base = box->at + (box->size - r.in.n);
    while (h->n_items < n) {
        struct imp_heif_box infe;
        if (!imp_heif_box_at(r.in, base, r.at, &infe, err))
            return false;
        r.at += (size_t)infe.size;
        if (!imp_heif_is(&infe, "infe"))
            return damaged(box, err);
        if (!read_infe(h, &infe, err))
            return false;
    }
    return true;
}

// --- iloc: where they are (8.11.3) ---

// Extents that touch are one; an item in pieces that do not, we cannot follow.
static bool add_extent(struct imp_heif_item *item, uint64_t offset,
                       uint64_t length, struct imp_err *err)
{
    if (item->extents++ == 0) {
        item->offset = offset;
        item->length = length;
        return true;
    }
    uint64_t end;
    if (!imp_add_u64(item->offset, item->length, &end) || end != offset)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "item %u lies in pieces that do not touch", item->id);
    return imp_add_u64(item->length, length, &item->length) ||
           imp_fail(err, IMP_ERR_DAMAGED, "item %u: length overflows",
                    item->id);
}

static bool read_place(struct imp_heif *h, struct imp_heif_reader *r,
                       unsigned version, const unsigned size[4],
                       struct imp_err *err)
{
    struct imp_heif_item unknown = {0}, *item;
    uint32_t id = (uint32_t)imp_heif_get(r, version < 2 ? 2 : 4);
    unsigned method = version > 0 ? (unsigned)imp_heif_get(r, 2) & 15 : 0;
    unsigned reference = (unsigned)imp_heif_get(r, 2);
    uint64_t base = imp_heif_get(r, size[2]);
    uint64_t n = imp_heif_get(r, 2);
    item = imp_heif_item(h, id);
    if (!item)
        item = &unknown; // its bytes are nobody's
    if (n > MAX_EXTENTS || item->has_place)
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "item %u: %ju extents, or placed "
                        "twice",
                        id, (uintmax_t)n);
    item->has_place = true;
    item->method = method;
    item->elsewhere = reference != 0;
    for (uint64_t i = 0; i < n && r->ok; i++) {
        if (version > 0)
            imp_heif_get(r, size[3]);
        uint64_t offset = imp_heif_get(r, size[0]);
        uint64_t length = imp_heif_get(r, size[1]);
        if (!imp_add_u64(offset, base, &offset))
            return imp_fail(err, IMP_ERR_DAMAGED, "item %u: offset overflows",
                            id);
        if (!add_extent(item, offset, length, err))
            return false;
    }
    return true;
}

static bool read_iloc(struct imp_heif *h, const struct imp_heif_box *box,
                      struct imp_err *err)
{
    uint8_t version;
    uint32_t flags;
    struct imp_heif_reader r = {.ok = true};
    if (!imp_heif_full(box, &version, &flags, &r.in, err))
        return false;
    if (version > 2)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, box->at,
                           "iloc box of version %u", version);
    unsigned bits = (unsigned)imp_heif_get(&r, 2);
    const unsigned size[4] = {bits >> 12, bits >> 8 & 15, bits >> 4 & 15,
                              version ? bits & 15 : 0};
    for (int i = 0; i < 4; i++)
        if (size[i] != 0 && size[i] != 4 && size[i] != 8)
            return damaged(box, err);
    uint64_t n = imp_heif_get(&r, version < 2 ? 2 : 4);
    for (uint64_t i = 0; i < n && r.ok; i++)
        if (!read_place(h, &r, version, size, err))
            return false;
    return r.ok || damaged(box, err);
}

bool imp_heif_item_bytes(const struct imp_heif *h,
                         const struct imp_heif_item *item, struct imp_span *out)
{
    struct imp_span from = item->method == 1 ? h->idat : h->in;
    return item->has_place && !item->elsewhere && item->method <= 1 &&
           item->extents && item->offset <= from.n &&
           item->length <= from.n - item->offset &&
           imp_span_sub(from, (size_t)item->offset, (size_t)item->length, out);
}

// --- iref: how they belong together (8.11.12) ---

static bool read_iref(struct imp_heif *h, const struct imp_heif_box *box,
                      struct imp_err *err)
{
    uint8_t version;
    uint32_t flags;
    struct imp_span rest;
    if (!imp_heif_full(box, &version, &flags, &rest, err))
        return false;
    unsigned width = version == 0 ? 2 : 4;
    uint64_t base = box->at + (box->size - rest.n);
    if (h->ref || rest.n / width > IMP_HEIF_LINKS)
        return too_many(box, err);
    h->ref = array(h, rest.n / width + 1, sizeof *h->ref, err);
    if (!h->ref)
        return false;
    for (size_t at = 0; at < rest.n;) {
        struct imp_heif_box one;
        if (!imp_heif_box_at(rest, base, at, &one, err))
            return false;
        at += (size_t)one.size;
        struct imp_heif_reader r = {.in = one.body, .ok = true};
        uint32_t from = (uint32_t)imp_heif_get(&r, width);
        uint64_t n = imp_heif_get(&r, 2);
        for (uint64_t i = 0; i < n && r.ok; i++) {
            struct imp_heif_ref ref = {.from = from};
            memcpy(ref.type, one.type, 5);
            ref.to = (uint32_t)imp_heif_get(&r, width);
            if (r.ok)
                h->ref[h->n_refs++] = ref;
        }
        if (!r.ok)
            return damaged(&one, err);
    }
    return true;
}

// --- iprp: their properties (23008-12 9.3) ---

static bool read_ipco(struct imp_heif *h, const struct imp_heif_box *box,
                      struct imp_err *err)
{
    uint64_t base = box->at + (box->size - box->body.n);
    if (h->prop)
        return too_many(box, err);
    h->prop = array(h, box->body.n / 8 + 1, sizeof *h->prop, err);
    for (size_t at = 0; h->prop && at < box->body.n;) {
        if (h->n_props == IMP_HEIF_PROPS)
            return too_many(box, err);
        struct imp_heif_prop *p = &h->prop[h->n_props++];
        if (!imp_heif_box_at(box->body, base, at, &p->box, err))
            return false;
        at += (size_t)p->box.size;
    }
    return h->prop;
}

static bool read_ipma(struct imp_heif *h, const struct imp_heif_box *box,
                      struct imp_err *err)
{
    uint8_t version;
    uint32_t flags;
    struct imp_heif_reader r = {.ok = true};
    if (!imp_heif_full(box, &version, &flags, &r.in, err))
        return false;
    uint64_t n = imp_heif_get(&r, 4);
    if (!h->link)
        h->link = array(h, IMP_HEIF_LINKS, sizeof *h->link, err);
    if (!h->link)
        return false;
    for (uint64_t i = 0; i < n && r.ok; i++) {
        uint32_t id = (uint32_t)imp_heif_get(&r, version < 1 ? 2 : 4);
        uint64_t many = imp_heif_get(&r, 1);
        for (uint64_t k = 0; k < many && r.ok; k++) {
            unsigned width = flags & 1 ? 2 : 1;
            unsigned bits = (unsigned)imp_heif_get(&r, width);
            unsigned top = 1u << (8 * width - 1);
            if (h->n_links == IMP_HEIF_LINKS)
                return too_many(box, err);
            if (r.ok)
                h->link[h->n_links++] =
                    (struct imp_heif_link){.item = id,
                                           .prop = (uint16_t)(bits & (top - 1)),
                                           .essential = bits & top};
        }
    }
    return r.ok || damaged(box, err);
}

static bool each_box(struct imp_heif *h, struct imp_span in, uint64_t base,
                     bool (*fn)(struct imp_heif *h,
                                const struct imp_heif_box *box,
                                struct imp_err *err),
                     struct imp_err *err)
{
    for (size_t at = 0; at < in.n;) {
        struct imp_heif_box box;
        if (!imp_heif_box_at(in, base, at, &box, err) || !fn(h, &box, err))
            return false;
        at += (size_t)box.size;
    }
    return true;
}

static bool take_in_iprp(struct imp_heif *h, const struct imp_heif_box *box,
                         struct imp_err *err)
{
    if (imp_heif_is(box, "ipco"))
        return read_ipco(h, box, err);
    return !imp_heif_is(box, "ipma") || read_ipma(h, box, err);
}

// --- meta ---

static bool read_pitm(struct imp_heif *h, const struct imp_heif_box *box,
                      struct imp_err *err)
{
    uint8_t version;
    uint32_t flags;
    struct imp_heif_reader r = {.ok = true};
    if (!imp_heif_full(box, &version, &flags, &r.in, err))
        return false;
    h->primary = (uint32_t)imp_heif_get(&r, version == 0 ? 2 : 4);
    return r.ok || damaged(box, err);
}

static bool read_hdlr(const struct imp_heif_box *box, struct imp_err *err)
{
    if (box->body.n < 12 || memcmp(box->body.p + 8, "pict", 4) != 0)
        return imp_fail_at(err, IMP_ERR_UNSUPPORTED, box->at,
                           "a meta box that describes no picture");
    return true;
}

// iinf comes first, whatever its place: all others speak of its items.
static bool take_items(struct imp_heif *h, const struct imp_heif_box *box,
                       struct imp_err *err)
{
    return !imp_heif_is(box, "iinf") || read_iinf(h, box, err);
}

static bool take_others(struct imp_heif *h, const struct imp_heif_box *box,
                        struct imp_err *err)
{
    if (imp_heif_is(box, "hdlr"))
        return read_hdlr(box, err);
    if (imp_heif_is(box, "pitm"))
        return read_pitm(h, box, err);
    if (imp_heif_is(box, "iloc"))
        return read_iloc(h, box, err);
    if (imp_heif_is(box, "iref"))
        return read_iref(h, box, err);
    if (imp_heif_is(box, "iprp"))
        return each_box(h, box->body, box->at + (box->size - box->body.n),
                        take_in_iprp, err);
    if (imp_heif_is(box, "idat"))
        h->idat = box->body;
    return true;
}

bool imp_heif_read_meta(struct imp_heif *h, struct imp_err *err)
{
    uint8_t version;
    uint32_t flags;
    struct imp_span rest;
    if (!imp_heif_full(&h->meta, &version, &flags, &rest, err))
        return false;
    uint64_t base = h->meta.at + (h->meta.size - rest.n);
    return each_box(h, rest, base, take_items, err) &&
           each_box(h, rest, base, take_others, err);
}
