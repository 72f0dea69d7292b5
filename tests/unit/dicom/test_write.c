// Elements written anew: byte by byte, and as they are read back.
#include "dicom/write.h"

#include "made.h"

static struct imp_buf out;

static void clear(void)
{
    imp_buf_clear(&out);
}

TestSuite(dicom_write, .fini = clear, .timeout = 20);

static const struct imp_dcm_encoding implicit = {false, false},
                                     little = {true, false}, big = {true, true};

static struct imp_span span(const char *text)
{
    return (struct imp_span){(const uint8_t *)text, strlen(text)};
}

static void put(struct imp_dcm_encoding how, uint32_t tag_, enum imp_dcm_vr vr,
                struct imp_span value)
{
    cr_assert(imp_dcm_put(&out, how, tag_, vr, value, &why), "%s", why.msg);
}

static void expect_bytes(const void *want, size_t n)
{
    cr_assert_eq(out.n, n, "%zu bytes, want %zu", out.n, n);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(out.p[i], ((const uint8_t *)want)[i], "byte %zu: %02X", i,
                     out.p[i]);
    out.n = 0;
}

#define EXPECT_BYTES(want) expect_bytes(want, sizeof want - 1)

Test(dicom_write, a_header_is_as_its_encoding_has_it)
{
    put(implicit, 0x00100020, IMP_DCM_LO, span("AB"));
    EXPECT_BYTES("\x10\0\x20\0\2\0\0\0AB");
    put(little, 0x00100020, IMP_DCM_LO, span("AB"));
    EXPECT_BYTES("\x10\0\x20\0LO\2\0AB");
    put(big, 0x00100020, IMP_DCM_LO, span("AB"));
    EXPECT_BYTES("\0\x10\0\x20LO\0\2AB");
    put(little, 0x7FE00010, IMP_DCM_OB, span("AB"));
    EXPECT_BYTES("\xe0\x7f\x10\0OB\0\0\2\0\0\0AB");
    put(big, 0x7FE00010, IMP_DCM_OB, span("AB"));
    EXPECT_BYTES("\x7f\xe0\0\x10OB\0\0\0\0\0\2AB");
}

Test(dicom_write, what_is_appended_is_behind_what_is_there)
{
    put(little, 0x00100020, IMP_DCM_LO, span(""));
    put(little, 0x00100030, IMP_DCM_DA, (struct imp_span){0});
    EXPECT_BYTES("\x10\0\x20\0LO\0\0\x10\0\x30\0DA\0\0");
}

Test(dicom_write, an_odd_value_is_padded_by_what_its_vr_has)
{
    put(little, 0x00100020, IMP_DCM_LO, span("A"));
    EXPECT_BYTES("\x10\0\x20\0LO\2\0A ");
    put(little, 0x00080018, IMP_DCM_UI, span("1.2"));
    EXPECT_BYTES("\x08\0\x18\0UI\4\0001.2\0");
    put(little, 0x00420011, IMP_DCM_OB, span("A"));
    EXPECT_BYTES("\x42\0\x11\0OB\0\0\2\0\0\0A\0");
    put(implicit, 0x00100020, IMP_DCM_LO, span("A"));
    EXPECT_BYTES("\x10\0\x20\0\2\0\0\0A ");
}

Test(dicom_write, an_item_has_no_vr_in_any_encoding)
{
    cr_assert(imp_dcm_put_item(&out, implicit, span("ABCD"), &why));
    EXPECT_BYTES("\xfe\xff\x00\xe0\4\0\0\0ABCD");
    cr_assert(imp_dcm_put_item(&out, little, span(""), &why));
    EXPECT_BYTES("\xfe\xff\x00\xe0\0\0\0\0");
    cr_assert(imp_dcm_put_item(&out, big, span("ABCD"), &why));
    EXPECT_BYTES("\xff\xfe\xe0\x00\0\0\0\4ABCD");
}

Test(dicom_write, a_number_stands_in_the_order_of_its_encoding)
{
    uint8_t p[6] = {9, 9, 9, 9, 9, 9};
    imp_dcm_put_number(p + 1, 2, false, 0x1234);
    cr_expect(memcmp(p, "\11\x34\x12\11", 4) == 0);
    imp_dcm_put_number(p + 1, 2, true, 0x1234);
    cr_expect(memcmp(p, "\11\x12\x34\11", 4) == 0);
    imp_dcm_put_number(p + 1, 4, false, 0x12345678);
    cr_expect(memcmp(p, "\11\x78\x56\x34\x12\11", 6) == 0);
    imp_dcm_put_number(p + 1, 4, true, 0x12345678);
    cr_expect(memcmp(p, "\11\x12\x34\x56\x78\11", 6) == 0);
}

// --- Limits ---

static uint8_t many[0x10000];

static bool put_n(struct imp_dcm_encoding how, enum imp_dcm_vr vr, size_t n)
{
    const struct imp_span value = {many, n};
    why = (struct imp_err){0};
    out.n = 0;
    return imp_dcm_put(&out, how, 0x00100020, vr, value, &why);
}

