#include "deid/dicom_method.h"

#include "dicom/write.h"

#include <stdio.h>
#include <string.h>

#define IDENTITY_REMOVED 0x00120062
#define METHOD 0x00120063
#define METHOD_CODES 0x00120064
#define BURNED_IN 0x00280301
#define TEMPORAL 0x00280303

// No version of the program: the same input and policy give the same bytes.
#define METHOD_TEXT "imgpipe: PS3.15 2024b Table E.1-1"

// PS3.16 CID 7050.
struct code {
    unsigned value;
    const char *meaning;
};

static const struct code basic = {113100,
                                  "Basic Application Confidentiality Profile"};
static const struct code clean_pixels = {113101, "Clean Pixel Data Option"};
static const struct code of_option[IMP_DICOM_OPTIONS] = {
    [IMP_DICOM_SAFE_PRIVATE] = {113111, "Retain Safe Private Option"},
    [IMP_DICOM_UIDS] = {113110, "Retain UIDs Option"},
    [IMP_DICOM_DEVICE] = {113109, "Retain Device Identity Option"},
    [IMP_DICOM_INSTITUTION] = {113112, "Retain Institution Identity Option"},
    [IMP_DICOM_PATIENT] = {113108, "Retain Patient Characteristics Option"},
    [IMP_DICOM_FULL_DATES] =
        {113106, "Retain Longitudinal Temporal Information Full Dates Option"},
    [IMP_DICOM_MODIFIED_DATES] =
        {113107,
         "Retain Longitudinal Temporal Information Modified Dates Option"},
    [IMP_DICOM_DESCRIPTORS] = {113105, "Clean Descriptors Option"},
    [IMP_DICOM_STRUCTURED] = {113104, "Clean Structured Content Option"},
    [IMP_DICOM_GRAPHICS] = {113103, "Clean Graphics Option"},
};

void imp_dicom_method_clear(struct imp_dicom_method *m)
{
    imp_buf_clear(&m->bytes);
}

bool imp_dicom_is_method(uint32_t tag)
{
    return tag == IDENTITY_REMOVED || tag == METHOD || tag == METHOD_CODES ||
           tag == TEMPORAL;
}

// PS3.3 Table 8.8-1: Code Value, Coding Scheme Designator, Code Meaning.
static bool put_code(struct imp_buf *items, struct imp_dcm_encoding how,
                     const struct code *code, struct imp_err *err)
{
    char value[16];
    struct imp_buf item = {0};
    snprintf(value, sizeof value, "%u", code->value);
    bool ok =
        imp_dcm_put_text(&item, how, 0x00080100, IMP_DCM_SH, value, err) &&
        imp_dcm_put_text(&item, how, 0x00080102, IMP_DCM_SH, "DCM", err) &&
        imp_dcm_put_text(&item, how, 0x00080104, IMP_DCM_LO, code->meaning,
                         err) &&
        imp_dcm_put_item(items, how, imp_buf_span(&item), err);
    imp_buf_clear(&item);
    return ok;
}

static bool put_codes(struct imp_buf *items,
                      const struct imp_dicom_options *options,
                      bool pixels_cleaned, struct imp_dcm_encoding how,
                      struct imp_err *err)
{
    bool ok = put_code(items, how, &basic, err) &&
              (!pixels_cleaned || put_code(items, how, &clean_pixels, err));
    for (int i = 0; ok && i < IMP_DICOM_OPTIONS; i++)
        ok = !options->on[i] || put_code(items, how, &of_option[i], err);
    return ok;
}

static const char *temporal(const struct imp_dicom_options *options)
{
    if (options->on[IMP_DICOM_FULL_DATES])
        return "UNMODIFIED";
    return options->on[IMP_DICOM_MODIFIED_DATES] ? "MODIFIED" : "REMOVED";
}

// The next element; where its bytes are is known when all are there.
static bool put(struct imp_dicom_method *m, struct imp_dcm_encoding how,
                uint32_t tag, enum imp_dcm_vr vr, struct imp_span value,
                struct imp_err *err)
{
    size_t from = m->bytes.n;
    if (!imp_dcm_put(&m->bytes, how, tag, vr, value, err))
        return false;
    m->element[m->n++] =
        (struct imp_dicom_addition){tag, {NULL, m->bytes.n - from}};
    return true;
}

static bool put_text(struct imp_dicom_method *m, struct imp_dcm_encoding how,
                     uint32_t tag, enum imp_dcm_vr vr, const char *text,
                     struct imp_err *err)
{
    const struct imp_span value = {(const uint8_t *)text, strlen(text)};
    return put(m, how, tag, vr, value, err);
}

bool imp_dicom_method_make(struct imp_dicom_method *m,
                           const struct imp_dicom_options *options,
                           bool pixels_cleaned, struct imp_dcm_encoding how,
                           struct imp_err *err)
{
    struct imp_buf items = {0};
    m->n = m->bytes.n = 0;
    bool ok =
        put_text(m, how, IDENTITY_REMOVED, IMP_DCM_CS, "YES", err) &&
        put_text(m, how, METHOD, IMP_DCM_LO, METHOD_TEXT, err) &&
        put_codes(&items, options, pixels_cleaned, how, err) &&
        put(m, how, METHOD_CODES, IMP_DCM_SQ, imp_buf_span(&items), err) &&
        (!pixels_cleaned ||
         put_text(m, how, BURNED_IN, IMP_DCM_CS, "NO", err)) &&
        put_text(m, how, TEMPORAL, IMP_DCM_CS, temporal(options), err);
    const uint8_t *at = m->bytes.p;
    for (size_t i = 0; ok && i < m->n; at += m->element[i++].bytes.n)
        m->element[i].bytes.p = at;
    imp_buf_clear(&items);
    return ok;
}
