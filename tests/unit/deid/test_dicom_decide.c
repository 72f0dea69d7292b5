// What becomes of the elements of an object, and that it stays so.
#include "deid/dicom_edit.h"
#include "deid/secret.h"
#include "image/dicom_frames.h"

#include "../dicom/made.h"

static struct imp_policy *policy;
static struct imp_dicom_deid *deid;
static struct imp_cutlist cuts;
static struct imp_buf out;
static bool with_frames; // pixel data is looked into

static void prepare(void)
{
    policy = imp_policy_load("strict", &why);
    cr_assert(policy, "%s", why.msg);
    deid = imp_dicom_deid_new(policy, &why);
    cr_assert(deid, "%s", why.msg);
}

static void clear(void)
{
    imp_buf_clear(&out);
    imp_cutlist_clear(&cuts);
    imp_dicom_deid_free(deid);
    imp_policy_free(policy);
}

TestSuite(dicom_decide, .init = prepare, .fini = clear, .timeout = 20);

static void begin_object(void)
{
    start(true, false);
    el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ");
    el(0x00080018, "UI", "1.2.3.4.5 ");
}

static bool cut(struct imp_span in)
{
    struct imp_dicom_editor *editor = imp_dicom_deid_editor(deid);
    struct imp_dicom_plan plan;
    struct imp_dcm_image image = {0};
    struct imp_dicom_frames frames;
    why = (struct imp_err){0};
    imp_cutlist_start(&cuts, in.n);
    imp_dicom_frames_start(&frames, &image, IMP_CHECK_STRUCTURE);
    if (!editor->plan(editor, in, 0, imp_dcm_syntax_plain(made.how), &plan,
                      &why))
        return false;
    plan.decider.frames = with_frames ? &frames : NULL;
    return imp_dicom_cut_elements(in, 0, in.n, made.how, &plan.decider,
                                  plan.additions, plan.n_additions, &cuts,
                                  &why) &&
           imp_cutlist_finish(&cuts, &why);
}

// Into `out`, which is clean then.
static void expect_cleaned_of(const char *code)
{
    const struct imp_deid_subject subject = {
        .code = code, .secret = imp_secret_for_looking()};
    imp_dicom_deid_start(deid, &subject);
    cr_assert(cut(made_span()), "%s", why.msg);
    cr_assert(imp_cutlist_apply(&cuts, made_span(), &out, NULL));
    imp_dicom_deid_again(deid);
    cr_assert(cut(imp_buf_span(&out)), "%s", why.msg);
    imp_cutlist_settle(&cuts, imp_buf_span(&out));
    cr_expect(imp_cutlist_all_kept(&cuts));
}

static void expect_cleaned(void)
{
    expect_cleaned_of(NULL);
}

static size_t count(uint32_t tag_)
{
    size_t n = 0;
    struct imp_dcm_reader r;
    struct imp_dcm_event e = {0};
    imp_dcm_reader_start(&r, imp_buf_span(&out), 0, out.n, made.how);
    do {
        cr_assert(imp_dcm_next(&r, &e, &why), "%s", why.msg);
        n += e.tag == tag_ &&
             (e.kind == IMP_DCM_ELEMENT || e.kind == IMP_DCM_SEQUENCE_BEGIN);
    } while (e.kind != IMP_DCM_END);
    return n;
}

static bool has_tag(uint32_t tag_)
{
    return count(tag_) > 0;
}

Test(dicom_decide, an_empty_sequence_of_another_vr_gets_no_value)
{
    static const char *const vrs[] = {"AE", "DA", "UI", "LT", "US"};
    for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++) {
        begin_object();
        el(0x00089410, vrs[i], ""); // Referenced Other Plane Sequence
        el(0x00400275, vrs[i], ""); // Request Attributes Sequence
        expect_cleaned();
        cr_expect(!has_tag(0x00089410), "%s", vrs[i]);
    }
}

