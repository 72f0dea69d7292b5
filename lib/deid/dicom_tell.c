#include "deid/dicom_edit_internal.h"

#include "dicom/dict.h"

#include <stdio.h>
#include <string.h>

#define ICC_PROFILE 0x00282000

static const char *fate_name(const struct imp_dicom_deid *d,
                             const struct imp_dcm_event *e,
                             enum imp_dicom_cut cut, struct imp_span value,
                             enum imp_dicom_fate fate)
{
    if (cut != IMP_DICOM_CUT_REPLACE)
        return cut == IMP_DICOM_CUT_KEEP ? "stays" : "removed";
    if (value.n == 0)
        return "emptied";
    if (imp_dicom_deid_is_patient(e) && imp_dicom_deid_code(d))
        return "subject's code";
    if (e->tag == ICC_PROFILE)
        return "reduced";
    if (fate == IMP_DICOM_REUID)
        return "new UID";
    return fate == IMP_DICOM_SHIFT ? "shifted" : "dummy";
}

// Unless it is what action and option say already.
static const char *why_of(const struct imp_dicom_deid *d,
                          const struct imp_dicom_verdict *v)
{
    if (d->found)
        return d->found;
    return *v->why && v->why != v->action && v->why != v->option ? v->why
                                                                 : NULL;
}

static bool is_readable(enum imp_dcm_vr vr)
{
    switch (imp_dcm_vr_info(vr)->kind) {
    case IMP_DCM_KIND_TEXT:
    case IMP_DCM_KIND_DECIMAL:
    case IMP_DCM_KIND_DATE:
    case IMP_DCM_KIND_UID:
        return true;
    default:
        return false;
    }
}

enum { SHOWN = 256 }; // bytes of a value

// NULL if nobody can read it.
static const char *text_of(struct imp_dicom_deid *d,
                           const struct imp_dcm_event *e, char out[SHOWN])
{
    struct imp_span text;
    if (e->kind != IMP_DCM_ELEMENT || !is_readable(e->vr) ||
        !imp_dicom_scope_text(&d->scope, e->depth, e->vr,
                              imp_dcm_value_of(d->in, e), &text, NULL))
        return NULL;
    while (text.n && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == 0))
        text.n--;
    snprintf(out, SHOWN, "%.*s", (int)(text.n < SHOWN ? text.n : SHOWN),
             text.n ? (const char *)text.p : "");
    return out;
}

void imp_dicom_deid_tell(struct imp_dicom_deid *d,
                         const struct imp_dcm_reader *reader,
                         const struct imp_dcm_event *e, enum imp_dicom_cut cut,
                         struct imp_span value,
                         const struct imp_dicom_verdict *verdict)
{
    char path[IMP_DCM_PATH_MAX], text[SHOWN];
    const struct imp_dcm_attribute *a = imp_dcm_find(e->tag);
    bool by_option = verdict->option && e->kind == IMP_DCM_ELEMENT;
    if (cut == IMP_DICOM_CUT_KEEP && !by_option)
        return;
    imp_dcm_path(reader, path);
    const struct imp_deid_element element = {
        .path = path,
        .keyword = a ? imp_dcm_keyword(a) : "",
        .vr = imp_dcm_vr_info(e->vr)->name,
        .fate = fate_name(d, e, cut, value, verdict->fate),
        .action = verdict->action,
        .option = verdict->option,
        .why = why_of(d, verdict),
        .value = text_of(d, e, text),
    };
    d->observer->element(d->observer->self, &element);
}

void imp_dicom_deid_tell_added(const struct imp_dicom_deid *d, uint32_t tag)
{
    char path[16];
    const struct imp_dcm_attribute *a = imp_dcm_find(tag);
    imp_dcm_tag_text(tag, path);
    const struct imp_deid_element element = {
        .path = path,
        .keyword = a ? imp_dcm_keyword(a) : "",
        .vr = imp_dcm_vr_info(a ? (enum imp_dcm_vr)a->vr : IMP_DCM_UN)->name,
        .fate = "added",
        .why = imp_dicom_is_method(tag) ? "says how it was de-identified"
                                        : "of the subject",
    };
    d->observer->element(d->observer->self, &element);
}

// What every object of ours has in it, folded.
static bool is_our_own(const struct imp_dicom_word *word)
{
    // Parted by a byte that is in no text, for one search in all of them.
    static const char fixed[] =
        "removed\xFF"
        "imgpipe\xFF"
        "iso_ir iso 2022 ir gb18030\xFF"
        "unmodified\xFF"
        "imgpipe: ps3.15 2024b table e.1-1\xFF"
        "basic application confidentiality profile\xFF"
        "retain clean pixel data option safe private uids device identity\xFF"
        "retain institution identity patient characteristics option\xFF"
        "retain longitudinal temporal information full dates option\xFF"
        "retain longitudinal temporal information modified dates option\xFF"
        "clean descriptors structured content graphics option";
    return memmem(fixed, sizeof fixed - 1, word->text, word->length);
}

enum { SURE = 6 }; // characters that are met by chance no more

// A number or a date, which others may be, too; a UID, unless it is of the
// instance, the study or the series: others are roots of what stays, such as a
// maker's classes.
static bool is_number(const struct imp_dicom_word *word)
{
    bool unique = word->tag == 0x00080018 || word->tag == 0x0020000D ||
                  word->tag == 0x0020000E;
    return !unique && strspn(word->text, "0123456789.-/ ") >= word->length;
}

void imp_dicom_deid_identifiers(const struct imp_dicom_deid *d,
                                struct imp_identifiers *out)
{
    if (!d->in.p)
        return;
    imp_identifiers_forget(out);
    for (size_t i = 0; i < d->words.n; i++) {
        const struct imp_dicom_word *word = &d->words.word[i];
        char tag[IMP_DCM_TAG_ROOM], text[IMP_DICOM_WORD_BYTES + 1];
        if (word->length < SURE || is_number(word) || is_our_own(word))
            continue;
        imp_dcm_tag_text(word->tag, tag);
        memcpy(text, word->text, word->length);
        text[word->length] = '\0';
        imp_identifiers_add(out, tag, text);
    }
}
