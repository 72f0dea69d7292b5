// Coded images instead of those in the file. They go into idat, from where the
// handler moves them to mdat when it meets the file again.
#include "image/heif.h"

// Behind the file's own properties: read_ipco leaves room for one.
static bool add_config(struct imp_heif *h, const char *type,
                       struct imp_err *err)
{
    if (!h->prop || h->n_props == IMP_HEIF_PROPS)
        return imp_fail(err, IMP_ERR_LIMIT, "no room for a property");
    struct imp_span body = h->swaps->config;
    struct imp_heif_prop *p = &h->prop[h->n_props++];
    *p = (struct imp_heif_prop){
        .box = {.at = h->meta.at, .size = 8 + body.n, .body = body}};
    for (int i = 0; i < 4; i++)
        p->box.type[i] = type[i];
    return true;
}

// Its parameters may be another item's, too, and stay then.
static bool link_config(struct imp_heif *h, uint32_t item)
{
    bool had = false;
    for (size_t i = 0; i < h->n_links; i++) {
        struct imp_heif_link *l = &h->link[i];
        if (l->item != item || l->prop == 0 || l->prop >= h->n_props ||
            !imp_heif_is_config(&h->prop[l->prop - 1].box))
            continue;
        l->prop = (uint16_t)h->n_props;
        had = true;
    }
    return had;
}

bool imp_heif_take_swaps(struct imp_heif *h, struct imp_err *err)
{
    if (!h->swaps || h->swaps->n == 0)
        return true;
    for (size_t i = 0; i < h->swaps->n; i++) {
        const struct imp_heif_swap *s = &h->swaps->swap[i];
        struct imp_heif_item *item = imp_heif_item(h, s->item);
        if (!item)
            return imp_fail(err, IMP_ERR_DAMAGED, "no item %u", s->item);
        bool hevc = item->type[0] == 'h';
        if (i == 0 && !add_config(h, hevc ? "hvcC" : "av1C", err))
            return false;
        if (!link_config(h, item->id))
            return imp_fail(err, IMP_ERR_DAMAGED,
                            "image %u has no parameters of its coder",
                            item->id);
        item->fresh = true;
        item->data = s->data;
    }
    return true;
}
