#include "deid/dicom_edit.h"

#include "deid/dicom_burned.h"
#include "deid/dicom_values.h"
#include "dicom/dict.h"
#include "dicom/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHARACTER_SET 0x00080005
#define PATIENT_NAME 0x00100010
#define PATIENT_ID 0x00100020
#define ICC_PROFILE 0x00282000
#define BURNED_IN 0x00280301

enum { ADDITIONS = IMP_DICOM_METHODS + 2 };

struct imp_dicom_deid {
    struct imp_dicom_editor editor; // first: _plan finds its object by it
    const struct imp_policy *policy;
    const struct imp_deid_subject *subject;
    const struct imp_deid_observer *observer;
    const struct imp_deid_redactor *redactor;
    bool again; // what stands for something else is there already

    // Of the object at hand:
    struct imp_span in;
    struct imp_dicom_options options; // the policy's that apply to it
    struct imp_dicom_survey survey;
    struct imp_dicom_scope scope;
    struct imp_dicom_words words;
    struct imp_dicom_method method;
    struct imp_dicom_addition addition[ADDITIONS];
    struct imp_buf patient; // elements that are added for the subject
    char uid[IMP_DEID_UIDS][IMP_DICOM_TEXT_ROOM];
    bool has_uids, redacted;
    struct imp_buf value; // of the last decision
};

// --- Values ---

static struct imp_span value_of(const struct imp_dicom_deid *d,
                                const struct imp_dcm_event *e)
{
    return (struct imp_span){d->in.p + e->at + e->header, e->value};
}

static bool same(struct imp_span a, struct imp_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

// `with` instead of the value, or, if it is that already, nothing to be done.
static enum imp_dicom_cut replace(const struct imp_dicom_deid *d,
                                  const struct imp_dcm_event *e,
                                  struct imp_span with, struct imp_span *value)
{
    *value = with;
    return same(value_of(d, e), with) ? IMP_DICOM_CUT_KEEP
                                      : IMP_DICOM_CUT_REPLACE;
}

static enum imp_dicom_cut dummy(const struct imp_dicom_deid *d,
                                const struct imp_dcm_event *e,
                                struct imp_span *value)
{
    return replace(d, e, imp_dicom_dummy(e->tag, e->vr, e->encoding.big),
                   value);
}

// --- The UIDs ---

static bool reuid(struct imp_dicom_deid *d, struct imp_span value,
                  struct imp_err *err)
{
    d->value.n = 0;
    if (d->again && imp_dicom_is_reuid(value))
        return imp_buf_add(&d->value, value.p, value.n, err);
    if (d->again)
        return imp_fail(err, IMP_ERR_RESIDUAL, "a UID that was not made here");
    if (!d->subject || !d->subject->secret)
        return imp_fail(err, IMP_ERR_CONFIG,
                        "UIDs of DICOM objects are made with a key: want "
                        "--key-file");
    return imp_dicom_reuid(d->subject->secret, value, &d->value, err);
}

static bool take_uid(struct imp_dicom_deid *d, const char *old, char *out,
                     struct imp_err *err)
{
    const struct imp_span v = {(const uint8_t *)old, strlen(old)};
    if (d->options.on[IMP_DICOM_UIDS]) {
        snprintf(out, IMP_DICOM_TEXT_ROOM, "%s", old);
        return true;
    }
    if (!reuid(d, v, err))
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

static const char *code_of(const struct imp_dicom_deid *d)
{
    const char *code = d->subject ? d->subject->code : NULL;
    return code && code[0] ? code : NULL;
}

static bool patient(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                    enum imp_dicom_cut *cut, struct imp_span *value,
                    struct imp_err *err)
{
    const char *code = code_of(d);
    d->value.n = 0;
    // Whoever looks at an archive without its ledger knows no codes, but that
    // both are one.
    bool is_code = d->again && !code &&
                   strcmp(d->survey.patient_name, d->survey.patient_id) == 0;
    if (is_code) {
        *cut = IMP_DICOM_CUT_KEEP;
        return true;
    }
    if (code && (!imp_buf_add(&d->value, code, strlen(code), err) ||
                 (d->value.n % 2 && !imp_buf_add(&d->value, " ", 1, err))))
        return false;
    *cut = replace(d, e, imp_buf_span(&d->value), value);
    return true;
}

// --- What stays by the table ---

static bool has_only(struct imp_span v, const char *allowed)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] != 0 && !strchr(allowed, v.p[i]))
            return false;
    return true;
}

