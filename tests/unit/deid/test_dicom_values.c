// Values that stand for others.
#include "deid/dicom_profile.h"
#include "deid/dicom_values.h"
#include "dicom/dict.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct imp_span span_of(const char *bytes, size_t n)
{
    return (struct imp_span){(const uint8_t *)bytes, n};
}

static bool is(struct imp_span s, const char *want, size_t n)
{
    return s.n == n && memcmp(s.p, want, n) == 0;
}

// --- Dummies ---

#define EXPECT_DUMMY(tag, vr, want) \
    cr_expect(is(imp_dicom_dummy(tag, IMP_DCM_##vr), want, sizeof want - 1))

static size_t values_in(struct imp_span s, enum imp_dcm_vr vr)
{
    const struct imp_dcm_vr_info *info = imp_dcm_vr_info(vr);
    if (info->kind == IMP_DCM_KIND_NUMBER || info->kind == IMP_DCM_KIND_TAG)
        return s.n / (info->most ? info->most : info->unit);
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\\';
    return n;
}

Test(dicom_values, each_attribute_has_a_dummy_of_as_many_values_as_it_wants)
{
    const struct imp_dcm_attribute *a;
    size_t matrices = 0;
    for (size_t i = 0; (a = imp_dcm_row(i)); i++) {
        enum imp_dcm_vr vr = a->vr;
        struct imp_span dummy = imp_dicom_dummy(a->tag, vr);
        if (vr == IMP_DCM_SQ || vr == IMP_DCM_NONE) {
            cr_expect_eq(dummy.n, 0);
            continue;
        }
        cr_expect(dummy.n > 0 && dummy.n % 2 == 0, "%08X", a->tag);
        // A tag of (1000,xxx0) is that of a group length.
        if (imp_dcm_find(a->tag) == a)
            cr_expect_eq(values_in(dummy, vr), a->least ? a->least : 1, "%08X",
                         a->tag);
        matrices += a->least == 16;
    }
    cr_expect_gt(matrices, 0);
}

Test(dicom_values, each_vr_has_a_dummy_for_a_tag_that_ps3_6_does_not_have)
{
    for (enum imp_dcm_vr vr = IMP_DCM_AE; vr < IMP_DCM_VRS; vr++) {
        struct imp_span dummy = imp_dicom_dummy(0x00091001, vr);
        if (vr == IMP_DCM_SQ)
            continue;
        cr_expect(dummy.n > 0 && dummy.n % 2 == 0, "%d", vr);
        cr_expect_eq(dummy.n % imp_dcm_vr_info(vr)->unit, 0, "%d", vr);
        cr_expect_eq(values_in(dummy, vr), 1, "%d", vr);
    }
}

Test(dicom_values, a_dummy_says_that_something_was_removed_or_is_neutral)
{
    EXPECT_DUMMY(0x00100010, PN, "REMOVED ");
    EXPECT_DUMMY(0x0040A123, PN, "REMOVED ");
    EXPECT_DUMMY(0x21000140, AE, "REMOVED ");
    EXPECT_DUMMY(0x00080023, DA, "19000101");
    EXPECT_DUMMY(0x00080033, TM, "000000");
    EXPECT_DUMMY(0x0008002A, DT, "19000101000000");
    EXPECT_DUMMY(0x0072005F, AS, "000Y");
    EXPECT_DUMMY(0x00160072, DS, "0 \\0\\0"); // GPS Latitude
    EXPECT_DUMMY(0x00420011, OB, "\0\0");
    EXPECT_DUMMY(0x00160075, US, "\0\0");
    EXPECT_DUMMY(0x00400051, FD, "\0\0\0\0\0\0\0\0");
}

Test(dicom_values, a_code_string_with_values_of_its_own_gets_one_of_them)
{
    EXPECT_DUMMY(0x04000565, CS, "COERCE");
    EXPECT_DUMMY(0x00100040, CS, "O ");
    EXPECT_DUMMY(0x00080008, CS, "REMOVED \\REMOVED"); // Image Type, 2-n
}

// Who adds a row to the profile, or a value to this file, learns of it.
Test(dicom_values, no_row_of_the_profile_wants_a_code_that_nobody_looked_up)
{
    const struct imp_dicom_rule *r;
    for (size_t i = 0; (r = imp_dicom_rule_row(i)); i++) {
        const struct imp_dcm_attribute *a = imp_dcm_find(r->tag);
        if (a && a->vr == IMP_DCM_CS && r->basic == IMP_DICOM_D)
            cr_expect_eq(r->tag, 0x04000565);
    }
}

// --- Numbers ---

Test(dicom_values, numbers_are_told_from_what_is_written_with_their_letters)
{
    static const char *const number[] = {
        "",        "0",
        "-12.5",   "+1e-3",
        " 1,5 ",   "1.",
        ".5",      "1E+10",
        "1\\\\2 ", "1\\-2.0",
        "\t7\t",   "20240229",
        " \\ ",    "000012345678901234567890.123456789"};
    static const char *const none[] = {
        "1.2.840.113", "12.03.1970", "1970-03-12", "1\\1.2.3", "1 2",   "-",
        ".",           "e5",         "1e",         "1e+",      "1e5.0", "--1",
        "1-",          "Jane",       "1.5x",       "\x80"};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        cr_expect(imp_dicom_is_decimal(span_of(number[i], strlen(number[i]))),
                  "%s", number[i]);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        cr_expect_not(imp_dicom_is_decimal(span_of(none[i], strlen(none[i]))),
                      "%s", none[i]);
    cr_expect(imp_dicom_is_decimal(span_of("7\0", 2)));
    cr_expect_not(imp_dicom_is_decimal(span_of("7\0 8", 4)));
}

// --- Dates ---

static void expect_shift(enum imp_dcm_vr vr, struct imp_span value,
                         int32_t days, struct imp_span want)
{
    struct imp_buf out = {0};
    struct imp_err err = {0};
    cr_assert(imp_buf_add(&out, "+", 1, &err)); // of odd length
    cr_assert(imp_dicom_shift(vr, value, days, &out, &err));
    cr_expect(out.n == want.n + 1 && memcmp(out.p + 1, want.p, want.n) == 0,
              "%.*s: %.*s; want %.*s", (int)value.n, value.p, (int)out.n, out.p,
              (int)want.n, want.p);
    imp_buf_clear(&out);
}

#define EXPECT_SHIFT(vr, bytes, days, want)                            \
    expect_shift(IMP_DCM_##vr, span_of(bytes, sizeof bytes - 1), days, \
                 span_of(want, sizeof want - 1))

Test(dicom_values, a_date_goes_by_the_calendar)
{
    EXPECT_SHIFT(DA, "20240301", -1, "20240229");
    EXPECT_SHIFT(DA, "20230301", -1, "20230228");
    EXPECT_SHIFT(DA, "20260101", -36525, "19260101");
    EXPECT_SHIFT(DA, " 20261231 ", 1, "20270101");
    EXPECT_SHIFT(DA, "20261231\0", 0, "20261231");
}

Test(dicom_values, times_fractions_and_zones_stay)
{
    EXPECT_SHIFT(DT, "20240301", -1, "20240229");
    EXPECT_SHIFT(DT, "20240301235960.123456+0130", -1,
                 "20240229235960.123456+0130");
    EXPECT_SHIFT(DT, "2024030112-0500", -1, "2024022912-0500 ");
    EXPECT_SHIFT(TM, "101502.5", -1, "101502.5");
    EXPECT_SHIFT(TM, "10:15:02", -1, "10:15:02");
    EXPECT_SHIFT(TM, "1015", -1, "1015");
    EXPECT_SHIFT(AS, "042Y", -1, "042Y");
}

Test(dicom_values, many_values_and_empty_ones_keep_their_places)
{
    EXPECT_SHIFT(DA, "20240301\\\\20240302 \\", -1, "20240229\\\\20240301\\ ");
    EXPECT_SHIFT(DA, "", -1, "");
    EXPECT_SHIFT(DA, "  ", -1, "");
    expect_shift(IMP_DCM_DA, (struct imp_span){0}, -1, span_of("", 0));
}

Test(dicom_values, retired_forms_are_read)
{
    EXPECT_SHIFT(DA, "2024.03.01", -1, "20240229");
    EXPECT_SHIFT(DA, "20240301-20240302", -1, "20240229-20240301 ");
    EXPECT_SHIFT(DA, "20240301-", -1, "20240229- ");
    EXPECT_SHIFT(DA, "-2024.03.01", -1, "-20240229 ");
    EXPECT_SHIFT(DT, "2024030112-0500-2024030212", -1,
                 "2024022912-0500-2024030112");
    EXPECT_SHIFT(TM, "1015-1016", -1, "1015-1016 ");
}

Test(dicom_values, what_cannot_be_shifted_becomes_the_dummy)
{
    static const char *const none[] = {
        "20230229",   "00000101",   "2024",       "202403",
        "2024030",    "20240301x",  "2024-03-01", "2024.03-01",
        "2024x03.01", "2024/03/01", "2O240301",   "Doe^Jane",
        "-",          "20240301-x", "--20240301", "2024030120240301"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect_shift(IMP_DCM_DA, span_of(none[i], strlen(none[i])), -1,
                     span_of("19000101", 8));
    EXPECT_SHIFT(DA, "00010101", -1, "19000101");
    EXPECT_SHIFT(DA, "99991231", 1, "19000101");
    EXPECT_SHIFT(DA, "Doe\\20240301", -1, "19000101\\20240229 ");
}

Test(dicom_values, a_date_and_time_must_be_one_too)
{
    static const char *const none[] = {
        "2024",           "202403",           "2024030124",
        "202403011260",   "20240301121561",   "20240301121500.",
        "2024030112.5",   "202403011",        "20240301121500.1234567",
        "20240301+1500",  "20240301+0160",    "20240301+01",
        "20240301*0100",  "20240301Doe^Jane", "20240301 Jane",
        "20240301121500x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect_shift(IMP_DCM_DT, span_of(none[i], strlen(none[i])), -1,
                     span_of("19000101000000", 14));
}

Test(dicom_values, a_name_that_hides_as_a_time_or_an_age_goes)
{
    EXPECT_SHIFT(TM, "Doe", -1, "000000");
    EXPECT_SHIFT(TM, "10:15Doe", -1, "000000");
    EXPECT_SHIFT(TM, "10;15", -1, "000000");
    EXPECT_SHIFT(AS, "Jane", -1, "000Y");
    EXPECT_SHIFT(AS, "042", -1, "000Y");
    EXPECT_SHIFT(AS, "042X", -1, "000Y");
    EXPECT_SHIFT(AS, "042Years", -1, "000Y");
    EXPECT_SHIFT(LO, "Doe", -1, "REMOVED ");
}

static bool is_date(enum imp_dcm_vr vr, const char *value)
{
    return imp_dicom_is_date(vr, span_of(value, strlen(value)));
}

Test(dicom_values, dates_are_told_from_what_is_written_with_their_digits)
{
    static const struct {
        enum imp_dcm_vr vr;
        const char *value;
        bool is;
    } told[] = {{IMP_DCM_DA, "20240229", true},
                {IMP_DCM_DA, "", true},
                {IMP_DCM_DA, "20240229\\2024.03.01 ", true},
                {IMP_DCM_DA, "20230229", false},
                {IMP_DCM_DA, "4711", false},
                {IMP_DCM_DA, "1.3.6.1.4.1.99999.4711", false},
                {IMP_DCM_DA, "20240229\\4711", false},
                {IMP_DCM_DT, "20240229101500.5+0100", true},
                {IMP_DCM_DT, "2024", true},
                {IMP_DCM_DT, "202412-0500", true},
                {IMP_DCM_DT, "202413", false},
                {IMP_DCM_DT, "0000", false},
                {IMP_DCM_DT, "20241", false},
                {IMP_DCM_TM, "101500", true},
                {IMP_DCM_TM, "10:15", true},
                {IMP_DCM_TM, "2024", true},
                {IMP_DCM_TM, "4711", false},
                {IMP_DCM_AS, "042Y", true},
                {IMP_DCM_AS, "45Y", true},
                {IMP_DCM_AS, "Y", false},
                {IMP_DCM_AS, "45", false},
                {IMP_DCM_AS, "4711", false}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        cr_expect_eq(is_date(told[i].vr, told[i].value), told[i].is, "%s %s",
                     imp_dcm_vr_info(told[i].vr)->name, told[i].value);
}

Test(dicom_values, a_long_value_of_dashes_costs_no_time, .timeout = 5)
{
    enum { MANY = 1 << 20 };
    char *dashes = malloc(MANY);
    memset(dashes, '-', MANY);
    expect_shift(IMP_DCM_DT, span_of(dashes, MANY), -1,
                 span_of("19000101000000", 14));
    free(dashes);
}

// --- UIDs ---

static char *dir;
static struct imp_secret *secret;

static void set_up(void)
{
    struct imp_err err = {0};
    dir = tempdir_make();
    char *path = text("%s/trial.key", dir);
    cr_assert(imp_secret_make(path, &err), "%s", err.msg);
    secret = imp_secret_load(path, &err);
    cr_assert(secret, "%s", err.msg);
}

static void tear_down(void)
{
    imp_secret_free(secret);
    tempdir_remove(dir);
}

TestSuite(dicom_reuid, .init = set_up, .fini = tear_down, .timeout = 30);

static struct imp_buf reuid(const char *bytes, size_t n)
{
    struct imp_buf out = {0};
    struct imp_err err = {0};
    struct imp_dicom_uids uids = {.secret = secret};
    cr_assert(imp_dicom_reuid(&uids, span_of(bytes, n), &out, &err));
    cr_expect_eq(out.n % 2, 0);
    cr_expect(imp_dicom_is_reuid(imp_buf_span(&out)));
    return out;
}

#define REUID(bytes) reuid(bytes, sizeof bytes - 1)

Test(dicom_reuid, one_that_is_remembered_is_the_same_as_one_that_is_made)
{
    struct imp_dicom_uids uids = {.secret = secret};
    struct imp_buf out = {0};
    struct imp_err err = {0};
    // Many more than are kept, each twice; and what has one as its beginning.
    for (int i = 0; i < 400; i++) {
        char uid[80];
        int n = snprintf(uid, sizeof uid, "1.2.3.%d", i / 2 % 150);
        if (i % 3 == 0)
            memcpy(uid + n, "\0.9", 3), n += 3;
        if (i % 5 == 0)
            n = snprintf(uid, sizeof uid, "1.2.%070d", i / 10);
        struct imp_buf fresh = reuid(uid, (size_t)n);
        out.n = 0;
        cr_assert(imp_dicom_reuid(&uids, span_of(uid, (size_t)n), &out, &err));
        cr_expect(out.n == fresh.n && memcmp(out.p, fresh.p, out.n) == 0, "%d",
                  i);
        imp_buf_clear(&fresh);
    }
    imp_buf_clear(&out);
}

static void expect_kept(const char *uid)
{
    struct imp_buf out = reuid(uid, strlen(uid));
    cr_expect(out.n >= strlen(uid) && memcmp(out.p, uid, strlen(uid)) == 0,
              "%s", uid);
    imp_buf_clear(&out);
}

static void expect_replaced(const char *uid)
{
    struct imp_buf out = reuid(uid, strlen(uid));
    cr_expect(out.n > 5 && memcmp(out.p, "2.25.", 5) == 0, "%s", uid);
    cr_expect_not(imp_dicom_is_reuid(span_of(uid, strlen(uid))), "%s", uid);
    imp_buf_clear(&out);
}

Test(dicom_reuid, what_the_standard_assigned_stays)
{
    expect_kept("1.2.840.10008.1.2");
    expect_kept("1.2.840.10008.5.1.4.1.1.77.1.5.8");
    expect_kept("1.2.840.10008.6.1.1500");
}

Test(dicom_reuid, what_it_did_not_assign_is_replaced)
{
    expect_replaced("1.2.276.0.7230010.3.1.4.1");
    expect_replaced("1.3.12.2.1107.5.9.1");
    expect_replaced("1.2.840.100080.1");
    expect_replaced("1.2.840.10008");
    expect_replaced("1.2.840.10008.");
    expect_replaced("1.2.840.10008.5..1");
    expect_replaced("1.2.840.10008.5.1.20180101");
    expect_replaced("1.2.840.10008.1.2.3.4.5.6.7.8.9.10");
    expect_replaced("1.2.840.10008.Doe^Jane");
    expect_replaced("1.2.840.10008.1/2");
    expect_replaced("Doe^Jane");
}

Test(dicom_reuid, padding_makes_no_other_uid_and_places_are_kept)
{
    struct imp_buf a = REUID("1.2.3"), b = REUID(" 1.2.3\0 "),
                   c = REUID("1.2.3\\\\1.2.840.10008.1.2\\1.2.3\0");
    size_t n = a.n && !a.p[a.n - 1] ? a.n - 1 : a.n;
    cr_assert_eq(b.n, a.n);
    cr_expect_arr_eq(a.p, b.p, a.n);
    cr_assert_geq(c.n, 2 * n + 20);
    cr_expect_arr_eq(c.p, a.p, n);
    cr_expect_arr_eq(c.p + n, "\\\\1.2.840.10008.1.2\\", 20);
    cr_expect_arr_eq(c.p + n + 20, a.p, n);
    imp_buf_clear(&a);
    imp_buf_clear(&b);
    imp_buf_clear(&c);
}

Test(dicom_reuid, nothing_stays_nothing)
{
    struct imp_buf a = REUID(""), b = REUID(" \0");
    cr_expect_eq(a.n, 0);
    cr_expect_eq(b.n, 0);
    cr_expect(imp_dicom_is_reuid((struct imp_span){0}));
}

Test(dicom_reuid, the_form_of_a_pseudonym_is_known)
{
    static const char *const form[] = {
        "2.25.0", "2.25.5316911983139663491615228241121378303",
        "2.25.1\\\\1.2.840.10008.1.2 "};
    static const char *const other[] = {
        "2.25.",
        "2.25",
        "2.25.1x",
        "2.25.1.2",
        "12.25.1",
        "2.25.1\\1.2.3",
        "2.25.53169119831396634916152282411213783031"};
    for (size_t i = 0; i < sizeof form / sizeof *form; i++)
        cr_expect(imp_dicom_is_reuid(span_of(form[i], strlen(form[i]))));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        cr_expect_not(imp_dicom_is_reuid(span_of(other[i], strlen(other[i]))),
                      "%s", other[i]);
}
