// Item properties: a list of those that the picture needs, each checked for
// what it may say (ISO/IEC 23008-12 6.5, 14496-12 12.1, AV1-ISOBMFF 2.3,
// 14496-15 8.3).
#include "image/heif.h"

#include <string.h>

// Make the property's new body, `p->bytes`; left NULL, it goes. False only if
// the image cannot go on.
typedef bool take_fn(struct imp_heif *h, struct imp_heif_prop *p,
                     struct imp_err *err);

static bool as_it_is(struct imp_heif_prop *p)
{
    p->bytes = p->box.body;
    return true;
}

// Bodies of one or two lengths, all of which are numbers.
static bool of_length(struct imp_heif_prop *p, size_t n)
{
    if (p->box.body.n == n)
        p->bytes = p->box.body;
    return true;
}

#define OF_LENGTH(name, n)                                               \
    static bool take_##name(struct imp_heif *h, struct imp_heif_prop *p, \
                            struct imp_err *err)                         \
    {                                                                    \
        (void)h, (void)err;                                              \
        return of_length(p, n);                                          \
    }
OF_LENGTH(irot, 1)
OF_LENGTH(imir, 1)
OF_LENGTH(clli, 4)
OF_LENGTH(a1op, 1)
OF_LENGTH(lsel, 2)

// Numbers of 32 bits, each of a size that pictures have: letters are larger.
static bool are_small(struct imp_span b, uint32_t most)
{
    for (size_t i = 0; i + 4 <= b.n; i += 4) {
        int32_t v = (int32_t)imp_be32(b.p + i);
        if (v > (int32_t)most || v < -(int32_t)most)
            return false;
    }
    return true;
}

static bool take_clap(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    (void)h, (void)err;
    return p->box.body.n != 32 || !are_small(p->box.body, 1 << 24) ||
           as_it_is(p);
}

static bool take_pasp(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    (void)h, (void)err;
    return p->box.body.n != 8 || !are_small(p->box.body, 1 << 24) ||
           as_it_is(p);
}

// ISO/IEC 23001-8: chromaticities in units of 0.00002.
static bool take_mdcv(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    (void)h, (void)err;
    struct imp_span b = p->box.body;
    if (b.n != 24)
        return true;
    for (size_t i = 0; i < 16; i += 2)
        if (imp_be16(b.p + i) > 50000)
            return true;
    return imp_be32(b.p + 16) > 1000000000 || imp_be32(b.p + 20) > 100000000 ||
           as_it_is(p);
}

static bool take_ispe(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    if (p->box.body.n != 12)
        return true;
    uint64_t pixels =
        (uint64_t)imp_be32(p->box.body.p + 4) * imp_be32(p->box.body.p + 8);
    if (pixels > h->img->limits.max_pixels)
        return imp_fail_at(err, IMP_ERR_LIMIT, p->box.at,
                           "%ju pixels, want at most %ju", (uintmax_t)pixels,
                           (uintmax_t)h->img->limits.max_pixels);
    return as_it_is(p);
}

static bool take_pixi(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    (void)h, (void)err;
    struct imp_span b = p->box.body;
    return b.n < 5 || b.p[4] > 16 || b.n != 5u + b.p[4] || as_it_is(p);
}

static bool take_a1lx(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    (void)h, (void)err;
    struct imp_span b = p->box.body;
    return b.n < 1 || b.n != 1u + 3u * (b.p[0] & 1 ? 4 : 2) || as_it_is(p);
}

static bool copy(struct imp_heif *h, struct imp_heif_prop *p,
                 const struct imp_buf *bytes, struct imp_err *err)
{
    uint8_t *mine = imp_cutlist_alloc(h->cl, bytes->n);
    if (!mine)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for a property");
    if (bytes->n)
        memcpy(mine, bytes->p, bytes->n);
    p->bytes = (struct imp_span){mine, bytes->n};
    return true;
}

