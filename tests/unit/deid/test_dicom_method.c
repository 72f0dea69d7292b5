// What an object says of how it was de-identified, as a reader finds it.
#include "deid/dicom_method.h"

#include "../dicom/made.h"

static struct imp_dicom_method method;

static void clear(void)
{
    imp_dicom_method_clear(&method);
}

TestSuite(dicom_method, .fini = clear, .timeout = 20);

static const struct imp_dcm_encoding encodings[] = {
    {false, false}, {true, false}, {true, true}};

static void make_in(unsigned options, bool cleaned, struct imp_dcm_encoding how)
{
    struct imp_dicom_options set = {0};
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++)
        set.on[i] = options >> i & 1;
    cr_assert(imp_dicom_method_make(&method, &set, cleaned, how, &why), "%s",
              why.msg);
    start(how.explicit_vr, how.big);
    for (size_t i = 0; i < method.n; i++)
        raw(method.element[i].bytes.p, method.element[i].bytes.n);
}

static void make(unsigned options, bool cleaned)
{
    make_in(options, cleaned, encodings[1]);
}

// The values of this tag, wherever it is, with a line's end behind each.
static const char *values_of(uint32_t wanted)
{
    static char told[2000];
    static struct imp_dcm_reader reader;
    struct imp_dcm_event e = {0};
    size_t n = 0;
    told[0] = 0;
    imp_dcm_reader_start(&reader, made_span(), 0, made.n, made.how);
    while (imp_dcm_next(&reader, &e, &why) && e.kind != IMP_DCM_END)
        if (e.kind == IMP_DCM_ELEMENT && e.tag == wanted)
            n += (size_t)snprintf(told + n, sizeof told - n, "%.*s\n",
                                  (int)e.value,
                                  (const char *)made.p + e.at + e.header);
    cr_expect_eq(e.kind, IMP_DCM_END, "%s", why.msg);
    return told;
}

static void expect_codes(const char *want)
{
    cr_expect_str_eq(values_of(0x00080100), want, "%s", values_of(0x00080100));
}

// Without the padding that a meaning of odd length has.
static void expect_meaning(const char *want)
{
    char line[80];
    snprintf(line, sizeof line, "\n%s%s\n", want, strlen(want) % 2 ? " " : "");
    cr_expect(strstr(values_of(0x00080104), line), "want %s: %s", want,
              values_of(0x00080104));
}

#define OPTION(name) (1u << IMP_DICOM_##name)

Test(dicom_method, four_elements_in_the_order_of_their_tags)
{
    make(0, false);
    static const uint32_t want[] = {0x00120062, 0x00120063, 0x00120064,
                                    0x00280303};
    cr_expect_eq(method.n, 4);
    for (size_t i = 0; i < method.n; i++) {
        cr_expect_eq(method.element[i].tag, want[i]);
        cr_expect(imp_dicom_is_method(want[i]));
    }
    expect_said("(0012,0062) CS/CS 8+4\n"
                "(0012,0063) LO/LO 8+34\n"
                "{ (0012,0064) SQ/SQ 12+0\n"
                "[ (0012,0064)[0] 8+0\n"
                "(0012,0064)[0].(0008,0100) SH/SH 8+6\n"
                "(0012,0064)[0].(0008,0102) SH/SH 8+4\n"
                "(0012,0064)[0].(0008,0104) LO/LO 8+42\n"
                "] (0012,0064)[0] 0+0\n"
                "} (0012,0064) 0+0\n"
                "(0028,0303) CS/CS 8+8\n");
    cr_expect_str_eq(values_of(0x00120062), "YES \n");
    cr_expect_str_eq(values_of(0x00120063),
                     "imgpipe: PS3.15 2024b Table E.1-1 \n");
    cr_expect_str_eq(values_of(0x00080102), "DCM \n");
    cr_expect_str_eq(values_of(0x00080104),
                     "Basic Application Confidentiality Profile \n");
}

Test(dicom_method, no_other_element_is_one_of_a_method)
{
    static const uint32_t near[] = {0x00120061, 0x00120065, 0x00120060,
                                    0x00280302, 0x00280304, 0x00280301,
                                    0};
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        cr_expect(!imp_dicom_is_method(near[i]), "%08X", near[i]);
}

