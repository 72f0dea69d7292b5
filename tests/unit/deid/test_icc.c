#include "deid/icc.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define CANARY "CANARY-Jane-Doe-19700101"

// A profile under construction: tags are laid down one after the other.
struct profile {
    uint8_t p[300000];
    size_t n;
    unsigned tags, room; // entries used, entries there is room for
};

static void header(struct profile *f, uint8_t major, const char *class,
                   const char *space, const char *pcs)
{
    memset(f, 0, sizeof *f);
    f->room = 24;
    f->n = 132 + 12 * f->room;
    memcpy(f->p + 4, "JANE", 4); // preferred CMM
    f->p[8] = major;
    f->p[9] = 0x20;
    memcpy(f->p + 12, class, 4);
    memcpy(f->p + 16, space, 4);
    memcpy(f->p + 20, pcs, 4);
    imp_put_be16(f->p + 24, 1970); // creation: a birthday
    memcpy(f->p + 36, "acsp", 4);
    memcpy(f->p + 40, "APPL", 4);
    f->p[47] = 1;                              // flags
    memcpy(f->p + 48, "DOE DOE DOE DOE ", 16); // device
    f->p[67] = 1;                              // relative colorimetric
    imp_put_be32(f->p + 68, 0xf6d5);           // nearly D50
    memcpy(f->p + 80, "JANE", 4);              // creator
    memset(f->p + 84, 0xaa, 16);               // profile id
    memcpy(f->p + 100, CANARY, sizeof CANARY); // reserved
}

// Name a stretch of bytes as a tag.
static void name_tag(struct profile *f, const char *sig, size_t at, size_t n)
{
    uint8_t *entry = f->p + 132 + 12 * f->tags++;
    memcpy(entry, sig, 4);
    imp_put_be32(entry + 4, (uint32_t)at);
    imp_put_be32(entry + 8, (uint32_t)n);
}

static size_t add(struct profile *f, const char *sig, const void *bytes,
                  size_t n)
{
    size_t at = f->n;
    memcpy(f->p + at, bytes, n);
    f->n = at + ((n + 3) & ~(size_t)3);
    name_tag(f, sig, at, n);
    return at;
}

static void add_xyz(struct profile *f, const char *sig, uint32_t x, uint32_t y,
                    uint32_t z)
{
    uint8_t tag[20] = "XYZ ";
    imp_put_be32(tag + 8, x);
    imp_put_be32(tag + 12, y);
    imp_put_be32(tag + 16, z);
    add(f, sig, tag, sizeof tag);
}

static void add_gamma(struct profile *f, const char *sig)
{
    add(f, sig, "curv\0\0\0\0\0\0\0\1\2\x33", 14); // 2.199: 10.5
}

static void finish(struct profile *f)
{
    imp_put_be32(f->p, (uint32_t)f->n);
    imp_put_be32(f->p + 128, f->tags);
}

// Three primaries and three curves, as most profiles are made.
static void matrix_profile(struct profile *f, uint8_t major)
{
    header(f, major, "mntr", "RGB ", "XYZ ");
    add(f, "desc", "desc\0\0\0\0\0\0\0\31" CANARY, 37);
    add(f, "cprt", "text\0\0\0\0" CANARY, 33);
    add(f, "dmnd", "text\0\0\0\0" CANARY, 33);
    add(f, "priv", CANARY, 24);
    add_xyz(f, "wtpt", 0xf6d6, 0x10000, 0xd32d);
    add_xyz(f, "rXYZ", 0x6fa2, 0x38f5, 0x390);
    add_xyz(f, "gXYZ", 0x6299, 0xb785, 0x18da);
    add_xyz(f, "bXYZ", 0x24a0, 0xf84, 0xb6cf);
    add_gamma(f, "rTRC");
    add_gamma(f, "gTRC");
    add_gamma(f, "bTRC");
    finish(f);
}

static struct imp_buf rebuild(const struct profile *f)
{
    struct imp_buf out = {0};
    struct imp_err err = {0};
    // A copy of the exact size, so that a read past its end is noticed.
    uint8_t *exact = malloc(f->n);
    memcpy(exact, f->p, f->n);
    cr_assert(imp_icc_rebuild((struct imp_span){exact, f->n}, IMP_ICC_NEUTRAL,
                              &out, &err),
              "%s", err.msg);
    free(exact);
    return out;
}

