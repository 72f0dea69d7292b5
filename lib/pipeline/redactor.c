#include "pipeline/redactor.h"

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static bool find(void *self, const struct imp_deid_picture *picture,
                 bool *covered, bool *redacts, struct imp_err *err)
{
    struct imp_redactor *r = self;
    const struct imp_redact_object object = {
        .manufacturer = or_null(picture->manufacturer),
        .model = or_null(picture->model),
        .modality = or_null(picture->modality),
        .sop_class = or_null(picture->sop_class),
        .rows = picture->rows,
        .columns = picture->columns,
    };
    bool ok =
        imp_redact_rules_find(r->rules, &object, covered, r->rect, &r->n, err);
    *redacts = r->n > 0;
    return ok;
}

void imp_redactor_init(struct imp_redactor *r,
                       const struct imp_redact_rules *rules)
{
    *r = (struct imp_redactor){.asked = {r, find}, .rules = rules};
}

void imp_redactor_clear(struct imp_redactor *r)
{
    imp_dicom_patches_clear(&r->patches);
}
