#include "png_maker.h"

#include <criterion/criterion.h>
#include <string.h>

// ------------------------------------------------------------

// As much of a profile as the handler looks at: its size, then anything.
static struct imp_buf profile_of(size_t n)
{
    struct imp_buf p = {0};
    uint8_t size[4];
    imp_put_be32(size, (uint32_t)n);
    png_add(&p, size, sizeof size);
    for (size_t i = sizeof size; i < n; i++)
        png_add(&p, &(uint8_t){(uint8_t)(i * i)}, 1);
    return p;
}

// An iCCP chunk holding `profile`, then `extra` inside and outside its stream.
static struct imp_buf with_iccp(struct imp_span profile, const char *extra)
{
    struct imp_buf in = {0}, raw = {0}, d = {0};
    png_start(&in, 2);
    png_add(&raw, profile.p, profile.n);
    png_add(&raw, extra, strlen(extra));
    png_add(&d, CANARY "\0", sizeof CANARY + 1);
    png_zlib(&d, raw.p, raw.n);
    png_add(&d, extra, strlen(extra));
    png_chunk(&in, "iCCP", d.p, d.n);
    png_end(&in, 2);
    imp_buf_clear(&raw);
    imp_buf_clear(&d);
    return in;
}

static void expect_profile(struct imp_span png, struct imp_span profile)
{
    struct imp_span d;
    struct imp_buf raw = {0};
    cr_assert(png_find(png, "iCCP", 0, &d));
    cr_assert(d.n > 9 && memcmp(d.p, "neutral\0\0", 9) == 0);
    cr_assert(png_inflate((struct imp_span){d.p + 9, d.n - 9}, &raw));
    cr_assert_eq(raw.n, profile.n);
    cr_expect_arr_eq(raw.p, profile.p, raw.n);
    imp_buf_clear(&raw);
}

Test(fmt_png, a_profile_is_unpacked_and_packed_anew_without_name_or_extras)
{
    // 65535 is what one stored block holds.
    static const size_t sizes[] = {128, 3000, 65535, 65536, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct png_editor e = png_editor_of(IMP_FATE_KEEP);
        struct imp_buf profile = profile_of(sizes[i]);
        struct imp_buf in = with_iccp(imp_buf_span(&profile), CANARY);
        struct png_result r = png_cut(imp_buf_span(&in), &e);
        cr_assert(r.ok, "%s", r.err.msg);
        cr_assert_eq(e.payload[IMP_PART_ICC].n, profile.n);
        cr_expect_arr_eq(e.payload[IMP_PART_ICC].p, profile.p, profile.n);
        expect_profile(imp_buf_span(&r.out), imp_buf_span(&profile));
        cr_expect_not(png_contains(imp_buf_span(&r.out), CANARY, 6));

        struct png_result again = png_cut(imp_buf_span(&r.out), &e);
        cr_expect(again.ok && again.all_kept, "%zu", sizes[i]);
        png_result_clear(&again);
        png_result_clear(&r);
        imp_buf_clear(&in);
        imp_buf_clear(&profile);
        png_editor_clear(&e);
    }
}

Test(fmt_png, the_editors_profile_replaces_the_old_one)
{
    struct png_editor e = png_editor_of(IMP_FATE_REPLACE);
    struct imp_buf old = profile_of(500), fresh = profile_of(300);
    struct imp_buf in = with_iccp(imp_buf_span(&old), "");
    e.bytes = imp_buf_span(&fresh);
    struct png_result r = png_cut(imp_buf_span(&in), &e);
    cr_assert(r.ok);
    expect_profile(imp_buf_span(&r.out), imp_buf_span(&fresh));
    png_result_clear(&r);
    imp_buf_clear(&in);
    imp_buf_clear(&old);
    imp_buf_clear(&fresh);
    png_editor_clear(&e);
}

// Broken: shorter than it says, too short, over the limit, method 1, cut off,
// not a stream.
Test(fmt_png, a_broken_profile_goes_and_the_image_stays)
{
    for (int i = 0; i < 6; i++) {
        struct png_editor e = png_editor_of(IMP_FATE_KEEP);
        struct imp_buf profile = profile_of(i == 2 ? (5u << 20) : 600);
        struct imp_buf in = {0}, d = {0};
        if (i == 0)
            profile.n = 599;
        if (i == 1)
            imp_put_be32(profile.p, 127);
        png_add(&d, i == 3 ? "x\0\1" : "x\0\0", 3);
        png_zlib(&d, profile.p, profile.n);
        if (i == 4)
            d.n -= 5;
        if (i == 5)
            d.p[3] ^= 0xff;
        png_start(&in, 0);
        png_chunk(&in, "iCCP", d.p, d.n);
        png_end(&in, 0);
        struct png_result r = png_cut(imp_buf_span(&in), &e);
        struct imp_span gone;
        cr_assert(r.ok, "case %d: %s", i, r.err.msg);
        cr_expect_not(png_find(imp_buf_span(&r.out), "iCCP", 0, &gone),
                      "case %d", i);
        png_result_clear(&r);
        imp_buf_clear(&in);
        imp_buf_clear(&d);
        imp_buf_clear(&profile);
        png_editor_clear(&e);
    }
}