// Text where the VR has none may be anything.
static bool is_fit(const struct imp_dcm_event *e, struct imp_span v)
{
    switch (imp_dcm_vr_info(e->vr)->kind) {
    case IMP_DCM_KIND_DECIMAL:
        return has_only(v, "0123456789+-.eE\\ ");
    case IMP_DCM_KIND_DATE:
        return has_only(v, "0123456789+-.:DWMY\\ ");
    case IMP_DCM_KIND_UID:
        return has_only(v, "0123456789.\\ ");
    default:
        return true;
    }
}

static bool is_text(const struct imp_dcm_event *e)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(e->tag);
    return imp_dcm_vr_info(e->vr)->kind == IMP_DCM_KIND_TEXT ||
           (a &&
            imp_dcm_vr_info((enum imp_dcm_vr)a->vr)->kind == IMP_DCM_KIND_TEXT);
}

// Marks of prose about somebody: an address, a title, a long number, a date.
static bool looks_personal(struct imp_span text)
{
    size_t digits = 0, most = 0;
    for (size_t i = 0; i < text.n; i++) {
        digits = text.p[i] >= '0' && text.p[i] <= '9' ? digits + 1 : 0;
        most = digits > most ? digits : most;
    }
    static const char *const marks[] = {"@",   "^",   "Dr.", "Mr.",
                                        "Mrs", "Ms.", "://"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(text.p, text.n, marks[i], strlen(marks[i])))
            return true;
    return most >= 5;
}

static bool keep(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                 bool cleaning, enum imp_dicom_cut *cut, struct imp_span *value,
                 struct imp_err *err)
{
    struct imp_span text, v = value_of(d, e);
    uint32_t hit = 0;
    bool fit = is_fit(e, v);
    *cut = IMP_DICOM_CUT_KEEP;
    if (fit && is_text(e)) {
        if (!imp_dicom_scope_text(&d->scope, e->depth, e->vr, v, &text, err) ||
            !imp_dicom_words_find(&d->words, text, e->vr != IMP_DCM_CS, &hit,
                                  err))
            return false;
        fit = !hit && !(cleaning && looks_personal(text));
    }
    if (!fit)
        *cut = dummy(d, e, value);
    return true;
}

// PS3.3 C.11.15: a whole profile, with texts of its own.
static bool profile(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                    enum imp_dicom_cut *cut, struct imp_span *value,
                    struct imp_err *err)
{
    if (!imp_icc_rebuild(value_of(d, e), d->policy->icc, &d->value, err) ||
        (d->value.n % 2 && !imp_buf_add(&d->value, "", 1, err)))
        return false;
    *cut = replace(d, e, imp_buf_span(&d->value), value);
    return true;
}

static bool is_on_list(const struct imp_dicom_deid *d, struct imp_span creator)
{
    const struct imp_dicom_policy *p = &d->policy->dicom;
    for (size_t i = 0; i < p->n_safe; i++) {
        const char *name = p->safe[i].creator;
        if (strlen(name) == creator.n &&
            memcmp(name, creator.p, creator.n) == 0)
            return true;
    }
    return false;
}

static bool safe(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                 enum imp_dicom_cut *cut, struct imp_span *value,
                 struct imp_err *err)
{
    *cut = IMP_DICOM_CUT_REMOVE;
    const struct imp_span creator =
        imp_dcm_is_creator(e->tag)
            ? imp_dicom_scope_creator(&d->scope, e->depth,
                                      (e->tag & 0xFFFF0000) | (e->tag & 0xFF)
                                                                  << 8)
            : imp_dicom_scope_creator(&d->scope, e->depth, e->tag);
    bool stays = imp_dcm_is_creator(e->tag)
                     ? is_on_list(d, creator)
                     : imp_dicom_is_safe(&d->policy->dicom, creator, e->tag);
    if (!stays)
        return true;
    *cut = IMP_DICOM_CUT_KEEP;
    return e->kind != IMP_DCM_ELEMENT || keep(d, e, false, cut, value, err);
}

static bool shift(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                  enum imp_dicom_cut *cut, struct imp_span *value,
                  struct imp_err *err)
{
    int32_t days = d->again ? 0 : d->subject->shift_days;
    d->value.n = 0;
    if (!imp_dicom_shift(e->vr, value_of(d, e), days, &d->value, err))
        return false;
    *cut = replace(d, e, imp_buf_span(&d->value), value);
    return true;
}

// --- Deciding ---

