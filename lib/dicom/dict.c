#include "dicom/dict.h"

#include "dicom/tag_index.h"

#include <string.h>

// Keywords lie in one block and rows hold offsets into it: five thousand
// pointers would have to be relocated at each start.
static const struct keywords {
    char none[1];
    char group_length[sizeof "GenericGroupLength"];
    char creator[sizeof "PrivateCreator"];
#define ONE(tag, vr, least, most, step, retired, keyword) \
    char keyword[sizeof #keyword];
#define BARE(...)
#define MANY(tag, mask, vr, least, most, step, retired, keyword) \
    char keyword[sizeof #keyword];
#include "dicom/dict.inc"
} keywords = {
    "",
    "GenericGroupLength",
    "PrivateCreator",
#define ONE(tag, vr, least, most, step, retired, keyword) #keyword,
#define BARE(...)
#define MANY(tag, mask, vr, least, most, step, retired, keyword) #keyword,
#include "dicom/dict.inc"
};

#define ROW(tag, mask, vr, least, most, step, retired, keyword)             \
    {                                                                       \
        tag, mask, offsetof(struct keywords, keyword), IMP_DCM_##vr, least, \
            most, step, retired                                             \
    }

static const struct imp_dcm_attribute one[] = {
#define ONE(tag, ...) ROW(tag, 0xFFFFFFFF, __VA_ARGS__),
#define BARE(tag, ...) ROW(tag, 0xFFFFFFFF, __VA_ARGS__, none),
#define MANY(...)
#include "dicom/dict.inc"
};

static const struct imp_dcm_attribute many[] = {
#define ONE(...)
#define BARE(...)
#define MANY(...) ROW(__VA_ARGS__),
#include "dicom/dict.inc"
};

static const struct imp_dcm_attribute group_length =
    ROW(0, 0x0000FFFF, UL, 1, 1, 1, 0, group_length);
static const struct imp_dcm_attribute creator =
    ROW(0x00010000, 0x0001FF00, LO, 1, 1, 1, 0, creator);

#define N_ONE (sizeof one / sizeof *one)
#define N_MANY (sizeof many / sizeof *many)

#define BITS 14 // three times as many slots as rows

_Static_assert(N_ONE < 1 << BITS, "a search ends at an empty slot");

static uint16_t slots[1 << BITS];
static struct imp_tag_index by_tag = IMP_TAG_INDEX(one, slots, BITS);

const struct imp_dcm_attribute *imp_dcm_find(uint32_t tag)
{
    const struct imp_dcm_attribute *a;
    if (imp_dcm_is_private(tag))
        return imp_dcm_is_creator(tag)        ? &creator
               : imp_dcm_is_group_length(tag) ? &group_length
                                              : NULL;
    a = imp_tag_index_find(&by_tag, tag);
    if (a)
        return a;
    if (imp_dcm_is_group_length(tag))
        return &group_length;
    for (size_t i = 0; i < N_MANY; i++)
        if ((tag & many[i].mask) == many[i].tag)
            return &many[i];
    return NULL;
}

const struct imp_dcm_attribute *imp_dcm_row(size_t i)
{
    return i < N_ONE ? &one[i] : i < N_ONE + N_MANY ? &many[i - N_ONE] : NULL;
}

const char *imp_dcm_keyword(const struct imp_dcm_attribute *a)
{
    return (const char *)&keywords + a->keyword;
}

const struct imp_dcm_attribute *imp_dcm_find_keyword(const char *keyword)
{
    const struct imp_dcm_attribute *a;
    if (!*keyword)
        return NULL;
    for (size_t i = 0; (a = imp_dcm_row(i)); i++)
        if (strcmp(imp_dcm_keyword(a), keyword) == 0)
            return a;
    return NULL;
}
