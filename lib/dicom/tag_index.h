/* tag_index.h - rows of a constant table, found by their tag in a step or two:
 * every element of an object is looked for several times. Any thread may
 * search. */
#ifndef IMP_DICOM_TAG_INDEX_H
#define IMP_DICOM_TAG_INDEX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct imp_tag_index {
    const void *rows; /* each begins with its tag, a uint32_t, and no two have
                         the same */
    size_t n, size;   /* how many; bytes of each */
    uint16_t *slot;   /* 1 << bits of them, more than rows: 0, or the number of
                         a row from 1 on */
    unsigned bits;
    pthread_mutex_t mu;
    atomic_bool filled; /* by the first search */
};

/* The index of an array of rows, with 1 << `bits` slots in `slots`, which are
 * 0. */
#define IMP_TAG_INDEX(array, slots, bits)                                \
    {                                                                    \
        array, sizeof array / sizeof *array, sizeof *array, slots, bits, \
            PTHREAD_MUTEX_INITIALIZER, false                             \
    }

/* For _find: fill the slots, if nobody has. */
void imp_tag_index_fill(struct imp_tag_index *x);

/* Where a tag is looked for first, and where next. */
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

/* The row of a tag, or NULL. */
static inline const void *imp_tag_index_find(struct imp_tag_index *x,
                                             uint32_t tag)
{
    if (!atomic_load_explicit(&x->filled, memory_order_acquire))
        imp_tag_index_fill(x);
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
