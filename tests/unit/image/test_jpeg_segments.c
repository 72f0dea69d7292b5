// Application segments and comments (T.81 B.2.4.5, B.2.4.6).
#include "jpeg_cutting.h"

static const uint8_t tiff[] = "MM\0*\0\0\0\x08\0\0\0\0\0\0" CANARY;

static struct imp_buf with_exif(void)
{
    struct imp_buf j = jpeg_make(&plain);
    uint8_t body[6 + sizeof tiff] = "Exif\0";
    memcpy(body + 6, tiff, sizeof tiff);
    jpeg_insert(&j, 2, 0xE1, body, sizeof body);
    return j;
}

Test(jpeg, the_editor_sees_the_TIFF_block_of_EXIF)
{
    struct imp_buf j = with_exif();
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_assert_eq(o.editor.seen_exif.n, sizeof tiff);
    cr_expect_eq(o.editor.seen_exif.p, j.p + 2 + 4 + 6);
    cr_expect_not(holds(&o.out, CANARY));
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, EXIF_is_replaced_by_the_editors_block)
{
    struct imp_buf j = with_exif();
    struct fixed_editor e = {
        .exif = {IMP_FATE_REPLACE, {(const uint8_t *)"fresh", 5}}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_expect_not(holds(&o.out, CANARY));
    static const char want[] = "\xFF\xE1\0\x0D"
                               "Exif\0\0fresh\xFF";
    cr_expect_arr_eq(o.out.p + 2, want, sizeof want - 1);
    expect_same_picture(imp_buf_span(&j), imp_buf_span(&o.out));
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, only_the_first_EXIF_counts)
{
    struct imp_buf j = with_exif();
    struct imp_buf second = with_exif();
    size_t seg = 2 + 2 + 6 + sizeof tiff;
    jpeg_insert_raw(&j, 2 + seg, second.p + 2, seg);
    struct fixed_editor e = {.exif = {.fate = IMP_FATE_KEEP}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_expect_eq(o.out.n, second.n);
    imp_buf_clear(&o.out);
    imp_buf_clear(&second);
    imp_buf_clear(&j);
}

// A profile in three chunks, stored out of order.
static struct imp_buf with_icc(const int *order, int count)
{
    struct imp_buf j = jpeg_make(&plain);
    for (int i = count - 1; i >= 0; i--) {
        uint8_t body[14 + 3] = "ICC_PROFILE";
        body[12] = (uint8_t)order[i];
        body[13] = 3;
        memset(body + 14, 'a' + order[i] - 1, 3);
        jpeg_insert(&j, 2, 0xE2, body, sizeof body);
    }
    return j;
}

Test(jpeg, the_editor_sees_the_ICC_profile_joined_in_order)
{
    struct imp_buf j = with_icc((int[]){2, 1, 3}, 3);
    struct fixed_editor e = {
        .icc = {IMP_FATE_REPLACE, {(const uint8_t *)"profile", 7}}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_expect_eq(o.editor.seen_icc.n, 9);
    static const char want[] = "\xFF\xE2\0\x17"
                               "ICC_PROFILE\0\1\1profile\xFF";
    cr_expect_arr_eq(o.out.p + 2, want, sizeof want - 1);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, a_kept_ICC_profile_keeps_all_its_chunks)
{
    struct imp_buf j = with_icc((int[]){1, 2, 3}, 3);
    struct fixed_editor e = {.icc = {.fate = IMP_FATE_KEEP}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    cr_expect(o.all_kept);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
}

Test(jpeg, an_incomplete_ICC_profile_is_dropped_unasked)
{
    static const int orders[][3] = {{1, 2, 2}, {1, 3, 0}, {1, 2, 4}};
    static const int counts[] = {3, 2, 3};
    for (int i = 0; i < 3; i++) {
        struct imp_buf j = with_icc(orders[i], counts[i]);
        struct fixed_editor e = {.icc = {.fate = IMP_FATE_KEEP}};
        struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
        cr_assert(o.ok);
        cr_expect_null(o.editor.seen_icc.p, "case %d", i);
        cr_expect_not(holds(&o.out, "ICC_PROFILE"), "case %d", i);
        imp_buf_clear(&o.out);
        imp_buf_clear(&j);
    }
}

Test(jpeg, a_large_ICC_profile_is_split_and_joined_again)
{
    size_t n = 150000;
    uint8_t *profile = malloc(n);
    for (size_t i = 0; i < n; i++)
        profile[i] = (uint8_t)(i * 7 >> 3);
    struct imp_buf j = with_icc((int[]){1, 2, 3}, 3);
    struct fixed_editor e = {.icc = {IMP_FATE_REPLACE, {profile, n}}};
    struct outcome o = run(imp_buf_span(&j), e, IMP_CHECK_CODED);
    cr_assert(o.ok);
    e.icc = (struct imp_verdict){.fate = IMP_FATE_KEEP};
    struct outcome again = run(imp_buf_span(&o.out), e, IMP_CHECK_CODED);
    cr_assert(again.ok);
    cr_expect(again.all_kept);
    cr_expect_eq(again.editor.seen_icc.n, n); // the bytes are gone by now
    imp_buf_clear(&again.out);
    imp_buf_clear(&o.out);
    imp_buf_clear(&j);
    free(profile);
}

Test(jpeg, the_JFIF_thumbnail_goes_and_the_density_stays)
{
    struct imp_buf j = jpeg_make(&plain); // libjpeg has put a JFIF in front
    struct imp_buf clean = copy_of(&j);
    size_t app0 = jpeg_find(&j, 0xE0, 0);
    uint8_t thumb[4 * 4 * 3] = "Jane";
    j.p[app0 + 4 + 12] = j.p[app0 + 4 + 13] = 4;
    jpeg_insert_raw(&j, app0 + 4 + 14, thumb, sizeof thumb);
    imp_put_be16(j.p + app0 + 2, 16 + sizeof thumb);
    expect_cut_to(&j, &clean, "JFIF thumbnail");
    imp_buf_clear(&clean);
    imp_buf_clear(&j);
}

Test(jpeg, only_the_first_JFIF_stays)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    jpeg_insert_raw(&j, 2 + 18, clean.p + 2, 18);
    expect_cut_to(&j, &clean, "second JFIF");
    imp_buf_clear(&clean);
    imp_buf_clear(&j);
}

Test(jpeg, APP14_keeps_its_colour_transform_and_nothing_else)
{
    static const struct jpeg_recipe cmyk = {
        .width = 40, .height = 24, .components = 4};
    struct imp_buf clean = jpeg_make(&cmyk); // libjpeg marks CMYK with APP14
    struct imp_buf j = copy_of(&clean);
    size_t app14 = jpeg_find(&j, 0xEE, 0);
    j.p[app14 + 4 + 7] = 0x4A; // flags0
    jpeg_insert_raw(&j, app14 + 4 + 12, CANARY, sizeof CANARY);
    imp_put_be16(j.p + app14 + 2, 14 + sizeof CANARY);
    expect_cut_to(&j, &clean, "APP14");
    imp_buf_clear(&clean);
    imp_buf_clear(&j);
}

Test(jpeg, the_JFIF_fields_hold_a_density_or_nothing)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    size_t app0 = jpeg_find(&j, 0xE0, 0);
    memcpy(j.p + app0 + 4 + 5, "JaneDoe", 7);
    struct outcome o =
        run(imp_buf_span(&j), (struct fixed_editor){0}, IMP_CHECK_CODED);
    cr_assert(o.ok);
    static const uint8_t want[] = {1, 2, 0, 0, 1, 0, 1, 0, 0};
    cr_expect_arr_eq(o.out.p + app0 + 4 + 5, want, sizeof want);
    imp_buf_clear(&o.out);
    static const uint8_t dpi[] = {1, 1, 1, 0, 72, 0, 96};
    memcpy(j.p + app0 + 4 + 5, dpi, sizeof dpi);
    expect_cut_to(&j, &j, "a density");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, only_the_first_APP14_stays_and_another_transform_is_damaged)
{
    static const struct jpeg_recipe cmyk = {
        .width = 40, .height = 24, .components = 4};
    struct imp_buf clean = jpeg_make(&cmyk);
    struct imp_buf j = copy_of(&clean);
    size_t at = jpeg_find(&j, 0xEE, 0);
    uint8_t body[16] = "Adobe\0\x64";
    body[11] = j.p[at + 15];
    memcpy(body + 12, "Jane", 4);
    for (int i = 0; i < 3; i++)
        jpeg_insert(&j, at + 16, 0xEE, body, sizeof body);
    expect_cut_to(&j, &clean, "APP14 again");
    // Some decoders would take that of the first, and some of the last.
    body[11] ^= 2;
    jpeg_insert(&j, at + 16, 0xEE, body, sizeof body);
    expect_refused(&j, IMP_ERR_DAMAGED);
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}

Test(jpeg, a_comment_of_impossible_length_is_passed_as_decoders_do)
{
    struct imp_buf clean = jpeg_make(&plain);
    struct imp_buf j = copy_of(&clean);
    jpeg_insert_raw(&j, 2, "\xFF\xFE\0\0" CANARY, 4 + sizeof CANARY);
    expect_cut_to(&j, &clean, "COM of length 0");
    imp_buf_clear(&j);
    imp_buf_clear(&clean);
}
