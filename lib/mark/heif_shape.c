#include "mark/heif_shape.h"

#include <string.h>

// libvips reads no more, and without it nobody could prove the mark.
#define MAX_SIDE 16384

// --- The file ---

static bool keep_described(struct imp_editor *self, const struct imp_part *part,
                           struct imp_verdict *out, struct imp_err *err)
{
    (void)self, (void)err;
    bool stays = part->kind == IMP_PART_EXIF || part->kind == IMP_PART_ICC;
    out->fate = stays ? IMP_FATE_KEEP : IMP_FATE_DROP;
    return true;
}

bool imp_heif_file_open(struct imp_heif_file *f, struct imp_span in,
                        const struct imp_heif_swaps *swaps, struct imp_err *err)
{
    *f = (struct imp_heif_file){
        .editor = {keep_described},
        .image = {
            .limits = {.max_bytes = in.n, .max_pixels = IMP_COMPARE_PIXELS},
            .check = IMP_CHECK_AGAIN}};
    f->image.editor = &f->editor;
    imp_cutlist_start(&f->cuts, in.n);
    f->h = (struct imp_heif){
        .in = in, .img = &f->image, .cl = &f->cuts, .swaps = swaps};
    return imp_heif_open(&f->h, err);
}

void imp_heif_file_close(struct imp_heif_file *f)
{
    imp_heif_close(&f->h);
    imp_cutlist_clear(&f->cuts);
}

// --- Properties ---

static bool is_type(const struct imp_heif_item *item, const char *type)
{
    return memcmp(item->type, type, 4) == 0;
}

static bool is_coded(const struct imp_heif_item *item)
{
    return is_type(item, "hvc1") || is_type(item, "av01");
}

// What would have to be written anew for other coded data.
static bool check_layers(const struct imp_heif *h,
                         const struct imp_heif_item *item, struct imp_err *err)
{
    static const char *const types[] = {"lsel", "a1op", "a1lx"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (imp_heif_prop_of(h, item, types[i]))
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "a picture in layers (%s) cannot be marked",
                            types[i]);
    return true;
}

static bool size_of(const struct imp_heif *h, const struct imp_heif_item *item,
                    uint32_t *width, uint32_t *height, struct imp_err *err)
{
    const struct imp_heif_prop *p = imp_heif_prop_of(h, item, "ispe");
    if (!p || p->box.body.n != 12)
        return imp_fail(err, IMP_ERR_DAMAGED, "image %u has no size", item->id);
    *width = imp_be32(p->box.body.p + 4);
    *height = imp_be32(p->box.body.p + 8);
    if (*width > MAX_SIDE || *height > MAX_SIDE)
        return imp_fail(err, IMP_ERR_LIMIT,
                        "image %u is of %u x %u pixels, want at most %d each "
                        "way",
                        item->id, *width, *height, MAX_SIDE);
    return (*width && *height) ||
           imp_fail(err, IMP_ERR_DAMAGED, "image %u is of %u x %u pixels",
                    item->id, *width, *height);
}

// 14496-12 12.1.4: `n` of `side` pixels, in the middle but for an offset; all
// of them fractions. False unless they are whole pixels inside.
static bool crop_along(const uint8_t *size, const uint8_t *offset,
                       uint32_t side, uint32_t *first, uint32_t *n)
{
    int64_t size_n = (int32_t)imp_be32(size);
    int64_t size_d = (int32_t)imp_be32(size + 4);
    int64_t off_n = (int32_t)imp_be32(offset);
    int64_t off_d = (int32_t)imp_be32(offset + 4);
    if (size_d <= 0 || off_d <= 0 || size_n % size_d || 2 * off_n % off_d)
        return false;
    int64_t length = size_n / size_d;
    int64_t twice = 2 * off_n / off_d + side - length;
    if (length < 1 || twice < 0 || twice % 2 || twice / 2 + length > side)
        return false;
    *first = (uint32_t)(twice / 2);
    *n = (uint32_t)length;
    return true;
}