static bool dropped(const struct profile *f)
{
    struct imp_buf out = rebuild(f);
    size_t n = out.n;
    imp_buf_clear(&out);
    return n == 0;
}

static struct imp_span tag_of(const struct imp_buf *out, const char *sig)
{
    struct imp_span tag = {0};
    for (size_t i = 0; i < imp_be32(out->p + 128); i++) {
        const uint8_t *entry = out->p + 132 + 12 * i;
        if (memcmp(entry, sig, 4) == 0)
            cr_assert(imp_span_sub(imp_buf_span(out), imp_be32(entry + 4),
                                   imp_be32(entry + 8), &tag));
    }
    return tag;
}

static void expect_stable(const struct imp_buf *out)
{
    struct imp_buf again = {0};
    struct imp_err err = {0};
    cr_assert(
        imp_icc_rebuild(imp_buf_span(out), IMP_ICC_NEUTRAL, &again, &err));
    cr_assert_eq(again.n, out->n);
    cr_expect_arr_eq(again.p, out->p, out->n);
    imp_buf_clear(&again);
}

Test(icc, names_dates_and_serial_numbers_do_not_survive)
{
    for (uint8_t major = 2; major <= 4; major += 2) {
        struct profile f;
        matrix_profile(&f, major);
        struct imp_buf out = rebuild(&f);
        cr_assert(out.n > 0);
        cr_expect_null(memmem(out.p, out.n, "Jane", 4));
        cr_expect_null(memmem(out.p, out.n, "JANE", 4));
        cr_expect_null(memmem(out.p, out.n, "DOE", 3));
        cr_expect_null(memmem(out.p, out.n, "APPL", 4));
        cr_expect_null(tag_of(&out, "dmnd").p);
        cr_expect_null(tag_of(&out, "priv").p);
        imp_buf_clear(&out);
    }
}

Test(icc, the_header_says_what_the_colours_need_and_no_more)
{
    // ISO 15076-1 7.2: version, class, spaces, signature, intent, illuminant.
    uint8_t want[128] = {[8] = 4,     [9] = 0x20, [67] = 1,    [70] = 0xf6,
                         [71] = 0xd6, [73] = 1,   [78] = 0xd3, [79] = 0x2d};
    memcpy(want + 12, "mntrRGB XYZ ", 12);
    memcpy(want + 36, "acsp", 4);
    struct profile f;
    matrix_profile(&f, 4);
    struct imp_buf out = rebuild(&f);
    imp_put_be32(want, (uint32_t)out.n);
    cr_expect_arr_eq(out.p, want, 128);
    imp_buf_clear(&out);
}

Test(icc, colour_tags_stay_as_they_were)
{
    struct profile f;
    matrix_profile(&f, 2);
    struct imp_buf in = {.p = f.p, .n = f.n}, out = rebuild(&f);
    static const char *const sigs[] = {"wtpt", "rXYZ", "gXYZ", "bXYZ",
                                       "rTRC", "gTRC", "bTRC"};
    for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++) {
        struct imp_span was = tag_of(&in, sigs[i]), is = tag_of(&out, sigs[i]);
        cr_assert(is.n >= was.n && is.n < was.n + 4, "%s", sigs[i]);
        cr_expect_arr_eq(is.p, was.p, was.n);
    }
    imp_buf_clear(&out);
}

Test(icc, a_version_2_profile_gets_texts_of_version_2)
{
    struct profile f;
    matrix_profile(&f, 2);
    struct imp_buf out = rebuild(&f);
    struct imp_span desc = tag_of(&out, "desc"), cprt = tag_of(&out, "cprt");
    // ICC.1:2001-04 6.5.17: length with NUL, text, 78 bytes of nothing.
    cr_assert_eq(desc.n, 12 + 20 + 78);
    cr_expect_arr_eq(desc.p, "desc\0\0\0\0\0\0\0\24imgpipe neutral RGB", 32);
    cr_assert_eq(cprt.n, 13);
    cr_expect_arr_eq(cprt.p, "text\0\0\0\0none", 13);
    imp_buf_clear(&out);
}

