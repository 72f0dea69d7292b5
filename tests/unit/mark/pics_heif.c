#include "pics_heif.h"

#include <criterion/criterion.h>
#include <string.h>

const struct imp_pixels *heif_pixels(void)
{
    struct imp_err err = {0};
    const struct imp_pixels *pixels = imp_pixels_load(&err);
    cr_assert(pixels, "%s", err.msg);
    return pixels;
}

struct imp_planes heif_planes(unsigned n, unsigned depth, unsigned h,
                              unsigned v, uint32_t width, uint32_t height,
                              unsigned base)
{
    struct imp_planes p = {.n = n, .depth = depth, .h = h, .v = v};
    p.cicp = (struct imp_cicp){2, 2, 2, true};
    cr_assert(imp_planes_init(&p, width, height, NULL));
    for (unsigned i = 0; i < n; i++)
        for (uint32_t y = 0; y < p.plane[i].height; y++)
            for (uint32_t x = 0; x < p.plane[i].width; x++)
                p.plane[i].sample[(size_t)y * p.plane[i].width + x] =
                    (uint16_t)((base + 3 * x + 5 * y + 40 * i) &
                               ((1u << depth) - 1));
    return p;
}

static void put(struct imp_buf *out, unsigned bytes, uint64_t value)
{
    cr_assert(imp_heif_put(out, bytes, value, NULL));
}

static void add(struct imp_buf *out, const void *bytes, size_t n)
{
    cr_assert(imp_buf_add(out, bytes, n, NULL));
}

void heif_prop(struct heif_item *item, const char *type, const void *body,
               size_t n)
{
    size_t at = imp_heif_begin(&item->props, type, NULL);
    add(&item->props, body, n);
    imp_heif_end(&item->props, at);
}

struct heif_item *heif_derive(struct heif_maker *m, const char *type,
                              uint32_t width, uint32_t height)
{
    uint8_t ispe[12] = {0};
    struct heif_item *item = &m->item[m->n++];
    cr_assert_leq(m->n, sizeof m->item / sizeof *m->item);
    item->type = type;
    imp_put_be32(ispe + 4, width);
    imp_put_be32(ispe + 8, height);
    heif_prop(item, "ispe", ispe, sizeof ispe);
    return item;
}

struct heif_item *heif_add(struct heif_maker *m, const char *type,
                           const struct imp_planes *p)
{
    struct imp_buf file = {0};
    struct imp_err err = {0};
    struct imp_heif_file f;
    struct imp_coded coded;
    struct heif_item *item =
        heif_derive(m, type, p->plane[0].width, p->plane[0].height);
    cr_assert(heif_pixels()->encode_planes(p, type, &file, &err), "%s",
              err.msg);
    cr_assert(imp_heif_file_open(&f, imp_buf_span(&file), NULL, &err), "%s",
              err.msg);
    cr_assert(
        imp_heif_coded_of(&f.h, imp_heif_item(&f.h, f.h.primary), &coded, &err),
        "%s", err.msg);
    add(&item->data, coded.data.p, coded.data.n);
    heif_prop(item, strcmp(type, "hvc1") == 0 ? "hvcC" : "av1C", coded.config.p,
              coded.config.n);
    imp_heif_file_close(&f);
    imp_buf_clear(&file);
    return item;
}

void heif_refer(struct heif_maker *m, const char *type, uint32_t from,
                uint32_t to)
{
    m->ref[m->n_refs++] = (struct heif_ref){type, from, to};
    cr_assert_leq(m->n_refs, sizeof m->ref / sizeof *m->ref);
}

static size_t boxes(struct imp_span props)
{
    size_t n = 0;
    for (size_t at = 0; at < props.n; n++)
        at += imp_be32(props.p + at);
    return n;
}

static size_t begin_full(struct imp_buf *out, const char *type, uint8_t version)
{
    return imp_heif_begin_full(out, type, version, 0, NULL);
}

static void put_items(const struct heif_maker *m, struct imp_buf *out)
{
    size_t at = begin_full(out, "iinf", 0);
    put(out, 2, m->n);
    for (size_t i = 0; i < m->n; i++) {
        size_t infe =
            imp_heif_begin_full(out, "infe", 2, m->item[i].hidden, NULL);
        put(out, 2, i + 1);
        put(out, 2, 0);
        add(out, m->item[i].type, 4);
        put(out, 1, 0);
        imp_heif_end(out, infe);
    }
    imp_heif_end(out, at);
}