// As the output would be, if pixels became a dummy there.
Test(dicom_decide, pixel_data_in_a_code_that_identifies_is_refused_at_once)
{
    static const struct {
        uint32_t tag;
        const char *vr;
    } rows[] = {{0x7FE00010, "OB"}, {0x7FE00001, "OV"}, {0x7FE00008, "OF"}};
    const struct imp_deid_subject nobody = {.secret = imp_secret_for_looking()};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin_object();
        head(0x00080082, "SQ", UNDEFINED); // Institution Code Sequence
        item(UNDEFINED);
        el(0x00080100, "SH", "HOSP");
        el(rows[i].tag, rows[i].vr, "12345678");
        item_end();
        sequence_end();
        imp_dicom_deid_start(deid, &nobody);
        with_frames = true;
        cr_expect_not(cut(made_span()), "%s", rows[i].vr);
        cr_expect_eq(why.code, IMP_ERR_UNSUPPORTED, "%s", why.msg);
        cr_expect(strstr(why.msg, "(0008,0082)[0]."), "%s", why.msg);
    }
}

Test(dicom_decide, the_subjects_code_comes_in_place_of_a_sequence)
{
    static const char *const codes[] = {NULL, "S-0042"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        begin_object();
        for (uint32_t t = 0x00100010; t <= 0x00100020; t += 0x10) {
            head(t, "SQ", UNDEFINED);
            item(UNDEFINED);
            el(0x00100010, "PN", "Doe^Jane");
            item_end();
            sequence_end();
        }
        expect_cleaned_of(codes[i]);
        cr_expect_eq(count(0x00100010), codes[i] ? 1 : 0);
        cr_expect_eq(count(0x00100020), codes[i] ? 1 : 0);
    }
}

static void expect_refused(enum imp_code code, const char *what)
{
    const struct imp_deid_subject subject = {.secret =
                                                 imp_secret_for_looking()};
    imp_dicom_deid_start(deid, &subject);
    cr_expect(!cut(made_span()));
    cr_expect_eq(why.code, code, "%s: %s", imp_code_name(why.code), why.msg);
    cr_expect(strstr(why.msg, what), "want '%s': %s", what, why.msg);
}

Test(dicom_decide, parts_of_numbers_are_damage)
{
    static const struct {
        uint32_t tag;
        const char *vr, *value;
    } odd[] = {{0x006865D0, "FD", "1.2.3.4.5.6.7.8.99"},
               {0x00280010, "US", "abc"},
               {0x00181271, "FL", "abcdef"}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        begin_object();
        el(odd[i].tag, odd[i].vr, odd[i].value);
        expect_refused(IMP_ERR_DAMAGED, "no numbers");
    }
    begin_object();
    el(0x00181271, "FL", "abcd"); // Water Equivalent Diameter
    expect_cleaned();
    cr_expect(has_tag(0x00181271));
}

Test(dicom_decide, an_element_of_another_nature_is_damage)
{
    begin_object();
    el(0x00180024, "US", "ab"); // Sequence Name, SH
    expect_refused(IMP_ERR_DAMAGED, "its VR is US, PS3.6 has SH");
}

Test(dicom_decide, a_character_set_that_there_is_not_is_refused)
{
    start(true, false);
    el(0x00080005, "CS", "NO SUCH ");
    el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ");
    el(0x00080018, "UI", "1.3.6.1.4.1.99999.4711");
    expect_refused(IMP_ERR_UNSUPPORTED, "(0008,0005)");
}

