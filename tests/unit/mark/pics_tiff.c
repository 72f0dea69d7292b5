#include "pics_tiff.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { HEAD = 8, BIG_HEAD = 16 };

// --- Making ---

static void put(struct imp_buf *out, uint64_t v, size_t n, enum tiff_order o)
{
    uint8_t p[8];
    for (size_t i = 0; i < n; i++)
        p[o == TIFF_MM ? n - 1 - i : i] = (uint8_t)(v >> 8 * i);
    cr_assert(imp_buf_add(out, p, n, NULL));
}

static size_t width_of(uint16_t type)
{
    return type == TIFF_UNDEFINED ? 1 : type == TIFF_SHORT ? 2 : 4;
}

static size_t numbers_of(const struct tiff_tag *t)
{
    return t->count * (t->type == TIFF_RATIONAL ? 2u : 1u);
}

static void put_value(struct imp_buf *out, const struct tiff_tag *t,
                      enum tiff_order o)
{
    for (size_t i = 0; i < numbers_of(t); i++)
        put(out, t->value[i], width_of(t->type), o);
}

static void put_tag(struct imp_buf *out, const struct tiff_tag *t, uint64_t at,
                    enum tiff_order o)
{
    size_t room = o == TIFF_BIG ? 8 : 4;
    size_t n = numbers_of(t) * width_of(t->type);
    put(out, t->tag, 2, o);
    put(out, t->type, 2, o);
    put(out, t->count, room, o);
    if (n > room) {
        put(out, at, room, o);
        return;
    }
    put_value(out, t, o);
    put(out, 0, room - n, o);
}

static int by_tag(const void *left, const void *right)
{
    const struct tiff_tag *a = left, *b = right;
    return a->tag - b->tag;
}

static void put_pixels(struct imp_buf *out, const struct tiff_page *p,
                       enum tiff_order o)
{
    size_t unit = p->compression == 1 && p->bits > 8 ? p->bits / 8 : 1;
    const uint8_t *from = p->pixels;
    for (size_t i = 0; i < p->n; i += unit) {
        uint64_t v = 0;
        for (size_t k = 0; k < unit; k++)
            v |= (uint64_t)from[i + k] << 8 * k;
        put(out, v, unit, o);
    }
    put(out, 0, out->n % 2, o);
}

// The tags of a page, those that do not fit behind what is there already.
static size_t put_page(struct imp_buf *out, const struct tiff_page *p,
                       enum tiff_order o)
{
    uint32_t bits[4] = {p->bits, p->bits, p->bits, p->bits};
    uint32_t format[4] = {p->format, p->format, p->format, p->format};
    uint32_t offset = (uint32_t)out->n, n = (uint32_t)p->n;
    uint32_t compression = p->compression, photometric = p->photometric;
    uint32_t samples = p->samples;
    struct tiff_tag tag[24] = {
        {256, TIFF_LONG, 1, &p->width},
        {257, TIFF_LONG, 1, &p->height},
        {258, TIFF_SHORT, samples, bits},
        {259, TIFF_SHORT, 1, &compression},
        {262, TIFF_SHORT, 1, &photometric},
        {273, TIFF_LONG, 1, &offset},
        {277, TIFF_SHORT, 1, &samples},
        {278, TIFF_LONG, 1, &p->height},
        {279, TIFF_LONG, 1, &n},
        {339, TIFF_SHORT, samples, format},
    };
    size_t n_tags = 10, at[24];
    for (size_t i = 0; i < p->n_more; i++)
        tag[n_tags++] = p->more[i];
    qsort(tag, n_tags, sizeof *tag, by_tag);
    put_pixels(out, p, o);
    for (size_t i = 0; i < n_tags; i++) {
        at[i] = out->n;
        put_value(out, &tag[i], o);
        put(out, 0, out->n % 2, o);
    }
    size_t here = out->n;
    put(out, n_tags, o == TIFF_BIG ? 8 : 2, o);
    for (size_t i = 0; i < n_tags; i++)
        put_tag(out, &tag[i], at[i], o);
    return here;
}

static void patch(struct imp_buf *out, size_t place, size_t v, size_t room,
                  enum tiff_order o)
{
    struct imp_buf p = {0};
    put(&p, v, room, o);
    memcpy(out->p + place, p.p, room);
    imp_buf_clear(&p);
}

void tiff_make(const struct tiff_page *page, size_t n, enum tiff_order o,
               struct imp_buf *out)
{
    size_t room = o == TIFF_BIG ? 8 : 4;
    cr_assert(imp_buf_add(out, o == TIFF_MM ? "MM" : "II", 2, NULL));
    put(out, o == TIFF_BIG ? 43 : 42, 2, o);
    if (o == TIFF_BIG)
        put(out, 8, 4, o);
    size_t link = out->n;
    put(out, 0, room, o);
    for (size_t i = 0; i < n; i++) {
        size_t here = put_page(out, &page[i], o);
        patch(out, link, here, room, o);
        link = out->n;
        put(out, 0, room, o);
    }
}