static bool take_crop(const struct imp_heif_box *box, struct imp_heif_still *s,
                      struct imp_err *err)
{
    const uint8_t *p = box->body.p;
    return (box->body.n == 32 &&
            crop_along(p, p + 16, s->width, &s->left, &s->shown_width) &&
            crop_along(p + 8, p + 24, s->height, &s->top, &s->shown_height)) ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "a picture cropped to parts of pixels, or beyond its rim, "
                    "cannot be marked");
}

// 23008-12 6.5.10 and 6.5.12, as an EXIF orientation: quarters of a turn
// counter-clockwise, and then perhaps mirrored.
static unsigned orientation_of(unsigned turns, bool mirrored, unsigned axis)
{
    static const unsigned turned[4] = {1, 8, 3, 6};
    static const unsigned upside[4] = {4, 5, 2, 7};   // axis 0
    static const unsigned sideways[4] = {2, 7, 4, 5}; // axis 1
    return !mirrored ? turned[turns] : axis ? sideways[turns] : upside[turns];
}

// MIAF (23000-22 7.3.6.7) has them in this order, each once at most; others
// mean something else.
static bool take_transformations(const struct imp_heif *h,
                                 const struct imp_heif_item *item,
                                 struct imp_heif_still *s, struct imp_err *err)
{
    static const char *const types[] = {"clap", "irot", "imir"};
    unsigned turns = 0, axis = 0;
    bool mirrored = false;
    size_t next = 0;
    for (size_t i = 0; i < h->n_links; i++) {
        const struct imp_heif_link *l = &h->link[i];
        if (l->item != item->id || l->prop == 0 || l->prop > h->n_props)
            continue;
        const struct imp_heif_box *box = &h->prop[l->prop - 1].box;
        size_t k = 0;
        while (k < 3 && !imp_heif_is(box, types[k]))
            k++;
        if (k == 3)
            continue;
        if (k < next || box->body.n == 0)
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "a picture that is cropped, turned and mirrored "
                            "in another order cannot be marked");
        next = k + 1;
        if (k == 0 && !take_crop(box, s, err))
            return false;
        if (k == 1)
            turns = box->body.p[0] & 3;
        if (k == 2)
            axis = box->body.p[0] & 1;
        mirrored |= k == 2;
    }
    s->orientation = orientation_of(turns, mirrored, axis);
    return true;
}

// --- Grids (23008-12 6.6.2.3) ---

// What the picture refers to as its parts, in order.
static bool take_tiles(struct imp_heif *h, struct imp_heif_still *s,
                       struct imp_err *err)
{
    uint64_t n = (uint64_t)s->columns * s->rows, found = 0;
    if (n > h->n_items)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "image %u has %ju tiles of %zu images: one that is "
                        "used twice cannot be marked",
                        s->id, (uintmax_t)n, h->n_items);
    s->tile = imp_cutlist_alloc(h->cl, (size_t)n * sizeof *s->tile);
    if (!s->tile)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %ju tiles",
                        (uintmax_t)n);
    for (size_t i = 0; i < h->n_refs; i++) {
        const struct imp_heif_ref *r = &h->ref[i];
        if (r->from != s->id || memcmp(r->type, "dimg", 4) != 0)
            continue;
        const struct imp_heif_item *tile = imp_heif_item(h, r->to);
        if (found == n || !tile)
            break;
        s->tile[found++] = tile;
    }
    return found == n ||
           imp_fail(err, IMP_ERR_DAMAGED, "image %u has %ju of %ju tiles",
                    s->id, (uintmax_t)found, (uintmax_t)n);
}

