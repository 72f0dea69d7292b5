/* tag_index.h - rows of a constant table, found by their tag in a step or two:
 * every element of an object is looked for several times. */
#ifndef IMP_DICOM_TAG_INDEX_H
#define IMP_DICOM_TAG_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct imp_tag_index {
    const void *rows; /* each begins with its tag, a uint32_t, and no two have
                         the same */
    size_t n, size;   /* how many; bytes of each */
    uint16_t *slot;   /* 1 << bits of them: 0, or the number of a row from 1 on;
                         more than rows */
    unsigned bits;
};

/* Where a tag is looked for first. */
static inline uint32_t imp_tag_index_start(const struct imp_tag_index *x,
                                           uint32_t tag)
{
    return tag * UINT32_C(0x9E3779B1) >> (32 - x->bits);
}

static inline uint32_t imp_tag_index_next(const struct imp_tag_index *x,
                                          uint32_t at)
{
    return (at + 1) & ((UINT32_C(1) << x->bits) - 1);
}

static inline uint32_t imp_tag_index_tag(const void *row)
{
    uint32_t tag;
    memcpy(&tag, row, sizeof tag);
    return tag;
}

/* Fill the slots, which are 0: once, before any search. */
static inline void imp_tag_index_fill(struct imp_tag_index *x)
{
    for (size_t i = 0; i < x->n; i++) {
        const void *row = (const uint8_t *)x->rows + i * x->size;
        uint32_t at = imp_tag_index_start(x, imp_tag_index_tag(row));
        while (x->slot[at])
            at = imp_tag_index_next(x, at);
        x->slot[at] = (uint16_t)(i + 1);
    }
}

/* The row of a tag, or NULL. Any thread, once the slots are filled. */
static inline const void *imp_tag_index_find(const struct imp_tag_index *x,
                                             uint32_t tag)
{
    uint32_t at = imp_tag_index_start(x, tag);
    for (; x->slot[at]; at = imp_tag_index_next(x, at)) {
        const void *row =
            (const uint8_t *)x->rows + (x->slot[at] - (size_t)1) * x->size;
        if (imp_tag_index_tag(row) == tag)
            return row;
    }
    return NULL;
}

#endif
