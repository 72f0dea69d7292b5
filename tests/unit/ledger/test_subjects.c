#include "opened.h"

#include "ledger/row.h"
#include "ledger/subjects.h"

TestSuite(subjects, .init = set_up, .fini = tear_down, .timeout = 60);

static enum imp_coding put_code(const char *subject, const char *code,
                                bool made)
{
    struct imp_err err = {0};
    const struct imp_coded coded = {subject, code, made};
    enum imp_coding says = IMP_CODE_FITS;
    cr_assert(imp_ledger_begin(ledger, &err), "%s", err.msg);
    cr_assert(imp_ledger_put_subject(ledger, &coded, &says, &err), "%s",
              err.msg);
    cr_assert(imp_ledger_commit(ledger, &err), "%s", err.msg);
    return says;
}

static const char *rows(void)
{
    return judge("SELECT subject, code, made FROM subjects ORDER BY subject");
}

Test(subjects, a_subject_has_one_code)
{
    cr_expect_eq(put_code("1001", "A", true), IMP_CODE_FITS);
    cr_expect_eq(put_code("1001", "A", true), IMP_CODE_FITS);
    cr_expect_eq(put_code("1001", "B", true), IMP_CODE_OTHER);
    cr_expect_eq(put_code("1001", "B", false), IMP_CODE_OTHER);
    cr_expect_str_eq(rows(), "1001|A|1\n");
}

Test(subjects, a_made_code_is_of_one_subject)
{
    cr_expect_eq(put_code("1001", "A", true), IMP_CODE_FITS);
    cr_expect_eq(put_code("1002", "A", true), IMP_CODE_OTHERS);
    cr_expect_eq(put_code("1003", "A", false), IMP_CODE_OTHERS);
    cr_expect_eq(put_code("1004", "B", false), IMP_CODE_FITS);
    cr_expect_eq(put_code("1005", "B", true), IMP_CODE_OTHERS);
    cr_expect_str_eq(rows(), "1001|A|1\n1004|B|0\n");
}

Test(subjects, what_somebody_has_said_may_be_two_names_of_one_person)
{
    cr_expect_eq(put_code("1001", "A", false), IMP_CODE_FITS);
    cr_expect_eq(put_code("old 1001", "A", false), IMP_CODE_FITS);
    cr_expect_str_eq(rows(), "1001|A|0\nold 1001|A|0\n");
}

Test(subjects, a_subject_is_found_by_its_key)
{
    char code[IMP_CODE_ROOM];
    bool found, made;
    put_code("M\xc3\xbcller", "A", true);
    put_code("1002", "B", false);
    cr_assert(
        imp_ledger_subject(ledger, "M\xc3\xbcller", &found, code, &made, NULL));
    cr_expect(found && made);
    cr_expect_str_eq(code, "A");
    cr_assert(imp_ledger_subject(ledger, "1002", &found, code, &made, NULL));
    cr_expect(found && !made);
    cr_assert(imp_ledger_subject(ledger, "100", &found, code, &made, NULL));
    cr_expect_not(found);
}

// --- Import ---

static bool tell(void *self, imp_coded_fn fn, void *fn_self,
                 struct imp_err *err)
{
    for (const struct imp_coded *c = self; c->subject; c++)
        if (!fn(fn_self, c, err))
            return false;
    return true;
}

Test(subjects, an_import_is_all_or_nothing)
{
    struct imp_err err = {0};
    struct imp_coded good[] = {{"1", "A", false}, {"2", "B", false}, {0}};
    struct imp_coded bad[] = {{"3", "C", false}, {"1", "D", false}, {0}};
    cr_expect(imp_ledger_import_subjects(ledger, tell, good, &err), "%s",
              err.msg);
    cr_expect_not(imp_ledger_import_subjects(ledger, tell, bad, &err));
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    cr_expect_str_eq(err.msg, "the ledger has another code for the subject");
    cr_expect_str_eq(rows(), "1|A|0\n2|B|0\n");
    cr_expect(imp_ledger_import_subjects(ledger, tell, good, &err));
}

static bool note(void *self, const struct imp_coded *c, struct imp_err *err)
{
    char *all = self;
    (void)err;
    strcat(strcat(strcat(all, c->subject), "="), c->code);
    strcat(all, c->made ? "! " : " ");
    return true;
}

