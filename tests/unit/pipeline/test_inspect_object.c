#include "deid/secret.h"
#include "dicom/write.h"
#include "pipeline/inspect.h"

#include <criterion/criterion.h>
#include <string.h>

static struct imp_err err;
static struct imp_policy *policy;
static struct imp_clean_rules rules;
static struct imp_inspector *inspector;
static struct imp_buf object;

static const struct imp_dcm_encoding explicit_little = {true, false};

static void put(uint32_t tag, enum imp_dcm_vr vr, const char *text)
{
    cr_assert(imp_dcm_put_text(&object, explicit_little, tag, vr, text, &err));
}

// A data set of one CT slice without its pixels, behind a preamble.
static void set_up(void)
{
    policy = imp_policy_load("strict", &err);
    cr_assert(policy, "%s", err.msg);
    rules = imp_clean_rules_of(policy, &(struct imp_clean_rules){0});
    inspector = imp_inspector_new(policy, &rules, &err);
    cr_assert(inspector, "%s", err.msg);
    cr_assert(imp_buf_add(&object, (uint8_t[128]){0}, 128, &err));
    cr_assert(imp_buf_add(&object, "DICM", 4, &err));
    put(0x00020010, IMP_DCM_UI, "1.2.840.10008.1.2.1");
    put(0x00080016, IMP_DCM_UI, "1.2.840.10008.5.1.4.1.1.2");
    put(0x00080018, IMP_DCM_UI, "1.2.3.4");
    put(0x00080050, IMP_DCM_SH, "");
    put(0x00080060, IMP_DCM_CS, "CT");
    put(0x00100010, IMP_DCM_PN, "Doe^Jane");
    put(0x0020000D, IMP_DCM_UI, "1.2.3");
    put(0x0020000E, IMP_DCM_UI, "1.2.3.5");
}

static void tear_down(void)
{
    imp_buf_clear(&object);
    imp_inspector_free(inspector);
    imp_policy_free(policy);
}

TestSuite(inspect_object, .init = set_up, .fini = tear_down, .timeout = 60);

static struct imp_inspection look(struct imp_span in)
{
    struct imp_inspection i;
    imp_inspector_look(inspector, in, &i);
    return i;
}

static const struct imp_inspected_element *
element_of(const struct imp_inspection *i, const char *path)
{
    for (size_t e = 0; e < i->n_elements; e++)
        if (strcmp(i->element[e].path, path) == 0)
            return &i->element[e];
    return NULL;
}

// What a run would make of it.
static void clean(struct imp_cleaner *c, struct imp_buf *out)
{
    const struct imp_deid_subject subject = {.secret =
                                                 imp_secret_for_looking()};
    struct imp_span in = imp_buf_span(&object), made;
    imp_cleaner_start(c, &subject);
    cr_assert(imp_cleaner_clean(c, imp_cleaner_format(in, &err), in,
                                IMP_CHECK_CODED, &made, &err),
              "%s", err.msg);
    cr_assert(imp_buf_add(out, made.p, made.n, &err));
    imp_cleaner_end(c);
}

Test(inspect_object, elements_are_told_without_a_key)
{
    struct imp_inspection i = look(imp_buf_span(&object));
    cr_assert_eq(i.outcome, IMP_ARCHIVED, "%s", i.err.msg);
    cr_expect_not(i.clean);
    cr_expect_str_eq(i.dicom.syntax, "Explicit VR Little Endian");
    cr_expect_str_eq(i.dicom.sop_class, "1.2.840.10008.5.1.4.1.1.2");
    const struct imp_inspected_element *e = element_of(&i, "(0010,0010)");
    cr_assert(e);
    cr_expect_str_eq(e->keyword, "PatientName");
    cr_expect_str_eq(e->vr, "PN");
    cr_expect_str_eq(e->fate, "emptied");
    cr_expect_str_eq(e->action, "Z");
    cr_expect_str_eq(e->value, "Doe^Jane");
    cr_expect_null(e->option);
    cr_assert(element_of(&i, "(0020,000D)"));
    cr_expect_str_eq(element_of(&i, "(0020,000D)")->fate, "new UID");
    cr_assert(element_of(&i, "(0012,0062)"));
    cr_expect_str_eq(element_of(&i, "(0012,0062)")->fate, "added");
}

Test(inspect_object, what_stays_or_is_empty_already_is_not_told)
{
    struct imp_inspection i = look(imp_buf_span(&object));
    cr_expect_null(element_of(&i, "(0008,0060)"));
    cr_expect_null(element_of(&i, "(0008,0016)"));
    cr_expect_null(element_of(&i, "(0008,0050)"));
}

Test(inspect_object, what_a_run_has_made_is_clean_until_somebody_adds_to_it)
{
    struct imp_buf made = {0};
    struct imp_cleaner *c = imp_cleaner_new(policy, &rules, &err);
    cr_assert(c, "%s", err.msg);
    clean(c, &made);
    struct imp_inspection i = look(imp_buf_span(&made));
    cr_expect_eq(i.outcome, IMP_ARCHIVED, "%s", i.err.msg);
    cr_expect(i.clean);
    cr_expect_eq(i.n_elements, 0);
    cr_expect_eq(i.bytes_out, made.n);
    cr_assert(imp_dcm_put_text(&made, explicit_little, 0x00324000, IMP_DCM_LT,
                               "Jane", &err));
    i = look(imp_buf_span(&made));
    cr_expect_not(i.clean);
    cr_expect(element_of(&i, "(0032,4000)"));
    imp_cleaner_free(c);
    imp_buf_clear(&made);
}

Test(inspect_object, one_object_leaves_nothing_to_the_next)
{
    size_t n = look(imp_buf_span(&object)).n_elements;
    struct imp_inspection i = look(imp_buf_span(&object));
    cr_expect_eq(i.n_elements, n);
    cr_assert(element_of(&i, "(0010,0010)"));
    cr_expect_eq(element_of(&i, "(0010,0010)")->count, 1);
    i = look((struct imp_span){(const uint8_t *)"", 0});
    cr_expect_eq(i.n_elements, 0);
    cr_expect_null(i.dicom.syntax);
}

Test(inspect_object, a_sop_class_that_is_not_the_standards_is_not_told)
{
    struct imp_inspected_object o;
    uint8_t *p = memmem(object.p, object.n, "1.2.840.10008.5", 15);
    cr_assert(p);
    memcpy(p, "1.2.840.11008.5", 15);
    imp_inspect_object(imp_buf_span(&object), &o);
    cr_expect_str_eq(o.syntax, "Explicit VR Little Endian");
    cr_expect_str_empty(o.sop_class);
}
