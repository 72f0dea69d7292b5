// PS3.6 as a table: all of it, in order, and found.
#include "dicom/dict.h"

#include <criterion/criterion.h>
#include <string.h>

Test(dicom_dict, has_every_row_of_the_standard_in_order)
{
    const struct imp_dcm_attribute *a, *last = NULL;
    size_t n = 0, masked = 0, retired = 0, bare = 0;
    for (; (a = imp_dcm_row(n)); last = a, n++) {
        masked += a->mask != 0xFFFFFFFF;
        retired += a->retired;
        bare += !*imp_dcm_keyword(a);
        cr_expect_eq(a->tag & a->mask, a->tag);
        cr_expect(!last || last->tag < a->tag || last->mask != a->mask);
    }
    // What PS3.6 2024b holds, counted in the JSON by other means.
    cr_expect_eq(n, 5129);
    cr_expect_eq(masked, 88);
    cr_expect_eq(retired, 473);
    cr_expect_eq(bare, 6);
}

Test(dicom_dict, each_row_is_found_by_its_tag_and_keyword)
{
    const struct imp_dcm_attribute *a;
    for (size_t i = 0; (a = imp_dcm_row(i)); i++) {
        if (a->mask == 0xFFFFFFFF)
            cr_expect_eq(imp_dcm_find(a->tag), a, "%08X", a->tag);
        if (*imp_dcm_keyword(a))
            cr_expect_eq(imp_dcm_find_keyword(imp_dcm_keyword(a)), a);
    }
    cr_expect_null(imp_dcm_find_keyword(""));
    cr_expect_null(imp_dcm_find_keyword("patientname"));
}

static void expect_row(uint32_t tag, const char *keyword, enum imp_dcm_vr vr,
                       unsigned least, unsigned most, unsigned step)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(tag);
    cr_assert_not_null(a, "%08X", tag);
    cr_expect_str_eq(imp_dcm_keyword(a), keyword);
    cr_expect_eq(a->vr, vr, "%08X", tag);
    cr_expect_eq(a->least, least, "%08X", tag);
    cr_expect_eq(a->most, most, "%08X", tag);
    cr_expect_eq(a->step, step, "%08X", tag);
}

Test(dicom_dict, rows_say_what_ps3_6_says)
{
    expect_row(0x00020010, "TransferSyntaxUID", IMP_DCM_UI, 1, 1, 1);
    expect_row(0x00080005, "SpecificCharacterSet", IMP_DCM_CS, 1, 0, 1);
    expect_row(0x00080008, "ImageType", IMP_DCM_CS, 2, 0, 1);
    expect_row(0x00100010, "PatientName", IMP_DCM_PN, 1, 1, 1);
    expect_row(0x00186020, "ReferencePixelX0", IMP_DCM_SL, 1, 1, 1);
    expect_row(0x0020000D, "StudyInstanceUID", IMP_DCM_UI, 1, 1, 1);
    expect_row(0x00280009, "FrameIncrementPointer", IMP_DCM_AT, 1, 0, 1);
    expect_row(0x00280106, "SmallestImagePixelValue", IMP_DCM_US_SS, 1, 1, 1);
    expect_row(0x00281200, "GrayLookupTableData", IMP_DCM_US_SS_OW, 1, 0, 1);
    expect_row(0x00283006, "LUTData", IMP_DCM_US_OW, 1, 0, 1);
    expect_row(0x300A0106, "BlockData", IMP_DCM_DS, 2, 0, 2);
    expect_row(0x7FE00010, "PixelData", IMP_DCM_OB_OW, 1, 1, 1);
    expect_row(0xFFFCFFFC, "DataSetTrailingPadding", IMP_DCM_OB, 1, 1, 1);
    expect_row(0xFFFEE000, "Item", IMP_DCM_NONE, 1, 1, 1);
}

Test(dicom_dict, repeating_groups_and_elements_have_one_row)
{
    expect_row(0x50000005, "CurveDimensions", IMP_DCM_US, 1, 1, 1);
    expect_row(0x501E3000, "CurveData", IMP_DCM_OB_OW, 1, 1, 1);
    expect_row(0x60000022, "OverlayDescription", IMP_DCM_LO, 1, 1, 1);
    expect_row(0x60FE3000, "OverlayData", IMP_DCM_OB_OW, 1, 1, 1);
    expect_row(0x00203110, "SourceImageIDs", IMP_DCM_CS, 1, 0, 1);
    expect_row(0x00280430, "RowsForNthOrderCoefficients", IMP_DCM_US, 1, 1, 1);
    expect_row(0x10000012, "HuffmanTableSize", IMP_DCM_US, 1, 1, 1);
    expect_row(0x7F000010, "VariablePixelData", IMP_DCM_OB_OW, 1, 1, 1);
    // The row for the tag itself comes first.
    expect_row(0x00280400, "TransformLabel", IMP_DCM_LO, 1, 1, 1);
    cr_expect_null(imp_dcm_find(0x60000023));
    cr_expect_null(imp_dcm_find(0x00280501));
}

Test(dicom_dict, group_lengths_and_private_creators_are_known)
{
    expect_row(0x00080000, "GenericGroupLength", IMP_DCM_UL, 1, 1, 1);
    expect_row(0x00090000, "GenericGroupLength", IMP_DCM_UL, 1, 1, 1);
    expect_row(0x60020000, "GenericGroupLength", IMP_DCM_UL, 1, 1, 1);
    expect_row(0x00090010, "PrivateCreator", IMP_DCM_LO, 1, 1, 1);
    expect_row(0x600100FF, "PrivateCreator", IMP_DCM_LO, 1, 1, 1);
    // Its own row, not that of all others.
    expect_row(0x00020000, "FileMetaInformationGroupLength", IMP_DCM_UL, 1, 1,
               1);
}

Test(dicom_dict, private_elements_are_not_known)
{
    static const uint32_t tags[] = {0x00091001, 0x0009000F, 0x00090100,
                                    0x50010005, 0x60013000, 0x7FE11010};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        cr_expect_null(imp_dcm_find(tags[i]), "%08X", tags[i]);
}
