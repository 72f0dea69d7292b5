// Tables of colours: lut8, lut16, lutAToB (ICC.1 10.10 to 10.12).
#include "icc_profile.h"

// A lut8 or lut16 of two grid points; returns its length (10.10, 10.11).
static size_t lut_fixed(uint8_t *p, bool wide, uint8_t in, uint8_t out)
{
    memset(p, 0, 60000);
    memcpy(p, wide ? "mft2Jane" : "mft1Jane", 8);
    p[8] = in;
    p[9] = out;
    p[10] = 2;
    p[11] = 'J'; // padding
    p[13] = p[29] = p[45] = 1;
    size_t nodes = (size_t)out << in, entries = wide ? 2 : 256;
    if (wide)
        p[49] = p[51] = 2;
    size_t head = wide ? 52 : 48;
    size_t n = head + (entries * (in + out) + nodes) * (wide ? 2 : 1);
    for (size_t i = head; i < n; i++)
        p[i] = (uint8_t)(i * 7);
    return n;
}

static void lut_profile(struct profile *f, const char *space, bool wide)
{
    static uint8_t lut[60000];
    uint8_t channels = memcmp(space, "CMYK", 4) == 0 ? 4 : 3;
    header(f, 2, "prtr", space, "Lab ");
    add_xyz(f, "wtpt", 0xf6d6, 0x10000, 0xd32d);
    size_t n = lut_fixed(lut, wide, channels, 3);
    add(f, "A2B0", lut, n + 24);
    memcpy(f->p + f->n - 24, CANARY, 24); // slack
    n = lut_fixed(lut, wide, 3, channels);
    add(f, "B2A0", lut, n);
    finish(f);
}

Test(icc, tables_of_either_width_keep_their_numbers_and_nothing_else)
{
    static uint8_t lut[60000];
    static struct profile f;
    for (int wide = 0; wide < 2; wide++) {
        lut_profile(&f, "CMYK", wide);
        struct imp_buf out = rebuild(&f);
        cr_assert(out.n > 0);
        size_t n = lut_fixed(lut, wide, 4, 3);
        memset(lut + 4, 0, 4);
        lut[11] = 0;
        struct imp_span tag = tag_of(&out, "A2B0");
        cr_assert_eq(tag.n, (n + 3) & ~(size_t)3);
        cr_expect_arr_eq(tag.p, lut, n);
        cr_expect(tag_of(&out, "B2A0").p);
        cr_expect_null(memmem(out.p, out.n, CANARY, 6));
        expect_stable(&out);
        imp_buf_clear(&out);
    }
}

Test(icc, a_table_of_other_channels_than_the_profile_is_refused)
{
    static struct profile f;
    lut_profile(&f, "CMYK", true);
    cr_expect_not(dropped(&f));
    memcpy(f.p + 16, "RGB ", 4);
    cr_expect(dropped(&f));
}

Test(icc, a_table_larger_than_its_tag_is_refused)
{
    static struct profile f;
    for (int grid = 3; grid < 256; grid += 28) {
        lut_profile(&f, "CMYK", false);
        f.p[imp_be32(f.p + 132 + 12 + 4) + 10] = (uint8_t)grid;
        cr_expect(dropped(&f), "%d", grid);
    }
}

// A lutAToB with all five elements in another order than ours and text
// between them (10.12): A at 60, CLUT at 156, M at 232, matrix at 340, B at
// 400.
static void put_element(uint8_t *p, size_t slot, uint32_t at)
{
    imp_put_be32(p + 12 + 4 * slot, at);
}

static size_t lut_free(uint8_t *p)
{
    memset(p, 0, 500);
    memcpy(p, "mAB Jane\3\3JD", 12);
    memcpy(p + 32, CANARY, 24);
    static const uint32_t curves[] = {60, 232, 400};
    for (int c = 0; c < 3; c++)
        for (uint32_t i = 0; i < 3; i++)
            memcpy(p + curves[c] + 16 * i,
                   c ? "curv\0\0\0\0\0\0\0\2\0\0\xff\xff"
                     : "para\0\0\0\0\0\0\0\0\0\2\0\0",
                   16);
    memset(p + 156, 2, 3);               // two grid points each
    memcpy(p + 159, "Jane-Doe-Jan", 12); // of channels that are not
    memcpy(p + 172, "\1Doe", 4);
    for (uint8_t i = 0; i < 24; i++)
        p[176 + i] = (uint8_t)(i * 10);
    memcpy(p + 280, CANARY, 24);
    p[341] = p[357] = p[373] = 1; // a matrix of ones
    put_element(p, 0, 400);
    put_element(p, 1, 340);
    put_element(p, 2, 232);
    put_element(p, 3, 156);
    put_element(p, 4, 60);
    return 448;
}

