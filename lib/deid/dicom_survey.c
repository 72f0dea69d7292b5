#include "deid/dicom_survey.h"

#include "deid/dicom_values.h"
#include "dicom/dict.h"

#include <stddef.h>
#include <string.h>

#define FIELD(name) offsetof(struct imp_dicom_survey, name)
#define ROOM(name) sizeof(((struct imp_dicom_survey *)0)->name)

static const struct field {
    uint32_t tag;
    size_t at, room;
} fields[] = {
    {0x00080008, FIELD(image_type), ROOM(image_type)},
    {0x00080016, FIELD(sop_class), ROOM(sop_class)},
    {0x00080018, FIELD(sop_instance), ROOM(sop_instance)},
    {0x00080060, FIELD(modality), ROOM(modality)},
    {0x00080064, FIELD(conversion), ROOM(conversion)},
    {0x00080070, FIELD(manufacturer), ROOM(manufacturer)},
    {0x00081090, FIELD(model), ROOM(model)},
    {0x00100010, FIELD(patient_name), ROOM(patient_name)},
    {0x00100020, FIELD(patient_id), ROOM(patient_id)},
    {0x0020000D, FIELD(study), ROOM(study)},
    {0x0020000E, FIELD(series), ROOM(series)},
    {0x00280301, FIELD(burned_in), ROOM(burned_in)},
    {0x00280303, FIELD(temporal), ROOM(temporal)},
};

#define META_GROUP 0x0002
#define CODE_VALUE 0x00080100
#define CODE_MEANING 0x00080104
#define BIRTH_DATE 0x00100030
#define BURNED_IN 0x00280301
#define PATIENT_NAME 0x00100010
#define PATIENT_ID 0x00100020
#define ROWS 0x00280010
#define COLUMNS 0x00280011
#define DOCUMENT 0x00420011
#define FLOAT_PIXELS 0x7FE00008
#define DOUBLE_PIXELS 0x7FE00009
#define DIRECTORY_RECORDS 0x00041220

// Digits and dots that are met by chance no more.
enum { LEAST_UID = 12 };

struct surveyor {
    struct imp_dicom_survey *s;
    struct imp_span in;
    const struct imp_dicom_options *options;
    struct imp_dicom_scope *scope;
    struct imp_dicom_words *words;
    struct imp_dcm_reader reader;
    unsigned gone; // sequences that are open in one that goes, itself included
    struct imp_err *err;
};

static bool is_padding(uint8_t c)
{
    return c == ' ' || c == 0;
}

// A NUL within becomes a blank: what is behind it counts.
static void take_text(char *out, size_t room, struct imp_span v)
{
    while (v.n && is_padding(v.p[v.n - 1]))
        v.n--;
    for (; v.n && is_padding(*v.p); v.p++)
        v.n--;
    if (v.n >= room)
        v.n = room - 1;
    for (size_t i = 0; i < v.n; i++)
        out[i] = v.p[i] ? (char)v.p[i] : ' ';
    out[v.n] = '\0';
}

// 0 if it is none. What UN hides is little endian (PS3.5 6.2.2).
static uint32_t number_of(const struct imp_dcm_event *e, struct imp_span v)
{
    if (v.n != 2)
        return 0;
    bool big = e->encoding.big && e->written != IMP_DCM_UN;
    return big ? imp_be16(v.p) : imp_le16(v.p);
}

static void take_field(struct surveyor *v, const struct imp_dcm_event *e)
{
    struct imp_dicom_survey *s = v->s;
    const struct imp_span value = imp_dcm_value_of(v->in, e);
    s->has_patient_name |= e->tag == PATIENT_NAME;
    s->has_patient_id |= e->tag == PATIENT_ID;
    s->has_document |= e->tag == DOCUMENT && e->value;
    if (e->tag == ROWS)
        s->rows = number_of(e, value);
    if (e->tag == COLUMNS)
        s->columns = number_of(e, value);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].tag == e->tag)
            take_text((char *)s + fields[i].at, fields[i].room, value);
}

// PS3.3 C.9.2: an overlay of one bit at position 0 is in its own element.
static bool check_overlay(struct surveyor *v, const struct imp_dcm_event *e)
{
    uint32_t tag = e->tag & 0xFF01FFFF;
    uint32_t want = tag == 0x60000100 ? 1 : 0;
    bool in_pixels =
        (tag == 0x60000100 || tag == 0x60000102) && e->value &&
        (e->value != 2 || number_of(e, imp_dcm_value_of(v->in, e)) != want);
    return !in_pixels ||
           imp_dcm_fail(&v->reader, IMP_ERR_UNSUPPORTED, e->at, v->err,
                        "an overlay in the unused bits of pixels");
}

