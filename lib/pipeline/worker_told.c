// What a mark's text and a name may have in them, and may not.
#include "pipeline/code.h"
#include "pipeline/naming.h"
#include "pipeline/worker.h"

#include <stdio.h>

static const char *field_of(void *self, const char *name)
{
    struct imp_telling *t = self;
    const char *value = imp_known_subject_field(&t->w->subject, name);
    bool instead = !value && t->w->run->config->whose.or_digest &&
                   strcmp(name, "subject") == 0;
    // What a look-up says was a field before UIDs were.
    return instead ? t->instead : value ? value : imp_uid_field(t->uid, name);
}

struct imp_values imp_worker_values(struct imp_worker *w, struct imp_telling *t,
                                    const struct imp_format *fmt,
                                    const char *digest)
{
    *t = (struct imp_telling){.w = w};
    snprintf(t->instead, sizeof t->instead, "%.16s", digest);
    return (struct imp_values){
        .fixed = {[IMP_FIELD_DIGEST] = digest,
                  [IMP_FIELD_DATE] = w->run->config->date,
                  [IMP_FIELD_EXT] = fmt->ext},
        .other = field_of,
        .self = t,
    };
}

bool imp_worker_tells_no_key(struct imp_worker *w, const struct imp_template *t,
                             struct imp_values values, struct imp_err *err)
{
    struct imp_buf text = {0};
    struct imp_telling without = *(const struct imp_telling *)values.self;
    for (int i = 0; i < IMP_DEID_UIDS; i++)
        without.uid[i] = without.uid[i] ? "" : NULL;
    values.self = &without;
    values.fixed[IMP_FIELD_DIGEST] = values.fixed[IMP_FIELD_DATE] = "";
    bool ok = imp_template_expand(t, &values, NULL, &text, err) &&
              imp_buf_add(&text, "", 1, err) &&
              imp_key_not_in(imp_buf_span(&w->subject.key),
                             (const char *)text.p, err);
    imp_buf_clear(&text);
    return ok;
}