static void expect_too_long(bool ok, const char *what)
{
    cr_expect(!ok);
    cr_expect_eq(why.code, IMP_ERR_LIMIT);
    cr_expect(strstr(why.msg, what), "%s", why.msg);
    cr_expect_eq(out.n, 0);
}

Test(dicom_write, a_length_of_16_bits_holds_no_more)
{
    cr_expect(put_n(little, IMP_DCM_LO, 0xFFFD) && out.n == 8 + 0xFFFE);
    cr_expect(out.p[6] == 0xFE && out.p[7] == 0xFF);
    cr_expect(put_n(little, IMP_DCM_LO, 0xFFFE) && out.n == 8 + 0xFFFE);
    expect_too_long(put_n(little, IMP_DCM_LO, 0xFFFF), "(0010,0020)");
    expect_too_long(put_n(big, IMP_DCM_LO, 0x10000), "(0010,0020)");
    // There is room for more where the length has 32 bits.
    cr_expect(put_n(little, IMP_DCM_UT, 0x10000) && out.n == 12 + 0x10000);
    cr_expect(put_n(implicit, IMP_DCM_LO, 0x10000) && out.n == 8 + 0x10000);
}

Test(dicom_write, a_length_of_32_bits_is_not_the_undefined_one)
{
    // Refused before it is looked at.
    expect_too_long(put_n(little, IMP_DCM_UT, UINT32_MAX), "4294967295");
    expect_too_long(put_n(implicit, IMP_DCM_LO, UINT32_MAX), "4294967295");
    expect_too_long(put_n(little, IMP_DCM_UT, (size_t)UINT32_MAX + 2),
                    "(0010,0020)");
    expect_too_long(imp_dcm_put_item(&out, little,
                                     (struct imp_span){many, UINT32_MAX}, &why),
                    "4294967295");
}

// --- As it is read ---

static void read_back(struct imp_dcm_encoding how)
{
    start(how.explicit_vr, how.big);
    raw(out.p, out.n);
}

static void put_sequence(struct imp_dcm_encoding how)
{
    struct imp_buf items = {0}, elements = {0};
    cr_assert(
        imp_dcm_put_text(&elements, how, 0x00080100, IMP_DCM_SH, "113100",
                         &why) &&
        imp_dcm_put_text(&elements, how, 0x00080104, IMP_DCM_LO, "odd", &why) &&
        imp_dcm_put_item(&items, how, imp_buf_span(&elements), &why) &&
        imp_dcm_put_item(&items, how, (struct imp_span){0}, &why));
    put(how, 0x00120064, IMP_DCM_SQ, imp_buf_span(&items));
    put(how, 0x00280010, IMP_DCM_US, span("\1\1"));
    imp_buf_clear(&elements);
    imp_buf_clear(&items);
}

Test(dicom_write, a_sequence_is_read_back_in_each_encoding)
{
    put_sequence(implicit);
    read_back(implicit);
    expect_said("{ (0012,0064) SQ/none 8+0\n"
                "[ (0012,0064)[0] 8+0\n"
                "(0012,0064)[0].(0008,0100) SH/none 8+6\n"
                "(0012,0064)[0].(0008,0104) LO/none 8+4\n"
                "] (0012,0064)[0] 0+0\n"
                "[ (0012,0064)[1] 8+0\n"
                "] (0012,0064)[1] 0+0\n"
                "} (0012,0064) 0+0\n"
                "(0028,0010) US/none 8+2\n");
    for (int i = 0; i < 2; i++) {
        out.n = 0;
        put_sequence(i ? big : little);
        read_back(i ? big : little);
        expect_said("{ (0012,0064) SQ/SQ 12+0\n"
                    "[ (0012,0064)[0] 8+0\n"
                    "(0012,0064)[0].(0008,0100) SH/SH 8+6\n"
                    "(0012,0064)[0].(0008,0104) LO/LO 8+4\n"
                    "] (0012,0064)[0] 0+0\n"
                    "[ (0012,0064)[1] 8+0\n"
                    "] (0012,0064)[1] 0+0\n"
                    "} (0012,0064) 0+0\n"
                    "(0028,0010) US/US 8+2\n");
    }
}

Test(dicom_write, every_vr_is_read_back_as_itself)
{
    for (enum imp_dcm_vr vr = IMP_DCM_AE; vr <= IMP_DCM_UV; vr++)
        for (int i = 0; i < 2; i++) {
            struct imp_dcm_header h;
            struct imp_dcm_encoding how = i ? big : little;
            out.n = 0;
            put(how, 0x00091001, vr, (struct imp_span){0});
            cr_expect_null(
                imp_dcm_header_read(imp_buf_span(&out), 0, out.n, how, &h));
            cr_expect_eq(h.written, vr);
            cr_expect_eq(h.length, 0);
            cr_expect_eq(h.size, out.n);
        }
}