// 14496-12 12.1.5: numbers, or a profile, about which the editor decides.
static bool take_colr(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    struct imp_span b = p->box.body;
    if (b.n == 11 && memcmp(b.p, "nclx", 4) == 0)
        return as_it_is(p);
    if (b.n < 4 || (memcmp(b.p, "prof", 4) != 0 && memcmp(b.p, "rICC", 4) != 0))
        return true;
    struct imp_part part = {.kind = IMP_PART_ICC,
                            .name = "colr profile",
                            .offset = p->box.at,
                            .length = p->box.size,
                            .payload = {b.p + 4, b.n - 4}};
    struct imp_verdict v = {0};
    if (!h->img->editor->decide(h->img->editor, &part, &v, err))
        return false;
    if (v.fate == IMP_FATE_KEEP)
        return as_it_is(p);
    if (v.fate == IMP_FATE_DROP || v.bytes.n == 0)
        return true;
    struct imp_buf made = {0};
    bool ok = imp_buf_add(&made, b.p, 4, err) &&
              imp_buf_add(&made, v.bytes.p, v.bytes.n, err) &&
              copy(h, p, &made, err);
    imp_buf_clear(&made);
    return ok;
}

// 23008-12 6.5.8: what an auxiliary image is. Only alpha images stay, so that
// nothing else need be said; what follows the name is not needed.
static const char *const alpha_names[] = {
    "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    "urn:mpeg:hevc:2015:auxid:1",
    "urn:mpeg:avc:2015:auxid:1",
};

static bool take_auxc(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    (void)h, (void)err;
    struct imp_span b = p->box.body;
    for (size_t i = 0; i < sizeof alpha_names / sizeof alpha_names[0]; i++) {
        size_t n = strlen(alpha_names[i]) + 1;
        if (b.n >= 4 + n && memcmp(b.p + 4, alpha_names[i], n) == 0)
            p->bytes = (struct imp_span){b.p, 4 + n};
    }
    return true;
}

// 23008-12 7.2.3: constraints of a sequence's coding, in the first six bits.
static bool take_ccst(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    uint8_t bits[8] = {0};
    struct imp_buf made = {0};
    if (p->box.body.n != sizeof bits)
        return true;
    bits[4] = p->box.body.p[4] & 0xfc;
    bool ok =
        imp_buf_add(&made, bits, sizeof bits, err) && copy(h, p, &made, err);
    imp_buf_clear(&made);
    return ok;
}

// 14496-15 8.3.3.1: parameter sets stay, other units (SEI) go.
static bool take_hvcc(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    struct imp_heif_reader r = {.in = p->box.body, .ok = true};
    struct imp_buf made = {0};
    bool ok = true;
    r.at = 22;
    if (r.in.n < 23)
        return true;
    unsigned arrays = (unsigned)imp_heif_get(&r, 1), kept = 0;
    ok = imp_buf_add(&made, r.in.p, 23, err);
    for (unsigned i = 0; ok && i < arrays && r.ok; i++) {
        size_t begin = r.at;
        unsigned type = (unsigned)imp_heif_get(&r, 1) & 63;
        uint64_t units = imp_heif_get(&r, 2);
        for (uint64_t k = 0; k < units && r.ok; k++) {
            size_t n = (size_t)imp_heif_get(&r, 2);
            r.ok = r.ok && n <= r.in.n - r.at;
            r.at += r.ok ? n : 0;
        }
        if (!r.ok || type < 32 || type > 34)
            continue;
        ok = imp_buf_add(&made, r.in.p + begin, r.at - begin, err);
        kept++;
    }
    if (ok && r.ok) {
        made.p[22] = (uint8_t)kept;
        ok = copy(h, p, &made, err);
    }
    imp_buf_clear(&made);
    return ok;
}

