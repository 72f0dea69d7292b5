// The head of a DICOM file, as a reader of files finds it.
#include "image/dicom_meta.h"

#include "dicom/file.h"
#include "dicom/reader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define CT "1.2.840.10008.5.1.4.1.1.2"
#define INSTANCE "2.25.12345678901234567890123456789012345"
#define EXPLICIT "1.2.840.10008.1.2.1"

static const struct imp_dicom_meta meta = {CT, INSTANCE, EXPLICIT};
static struct imp_buf out;
static struct imp_err err;

static void clear(void)
{
    imp_buf_clear(&out);
}

TestSuite(dicom_meta, .fini = clear, .timeout = 20);

static void put(const struct imp_dicom_meta *of)
{
    cr_assert(imp_dicom_meta_put(&out, of, &err), "%s", err.msg);
}

// Each element of it: "0002,0001 OB 2 0001".
static const char *list(size_t from)
{
    static char told[2000];
    static const struct imp_dcm_encoding how = {true, false};
    struct imp_dcm_reader reader;
    struct imp_dcm_event e = {0};
    size_t n = 0;
    told[0] = 0;
    imp_dcm_reader_start(&reader, imp_buf_span(&out), from, out.n, how);
    while (imp_dcm_next(&reader, &e, &err) && e.kind == IMP_DCM_ELEMENT) {
        const uint8_t *value = out.p + e.at + e.header;
        n += (size_t)snprintf(told + n, sizeof told - n, "%08X %s %ju ", e.tag,
                              imp_dcm_vr_info(e.written)->name,
                              (uintmax_t)e.value);
        for (size_t i = 0; i < e.value; i++)
            n += (size_t)snprintf(
                told + n, sizeof told - n,
                value[i] > ' ' && value[i] < 0x7F ? "%c" : "\\%o", value[i]);
        n += (size_t)snprintf(told + n, sizeof told - n, "\n");
    }
    cr_expect_eq(e.kind, IMP_DCM_END, "%s", err.msg);
    return told;
}

// PS3.10 Table 7.1-1: Type 1, in order, each value even. Behind the length are
// 14 + 34 + 48 + 28 + 52 + 16 bytes.
Test(dicom_meta, it_has_what_must_be_there_and_says_nothing_else)
{
    put(&meta);
    cr_assert(imp_span_is_zero((struct imp_span){out.p, 128}));
    cr_assert(memcmp(out.p + 128, "DICM", 4) == 0);
    cr_expect_str_eq(
        list(132),
        "00020000 UL 4 \\300\\0\\0\\0\n"
        "00020001 OB 2 \\0\\1\n"
        "00020002 UI 26 " CT "\\0\n"
        "00020003 UI 40 " INSTANCE "\n"
        "00020010 UI 20 " EXPLICIT "\\0\n"
        "00020012 UI 44 2.25.213893406310746529218460837714862503197\n"
        "00020013 SH 8 IMGPIPE\\40\n",
        "%s", list(132));
}

Test(dicom_meta, a_file_that_begins_with_it_is_dicom)
{
    // (0008,0016) of the data set that follows.
    static const char element[] = "\x08\0\x16\0UI\x02\0001\0";
    struct imp_dcm_file file;
    put(&meta);
    size_t data_at = out.n;
    cr_assert(imp_buf_add(&out, element, sizeof element - 1, &err));
    cr_expect(imp_dcm_sniff(imp_buf_span(&out)));
    cr_assert(imp_dcm_file_read(imp_buf_span(&out), &file, &err), "%s",
              err.msg);
    cr_expect(file.preamble && file.meta && !file.length_lies && !file.guessed);
    cr_expect_eq(file.data_at, data_at);
    cr_expect_str_eq(file.syntax->uid, EXPLICIT);
}

Test(dicom_meta, the_same_object_has_the_same_head_behind_what_is_there)
{
    cr_assert(imp_buf_add(&out, "before", 6, &err));
    put(&meta);
    size_t n = out.n - 6;
    put(&meta);
    cr_assert_eq(out.n, 6 + 2 * n);
    cr_expect(memcmp(out.p, "before", 6) == 0);
    cr_expect(memcmp(out.p + 6, out.p + 6 + n, n) == 0);
}

Test(dicom_meta, its_length_is_right_for_uids_of_any_length)
{
    char uid[66] = "1.";
    for (size_t n = 2; n <= 64; n++) {
        const struct imp_dicom_meta of = {uid, uid, EXPLICIT};
        struct imp_dcm_file file;
        out.n = 0;
        put(&of);
        cr_assert_eq(out.n % 2, 0);
        cr_assert(imp_dcm_file_read(imp_buf_span(&out), &file, &err), "%s",
                  err.msg);
        cr_expect(!file.length_lies, "UID of %zu", n);
        cr_expect_eq(file.data_at, out.n);
        uid[n] = '7';
        uid[n + 1] = 0;
    }
}

Test(dicom_meta, what_cannot_be_a_uid_does_not_fit)
{
    static char uid[0x10001];
    const struct imp_dicom_meta of = {CT, uid, EXPLICIT};
    memset(uid, '1', sizeof uid - 1);
    cr_expect(!imp_dicom_meta_put(&out, &of, &err));
    cr_expect_eq(err.code, IMP_ERR_LIMIT);
    cr_expect_eq(out.n, 0, "nothing is half written");
}
