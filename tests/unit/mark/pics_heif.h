/* pics_heif.h - small HEIF files for tests of the mark, put together here from
 * pictures that the pixel library has coded. Whatever fails in here fails the
 * test that called. */
#ifndef IMP_TESTS_MARK_PICS_HEIF_H
#define IMP_TESTS_MARK_PICS_HEIF_H

#include "mark/heif_shape.h"

struct heif_item {
    const char *type;
    bool hidden;
    struct imp_buf data, props; /* bytes; boxes, in order */
};

struct heif_ref {
    const char *type;
    uint32_t from, to;
};

/* Items are numbered from 1, the first is the primary one. */
struct heif_maker {
    struct heif_item item[8];
    size_t n;
    struct heif_ref ref[8];
    size_t n_refs;
};

const struct imp_pixels *heif_pixels(void);

/* A gradient, in all planes, from `base` on. */
struct imp_planes heif_planes(unsigned n, unsigned depth, unsigned h,
                              unsigned v, uint32_t width, uint32_t height,
                              unsigned base);

/* An item, with its size and its coder's parameters; the pointer holds until
 * _clear. */
struct heif_item *heif_add(struct heif_maker *m, const char *type,
                           const struct imp_planes *p);
/* One that is derived, of this size. */
struct heif_item *heif_derive(struct heif_maker *m, const char *type,
                              uint32_t width, uint32_t height);
void heif_refer(struct heif_maker *m, const char *type, uint32_t from,
                uint32_t to);
void heif_prop(struct heif_item *item, const char *type, const void *body,
               size_t n);
void heif_write(const struct heif_maker *m, struct imp_buf *out);
void heif_clear(struct heif_maker *m);

/* Planes of an item of a file. */
struct imp_planes heif_read(struct imp_span file, uint32_t item);

#endif
