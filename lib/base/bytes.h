/* bytes.h - spans, growing buffers, arenas, and numbers read from bytes.
 *
 * None of these is thread-safe; each worker has its own. */
#ifndef IMP_BASE_BYTES_H
#define IMP_BASE_BYTES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes; `{0}` is the empty span. */
struct imp_span {
    const uint8_t *p;
    size_t n;
};

/* The part [at, at + n) of `in`, or false if it is not all there. */
bool imp_span_sub(struct imp_span in, size_t at, size_t n,
                  struct imp_span *out);

/* Does `in` start with these bytes? */
bool imp_span_starts(struct imp_span in, const void *prefix, size_t n);

/* Is every byte of it zero? True of the empty span. */
bool imp_span_is_zero(struct imp_span in);

/* Numbers of 2, 4 and 8 bytes, big and little endian. The caller has checked
 * that the bytes are there. */
static inline uint16_t imp_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t imp_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static inline uint16_t imp_le16(const uint8_t *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t imp_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
           p[0];
}

static inline uint64_t imp_be64(const uint8_t *p)
{
    return (uint64_t)imp_be32(p) << 32 | imp_be32(p + 4);
}

static inline uint64_t imp_le64(const uint8_t *p)
{
    return (uint64_t)imp_le32(p + 4) << 32 | imp_le32(p);
}

static inline void imp_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void imp_put_be32(uint8_t *p, uint32_t v)
{
    imp_put_be16(p, (uint16_t)(v >> 16));
    imp_put_be16(p + 2, (uint16_t)v);
}

static inline void imp_put_be64(uint8_t *p, uint64_t v)
{
    imp_put_be32(p, (uint32_t)(v >> 32));
    imp_put_be32(p + 4, (uint32_t)v);
}

static inline void imp_put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void imp_put_le32(uint8_t *p, uint32_t v)
{
    imp_put_le16(p, (uint16_t)v);
    imp_put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void imp_put_le64(uint8_t *p, uint64_t v)
{
    imp_put_le32(p, (uint32_t)v);
    imp_put_le32(p + 4, (uint32_t)(v >> 32));
}

/* *sum = a + b, *product = a * b; false on overflow. */
static inline bool imp_add_u64(uint64_t a, uint64_t b, uint64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

static inline bool imp_mul_u64(uint64_t a, uint64_t b, uint64_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* A buffer that grows and keeps its memory from image to image.
 * `{0}` is empty; _clear gives the memory back. */
struct imp_buf {
    uint8_t *p;
    size_t n;   /* bytes in use */
    size_t cap; /* bytes owned */
};

void imp_buf_clear(struct imp_buf *buf);

/* Make room for `n` bytes in all; contents stay. */
bool imp_buf_reserve(struct imp_buf *buf, size_t n, struct imp_err *err);

/* Append; on failure the buffer is as before. */
bool imp_buf_add(struct imp_buf *buf, const void *bytes, size_t n,
                 struct imp_err *err);

static inline struct imp_span imp_buf_span(const struct imp_buf *buf)
{
    return (struct imp_span){buf->p, buf->n};
}

/* Small allocations that live until the arena is reset or cleared; their
 * addresses stay put. Reset keeps the memory for the next image. */
struct imp_arena {
    struct imp_arena_block *first, *current;
};

/* `n` zeroed bytes, aligned for any type; NULL without memory. */
void *imp_arena_alloc(struct imp_arena *arena, size_t n);

void imp_arena_reset(struct imp_arena *arena);
void imp_arena_clear(struct imp_arena *arena);

#endif