// --- What identifies ---

// Whatever VR a name or a text is written with, it is one.
static enum imp_dcm_vr vr_of(const struct imp_dcm_event *e)
{
    const struct imp_dcm_attribute *a = imp_dcm_find(e->tag);
    bool text =
        a && imp_dcm_vr_info((enum imp_dcm_vr)a->vr)->kind == IMP_DCM_KIND_TEXT;
    return text && e->vr != IMP_DCM_PN ? (enum imp_dcm_vr)a->vr : e->vr;
}

// Texts that describe, and what tells a kind of patient, not one, are no
// identifiers: a body part is named in many elements.
static bool identifies(const struct imp_dcm_event *e)
{
    const struct imp_dicom_rule *row = imp_dicom_rule_of(e->tag);
    enum imp_dcm_vr vr = vr_of(e);
    if (imp_dcm_is_private(e->tag))
        return e->vr == IMP_DCM_PN;
    if (vr == IMP_DCM_PN)
        return true;
    if (imp_dcm_vr_info(vr)->kind != IMP_DCM_KIND_TEXT || vr == IMP_DCM_CS ||
        !row)
        return false;
    return row->option[IMP_DICOM_DESCRIPTORS] == IMP_DICOM_O &&
           row->option[IMP_DICOM_PATIENT] == IMP_DICOM_O;
}

static bool goes(enum imp_dicom_fate fate)
{
    return fate == IMP_DICOM_REMOVE || fate == IMP_DICOM_EMPTY ||
           fate == IMP_DICOM_DUMMY;
}

// What a date, or a UID, was is told in texts, too.
static bool note_value(struct surveyor *v, const struct imp_dcm_event *e,
                       enum imp_dicom_fate fate)
{
    bool date = e->tag == BIRTH_DATE && goes(fate);
    bool uid = e->depth == 0 && fate == IMP_DICOM_REUID && e->vr == IMP_DCM_UI;
    if (!v->words || !(date || uid))
        return true;
    struct imp_span value = imp_dcm_value_of(v->in, e);
    while (value.n && is_padding(value.p[value.n - 1]))
        value.n--;
    if (date)
        return imp_dicom_words_add_date(v->words, e->tag, value, v->err);
    bool instance = value.n >= LEAST_UID && !imp_dicom_is_standard_uid(value);
    return !instance || imp_dicom_words_add(v->words, e->tag, value, v->err);
}

static bool note(struct surveyor *v, const struct imp_dcm_event *e)
{
    struct imp_span text;
    enum imp_dcm_vr vr = vr_of(e);
    if (!v->words)
        return true;
    if (!imp_dicom_scope_text(v->scope, e->depth, vr,
                              imp_dcm_value_of(v->in, e), &text, v->err))
        return false;
    bool (*add)(struct imp_dicom_words *, uint32_t, struct imp_span,
                struct imp_err *) =
        vr == IMP_DCM_PN ? imp_dicom_words_add_names : imp_dicom_words_add;
    // UTF-8, whatever it says that it is?
    const struct imp_span raw = imp_dcm_value_of(v->in, e);
    return add(v->words, e->tag, text, v->err) &&
           (text.p == raw.p || !imp_dicom_is_utf8(raw) ||
            add(v->words, e->tag, raw, v->err));
}

static bool is_pixels(uint32_t tag)
{
    return tag == IMP_DCM_PIXEL_DATA || tag == FLOAT_PIXELS ||
           tag == DOUBLE_PIXELS;
}

// Elements are in order, so that each of them comes once.
// Of some frames: then it is so of the object.
static void take_inner(struct imp_dicom_survey *s, struct imp_span value)
{
    char said[IMP_DICOM_TEXT_ROOM];
    take_text(said, sizeof said, value);
    s->burned_in_frames |= *said && strcasecmp(said, "NO") != 0;
}

static void note_outermost(struct imp_dicom_survey *s,
                           const struct imp_dcm_event *e)
{
    s->has_pixels |= is_pixels(e->tag);
    if (!imp_dicom_is_method(e->tag) && e->tag != BURNED_IN)
        return;
    s->said[s->n_said].tag = e->tag;
    s->said[s->n_said++].at = e->at;
}

