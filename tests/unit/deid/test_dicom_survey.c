// What is known of a whole object before anything is decided.
#include "deid/dicom_survey.h"

#include "../dicom/made.h"

#include <stdlib.h>

static struct imp_dicom_survey survey;
static struct imp_dicom_options options;
static struct imp_dicom_scope scope;
static struct imp_dicom_words words;

static void clear(void)
{
    imp_dicom_scope_clear(&scope);
    imp_dicom_words_clear(&words);
}

TestSuite(dicom_survey, .fini = clear, .timeout = 20);

static bool make(void)
{
    why = (struct imp_err){0};
    imp_dicom_words_forget(&words);
    return imp_dicom_survey_make(&survey, made_span(), 0, made.how, &options,
                                 &scope, &words, &why);
}

static void expect_made(void)
{
    cr_assert(make(), "%s", why.msg);
}

static void expect_refused(enum imp_code code, const char *what)
{
    cr_expect(!make());
    cr_expect_eq(why.code, code, "%s: %s", imp_code_name(why.code), why.msg);
    cr_expect(strstr(why.msg, what), "want '%s': %s", what, why.msg);
}

static void us(uint32_t t, uint16_t v)
{
    head(t, "US", 2);
    u16(v);
}

static void begin_item(uint32_t sequence)
{
    head(sequence, "SQ", UNDEFINED);
    item(UNDEFINED);
}

static void end_item(void)
{
    item_end();
    sequence_end();
}

// --- Values ---

static void outermost(void)
{
    el(0x00080008, "CS", "DERIVED\\SECONDARY ");
    el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7");
    el(0x00080018, "UI", "1.2.3");
    el(0x00080060, "CS", "US");
    el(0x00080064, "CS", " DV ");
    el(0x00080070, "LO", "ACME");
    el(0x00081090, "LO", "Model 7 ");
    el(0x00100010, "PN", "Doe^Jane");
    el(0x00100020, "LO", "4711");
    el(0x0020000D, "UI", "1.2.4");
    el(0x0020000E, "UI", "1.2.5");
    us(0x00280010, 0x0102);
    us(0x00280011, 0x0304);
    el(0x00280301, "CS", "YES ");
    el(0x00280303, "CS", "REMOVED ");
}

static void expect_outermost(void)
{
    cr_expect_str_eq(survey.image_type, "DERIVED\\SECONDARY");
    cr_expect_str_eq(survey.sop_class, "1.2.840.10008.5.1.4.1.1.7");
    cr_expect_str_eq(survey.sop_instance, "1.2.3");
    cr_expect_str_eq(survey.modality, "US");
    cr_expect_str_eq(survey.conversion, "DV");
    cr_expect_str_eq(survey.manufacturer, "ACME");
    cr_expect_str_eq(survey.model, "Model 7");
    cr_expect_str_eq(survey.patient_name, "Doe^Jane");
    cr_expect_str_eq(survey.patient_id, "4711");
    cr_expect_str_eq(survey.study, "1.2.4");
    cr_expect_str_eq(survey.series, "1.2.5");
    cr_expect_eq(survey.rows, 0x0102);
    cr_expect_eq(survey.columns, 0x0304);
    cr_expect_str_eq(survey.burned_in, "YES");
    cr_expect_str_eq(survey.temporal, "REMOVED");
    cr_expect(survey.has_patient_name && survey.has_patient_id);
    cr_expect(!survey.has_pixels && !survey.has_document);
}

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

// --- What is refused ---

Test(dicom_survey, elements_twice_or_out_of_order_are_damage)
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
Test(dicom_survey, an_element_of_the_meta_group_is_damage)
{
    for (int i = 0; i < 3; i++) {
        start(i > 0, i > 1);
        us(0x00000100, 1);               // Command Field
        el(0x00020010, "UI", "1.2.3.4"); // Transfer Syntax UID
        el(0x00080060, "CS", "CT");
        expect_refused(IMP_ERR_DAMAGED, "(0002,0010)");
    }
}

Test(dicom_survey, a_directory_is_no_object)
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
Test(dicom_survey, an_overlay_of_its_own_element_is_fine)
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

