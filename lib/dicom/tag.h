/* tag.h - tags of attributes, (gggg,eeee) as one number 0xGGGGEEEE. */
#ifndef IMP_DICOM_TAG_H
#define IMP_DICOM_TAG_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Those that the encoding itself knows. */
enum {
    IMP_DCM_META_LENGTH = 0x00020000,
    IMP_DCM_TRANSFER_SYNTAX = 0x00020010,
    IMP_DCM_PIXEL_DATA = 0x7FE00010,
};
#define IMP_DCM_PADDING UINT32_C(0xFFFCFFFC)  /* Data Set Trailing Padding */
#define IMP_DCM_ITEM UINT32_C(0xFFFEE000)     /* PS3.5 7.5 */
#define IMP_DCM_ITEM_END UINT32_C(0xFFFEE00D) /* Item Delimitation Item */
#define IMP_DCM_SEQUENCE_END UINT32_C(0xFFFEE0DD) /* Sequence Delimitation */

/* "(%04X,%04X)" and its arguments. */
#define IMP_DCM_TAG_FMT "(%04X,%04X)"
#define IMP_DCM_TAG_ARGS(tag) (unsigned)((tag) >> 16), (unsigned)((tag)&0xFFFF)

/* The same, and a NUL. Without printf, which takes as long as all the rest that
 * is done with an element. */
#define IMP_DCM_TAG_ROOM sizeof "(0010,0010)"
static inline void imp_dcm_tag_text(uint32_t tag, char out[IMP_DCM_TAG_ROOM])
{
    static const char digits[] = "0123456789ABCDEF";
    memcpy(out, "(0000,0000)", IMP_DCM_TAG_ROOM);
    for (unsigned i = 0; i < 8; i++)
        out[1 + i + (i > 3)] = digits[tag >> (28 - 4 * i) & 0xF];
}

static inline uint16_t imp_dcm_group(uint32_t tag)
{
    return (uint16_t)(tag >> 16);
}

static inline uint16_t imp_dcm_element(uint32_t tag)
{
    return (uint16_t)tag;
}

/* PS3.5 7.8: a private element, or a private creator. */
static inline bool imp_dcm_is_private(uint32_t tag)
{
    return imp_dcm_group(tag) & 1;
}

/* PS3.5 7.8.1: (gggg,0010-00FF), gggg odd, which reserves a block. */
static inline bool imp_dcm_is_creator(uint32_t tag)
{
    return imp_dcm_is_private(tag) && imp_dcm_element(tag) >= 0x10 &&
           imp_dcm_element(tag) <= 0xFF;
}

/* PS3.5 7.2: (gggg,0000). */
static inline bool imp_dcm_is_group_length(uint32_t tag)
{
    return imp_dcm_element(tag) == 0;
}

#endif