Test(subjects, are_told_in_the_order_of_their_keys)
{
    char all[200] = "";
    put_code("b", "1", true);
    put_code("a", "2", false);
    put_code("B", "3", false);
    cr_assert(imp_ledger_each_subject(ledger, note, all, NULL));
    cr_expect_str_eq(all, "B=3 a=2 b=1! ");
}

Test(subjects, a_code_is_nobodys_key_whichever_came_first)
{
    cr_expect_eq(put_code("dotty", "X", false), IMP_CODE_FITS);
    cr_expect_eq(put_code("bob", "DOTTY", false), IMP_CODE_OTHERS);
    cr_expect_eq(put_code("cem", "dora", false), IMP_CODE_FITS);
    cr_expect_eq(put_code("Dora", "Y", false), IMP_CODE_OTHERS);
    cr_expect_eq(put_code("dor", "Z", true), IMP_CODE_FITS);
}

Test(subjects, codes_that_differ_in_case_or_coding_are_not_of_two_subjects)
{
    cr_expect_eq(put_code("1001", "p\xc3\xa9", false), IMP_CODE_FITS);
    cr_expect_eq(put_code("1002", "p\xc3\xa9", false), IMP_CODE_FITS);
    cr_expect_eq(put_code("1003", "P\xc3\xa9", false), IMP_CODE_OTHERS);
    cr_expect_eq(put_code("1004", "pe\xcc\x81", false), IMP_CODE_OTHERS);
    cr_expect_eq(put_code("1005", "P\xc3\x89", true), IMP_CODE_OTHERS);
    cr_expect_eq(put_code("1006", "pe", false), IMP_CODE_FITS);
}

// --- The terms ---

static bool fits(const char *key, const char *shift)
{
    struct imp_err err = {0};
    struct imp_terms terms = {"", ""};
    strcpy(terms.key, key);
    strcpy(terms.shift, shift);
    bool ok = imp_ledger_check_terms(ledger, &terms, &err);
    cr_expect(ok || err.code == IMP_ERR_CONFIG);
    cr_expect_eq(imp_ledger_bind_terms(ledger, &terms, NULL), ok);
    return ok;
}

Test(subjects, a_ledger_is_held_to_its_key)
{
    cr_expect(fits("", ""));
    cr_expect(fits("0123", ""));
    cr_expect(fits("0123", ""));
    cr_expect_not(fits("0124", ""));
    cr_expect(fits("", ""));
}

Test(subjects, a_ledger_is_held_to_how_far_dates_go_back)
{
    struct imp_terms now;
    cr_expect(fits("0123", ""));
    cr_expect(fits("0123", "1-365"));
    cr_expect_not(fits("0123", "1-30"));
    cr_expect(fits("0123", "")); // it shifts no dates
    cr_assert(imp_ledger_terms(ledger, &now, NULL));
    cr_expect_str_eq(now.key, "0123");
    cr_expect_str_eq(now.shift, "1-365");
}

static const struct imp_terms *after(struct imp_result *r)
{
    static struct imp_terms now;
    struct imp_err err = {0};
    const struct imp_record record = {.ledger = ledger,
                                      .terms = {"0123", "1-365"}};
    cr_assert(imp_ledger_begin(ledger, &err), "%s", err.msg);
    cr_assert(imp_row_of_subject(&record, r, &err), "%s", err.msg);
    cr_assert(imp_ledger_commit(ledger, &err), "%s", err.msg);
    cr_assert(imp_ledger_terms(ledger, &now, NULL));
    return &now;
}

Test(subjects, a_ledger_is_held_to_what_images_have_been_made_by)
{
    struct imp_result r = {.outcome = IMP_ARCHIVED};
    cr_expect_str_eq(after(&r)->key, "");
    r.keyed = true; // no dates were put back for want of a subject
    cr_expect_str_eq(after(&r)->key, "0123");
    cr_expect_str_eq(after(&r)->shift, "");
    r = (struct imp_result){
        .outcome = IMP_ARCHIVED, .subject = "1001", .code = "A"};
    cr_expect_str_eq(after(&r)->shift, "1-365");
}
