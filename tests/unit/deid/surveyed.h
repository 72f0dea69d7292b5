/* surveyed.h - objects made by hand, and what is known of them as a whole. */
#ifndef IMP_TESTS_DEID_SURVEYED_H
#define IMP_TESTS_DEID_SURVEYED_H

#include "deid/dicom_survey.h"

#include "../dicom/made.h"

static struct imp_dicom_survey survey;
static struct imp_dicom_options options;
static struct imp_dicom_scope scope;
static struct imp_dicom_words words;

static inline void clear(void)
{
    imp_dicom_scope_clear(&scope);
    imp_dicom_words_clear(&words);
}

static inline bool make(void)
{
    why = (struct imp_err){0};
    imp_dicom_words_forget(&words);
    return imp_dicom_survey_make(&survey, made_span(), 0, made.how, &options,
                                 &scope, &words, &why);
}

static inline void expect_made(void)
{
    cr_assert(make(), "%s", why.msg);
}

static inline void expect_refused(enum imp_code code, const char *what)
{
    cr_expect(!make());
    cr_expect_eq(why.code, code, "%s: %s", imp_code_name(why.code), why.msg);
    cr_expect(strstr(why.msg, what), "want '%s': %s", what, why.msg);
}

static inline void us(uint32_t t, uint16_t v)
{
    head(t, "US", 2);
    u16(v);
}

static inline void begin_item(uint32_t sequence)
{
    head(sequence, "SQ", UNDEFINED);
    item(UNDEFINED);
}

static inline void end_item(void)
{
    item_end();
    sequence_end();
}

/* Every value that is told of an object, and that it was. */
static inline void outermost(void)
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

static inline void expect_outermost(void)
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

#endif