// Elements that say how the object was de-identified: by us, or not at all.
static bool is_our_method(const struct imp_dicom_deid *d,
                          const struct imp_dcm_event *e)
{
    for (size_t i = 0; i < IMP_DICOM_METHODS; i++)
        if (e->at >= d->survey.method[i].at && e->at < d->survey.method[i].end)
            return true;
    return false;
}

static bool by_fate(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                    enum imp_dicom_fate fate, enum imp_dicom_cut *cut,
                    struct imp_span *value, struct imp_err *err)
{
    bool whole = e->kind != IMP_DCM_ELEMENT; // a sequence, encapsulated data
    *value = (struct imp_span){0};
    switch (fate) {
    case IMP_DICOM_REMOVE:
        *cut = IMP_DICOM_CUT_REMOVE;
        return true;
    case IMP_DICOM_EMPTY:
        *cut = e->length == 0 ? IMP_DICOM_CUT_KEEP : IMP_DICOM_CUT_REPLACE;
        return true;
    case IMP_DICOM_SAFE:
        return safe(d, e, cut, value, err);
    case IMP_DICOM_DESCEND:
        // What is a sequence by its VR alone is none that can be followed.
        *cut = whole ? IMP_DICOM_CUT_KEEP : IMP_DICOM_CUT_REMOVE;
        return true;
    default:
        break;
    }
    if (whole) {
        *cut =
            fate == IMP_DICOM_KEEP ? IMP_DICOM_CUT_KEEP : IMP_DICOM_CUT_REMOVE;
        return true;
    }
    if (fate == IMP_DICOM_DUMMY) {
        *cut = dummy(d, e, value);
        return true;
    }
    if (fate == IMP_DICOM_SHIFT)
        return shift(d, e, cut, value, err);
    if (fate == IMP_DICOM_REUID) {
        if (!reuid(d, value_of(d, e), err))
            return false;
        *cut = replace(d, e, imp_buf_span(&d->value), value);
        return true;
    }
    return keep(d, e, fate == IMP_DICOM_CLEAN, cut, value, err);
}

static bool is_patient(const struct imp_dcm_event *e)
{
    return e->depth == 0 && e->kind == IMP_DCM_ELEMENT &&
           (e->tag == PATIENT_NAME || e->tag == PATIENT_ID);
}

static bool choose(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                   enum imp_dicom_fate fate, enum imp_dicom_cut *cut,
                   struct imp_span *value, struct imp_err *err)
{
    static const struct imp_span no = {(const uint8_t *)"NO", 2};
    bool element = e->kind == IMP_DCM_ELEMENT;
    *cut = IMP_DICOM_CUT_KEEP;
    if (is_our_method(d, e) || (element && e->tag == CHARACTER_SET))
        return true;
    if (e->depth == 0 && imp_dicom_is_method(e->tag)) {
        *cut = IMP_DICOM_CUT_REMOVE;
        return true;
    }
    if (is_patient(e))
        return patient(d, e, cut, value, err);
    if (element && e->tag == ICC_PROFILE)
        return profile(d, e, cut, value, err);
    if (element && e->depth == 0 && e->tag == BURNED_IN && d->redacted) {
        *cut = replace(d, e, no, value);
        return true;
    }
    return by_fate(d, e, fate, cut, value, err);
}

// --- Telling ---

static void tell(const struct imp_dicom_deid *d,
                 const struct imp_dcm_reader *reader,
                 const struct imp_dcm_event *e, enum imp_dicom_cut cut,
                 struct imp_dicom_verdict verdict)
{
    char path[IMP_DCM_PATH_MAX], name[IMP_DCM_PATH_MAX + 80];
    const struct imp_dcm_attribute *a = imp_dcm_find(e->tag);
    const char *why = verdict.why;
    imp_dcm_path(reader, path);
    snprintf(name, sizeof name, "%s %s", path,
             a ? imp_dcm_keyword(a) : "private or unknown");
    if (verdict.fate == IMP_DICOM_KEEP || verdict.fate == IMP_DICOM_DESCEND)
        why = "has in it what identifies, or is not of its VR";
    const struct imp_part part = {
        .kind = IMP_PART_UNKNOWN,
        .name = name,
        .offset = e->at,
        .length = e->header + e->value,
        .payload = value_of(d, e),
    };
    d->observer->part(
        d->observer->self, &part,
        cut == IMP_DICOM_CUT_REPLACE ? IMP_FATE_REPLACE : IMP_FATE_DROP, why);
}

