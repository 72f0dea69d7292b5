#include "deid/dicom_edit_internal.h"

#include "dicom/dict.h"
#include "image/dicom_frames.h"

#include <string.h>

#define CHARACTER_SET 0x00080005
#define ICC_PROFILE 0x00282000
#define BURNED_IN 0x00280301

// --- Values ---

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
    return same(imp_dcm_value_of(d->in, e), with) ? IMP_DICOM_CUT_KEEP
                                                  : IMP_DICOM_CUT_REPLACE;
}

static enum imp_dicom_cut dummy(const struct imp_dicom_deid *d,
                                const struct imp_dcm_event *e,
                                struct imp_span *value)
{
    return replace(d, e, imp_dicom_dummy(e->tag, e->vr), value);
}

bool imp_dicom_deid_reuid(struct imp_dicom_deid *d, struct imp_span value,
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
    if (d->uids.secret != d->subject->secret)
        d->uids = (struct imp_dicom_uids){.secret = d->subject->secret};
    return imp_dicom_reuid(&d->uids, value, &d->value, err);
}

// --- What stays by the table ---

static bool has_only(struct imp_span v, const char *allowed)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] != 0 && !strchr(allowed, v.p[i]))
            return false;
    return true;
}

static enum imp_dcm_vr known_vr(const struct imp_dicom_deid *d,
                                const struct imp_dcm_event *e)
{
    const struct imp_dcm_attribute *a = d->attribute;
    return a && a->vr != IMP_DCM_NONE ? (enum imp_dcm_vr)a->vr : e->vr;
}

// Parts of a number, or more of them than there may be (PS3.6), are no numbers.
static bool has_wrong_length(const struct imp_dicom_deid *d,
                             const struct imp_dcm_event *e, struct imp_span v)
{
    const struct imp_dcm_attribute *a = d->attribute;
    const struct imp_dcm_vr_info *info = imp_dcm_vr_info(e->vr);
    // As what it is written; or, if that may be anything, as what it should be.
    if (info->kind == IMP_DCM_KIND_BYTES)
        info = imp_dcm_vr_info(known_vr(d, e));
    bool tags = info->kind == IMP_DCM_KIND_TAG;
    size_t size = tags ? 4 : info->unit;
    if (!tags && info->kind != IMP_DCM_KIND_NUMBER)
        return false;
    // Of what may be OW, too, the length is in other elements.
    bool counted =
        a && a->most && a->vr != IMP_DCM_US_OW && a->vr != IMP_DCM_US_SS_OW;
    return v.n % size != 0 || (counted && v.n > a->most * size);
}

// Text where the VR has none may be anything.
static bool fits_vr(enum imp_dcm_vr vr, struct imp_span v)
{
    switch (imp_dcm_vr_info(vr)->kind) {
    case IMP_DCM_KIND_DECIMAL:
        return imp_dicom_is_decimal(v);
    case IMP_DCM_KIND_DATE:
        return imp_dicom_is_date(vr, v);
    case IMP_DCM_KIND_UID:
        return has_only(v, "0123456789.\\ ");
    default:
        return true;
    }
}

static bool is_fit(const struct imp_dicom_deid *d,
                   const struct imp_dcm_event *e, struct imp_span v)
{
    const enum imp_dcm_vr known = known_vr(d, e);
    return fits_vr(e->vr, v) && (known == e->vr || fits_vr(known, v)) &&
           !has_wrong_length(d, e, v);
}

static bool is_decimal(const struct imp_dicom_deid *d,
                       const struct imp_dcm_event *e)
{
    return imp_dcm_vr_info(known_vr(d, e))->kind == IMP_DCM_KIND_DECIMAL;
}

static bool is_numeric(const struct imp_dicom_deid *d,
                       const struct imp_dcm_event *e)
{
    return is_decimal(d, e) ||
           imp_dcm_vr_info(known_vr(d, e))->kind == IMP_DCM_KIND_NUMBER;
}

static bool is_text(const struct imp_dicom_deid *d,
                    const struct imp_dcm_event *e)
{
    return imp_dcm_vr_info(e->vr)->kind == IMP_DCM_KIND_TEXT ||
           imp_dcm_vr_info(known_vr(d, e))->kind == IMP_DCM_KIND_TEXT;
}