// --- Reading ---

static uint64_t get(struct imp_span file, size_t at, size_t n)
{
    uint64_t v = 0;
    cr_assert(at <= file.n && n <= file.n - at, "beyond the file: %zu", at);
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)file.p[at + i] << 8 * i;
    return v;
}

static bool is_big(struct imp_span file)
{
    return get(file, 2, 2) == 43;
}

// Where the directory is; 0 if there are not so many.
static size_t find_page(struct imp_span file, size_t page)
{
    bool big = is_big(file);
    size_t room = big ? 8 : 4;
    cr_assert_eq(get(file, 0, 2), 0x4949, "not little endian");
    size_t at = get(file, big ? 8 : 4, room);
    for (; at && page; page--) {
        size_t n = get(file, at, big ? 8 : 2);
        at = get(file, at + (big ? 8 + 20 * n : 2 + 12 * n), room);
    }
    return at;
}

size_t tiff_pages(struct imp_span file)
{
    size_t n = 0;
    while (find_page(file, n))
        n++;
    return n;
}

static size_t find_tag(struct imp_span file, size_t page, uint16_t tag)
{
    bool big = is_big(file);
    size_t at = find_page(file, page);
    cr_assert_neq(at, 0, "no page %zu", page);
    size_t n = get(file, at, big ? 8 : 2);
    for (size_t i = 0; i < n; i++) {
        size_t entry = at + (big ? 8 + 20 * i : 2 + 12 * i);
        if (get(file, entry, 2) == tag)
            return entry;
    }
    return 0;
}

struct imp_span tiff_value(struct imp_span file, size_t page, uint16_t tag)
{
    size_t room = is_big(file) ? 8 : 4, at = find_tag(file, page, tag);
    if (!at)
        return (struct imp_span){0};
    size_t type = get(file, at + 2, 2), n = get(file, at + 4, room);
    n *= type == 16 || type == TIFF_RATIONAL ? 8 : width_of((uint16_t)type);
    at += 4 + room;
    if (n > room)
        at = get(file, at, room);
    cr_assert(at <= file.n && n <= file.n - at, "tag %u", tag);
    return (struct imp_span){file.p + at, n};
}

uint32_t tiff_number(struct imp_span file, size_t page, uint16_t tag, size_t i,
                     uint32_t otherwise)
{
    struct imp_span v = tiff_value(file, page, tag);
    if (!v.p)
        return otherwise;
    size_t type = get(file, find_tag(file, page, tag) + 2, 2);
    size_t n = type == 16 ? 8 : width_of((uint16_t)type);
    return (uint32_t)get(v, i * n, n);
}

static void inflate_all(struct imp_span in, size_t most, struct imp_buf *out)
{
    uLongf n = most;
    uint8_t *p = malloc(most);
    cr_assert(p);
    cr_assert_eq(uncompress(p, &n, in.p, in.n), Z_OK);
    cr_assert(imp_buf_add(out, p, n, NULL));
    free(p);
}

static void add_differences(struct imp_buf *out, size_t from, size_t row,
                            size_t samples)
{
    for (size_t at = from; at + row <= out->n; at += row)
        for (size_t i = samples; i < row; i++)
            out->p[at + i] =
                (uint8_t)(out->p[at + i] + out->p[at + i - samples]);
}

void tiff_pixels(struct imp_span file, size_t page, struct imp_buf *out)
{
    uint32_t width = tiff_number(file, page, 256, 0, 0);
    uint32_t height = tiff_number(file, page, 257, 0, 0);
    uint32_t samples = tiff_number(file, page, 277, 0, 1);
    size_t row =
        ((size_t)width * samples * tiff_number(file, page, 258, 0, 1) + 7) / 8;
    uint32_t compression = tiff_number(file, page, 259, 0, 1);
    size_t n = row * height;
    for (size_t i = 0; out->n < n; i++) {
        size_t at = tiff_number(file, page, 273, i, 0), from = out->n;
        struct imp_span piece = {file.p + at,
                                 tiff_number(file, page, 279, i, 0)};
        cr_assert(at && piece.n && at <= file.n && piece.n <= file.n - at);
        if (compression == 1) {
            cr_assert(imp_buf_add(out, piece.p, piece.n, NULL));
            continue;
        }
        cr_assert_eq(compression, 8, "compression %u", compression);
        inflate_all(piece, n - from, out);
        if (tiff_number(file, page, 317, 0, 1) == 2)
            add_differences(out, from, row, samples);
    }
    cr_assert_eq(out->n, n);
}
