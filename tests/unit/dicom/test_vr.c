// Value representations, counted and checked against PS3.5.
#include "dicom/vr.h"

#include <criterion/criterion.h>
#include <string.h>

static bool listed(const char *name, const char *list)
{
    return strlen(name) == 2 && strstr(list, name);
}

Test(dicom_vr, all_34_are_found_by_their_letters_and_nothing_else_is)
{
    size_t n = 0;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            uint8_t letters[2] = {(uint8_t)a, (uint8_t)b};
            enum imp_dcm_vr vr = imp_dcm_vr_of(letters);
            if (vr == IMP_DCM_NONE)
                continue;
            n++;
            cr_expect_arr_eq(imp_dcm_vr_info(vr)->name, letters, 2);
        }
    cr_expect_eq(n, 34);
}

Test(dicom_vr, properties_are_those_of_ps3_5)
{
    for (enum imp_dcm_vr vr = IMP_DCM_AE; vr <= IMP_DCM_UV; vr++) {
        const struct imp_dcm_vr_info *i = imp_dcm_vr_info(vr);
        // 7.1.2, Table 7.1-1.
        cr_expect_eq(i->long_length,
                     listed(i->name, "OB OD OF OL OV OW SQ SV UC UN UR UT UV"),
                     "%s", i->name);
        // 7.1.1.
        cr_expect_eq(i->undefined, listed(i->name, "OB OD OF OL OV OW SQ UN"),
                     "%s", i->name);
        // 6.1.2.3.
        cr_expect_eq(i->charset, listed(i->name, "LO LT PN SH ST UC UT"), "%s",
                     i->name);
        // 6.2: text is padded with a space, UI and bytes with 0.
        bool text =
            listed(i->name, "AE AS CS DA DS DT IS LO LT PN SH ST TM UC UR UT");
        cr_expect_eq(i->pad, text ? ' ' : 0, "%s", i->name);
        // 6.4: these have one value that may hold a backslash.
        if (text)
            cr_expect_eq(i->many, !listed(i->name, "LT ST UR UT"), "%s",
                         i->name);
    }
}

Test(dicom_vr, kinds_cover_them_all)
{
    static const struct {
        enum imp_dcm_kind kind;
        const char *list;
    } want[] = {
        {IMP_DCM_KIND_TEXT, "AE CS LO LT PN SH ST UC UR UT"},
        {IMP_DCM_KIND_DECIMAL, "DS IS"},
        {IMP_DCM_KIND_DATE, "AS DA DT TM"},
        {IMP_DCM_KIND_UID, "UI"},
        {IMP_DCM_KIND_TAG, "AT"},
        {IMP_DCM_KIND_NUMBER, "FD FL SL SS SV UL US UV"},
        {IMP_DCM_KIND_BYTES, "OB OD OF OL OV OW UN"},
        {IMP_DCM_KIND_SEQUENCE, "SQ"},
    };
    for (size_t k = 0; k < sizeof want / sizeof *want; k++)
        for (enum imp_dcm_vr vr = IMP_DCM_AE; vr <= IMP_DCM_UV; vr++) {
            const struct imp_dcm_vr_info *i = imp_dcm_vr_info(vr);
            cr_expect_eq(i->kind == want[k].kind, listed(i->name, want[k].list),
                         "%s", i->name);
        }
    cr_expect_eq(imp_dcm_vr_info(IMP_DCM_OB_OW)->kind, IMP_DCM_KIND_BYTES);
}

Test(dicom_vr, words_swap_by_their_size)
{
    cr_expect_eq(imp_dcm_vr_info(IMP_DCM_AT)->unit, 2);
    cr_expect_eq(imp_dcm_vr_info(IMP_DCM_OW)->unit, 2);
    cr_expect_eq(imp_dcm_vr_info(IMP_DCM_OF)->unit, 4);
    cr_expect_eq(imp_dcm_vr_info(IMP_DCM_OV)->unit, 8);
    cr_expect_eq(imp_dcm_vr_info(IMP_DCM_UN)->unit, 1);
    cr_expect_eq(imp_dcm_vr_info(IMP_DCM_LO)->most, 64);
    cr_expect_eq(imp_dcm_vr_info(IMP_DCM_UI)->most, 64);
}
