// Which objects may go on, and which have code 113101: PS3.15 E.3.1.
#include "deid/dicom_burned.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(dicom_burned_check, .timeout = 10);

static struct imp_dicom_survey survey;
static struct imp_dicom_policy policy;
static struct imp_err err;
static bool cleaned;

// What the rules say.
static struct {
    bool covered, redacts, fails;
    unsigned asked;
    struct imp_deid_picture picture;
} rules;

static bool find(void *self, const struct imp_deid_picture *picture,
                 bool *covered, bool *redacts, struct imp_err *why)
{
    cr_expect_eq(self, &rules);
    rules.asked++;
    rules.picture = *picture;
    *covered = rules.covered;
    *redacts = rules.redacts;
    return !rules.fails || imp_fail(why, IMP_ERR_LIMIT, "too many");
}

static const struct imp_deid_redactor redactor = {&rules, find};

static bool check(void)
{
    err = (struct imp_err){0};
    cleaned = false;
    return imp_dicom_burned_check(&survey, &policy, &redactor, &cleaned, &err);
}

static void expect_refused(const char *want)
{
    cr_expect_not(check(), "%s", want);
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    cr_expect(strstr(err.msg, want), "%s, want %s", err.msg, want);
}

static void of(const char *modality)
{
    survey = (struct imp_dicom_survey){.has_pixels = true};
    strcpy(survey.modality, modality);
}

Test(dicom_burned_check, a_picture_that_may_have_a_name_in_it_wants_a_rule)
{
    of("US");
    expect_refused("(ultrasound): want a rule of --redact-rules for it, or a "
                   "policy with burned-in = allow");
    rules.covered = rules.redacts = true;
    cr_expect(check(), "%s", err.msg);
    cr_expect(cleaned);
    rules.redacts = false; // known to be clean
    cr_expect(check(), "%s", err.msg);
    cr_expect(cleaned);
}

Test(dicom_burned_check, what_the_policy_allows_passes_but_is_not_called_clean)
{
    of("US");
    policy.burned_in_allowed = true;
    cr_expect(check(), "%s", err.msg);
    cr_expect_not(cleaned);
}

Test(dicom_burned_check,
     that_nothing_is_burned_in_is_not_believed_against_the_object)
{
    of("CT");
    strcpy(survey.burned_in, "YES");
    expect_refused("((0028,0301) says so): want a rule");
    rules.covered = true;
    expect_refused("the rule of --redact-rules that nothing is: want "
                   "rectangles");
    policy.burned_in_allowed = true;
    cr_expect(check(), "%s", err.msg);
    cr_expect_not(cleaned);
    rules.redacts = true;
    cr_expect(check(), "%s", err.msg);
    cr_expect(cleaned);
}

Test(dicom_burned_check, other_pictures_need_no_rule_but_may_have_one)
{
    of("CT");
    cr_expect(check(), "%s", err.msg);
    cr_expect_not(cleaned);
    rules.covered = true;
    cr_expect(check(), "%s", err.msg);
    cr_expect(cleaned);
}

Test(dicom_burned_check, by_the_option_every_picture_needs_one)
{
    of("CT");
    policy.clean_pixels = true;
    expect_refused("option clean-pixel-data wants a rule");
    policy.burned_in_allowed = true;
    expect_refused("option clean-pixel-data wants a rule");
    of("US");
    expect_refused("(ultrasound): want a rule of --redact-rules for it");
    cr_expect_not(strstr(err.msg, "allow"), "%s", err.msg);
    rules.covered = true;
    cr_expect(check(), "%s", err.msg);
    cr_expect(cleaned);
    strcpy(survey.burned_in, "YES");
    expect_refused("want rectangles");
}

Test(dicom_burned_check,
     without_pixels_nothing_is_asked_and_nothing_was_cleaned)
{
    of("SR");
    survey.has_pixels = false;
    policy.clean_pixels = true;
    rules.covered = rules.redacts = true;
    cr_expect(check(), "%s", err.msg);
    cr_expect_not(cleaned);
    cr_expect_eq(rules.asked, 0);
}

Test(dicom_burned_check, no_rule_answers_for_a_document)
{
    of("DOC");
    survey.has_document = true;
    rules.covered = rules.redacts = true;
    expect_refused("(an encapsulated document): want a policy with burned-in "
                   "= allow");
    policy.burned_in_allowed = true;
    cr_expect(check(), "%s", err.msg);
}

Test(dicom_burned_check, the_rules_are_asked_about_what_the_object_says)
{
    of("US");
    strcpy(survey.manufacturer, "Maker");
    strcpy(survey.model, "Model");
    strcpy(survey.sop_class, "1.2");
    survey.rows = 600;
    survey.columns = 800;
    check();
    cr_expect_eq(rules.asked, 1);
    cr_expect_str_eq(rules.picture.manufacturer, "Maker");
    cr_expect_str_eq(rules.picture.model, "Model");
    cr_expect_str_eq(rules.picture.modality, "US");
    cr_expect_str_eq(rules.picture.sop_class, "1.2");
    cr_expect_eq(rules.picture.rows, 600);
    cr_expect_eq(rules.picture.columns, 800);
}

Test(dicom_burned_check, an_error_of_the_rules_is_told)
{
    of("CT");
    rules.fails = true;
    cr_expect_not(check());
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
}

Test(dicom_burned_check, without_rules_nobody_is_asked)
{
    of("CT");
    cr_expect(imp_dicom_burned_check(&survey, &policy, NULL, &cleaned, &err));
    cr_expect_not(cleaned);
}
