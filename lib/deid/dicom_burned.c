#include "deid/dicom_burned.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define STORAGE "1.2.840.10008.5.1.4.1.1."

// PS3.4 Table B.5-1, and the retired ones of the same kind.
static const struct {
    const char *sop_class; // behind STORAGE
    const char *why;
} classes[] = {
    {"3", "ultrasound"},          {"3.1", "ultrasound"},
    {"6", "ultrasound"},          {"6.1", "ultrasound"},
    {"6.2", "ultrasound"},        {"7", "secondary capture"},
    {"7.1", "secondary capture"}, {"7.2", "secondary capture"},
    {"7.3", "secondary capture"}, {"7.4", "secondary capture"},
};

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

const char *imp_dicom_burned_in(const struct imp_dicom_survey *s)
{
    const char *why = NULL;
    if (s->has_document)
        return "an encapsulated document";
    if (!s->has_pixels)
        return NULL;
    if (*s->burned_in && strcasecmp(s->burned_in, "NO") != 0)
        return "(0028,0301) says so";
    if (strncmp(s->sop_class, STORAGE, strlen(STORAGE)) == 0)
        for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
            if (strcmp(s->sop_class + strlen(STORAGE), classes[i].sop_class) ==
                0)
                return classes[i].why;
    if (!(why = by_modality(s->modality)) &&
        !(why = by_conversion(s->conversion)))
        why = by_image_type(s->image_type);
    return why;
}