// All alike, and as they are: neither cropped nor turned.
static bool check_tiles(struct imp_heif *h, struct imp_heif_still *s,
                        struct imp_err *err)
{
    size_t n = (size_t)s->columns * s->rows;
    if (!size_of(h, s->tile[0], &s->tile_width, &s->tile_height, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct imp_heif_item *tile = s->tile[i];
        struct imp_heif_still own = {0};
        if (!is_coded(tile) || !is_type(tile, s->tile[0]->type))
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "a grid of images of type %.4s cannot be marked",
                            tile->type);
        if (!tile->hidden)
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "a grid whose tiles are pictures of their own "
                            "cannot be marked");
        if (!size_of(h, tile, &own.width, &own.height, err))
            return false;
        if (own.width != s->tile_width || own.height != s->tile_height ||
            imp_heif_prop_of(h, tile, "clap") ||
            imp_heif_prop_of(h, tile, "irot") ||
            imp_heif_prop_of(h, tile, "imir"))
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "a grid of tiles that differ in size, or are "
                            "cropped or turned, cannot be marked");
        if (!check_layers(h, tile, err))
            return false;
    }
    return true;
}

// All of the picture, and each tile some of it: others would cost as much as
// pictures of their size, and are not seen.
static bool covers(uint64_t tiles, uint64_t tile_side, uint64_t side)
{
    return tiles * tile_side >= side && (tiles - 1) * tile_side < side;
}

static bool take_grid(struct imp_heif *h, const struct imp_heif_item *item,
                      struct imp_heif_still *s, struct imp_err *err)
{
    struct imp_span data = item->data; // moved by the handler
    bool wide = data.n == 12 && data.p[1] & 1;
    if (!wide && data.n != 8)
        return imp_fail(err, IMP_ERR_DAMAGED, "a grid of %zu bytes", data.n);
    s->rows = data.p[2] + 1u;
    s->columns = data.p[3] + 1u;
    uint32_t width = wide ? imp_be32(data.p + 4) : imp_be16(data.p + 4);
    uint32_t height = wide ? imp_be32(data.p + 8) : imp_be16(data.p + 6);
    if (!take_tiles(h, s, err) || !check_tiles(h, s, err))
        return false;
    return (width == s->width && height == s->height &&
            covers(s->columns, s->tile_width, width) &&
            covers(s->rows, s->tile_height, height)) ||
           imp_fail(err, IMP_ERR_DAMAGED,
                    "a grid of %u x %u pixels, %u x %u tiles of %u x %u, is "
                    "said to be of %u x %u",
                    width, height, s->columns, s->rows, s->tile_width,
                    s->tile_height, s->width, s->height);
}

static bool take_single(struct imp_heif *h, const struct imp_heif_item *item,
                        struct imp_heif_still *s, struct imp_err *err)
{
    s->columns = s->rows = 1;
    s->tile_width = s->width;
    s->tile_height = s->height;
    s->tile = imp_cutlist_alloc(h->cl, sizeof *s->tile);
    if (!s->tile)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for an image");
    s->tile[0] = item;
    return check_layers(h, item, err);
}

static bool take_still(struct imp_heif *h, const struct imp_heif_item *item,
                       struct imp_heif_still *s, struct imp_err *err)
{
    *s = (struct imp_heif_still){.id = item->id};
    if (!size_of(h, item, &s->width, &s->height, err))
        return false;
    s->shown_width = s->width;
    s->shown_height = s->height;
    if (!take_transformations(h, item, s, err))
        return false;
    if (is_type(item, "grid"))
        return take_grid(h, item, s, err);
    if (is_coded(item))
        return take_single(h, item, s, err);
    return imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "a picture that is derived from others (%.4s) cannot be "
                    "marked",
                    item->type);
}

// --- All that is there ---

static const struct imp_heif_item *alpha_of(struct imp_heif *h)
{
    for (size_t i = 0; i < h->n_refs; i++) {
        const struct imp_heif_ref *r = &h->ref[i];
        const struct imp_heif_item *from = imp_heif_item(h, r->from);
        if (from && from->keep && r->to == h->primary &&
            memcmp(r->type, "auxl", 4) == 0)
            return from;
    }
    return NULL;
}

static size_t uses(const struct imp_heif_still *s,
                   const struct imp_heif_item *item)
{
    size_t n = 0;
    if (s->id == 0)
        return 0;
    for (size_t i = 0; i < (size_t)s->columns * s->rows; i++)
        n += s->tile[i] == item;
    return n ? n : s->id == item->id;
}