Test(dicom_survey, an_overlay_in_the_bits_of_pixels_is_refused)
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

Test(dicom_survey, what_cannot_be_read_is_damage)
{
    start(true, false);
    head(0x00100010, "PN", 40);
    raw("Doe^Jane", 8);
    expect_refused(IMP_ERR_DAMAGED, "(0010,0010)");
    cr_expect(!strstr(why.msg, "Doe"));
}

// --- What identifies ---

static bool is_noted(uint32_t tag_, const char *folded)
{
    for (size_t i = 0; i < words.n; i++)
        if (words.word[i].tag == tag_ &&
            words.word[i].length == strlen(folded) &&
            memcmp(words.word[i].text, folded, strlen(folded)) == 0)
            return true;
    return false;
}

static void expect_noted(uint32_t tag_, const char *folded)
{
    cr_expect(is_noted(tag_, folded), "%08X %s", tag_, folded);
}

static void identifying(void)
{
    el(0x00080050, "SH", "ACC-77");
    el(0x00080080, "LO", "St. Mary ");
    el(0x00100010, "PN", "Doe^Jane");
    el(0x00100020, "LO", "ID 4711 ");
    el(0x00181000, "LO", "SN-998 ");
}

Test(dicom_survey, what_identifies_and_goes_is_noted)
{
    start(true, false);
    identifying();
    expect_made();
    expect_noted(0x00080050, "acc-77");
    expect_noted(0x00080080, "st. mary");
    expect_noted(0x00100010, "doe");
    expect_noted(0x00100010, "jane");
    expect_noted(0x00100010, "doe^jane");
    expect_noted(0x00100020, "id 4711");
    expect_noted(0x00181000, "sn-998");
    cr_expect_eq(words.n, 7);
}

Test(dicom_survey, whoever_wants_no_words_gets_the_rest)
{
    start(true, false);
    outermost();
    cr_assert(imp_dicom_survey_make(&survey, made_span(), 0, made.how, &options,
                                    &scope, NULL, &why));
    expect_outermost();
}

Test(dicom_survey, what_stays_by_an_option_is_not_noted)
{
    start(true, false);
    identifying();
    options.on[IMP_DICOM_INSTITUTION] = options.on[IMP_DICOM_DEVICE] = true;
    expect_made();
    cr_expect(!is_noted(0x00080080, "st. mary"));
    cr_expect(!is_noted(0x00181000, "sn-998"));
    cr_expect_eq(words.n, 5);
}

Test(dicom_survey, what_only_describes_is_not_noted)
{
    start(true, false);
    el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2");
    el(0x00080018, "UI", "1.2.3456789");
    el(0x00080020, "DA", "20240102");
    el(0x00081030, "LO", "Abdomen with contrast");
    el(0x00081090, "LO", "Model 7 ");
    el(0x00090010, "LO", "SOMEBODY"); // private
    el(0x00100040, "CS", "F ");
    el(0x00101010, "AS", "042Y");
    el(0x00102160, "SH", "Group ");
    el(0x04000600, "CS", "LOCAL ");
    expect_made();
    cr_expect_eq(words.n, 0, "%.*s", words.word[0].length, words.word[0].text);
}

Test(dicom_survey, names_are_noted_wherever_they_are)
{
    start(true, false);
    el(0x00091001, "PN", "Roe^Mary");
    begin_item(0x00400275); // Request Attributes Sequence
    el(0x00400006, "PN", "Poe^Adam");
    end_item();
    expect_made();
    expect_noted(0x00091001, "mary");
    expect_noted(0x00400006, "adam");
}

Test(dicom_survey, a_name_is_one_whatever_vr_it_is_written_with)
{
    static const char *const vrs[] = {"LO", "UN", "OB", "UT", "SH"};
    for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++) {
        start(true, false);
        el(0x00100010, vrs[i], "Doe^Jane");
        el(0x00100020, vrs[i], "ID 4711 ");
        expect_made();
        expect_noted(0x00100010, "doe");
        expect_noted(0x00100010, "jane");
        expect_noted(0x00100020, "id 4711");
    }
    start(true, false);
    el(0x00081030, "PN", "Doe^Jane"); // of a description, too
    expect_made();
    expect_noted(0x00081030, "jane");
}