// Marks of prose about somebody: an address, a title, a long number, a date, a
// telephone number.
static bool looks_personal(struct imp_span text)
{
    size_t digits = 0, apart = 0;
    for (size_t i = 0; i < text.n; i++) {
        bool digit = text.p[i] >= '0' && text.p[i] <= '9';
        digits = digit ? digits + 1 : 0;
        if (digit)
            apart++;
        else if (!strchr(" -/.()+", text.p[i]))
            apart = 0;
        if (digits >= 5 || apart >= 7)
            return true;
    }
    static const char *const marks[] = {"@",   "^",     "Dr.",   "Dr ",  "Mr.",
                                        "Mr ", "Mrs",   "Ms.",   "Ms ",  "Mme",
                                        "://", "Herr ", "Frau ", "Prof."};
    for (size_t i = 0; text.n && i < sizeof marks / sizeof *marks; i++)
        if (memmem(text.p, text.n, marks[i], strlen(marks[i])))
            return true;
    return false;
}

// Of what says that it is Latin-1 and yet is UTF-8, both are looked through.
static bool find_words(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                       struct imp_span text, uint32_t *hit, struct imp_err *err)
{
    const struct imp_span v = imp_dcm_value_of(d->in, e);
    bool prose = e->vr != IMP_DCM_CS;
    return imp_dicom_words_find(&d->words, text, prose, hit, err) &&
           (*hit || text.p == v.p || !imp_dicom_is_utf8(v) ||
            imp_dicom_words_find(&d->words, v, prose, hit, err));
}

// Is there nothing in its value that identifies? `cleaning`: nor what looks so.
static bool is_harmless(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                        bool cleaning, bool *harmless, struct imp_err *err)
{
    struct imp_span text, v = imp_dcm_value_of(d->in, e);
    uint32_t hit = 0;
    *harmless = is_fit(d, e, v);
    if (!*harmless)
        d->found = "not of its VR";
    else if (is_decimal(d, e) && imp_dicom_words_is_number(&d->words, v)) {
        d->found = "repeats an identifier";
        *harmless = false;
    }
    if (!*harmless || !is_text(d, e))
        return true;
    if (!imp_dicom_scope_text(&d->scope, e->depth, e->vr, v, &text, err) ||
        !find_words(d, e, text, &hit, err))
        return false;
    *harmless = !hit && !(cleaning && looks_personal(text));
    if (!*harmless)
        d->found = hit ? "repeats an identifier" : "may name somebody";
    return true;
}

static bool keep(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                 enum imp_dicom_cut *cut, struct imp_span *value,
                 struct imp_err *err)
{
    bool harmless;
    // Another number in its place would be believed.
    if (is_numeric(d, e) && !is_fit(d, e, imp_dcm_value_of(d->in, e)))
        return imp_fail(err, IMP_ERR_DAMAGED, "no numbers, or too many");
    if (!is_harmless(d, e, false, &harmless, err))
        return false;
    *cut = harmless ? IMP_DICOM_CUT_KEEP : dummy(d, e, value);
    return true;
}

// PS3.3 C.11.15: a whole profile, with texts of its own.
static bool profile(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                    enum imp_dicom_cut *cut, struct imp_span *value,
                    struct imp_err *err)
{
    if (!imp_icc_rebuild(imp_dcm_value_of(d->in, e), d->policy->icc, &d->value,
                         err) ||
        (d->value.n % 2 && !imp_buf_add(&d->value, "", 1, err)))
        return false;
    *value = imp_buf_span(&d->value);
    *cut = value->n ? replace(d, e, *value, value) : IMP_DICOM_CUT_REMOVE;
    return true;
}

enum nature { ANY, BINARY, TEXT, ITEMS };

