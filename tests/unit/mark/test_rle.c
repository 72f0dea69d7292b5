#include "mark/rle.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(rle, .timeout = 10);

#define SPAN(text) \
    ((struct imp_span){(const uint8_t *)(text), sizeof(text) - 1})

static uint8_t plane[4];

Test(rle, runs_and_bytes_as_they_are_fill_a_plane)
{
    cr_expect_eq(imp_rle_decode(SPAN("\xFDx"), plane, 4), 2);
    cr_expect_eq(memcmp(plane, "xxxx", 4), 0);
    cr_expect_eq(imp_rle_decode(SPAN("\1ab\x80\xFFz"), plane, 4), 6);
    cr_expect_eq(memcmp(plane, "abzz", 4), 0);
    cr_expect_eq(imp_rle_decode(SPAN("\3abcd behind"), plane, 4), 5);
}

Test(rle, what_does_not_fill_it_is_no_plane)
{
    cr_expect_eq(imp_rle_decode(SPAN(""), plane, 4), 0);
    cr_expect_eq(imp_rle_decode(SPAN("\2abc"), plane, 4), 0);
    cr_expect_eq(imp_rle_decode(SPAN("\4abcde"), plane, 4), 0);
    cr_expect_eq(imp_rle_decode(SPAN("\xFCx"), plane, 4), 0);
    cr_expect_eq(imp_rle_decode(SPAN("\3abc"), plane, 4), 0);
    cr_expect_eq(imp_rle_decode(SPAN("\xFD"), plane, 4), 0);
}

static struct imp_err err;

static bool segment(uint32_t n, uint32_t first, uint32_t second, size_t size,
                    unsigned i, struct imp_span *out)
{
    static uint8_t frame[80];
    imp_put_le32(frame, n);
    imp_put_le32(frame + 4, first);
    imp_put_le32(frame + 8, second);
    err = (struct imp_err){0};
    bool ok = imp_rle_segment((struct imp_span){frame, size}, i, 2, out, &err);
    if (ok)
        out->p -= (uintptr_t)frame;
    return ok;
}

Test(rle, a_segment_reaches_to_the_next_or_to_the_end)
{
    struct imp_span s;
    cr_assert(segment(2, 64, 70, 80, 0, &s), "%s", err.msg);
    cr_expect_eq((uintptr_t)s.p, 64);
    cr_expect_eq(s.n, 6);
    cr_assert(segment(2, 64, 70, 80, 1, &s), "%s", err.msg);
    cr_expect_eq((uintptr_t)s.p, 70);
    cr_expect_eq(s.n, 10);
}

Test(rle, a_header_that_contradicts_the_frame_is_damaged)
{
    struct imp_span s;
    cr_expect_not(segment(3, 64, 70, 80, 0, &s));
    cr_expect_not(segment(2, 64, 70, 63, 0, &s));
    cr_expect_not(segment(2, 63, 70, 80, 0, &s));
    cr_expect_not(segment(2, 71, 70, 80, 0, &s));
    cr_expect_not(segment(2, 64, 81, 80, 0, &s));
    cr_expect_not(segment(2, 64, 81, 80, 1, &s));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
}
