// What is told of a whole object before anything is decided.
#include "surveyed.h"

TestSuite(dicom_survey, .fini = clear, .timeout = 20);

// --- Values ---

Test(dicom_survey, values_are_told_in_each_encoding_without_their_padding)
{
    for (int i = 0; i < 3; i++) {
        start(i > 0, i > 1);
        outermost();
        expect_made();
        expect_outermost();
    }
}

Test(dicom_survey, what_is_missing_is_empty_whatever_came_before)
{
    start(true, false);
    outermost();
    expect_made();
    start(true, false);
    expect_made();
    cr_expect(imp_span_is_zero(
        (struct imp_span){(const uint8_t *)&survey, sizeof survey}));
    cr_expect_eq(words.n, 0);
}

Test(dicom_survey, what_an_item_says_is_not_said_of_the_object)
{
    start(true, false);
    begin_item(0x00081115); // Referenced Series Sequence
    outermost();
    el(0x00420011, "OB", "PDF!");
    el(0x7FE00010, "OB", "ab");
    end_item();
    expect_made();
    cr_expect_str_eq(survey.modality, "");
    cr_expect_str_eq(survey.patient_name, "");
    cr_expect_eq(survey.rows, 0);
    cr_expect(!survey.has_patient_name && !survey.has_patient_id &&
              !survey.has_pixels && !survey.has_document);
    cr_expect_eq(survey.n_said, 0);
}

Test(dicom_survey, values_that_are_too_long_are_cut_off)
{
    char text[400];
    memset(text, 'x', sizeof text);
    text[300] = 0;
    start(true, false);
    el(0x00080008, "CS", text);
    el(0x00080070, "LO", text);
    el(0x00100020, "LO", text);
    text[67] = 0;
    el(0x0020000D, "UI", text);
    text[68] = 0;
    expect_made();
    cr_expect_eq(strlen(survey.image_type), sizeof survey.image_type - 1);
    cr_expect_eq(strlen(survey.manufacturer), IMP_DICOM_TEXT_ROOM - 1);
    cr_expect_eq(strlen(survey.patient_id), IMP_DICOM_TEXT_ROOM - 1);
    cr_expect_str_eq(survey.study, text);
}

Test(dicom_survey, padding_alone_is_empty_and_nul_is_padding)
{
    start(true, false);
    head(0x00080060, "CS", 4);
    raw("\0 \0 ", 4);
    head(0x00080070, "LO", 6);
    raw("\0 AC\0 ", 6);
    expect_made();
    cr_expect_str_eq(survey.modality, "");
    cr_expect_str_eq(survey.manufacturer, "AC");
}

Test(dicom_survey, a_nul_within_a_value_does_not_end_it)
{
    static const char uid[] = "1.2.3\0"
                              "4.5 ",
                      burned_in[] = "NO\0"
                                    "YES";
    start(true, false);
    head(0x00080018, "UI", sizeof uid - 1);
    raw(uid, sizeof uid - 1);
    head(0x00280301, "CS", sizeof burned_in - 1);
    raw(burned_in, sizeof burned_in - 1);
    expect_made();
    cr_expect_str_eq(survey.sop_instance, "1.2.3 4.5");
    cr_expect_str_eq(survey.burned_in, "NO YES");
}

Test(dicom_survey, a_patient_that_is_there_but_empty_is_there)
{
    start(true, false);
    el(0x00100010, "PN", "");
    el(0x00100020, "LO", "");
    expect_made();
    cr_expect(survey.has_patient_name && survey.has_patient_id);
    cr_expect_str_eq(survey.patient_name, "");
}

Test(dicom_survey, numbers_that_un_hides_are_little_endian)
{
    start(true, true);
    head(0x00280010, "UN", 2);
    raw("\1\2", 2);
    us(0x00280011, 0x0304);
    expect_made();
    cr_expect_eq(survey.rows, 0x0201);
    cr_expect_eq(survey.columns, 0x0304);
}

Test(dicom_survey, a_number_of_another_length_is_none)
{
    start(true, false);
    el(0x00280010, "US", "");
    el(0x00280011, "US", "abcd");
    expect_made();
    cr_expect_eq(survey.rows, 0);
    cr_expect_eq(survey.columns, 0);
}

// --- Pictures and documents ---

Test(dicom_survey, pixels_of_any_kind_are_a_picture)
{
    static const struct {
        uint32_t tag;
        const char *vr;
    } row[] = {{0x7FE00008, "OF"}, {0x7FE00009, "OD"}, {0x7FE00010, "OW"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        start(true, false);
        el(row[i].tag, row[i].vr, "12345678");
        expect_made();
        cr_expect(survey.has_pixels, "%08X", row[i].tag);
    }
    start(true, false);
    head(0x7FE00010, "OB", UNDEFINED);
    item(0);
    item(2);
    raw("ab", 2);
    sequence_end();
    expect_made();
    cr_expect(survey.has_pixels, "encapsulated");
}

Test(dicom_survey, a_document_is_one_that_is_not_empty)
{
    start(true, false);
    el(0x00420011, "OB", "PDF!");
    expect_made();
    cr_expect(survey.has_document);
    start(true, false);
    el(0x00420011, "OB", "");
    expect_made();
    cr_expect(!survey.has_document);
}

Test(dicom_survey, that_frames_are_burned_in_is_noted)
{
    start(true, false);
    begin_item(0x00081115);
    el(0x00280301, "CS", "YES ");
    end_item();
    el(0x00280301, "CS", "NO");
    expect_made();
    cr_expect(survey.burned_in_frames);
    start(true, false);
    begin_item(0x00081115);
    el(0x00280301, "CS", "NO");
    end_item();
    expect_made();
    cr_expect(!survey.burned_in_frames);
}