static bool decide(void *self, const struct imp_dcm_reader *reader,
                   const struct imp_dcm_event *e, enum imp_dicom_cut *cut,
                   struct imp_span *value, struct imp_err *err)
{
    struct imp_dicom_deid *d = self;
    const struct imp_dicom_verdict verdict =
        imp_dicom_rule(&d->options, e->tag, e->vr);
    imp_dicom_scope_element(&d->scope, d->in, e);
    if (!choose(d, e, verdict.fate, cut, value, err)) {
        char path[IMP_DCM_PATH_MAX];
        imp_dcm_path(reader, path);
        return imp_wrap(err, "%s", path);
    }
    if (d->observer && *cut != IMP_DICOM_CUT_KEEP)
        tell(d, reader, e, *cut, verdict);
    return true;
}

static void begin_item(void *self, unsigned depth)
{
    struct imp_dicom_deid *d = self;
    imp_dicom_scope_item(&d->scope, depth);
}

// --- The plan ---

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
    const struct imp_dicom_survey *s = &d->survey;
    const struct imp_deid_picture picture = {
        .manufacturer = s->manufacturer,
        .model = s->model,
        .modality = s->modality,
        .sop_class = s->sop_class,
        .rows = s->rows,
        .columns = s->columns,
    };
    const char *why = imp_dicom_burned_in(s);
    bool covered = false;
    if (d->again)
        return true;
    d->redacted = false;
    if (d->redactor && s->has_pixels &&
        !d->redactor->find(d->redactor->self, &picture, &covered, &d->redacted,
                           err))
        return false;
    if (!why || d->policy->dicom.burned_in_allowed ||
        (covered && !s->has_document))
        return true;
    return imp_fail(err, IMP_ERR_UNSUPPORTED,
                    "identity may be burned into the picture (%s): want a "
                    "rule of --redact-rules for it, or a policy with "
                    "burned-in = allow",
                    why);
}

static bool make_method(struct imp_dicom_deid *d, uint64_t data_at,
                        struct imp_dcm_encoding how, struct imp_err *err)
{
    return imp_dicom_method_make(&d->method, &d->options, d->redacted, how,
                                 err) &&
           imp_dicom_survey_method(&d->survey, d->in, data_at, how, &d->method,
                                   err);
}

static bool has_whole_method(const struct imp_dicom_survey *s)
{
    for (size_t i = 0; i < IMP_DICOM_METHODS; i++)
        if (!s->method[i].end)
            return false;
    return true;
}

// In an archive only the object itself tells whether it was redacted.
static bool plan_method(struct imp_dicom_deid *d, uint64_t data_at,
                        struct imp_dcm_encoding how, struct imp_err *err)
{
    if (!make_method(d, data_at, how, err))
        return false;
    if (!d->again || has_whole_method(&d->survey))
        return true;
    d->redacted = !d->redacted;
    if (!make_method(d, data_at, how, err))
        return false;
    if (has_whole_method(&d->survey))
        return true;
    d->redacted = !d->redacted;
    return make_method(d, data_at, how, err);
}

static bool plan_patient(struct imp_dicom_deid *d, struct imp_dcm_encoding how,
                         size_t *n, struct imp_err *err)
{
    const struct imp_dicom_survey *s = &d->survey;
    const char *code = code_of(d);
    struct imp_buf *out = &d->patient;
    out->n = 0;
    if (!code)
        return true;
    if (!check_code(code, err) ||
        !imp_dcm_put_text(out, how, PATIENT_NAME, IMP_DCM_PN, code, err))
        return false;
    size_t half = out->n;
    if (!imp_dcm_put_text(out, how, PATIENT_ID, IMP_DCM_LO, code, err))
        return false;
    if (!s->has_patient_name)
        d->addition[(*n)++] =
            (struct imp_dicom_addition){PATIENT_NAME, {out->p, half}};
    if (!s->has_patient_id)
        d->addition[(*n)++] = (struct imp_dicom_addition){
            PATIENT_ID, {out->p + half, out->n - half}};
    return true;
}

static bool make_plan(struct imp_dicom_deid *d, uint64_t data_at,
                      struct imp_dcm_encoding how, struct imp_dicom_plan *out,
                      struct imp_err *err)
{
    size_t n = 0;
    if (!take_uids(d, err) || !find_burned_in(d, err) ||
        !plan_patient(d, how, &n, err) || !plan_method(d, data_at, how, err))
        return false;
    for (size_t i = 0; i < IMP_DICOM_METHODS; i++)
        if (!d->survey.method[i].end)
            d->addition[n++] = d->method.element[i];
    *out = (struct imp_dicom_plan){
        .decider = {.self = d, .item = begin_item, .decide = decide},
        .additions = d->addition,
        .n_additions = n,
        .sop_class = d->survey.sop_class,
        .sop_instance = d->uid[IMP_DEID_INSTANCE]};
    imp_dicom_scope_start(&d->scope);
    return true;
}

