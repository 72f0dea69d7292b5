// Elements of ours that say how an object was de-identified.
#include "surveyed.h"

#include <stdlib.h>

TestSuite(dicom_survey_method, .fini = clear, .timeout = 20);

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

Test(dicom_survey_method, a_method_of_ours_is_found_in_each_encoding)
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

Test(dicom_survey_method, a_method_that_differs_in_a_byte_is_not_ours)
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

Test(dicom_survey_method, a_method_at_the_end_that_is_cut_off_is_not_ours)
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

Test(dicom_survey_method, a_method_in_an_item_is_not_of_the_object)
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
