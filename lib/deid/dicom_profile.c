#include "deid/dicom_profile.h"

#include <stdlib.h>

#define A(action) IMP_DICOM_##action
#define ROW(tag, mask, composite, basic, a, b, c, d, e, f, g, h, i, j) \
    {tag,                                                              \
     mask,                                                             \
     composite,                                                        \
     A(basic),                                                         \
     {A(a), A(b), A(c), A(d), A(e), A(f), A(g), A(h), A(i), A(j)}},

static const struct imp_dicom_rule one[] = {
#define ONE(tag, ...) ROW(tag, 0xFFFFFFFF, __VA_ARGS__)
#define MANY(...)
#include "deid/dicom_profile.inc"
};

static const struct imp_dicom_rule many[] = {
#define ONE(...)
#define MANY(...) ROW(__VA_ARGS__)
#include "deid/dicom_profile.inc"
};

#define N_ONE (sizeof one / sizeof *one)
#define N_MANY (sizeof many / sizeof *many)

static int by_tag(const void *key, const void *row)
{
    uint32_t a = *(const uint32_t *)key,
             b = ((const struct imp_dicom_rule *)row)->tag;
    return a < b ? -1 : a > b;
}

const struct imp_dicom_rule *imp_dicom_rule_of(uint32_t tag)
{
    const struct imp_dicom_rule *r =
        bsearch(&tag, one, N_ONE, sizeof *one, by_tag);
    if (r)
        return r;
    for (size_t i = 0; i < N_MANY; i++)
        if ((tag & many[i].mask) == many[i].tag)
            return &many[i];
    return NULL;
}

const struct imp_dicom_rule *imp_dicom_rule_row(size_t i)
{
    return i < N_ONE ? &one[i] : i < N_ONE + N_MANY ? &many[i - N_ONE] : NULL;
}