Test(dicom_survey, with_a_sequence_goes_all_that_is_in_it)
{
    options.on[IMP_DICOM_INSTITUTION] = options.on[IMP_DICOM_DEVICE] = true;
    start(true, false);
    el(0x00080080, "LO", "Stays ");
    begin_item(0x00101002); // Other Patient IDs Sequence
    el(0x00080080, "LO", "In one");
    begin_item(0x00100024);
    el(0x00080080, "LO", "In two");
    end_item();
    el(0x00181000, "LO", "In one, behind two");
    end_item();
    begin_item(0x00540016); // which stays
    el(0x00080080, "LO", "Behind");
    end_item();
    expect_made();
    expect_noted(0x00080080, "in one");
    expect_noted(0x00080080, "in two");
    expect_noted(0x00181000, "in one, behind two");
    cr_expect_eq(words.n, 3);
}

Test(dicom_survey, names_are_in_the_character_set_of_their_level)
{
    start(true, false);
    el(0x00080005, "CS", "ISO_IR 100");
    el(0x00100010, "PN", "M\xfcller^\xc4nne");
    begin_item(0x00400275);
    el(0x00080005, "CS", "ISO_IR 192");
    el(0x00400006, "PN", "B\xc3\xb6ll^Li ");
    end_item();
    begin_item(0x00540016); // of the outermost one again
    el(0x00400006, "PN", "K\xfchn");
    end_item();
    expect_made();
    expect_noted(0x00100010, "muller");
    expect_noted(0x00100010, "mueller");
    expect_noted(0x00100010, "anne");
    expect_noted(0x00400006, "boll");
    expect_noted(0x00400006, "kuhn");
}

Test(dicom_survey, a_character_set_is_not_of_the_next_object)
{
    start(true, false);
    el(0x00080005, "CS", "ISO_IR 100");
    expect_made();
    start(true, false);
    el(0x00100010, "PN", "M\xfcller");
    expect_made();
    cr_expect_gt(words.n, 0);
    cr_expect(!is_noted(0x00100010, "muller"));
}

