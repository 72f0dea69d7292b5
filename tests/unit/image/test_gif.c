// The frames of a GIF: where they are, and in which order their rows are coded.
#include "image/gif.h"

#include <criterion/criterion.h>
#include <string.h>

// Two frames of 3 x 1: see test_fmt_gif.c.
#define FILE_OF                                                        \
    "GIF89a\3\0\1\0\x81\2\0\0\0\0\xff\0\0\0\xff\0\0\0\xff"             \
    "!\xf9\4\x0d\5\0\1\0!\xfe\3abc\0,\0\0\0\0\3\0\1\0\0\2\2\x44\x54\0" \
    "!\xf9\4\1\5\0\1\0!\1\1x\0,\1\0\2\0\3\0\1\0\xc0"                   \
    "abcdef\2\2\x44\x54\0;"

static const struct imp_span file = {(const uint8_t *)FILE_OF,
                                     sizeof FILE_OF - 1};

Test(gif_frames, are_found_with_what_controls_them)
{
    struct imp_gif gif;
    struct imp_gif_frame f;
    uint8_t index[3];
    struct imp_err err = {0};
    struct imp_lzw *lzw = imp_lzw_new(&err);
    cr_assert(imp_gif_begin(&gif, file, &err));
    cr_expect(gif.width == 3 && gif.height == 1 && gif.background == 2);
    cr_expect_eq(gif.table.n, 12);
    cr_assert(imp_gif_next(&gif, &f, &err));
    cr_expect(f.disposal == IMP_GIF_TO_PREVIOUS && f.transparent == 1);
    cr_expect(f.table.n == 0 && !f.interlaced);
    cr_assert(imp_gif_decode(&gif, &f, lzw, index, &err), "%s", err.msg);
    cr_expect_eq(memcmp(index, "\0\1\2", 3), 0);
    cr_assert(imp_gif_next(&gif, &f, &err));
    // The control was the plain text's.
    cr_expect(f.disposal == 0 && f.transparent == -1);
    cr_expect(f.x == 1 && f.y == 2 && f.interlaced && f.table.n == 6);
    cr_expect_eq(f.end, file.n - 1);
    cr_assert(imp_gif_next(&gif, &f, &err));
    cr_expect(gif.ended && gif.frames == 2);
    imp_lzw_free(lzw);
}

Test(gif_frames, a_file_cut_short_is_damaged)
{
    for (size_t n = 0; n < file.n; n++) {
        struct imp_gif gif;
        struct imp_gif_frame f;
        struct imp_err err = {0};
        bool ok = imp_gif_begin(&gif, (struct imp_span){file.p, n}, &err);
        while (ok && !gif.ended)
            ok = imp_gif_next(&gif, &f, &err);
        cr_expect_eq(err.code, IMP_ERR_DAMAGED, "%zu bytes", n);
    }
}

Test(gif_frames, interlaced_rows_come_in_four_passes)
{
    static const struct {
        uint32_t first, step;
    } pass[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
    for (uint16_t height = 1; height < 40; height++) {
        struct imp_gif_frame f = {.height = height, .interlaced = true};
        uint32_t coded = 0;
        for (size_t i = 0; i < 4; i++)
            for (uint32_t y = pass[i].first; y < height; y += pass[i].step)
                cr_expect_eq(imp_gif_coded_row(&f, y), coded++, "row %u of %u",
                             y, height);
    }
}