// PS3.16 CID 7050.
Test(dicom_method, each_option_has_its_code_and_no_other)
{
    static const struct {
        unsigned option;
        const char *codes, *meaning;
    } row[] = {
        {OPTION(GRAPHICS), "113100\n113103\n", "Clean Graphics Option"},
        {OPTION(STRUCTURED), "113100\n113104\n",
         "Clean Structured Content Option"},
        {OPTION(DESCRIPTORS), "113100\n113105\n", "Clean Descriptors Option"},
        {OPTION(FULL_DATES), "113100\n113106\n",
         "Retain Longitudinal Temporal Information Full Dates Option"},
        {OPTION(MODIFIED_DATES), "113100\n113107\n",
         "Retain Longitudinal Temporal Information Modified Dates Option"},
        {OPTION(PATIENT), "113100\n113108\n",
         "Retain Patient Characteristics Option"},
        {OPTION(DEVICE), "113100\n113109\n", "Retain Device Identity Option"},
        {OPTION(UIDS), "113100\n113110\n", "Retain UIDs Option"},
        {OPTION(SAFE_PRIVATE), "113100\n113111\n",
         "Retain Safe Private Option"},
        {OPTION(INSTITUTION), "113100\n113112\n",
         "Retain Institution Identity Option"},
    };
    cr_assert_eq(sizeof row / sizeof *row, IMP_DICOM_OPTIONS);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        make(row[i].option, false);
        expect_codes(row[i].codes);
        expect_meaning(row[i].meaning);
    }
}

Test(dicom_method, cleaned_pixels_have_their_code_and_burned_in_says_no)
{
    make(0, true);
    cr_expect_eq(method.n, 5);
    cr_expect_eq(method.element[3].tag, 0x00280301);
    cr_expect_str_eq(values_of(0x00280301), "NO\n");
    expect_codes("113100\n113101\n");
    expect_meaning("Clean Pixel Data Option");
    make(OPTION(UIDS) | OPTION(GRAPHICS), true);
    expect_codes("113100\n113101\n113110\n113103\n");
}

Test(dicom_method, all_that_can_be_said_is_valid_in_each_encoding)
{
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        make_in((1u << IMP_DICOM_OPTIONS) - 1, true, encodings[i]);
        cr_expect(read_made(), "%s", why.msg);
        cr_expect(!strstr(said, " odd") && !strstr(said, "descending") &&
                  !strstr(said, "duplicate"));
        cr_expect_str_eq(values_of(0x00120062), "YES \n");
        expect_codes("113100\n113101\n113111\n113110\n113109\n113112\n113108\n"
                     "113106\n113107\n113105\n113104\n113103\n");
    }
}

Test(dicom_method, no_meaning_is_longer_than_a_value_may_be)
{
    make((1u << IMP_DICOM_OPTIONS) - 1, true);
    for (char *line = strtok((char *)(uintptr_t)values_of(0x00080104), "\n");
         line; line = strtok(NULL, "\n"))
        cr_expect_leq(strlen(line), 64, "%s", line);
}

Test(dicom_method, what_became_of_dates_is_told)
{
    make(0, false);
    cr_expect_str_eq(values_of(0x00280303), "REMOVED \n");
    make(OPTION(MODIFIED_DATES), false);
    cr_expect_str_eq(values_of(0x00280303), "MODIFIED\n");
    make(OPTION(FULL_DATES), false);
    cr_expect_str_eq(values_of(0x00280303), "UNMODIFIED\n");
    make(OPTION(FULL_DATES) | OPTION(MODIFIED_DATES), false);
    cr_expect_str_eq(values_of(0x00280303), "UNMODIFIED\n");
}

Test(dicom_method, the_same_options_give_the_same_bytes_in_the_same_memory)
{
    make((1u << IMP_DICOM_OPTIONS) - 1, true);
    uint8_t *memory = method.bytes.p;
    make(OPTION(UIDS), false);
    static uint8_t first[1000];
    size_t n = made.n;
    cr_assert_lt(n, sizeof first);
    memcpy(first, made.p, n);
    make(OPTION(UIDS), false);
    cr_assert_eq(made.n, n);
    cr_expect(memcmp(first, made.p, n) == 0);
    cr_expect_eq(method.bytes.p, memory);
    imp_dicom_method_clear(&method);
    imp_dicom_method_clear(&method);
    make(0, false);
}