Test(dicom_survey, a_name_in_utf_8_is_noted_as_such_whatever_the_set)
{
    start(true, false);
    el(0x00080005, "CS", "ISO_IR 100");
    el(0x00100010, "PN", "M\xc3\xbcller ");
    expect_made();
    expect_noted(0x00100010, "muller");
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

Test(dicom_survey, a_name_that_cannot_be_read_is_refused)
{
    start(true, false);
    el(0x00080005, "CS", "NO SUCH ");
    el(0x00100010, "PN", "M\xfcller");
    expect_refused(IMP_ERR_UNSUPPORTED, "");
    cr_expect(!strstr(why.msg, "ller"));
}

Test(dicom_survey, more_names_than_can_be_searched_for_are_too_many)
{
    enum { MANY = IMP_DICOM_WORDS + 2 };
    start(false, false);
    head(0x00100010, "PN", MANY * 7);
    for (int i = 0; i < MANY; i++) {
        char name[8];
        snprintf(name, sizeof name, "N%05d\\", i);
        raw(name, 7);
    }
    expect_refused(IMP_ERR_LIMIT, "");
}

Test(dicom_survey, a_date_of_birth_and_old_uids_are_searched_for_too)
{
    start(true, false);
    el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2");
    el(0x00080018, "UI", "1.2.3.4.5.6.7");
    el(0x00100030, "DA", "19600312");
    el(0x0020000D, "UI", "1.2.3");
    expect_made();
    expect_noted(0x00080018, "1.2.3.4.5.6.7");
    expect_noted(0x00100030, "12.03.1960");
    cr_expect(!is_noted(0x00080016, "1.2.840.10008.5.1.4.1.1.2"));
    cr_expect(!is_noted(0x0020000D, "1.2.3"), "met by chance");
}

Test(dicom_survey, codes_of_persons_are_searched_for)
{
    start(true, false);
    begin_item(0x00401101);
    el(0x00080100, "SH", "EMP-4711");
    el(0x00080102, "SH", "99HOSPITAL");
    el(0x00080104, "LO", "Grace Hopper");
    end_item();
    expect_made();
    expect_noted(0x00080104, "grace hopper");
    expect_noted(0x00080100, "emp-4711");
    cr_expect(!is_noted(0x00080102, "99hospital"), "a scheme of others, too");
}

// --- Methods ---

static struct imp_dicom_method method;

static void compare_with(bool cleaned)
{
    cr_assert(
        imp_dicom_method_make(&method, &options, cleaned, made.how, &why));
    imp_dicom_survey_method(&survey, made_span(), &method);
}

static void put_method(size_t i)
{
    raw(method.element[i].bytes.p, method.element[i].bytes.n);
}

static void expect_method(size_t i, size_t at)
{
    cr_expect_eq(survey.method[i].at, at, "%zu", i);
    cr_expect_eq(survey.method[i].end, at + method.element[i].bytes.n, "%zu",
                 i);
}

static void begin_method(bool explicit_vr, bool big)
{
    start(explicit_vr, big);
    cr_assert(imp_dicom_method_make(&method, &options, false, made.how, &why));
}

Test(dicom_survey, a_method_of_ours_is_found_in_each_encoding)
{
    for (int k = 0; k < 3; k++) {
        size_t at[IMP_DICOM_METHODS];
        begin_method(k > 0, k > 1);
        el(0x00100010, "PN", "");
        for (size_t i = 0; i < method.n; i++) {
            if (i == 3)
                us(0x00280010, 1);
            at[i] = made.n;
            put_method(i);
        }
        el(0x00400555, "SQ", "");
        expect_made();
        compare_with(false);
        for (size_t i = 0; i < method.n; i++)
            expect_method(i, at[i]);
        imp_dicom_method_clear(&method);
    }
}

Test(dicom_survey, a_method_that_differs_in_a_byte_is_not_ours)
{
    begin_method(true, false);
    put_method(0);
    el(0x00120063, "LO", "imgpipe: PS3.15 2024a Table E.1-1 ");
    size_t codes_at = made.n;
    put_method(2);
    size_t temporal_at = made.n;
    put_method(3);
    el(0x00281054, "LO", "what follows is longer than a code");
    el(0x00284000, "LT", "of which there would have to be one more");
    expect_made();
    compare_with(false);
    expect_method(0, 0);
    cr_expect_eq(survey.method[1].end, 0);
    expect_method(2, codes_at);
    expect_method(3, temporal_at);
    compare_with(true);
    expect_method(0, 0);
    cr_expect_eq(survey.method[2].end, 0, "of other codes");
    cr_expect_eq(survey.method[3].end, 0, "burned in: not said");
    expect_method(4, temporal_at);
    imp_dicom_method_clear(&method);
}

Test(dicom_survey, a_method_at_the_end_that_is_cut_off_is_not_ours)
{
    begin_method(true, false);
    el(0x00280303, "CS", "REMO");
    // Of its own size, so that who reads behind it is seen.
    uint8_t *object = malloc(made.n);
    cr_assert(object);
    memcpy(object, made.p, made.n);
    const struct imp_span in = {object, made.n};
    cr_assert(imp_dicom_survey_make(&survey, in, 0, made.how, &options, &scope,
                                    &words, &why));
    imp_dicom_survey_method(&survey, in, &method);
    cr_expect_eq(survey.n_said, 1);
    cr_expect_eq(survey.method[3].end, 0);
    free(object);
    imp_dicom_method_clear(&method);
}

Test(dicom_survey, a_method_in_an_item_is_not_of_the_object)
{
    begin_method(true, false);
    begin_item(0x00081115);
    for (size_t i = 0; i < method.n; i++)
        put_method(i);
    end_item();
    expect_made();
    compare_with(false);
    for (size_t i = 0; i < method.n; i++)
        cr_expect_eq(survey.method[i].end, 0);
    imp_dicom_method_clear(&method);
}