static void put_places(const struct heif_maker *m, size_t data,
                       struct imp_buf *out)
{
    size_t at = begin_full(out, "iloc", 0);
    put(out, 2, 0x4400);
    put(out, 2, m->n);
    for (size_t i = 0; i < m->n; i++) {
        put(out, 2, i + 1);
        put(out, 2, 0);
        put(out, 2, 1);
        put(out, 4, data);
        put(out, 4, m->item[i].data.n);
        data += m->item[i].data.n;
    }
    imp_heif_end(out, at);
}

// Each in a box of its own: those of a grid must be one.
static void put_refs(const struct heif_maker *m, struct imp_buf *out)
{
    size_t at = begin_full(out, "iref", 0);
    for (size_t i = 0, n; i < m->n_refs; i += n) {
        for (n = 1; i + n < m->n_refs && m->ref[i + n].from == m->ref[i].from &&
                    strcmp(m->ref[i + n].type, m->ref[i].type) == 0;)
            n++;
        size_t box = imp_heif_begin(out, m->ref[i].type, NULL);
        put(out, 2, m->ref[i].from);
        put(out, 2, n);
        for (size_t k = 0; k < n; k++)
            put(out, 2, m->ref[i + k].to);
        imp_heif_end(out, box);
    }
    imp_heif_end(out, at);
}

static void put_props(const struct heif_maker *m, struct imp_buf *out)
{
    size_t iprp = imp_heif_begin(out, "iprp", NULL), index = 0;
    size_t at = imp_heif_begin(out, "ipco", NULL);
    for (size_t i = 0; i < m->n; i++)
        add(out, m->item[i].props.p, m->item[i].props.n);
    imp_heif_end(out, at);
    at = begin_full(out, "ipma", 0);
    put(out, 4, m->n);
    for (size_t i = 0; i < m->n; i++) {
        size_t n = boxes(imp_buf_span(&m->item[i].props));
        put(out, 2, i + 1);
        put(out, 1, n);
        for (size_t k = 0; k < n; k++)
            put(out, 1, ++index);
    }
    imp_heif_end(out, at);
    imp_heif_end(out, iprp);
}

static void put_file(const struct heif_maker *m, size_t data,
                     struct imp_buf *out)
{
    static const char ftyp[] = "\0\0\0\x18"
                               "ftypmif1\0\0\0\0mif1heic";
    static const uint8_t hdlr[21] = {0, 0, 0, 0, 'p', 'i', 'c', 't'};
    out->n = 0;
    add(out, ftyp, 24);
    size_t meta = begin_full(out, "meta", 0);
    size_t at = begin_full(out, "hdlr", 0);
    add(out, hdlr, sizeof hdlr);
    imp_heif_end(out, at);
    at = begin_full(out, "pitm", 0);
    put(out, 2, 1);
    imp_heif_end(out, at);
    put_items(m, out);
    put_places(m, data, out);
    if (m->n_refs)
        put_refs(m, out);
    put_props(m, out);
    imp_heif_end(out, meta);
}

void heif_write(const struct heif_maker *m, struct imp_buf *out)
{
    put_file(m, 0, out);
    put_file(m, out->n + 8, out);
    size_t at = imp_heif_begin(out, "mdat", NULL);
    for (size_t i = 0; i < m->n; i++)
        add(out, m->item[i].data.p, m->item[i].data.n);
    imp_heif_end(out, at);
}

void heif_clear(struct heif_maker *m)
{
    for (size_t i = 0; i < m->n; i++) {
        imp_buf_clear(&m->item[i].data);
        imp_buf_clear(&m->item[i].props);
    }
    *m = (struct heif_maker){0};
}

struct imp_planes heif_read(struct imp_span file, uint32_t item)
{
    struct imp_err err = {0};
    struct imp_heif_file f;
    struct imp_coded coded;
    struct imp_planes p;
    cr_assert(imp_heif_file_open(&f, file, NULL, &err), "%s", err.msg);
    const struct imp_heif_item *i = imp_heif_item(&f.h, item);
    cr_assert(i);
    // Where it lies in the file, though its bytes may be meant to move.
    cr_assert(imp_heif_coded_of(&f.h, i, &coded, &err), "%s", err.msg);
    cr_assert(heif_pixels()->decode_planes(&coded, &p, &err), "%s", err.msg);
    imp_heif_file_close(&f);
    return p;
}