static bool look(struct surveyor *v, const struct imp_dcm_event *e)
{
    enum imp_dicom_fate fate = imp_dicom_rule(v->options, e->tag, e->vr).fate;
    if (e->flags & (IMP_DCM_DUPLICATE | IMP_DCM_DESCENDING))
        return imp_dcm_fail(&v->reader, IMP_ERR_DAMAGED, e->at, v->err,
                            "elements are not in order");
    // PS3.10 7.1: whoever reads the output would take it for one of the meta
    // group, a transfer syntax even, once what parts them has gone.
    if (e->depth == 0 && imp_dcm_group(e->tag) == META_GROUP)
        return imp_dcm_fail(&v->reader, IMP_ERR_DAMAGED, e->at, v->err,
                            "an element of the meta group in the data set");
    // PS3.3 F.3: it lists other files, their patients, and names of files that
    // they will not have.
    if (e->depth == 0 && e->tag == DIRECTORY_RECORDS)
        return imp_dcm_fail(&v->reader, IMP_ERR_UNSUPPORTED, e->at, v->err,
                            "a directory of objects (DICOMDIR), not one");
    bool in_code =
        imp_dicom_scope_disguised(v->scope, e, fate == IMP_DICOM_DISGUISE) &&
        (e->tag == CODE_VALUE || e->tag == CODE_MEANING);
    if (e->depth == 0)
        note_outermost(v->s, e);
    else if (e->tag == BURNED_IN && e->kind == IMP_DCM_ELEMENT)
        take_inner(v->s, imp_dcm_value_of(v->in, e));
    if (e->kind == IMP_DCM_SEQUENCE_BEGIN) {
        v->gone += v->gone || goes(fate);
        return true;
    }
    if (e->kind != IMP_DCM_ELEMENT)
        return true;
    imp_dicom_scope_element(v->scope, v->in, e);
    if (e->depth == 0) {
        take_field(v, e);
        if (!check_overlay(v, e))
            return false;
    }
    if (!note_value(v, e, fate))
        return false;
    if (in_code)
        return note(v, e);
    return !(v->gone || goes(fate)) || !identifies(e) || note(v, e);
}

static bool step(struct surveyor *v, const struct imp_dcm_event *e)
{
    switch (e->kind) {
    case IMP_DCM_ITEM_BEGIN:
        imp_dicom_scope_item(v->scope, e->depth);
        return true;
    case IMP_DCM_SEQUENCE_CLOSE:
        v->gone -= v->gone > 0;
        return true;
    case IMP_DCM_ELEMENT:
    case IMP_DCM_SEQUENCE_BEGIN:
    case IMP_DCM_PIXELS_BEGIN:
        return look(v, e);
    default:
        return true;
    }
}

bool imp_dicom_survey_make(struct imp_dicom_survey *s, struct imp_span in,
                           uint64_t data_at, struct imp_dcm_encoding encoding,
                           const struct imp_dicom_options *options,
                           struct imp_dicom_scope *scope,
                           struct imp_dicom_words *words, struct imp_err *err)
{
    struct surveyor v = {.s = s,
                         .in = in,
                         .options = options,
                         .scope = scope,
                         .words = words,
                         .err = err};
    struct imp_dcm_event e = {0};
    *s = (struct imp_dicom_survey){0};
    imp_dicom_scope_start(scope);
    imp_dcm_reader_start(&v.reader, in, data_at, in.n, encoding);
    do
        if (!imp_dcm_next(&v.reader, &e, err) || !step(&v, &e))
            return false;
    while (e.kind != IMP_DCM_END);
    return true;
}

void imp_dicom_survey_method(struct imp_dicom_survey *s, struct imp_span in,
                             const struct imp_dicom_method *method)
{
    memset(s->method, 0, sizeof s->method);
    for (size_t i = 0; i < method->n; i++) {
        const struct imp_span want = method->element[i].bytes;
        for (size_t k = 0; k < s->n_said; k++) {
            uint64_t at = s->said[k].at;
            if (s->said[k].tag != method->element[i].tag ||
                want.n > in.n - at || memcmp(in.p + at, want.p, want.n) != 0)
                continue;
            s->method[i].at = at;
            s->method[i].end = at + want.n;
        }
    }
}
