#include "deid/dicom_edit_internal.h"

#include "deid/dicom_burned.h"
#include "dicom/write.h"

#include <stdio.h>
#include <string.h>

// --- UIDs of the object ---

static bool take_uid(struct imp_dicom_deid *d, const char *old, char *out,
                     struct imp_err *err)
{
    const struct imp_span v = {(const uint8_t *)old, strlen(old)};
    if (d->options.on[IMP_DICOM_UIDS]) {
        snprintf(out, IMP_DICOM_TEXT_ROOM, "%s", old);
        return true;
    }
    if (!imp_dicom_deid_reuid(d, v, err))
        return false;
    int n = (int)strnlen((const char *)d->value.p, d->value.n);
    snprintf(out, IMP_DICOM_TEXT_ROOM, "%.*s", n, (const char *)d->value.p);
    return true;
}

static bool is_uid(const char *text)
{
    size_t n = strspn(text, "0123456789.");
    return n > 0 && n <= 64 && !text[n];
}

static bool take_uids(struct imp_dicom_deid *d, struct imp_err *err)
{
    const struct imp_dicom_survey *s = &d->survey;
    if (!is_uid(s->sop_class) || !is_uid(s->sop_instance))
        return imp_fail(err, IMP_ERR_DAMAGED,
                        "no SOP class or no instance: (0008,0016) or "
                        "(0008,0018) is missing or no UID");
    d->has_uids = is_uid(s->study) && is_uid(s->series);
    return take_uid(d, s->sop_instance, d->uid[IMP_DEID_INSTANCE], err) &&
           (!d->has_uids ||
            (take_uid(d, s->study, d->uid[IMP_DEID_STUDY], err) &&
             take_uid(d, s->series, d->uid[IMP_DEID_SERIES], err)));
}

// --- The patient ---

// A code must fit LO and be one component of a PN, in any character set.
static bool check_code(const char *code, struct imp_err *err)
{
    bool ok = strlen(code) <= 64;
    for (const char *c = code; ok && *c; c++)
        ok = *c >= ' ' && *c < 0x7F && !strchr("\\^=", *c);
    return ok || imp_fail(err, IMP_ERR_CONFIG,
                          "the subject's code cannot be a Patient ID: want 64 "
                          "characters of ASCII at most, and no \\, ^ or =");
}

static bool plan_patient(struct imp_dicom_deid *d, struct imp_dcm_encoding how,
                         size_t *n, struct imp_err *err)
{
    const struct imp_dicom_survey *s = &d->survey;
    const char *code = imp_dicom_deid_code(d);
    struct imp_buf *out = &d->patient;
    out->n = 0;
    if (!code)
        return true;
    if (!check_code(code, err) ||
        !imp_dcm_put_text(out, how, IMP_DICOM_PATIENT_NAME, IMP_DCM_PN, code,
                          err))
        return false;
    size_t half = out->n;
    if (!imp_dcm_put_text(out, how, IMP_DICOM_PATIENT_ID, IMP_DCM_LO, code,
                          err))
        return false;
    if (!s->has_patient_name)
        d->addition[(*n)++] =
            (struct imp_dicom_addition){IMP_DICOM_PATIENT_NAME, {out->p, half}};
    if (!s->has_patient_id)
        d->addition[(*n)++] = (struct imp_dicom_addition){
            IMP_DICOM_PATIENT_ID, {out->p + half, out->n - half}};
    return true;
}

// --- Options, burned-in identity, method ---

// Dates move only by days that are known; and where somebody has removed them
// already, there are none to be moved.
static void choose_options(struct imp_dicom_deid *d)
{
    bool shifts = d->subject && d->subject->has_shift &&
                  strcmp(d->survey.temporal, "REMOVED") != 0;
    d->options = d->policy->dicom.options;
    d->options.on[IMP_DICOM_MODIFIED_DATES] &= shifts;
}

static bool find_burned_in(struct imp_dicom_deid *d, struct imp_err *err)
{
    return d->again || imp_dicom_burned_check(&d->survey, &d->policy->dicom,
                                              d->redactor, &d->cleaned, err);
}

static bool make_method(struct imp_dicom_deid *d, struct imp_dcm_encoding how,
                        struct imp_err *err)
{
    if (!imp_dicom_method_make(&d->method, &d->options, d->cleaned, how, err))
        return false;
    imp_dicom_survey_method(&d->survey, d->in, &d->method);
    return true;
}

static bool has_whole_method(const struct imp_dicom_deid *d)
{
    for (size_t i = 0; i < d->method.n; i++)
        if (!d->survey.method[i].end)
            return false;
    return true;
}

// In an archive only the object itself tells whether its pixels were cleaned.
static bool plan_method(struct imp_dicom_deid *d, struct imp_dcm_encoding how,
                        struct imp_err *err)
{
    if (!make_method(d, how, err))
        return false;
    if (!d->again || has_whole_method(d))
        return true;
    d->cleaned = !d->cleaned;
    if (!make_method(d, how, err))
        return false;
    if (has_whole_method(d))
        return true;
    d->cleaned = !d->cleaned;
    return make_method(d, how, err);
}

// --- The plan ---

static void begin_item(void *self, unsigned depth)
{
    struct imp_dicom_deid *d = self;
    imp_dicom_scope_item(&d->scope, depth);
}

static bool make_plan(struct imp_dicom_deid *d, struct imp_dcm_encoding how,
                      struct imp_dicom_plan *out, struct imp_err *err)
{
    size_t n = 0;
    if (!take_uids(d, err) || !find_burned_in(d, err) ||
        !plan_patient(d, how, &n, err) || !plan_method(d, how, err))
        return false;
    for (size_t i = 0; i < d->method.n; i++)
        if (!d->survey.method[i].end)
            d->addition[n++] = d->method.element[i];
    *out = (struct imp_dicom_plan){.decider = {.self = d,
                                               .item = begin_item,
                                               .decide = imp_dicom_deid_decide},
                                   .additions = d->addition,
                                   .n_additions = n,
                                   .sop_class = d->survey.sop_class,
                                   .sop_instance = d->uid[IMP_DEID_INSTANCE]};
    for (size_t i = 0; d->observer && i < n; i++)
        imp_dicom_deid_tell_added(d, d->addition[i].tag);
    imp_dicom_scope_start(&d->scope);
    return true;
}

static bool add_key(struct imp_dicom_deid *d, struct imp_err *err)
{
    const char *key = d->subject ? d->subject->key : NULL;
    return !key ||
           imp_dicom_words_add(
               &d->words, IMP_DICOM_PATIENT_ID,
               (struct imp_span){(const uint8_t *)key, strlen(key)}, err);
}

bool imp_dicom_deid_plan(struct imp_dicom_editor *self, struct imp_span in,
                         uint64_t data_at, const struct imp_dcm_syntax *syntax,
                         struct imp_dicom_plan *out, struct imp_err *err)
{
    struct imp_dicom_deid *d = (struct imp_dicom_deid *)self;
    d->in = in;
    d->options = d->policy->dicom.options;
    if (!add_key(d, err) ||
        !imp_dicom_survey_make(&d->survey, in, data_at, syntax->encoding,
                               &d->options, &d->scope,
                               d->again ? NULL : &d->words, err))
        return false;
    choose_options(d);
    return make_plan(d, syntax->encoding, out, err);
}
