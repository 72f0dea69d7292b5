// Objects that are refused before anything is decided.
#include "surveyed.h"

TestSuite(dicom_survey_refused, .fini = clear, .timeout = 20);

Test(dicom_survey_refused, elements_twice_or_out_of_order_are_damage)
{
    start(true, false);
    el(0x00100010, "PN", "Doe^Jane");
    el(0x00100010, "PN", "Roe^Mary");
    expect_refused(IMP_ERR_DAMAGED, "(0010,0010) at 16");
    start(true, false);
    el(0x00100020, "LO", "4711");
    el(0x00100010, "PN", "Doe^Jane");
    expect_refused(IMP_ERR_DAMAGED, "(0010,0010)");
    start(true, false);
    begin_item(0x00081115);
    us(0x00280011, 1);
    us(0x00280010, 1);
    end_item();
    expect_refused(IMP_ERR_DAMAGED, "(0008,1115)[0].(0028,0010)");
    start(true, false);
    us(0x00280011, 1);
    begin_item(0x00081115);
    end_item();
    expect_refused(IMP_ERR_DAMAGED, "(0008,1115)");
    cr_expect(!strstr(why.msg, "Doe"));
}

// Else it would follow the meta group once the command is gone.
Test(dicom_survey_refused, an_element_of_the_meta_group_is_damage)
{
    for (int i = 0; i < 3; i++) {
        start(i > 0, i > 1);
        us(0x00000100, 1);               // Command Field
        el(0x00020010, "UI", "1.2.3.4"); // Transfer Syntax UID
        el(0x00080060, "CS", "CT");
        expect_refused(IMP_ERR_DAMAGED, "(0002,0010)");
    }
}

Test(dicom_survey_refused, a_directory_is_no_object)
{
    start(true, false);
    el(0x00041130, "CS", "DISC");
    expect_made();
    start(true, false);
    begin_item(0x00041220);
    end_item();
    expect_refused(IMP_ERR_UNSUPPORTED, "DICOMDIR");
    start(true, false);
    begin_item(0x00081115);
    begin_item(0x00041220);
    end_item();
    end_item();
    expect_made();
}

static void overlay(uint32_t tag_, const char *vr, const char *value, size_t n)
{
    start(true, false);
    head(tag_, vr, (uint32_t)n);
    raw(value, n);
}

// PS3.3 C.9.2.
Test(dicom_survey_refused, an_overlay_of_its_own_element_is_fine)
{
    overlay(0x60000100, "US", "\1\0", 2);
    expect_made();
    overlay(0x601E0102, "US", "\0\0", 2);
    expect_made();
    overlay(0x60000100, "US", "", 0);
    expect_made();
    overlay(0x60000102, "US", "", 0);
    expect_made();
    overlay(0x60000101, "US", "\7\0", 2);
    expect_made();
    overlay(0x60010100, "US", "\7\0", 2); // private
    expect_made();
}

Test(dicom_survey_refused, an_overlay_in_the_bits_of_pixels_is_refused)
{
    overlay(0x60000100, "US", "\x10\0", 2);
    expect_refused(IMP_ERR_UNSUPPORTED, "(6000,0100)");
    overlay(0x60FE0100, "US", "\0\0", 2);
    expect_refused(IMP_ERR_UNSUPPORTED, "(60FE,0100)");
    overlay(0x60000102, "US", "\x0c\0", 2);
    expect_refused(IMP_ERR_UNSUPPORTED, "(6000,0102)");
    // What cannot be read may be anything.
    overlay(0x60000102, "UL", "\x0c\0\0\0", 4);
    expect_refused(IMP_ERR_UNSUPPORTED, "(6000,0102)");
    overlay(0x60000100, "UL", "\1\0\0\0", 4);
    expect_refused(IMP_ERR_UNSUPPORTED, "(6000,0100)");
}

Test(dicom_survey_refused, what_cannot_be_read_is_damage)
{
    start(true, false);
    head(0x00100010, "PN", 40);
    raw("Doe^Jane", 8);
    expect_refused(IMP_ERR_DAMAGED, "(0010,0010)");
    cr_expect(!strstr(why.msg, "Doe"));
}