// An image that is neither would be left unmarked; one that serves twice would
// be marked twice.
static bool check_all_used_once(const struct imp_heif *h,
                                const struct imp_heif_still *picture,
                                const struct imp_heif_still *alpha,
                                struct imp_err *err)
{
    for (size_t i = 0; i < h->n_items; i++) {
        const struct imp_heif_item *item = &h->item[i];
        if (!item->keep || is_type(item, "Exif"))
            continue;
        size_t n = uses(picture, item) + uses(alpha, item);
        if (n == 0)
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "a file with more than one picture (another of "
                            "type %.4s) cannot be marked",
                            item->type);
        if (n > 1)
            return imp_fail(err, IMP_ERR_UNSUPPORTED,
                            "a picture that has image %u in it %zu times "
                            "cannot be marked",
                            item->id, n);
    }
    return true;
}

static bool lies_alike(const struct imp_heif_still *a,
                       const struct imp_heif_still *b)
{
    return a->width == b->width && a->height == b->height &&
           a->left == b->left && a->top == b->top &&
           a->shown_width == b->shown_width &&
           a->shown_height == b->shown_height &&
           a->orientation == b->orientation;
}

bool imp_heif_shape_of(struct imp_heif *h, struct imp_heif_still *picture,
                       struct imp_heif_still *alpha, struct imp_err *err)
{
    *alpha = (struct imp_heif_still){0};
    if (h->has_moov || !h->has_meta)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "an image sequence cannot be marked");
    const struct imp_heif_item *primary = imp_heif_item(h, h->primary);
    const struct imp_heif_item *mask = alpha_of(h);
    if (!primary)
        return imp_fail(err, IMP_ERR_DAMAGED, "no item %u, the primary one",
                        h->primary);
    if (!take_still(h, primary, picture, err) ||
        (mask && !take_still(h, mask, alpha, err)) ||
        !check_all_used_once(h, picture, alpha, err))
        return false;
    return !mask || lies_alike(picture, alpha) ||
           imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "a picture whose alpha is of another size, or cropped or "
                    "turned otherwise, cannot be marked");
}

bool imp_heif_coded_of(const struct imp_heif *h,
                       const struct imp_heif_item *item, struct imp_coded *out,
                       struct imp_err *err)
{
    const struct imp_heif_prop *config =
        imp_heif_prop_of(h, item, is_type(item, "hvc1") ? "hvcC" : "av1C");
    *out = (struct imp_coded){.type = item->type};
    if (!config || !imp_heif_item_bytes(h, item, &out->data))
        return imp_fail(err, IMP_ERR_DAMAGED, "image %u is not all there",
                        item->id);
    out->config = config->box.body;
    return size_of(h, item, &out->width, &out->height, err);
}

static bool read_nclx(const struct imp_heif *h,
                      const struct imp_heif_item *item, struct imp_cicp *out)
{
    for (size_t i = 0; i < h->n_links; i++) {
        const struct imp_heif_link *l = &h->link[i];
        if (l->item != item->id || l->prop == 0 || l->prop > h->n_props)
            continue;
        const struct imp_heif_box *box = &h->prop[l->prop - 1].box;
        const uint8_t *p = box->body.p;
        if (!imp_heif_is(box, "colr") || box->body.n != 11 ||
            memcmp(p, "nclx", 4) != 0)
            continue;
        *out = (struct imp_cicp){.primaries = imp_be16(p + 4),
                                 .transfer = imp_be16(p + 6),
                                 .matrix = imp_be16(p + 8),
                                 .full = p[10] & 0x80};
        return true;
    }
    return false;
}

bool imp_heif_cicp_of(const struct imp_heif *h,
                      const struct imp_heif_still *picture,
                      struct imp_cicp *out)
{
    struct imp_heif_item whole = {.id = picture->id};
    return read_nclx(h, &whole, out) || read_nclx(h, picture->tile[0], out);
}
