// Transfer syntaxes, by UID.
#include "dicom/syntax.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct imp_dcm_syntax *of(const char *uid, size_t n)
{
    return imp_dcm_syntax_of((struct imp_span){(const uint8_t *)uid, n});
}

static const struct imp_dcm_syntax *named(const char *uid)
{
    const struct imp_dcm_syntax *s = of(uid, strlen(uid));
    cr_assert_not_null(s, "%s", uid);
    return s;
}

Test(dicom_syntax, each_is_found_and_only_once)
{
    const struct imp_dcm_syntax *s;
    size_t n = 0, deflated = 0;
    for (; (s = imp_dcm_syntax_row(n)); n++) {
        cr_expect_eq(named(s->uid), s);
        // A.4: what is encapsulated is explicit little endian, and so is what
        // is deflated (A.5).
        if (s->encapsulated || s->deflated)
            cr_expect(s->encoding.explicit_vr && !s->encoding.big);
        if (s->codec != IMP_DCM_NATIVE && s->codec <= IMP_DCM_DEFLATED_FRAME)
            cr_expect(s->encapsulated, "%s", s->uid);
        deflated += s->deflated;
    }
    cr_expect_eq(n, 63);
    cr_expect_eq(deflated, 3);
}

Test(dicom_syntax, padding_does_not_count_and_nothing_is_taken_for_another)
{
    cr_expect_eq(of("1.2.840.10008.1.2\0", 18), named("1.2.840.10008.1.2"));
    cr_expect_eq(of("1.2.840.10008.1.2.1 ", 20), named("1.2.840.10008.1.2.1"));
    cr_expect_null(of("1.2.840.10008.1.2.9", 19));
    cr_expect_null(of("1.2.840.10008.1.", 16));
    cr_expect_null(of(" 1.2.840.10008.1.2", 18));
    cr_expect_null(of("", 0));
    cr_expect_null(of("1.2.840.113619.5.2", 18)); // GE's own
}

Test(dicom_syntax, codecs_are_told)
{
    cr_expect_eq(named("1.2.840.10008.1.2.5")->codec, IMP_DCM_RLE);
    cr_expect_eq(named("1.2.840.10008.1.2.4.50")->codec, IMP_DCM_JPEG_BASELINE);
    cr_expect_eq(named("1.2.840.10008.1.2.4.51")->codec, IMP_DCM_JPEG_EXTENDED);
    cr_expect_eq(named("1.2.840.10008.1.2.4.70")->codec, IMP_DCM_JPEG_LOSSLESS);
    cr_expect_eq(named("1.2.840.10008.1.2.4.80")->codec, IMP_DCM_JPEG_LS);
    cr_expect_eq(named("1.2.840.10008.1.2.4.90")->codec, IMP_DCM_JPEG_2000);
    cr_expect_eq(named("1.2.840.10008.1.2.4.203")->codec, IMP_DCM_HTJ2K);
    cr_expect_eq(named("1.2.840.10008.1.2.4.108")->codec, IMP_DCM_MPEG);
    cr_expect_eq(named("1.2.840.10008.1.2.4.112")->codec, IMP_DCM_JPEG_XL);
    cr_expect_eq(named("1.2.840.10008.1.2.4.94")->codec, IMP_DCM_REFERENCED);
    cr_expect_eq(named("1.2.840.10008.1.2.7.1")->codec, IMP_DCM_SMPTE);
    cr_expect_eq(named("1.2.840.10008.1.2.8.1")->codec, IMP_DCM_DEFLATED_FRAME);
    cr_expect(named("1.2.840.10008.1.2.1.98")->encapsulated);
    cr_expect(named("1.2.840.10008.1.2.2")->retired);
}

Test(dicom_syntax, plain_ones_are_found_by_how_they_are_written)
{
    static const struct imp_dcm_encoding implicit = {false, false},
                                         big = {true, true},
                                         never = {false, true};
    cr_expect_str_eq(imp_dcm_syntax_plain(implicit)->uid, "1.2.840.10008.1.2");
    cr_expect_str_eq(imp_dcm_syntax_plain(big)->uid, "1.2.840.10008.1.2.2");
    cr_expect_null(imp_dcm_syntax_plain(never));
}
