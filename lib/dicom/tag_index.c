#include "dicom/tag_index.h"

static void put(struct imp_tag_index *x, size_t i)
{
    const void *row = (const uint8_t *)x->rows + i * x->size;
    uint32_t at = imp_tag_index_start(x, imp_tag_index_tag(row));
    while (x->slot[at])
        at = imp_tag_index_next(x, at);
    x->slot[at] = (uint16_t)(i + 1);
}

void imp_tag_index_fill(struct imp_tag_index *x)
{
    pthread_mutex_lock(&x->mu);
    if (!atomic_load_explicit(&x->filled, memory_order_relaxed)) {
        for (size_t i = 0; i < x->n; i++)
            put(x, i);
        atomic_store_explicit(&x->filled, true, memory_order_release);
    }
    pthread_mutex_unlock(&x->mu);
}
