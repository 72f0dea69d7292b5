#include "base/bytes.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

bool imp_span_sub(struct imp_span in, size_t at, size_t n, struct imp_span *out)
{
    if (at > in.n || n > in.n - at)
        return false;
    *out = (struct imp_span){in.p + at, n};
    return true;
}

bool imp_span_starts(struct imp_span in, const void *prefix, size_t n)
{
    return in.n >= n && memcmp(in.p, prefix, n) == 0;
}

bool imp_span_is_zero(struct imp_span in)
{
    // Equal to itself shifted by one: all bytes are like the first.
    return in.n == 0 || (in.p[0] == 0 && memcmp(in.p, in.p + 1, in.n - 1) == 0);
}

void imp_buf_clear(struct imp_buf *buf)
{
    free(buf->p);
    *buf = (struct imp_buf){0};
}

#define BUF_LEAST ((size_t)64) // a line, which comes in small pieces

bool imp_buf_reserve(struct imp_buf *buf, size_t n, struct imp_err *err)
{
    if (n <= buf->cap)
        return true;
    // Grow by half again, so that a run of ever larger images settles soon.
    size_t cap = buf->cap + buf->cap / 2;
    if (cap < BUF_LEAST)
        cap = BUF_LEAST;
    if (cap < n)
        cap = n;
    uint8_t *p = realloc(buf->p, cap);
    if (!p)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory for %zu bytes", cap);
    buf->p = p;
    buf->cap = cap;
    return true;
}

bool imp_buf_add(struct imp_buf *buf, const void *bytes, size_t n,
                 struct imp_err *err)
{
    if (n > SIZE_MAX - buf->n)
        return imp_fail(err, IMP_ERR_LIMIT, "buffer of over %zu bytes",
                        SIZE_MAX);
    if (!imp_buf_reserve(buf, buf->n + n, err))
        return false;
    if (n)
        memcpy(buf->p + buf->n, bytes, n);
    buf->n += n;
    return true;
}

struct imp_arena_block {
    struct imp_arena_block *next;
    size_t used, cap;
    alignas(max_align_t) uint8_t bytes[];
};

#define BLOCK_BYTES ((size_t)16 * 1024)

static struct imp_arena_block *block_new(size_t n)
{
    size_t cap = n > BLOCK_BYTES ? n : BLOCK_BYTES;
    if (cap > SIZE_MAX - sizeof(struct imp_arena_block))
        return NULL;
    struct imp_arena_block *block = malloc(sizeof *block + cap);
    if (block)
        *block = (struct imp_arena_block){.cap = cap};
    return block;
}

// The next block that holds `n` bytes: one kept from an earlier image, or new.
static bool next_block(struct imp_arena *arena, size_t n)
{
    struct imp_arena_block *at = arena->current;
    while (at && at->next) {
        at = at->next;
        at->used = 0;
        arena->current = at;
        if (at->cap >= n)
            return true;
    }
    struct imp_arena_block *block = block_new(n);
    if (!block)
        return false;
    if (at)
        at->next = block;
    else
        arena->first = block;
    arena->current = block;
    return true;
}

void *imp_arena_alloc(struct imp_arena *arena, size_t n)
{
    const size_t align = alignof(max_align_t);
    if (n > SIZE_MAX - align)
        return NULL;
    n = (n + align - 1) / align * align;
    struct imp_arena_block *block = arena->current;
    if (!block || n > block->cap - block->used) {
        if (!next_block(arena, n))
            return NULL;
        block = arena->current;
    }
    void *p = block->bytes + block->used;
    block->used += n;
    return memset(p, 0, n);
}

void imp_arena_reset(struct imp_arena *arena)
{
    arena->current = arena->first;
    if (arena->first)
        arena->first->used = 0;
}

void imp_arena_clear(struct imp_arena *arena)
{
    struct imp_arena_block *block = arena->first;
    while (block) {
        struct imp_arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct imp_arena){0};
}
