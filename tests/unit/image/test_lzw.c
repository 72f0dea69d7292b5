// LZW as it is written: the same indexes come back, in blocks as GIF has them.
#include "image/lzw.h"
#include "image/lzw_write.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct imp_buf out;
static struct imp_err err;

static void tear_down(void)
{
    imp_buf_clear(&out);
}

TestSuite(lzw, .fini = tear_down, .timeout = 20);

// All of `out` but the code size: sub-blocks up to the terminator, of which
// only the last may be short.
static void read_back(unsigned bits, uint8_t *index, size_t n)
{
    enum imp_lzw_state state = IMP_LZW_MORE;
    struct imp_lzw *lzw = imp_lzw_new(&err);
    size_t at = 1;
    cr_assert_eq(out.p[0], bits);
    imp_lzw_start(lzw, IMP_LZW_GIF, bits, n);
    imp_lzw_store(lzw, index);
    while (out.p[at]) {
        size_t used, size = out.p[at];
        cr_assert_lt(at + 1 + size, out.n);
        cr_expect(size == 255 || out.p[at + 1 + size] == 0);
        cr_assert_eq(state, IMP_LZW_MORE);
        state = imp_lzw_feed(lzw, out.p + at + 1, size, &used, &err);
        cr_assert_neq(state, IMP_LZW_DAMAGED, "%s", err.msg);
        cr_expect_eq(used, size);
        at += 1 + size;
    }
    cr_expect_eq(at + 1, out.n);
    // By the end code, nothing being left.
    cr_expect_eq(state, IMP_LZW_DONE);
    cr_expect_eq(imp_lzw_have(lzw), n);
    imp_lzw_free(lzw);
}

static void expect_same(unsigned bits, const uint8_t *index, size_t n)
{
    uint8_t *back = malloc(n);
    out.n = 0;
    cr_assert(imp_lzw_write(bits, index, n, &out, &err), "%s", err.msg);
    read_back(bits, back, n);
    cr_expect_eq(memcmp(back, index, n), 0, "%u bits, %zu indexes", bits, n);
    free(back);
}

Test(lzw, is_written_as_by_hand)
{
    // See test_fmt_gif.c.
    static const uint8_t want[] = {2, 2, 0x44, 0x54, 0};
    cr_assert(imp_lzw_write(2, (const uint8_t *)"\0\1\2", 3, &out, &err));
    cr_expect(out.n == sizeof want && memcmp(out.p, want, sizeof want) == 0);
}

// Noise clears the table often, runs make strings that reach into themselves.
Test(lzw, what_is_written_is_read_back)
{
    static const size_t sizes[] = {1, 2, 3, 255, 256, 4000, 300000};
    uint8_t *index = malloc(300000);
    uint32_t seed = 1;
    for (unsigned bits = 2; bits <= 8; bits++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            for (unsigned run = 1; run < 3000; run *= 7) {
                for (size_t i = 0; i < sizes[k]; i++) {
                    seed = seed * 1664525 + 1013904223;
                    bool changes = seed >> 8 < UINT32_MAX / 256 / run;
                    index[i] = (uint8_t)(seed & ((1u << bits) - 1));
                    if (i > 0 && !changes)
                        index[i] = index[i - 1];
                }
                expect_same(bits, index, sizes[k]);
            }
    free(index);
}

// Around each code that needs a bit more, and the one at which the table is
// cleared: a stream may end at any of them.
Test(lzw, a_stream_may_end_at_any_code)
{
    uint8_t index[9000];
    uint32_t seed = 7;
    for (size_t i = 0; i < sizeof index; i++) {
        seed = seed * 1664525 + 1013904223;
        index[i] = (uint8_t)(seed >> 24);
    }
    for (size_t n = 1; n < sizeof index; n += n % 256 < 4 || n > 3600 ? 1 : 7)
        expect_same(8, index, n);
}

Test(lzw, even_pictures_become_small)
{
    uint8_t *index = calloc(1, 1000000);
    expect_same(2, index, 1000000);
    cr_expect_lt(out.n, 3000, "%zu bytes", out.n);
    free(index);
}
