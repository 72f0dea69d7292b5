#include "deid/dicom_profile.h"

#include "dicom/tag_index.h"

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

#define BITS 11 // three times as many slots as rows

_Static_assert(N_ONE < 1 << BITS, "a search ends at an empty slot");

static uint16_t slots[1 << BITS];
static struct imp_tag_index by_tag = IMP_TAG_INDEX(one, slots, BITS);

const struct imp_dicom_rule *imp_dicom_rule_of(uint32_t tag)
{
    const struct imp_dicom_rule *r = imp_tag_index_find(&by_tag, tag);
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