Test(icc, a_version_4_profile_gets_texts_of_version_4)
{
    static const uint8_t none[36] = "mluc\0\0\0\0\0\0\0\1\0\0\0\14enUS"
                                    "\0\0\0\10\0\0\0\34\0n\0o\0n\0e";
    struct profile f;
    matrix_profile(&f, 4);
    struct imp_buf out = rebuild(&f);
    struct imp_span desc = tag_of(&out, "desc"), cprt = tag_of(&out, "cprt");
    cr_assert_eq(cprt.n, sizeof none);
    cr_expect_arr_eq(cprt.p, none, sizeof none);
    cr_assert_eq(desc.n, 28 + 2 * strlen("imgpipe neutral RGB"));
    imp_buf_clear(&out);
}

Test(icc, what_was_rebuilt_is_rebuilt_to_itself)
{
    for (uint8_t major = 2; major <= 4; major += 2) {
        struct profile f;
        matrix_profile(&f, major);
        struct imp_buf out = rebuild(&f);
        expect_stable(&out);
        imp_buf_clear(&out);
    }
}

Test(icc, no_byte_is_left_that_the_directory_does_not_name)
{
    struct profile f;
    matrix_profile(&f, 2);
    struct imp_buf out = rebuild(&f);
    uint32_t tags = imp_be32(out.p + 128);
    uint8_t *named = calloc(1, out.n);
    memset(named, 1, 132 + 12 * tags);
    cr_expect_eq(imp_be32(out.p), out.n);
    for (uint32_t i = 0; i < tags; i++) {
        const uint8_t *entry = out.p + 132 + 12 * i;
        memset(named + imp_be32(entry + 4), 1, imp_be32(entry + 8));
    }
    for (size_t i = 0; i < out.n; i++)
        cr_expect(named[i] || (out.p[i] == 0 && i % 4), "byte %zu", i);
    free(named);
    imp_buf_clear(&out);
}

Test(icc, reserved_bytes_and_slack_inside_a_tag_do_not_survive)
{
    struct profile f;
    header(&f, 4, "mntr", "GRAY", "XYZ ");
    add(&f, "wtpt", "XYZ Jane\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d" CANARY, 44);
    add(&f, "kTRC",
        "para"
        "Jane\0\0\x4a\x61\0\1\0\0" CANARY,
        40);
    finish(&f);
    struct imp_buf out = rebuild(&f);
    cr_assert(out.n > 0);
    cr_expect_eq(tag_of(&out, "wtpt").n, 20);
    cr_expect_eq(tag_of(&out, "kTRC").n, 16);
    cr_expect_null(memmem(out.p, out.n, "Ja", 2));
    cr_expect_null(memmem(out.p, out.n, "Doe", 3));
    imp_buf_clear(&out);
}

Test(icc, text_that_poses_as_numbers_drops_the_profile)
{
    struct profile f;
    matrix_profile(&f, 2);
    cr_assert_not(dropped(&f));
    add(&f, "bkpt", "XYZ \0\0\0\0CANARY-Jane-", 20);
    finish(&f);
    cr_expect(dropped(&f));
}

Test(icc, equal_curves_share_their_bytes)
{
    struct profile f;
    matrix_profile(&f, 2);
    struct imp_buf out = rebuild(&f);
    cr_expect_eq(tag_of(&out, "rTRC").p, tag_of(&out, "gTRC").p);
    cr_expect_eq(tag_of(&out, "rTRC").p, tag_of(&out, "bTRC").p);
    imp_buf_clear(&out);
}

// The sRGB of the GIMP and of LittleCMS, in the numbers that both publish.
Test(icc, a_known_profile_gets_its_common_name)
{
    static const uint8_t bradford[] = {
        's',  'f',  '3',  '2',  0,    0,    0,    0,    0,    1,    0x0c,
        0x42, 0,    0,    0x05, 0xde, 0xff, 0xff, 0xf3, 0x25, 0,    0,
        0x07, 0x93, 0,    0,    0xfd, 0x90, 0xff, 0xff, 0xfb, 0xa1, 0xff,
        0xff, 0xfd, 0xa2, 0,    0,    0x03, 0xdc, 0,    0,    0xc0, 0x6e};
    static const uint8_t curve[] = {'p', 'a', 'r',  'a',  0, 0, 0,    0,
                                    0,   3,   0,    0,    0, 2, 0x66, 0x66,
                                    0,   0,   0xf2, 0xa7, 0, 0, 0x0d, 0x59,
                                    0,   0,   0x13, 0xd0, 0, 0, 0x0a, 0x5b};
    struct profile f;
    header(&f, 4, "mntr", "RGB ", "XYZ ");
    add_xyz(&f, "wtpt", 0xf6d6, 0x10000, 0xd32d);
    add(&f, "chad", bradford, sizeof bradford);
    add_xyz(&f, "rXYZ", 0x6fa0, 0x38f5, 0x390);
    add_xyz(&f, "gXYZ", 0x6297, 0xb787, 0x18d9);
    add_xyz(&f, "bXYZ", 0x249f, 0xf84, 0xb6c4);
    add(&f, "rTRC", curve, sizeof curve);
    add(&f, "gTRC", curve, sizeof curve);
    add(&f, "bTRC", curve, sizeof curve);
    finish(&f);
    struct imp_buf out = rebuild(&f);
    struct imp_span desc = tag_of(&out, "desc");
    cr_assert_eq(desc.n, 28 + 8);
    cr_expect_arr_eq(desc.p + 28, "\0s\0R\0G\0B", 8);
    imp_buf_clear(&out);
}