// AV1-ISOBMFF 2.3.3: of the OBUs only the sequence header.
static bool take_av1c(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    struct imp_span b = p->box.body, obus;
    struct imp_buf made = {0};
    if (!imp_span_sub(b, 4, b.n < 4 ? 0 : b.n - 4, &obus))
        return true;
    bool ok = imp_buf_add(&made, b.p, 4, err);
    if (ok && obus.n) {
        struct imp_err why = {0};
        if (!imp_heif_cut_coded(h, "av01", NULL, 0, obus, &why))
            goto out; // not readable: it goes
        struct imp_buf kept = {0};
        ok = imp_cutlist_apply(&h->part, obus, &kept, err) &&
             imp_buf_add(&made, kept.p, kept.n, err);
        imp_buf_clear(&kept);
    }
    ok = ok && copy(h, p, &made, err);
out:
    imp_buf_clear(&made);
    return ok;
}

static bool take_avcc(struct imp_heif *h, struct imp_heif_prop *p,
                      struct imp_err *err)
{
    (void)h, (void)p;
    return imp_fail(err, IMP_ERR_UNSUPPORTED, "an image coded as AVC");
}

static const struct row {
    const char *type;
    take_fn *take;
} rows[] = {
    {"ispe", take_ispe}, {"pixi", take_pixi}, {"colr", take_colr},
    {"hvcC", take_hvcc}, {"av1C", take_av1c}, {"irot", take_irot},
    {"imir", take_imir}, {"clap", take_clap}, {"pasp", take_pasp},
    {"auxC", take_auxc}, {"clli", take_clli}, {"mdcv", take_mdcv},
    {"a1op", take_a1op}, {"a1lx", take_a1lx}, {"lsel", take_lsel},
    {"avcC", take_avcc}, {"auxi", take_auxc}, {"ccst", take_ccst},
};

bool imp_heif_take_prop(struct imp_heif *h, struct imp_heif_prop *p,
                        struct imp_err *err)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (imp_heif_is(&p->box, rows[i].type))
            return rows[i].take(h, p, err);
    return true;
}

bool imp_heif_is_config(const struct imp_heif_box *box)
{
    return imp_heif_is(box, "hvcC") || imp_heif_is(box, "av1C");
}

// ISO/IEC 23008-12 6.5.9, 6.5.10, 6.5.12; 14496-12 12.1.4. Readers do not agree
// on one that is not of its form: some take what they need of it.
static bool is_shape(const struct imp_heif_box *box)
{
    return imp_heif_is(box, "clap") || imp_heif_is(box, "irot") ||
           imp_heif_is(box, "imir") || imp_heif_is(box, "pasp");
}

struct imp_heif_prop *imp_heif_prop_of(const struct imp_heif *h,
                                       const struct imp_heif_item *item,
                                       const char *type)
{
    for (size_t i = 0; i < h->n_links; i++) {
        const struct imp_heif_link *l = &h->link[i];
        if (l->item == item->id && l->prop > 0 && l->prop <= h->n_props &&
            imp_heif_is(&h->prop[l->prop - 1].box, type))
            return &h->prop[l->prop - 1];
    }
    return NULL;
}

bool imp_heif_check_props(struct imp_heif *h, struct imp_err *err)
{
    for (size_t i = 0; i < h->n_links; i++) {
        struct imp_heif_link *l = &h->link[i];
        const struct imp_heif_item *item = imp_heif_item(h, l->item);
        if (!item || !item->keep || l->prop == 0)
            continue;
        if (l->prop > h->n_props)
            return imp_fail_at(err, IMP_ERR_DAMAGED, h->meta.at,
                               "item %u: property %u of %zu", l->item, l->prop,
                               h->n_props);
        struct imp_heif_prop *p = &h->prop[l->prop - 1];
        if (!p->used && !imp_heif_take_prop(h, p, err))
            return false;
        p->used = true;
        // Without the coder's parameters there is no picture, and without what
        // turns or crops it, another.
        if (!p->bytes.p && (imp_heif_is_config(&p->box) || is_shape(&p->box)))
            return imp_fail_at(err, IMP_ERR_DAMAGED, p->box.at,
                               "property %s is not of its form", p->box.type);
        // Whoever does not know an essential property must not show the image.
        if (!p->bytes.p && l->essential)
            return imp_fail_at(err, IMP_ERR_UNSUPPORTED, p->box.at,
                               "essential property %s, not known or not of its "
                               "form",
                               p->box.type);
    }
    return true;
}
