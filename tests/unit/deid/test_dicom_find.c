#include "deid/dicom_find.h"

#include "../dicom/made.h"

#include <zlib.h>

#define PATIENT_ID 0x00100020
#define COMMENTS 0x00104000 // LT: a backslash divides nothing in it

// --- Files, and what is found in them ---

// Preamble and meta group; the data set follows, in the encoding of `syntax`.
static void begin_file(const char *syntax)
{
    static const uint8_t preamble[128];
    uint16_t n = (uint16_t)strlen(syntax);
    start(true, false);
    raw(preamble, sizeof preamble);
    raw("DICM", 4);
    head(0x00020000, "UL", 4);
    u32(8u + n + n % 2);
    head(0x00020010, "UI", n + n % 2u);
    raw(syntax, (size_t)n + n % 2);
    made.how.explicit_vr = strcmp(syntax, "1.2.840.10008.1.2") != 0;
    made.how.big = strcmp(syntax, "1.2.840.10008.1.2.2") == 0;
}

static void begin_plain(void)
{
    begin_file("1.2.840.10008.1.2.1");
}

// The text, or the error, until the next call.
static const char *find(uint32_t tag)
{
    static char told[400];
    struct imp_err err = {0};
    struct imp_buf value = {0};
    cr_assert(imp_buf_add(&value, "old", 3, &err));
    if (imp_dicom_find(made_span(), tag, &value, &err))
        snprintf(told, sizeof told, "%.*s", (int)value.n,
                 (const char *)value.p);
    else {
        cr_expect_eq(value.n, 0, "half a value is left");
        snprintf(told, sizeof told, "! %d %s", (int)err.code, err.msg);
    }
    imp_buf_clear(&value);
    return told;
}

static void expect_error(uint32_t tag, enum imp_code code, const char *what)
{
    char want[20];
    const char *said_so = find(tag);
    snprintf(want, sizeof want, "! %d ", (int)code);
    cr_expect(strncmp(said_so, want, strlen(want)) == 0, "%s", said_so);
    cr_expect(strstr(said_so, what), "want '%s': %s", what, said_so);
}

// --- Names ---

Test(dicom_find, an_attribute_by_keyword_or_tag)
{
    static const struct {
        const char *name;
        uint32_t tag;
    } row[] = {
        {"PatientID", 0x00100020},       {"(0010,0020)", 0x00100020},
        {"PatientName", 0x00100010},     {"ClinicalTrialSubjectID", 0x00120040},
        {"AccessionNumber", 0x00080050}, {"(0008,103e)", 0x0008103E},
        {"PatientComments", COMMENTS},   {"IssuerOfPatientID", 0x00100021},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct imp_err err = {0};
        uint32_t tag = 0;
        cr_expect(imp_dicom_attribute_named(row[i].name, &tag, &err), "%s",
                  err.msg);
        cr_expect_eq(tag, row[i].tag, "%s", row[i].name);
    }
}