// --- Broken profiles ---

Test(icc, a_profile_cut_short_anywhere_is_dropped)
{
    struct profile f;
    matrix_profile(&f, 2);
    for (size_t n = f.n; n-- > 0;) {
        f.n = n;
        cr_assert(dropped(&f), "%zu", n);
    }
}

Test(icc, bytes_behind_the_profile_do_not_survive)
{
    struct profile f;
    matrix_profile(&f, 2);
    memcpy(f.p + f.n, CANARY, sizeof CANARY);
    f.n += sizeof CANARY;
    struct imp_buf out = rebuild(&f);
    cr_assert(out.n > 0);
    cr_expect_null(memmem(out.p, out.n, CANARY, 6));
    imp_buf_clear(&out);
}

Test(icc, a_tag_count_beyond_the_profile_drops_it)
{
    static const uint32_t bad[] = {5000, 0x15555555, 0x15555556, 0xffffffff};
    struct profile f;
    matrix_profile(&f, 2);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        imp_put_be32(f.p + 128, bad[i]);
        cr_expect(dropped(&f), "%u", bad[i]);
    }
}

Test(icc, a_tag_beyond_the_profile_drops_it)
{
    struct profile f;
    matrix_profile(&f, 2);
    name_tag(&f, "bkpt", f.n - 19, 20);
    finish(&f);
    cr_expect(dropped(&f));
    f.tags--;
    name_tag(&f, "bkpt", 0xfffffff0, 20);
    cr_expect(dropped(&f));
}

Test(icc, a_profile_without_a_tag_that_it_needs_is_dropped)
{
    struct profile f;
    for (unsigned missing = 4; missing < 11; missing++) {
        matrix_profile(&f, 2);
        memcpy(f.p + 132 + 12 * missing, "none", 4);
        cr_expect(dropped(&f), "%u", missing);
    }
}

Test(icc, a_header_that_no_image_has_drops_the_profile)
{
    static const struct {
        size_t at;
        const char *bytes;
    } bad[] = {{8, "\5"},    {8, "\3"},    {12, "link"}, {12, "nmcl"},
               {12, "abst"}, {16, "6CLR"}, {20, "RGB "}, {36, "ascp"}};
    struct profile f;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        matrix_profile(&f, 2);
        memcpy(f.p + bad[i].at, bad[i].bytes, strlen(bad[i].bytes));
        cr_expect(dropped(&f), "%zu: %s", bad[i].at, bad[i].bytes);
    }
}

Test(icc, a_curve_longer_than_its_tag_drops_the_profile)
{
    static const uint32_t bad[] = {2, 0x7ffffffe, 0x80000001, 0xffffffff};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct profile f;
        matrix_profile(&f, 2);
        imp_put_be32(f.p + imp_be32(f.p + 132 + 12 * 8 + 4) + 8, bad[i]);
        cr_expect(dropped(&f), "%u", bad[i]);
    }
}

Test(icc, a_parametric_curve_of_a_kind_that_does_not_exist_is_refused)
{
    for (uint8_t kind = 0; kind < 7; kind++) {
        uint8_t tag[40] = "para";
        tag[9] = kind;
        struct profile f;
        header(&f, 4, "mntr", "GRAY", "XYZ ");
        add_xyz(&f, "wtpt", 0xf6d6, 0x10000, 0xd32d);
        add(&f, "kTRC", tag, sizeof tag);
        finish(&f);
        cr_expect_eq(dropped(&f), kind > 4, "%u", kind);
    }
}

// --- Tables ---

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
