// The meta box, made anew in one form: so that what is made from it again is
// the same.
#include "image/heif_writer.h"

#include <string.h>

// 14496-12 8.4.3: a name would be free text.
static void put_hdlr(struct imp_heif_writer *w)
{
    size_t at = w_begin_full(w, "hdlr", 0, 0);
    w_put(w, 4, 0);
    w_add(w, "pict\0\0\0\0\0\0\0\0\0\0\0\0", 17);
    w_end(w, at);
}

static void put_pitm(struct imp_heif_writer *w)
{
    size_t at = w_begin_full(w, "pitm", w->id_width == 4, 0);
    w_put(w, w->id_width, w->h->primary);
    w_end(w, at);
}

static size_t kept(const struct imp_heif *h)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_items; i++)
        n += h->item[i].keep;
    return n;
}

static void put_iinf(struct imp_heif_writer *w)
{
    const struct imp_heif *h = w->h;
    size_t at = w_begin_full(w, "iinf", 0, 0);
    w_put(w, 2, kept(h));
    for (size_t i = 0; i < h->n_items; i++) {
        const struct imp_heif_item *item = &h->item[i];
        if (!item->keep)
            continue;
        size_t infe =
            w_begin_full(w, "infe", w->id_width == 2 ? 2 : 3, item->hidden);
        w_put(w, w->id_width, item->id);
        w_put(w, 2, 0);
        w_add(w, item->type, 4);
        w_put(w, 1, 0); // no name
        w_end(w, infe);
    }
    w_end(w, at);
}

static void put_iloc(struct imp_heif_writer *w)
{
    const struct imp_heif *h = w->h;
    size_t at = w_begin_full(w, "iloc", w->id_width == 2 ? 1 : 2, 0);
    w_put(w, 1, w->offset_width << 4 | 4);
    w_put(w, 1, 0);
    w_put(w, w->id_width, kept(h));
    for (size_t i = 0; i < h->n_items; i++) {
        const struct imp_heif_item *item = &h->item[i];
        if (!item->keep)
            continue;
        bool is_empty = item->fresh && item->data.n == 0;
        w_put(w, w->id_width, item->id);
        w_put(w, 2, item->fresh ? 1 : 0);
        w_put(w, 2, 0);
        w_put(w, 2, is_empty ? 0 : 1);
        if (is_empty)
            continue;
        w_put(w, w->offset_width, item->new_offset);
        w_put(w, 4, item->new_length);
    }
    w_end(w, at);
}

// References of one type from one item, to items that stay; the order of the
// targets is that of the tiles of a grid.
static void put_refs(struct imp_heif_writer *w, size_t first)
{
    const struct imp_heif *h = w->h;
    const struct imp_heif_ref *like = &h->ref[first];
    uint64_t n = 0;
    size_t last = first;
    for (size_t i = first; i < h->n_refs && h->ref[i].from == like->from &&
                           memcmp(h->ref[i].type, like->type, 4) == 0;
         i++)
        last = i + 1;
    for (size_t i = first; i < last; i++)
        n += imp_heif_item(w->h, h->ref[i].to)->keep;
    size_t at = w_begin(w, like->type);
    w_put(w, w->id_width, like->from);
    w_put(w, 2, n);
    for (size_t i = first; i < last; i++)
        if (imp_heif_item(w->h, h->ref[i].to)->keep)
            w_put(w, w->id_width, h->ref[i].to);
    w_end(w, at);
}

static bool ref_stays(struct imp_heif *h, const struct imp_heif_ref *r)
{
    static const char *const types[] = {"dimg", "auxl", "prem", "cdsc"};
    const struct imp_heif_item *from = imp_heif_item(h, r->from);
    const struct imp_heif_item *to = imp_heif_item(h, r->to);
    if (!from || !to || !from->keep || !to->keep)
        return false;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (memcmp(r->type, types[i], 4) == 0)
            return true;
    return false;
}

static void put_iref(struct imp_heif_writer *w)
{
    struct imp_heif *h = w->h;
    size_t n = 0;
    for (size_t i = 0; i < h->n_refs; i++)
        if (ref_stays(h, &h->ref[i]))
            h->ref[n++] = h->ref[i];
    h->n_refs = n;
    if (n == 0)
        return;
    size_t at = w_begin_full(w, "iref", w->id_width == 4, 0);
    for (size_t i = 0; i < n; i++) {
        bool same = i && h->ref[i].from == h->ref[i - 1].from &&
                    memcmp(h->ref[i].type, h->ref[i - 1].type, 4) == 0;
        if (!same)
            put_refs(w, i);
    }
    w_end(w, at);
}