Test(dicom_decide, each_part_of_a_persons_code_is_a_dummy)
{
    begin_object();
    head(0x00401101, "SQ", UNDEFINED);
    item(UNDEFINED);
    el(0x00080100, "SH", "EMP-4711");
    el(0x00080102, "SH", "99HOSPITAL");
    el(0x00080104, "LO", "Grace Hopper");
    item_end();
    sequence_end();
    expect_cleaned();
    static const char *const gone[] = {"4711", "HOSPITAL", "Hopper"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        cr_expect_null(memmem(out.p, out.n, gone[i], strlen(gone[i])), "%s",
                       gone[i]);
    cr_expect_eq(count(0x00080102), 2); // and that of our method
}

static void prepare_with(const char *option)
{
    char text[160];
    clear();
    snprintf(text, sizeof text,
             "[policy]\npreset = strict\n[dicom]\noptions = %s\n", option);
    policy = imp_policy_from_text(text, &why);
    cr_assert(policy, "%s", why.msg);
    deid = imp_dicom_deid_new(policy, &why);
    cr_assert(deid, "%s", why.msg);
}

Test(dicom_decide, a_creator_that_the_policy_names_stays_whoever_is_called_so)
{
    prepare_with("retain-safe-private\nkeep-private = (0019,xx01) ACME");
    begin_object();
    el(0x00100010, "PN", "Acme^Jane ");
    el(0x00190010, "LO", "ACME");
    el(0x00191001, "SH", "a value ");
    expect_cleaned();
    cr_expect(has_tag(0x00190010) && has_tag(0x00191001));
    begin_object();
    el(0x00190010, "OF", "ACME");
    el(0x00191001, "SH", "a value ");
    expect_cleaned();
    cr_expect(!has_tag(0x00190010) && !has_tag(0x00191001));
}

Test(dicom_decide, what_is_no_date_does_not_stay_with_full_dates)
{
    prepare_with("retain-full-dates");
    begin_object();
    el(0x00080020, "DA", "20240229");
    el(0x00080030, "TM", "4711"); // no hour
    el(0x3010004C, "DA", "1.3.6.1.4.1.99999.4711");
    expect_cleaned();
    cr_expect(memmem(out.p, out.n, "20240229", 8));
    cr_expect(has_tag(0x3010004C));
    cr_expect_null(memmem(out.p, out.n, "4711", 4));
}

// Of seven digits and more, whatever of these is between them.
Test(dicom_decide, a_description_with_a_telephone_number_goes)
{
    static const char *const numbers[] = {
        "call 030 12 34 56 ", "030 1234",   "030-1234",  "030/1234",
        "030.1234",           "0(30)1234 ", "49+30+123 "};
    static const char *const others[] = {"3 x 2 x 1 ", "030 123 ",
                                         "1 2 3 x 4 5 6 7 ", "030, 1234 ",
                                         "T2 -1.5+3 "};
    prepare_with("clean-descriptors");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        begin_object();
        el(0x0008103E, "LO", numbers[i]); // Series Description
        expect_cleaned();
        cr_expect(!has_tag(0x0008103E), "%s", numbers[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        begin_object();
        el(0x0008103E, "LO", others[i]);
        expect_cleaned();
        cr_expect(memmem(out.p, out.n, others[i], strlen(others[i])), "%s",
                  others[i]);
    }
}

Test(dicom_decide, a_text_of_escape_sequences_alone_names_nobody)
{
    prepare_with("clean-descriptors");
    start(true, false);
    el(0x00080005, "CS", "\\ISO 2022 IR 87 ");
    el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ");
    el(0x00080018, "UI", "1.2.3.4.5 ");
    el(0x0008103E, "LO", "\033(B\033(B");
    expect_cleaned();
    cr_expect(has_tag(0x0008103E));
}

// --- What is searched for afterwards ---

static bool is_sought(const char *text)
{
    static struct imp_identifiers sought;
    bool found = false;
    imp_dicom_deid_identifiers(deid, &sought);
    for (size_t i = 0; i < sought.n; i++)
        found |= strcmp(sought.id[i].text, text) == 0;
    return found;
}

Test(dicom_decide, uids_are_sought_in_the_output_and_numbers_are_not)
{
    start(true, false);
    el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ");
    el(0x00080018, "UI", "1.3.6.1.4.1.99999.4711");
    el(0x00100010, "PN", "Schulze^Doro");
    el(0x00100020, "LO", "20.1.1970 ");
    el(0x00101000, "LO", "47110815"); // Other Patient IDs
    expect_cleaned();
    cr_expect(is_sought("1.3.6.1.4.1.99999.4711"));
    cr_expect(is_sought("schulze"));
    cr_expect(!is_sought("20.1.1970"));
    cr_expect(!is_sought("47110815"));
}
