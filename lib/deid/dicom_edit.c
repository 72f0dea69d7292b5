#include "deid/dicom_edit_internal.h"

#include <stdlib.h>
#include <string.h>

const char *imp_dicom_deid_code(const struct imp_dicom_deid *d)
{
    const char *code = d->subject ? d->subject->code : NULL;
    return code && code[0] ? code : NULL;
}

struct imp_dicom_deid *imp_dicom_deid_new(const struct imp_policy *p,
                                          struct imp_err *err)
{
    struct imp_dicom_deid *d = calloc(1, sizeof *d);
    if (!d) {
        imp_fail(err, IMP_ERR_MEMORY, "no memory for an editor");
        return NULL;
    }
    d->editor.plan = imp_dicom_deid_plan;
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
    explicit_bzero(&d->uids, sizeof d->uids);
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
    d->cleaned = d->has_uids = false;
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
