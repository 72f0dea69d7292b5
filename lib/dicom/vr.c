#include "dicom/vr.h"

#include <stddef.h>

#define TEXT IMP_DCM_KIND_TEXT
#define DECIMAL IMP_DCM_KIND_DECIMAL
#define DATE IMP_DCM_KIND_DATE
#define UID IMP_DCM_KIND_UID
#define TAG IMP_DCM_KIND_TAG
#define NUMBER IMP_DCM_KIND_NUMBER
#define BYTES IMP_DCM_KIND_BYTES
#define SEQUENCE IMP_DCM_KIND_SEQUENCE

// name, kind, long_length, undefined, charset, many, pad, unit, most
#define ROW(name, ...) [IMP_DCM_##name] = {#name, __VA_ARGS__},
#define OPEN(vr, name, ...) [IMP_DCM_##vr] = {name, __VA_ARGS__},

// In the order of their letters. Those of Table 7.1-2 have 16 bits of length,
// all others 32. Limits are those of Table 6.2-1; it lets ranges be longer, but
// in queries alone.
static const struct imp_dcm_vr_info table[IMP_DCM_VRS] = {
    OPEN(NONE, "none", IMP_DCM_KIND_NONE, false, false, false, false, 0, 1, 0)
    // clang-format off
    ROW(AE, TEXT,     false, false, false, true,  ' ', 1, 16)
    ROW(AS, DATE,     false, false, false, true,  ' ', 1, 4)
    ROW(AT, TAG,      false, false, false, true,  0,   2, 4)
    ROW(CS, TEXT,     false, false, false, true,  ' ', 1, 16)
    ROW(DA, DATE,     false, false, false, true,  ' ', 1, 8)
    ROW(DS, DECIMAL,  false, false, false, true,  ' ', 1, 16)
    ROW(DT, DATE,     false, false, false, true,  ' ', 1, 26)
    ROW(FD, NUMBER,   false, false, false, true,  0,   8, 8)
    ROW(FL, NUMBER,   false, false, false, true,  0,   4, 4)
    ROW(IS, DECIMAL,  false, false, false, true,  ' ', 1, 12)
    ROW(LO, TEXT,     false, false, true,  true,  ' ', 1, 64)
    ROW(LT, TEXT,     false, false, true,  false, ' ', 1, 10240)
    ROW(OB, BYTES,    true,  true,  false, false, 0,   1, 0)
    ROW(OD, BYTES,    true,  true,  false, false, 0,   8, 0)
    ROW(OF, BYTES,    true,  true,  false, false, 0,   4, 0)
    ROW(OL, BYTES,    true,  true,  false, false, 0,   4, 0)
    ROW(OV, BYTES,    true,  true,  false, false, 0,   8, 0)
    ROW(OW, BYTES,    true,  true,  false, false, 0,   2, 0)
    ROW(PN, TEXT,     false, false, true,  true,  ' ', 1, 64)
    ROW(SH, TEXT,     false, false, true,  true,  ' ', 1, 16)
    ROW(SL, NUMBER,   false, false, false, true,  0,   4, 4)
    ROW(SQ, SEQUENCE, true,  true,  false, false, 0,   1, 0)
    ROW(SS, NUMBER,   false, false, false, true,  0,   2, 2)
    ROW(ST, TEXT,     false, false, true,  false, ' ', 1, 1024)
    ROW(SV, NUMBER,   true,  false, false, true,  0,   8, 8)
    ROW(TM, DATE,     false, false, false, true,  ' ', 1, 14)
    ROW(UC, TEXT,     true,  false, true,  true,  ' ', 1, 0)
    ROW(UI, UID,      false, false, false, true,  0,   1, 64)
    ROW(UL, NUMBER,   false, false, false, true,  0,   4, 4)
    ROW(UN, BYTES,    true,  true,  false, false, 0,   1, 0)
    ROW(UR, TEXT,     true,  false, false, false, ' ', 1, 0)
    ROW(US, NUMBER,   false, false, false, true,  0,   2, 2)
    ROW(UT, TEXT,     true,  false, true,  false, ' ', 1, 0)
    ROW(UV, NUMBER,   true,  false, false, true,  0,   8, 8)
    OPEN(OB_OW, "OB or OW", BYTES, true, true, false, false, 0, 1, 0)
    OPEN(US_SS, "US or SS", NUMBER, false, false, false, true, 0, 2, 2)
    OPEN(US_OW, "US or OW", NUMBER, false, false, false, true, 0, 2, 0)
    OPEN(US_SS_OW, "US or SS or OW", NUMBER, false, false, false, true, 0, 2, 0)
    // clang-format on
};

const struct imp_dcm_vr_info *imp_dcm_vr_info(enum imp_dcm_vr vr)
{
    return &table[vr];
}

enum imp_dcm_vr imp_dcm_vr_of(const uint8_t letters[2])
{
    // clang-format off
#define CASE(a, b, vr) case a << 8 | b: return IMP_DCM_##vr;
    switch (letters[0] << 8 | letters[1]) {
    CASE('A', 'E', AE) CASE('A', 'S', AS) CASE('A', 'T', AT) CASE('C', 'S', CS)
    CASE('D', 'A', DA) CASE('D', 'S', DS) CASE('D', 'T', DT) CASE('F', 'D', FD)
    CASE('F', 'L', FL) CASE('I', 'S', IS) CASE('L', 'O', LO) CASE('L', 'T', LT)
    CASE('O', 'B', OB) CASE('O', 'D', OD) CASE('O', 'F', OF) CASE('O', 'L', OL)
    CASE('O', 'V', OV) CASE('O', 'W', OW) CASE('P', 'N', PN) CASE('S', 'H', SH)
    CASE('S', 'L', SL) CASE('S', 'Q', SQ) CASE('S', 'S', SS) CASE('S', 'T', ST)
    CASE('S', 'V', SV) CASE('T', 'M', TM) CASE('U', 'C', UC) CASE('U', 'I', UI)
    CASE('U', 'L', UL) CASE('U', 'N', UN) CASE('U', 'R', UR) CASE('U', 'S', US)
    CASE('U', 'T', UT) CASE('U', 'V', UV)
    default: return IMP_DCM_NONE;
    }
    // clang-format on
}