static void free_profile(struct profile *f, const uint8_t *lut, size_t n)
{
    header(f, 4, "scnr", "RGB ", "Lab ");
    add_xyz(f, "wtpt", 0xf6d6, 0x10000, 0xd32d);
    add(f, "A2B0", lut, n);
    finish(f);
}

Test(icc, a_lut_of_elements_keeps_them_and_not_what_lies_between)
{
    static struct profile f;
    uint8_t lut[500];
    size_t n = lut_free(lut);
    free_profile(&f, lut, n);
    struct imp_buf out = rebuild(&f);
    struct imp_span tag = tag_of(&out, "A2B0");
    // Header, B curves (which the M curves equal), matrix, CLUT, A curves.
    cr_assert_eq(tag.n, 32 + 48 + 48 + 44 + 48);
    static const uint32_t want[] = {32, 80, 32, 128, 172};
    for (int i = 0; i < 5; i++)
        cr_expect_eq(imp_be32(tag.p + 12 + 4 * i), want[i], "%d", i);
    cr_expect_arr_eq(tag.p + 32, lut + 400, 48);
    cr_expect_arr_eq(tag.p + 80, lut + 340, 48);
    cr_expect_arr_eq(tag.p + 148, lut + 176, 24);
    cr_expect_arr_eq(tag.p + 172, lut + 60, 48);
    cr_expect_null(memmem(out.p, out.n, "Jane", 4));
    cr_expect_null(memmem(out.p, out.n, "Doe", 3));
    expect_stable(&out);
    imp_buf_clear(&out);
}

Test(icc, a_lut_with_an_element_missing_is_refused)
{
    static struct profile f;
    uint8_t lut[500];
    size_t n = lut_free(lut);
    for (size_t slot = 0; slot < 5; slot++) {
        lut_free(lut);
        put_element(lut, slot, 0);
        free_profile(&f, lut, n);
        cr_expect(dropped(&f), "%zu", slot);
    }
}

Test(icc, a_lut_without_a_table_has_as_many_channels_out_as_in)
{
    static struct profile f;
    uint8_t lut[500];
    size_t n = lut_free(lut);
    for (size_t slot = 1; slot < 5; slot++)
        put_element(lut, slot, 0);
    free_profile(&f, lut, n);
    cr_expect_not(dropped(&f));
    lut[8] = 4;
    free_profile(&f, lut, n);
    memcpy(f.p + 16, "CMYK", 4);
    cr_expect(dropped(&f));
}

Test(icc, a_lut_with_an_element_beyond_its_end_is_refused)
{
    static struct profile f;
    uint8_t lut[500];
    size_t n = lut_free(lut);
    for (size_t slot = 0; slot < 5; slot++) {
        static const uint32_t far[] = {445, 0x7fffffff, 0xfffffffc};
        for (int i = 0; i < 3; i++) {
            lut_free(lut);
            put_element(lut, slot, far[i]);
            free_profile(&f, lut, n);
            cr_expect(dropped(&f), "%zu %x", slot, far[i]);
        }
    }
}

// Six tables that are the same bytes but for a shift: none is shared, and the
// profile would come out six times as large.
Test(icc, tags_that_overlap_do_not_make_a_small_profile_large)
{
    static const char *const sigs[] = {"A2B0", "A2B1", "A2B2",
                                       "B2A0", "B2A1", "B2A2"};
    static struct profile f;
    static uint8_t tag[200000];
    header(&f, 2, "prtr", "RGB ", "Lab ");
    add_xyz(&f, "wtpt", 0xf6d6, 0x10000, 0xd32d);
    // A grid of 30: 81000 numbers behind each of six heads of 52 bytes.
    size_t n = 52 + 2 * (2 * 6 + 81000);
    for (size_t i = 0; i < 6; i++) {
        uint8_t head[60000];
        lut_fixed(head, true, 3, 3);
        head[10] = 30;
        memcpy(tag + 52 * i, head, 52);
    }
    memset(tag + 52 * 6, 7, n);
    size_t at = f.n;
    memcpy(f.p + at, tag, n + 52 * 5);
    f.n += (n + 52 * 5 + 3) & ~(size_t)3;
    for (size_t i = 0; i < 6; i++)
        name_tag(&f, sigs[i], at + 52 * i, n);
    finish(&f);
    cr_expect(dropped(&f));
}
