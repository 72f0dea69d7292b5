// Whole DICOM files, by an editor that keeps every element.
#include "image/dicom_edit.h"
#include "image/dicom_meta.h"
#include "image/format.h"

#include <criterion/criterion.h>

#define CT "1.2.840.10008.5.1.4.1.1.2"
#define CAPTURE "1.2.840.10008.5.1.4.1.1.7"
#define EXPLICIT "1.2.840.10008.1.2.1"

static bool keep(void *self, const struct imp_dcm_reader *reader,
                 const struct imp_dcm_event *e, enum imp_dicom_cut *cut,
                 struct imp_span *value, struct imp_err *err)
{
    (void)self, (void)reader, (void)e, (void)value, (void)err;
    *cut = IMP_DICOM_CUT_KEEP;
    return true;
}

static bool plan(struct imp_dicom_editor *self, struct imp_span in,
                 uint64_t data_at, const struct imp_dcm_syntax *syntax,
                 struct imp_dicom_plan *out, struct imp_err *err)
{
    (void)self, (void)in, (void)data_at, (void)syntax, (void)err;
    *out = (struct imp_dicom_plan){
        .decider = {.decide = keep}, .sop_class = CT, .sop_instance = "1.2.3"};
    return true;
}

// An element of text behind a head that has this class.
static bool cut(const char *class_of_head, struct imp_err *err)
{
    static const uint8_t element[] = "\x10\0\x10\0PN\2\0A ";
    const struct imp_dicom_meta meta = {class_of_head, "1.2.4", EXPLICIT};
    struct imp_dicom_editor editor = {plan};
    struct imp_job_image image = {.dicom = &editor,
                                  .limits = {1 << 20, 1 << 20, 0}};
    struct imp_buf in = {0};
    struct imp_cutlist cuts = {0};
    cr_assert(imp_dicom_meta_put(&in, &meta, err));
    cr_assert(imp_buf_add(&in, element, sizeof element - 1, err));
    bool ok = imp_format_cut(imp_format_called("dicom"), imp_buf_span(&in),
                             &image, &cuts, err);
    imp_cutlist_clear(&cuts);
    imp_buf_clear(&in);
    return ok;
}

TestSuite(fmt_dicom, .timeout = 20);

Test(fmt_dicom, a_head_of_another_class_than_its_data_set_is_refused)
{
    struct imp_err err = {0};
    cr_expect(cut(CT, &err), "%s", err.msg);
    cr_expect(cut(CT " ", &err), "%s", err.msg);
    cr_expect(cut("", &err), "%s", err.msg);
    cr_expect_not(cut(CAPTURE, &err));
    cr_expect_eq(err.code, IMP_ERR_DAMAGED);
    cr_expect(strstr(err.msg, "(0002,0002)"), "%s", err.msg);
    cr_expect_not(cut(CT ".1", &err));
}
