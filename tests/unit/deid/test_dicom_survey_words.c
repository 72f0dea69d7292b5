// What identifies someone in an object and goes, noted to be searched for.
#include "surveyed.h"

TestSuite(dicom_survey_words, .fini = clear, .timeout = 20);

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

Test(dicom_survey_words, what_identifies_and_goes_is_noted)
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

Test(dicom_survey_words, whoever_wants_no_words_gets_the_rest)
{
    start(true, false);
    outermost();
    cr_assert(imp_dicom_survey_make(&survey, made_span(), 0, made.how, &options,
                                    &scope, NULL, &why));
    expect_outermost();
}

Test(dicom_survey_words, what_stays_by_an_option_is_not_noted)
{
    start(true, false);
    identifying();
    options.on[IMP_DICOM_INSTITUTION] = options.on[IMP_DICOM_DEVICE] = true;
    expect_made();
    cr_expect(!is_noted(0x00080080, "st. mary"));
    cr_expect(!is_noted(0x00181000, "sn-998"));
    cr_expect_eq(words.n, 5);
}

Test(dicom_survey_words, what_only_describes_is_not_noted)
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

Test(dicom_survey_words, names_are_noted_wherever_they_are)
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

Test(dicom_survey_words, a_name_is_one_whatever_vr_it_is_written_with)
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

Test(dicom_survey_words, with_a_sequence_goes_all_that_is_in_it)
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

Test(dicom_survey_words, names_are_in_the_character_set_of_their_level)
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

Test(dicom_survey_words, a_character_set_is_not_of_the_next_object)
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

Test(dicom_survey_words, a_name_in_utf_8_is_noted_as_such_whatever_the_set)
{
    start(true, false);
    el(0x00080005, "CS", "ISO_IR 100");
    el(0x00100010, "PN", "M\xc3\xbcller ");
    expect_made();
    expect_noted(0x00100010, "muller");
}

Test(dicom_survey_words, a_name_that_cannot_be_read_is_refused)
{
    start(true, false);
    el(0x00080005, "CS", "NO SUCH ");
    el(0x00100010, "PN", "M\xfcller");
    expect_refused(IMP_ERR_UNSUPPORTED, "");
    cr_expect(!strstr(why.msg, "ller"));
}

Test(dicom_survey_words, more_names_than_can_be_searched_for_are_too_many)
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

Test(dicom_survey_words, a_date_of_birth_and_old_uids_are_searched_for_too)
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

Test(dicom_survey_words, codes_of_persons_are_searched_for)
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