Test(dicom_find, what_is_no_attribute_of_text_in_the_data_set)
{
    static const struct {
        const char *name, *why;
    } row[] = {
        {"Patient", "no DICOM attribute Patient: want a keyword or tag of "
                    "PS3.6, such as PatientID"},
        {"patientid", "no DICOM attribute patientid"},
        {"", "no DICOM attribute"},
        {"(0010,0020", "no DICOM attribute"},
        {"(0010,002G)", "no DICOM attribute"},
        {"(0010-0020)", "no DICOM attribute"},
        {"(+010,0020)", "no DICOM attribute"},
        {"00100020", "no DICOM attribute"},
        {"(0009,0010)", "no DICOM attribute"},
        {"(0010,FFFF)", "no DICOM attribute"},
        {"StudyInstanceUID", "StudyInstanceUID is UI: want a text"},
        {"PatientBirthDate", "PatientBirthDate is DA: want a text"},
        {"Rows", "Rows is US: want a text"},
        {"OtherPatientIDsSequence", "is SQ: want a text"},
        {"SourceApplicationEntityTitle", "is not in the data set"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct imp_err err = {0};
        uint32_t tag;
        cr_expect_not(imp_dicom_attribute_named(row[i].name, &tag, &err), "%s",
                      row[i].name);
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        cr_expect(strstr(err.msg, row[i].why), "%s", err.msg);
    }
}

// --- Where it is ---

Test(dicom_find, its_text_in_each_encoding)
{
    static const char *const syntaxes[] = {
        "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.4.50"};
    for (int i = 0; i < 4; i++) {
        begin_file(syntaxes[i]);
        el(0x00080060, "CS", "CT");
        el(0x00100010, "PN", "Doe^Jane");
        el(PATIENT_ID, "LO", "1001-A");
        el(0x00104000, "LT", "said nothing");
        cr_expect_str_eq(find(PATIENT_ID), "1001-A", "%s", syntaxes[i]);
        cr_expect_str_eq(find(0x00100010), "Doe^Jane");
    }
}

Test(dicom_find, a_file_without_a_meta_group)
{
    start(false, false);
    el(0x00080060, "CS", "CT");
    el(0x00080070, "LO", "Maker1");
    el(PATIENT_ID, "LO", "1001-A");
    cr_expect_str_eq(find(PATIENT_ID), "1001-A");
}

Test(dicom_find, what_is_not_there_or_empty_is_no_text)
{
    begin_plain();
    el(0x00080060, "CS", "CT");
    cr_expect_str_eq(find(PATIENT_ID), "");
    el(PATIENT_ID, "LO", "");
    cr_expect_str_eq(find(PATIENT_ID), "");
    begin_plain();
    el(PATIENT_ID, "LO", "      ");
    cr_expect_str_eq(find(PATIENT_ID), "");
}

Test(dicom_find, padding_is_no_part_of_it)
{
    begin_plain();
    el(PATIENT_ID, "LO", "1001 ");
    cr_expect_str_eq(find(PATIENT_ID), "1001");
    begin_plain();
    head(PATIENT_ID, "LO", 6);
    raw("1001\0\0", 6);
    cr_expect_str_eq(find(PATIENT_ID), "1001");
}

// Another patient's, of an order or a fetus.
Test(dicom_find, one_within_a_sequence_is_not_it)
{
    begin_plain();
    head(0x00101002, "SQ", UNDEFINED); // OtherPatientIDsSequence
    item(UNDEFINED);
    el(PATIENT_ID, "LO", "2002");
    item_end();
    sequence_end();
    cr_expect_str_eq(find(PATIENT_ID), "");
    begin_plain();
    el(PATIENT_ID, "LO", "1001");
    head(0x00101002, "SQ", UNDEFINED);
    item(UNDEFINED);
    el(0x00080005, "CS", "ISO_IR 100");
    el(PATIENT_ID, "LO", "2002");
    item_end();
    sequence_end();
    cr_expect_str_eq(find(PATIENT_ID), "1001");
}

Test(dicom_find, one_that_is_there_twice_is_neither)
{
    begin_plain();
    el(PATIENT_ID, "LO", "1001");
    el(PATIENT_ID, "LO", "1001");
    expect_error(PATIENT_ID, IMP_ERR_CONFIG,
                 "(0010,0020) at 184: it is there twice");
    begin_plain();
    el(PATIENT_ID, "LO", "1001");
    el(0x00200010, "SH", "77");
    el(PATIENT_ID, "LO", "");
    expect_error(PATIENT_ID, IMP_ERR_CONFIG,
                 "(0010,0020) at 194: it is there twice");
    begin_plain();
    el(0x00080005, "CS", "ISO_IR 100");
    el(0x00080005, "CS", "ISO_IR 192");
    el(PATIENT_ID, "LO", "1001");
    expect_error(PATIENT_ID, IMP_ERR_CONFIG,
                 "(0008,0005) at 190: it is there twice");
}

// --- What it is ---

Test(dicom_find, its_text_in_its_character_set)
{
    begin_plain();
    el(0x00080005, "CS", "ISO_IR 100");
    el(PATIENT_ID, "LO", "M\xFCller1");
    cr_expect_str_eq(find(PATIENT_ID), "M\xC3\xBCller1");
    begin_plain();
    el(0x00080005, "CS", "ISO_IR 192");
    el(PATIENT_ID, "LO", "M\xC3\xBCller");
    cr_expect_str_eq(find(PATIENT_ID), "M\xC3\xBCller");
    begin_plain();
    el(0x00080005, "CS", "\\ISO 2022 IR 87 "); // 山: 0x3B33 of JIS X 0208
    el(PATIENT_ID, "LO", "\x1B$B;3\x1B(B ");
    cr_expect_str_eq(find(PATIENT_ID), "\xE5\xB1\xB1");
}

// Two that differ in such a byte would be one subject.
Test(dicom_find, bytes_that_are_no_characters_are_no_text)
{
    begin_plain();
    el(PATIENT_ID, "LO", "M\xFCller");
    expect_error(PATIENT_ID, IMP_ERR_CONFIG,
                 "(0010,0020): it has bytes that are no characters");
    begin_plain();
    el(0x00080005, "CS", "ISO_IR 192");
    el(PATIENT_ID, "LO", "M\xFCller");
    expect_error(PATIENT_ID, IMP_ERR_CONFIG, "no characters");
    begin_plain();
    el(0x00080005, "CS", "ISO_IR 999");
    el(PATIENT_ID, "LO", "1001");
    expect_error(PATIENT_ID, IMP_ERR_UNSUPPORTED, "(0010,0020): ");
}

Test(dicom_find, several_values_are_no_text)
{
    begin_plain();
    el(PATIENT_ID, "LO", "1001\\1002");
    expect_error(PATIENT_ID, IMP_ERR_CONFIG,
                 "(0010,0020): it has several values");
    begin_plain();
    el(COMMENTS, "LT", "a\\b ");
    cr_expect_str_eq(find(COMMENTS), "a\\b");
}

Test(dicom_find, what_another_vr_is_written_for_is_no_text)
{
    begin_plain();
    el(PATIENT_ID, "IS", "1001");
    expect_error(PATIENT_ID, IMP_ERR_CONFIG,
                 "(0010,0020) at 172: it is no text");
    begin_plain();
    head(PATIENT_ID, "SQ", UNDEFINED);
    sequence_end();
    expect_error(PATIENT_ID, IMP_ERR_CONFIG,
                 "(0010,0020) at 172: it is no text");
}

// The dictionary knows what UN is (PS3.5 6.2.2).
Test(dicom_find, a_text_that_is_written_as_un)
{
    begin_plain();
    tag(PATIENT_ID);
    raw("UN\0\0", 4);
    u32(4);
    raw("1001", 4);
    cr_expect_str_eq(find(PATIENT_ID), "1001");
}

Test(dicom_find, a_text_that_is_too_long_for_any_key)
{
    static char text[4099];
    memset(text, 'x', 4096);
    begin_plain();
    el(COMMENTS, "LT", text);
    cr_expect_eq(strlen(find(COMMENTS)), 399);
    memset(text, 'x', 4098);
    begin_plain();
    el(COMMENTS, "LT", text);
    expect_error(COMMENTS, IMP_ERR_CONFIG,
                 "(0010,4000): 4098 bytes: want 4096 at most");
}

// --- Files that do not let themselves be read ---

// What was added to `made` since `at`, as PS3.5 A.5 has it.
static void deflate_from(size_t at)
{
    static uint8_t out[1024];
    z_stream z = {.next_in = made.p + at,
                  .avail_in = (uInt)(made.n - at),
                  .next_out = out,
                  .avail_out = sizeof out};
    cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, 0), Z_OK);
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    made.n = at;
    raw(out, z.total_out);
    deflateEnd(&z);
}

Test(dicom_find, a_deflated_data_set_is_looked_into)
{
    begin_file("1.2.840.10008.1.2.1.99");
    size_t data = made.n;
    el(PATIENT_ID, "LO", "1001");
    deflate_from(data);
    cr_expect_str_eq(find(PATIENT_ID), "1001");
}

Test(dicom_find, a_deflated_data_set_that_is_damaged_has_no_text)
{
    begin_file("1.2.840.10008.1.2.1.99");
    el(PATIENT_ID, "LO", "1001");
    expect_error(PATIENT_ID, IMP_ERR_DAMAGED, "deflated data set");
}

Test(dicom_find, a_file_that_is_cut_short_has_no_text_wherever_it_ends)
{
    begin_plain();
    size_t data = made.n;
    el(0x00080060, "CS", "CT");
    size_t header = made.n;
    el(PATIENT_ID, "LO", "1001");
    size_t whole = made.n;
    for (made.n = 140; made.n < whole; made.n++) {
        const char *told = find(PATIENT_ID);
        cr_expect(told[0] == (made.n == header || made.n == data ? 0 : '!'),
                  "at %zu: %s", made.n, told);
    }
    made.n = whole;
    cr_expect_str_eq(find(PATIENT_ID), "1001");
}
