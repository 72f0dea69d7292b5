// Tables of frames that have moved.
#include "mark/dicom_coded.h"

#include <criterion/criterion.h>
#include <string.h>

static uint8_t object[64];
static const struct imp_span in = {object, sizeof object};
static struct imp_dicom_patches patches;
static struct imp_err err;

static void clear(void)
{
    imp_dicom_patches_clear(&patches);
}

TestSuite(dicom_coded, .fini = clear, .timeout = 10);

static struct imp_span part(size_t at, size_t n)
{
    return (struct imp_span){object + at, n};
}

static void expect_patch(size_t i, uint64_t at, const char *want, size_t n)
{
    cr_assert_lt(i, patches.n);
    cr_expect_eq(patches.patch[i].at, at);
    cr_expect_eq(patches.patch[i].length, n);
    cr_assert_eq(patches.patch[i].n, n);
    cr_expect_eq(memcmp(patches.patch[i].bytes, want, n), 0, "table %zu", i);
}

Test(dicom_coded, each_table_is_replaced_by_what_is_said_of_the_frames)
{
    struct imp_dicom_tables t = {.offsets.was = part(0, 16),
                                 .lengths.was = part(20, 16),
                                 .basic.was = part(40, 8)};
    cr_assert(imp_dicom_tables_plan(&t, &patches, in, 2, &err), "%s", err.msg);
    cr_assert(imp_dicom_tables_set(&t, &patches, 0, 0, 0x102, &err));
    cr_assert(imp_dicom_tables_set(&t, &patches, 1, 0x10A, 0x304, &err));
    imp_dicom_patches_end(&patches);
    cr_expect_eq(patches.n, 3);
    expect_patch(0, 0, "\0\0\0\0\0\0\0\0\x0A\1\0\0\0\0\0\0", 16);
    expect_patch(1, 20, "\2\1\0\0\0\0\0\0\4\3\0\0\0\0\0\0", 16);
    expect_patch(2, 40, "\0\0\0\0\x0A\1\0\0", 8);
}

Test(dicom_coded, what_has_no_tables_gets_none)
{
    struct imp_dicom_tables t = {0};
    cr_assert(imp_dicom_tables_plan(&t, &patches, in, 2, &err), "%s", err.msg);
    cr_assert(
        imp_dicom_tables_set(&t, &patches, 1, UINT64_C(1) << 40, 8, &err));
    cr_expect_eq(patches.n, 0);
}

Test(dicom_coded, a_table_of_another_length_is_damage)
{
    struct imp_dicom_tables bad[] = {{.offsets.was = part(0, 15)},
                                     {.offsets.was = part(0, 8)},
                                     {.lengths.was = part(0, 24)},
                                     {.basic.was = part(0, 16)}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct imp_err){0};
        cr_expect_not(imp_dicom_tables_plan(&bad[i], &patches, in, 2, &err));
        cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    }
}

Test(dicom_coded, the_basic_table_reaches_4_gib)
{
    struct imp_dicom_tables t = {.basic.was = part(0, 8)};
    struct imp_dicom_tables extended = {.offsets.was = part(16, 16)};
    cr_assert(imp_dicom_tables_plan(&t, &patches, in, 2, &err) &&
              imp_dicom_tables_plan(&extended, &patches, in, 2, &err));
    cr_expect(imp_dicom_tables_set(&t, &patches, 1, UINT32_MAX, 8, &err));
    cr_expect_not(
        imp_dicom_tables_set(&t, &patches, 1, UINT64_C(1) << 32, 8, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect(imp_dicom_tables_set(&extended, &patches, 1, UINT64_C(1) << 32, 8,
                                   &err));
    imp_dicom_patches_end(&patches);
    expect_patch(0, 0, "\0\0\0\0\xFF\xFF\xFF\xFF", 8);
    expect_patch(1, 16, "\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 16);
}

static bool fits(uint32_t width, uint32_t height, unsigned n_comp)
{
    static const struct imp_dcm_image image = {
        .columns = 40, .rows = 24, .samples = 3};
    const struct imp_jpeg jpeg = {
        .width = width, .height = height, .n_comp = n_comp};
    const struct imp_jpeg_map map = {.frame = &jpeg};
    err = (struct imp_err){0};
    bool ok = imp_dicom_jpeg_fits(&image, &map, &err);
    cr_expect_eq(err.code, ok ? IMP_OK : IMP_ERR_DAMAGED);
    return ok;
}

Test(dicom_coded, a_jpeg_frame_is_as_large_as_the_attributes_say)
{
    cr_expect(fits(40, 24, 3));
    cr_expect_not(fits(41, 24, 3));
    cr_expect_not(fits(40, 23, 3));
    cr_expect_not(fits(40, 24, 1));
}