static void put_ipco(struct imp_heif_writer *w)
{
    struct imp_heif *h = w->h;
    uint16_t index = 0;
    size_t at = w_begin(w, "ipco");
    for (size_t i = 0; i < h->n_props; i++) {
        struct imp_heif_prop *p = &h->prop[i];
        if (!p->used || !p->bytes.p)
            continue;
        p->index = ++index;
        size_t box = w_begin(w, p->box.type);
        if (imp_heif_is_config(&p->box))
            w_add_coded(w, p->bytes);
        else
            w_add(w, p->bytes.p, p->bytes.n);
        w_end(w, box);
    }
    w_end(w, at);
}

static size_t links_of(const struct imp_heif *h,
                       const struct imp_heif_item *item,
                       struct imp_heif_writer *w, bool wide)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_links; i++) {
        const struct imp_heif_link *l = &h->link[i];
        if (l->item != item->id || l->prop == 0 ||
            !h->prop[l->prop - 1].bytes.p)
            continue;
        n++;
        unsigned essential = l->essential ? (wide ? 0x8000 : 0x80) : 0;
        if (w)
            w_put(w, wide ? 2 : 1, essential | h->prop[l->prop - 1].index);
    }
    return n;
}

static void put_ipma(struct imp_heif_writer *w)
{
    const struct imp_heif *h = w->h;
    bool wide = h->n_props > 127;
    uint64_t n = 0;
    for (size_t i = 0; i < h->n_items; i++)
        n += h->item[i].keep && links_of(h, &h->item[i], NULL, wide);
    size_t at = w_begin_full(w, "ipma", w->id_width == 4, wide);
    w_put(w, 4, n);
    for (size_t i = 0; i < h->n_items; i++) {
        const struct imp_heif_item *item = &h->item[i];
        size_t many = item->keep ? links_of(h, item, NULL, wide) : 0;
        if (!many)
            continue;
        w_put(w, w->id_width, item->id);
        w_put(w, 1, many);
        links_of(h, item, w, wide);
    }
    w_end(w, at);
}

static void put_idat(struct imp_heif_writer *w)
{
    const struct imp_heif *h = w->h;
    uint64_t n = 0;
    for (size_t i = 0; i < h->n_items; i++)
        n += h->item[i].keep && h->item[i].fresh ? h->item[i].data.n : 0;
    if (n == 0)
        return;
    size_t at = w_begin(w, "idat");
    for (size_t i = 0; i < h->n_items; i++) {
        const struct imp_heif_item *item = &h->item[i];
        if (!item->keep || !item->fresh)
            continue;
        if (memcmp(item->type, "Exif", 4) == 0)
            w_add(w, item->data.p, item->data.n);
        else
            w_add_coded(w, item->data);
    }
    w_end(w, at);
}

static void put_meta(struct imp_heif_writer *w)
{
    w->out->n = 0;
    w->coded->n = 0;
    size_t at = w_begin_full(w, "meta", 0, 0);
    put_hdlr(w);
    put_pitm(w);
    put_iloc(w);
    put_iinf(w);
    put_iref(w);
    size_t iprp = w_begin(w, "iprp");
    put_ipco(w);
    put_ipma(w);
    w_end(w, iprp);
    put_idat(w);
    w_end(w, at);
}

// Where each item's bytes will be: in idat, or `claims` bytes into the file and
// on.
static bool place_items(struct imp_heif *h, uint64_t claims,
                        struct imp_err *err)
{
    uint64_t idat = 0;
    for (size_t i = 0; i < h->n_items; i++) {
        struct imp_heif_item *item = &h->item[i];
        if (!item->keep)
            continue;
        if (item->fresh) {
            item->new_offset = idat;
            item->new_length = item->data.n;
            idat += item->data.n;
            continue;
        }
        item->new_length = item->length;
        if (!imp_regions_translate(&h->regions, item->offset, &item->new_length,
                                   &item->new_offset, err))
            return false;
        item->new_offset += claims;
    }
    return true;
}

// Twice: the first time to learn its length, which does not depend on where
// the items are.
bool imp_heif_write_meta(struct imp_heif *h, uint64_t ftyp_length,
                         uint64_t after, struct imp_buf *out,
                         struct imp_err *err)
{
    struct imp_heif_writer w = {
        .h = h, .out = out, .coded = &h->meta_coded, .err = err, .ok = true};
    w.id_width = 2;
    for (size_t i = 0; i < h->n_items; i++)
        if (h->item[i].keep && h->item[i].id > 0xffff)
            w.id_width = 4;
    h->meta_coded.at = imp_cutlist_alloc(
        h->cl, 2 * (h->n_items + h->n_props + 1) * sizeof *h->meta_coded.at);
    if (!h->meta_coded.at)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a meta box");
    w.offset_width = h->in.n < 0x7fffffff ? 4 : 8;
    if (!place_items(h, 0, err))
        return false;
    put_meta(&w);
    if (!w.ok || !place_items(h, ftyp_length + out->n + after, err))
        return false;
    put_meta(&w);
    return w.ok;
}
