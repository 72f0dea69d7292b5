#include "lookup/subject.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct imp_subject_rule *rule(const char *spec)
{
    struct imp_err err = {0};
    struct imp_subject_rule *r = imp_subject_rule_new(spec, &err);
    cr_assert(r, "%s: %s", spec, err.msg);
    return r;
}

// The key that `spec` finds in `path`, or the error; until the next call.
static const char *key_of(const char *spec, const char *path)
{
    static char said[1000];
    struct imp_err err = {0};
    struct imp_buf key = {0};
    struct imp_subject_rule *r = rule(spec);
    if (imp_subject_of_path(r, path, &key, &err)) {
        cr_expect_eq(strlen((const char *)key.p), key.n);
        snprintf(said, sizeof said, "%s", (const char *)key.p);
    } else {
        cr_expect_eq(err.code, IMP_ERR_CONFIG);
        cr_expect_eq(key.n, 0);
        snprintf(said, sizeof said, "! %s", err.msg);
    }
    imp_buf_clear(&key);
    imp_subject_rule_free(r);
    return said;
}

static const char *tidy(const char *raw, size_t n)
{
    static char said[1000];
    struct imp_err err = {0};
    struct imp_buf key = {0};
    bool ok = imp_subject_tidy(
        "list", (struct imp_span){(const uint8_t *)raw, n}, &key, &err);
    snprintf(said, sizeof said, "%s%s", ok ? "" : "! ",
             ok ? (const char *)key.p : err.msg);
    imp_buf_clear(&key);
    return said;
}

Test(subject, by_name_the_first_group_or_the_one_called_subject)
{
    static const char *const row[][3] = {
        {"name:patient_(\\d+)_", "a/patient_1001_x.jpg", "1001"},
        {"name:(a)/patient_(?<subject>\\d+)_", "a/patient_1001_x.jpg", "1001"},
        {"name:^([^/]+)/", "p 7/b/c.jpg", "p 7"},
        {"name:(\\w+)\\.jpg$", "M\xc3\xbcller.jpg", "M\xc3\xbcller"},
        {"name:(?i)PAT(\\d)", "pat1.jpg", "1"},
        {"name:a:b(c)", "a:bc", "c"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_expect_str_eq(key_of(row[i][0], row[i][1]), row[i][2]);
}

Test(subject, what_does_not_match_names_the_rule_and_no_name)
{
    static const char *const row[][3] = {
        {"name:patient_(\\d+)_", "jane-doe.jpg",
         "! no subject: name:patient_(\\d+)_ does not match"},
        {"name:x|y(z)", "x.jpg", "! no subject: name:x|y(z) does not match"},
        {"name:(x)?(?<subject>y)?z", "xz",
         "! no subject: name:(x)?(?<subject>y)?z does not match"},
        {"name:(x*)y", "y", "! subject by name:(x*)y: the key is empty"},
        {"dir", "jane-doe.jpg", "! no subject: dir does not match"},
        {"dir:3", "a/b/jane.jpg", "! no subject: dir:3 does not match"},
        {"dir", "../up/jane.jpg", "! no subject: dir does not match"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_expect_str_eq(key_of(row[i][0], row[i][1]), row[i][2]);
    cr_expect(strstr(key_of("name:(.)", "M\xfcller"), "UTF-8"));
    cr_expect_null(strstr(key_of("name:(.)", "M\xfcller"), "ller"));
}

Test(subject, a_match_that_never_ends_is_given_up, .timeout = 20)
{
    char path[200];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    path[sizeof path - 2] = 'b';
    cr_expect(strstr(key_of("name:^((a|aa)+)+$", path), "limit"));
}

Test(subject, by_directory_its_level)
{
    static const char *const row[][3] = {
        {"dir", "1001/x.jpg", "1001"},
        {"dir:1", "1001/2026/x.jpg", "1001"},
        {"dir:2", "site-a/1001/x.jpg", "1001"},
        {"dir:2", "./site-a//1001/x.jpg", "1001"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_expect_str_eq(key_of(row[i][0], row[i][1]), row[i][2]);
}

Test(subject, rules_that_are_none)
{
    static const char *const wrong[] = {
        "",
        "name",
        "name:",
        "name:abc",
        "name:(",
        "nam:(x)",
        "dir:",
        "dir:0",
        "dir:-1",
        "dir:129",
        "dir:1x",
        "dir: 1",
        "exif",
        "exif:",
        "dicom",
        "dicom:",
        "list:",
        "list:2",
        "Name:(x)",
        "names:(x)",
        "dir:1 ",
        "name:(?<subject>x",
        "dir:99999999999999999999",
        "name:(?J)(?<subject>a)|(?<subject>b)",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct imp_err err = {0};
        cr_expect_null(imp_subject_rule_new(wrong[i], &err), "%s", wrong[i]);
        cr_expect_eq(err.code, IMP_ERR_CONFIG, "%s", wrong[i]);
    }
}

Test(subject, what_a_rule_is)
{
    struct imp_subject_rule *r = rule("exif:Artist");
    cr_expect_eq(imp_subject_rule_by(r), IMP_SUBJECT_BY_EXIF);
    cr_expect_str_eq(imp_subject_rule_tag(r), "Artist");
    cr_expect_str_eq(imp_subject_rule_spec(r), "exif:Artist");
    imp_subject_rule_free(r);
    r = rule("dicom:PatientID");
    cr_expect_eq(imp_subject_rule_by(r), IMP_SUBJECT_BY_DICOM);
    cr_expect_str_eq(imp_subject_rule_tag(r), "PatientID");
    imp_subject_rule_free(r);
    r = rule("list");
    cr_expect_eq(imp_subject_rule_by(r), IMP_SUBJECT_BY_LIST);
    cr_expect_null(imp_subject_rule_tag(r));
    imp_subject_rule_free(r);
}

Test(subject, a_key_has_one_form)
{
    cr_expect_str_eq(tidy("  1001\t", 7), "1001");
    cr_expect_str_eq(tidy("Mu\xcc\x88ller", 8), "M\xc3\xbcller");
    cr_expect_str_eq(tidy("M\xc3\xbcller", 7), "M\xc3\xbcller");
    cr_expect_str_eq(tidy("a b", 3), "a b");
    cr_expect_str_eq(tidy("\xC2\xA0"
                          "1001\xE2\x80\x8B",
                          9),
                     "1001");
}

Test(subject, what_is_no_key)
{
    char large[2000];
    memset(large, 'x', sizeof large);
    cr_expect_str_eq(tidy("", 0), "! subject by list: the key is empty");
    cr_expect_str_eq(tidy(NULL, 0), "! subject by list: the key is empty");
    cr_expect_str_eq(tidy(" \t ", 3), "! subject by list: the key is empty");
    cr_expect_str_eq(tidy("a\xff", 2),
                     "! subject by list: the key is not UTF-8");
    cr_expect_str_eq(tidy("a\0b", 3),
                     "! subject by list: the key is not UTF-8");
    cr_expect_str_eq(tidy("a\nb", 3),
                     "! subject by list: the key has a control character");
    cr_expect_str_eq(tidy("a\xc2\x85"
                          "b",
                          4),
                     "! subject by list: the key has a control character");
    cr_expect_eq(strlen(tidy(large, 255)), 255);
    cr_expect(strstr(tidy(large, 256), "too long"));
    cr_expect(strstr(tidy(large, 2000), "too long"));
}