static enum nature nature_of(enum imp_dcm_vr vr)
{
    switch (imp_dcm_vr_info(vr)->kind) {
    case IMP_DCM_KIND_TEXT:
    case IMP_DCM_KIND_DECIMAL:
    case IMP_DCM_KIND_DATE:
    case IMP_DCM_KIND_UID:
        return TEXT;
    case IMP_DCM_KIND_TAG:
    case IMP_DCM_KIND_NUMBER:
    case IMP_DCM_KIND_BYTES:
        return BINARY;
    case IMP_DCM_KIND_SEQUENCE:
        return ITEMS;
    case IMP_DCM_KIND_NONE:
        break;
    }
    return ANY;
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

// A sequence that nobody can read, by its tag (of which not even an empty one
// may get a value) or by what it begins with: UN with items that are not in the
// encoding of PS3.5 6.2.2.
static bool hides_items(const struct imp_dicom_deid *d,
                        const struct imp_dcm_event *e)
{
    static const uint8_t little[] = {0xFE, 0xFF, 0x00, 0xE0};
    static const uint8_t big[] = {0xFF, 0xFE, 0xE0, 0x00};
    const struct imp_dcm_attribute *a = d->attribute;
    const struct imp_span v = imp_dcm_value_of(d->in, e);
    if (a && a->vr == IMP_DCM_SQ)
        return true;
    return e->vr == IMP_DCM_UN && v.n >= sizeof little &&
           (memcmp(v.p, little, sizeof little) == 0 ||
            memcmp(v.p, big, sizeof big) == 0);
}

// Who knows what is in an element of another nature than PS3.6 has it.
static bool check_nature(const struct imp_dicom_deid *d,
                         const struct imp_dcm_event *e, struct imp_err *err)
{
    enum nature is = nature_of(e->vr), should = nature_of(known_vr(d, e));
    bool ok = !e->length || imp_dcm_is_private(e->tag) || is == ANY ||
              should == ANY || is == should;
    return ok || imp_fail(err, IMP_ERR_DAMAGED, "its VR is %s, PS3.6 has %s",
                          imp_dcm_vr_info(e->vr)->name,
                          imp_dcm_vr_info(known_vr(d, e))->name);
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
    if (!stays || (e->kind == IMP_DCM_ELEMENT && hides_items(d, e)))
        return true;
    *cut = IMP_DICOM_CUT_KEEP;
    // A creator is what the policy has in words: without it nobody would know
    // what its elements are.
    return e->kind != IMP_DCM_ELEMENT || imp_dcm_is_creator(e->tag) ||
           keep(d, e, cut, value, err);
}

static bool is_date(enum imp_dcm_vr vr)
{
    return imp_dcm_vr_info(vr)->kind == IMP_DCM_KIND_DATE;
}

static bool shift(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                  enum imp_dicom_cut *cut, struct imp_span *value,
                  struct imp_err *err)
{
    int32_t days = d->again ? 0 : d->subject->shift_days;
    d->value.n = 0;
    const enum imp_dcm_vr vr = is_date(known_vr(d, e)) ? known_vr(d, e) : e->vr;
    if (!imp_dicom_shift(vr, imp_dcm_value_of(d->in, e), days, &d->value, err))
        return false;
    *cut = replace(d, e, imp_buf_span(&d->value), value);
    return true;
}

// --- Deciding ---

// Elements that say how the object was de-identified: by us, or not at all.
static bool is_our_method(const struct imp_dicom_deid *d,
                          const struct imp_dcm_event *e)
{
    for (size_t i = 0; i < d->method.n; i++)
        if (e->at >= d->survey.method[i].at && e->at < d->survey.method[i].end)
            return true;
    return false;
}

static bool by_fate(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                    enum imp_dicom_fate fate, enum imp_dicom_cut *cut,
                    struct imp_span *value, struct imp_err *err);

// PS3.15 E.3: what is not clean has the basic profile's fate.
static bool clean(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                  enum imp_dicom_cut *cut, struct imp_span *value,
                  struct imp_err *err)
{
    static const struct imp_dicom_options none = {0};
    bool harmless;
    if (!is_harmless(d, e, true, &harmless, err))
        return false;
    *cut = IMP_DICOM_CUT_KEEP;
    return harmless || by_fate(d, e, imp_dicom_rule(&none, e->tag, e->vr).fate,
                               cut, value, err);
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
    case IMP_DICOM_DISGUISE:
        if (whole && !check_nature(d, e, err))
            return false;
        // What is a sequence by its VR alone is none that can be followed.
        *cut = whole ? IMP_DICOM_CUT_KEEP : IMP_DICOM_CUT_REMOVE;
        if (!whole)
            d->found = "a sequence that cannot be read";
        return true;
    default:
        break;
    }
    if (!whole && hides_items(d, e)) {
        d->found = "a sequence that cannot be read";
        *cut = IMP_DICOM_CUT_REMOVE;
        return true;
    }
    if (fate != IMP_DICOM_DUMMY && !check_nature(d, e, err))
        return false;
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
        if (!imp_dicom_deid_reuid(d, imp_dcm_value_of(d->in, e), err))
            return false;
        *cut = replace(d, e, imp_buf_span(&d->value), value);
        return true;
    }
    return fate == IMP_DICOM_CLEAN ? clean(d, e, cut, value, err)
                                   : keep(d, e, cut, value, err);
}

