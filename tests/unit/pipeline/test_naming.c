#include "pipeline/naming.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define STUDY "2.25.111111111111111111111111111111111111"
#define SERIES "2.25.222"
#define INSTANCE "2.25.5316911983139663491615228241121378303"

static const char *const uids[] = {STUDY, SERIES, INSTANCE};
static const char *const none[IMP_DEID_UIDS];

// Of the bytes "abc", or the error, until the next call.
static const char *made(const char *code, const char *const uid[],
                        const char *ext)
{
    static char said[400];
    char name[IMP_NAME_MAX];
    struct imp_err err = {0};
    struct imp_digest abc;
    cr_assert(imp_sha256_of("abc", 3, &abc, NULL));
    if (imp_name_make(code, uid, &abc, ext, name, &err))
        return strcpy(said, name);
    cr_expect_eq(err.code, IMP_ERR_CONFIG);
    snprintf(said, sizeof said, "! %s", err.msg);
    return said;
}

#define BY_DIGEST "ba/78/ba7816bf8f01cfea414140de5dae2223"

Test(naming, an_image_is_called_by_its_digest)
{
    cr_expect_str_eq(made("", none, "jpg"), BY_DIGEST ".jpg");
    cr_expect_str_eq(made("T7-A01", none, "png"), "T7-A01/" BY_DIGEST ".png");
}

Test(naming, a_dicom_object_is_called_by_its_uids)
{
    cr_expect_str_eq(made("", uids, "dcm"),
                     STUDY "/" SERIES "/" INSTANCE ".dcm");
    cr_expect_str_eq(made("T7-A01", uids, "dcm"),
                     "T7-A01/" STUDY "/" SERIES "/" INSTANCE ".dcm");
}

Test(naming, without_one_of_its_uids_it_is_called_by_its_digest)
{
    for (int i = 0; i < IMP_DEID_UIDS; i++) {
        const char *some[IMP_DEID_UIDS];
        memcpy(some, uids, sizeof some);
        some[i] = NULL;
        cr_expect_str_eq(made("T7-A01", some, "dcm"),
                         "T7-A01/" BY_DIGEST ".dcm");
    }
}

Test(naming, a_uid_that_leads_elsewhere_is_refused_by_name)
{
    static const char *const wrong[] = {"1/2", "..", "", "1:2", "1\n2"};
    static const char *const fields[] = {"study", "series", "instance"};
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++)
        for (int i = 0; i < IMP_DEID_UIDS; i++) {
            const char *some[IMP_DEID_UIDS];
            char want[30];
            memcpy(some, uids, sizeof some);
            some[i] = wrong[w];
            snprintf(want, sizeof want, "! name: {%s}: ", fields[i]);
            const char *said = made("A", some, "dcm");
            cr_expect(strncmp(said, want, strlen(want)) == 0, "%s", said);
        }
    static const char *const dot[] = {"1.", "2", "3"};
    cr_expect_str_eq(made("A", dot, "dcm"),
                     "! name: a part of the name ends in a dot or a blank, "
                     "which Windows drops");
}

Test(naming, a_code_that_is_no_directory_is_refused)
{
    cr_expect_str_eq(made("a0", none, "png"),
                     "! the code is called as a directory of images without a "
                     "subject: want another, or --name");
    cr_expect_str_eq(made("CON", uids, "dcm"),
                     "! name: {subject}: a part of the name is reserved on "
                     "Windows");
    cr_expect_str_eq(made("a0b", none, "png"), "a0b/" BY_DIGEST ".png");
}

// A UID has 64 characters at most, and a code 200.
Test(naming, a_name_that_is_too_long_is_refused)
{
    char code[201];
    memset(code, 'c', 200);
    size_t rest = strlen("/" STUDY "/" SERIES "/" INSTANCE ".dcm");
    code[255 - rest] = '\0';
    cr_expect_eq(strlen(made(code, uids, "dcm")), 255);
    memset(code, 'c', 200);
    code[256 - rest] = '\0';
    cr_expect_str_eq(made(code, uids, "dcm"),
                     "! name of 256 bytes: want 255 at most");
}

// --- Fields ---

static const char *field(void *self, const char *name)
{
    return imp_uid_field(self, name);
}

static bool has_uids(const char *text, const char **uid)
{
    const struct imp_more_fields more = {.any = true};
    const struct imp_values values = {.other = field, .self = uid};
    struct imp_err err = {0};
    struct imp_template *t = imp_template_new(text, &more, &err);
    cr_assert(t, "%s", err.msg);
    bool has = imp_name_has_uids(t, &values);
    imp_template_free(t);
    return has;
}

Test(naming, each_field_is_its_uid_and_others_are_none)
{
    cr_expect_str_eq(imp_uid_field(uids, "study"), STUDY);
    cr_expect_str_eq(imp_uid_field(uids, "series"), SERIES);
    cr_expect_str_eq(imp_uid_field(uids, "instance"), INSTANCE);
    cr_expect_null(imp_uid_field(uids, "subject"));
    cr_expect_null(imp_uid_field(none, "study"));
}

Test(naming, a_template_of_uids_is_for_what_has_them)
{
    const char *some[] = {STUDY, NULL, NULL}, *no[IMP_DEID_UIDS] = {0};
    cr_expect(has_uids("{study}/{digest}.{ext}", some));
    cr_expect_not(has_uids("{study}/{instance}.{ext}", some));
    cr_expect_not(has_uids("{series:4}", some));
    cr_expect_not(has_uids("{study}", no));
    cr_expect(has_uids("{subject}/study-{digest}", no));
}