static bool add_key(struct imp_dicom_deid *d, struct imp_err *err)
{
    const char *key = d->subject ? d->subject->key : NULL;
    return !key ||
           imp_dicom_words_add(
               &d->words, PATIENT_ID,
               (struct imp_span){(const uint8_t *)key, strlen(key)}, err);
}

static bool plan(struct imp_dicom_editor *self, struct imp_span in,
                 uint64_t data_at, const struct imp_dcm_syntax *syntax,
                 struct imp_dicom_plan *out, struct imp_err *err)
{
    struct imp_dicom_deid *d = (struct imp_dicom_deid *)self;
    d->in = in;
    d->options = d->policy->dicom.options;
    if (!add_key(d, err) ||
        !imp_dicom_survey_make(&d->survey, in, data_at, syntax->encoding,
                               &d->options, &d->scope, &d->words, err))
        return false;
    choose_options(d);
    return make_plan(d, data_at, syntax->encoding, out, err);
}

// --- The editor ---

struct imp_dicom_deid *imp_dicom_deid_new(const struct imp_policy *p,
                                          struct imp_err *err)
{
    struct imp_dicom_deid *d = calloc(1, sizeof *d);
    if (!d) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for an editor");
        return NULL;
    }
    d->editor.plan = plan;
    d->policy = p;
    return d;
}

void imp_dicom_deid_free(struct imp_dicom_deid *d)
{
    if (!d)
        return;
    imp_buf_clear(&d->value);
    imp_buf_clear(&d->patient);
    imp_dicom_method_clear(&d->method);
    imp_dicom_words_clear(&d->words);
    imp_dicom_scope_clear(&d->scope);
    free(d);
}

struct imp_dicom_editor *imp_dicom_deid_editor(struct imp_dicom_deid *d)
{
    return &d->editor;
}

void imp_dicom_deid_start(struct imp_dicom_deid *d,
                          const struct imp_deid_subject *subject)
{
    d->subject = subject;
    d->again = subject && subject->archived;
    d->in = (struct imp_span){0};
    d->redacted = d->has_uids = false;
    memset(d->uid, 0, sizeof d->uid);
    imp_dicom_words_forget(&d->words);
}

void imp_dicom_deid_again(struct imp_dicom_deid *d)
{
    d->again = true;
}

void imp_dicom_deid_observe(struct imp_dicom_deid *d,
                            const struct imp_deid_observer *o)
{
    d->observer = o;
}

void imp_dicom_deid_redact_by(struct imp_dicom_deid *d,
                              const struct imp_deid_redactor *r)
{
    d->redactor = r;
}

const char *imp_dicom_deid_uid(const struct imp_dicom_deid *d,
                               enum imp_deid_uid which)
{
    return d->has_uids ? d->uid[which] : NULL;
}

// What every object of ours has in it, folded.
static bool is_our_own(const struct imp_dicom_word *word)
{
    static const char *const fixed[] = {
        "removed",
        "imgpipe",
        "iso_ir iso 2022 ir gb18030",
        "unmodified",
        "imgpipe: ps3.15 2024b table e.1-1",
        "basic application confidentiality profile",
        "retain clean pixel data option safe private uids device identity",
        "retain institution identity patient characteristics option",
        "retain longitudinal temporal information full dates option",
        "retain longitudinal temporal information modified dates option",
        "clean descriptors structured content graphics option"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (memmem(fixed[i], strlen(fixed[i]), word->text, word->length))
            return true;
    return false;
}

enum { SURE = 6 }; // characters that are met by chance no more

void imp_dicom_deid_identifiers(const struct imp_dicom_deid *d,
                                struct imp_identifiers *out)
{
    if (!d->in.p)
        return;
    imp_identifiers_forget(out);
    for (size_t i = 0; i < d->words.n; i++) {
        const struct imp_dicom_word *word = &d->words.word[i];
        char tag[16], text[IMP_DICOM_WORD_BYTES + 1];
        bool digits = strspn(word->text, "0123456789.-/ ") >= word->length;
        if (word->length < SURE || digits || is_our_own(word))
            continue;
        snprintf(tag, sizeof tag, IMP_DCM_TAG_FMT, IMP_DCM_TAG_ARGS(word->tag));
        snprintf(text, sizeof text, "%.*s", (int)word->length, word->text);
        imp_identifiers_add(out, tag, text);
    }
}
