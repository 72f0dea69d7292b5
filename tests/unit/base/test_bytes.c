#include "base/bytes.h"

#include <criterion/criterion.h>
#include <string.h>

Test(span, a_part_must_lie_inside)
{
    static const uint8_t data[10];
    struct imp_span in = {data, sizeof data}, out;
    cr_expect(imp_span_sub(in, 10, 0, &out));
    cr_assert(imp_span_sub(in, 4, 6, &out));
    cr_expect_eq(out.p, data + 4);
    cr_expect_eq(out.n, 6);
    cr_expect_not(imp_span_sub(in, 4, 7, &out));
    cr_expect_not(imp_span_sub(in, 11, 0, &out));
    cr_expect_not(imp_span_sub(in, 5, SIZE_MAX, &out));
}

Test(span, starts_looks_no_further_than_its_end)
{
    struct imp_span in = {(const uint8_t *)"abc", 3};
    cr_expect(imp_span_starts(in, "ab", 2));
    cr_expect(imp_span_starts(in, "abc", 3));
    cr_expect_not(imp_span_starts(in, "abcd", 4));
    cr_expect_not(imp_span_starts(in, "b", 1));
}

Test(bytes, numbers_are_read_in_their_order)
{
    static const uint8_t p[] = {0x81, 0x02, 0x03, 0x84};
    cr_expect_eq(imp_be16(p), 0x8102);
    cr_expect_eq(imp_le16(p), 0x0281);
    cr_expect_eq(imp_be32(p), 0x81020384u);
    cr_expect_eq(imp_le32(p), 0x84030281u);
    uint8_t q[4];
    imp_put_be32(q, 0x81020384u);
    cr_expect_arr_eq(q, p, 4);
}

Test(bytes, sums_and_products_tell_of_overflow)
{
    uint64_t v;
    cr_expect(imp_add_u64(UINT64_MAX - 1, 1, &v));
    cr_expect_eq(v, UINT64_MAX);
    cr_expect_not(imp_add_u64(UINT64_MAX, 1, &v));
    cr_expect(imp_mul_u64(UINT32_MAX, UINT32_MAX, &v));
    cr_expect_not(imp_mul_u64(UINT64_MAX, 2, &v));
}

Test(buf, it_grows_and_keeps_what_it_has)
{
    struct imp_buf b = {0};
    for (int i = 0; i < 1000; i++)
        cr_assert(imp_buf_add(&b, &(char){(char)i}, 1, NULL));
    cr_assert_eq(b.n, 1000);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(b.p[i], (uint8_t)i);
    imp_buf_clear(&b);
    cr_expect_null(b.p);
}

Test(buf, it_keeps_its_memory_from_image_to_image)
{
    struct imp_buf b = {0};
    cr_assert(imp_buf_reserve(&b, 5000, NULL));
    const uint8_t *before = b.p;
    b.n = 0;
    cr_assert(imp_buf_reserve(&b, 4000, NULL));
    cr_expect_eq(b.p, before);
    imp_buf_clear(&b);
}

Test(buf, a_length_that_overflows_is_refused)
{
    struct imp_buf b = {0};
    struct imp_err err = {0};
    cr_assert(imp_buf_add(&b, "x", 1, NULL));
    cr_expect_not(imp_buf_add(&b, "x", SIZE_MAX, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect_eq(b.n, 1);
    imp_buf_clear(&b);
}

Test(arena, addresses_stay_put_and_do_not_overlap)
{
    struct imp_arena a = {0};
    char *p[300];
    for (size_t i = 0; i < 300; i++) {
        p[i] = imp_arena_alloc(&a, i * 7);
        cr_assert_not_null(p[i]);
        cr_expect_eq((uintptr_t)p[i] % sizeof(void *), 0);
        memset(p[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i * 7; k++)
            cr_assert_eq(p[i][k], (char)i);
    imp_arena_clear(&a);
}

Test(arena, what_it_gives_is_zero_also_after_a_reset)
{
    struct imp_arena a = {0};
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            char *p = imp_arena_alloc(&a, 3000);
            for (int k = 0; k < 3000; k++)
                cr_assert_eq(p[k], 0);
            memset(p, 0xAA, 3000);
        }
        imp_arena_reset(&a);
    }
    imp_arena_clear(&a);
}

Test(arena, a_reset_reuses_its_memory)
{
    struct imp_arena a = {0};
    void *first = imp_arena_alloc(&a, 100);
    imp_arena_alloc(&a, 100000);
    imp_arena_reset(&a);
    cr_expect_eq(imp_arena_alloc(&a, 100), first);
    imp_arena_clear(&a);
}

Test(arena, an_impossible_size_gives_null)
{
    struct imp_arena a = {0};
    cr_expect_null(imp_arena_alloc(&a, SIZE_MAX));
    cr_expect_null(imp_arena_alloc(&a, SIZE_MAX - 64));
    imp_arena_clear(&a);
}