static bool patient(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                    enum imp_dicom_fate fate, enum imp_dicom_cut *cut,
                    struct imp_span *value, struct imp_err *err)
{
    const char *code = imp_dicom_deid_code(d);
    d->value.n = 0;
    // Whoever looks at an archive without its ledger knows no codes, but that
    // both are one.
    bool is_code = d->again && !code && d->survey.patient_id[0] &&
                   strcmp(d->survey.patient_name, d->survey.patient_id) == 0;
    if (is_code) {
        *cut = IMP_DICOM_CUT_KEEP;
        return true;
    }
    if (!code)
        return by_fate(d, e, fate, cut, value, err);
    if (!imp_buf_add(&d->value, code, strlen(code), err) ||
        (d->value.n % 2 && !imp_buf_add(&d->value, " ", 1, err)))
        return false;
    *cut = replace(d, e, imp_buf_span(&d->value), value);
    return true;
}

static bool is_of_patient(const struct imp_dcm_event *e)
{
    return e->depth == 0 &&
           (e->tag == IMP_DICOM_PATIENT_NAME || e->tag == IMP_DICOM_PATIENT_ID);
}

bool imp_dicom_deid_is_patient(const struct imp_dcm_event *e)
{
    return e->kind == IMP_DCM_ELEMENT && is_of_patient(e);
}

static bool choose(struct imp_dicom_deid *d, const struct imp_dcm_event *e,
                   enum imp_dicom_fate fate, enum imp_dicom_cut *cut,
                   struct imp_span *value, struct imp_err *err)
{
    bool burned_in = e->depth == 0 && e->tag == BURNED_IN && d->cleaned;
    bool method = e->depth == 0 && imp_dicom_is_method(e->tag);
    bool element = e->kind == IMP_DCM_ELEMENT;
    *cut = IMP_DICOM_CUT_KEEP;
    if (is_our_method(d, e))
        return true;
    if (element && e->tag == CHARACTER_SET)
        return imp_dicom_scope_check(&d->scope, e->depth, err);
    // What is added for the subject comes in place of a sequence, too.
    if (method || burned_in || (is_of_patient(e) && !element)) {
        *cut = IMP_DICOM_CUT_REMOVE;
        return true;
    }
    if (imp_dicom_deid_is_patient(e))
        return patient(d, e, fate, cut, value, err);
    if (element && e->tag == ICC_PROFILE)
        return profile(d, e, cut, value, err);
    return by_fate(d, e, fate, cut, value, err);
}

bool imp_dicom_deid_decide(void *self, const struct imp_dcm_reader *reader,
                           const struct imp_dcm_event *e,
                           enum imp_dicom_cut *cut, struct imp_span *value,
                           struct imp_err *err)
{
    struct imp_dicom_deid *d = self;
    struct imp_dicom_verdict verdict =
        imp_dicom_rule(&d->options, e->tag, e->vr);
    d->attribute = imp_dcm_find(e->tag);
    d->found = NULL;
    imp_dicom_scope_element(&d->scope, d->in, e);
    // Pixel data stays, to be refused there by who knows that it is: a dummy of
    // it would be, too, but only once the output is checked.
    if (imp_dicom_scope_disguised(&d->scope, e,
                                  verdict.fate == IMP_DICOM_DISGUISE) &&
        verdict.fate == IMP_DICOM_KEEP && !imp_dicom_frames_has(e))
        verdict = (struct imp_dicom_verdict){
            .fate = IMP_DICOM_DUMMY, .why = "in a code that identifies"};
    if (!choose(d, e, verdict.fate, cut, value, err)) {
        char path[IMP_DCM_PATH_MAX];
        imp_dcm_path(reader, path);
        return imp_wrap(err, "%s", path);
    }
    if (d->observer)
        imp_dicom_deid_tell(d, reader, e, *cut, *value, &verdict);
    return true;
}
