#include "deid/dicom_burned.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define CLASSES "1.2.840.10008.5.1."

// PS3.4 Table B.5-1, and the retired ones of the same kind; films as they were
// to be printed.
static const struct {
    const char *sop_class; // behind CLASSES
    const char *why;
} classes[] = {
    {"4.1.1.3", "ultrasound"},
    {"4.1.1.3.1", "ultrasound"},
    {"4.1.1.6", "ultrasound"},
    {"4.1.1.6.1", "ultrasound"},
    {"4.1.1.6.2", "ultrasound"},
    {"4.1.1.7", "secondary capture"},
    {"4.1.1.7.1", "secondary capture"},
    {"4.1.1.7.2", "secondary capture"},
    {"4.1.1.7.3", "secondary capture"},
    {"4.1.1.7.4", "secondary capture"},
    {"1.29", "a hard copy"},
    {"1.30", "a hard copy"},
};

static const char *by_class(const char *sop_class)
{
    if (strncmp(sop_class, CLASSES, strlen(CLASSES)) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(sop_class + strlen(CLASSES), classes[i].sop_class) == 0)
            return classes[i].why;
    return NULL;
}

// Is it one of the values? As readers read: without regard to case and blanks.
static bool has_value(const char *values, const char *want)
{
    for (const char *v = values; *v; v += *v == '\\') {
        v += strspn(v, " ");
        size_t n = strcspn(v, " \\");
        if (n == strlen(want) && strncasecmp(v, want, n) == 0)
            return true;
        v += strcspn(v, "\\");
    }
    return false;
}

// PS3.3 C.7.3.1.1.1 and C.8.6.1.
static const char *by_modality(const char *modality)
{
    if (has_value(modality, "US") || has_value(modality, "IVUS"))
        return "ultrasound";
    if (has_value(modality, "HC"))
        return "a hard copy";
    return has_value(modality, "DOC") ? "a document" : NULL;
}

static const char *by_conversion(const char *type)
{
    if (has_value(type, "DF"))
        return "digitised film";
    static const char *const captured[] = {"DV", "DI", "SD", "SI", "DRW"};
    for (size_t i = 0; i < sizeof captured / sizeof *captured; i++)
        if (has_value(type, captured[i]))
            return "secondary capture";
    return NULL;
}

// The label of a slide has the patient's name or number (PS3.3 C.8.12.8.1.1),
// and is often seen in its overview.
static const char *by_image_type(const char *type)
{
    if (strcasestr(type, "SCREEN"))
        return "a screen shot";
    if (strcasestr(type, "LABEL") || strcasestr(type, "OVERVIEW"))
        return "a slide's label";
    return NULL;
}

static bool says_so(const struct imp_dicom_survey *s)
{
    return s->burned_in_frames ||
           (*s->burned_in && strcasecmp(s->burned_in, "NO") != 0);
}

const char *imp_dicom_burned_in(const struct imp_dicom_survey *s)
{
    const char *why = NULL;
    if (s->has_document)
        return "an encapsulated document";
    if (!s->has_pixels)
        return NULL;
    if (says_so(s))
        return "(0028,0301) says so";
    if ((why = by_class(s->sop_class)))
        return why;
    if (!(why = by_modality(s->modality)) &&
        !(why = by_conversion(s->conversion)))
        why = by_image_type(s->image_type);
    return why;
}

static bool ask(const struct imp_dicom_survey *s,
                const struct imp_deid_redactor *redactor, bool *covered,
                bool *redacts, struct imp_err *err)
{
    const struct imp_deid_picture picture = {
        .manufacturer = s->manufacturer,
        .model = s->model,
        .modality = s->modality,
        .sop_class = s->sop_class,
        .rows = s->rows,
        .columns = s->columns,
    };
    *covered = *redacts = false;
    return !redactor || !s->has_pixels ||
           redactor->find(redactor->self, &picture, covered, redacts, err);
}

static bool may_pass(const struct imp_dicom_survey *s,
                     const struct imp_dicom_policy *policy, bool cleaned,
                     const char *why)
{
    if (s->has_document)
        return policy->burned_in_allowed;
    if (cleaned || !s->has_pixels)
        return true;
    return !policy->clean_pixels && (!why || policy->burned_in_allowed);
}

bool imp_dicom_burned_check(const struct imp_dicom_survey *s,
                            const struct imp_dicom_policy *policy,
                            const struct imp_deid_redactor *redactor,
                            bool *cleaned, struct imp_err *err)
{
    bool covered, redacts;
    const char *why = imp_dicom_burned_in(s);
    if (!ask(s, redactor, &covered, &redacts, err))
        return false;
    *cleaned = covered && (redacts || !says_so(s));
    if (may_pass(s, policy, *cleaned, why))
        return true;
    if (s->has_document)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "identity may be in it (%s): want a policy with "
                        "burned-in = allow",
                        why);
    if (covered)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "(0028,0301) says that identity is burned in, the rule "
                        "of --redact-rules that nothing is: want rectangles");
    if (!why)
        return imp_fail(err, IMP_ERR_UNSUPPORTED,
                        "option clean-pixel-data wants a rule of "
                        "--redact-rules for the picture");
    return imp_fail(
        err, IMP_ERR_UNSUPPORTED,
        "identity may be burned into the picture (%s): want a "
        "rule of --redact-rules for it%s",
        why,
        policy->clean_pixels ? "" : ", or a policy with burned-in = allow");
}
