// Text in the character sets of DICOM, by the examples of PS3.5.
#include "dicom/charset.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct imp_span span_of(const char *bytes, size_t n)
{
    return (struct imp_span){(const uint8_t *)bytes, n};
}

static void expect_text(const char *charset, enum imp_dcm_vr vr,
                        struct imp_span value, const char *want)
{
    struct imp_err err = {0};
    struct imp_buf out = {0};
    struct imp_dcm_charset *cs =
        imp_dcm_charset_new(span_of(charset, strlen(charset)), &err);
    cr_assert(cs, "%s: %s", charset, err.msg);
    cr_assert(imp_dcm_charset_utf8(cs, vr, value, &out, &err), "%s", err.msg);
    cr_assert(imp_buf_add(&out, "", 1, &err));
    cr_expect_str_eq((char *)out.p, want, "%s", charset);
    imp_buf_clear(&out);
    imp_dcm_charset_free(cs);
}

// Of a literal, which may hold NULs.
#define EXPECT(charset, vr, bytes, want) \
    expect_text(charset, IMP_DCM_##vr, span_of(bytes, sizeof bytes - 1), want)

Test(dicom_charset, names_of_ps3_5_annex_h_are_read_in_japanese)
{
    EXPECT("\\ISO 2022 IR 87", PN,
           "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B="
           "\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
           "Yamada^Tarou=山田^太郎=やまだ^たろう");
    EXPECT("ISO 2022 IR 13\\ISO 2022 IR 87", PN,
           "\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J="
           "\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
           "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう");
}

Test(dicom_charset, names_of_ps3_5_annexes_i_j_and_k_are_read)
{
    EXPECT("\\ISO 2022 IR 149", PN,
           "Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7="
           "\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
           "Hong^Gildong=洪^吉洞=홍^길동");
    EXPECT("ISO_IR 192", PN,
           "Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
           "Wang^XiaoDong=王^小東=");
    EXPECT("GB18030", PN, "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
           "Wang^XiaoDong=王^小东=");
    EXPECT("\\ISO 2022 IR 58", PN,
           "Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
           "Zhang^XiaoDong=张^小东=");
}

Test(dicom_charset, each_set_of_one_byte_has_its_own_letters)
{
    EXPECT("ISO_IR 100", LO, "\xe4\xd0", "äÐ");
    EXPECT("ISO_IR 101", LO, "\xe4\xb3", "äł");
    EXPECT("ISO_IR 109", LO, "\xa1", "Ħ");
    EXPECT("ISO_IR 110", LO, "\xbf", "ŋ");
    EXPECT("ISO_IR 144", LO, "\xbb\xee\xda", "Люк");
    EXPECT("ISO_IR 127", LO, "\xe2", "ق");
    EXPECT("ISO_IR 126", LO, "\xc4\xe9\xef", "Διο");
    EXPECT("ISO_IR 138", LO, "\xf9\xf8", "שר");
    EXPECT("ISO_IR 148", LO, "\xc7\xfd", "Çı");
    EXPECT("ISO_IR 203", LO, "\xa4\xbd", "€œ");
    EXPECT("ISO_IR 166", LO, "\xa1", "ก");
    EXPECT("ISO_IR 13", LO, "\xb1", "ｱ");
}

Test(dicom_charset, an_escape_sequence_holds_until_a_delimiter)
{
    EXPECT("ISO 2022 IR 100\\ISO 2022 IR 144", PN,
           "\xe4=\x1b-L\xe4=\xe4^\x1b-L\xe4^\xe4\\\x1b-L\xe4\\\xe4",
           "ä=ф=ä^ф^ä\\ф\\ä");
    EXPECT("ISO 2022 IR 100\\ISO 2022 IR 144", LO, "\x1b-L\xe4=^\xe4\\\xe4",
           "ф=^ф\\ä");
    EXPECT("ISO 2022 IR 100\\ISO 2022 IR 144", LT,
           "\x1b-L\xe4\\\xe4\t\xe4\x1b-L\xe4\r\n\xe4", "ф\\ф\täф\r\nä");
}

Test(dicom_charset, a_byte_of_a_delimiter_may_be_half_a_character)
{
    // Row 0x30 of JIS X 0208, at 0x5C, 0x5E and 0x3D.
    EXPECT("\\ISO 2022 IR 87", PN, "\x1b$B0\\0^0=\x1b(B^x", "移緯綾^x");
    EXPECT("GBK", LO, "\x81\x5c\\x", "乗\\x");
    EXPECT("GB18030", PN, "\x81\x5c^\x81\x30\x81\x31", "乗^\xc2\x81");
}

Test(dicom_charset, a_yen_sign_parts_values_as_a_backslash_does)
{
    EXPECT("ISO_IR 13", LO, "\xb1\\\xb2~", "ｱ\\ｲ‾");
    EXPECT("ISO_IR 13", ST, "\xb1\\\xb2~", "ｱ¥ｲ‾");
}

Test(dicom_charset, sequences_that_are_not_announced_are_followed)
{
    EXPECT("ISO_IR 100", LO, "\xe4\x1b$B;3\x1b(B\xe4", "ä山ä");
    EXPECT("", LO, "\x1b-L\xe4", "ф");
    EXPECT("ISO_IR 100\\ISO_IR 192", LO, "\xe4", "ä");
}

Test(dicom_charset, korean_needs_no_sequence_if_it_comes_first)
{
    EXPECT("ISO 2022 IR 149", LO, "\xc8\xab", "홍");
}

Test(dicom_charset, padding_goes_and_other_blanks_stay)
{
    EXPECT("ISO_IR 100", LO, " a \\ b \0 ", " a \\ b");
    EXPECT("ISO_IR 192", LT, " a\n ", " a\n");
    EXPECT("", SH, "  \0", "");
    expect_text("ISO_IR 192", IMP_DCM_UT, (struct imp_span){0}, "");
    expect_text("", IMP_DCM_PN, (struct imp_span){0}, "");
}

Test(dicom_charset, bytes_without_meaning_become_u_fffd_and_the_rest_stays)
{
    EXPECT("", LO, "a\xe4z", "a\uFFFDz");
    EXPECT("ISO_IR 127", LO, "a\xa1z", "a\uFFFDz");
    EXPECT("ISO_IR 13", LO, "a\xe0z", "a\uFFFDz");
    EXPECT("ISO_IR 192", LO, "a\xe4z\xe4\xb8", "a\uFFFDz\uFFFD\uFFFD");
    EXPECT("GB18030", LO, "a\xffz\x81", "a\uFFFDz\uFFFD");
    EXPECT("\\ISO 2022 IR 149", LO, "\x1b$)C\xc8z", "\uFFFDz");
    // Half a character before a sequence, an unknown sequence, none.
    EXPECT("\\ISO 2022 IR 87", LO, "\x1b$B;\x1b(Bz", "\uFFFDz");
    EXPECT("\\ISO 2022 IR 87", LO, "\x1b%Gz\x1b", "\uFFFD%Gz\uFFFD");
    EXPECT("\\ISO 2022 IR 87", LO, "\x1b$B!~~~\x1b(Bz", "◇\uFFFD\uFFFDz");
}

Test(dicom_charset, vrs_that_it_does_not_apply_to_are_ascii)
{
    static const enum imp_dcm_vr vrs[] = {IMP_DCM_CS, IMP_DCM_AE, IMP_DCM_DA,
                                          IMP_DCM_UI, IMP_DCM_UR};
    for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++)
        expect_text("ISO_IR 100", vrs[i], span_of("a\xe4\x1b-L", 5),
                    "a\uFFFD\x1b-L");
}

