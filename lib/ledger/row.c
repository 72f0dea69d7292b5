#include "ledger/row.h"

#include "ledger/entries.h"

#include <time.h>

static bool is_in_archive(const struct imp_result *r)
{
    return r->outcome == IMP_ARCHIVED || r->outcome == IMP_DUPLICATE;
}

// What a run before has archived, and this one is to take away: there is
// nothing to record, but that it is about to be done.
static bool note_leaving(const struct imp_record *record,
                         const struct imp_result *r,
                         struct imp_audit_entry *line, struct imp_err *err)
{
    int64_t id;
    if (!imp_ledger_input_id(record->ledger, r->path, &id, err))
        return false;
    *line = (struct imp_audit_entry){
        .seq = imp_journal_next(record->ledger->journal),
        .at = time(NULL),
        .run = record->run,
        .op = "source",
        .input = id,
        .after = record->after,
    };
    imp_journal_take(record->ledger->journal);
    return true;
}

static struct imp_audit_entry line_of(const struct imp_record *record,
                                      const struct imp_result *r,
                                      const struct imp_input_row *row,
                                      int64_t id)
{
    bool in_archive = is_in_archive(r);
    return (struct imp_audit_entry){
        .seq = row->seq,
        .at = row->at,
        .run = row->run,
        .op = "image",
        .input = id,
        .outcome = imp_outcome_name(r->outcome),
        .after = row->after,
        .code = in_archive ? NULL : imp_code_name(r->err.code),
        .object = in_archive ? &r->digest : NULL,
        .format = r->format,
        .route = r->route,
        .removed = r->removed,
        .policy = record->policy,
    };
}

static bool bind_key(const struct imp_record *record, struct imp_err *err)
{
    struct imp_terms terms = record->terms;
    terms.shift[0] = '\0'; // no dates were put back for want of a subject
    return imp_ledger_bind_terms(record->ledger, &terms, err);
}

bool imp_row_of_subject(const struct imp_record *record, struct imp_result *r,
                        struct imp_err *err)
{
    static const char *const why[] = {
        [IMP_CODE_OTHER] = "the subject has another code in the ledger: see "
                           "imgpipe crosswalk",
        [IMP_CODE_OTHERS] = "the subject's code is that of another subject in "
                            "the ledger, or its key",
    };
    const struct imp_coded coded = {r->subject, r->code, r->made_code};
    enum imp_coding says;
    if (!r->subject)
        return !r->keyed || bind_key(record, err);
    if (!imp_ledger_put_subject(record->ledger, &coded, &says, err))
        return false;
    if (says == IMP_CODE_FITS)
        return imp_ledger_bind_terms(record->ledger, &record->terms, err);
    r->outcome = IMP_FAILED;
    imp_fail(&r->err, IMP_ERR_CONFIG, "%s", why[says]);
    return true;
}

bool imp_row_of_result(const struct imp_record *record, struct imp_result *r,
                       struct imp_audit_entry *line, struct imp_err *err)
{
    struct imp_object_row object = {0};
    *line = (struct imp_audit_entry){0};
    if (r->outcome == IMP_SKIPPED && r->skip)
        return note_leaving(record, r, line, err);
    if (is_in_archive(r) && !imp_row_of_subject(record, r, err))
        return false;
    if (is_in_archive(r)) {
        if (!imp_ledger_find_object(record->ledger, r->name, &object, err))
            return false;
        if (!object.found || !imp_digest_same(&object.digest, &r->digest)) {
            r->outcome = IMP_FAILED;
            imp_fail(&r->err, IMP_ERR_IO,
                     "the image that this is a duplicate of has failed");
        }
    }
    struct imp_input_row row = {
        .run = record->run,
        .object = object.id,
        .after = is_in_archive(r) ? record->after : NULL,
        .seq = imp_journal_next(record->ledger->journal),
        .at = time(NULL)};
    int64_t id;
    if (!imp_ledger_put_input(record->ledger, &row, r, &id, err))
        return false;
    if (id) {
        *line = line_of(record, r, &row, id);
        imp_journal_take(record->ledger->journal);
    }
    return true;
}
