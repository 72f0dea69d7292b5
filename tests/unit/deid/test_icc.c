#include "icc_profile.h"

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