Test(dicom_charset, long_text_is_converted_as_a_whole)
{
    enum { MANY = 5000 };
    static char in[2 * MANY], want[3 * MANY + 1];
    for (size_t i = 0; i < MANY; i++) {
        memcpy(in + 2 * i, "\xc8\xab", 2);
        memcpy(want + 3 * i, "홍", 3);
    }
    expect_text("ISO 2022 IR 149", IMP_DCM_UT, span_of(in, sizeof in), want);
}

Test(dicom_charset, text_is_added_to_what_is_there)
{
    struct imp_err err = {0};
    struct imp_buf out = {0};
    struct imp_dcm_charset *cs = imp_dcm_charset_new(span_of("", 0), &err);
    cr_assert(cs);
    for (int i = 0; i < 2; i++)
        cr_assert(
            imp_dcm_charset_utf8(cs, IMP_DCM_LO, span_of("ab", 2), &out, &err));
    cr_expect(out.n == 4 && memcmp(out.p, "abab", 4) == 0);
    imp_buf_clear(&out);
    imp_dcm_charset_free(cs);
}

Test(dicom_charset, terms_of_other_spelling_are_understood)
{
    static const char *const same[] = {
        "ISO_IR 100",      "ISO-IR 100",   "ISO IR 100",
        "iso_ir_100",      "ISO_IR100",    "ISO_IR 100 ",
        "ISO 2022 IR 100", "ISO2022IR100", "ISO_2022_IR 100"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        EXPECT(same[i], LO, "\xe4", "ä");
}

static void expect_refused(const char *charset, size_t n, const char *why)
{
    struct imp_err err = {0};
    cr_expect_null(imp_dcm_charset_new(span_of(charset, n), &err));
    cr_expect_eq(err.code, IMP_ERR_UNSUPPORTED);
    cr_expect_str_eq(err.msg, why);
}

Test(dicom_charset, what_is_no_term_is_refused_and_not_repeated)
{
    static const char first[] =
        "(0008,0005): value 1 is no term of PS3.3 C.12.1.1.2";
    static const char second[] =
        "(0008,0005): value 2 is no term of PS3.3 C.12.1.1.2";
    expect_refused("ISO_IR 99", 9, first);
    expect_refused("ISO", 3, first);
    expect_refused("Doe^Jane", 8, first);
    expect_refused("ISO_IR 6\0Doe", 12, first);
    expect_refused("ISO_IR 1000000000000000000000000000000000000", 44, first);
    expect_refused("ISO 2022 IR 6\\Doe", 17, second);
    expect_refused("\\ISO_IR 99\\", 11, second);
}
