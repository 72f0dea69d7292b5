#include "deid/dicom_edit_internal.h"

#include "dicom/dict.h"

#include <stdio.h>
#include <string.h>

void imp_dicom_deid_tell(const struct imp_dicom_deid *d,
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
        .payload = imp_dcm_value_of(d->in, e),
    };
    d->observer->part(
        d->observer->self, &part,
        cut == IMP_DICOM_CUT_REPLACE ? IMP_FATE_REPLACE : IMP_FATE_DROP, why);
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
